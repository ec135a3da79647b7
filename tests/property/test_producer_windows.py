"""What was received of a producer against a plain model: any POSTs, crashes, zombies and lies."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kai_flow.stream.attempt_window import Answer, AttemptWindow, Full, Missing, Stale, Taken
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.ids import EventId
from kai_flow.stream.producer_windows import ProducerWindows
from tests.property.strategies import plain, run_of, what_counts

MAX_BYTES = 400
SELDOM = st.integers(0, 5)  # acts on 0


class PlainAttempt:
    """What a bridge knows of one attempt, in plain sets of numbers."""

    def __init__(self) -> None:
        self.came: set[int] = set()  # all that came since the last jump
        self.place = 0  # the newest that came
        self.durable = 0  # by Temporal
        self.waiting: dict[int, NumberedEvent] = {}  # to be signalled
        self.live: dict[int, NumberedEvent] = {}  # live only, to be shown
        self.confirmed = False

    def settle(self, through: int) -> None:
        """Temporal has everything up to `through`."""
        if through > self.place:
            self.jump(through)
        self.durable = max(self.durable, through)
        self.waiting = {n: event for n, event in self.waiting.items() if n > through}
        self.confirmed = True

    def jump(self, place: int) -> None:
        """Go on at `place`; what waits before it still waits."""
        self.came, self.place = set(), place
        self.waiting = {n: event for n, event in self.waiting.items() if n <= place}
        self.live = {n: event for n, event in self.live.items() if n <= place}

    def reach(self, base: int) -> int:
        """How far it has everything that whoever says `base` may not have let go of."""
        reach = max(base - 1, self.durable)
        while reach + 1 in self.came | self.waiting.keys():
            reach += 1
        return reach

    def receive(
        self, base: EventId, events: list[NumberedEvent], stored: int | None, signalling: bool
    ) -> Answer:
        """One POST of it."""
        reach = self.reach(base.seq)
        durable = base._replace(seq=max(self.durable, base.seq - 1))
        new = [event for event in events if event.id.seq > reach]
        if new and new[0].id.seq != reach + 1:
            if signalling:
                return Missing(base._replace(seq=reach + 1))
            return Taken(new[-1].id, durable, held=False)
        kept = [event for event in new if stored is None or event.id.seq <= stored]
        size = sum(len(event.data) for event in [*self.waiting.values(), *kept])
        if kept and size > MAX_BYTES:
            return Full()
        if len(kept) < len(new) and sum(len(e.data) for e in self.live.values()) > MAX_BYTES:
            return Full()
        if reach != self.place and (new or not self.waiting):
            self.jump(reach)
        for event in new:
            self.place = event.id.seq
            self.came.add(self.place)
        self.waiting |= {event.id.seq: event for event in kept}
        self.live |= {event.id.seq: event for event in new if event not in kept}
        return Taken(base._replace(seq=reach + len(new)), durable, added=bool(new))

    def to_signal(self) -> list[NumberedEvent]:
        """What waits and goes on where the history ends."""
        run: list[NumberedEvent] = []
        while self.durable + 1 + len(run) in self.waiting:
            run.append(self.waiting[self.durable + 1 + len(run)])
        return run


class WindowsAgainstModel(RuleBasedStateMachine):
    """The attempts of one producer, what the fold has of it, and one bridge's windows."""

    def __init__(self) -> None:
        super().__init__()
        self.lives: list[list[NumberedEvent]] = [list(run_of(EventId(1, 1, 1), 1))]
        self.stored: dict[int, int] = {}  # the last event that each attempt stores
        self.history: list[NumberedEvent] = []  # what the fold accepted, and still counts
        self.accepted: set[EventId] = set()  # all that it ever did
        self.comes_up()

    @rule(luck=SELDOM)
    def crashes(self, luck: int) -> None:
        """Now and then the bridge crashes and starts again."""
        if luck == 0:
            self.comes_up()

    def comes_up(self) -> None:
        """A bridge that knows nothing."""
        self.windows = ProducerWindows(MAX_BYTES)
        self.current: int | None = None
        self.claim: int | None = None
        self.known: dict[int, PlainAttempt] = {}

    # What the producer and Temporal do

    @rule(count=st.integers(1, 6), padding=st.sampled_from([0, 0, 40, 120]), luck=SELDOM)
    def says(self, count: int, padding: int, luck: int) -> None:
        """The living attempt says more, of which now and then nothing is stored any more."""
        life = self.lives[-1]
        if luck == 0:
            self.stored.setdefault(len(self.lives), len(life))
        life += run_of(life[-1].id.offset(1), count, padding)

    @precondition(lambda self: len(self.lives) < 4)
    @rule(luck=SELDOM)
    def is_tried_again(self, luck: int) -> None:
        """The attempt dies, perhaps without a signal, and a later one begins."""
        if luck == 0:
            self.lives.append([plain(EventId(1, len(self.lives) + 1, 1))])

    def durable_of(self, life: list[NumberedEvent]) -> int:
        """How much of an attempt the history holds."""
        return sum(event in self.history for event in life)

    def becomes_durable(self, events: list[NumberedEvent]) -> None:
        """A signal reaches the fold."""
        if not self.history or events[0].id.attempt >= self.history[-1].id.attempt:
            self.history = what_counts([*self.history, *events])
            self.accepted |= {event.id for event in events}

    @rule(back=st.integers(0, 2), count=st.integers(1, 8))
    def signals_itself(self, back: int, count: int) -> None:
        """The producer, perhaps a zombie, signals directly; the bridge does not hear of it."""
        number = max(1, len(self.lives) - back)
        life = self.lives[number - 1]
        start = self.durable_of(life)
        if events := life[: self.stored.get(number)][start : start + count]:
            self.becomes_durable(events)

    # What the bridge does

    @rule(
        back=st.sampled_from([0, 0, 0, 1, 2]),
        held=st.integers(0, 9),
        signalling=st.sampled_from([True, True, False]),
        lies=SELDOM,
        data=st.data(),
    )
    def is_posted(
        self, back: int, held: int, signalling: bool, lies: int, data: st.DataObject
    ) -> None:
        """The producer, perhaps a zombie, POSTs a stretch of what it holds, or only asks.

        Now and then somebody says a `base` of his own beside it.
        """
        number = max(1, len(self.lives) - back)
        life, key = self.lives[number - 1], EventId(1, number, 0)
        stored, durable = self.stored.get(number), self.durable_of(self.lives[number - 1])
        base = key.offset(max(1, durable + 1 - held))
        if durable == stored and data.draw(st.booleans()):  # and more was let go
            base = key.offset(data.draw(st.integers(stored + 1, len(life) + 1)))
        if lies == 0:
            base = key.offset(data.draw(st.integers(1, len(life) + 3)))
        start = data.draw(st.integers(base.seq, max(base.seq, len(life) + 1)))
        if data.draw(st.booleans()) and number in self.known:  # just what it has not yet
            start = max(base.seq, min(len(life), self.known[number].place) + 1)
        stop = data.draw(st.integers(start, max(start, min(len(life) + 1, start + 6))))
        events = life[start - 1 : stop - 1]
        end = None if stored is None else key.offset(stored)
        answer = self.windows.receive(base, events, stored=end, signalling=signalling)
        assert answer == self.expected(base, events, stored, signalling)
        if isinstance(answer, Missing):
            assert answer.expected >= base

    def expected(
        self, base: EventId, events: list[NumberedEvent], stored: int | None, signalling: bool
    ) -> Answer:
        """The answer by the plain rules."""
        number, unchanged = base.attempt, Taken(base.offset(-1), base.offset(-1), held=False)
        if self.current is not None and number < self.current:
            return Stale() if self.known[self.current].confirmed else unchanged
        if self.claim is not None and self.current != number < self.claim:
            return unchanged
        known = self.known.get(number, PlainAttempt())
        answer = known.receive(base, events, stored, signalling)
        if not isinstance(answer, Taken):
            return answer  # and nothing has changed
        self.known[number] = known
        if self.current in (None, number):
            self.current = number
            return answer
        self.claim = number
        return answer._replace(held=False)

    @rule()
    def bridge_signals(self) -> None:
        """The bridge makes the oldest of what waits durable: a claim first, to know its truth."""
        window = self.windows.to_signal
        ready = [n for n in (self.claim, self.current) if n and self.known[n].to_signal()]
        ready = [n for n in ready if self.window_of(n).signalling]
        assert (window and window.attempt_key[1]) == next(iter(ready), None)
        if window is None:
            return
        events = list(window.undurable())
        assert events == self.known[ready[0]].to_signal()
        if not self.history or self.history[-1].id.attempt <= ready[0]:
            assert events[0].id.seq <= self.durable_of(self.lives[ready[0] - 1]) + 1, "a hole"
        self.becomes_durable(events)
        self.learns(events[-1].id)

    @precondition(lambda self: self.history)
    @rule(data=st.data())
    def reads_the_history(self, data: st.DataObject) -> None:
        """The bridge learns how far the history reaches, or reached."""
        self.learns(data.draw(st.sampled_from(self.history)).id)

    def learns(self, through: EventId) -> None:
        """Temporal has accepted everything up to `through`."""
        self.windows.mark_durable(through)
        number = through.attempt
        if self.current is not None and number < self.current:
            return
        if self.claim is not None and number >= self.claim:
            self.claim = None
        self.current = number
        self.known.setdefault(number, PlainAttempt()).settle(through.seq)

    @rule(data=st.data())
    def log_shows(self, data: st.DataObject) -> None:
        """The log has shown some of the attempt that counts."""
        if self.current is not None:
            known = self.known[self.current]
            through = data.draw(st.integers(0, known.place))
            self.window_of(self.current).shown(EventId(1, self.current, through))
            known.live = {n: event for n, event in known.live.items() if n > through}

    def window_of(self, number: int) -> AttemptWindow:
        """The window of an attempt that is known."""
        window = self.windows.window(EventId(1, number, 0))
        assert window is not None
        return window

    @invariant()
    def agrees(self) -> None:
        """Windows and model know the same attempts, to the same ids; memory is bounded."""
        windows = self.windows
        assert (windows.current and windows.current.attempt_key[1]) == self.current
        assert (windows.claim and windows.claim.attempt_key[1]) == self.claim
        for window in windows.all:
            known = self.known[window.attempt_key[1]]
            assert window.received.seq == known.place
            assert window.durable.seq == known.durable
            assert not known.durable or window.durable in self.accepted, "nobody's word"
            assert window.confirmed == known.confirmed
            assert window.waiting == len(known.waiting)
            assert window.waiting_bytes == sum(len(e.data) for e in known.waiting.values())
            assert window.waiting_bytes <= MAX_BYTES
            assert window.live_bytes == sum(len(e.data) for e in known.live.values())
            for seq in range(known.place + 2):
                event = EventId(1, window.attempt_key[1], seq)
                assert window.awaits_signal(event) == (seq in known.waiting)
                following = (known.waiting | known.live).get(seq + 1)
                assert window.next_after(event, past_stored=False) == following


TestWindows = WindowsAgainstModel.TestCase
TestWindows.settings = settings(max_examples=200, stateful_step_count=50)
