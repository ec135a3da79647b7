"""The log of a session: several producers, attempts and bridges, and readers from any place."""

from collections.abc import Callable
from random import Random
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.property.session_world import (
    MAX_WAITING,
    NOW,
    Attempt,
    Bridge,
    Client,
    Subscriber,
    World,
)

SELDOM = st.integers(0, 5).map(lambda n: n == 0)
WHICH = st.integers(0, 9)


class LogsOfOneSession(RuleBasedStateMachine):
    """Two bridges of a session that show its events to clients which change between them."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.bridges = [Bridge(self.world), Bridge(self.world)]
        self.readers = [Subscriber(Client(), bridge) for bridge in (*self.bridges, *self.bridges)]
        self.clients: list[Client] = []  # as they once were

    # The workflow and its activities

    @rule(starts=st.booleans())
    def schedules(self, starts: bool) -> None:
        """The workflow schedules an activity, which may never stream."""
        if self.world.closed or len(self.world.active) > 3:
            return
        self.world.schedule()
        if starts:
            self.world.try_again(self.world.numbers)

    def one_active(self, which: int) -> int:
        """An activity that the workflow waits for."""
        active = sorted(self.world.active)
        return active[which % len(active)]

    def one_attempt(self, which: int) -> Attempt:
        """An attempt, of the last ones rather; it may be a zombie."""
        attempts = list(self.world.attempts.values())
        return attempts[-1 - which % min(len(attempts), 6)]

    @rule(which=WHICH)
    def is_tried_again(self, which: int) -> None:
        """An attempt begins; the one before it has died, or goes on unaware."""
        if not self.world.active:
            return
        number = self.one_active(which)
        if len(self.world.active[number]) < 3:
            self.world.try_again(number)

    @rule(which=WHICH, count=st.integers(1, 5), padding=st.sampled_from([0, 0, 60]), cut=SELDOM)
    def says(self, which: int, count: int, padding: int, cut: bool) -> None:
        """An attempt says more, of which now and then nothing is stored any more."""
        if not self.world.attempts:
            return
        attempt = self.one_attempt(which)
        if cut:
            attempt.stop_storing()
        attempt.say(count, padding)

    @rule(which=WHICH, status=st.sampled_from(["completed", "completed", "failed", "timed_out"]))
    def ends(self, which: int, status: str) -> None:
        """An activity ends."""
        if self.world.closed or not self.world.active:
            return
        self.world.end(self.one_active(which), status)  # type: ignore[arg-type]  # drawn from them

    @rule(which=WHICH)
    def is_abandoned(self, which: int) -> None:
        """The workflow waits no longer for an activity that goes on."""
        if not self.world.active:
            return
        self.world.abandon(self.one_active(which))

    @rule(count=st.integers(1, 3))
    def speaks(self, count: int) -> None:
        """The workflow itself publishes events."""
        if self.world.closed:
            return
        self.world.speak(count)

    @rule(luck=SELDOM)
    def continues_as_new(self, luck: bool) -> None:
        """The run ends, and the session goes on."""
        if luck and not self.world.closed and len(self.world.runs) < 4:
            self.world.continue_as_new()

    @rule(luck=SELDOM, sure=SELDOM)
    def closes(self, luck: bool, sure: bool) -> None:
        """The workflow returns, whatever its activities still do."""
        if luck and sure and not self.world.closed:
            self.world.close()

    # Producers and bridges

    @rule(which=WHICH, count=st.integers(1, 8))
    def signals_itself(self, which: int, count: int) -> None:
        """A producer, perhaps a zombie, signals directly."""
        if not self.world.attempts:
            return
        self.world.signal(self.one_attempt(which), count)

    @rule(
        which=WHICH,
        bridge=st.integers(0, 1),
        held=st.integers(0, 6),
        size=st.integers(0, 8),
        skip=st.sampled_from([0, 0, 0, 1, 3]),
        lie=st.sampled_from([0, 0, 0, 0, 0, 1, 5]),
        signalling=st.sampled_from([True, True, False]),
    )
    def posts(
        self, which: int, bridge: int, held: int, size: int, skip: int, lie: int, signalling: bool
    ) -> None:
        """A producer POSTs a stretch of what it holds; now and then a base is a lie."""
        if not self.world.attempts:
            return
        attempt = self.one_attempt(which)
        durable = self.world.durable(attempt)
        window = self.bridges[bridge].log.received.window(attempt.key)
        end = len(attempt.said) + 1
        base = min(end, max(1, durable + 1 - held))
        if attempt.stored is not None and durable >= attempt.stored:
            base = min(end, durable + 1 + held)  # live-only events were let go of
        base = min(end, base + lie)
        start = max(base, 1 if window is None else min(end, window.received.seq + 1)) + skip
        start = min(start, end)
        answer = self.bridges[bridge].post(
            attempt, base, start, min(end, start + size) - 1, signalling=signalling
        )
        assert answer is not None

    @rule(bridge=st.integers(0, 1), told=st.sampled_from([True, True, False]))
    def bridge_signals(self, bridge: int, told: bool) -> None:
        """A bridge signals what waits."""
        self.bridges[bridge].signal(told=told)

    @rule(bridge=st.integers(0, 1), count=st.integers(1, 9))
    def bridge_tails(self, bridge: int, count: int) -> None:
        """A bridge reads on in the history."""
        self.bridges[bridge].tail(count)

    @rule(bridge=st.integers(0, 1), luck=SELDOM)
    def restarts(self, bridge: int, luck: bool) -> None:
        """A bridge comes up again, knowing nothing."""
        if luck:
            self.bridges[bridge].start()

    @rule(bridge=st.integers(0, 1), luck=SELDOM)
    def lacks_memory(self, bridge: int, luck: bool) -> None:
        """A bridge drops what it can."""
        if luck:
            self.bridges[bridge].log.forget_durable()

    # Readers

    @rule(who=st.integers(0, 3), size=st.sampled_from([1, 100, 10_000]))
    def reads(self, who: int, size: int) -> None:
        """A client reads on."""
        self.readers[who].read(size)

    @rule(who=st.integers(0, 3), room=st.integers(0, 6))
    def goes_live(self, who: int, room: int) -> None:
        """A client's own reading ends, if it has all, until it falls out of the live readers."""
        self.readers[who].go_live(room)

    @rule(bridge=st.integers(0, 1), first=st.integers(0, 2), over=SELDOM)
    def serves(self, bridge: int, first: int, over: bool) -> None:
        """A bridge writes to a slice of its live readers; now and then all streams end."""
        live = self.bridges[bridge].live
        some = list(live)[first:]
        fallen = live.serve(some, NOW._replace(over=over))
        for reader in self.readers:
            if reader.live in some:
                reader.served(fallen=reader.live in fallen)

    @rule(who=st.integers(0, 3), bridge=st.integers(0, 1), which=st.integers(0, 60))
    def reconnects(self, who: int, bridge: int, which: int) -> None:
        """A client comes back to any bridge, as it is or as any client once was."""
        reader = self.readers[who]
        self.clients.append(reader.client.copy())
        if which < 2 * len(self.clients):
            reader.client = self.clients[which // 2].copy()
        reader.connect(self.bridges[bridge])

    @invariant()
    def memory_is_bounded(self) -> None:
        """Only what has no other copy exceeds the limits."""
        for bridge in self.bridges:
            log = bridge.log
            shown = log._shown
            if shown.held > log._max_bytes:
                assert log.received.has_unsignalled(
                    next(e for n in range(len(shown)) if (e := shown[n].event) is not None)
                )
            for window in log.received.all():
                assert window.waiting_bytes <= MAX_WAITING

    def teardown(self) -> None:
        """In the end every client has what the fold has."""
        if not self.world.closed:
            self.world.close()
        for bridge in self.bridges:
            bridge.catch_up()
        for reader in self.readers:
            assert any(not reader.read(10_000) for _ in range(1_000)), "it never ends"
            assert reader.reader.place.includes(reader.bridge.log.place)
            reader.client.check_whole(self.world)


TestLog = LogsOfOneSession.TestCase
TestLog.settings = settings(max_examples=60, stateful_step_count=60)

Chances = dict[str, tuple[float, Callable[[Random], dict[str, Any]]]]

MOVES: Chances = {
    "schedules": (3, lambda r: {"starts": r.random() < 0.8}),
    "is_tried_again": (2, lambda r: {"which": r.randrange(10)}),
    "says": (8, lambda r: {"which": r.randrange(10), "count": r.randint(1, 5),
                           "padding": r.choice([0, 0, 60]), "cut": r.random() < 0.05}),
    "ends": (1.5, lambda r: {"which": r.randrange(10),
                             "status": r.choice(["completed", "completed", "failed"])}),
    "is_abandoned": (0.7, lambda r: {"which": r.randrange(10)}),
    "speaks": (1, lambda r: {"count": r.randint(1, 3)}),
    "continues_as_new": (0.6, lambda r: {"luck": r.random() < 0.17}),
    "closes": (0.5, lambda r: {"luck": r.random() < 0.17, "sure": r.random() < 0.17}),
    "signals_itself": (2, lambda r: {"which": r.randrange(10), "count": r.randint(1, 8)}),
    "posts": (10, lambda r: {"which": r.randrange(10), "bridge": r.randrange(2),
                             "held": r.randint(0, 6), "size": r.randint(0, 8),
                             "skip": r.choice([0, 0, 0, 1, 3]), "lie": r.choice([0] * 9 + [1, 5]),
                             "signalling": r.random() < 0.7}),
    "bridge_signals": (4, lambda r: {"bridge": r.randrange(2), "told": r.random() < 0.7}),
    "bridge_tails": (4, lambda r: {"bridge": r.randrange(2), "count": r.randint(1, 9)}),
    "restarts": (1, lambda r: {"bridge": r.randrange(2), "luck": r.random() < 0.17}),
    "lacks_memory": (1, lambda r: {"bridge": r.randrange(2), "luck": r.random() < 0.17}),
    "reads": (14, lambda r: {"who": r.randrange(4), "size": r.choice([1, 100, 10_000])}),
    "goes_live": (8, lambda r: {"who": r.randrange(4), "room": r.randint(0, 6)}),
    "serves": (8, lambda r: {"bridge": r.randrange(2), "first": r.randrange(3),
                             "over": r.random() < 0.1}),
    "reconnects": (3, lambda r: {"who": r.randrange(4), "bridge": r.randrange(2),
                                 "which": r.randint(0, 60)}),
}  # fmt: skip
"""How often each move is made in a random schedule, and with what."""


def play(seed: int) -> None:
    """One random schedule, with the checks of the machine."""
    random, machine = Random(seed), LogsOfOneSession()
    weights = [weight for weight, _ in MOVES.values()]
    for name in random.choices(list(MOVES), weights, k=random.randrange(20, 150)):
        getattr(machine, name)(**MOVES[name][1](random))
        machine.memory_is_bounded()
    machine.teardown()


def test_random_schedules_end_as_the_fold_does() -> None:
    """Long schedules with a likely mixture of moves, which Hypothesis seldom draws."""
    for seed in range(150):
        play(seed)
