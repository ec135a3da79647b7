"""Delivery, in virtual time, towards every kind of receiver: it always drains, and stays modest."""

from collections import Counter
from enum import Enum
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kai_flow.stream.cadence import Cadence
from kai_flow.stream.delivery import Delivery
from kai_flow.stream.delivery_wait import DELIVERY_SECONDS
from kai_flow.stream.election import MAX_BRIDGES
from kai_flow.stream.ids import EventId
from kai_flow.stream.log_reader import Chunk
from kai_flow.stream.outbox import Outbox
from kai_flow.stream.own_signals import STALL_SECONDS
from kai_flow.stream.post_channel import (
    FIRST_PAUSE_SECONDS,
    MAX_PAUSE_SECONDS,
    MAX_RETRY_AFTER_SECONDS,
)
from kai_flow.stream.posts import Acknowledged, Post
from kai_flow.stream.sse import cursor_of
from kai_flow.stream.storage import MAX_STORED_BYTES
from tests.property.fakes import (
    Clock,
    Expected,
    Failed,
    FakeBridge,
    FakeProducer,
    FakeWorkflow,
    Gone,
    Link,
    Receiver,
    Reply,
    Succeeded,
)
from tests.property.strategies import ids_of

LONG = 3_600.0  # virtual seconds in which everything must have come to its end


class Mood(Enum):
    """What a receiver does with a POST."""

    BRIDGE = "is our bridge"
    CUT = "is our bridge, but its answer is lost"
    REBORN = "is our bridge, which has just lost its memory"
    PLAIN = "answers 200 and no more"
    SLOW = "answers 200 after a second"
    FAIL = "answers 500"
    PUSH_BACK = "answers 429 with an enormous Retry-After"
    HANG = "never answers"
    CONFLICT = "answers 409 with any id"
    LIE = "answers with ids that nobody ever said"
    RENAMED = "is our bridge, but calls itself something else in every answer"
    BACK_AND_FORTH = "takes what comes and forgets it every other time"


class MoodyReceiver(Receiver):
    """Changes its mood with time; the last mood stays for ever."""

    def __init__(self, bridge: FakeBridge, moods: list[tuple[Mood, float]], random: Random) -> None:
        self.bridge, self.moods, self.random = bridge, moods, random
        self.since = bridge.clock.now
        self.turn = 0

    def mood(self) -> Mood:
        """The mood of this moment."""
        clock = self.bridge.clock
        while len(self.moods) > 1 and clock.now - self.since > self.moods[0][1]:
            self.since += self.moods.pop(0)[1]
        return self.moods[0][0]

    def post(self, post: Post, signaller: str | None) -> tuple[float, Reply] | None:
        self.turn += 1
        mood = self.mood()
        if mood in {Mood.BRIDGE, Mood.CUT, Mood.REBORN, Mood.RENAMED}:
            if mood is Mood.REBORN:
                self.bridge.crash()
                self.bridge.start()
            answer = self.bridge.post(post, signaller)
            if mood is Mood.RENAMED and answer and isinstance(answer[1], Acknowledged):
                answer = (answer[0], answer[1]._replace(bridge=f"b{self.turn}"))
            return None if mood is Mood.CUT else answer
        delay = 1.0 if mood is Mood.SLOW else self.random.uniform(0.001, 0.05)
        reply = self.reply(mood, post)
        return None if reply is None else (delay, reply)

    def reply(self, mood: Mood, post: Post) -> Reply | None:
        """The answer of one that is no bridge of ours."""
        nothing = post.base.offset(-1)
        last = post.events[-1].id if post.events else nothing
        near = last._replace(seq=max(0, last.seq + self.random.randint(-3, 3)))
        lies = [EventId(9, 9, 9), EventId(0, 0, 0), last.offset(10_000), nothing]
        lie = Acknowledged(near, self.random.choice(lies), "liar", self.random.random() < 0.5)
        received = last if self.turn % 2 else nothing
        replies: dict[Mood, Reply] = {
            Mood.PLAIN: Succeeded(),
            Mood.SLOW: Succeeded(),
            Mood.FAIL: Failed(),
            Mood.PUSH_BACK: Failed(retry_after=1e9),
            Mood.CONFLICT: Expected(near),
            Mood.LIE: lie,
            Mood.BACK_AND_FORTH: Acknowledged(received, nothing, "fool", accepts_batch=True),
        }
        return replies.get(mood)


pauses = st.lists(
    st.sampled_from([0.0, 0.0, 0.0, 0.01, 0.05, 0.3, 2.0, 7.0]), min_size=1, max_size=40
)
moods = st.lists(
    st.tuples(st.sampled_from(list(Mood)), st.floats(0.05, 8.0)), min_size=1, max_size=4
)


limits = st.sampled_from([MAX_STORED_BYTES, MAX_STORED_BYTES, 0, 300])


@given(
    pauses, moods, st.sampled_from([0.0, 0.2]), st.sampled_from([3, 10, 4_000]), limits,
    st.integers(),
)  # fmt: skip
@example([0.0] * 30, [(Mood.CONFLICT, 1.0)], 0.0, 3, MAX_STORED_BYTES, 0)
@example([0.0] * 30, [(Mood.PUSH_BACK, 1.0)], 0.0, 3, MAX_STORED_BYTES, 0)
@example([0.0] * 30, [(Mood.LIE, 1.0)], 0.0, 3, MAX_STORED_BYTES, 0)
@example([0.0] * 30, [(Mood.HANG, 1.0)], 0.0, 3, MAX_STORED_BYTES, 0)
@example([2.0] * 30, [(Mood.BACK_AND_FORTH, 1.0)], 0.0, 10, MAX_STORED_BYTES, 0)
@example([0.3] * 100, [(Mood.RENAMED, 1.0)], 0.0, 4_000, MAX_STORED_BYTES, 0)
@example([0.0] * 30, [(Mood.REBORN, 1.0)], 0.0, 10, MAX_STORED_BYTES, 0)
@example([0.0] * 30, [(Mood.CONFLICT, 1.0)], 0.0, 3, 0, 0)
@example([0.0] * 30, [(Mood.LIE, 1.0)], 0.0, 3, 0, 0)
@example([0.0] * 30, [(Mood.HANG, 1.0)], 0.0, 3, 0, 0)
@example([2.0] * 30, [(Mood.BACK_AND_FORTH, 1.0)], 0.0, 10, 0, 0)
@example([0.0] * 30, [(Mood.BRIDGE, 1.0), (Mood.FAIL, 1.0)], 0.0, 3, 300, 0)
def test_whatever_the_receiver_does_everything_becomes_durable(
    pauses: list[float],
    moods: list[tuple[Mood, float]],
    trouble: float,
    max_events: int,
    max_stored: int,
    seed: int,
) -> None:
    """The agent gets all said, what is to be stored is durable in order, the activity ends."""
    clock, random = Clock(), Random(seed)
    link = Link(random, lose=trouble, forget=trouble, repeat=trouble)
    workflow = FakeWorkflow(clock)
    receiver = MoodyReceiver(FakeBridge(clock, workflow, "b", link), list(moods), random)
    producer = FakeProducer(
        clock, workflow, receiver, link, max_events=max_events, max_stored=max_stored
    )
    producer.run(pauses)
    clock.run(LONG, until=lambda: producer.over)
    assert producer.ended, "the agent is blocked for ever"
    assert producer.delivery.drained, "the activity never ends"
    assert not producer.delivery.superseded
    assert len(producer.delivery.posting.election._seen) <= MAX_BRIDGES, (
        "a receiver fills its memory"
    )
    stored = ids_of(producer.to_be_stored)
    assert ids_of(workflow.accepted) == stored, "it ends before all is durable"
    clock.run(60)
    assert ids_of(workflow.accepted) == stored, "it signals what is not to be stored"
    assert workflow.gaps == 0
    assert producer.outbox.sent == len(producer.succeeded)
    assert_modest(producer)


def assert_modest(producer: FakeProducer) -> None:
    """POSTs that bring the receiver nothing new are few in every second."""
    vain: Counter[int] = Counter()
    told: set[EventId] = set()
    for when, post, reply in producer.posts:
        news = {event.id for event in post.events} - told
        if isinstance(reply, Acknowledged):
            news = {event_id for event_id in news if event_id <= reply.received}
        if isinstance(reply, Succeeded | Acknowledged) and news:
            told |= news
        else:
            vain[int(when)] += 1
    assert max(vain.values(), default=0) <= 10, "a tight loop of vain POSTs"


@given(pauses, st.integers())
def test_without_a_callback_it_signals_by_itself(pauses: list[float], seed: int) -> None:
    """No callback: no POST, all events are signalled directly, within a period each."""
    clock = Clock()
    workflow = FakeWorkflow(clock)
    producer = FakeProducer(clock, workflow, None, Link(Random(seed), lose=0.1, forget=0.1))
    producer.run(pauses)
    clock.run(LONG, until=lambda: producer.over)
    assert ids_of(workflow.accepted) == ids_of(producer.said)
    assert not producer.posts
    assert producer.signals[0][0] == clock_of_first(producer, pauses)


def clock_of_first(producer: FakeProducer, pauses: list[float]) -> float:
    """When the first event was said."""
    return 1_000.0 + pauses[0]


class Plain(Receiver):
    """Takes everything, after its time, and knows nothing of durability."""

    def __init__(self, delay: float) -> None:
        self.delay = delay

    def post(self, post: Post, signaller: str | None) -> tuple[float, Reply]:
        return self.delay, Succeeded()


@given(pauses, st.floats(0.001, 1.5))
def test_a_plain_receiver_gets_every_event_in_order(pauses: list[float], delay: float) -> None:
    """One event a POST, in order, once; durable by direct signals from its first answer on."""
    clock = Clock()
    workflow = FakeWorkflow(clock)
    producer = FakeProducer(clock, workflow, Plain(delay), Link(Random(0)))
    producer.run([*pauses, len(pauses) * delay])  # it has had its time when the agent ends
    clock.run(LONG, until=lambda: producer.over)
    posted = [event.id for _, post, _ in producer.posts for event in post.events]
    assert posted == ids_of(producer.said) == ids_of(workflow.accepted)
    assert [post.done for _, post, _ in producer.posts].index(True) == len(producer.posts) - 1
    assert all(len(post.events) <= 1 and not post.batch for _, post, _ in producer.posts)
    assert producer.outbox.sent == len(producer.said)
    assert producer.signals[0][0] >= producer.posts[0][0] + delay
    assert producer.signals[0][0] <= producer.posts[0][0] + delay + 1e-6


@given(
    st.lists(st.sampled_from([0.0, 0.0, 0.0, 0.01, 0.3, 2.0]), min_size=1, max_size=60),
    st.floats(0.05, 2.9),
    st.sampled_from([4, 20, 4_000]),
    st.sampled_from([MAX_STORED_BYTES, 300]),
)
@example([0.0] * 60, 0.5, 4_000, MAX_STORED_BYTES)
@example([0.0] * 60, 0.5, 4, MAX_STORED_BYTES)
@example([0.0] * 60, 0.5, 4, 300)
def test_a_slow_receiver_does_not_hold_up_a_session(
    pauses: list[float], delay: float, max_events: int, max_stored: int
) -> None:
    """However slow it is, agent and end wait for it only so long; what it got is counted truly."""
    clock = Clock()
    workflow = FakeWorkflow(clock)
    producer = FakeProducer(
        clock, workflow, Plain(delay), Link(Random(0)), max_events=max_events, max_stored=max_stored
    )
    producer.run(pauses)
    # The first answer tells that nobody else makes durable; then a batch is a signal, each 250 ms.
    signals = delay + 0.4 * (2 + 2 * len(pauses) / max_events)
    clock.run(LONG, until=lambda: producer.ended)
    assert clock.now <= 1_000 + sum(pauses) + DELIVERY_SECONDS + signals
    ended = clock.now
    clock.run(LONG, until=lambda: producer.over)
    assert clock.now <= ended + DELIVERY_SECONDS + signals + 2 * delay
    assert ids_of(workflow.accepted) == ids_of(producer.to_be_stored)
    posted = [event.id for _, post, _ in producer.posts for event in post.events]
    assert posted == sorted(set(posted))
    assert producer.outbox.sent == len(producer.succeeded) == len(posted)
    assert producer.posts[-1][1].done, "the receiver is not told the end"
    if len(pauses) * delay < DELIVERY_SECONDS and max_events > len(pauses):
        assert posted == ids_of(producer.said), "it is not given its time"


@settings(max_examples=40)
@given(st.floats(1.0, 1e9), st.booleans())
@example(1e9, False)
def test_a_receiver_that_asks_for_patience_does_not_hold_up_the_end(
    retry_after: float, takes_events: bool
) -> None:
    """A very large Retry-After does not hold up the end, for events or for the final POST."""
    clock = Clock()
    workflow = FakeWorkflow(clock)

    class Busy(Receiver):
        def post(self, post: Post, signaller: str | None) -> tuple[float, Reply]:
            return 0.01, Succeeded() if takes_events and not post.done else Failed(retry_after)

    producer = FakeProducer(clock, workflow, Busy(), Link(Random(0)))
    producer.run([0.1] * 20)
    clock.run(LONG, until=lambda: producer.over)
    assert clock.now <= 1_002 + 2 * DELIVERY_SECONDS + 0.5
    assert ids_of(workflow.accepted) == ids_of(producer.said)
    assert producer.outbox.sent == (len(producer.said) if takes_events else 0)


@given(pauses, st.floats(0.001, 2.9), st.booleans())
@example([0.0] * 3 + [0.3] * 3, 0.5, False)
def test_batching_adds_no_delay(pauses: list[float], delay: float, plain: bool) -> None:
    """An event is POSTed the moment it is said, or, with a POST under way, when that is answered.

    To a bridge it goes together with all that has gathered.
    """
    clock = Clock()
    workflow = FakeWorkflow(clock)
    bridge = FakeBridge(clock, workflow, "b", Link(Random(0)))
    bridge.delay = delay
    producer = FakeProducer(
        clock, workflow, Plain(delay) if plain else bridge, Link(Random(0)), max_events=4_000
    )
    producer.run([*pauses, len(pauses) * delay])
    clock.run(LONG, until=lambda: producer.over)
    free = 1_000.0  # since when no POST is under way
    for number, (when, post, _) in enumerate(producer.posts):
        if post.events:
            oldest = producer.said_at[post.events[0].id]
            assert abs(when - max(oldest, free)) < 1e-6, "it waits though nothing is under way"
            before = {said for said, at in producer.said_at.items() if at < when - 1e-6}
            if not plain and number > 0:
                assert max(before) <= post.events[-1].id, "not all that has gathered goes along"
        free = when + delay


def failing(jitters: list[float], retry_after: float = 0.0) -> tuple[list[float], list[float]]:
    """The pauses after failed POSTs in a row, and what they are without jitter."""
    outbox, now, pauses = Outbox(1, 1), 1_000.0, []
    delivery = Delivery(outbox, Cadence(0.25, now), callback=True, now=now)
    outbox.append("e", b"{}")
    delivery.appended(now)
    for jitter in jitters:
        post = delivery.next_post(now)
        assert post is not None
        delivery.post_failed(post, now, jitter=jitter, retry_after=retry_after)
        if not outbox.unposted(1):  # it was given up
            outbox.append("e", b"{}")
            delivery.appended(now)
        due = delivery._post_at()
        assert due is not None
        assert delivery.next_post(due - 1e-6) is None
        pauses.append(due - now)
        now = due
    whole = [min(MAX_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**n) for n in range(len(jitters))]
    return pauses, whole


@given(st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=8))
@example([0.0, 0.5, 0.999])
def test_pauses_grow_and_are_spread(jitters: list[float]) -> None:
    """Each pause doubles up to its limit, and chance takes away up to a half: senders spread."""
    pauses, whole = failing(jitters)
    for pause, most, jitter in zip(pauses, whole, jitters, strict=True):
        assert abs(pause - most * (0.5 + jitter / 2)) < 1e-6
        assert most / 2 - 1e-6 <= pause <= most


@given(st.floats(0, 100), st.floats(0, 1, exclude_max=True))
@example(30.0, 0.5)
@example(31.0, 0.5)
def test_a_retry_after_is_heeded_up_to_its_limit(retry_after: float, jitter: float) -> None:
    """No POST comes before the receiver wants one, be it only half a minute that it is left."""
    (pause,), _ = failing([jitter], retry_after)
    (usual,), _ = failing([jitter])
    assert abs(pause - max(usual, min(retry_after, MAX_RETRY_AFTER_SECONDS))) < 1e-6


@given(pauses, st.sampled_from([0.0, 0.1]), st.integers())
def test_beside_a_bridge_that_signals_it_does_not(
    pauses: list[float], trouble: float, seed: int
) -> None:
    """A bridge that makes events durable in time is left to do so alone."""
    clock = Clock()
    workflow = FakeWorkflow(clock)
    link = Link(Random(seed), forget=trouble, repeat=trouble)
    producer = FakeProducer(clock, workflow, FakeBridge(clock, workflow, "b", link), link)
    producer.run(pauses)
    clock.run(LONG, until=lambda: producer.over)
    assert ids_of(workflow.accepted) == ids_of(producer.said)
    assert producer.signals == []
    # Batching adds nothing: a POST per event at most, a probe a second, the final POST.
    assert len(producer.posts) <= len(pauses) + (clock.now - 1_000) + 3


@settings(max_examples=25)
@given(st.floats(1.0, 25.0), st.sampled_from([0.05, 0.3, 2.0]))
@example(25.0, 0.05)
def test_beside_a_bridge_that_says_that_it_is_slow_it_does_not(turn: float, pause: float) -> None:
    """However long a session waits for its turn, a producer that is told so leaves it at that."""
    clock = Clock()
    workflow = FakeWorkflow(clock)
    bridge = FakeBridge(clock, workflow, "b", Link(Random(0)))
    bridge.turn = turn
    producer = FakeProducer(clock, workflow, bridge, Link(Random(0)))
    producer.run([pause] * int(60 / pause))
    clock.run(LONG, until=lambda: producer.over)
    assert producer.over
    assert producer.signals == []
    assert ids_of(workflow.accepted) == ids_of(producer.said)
    assert len(workflow.signals) <= clock.now / turn


@settings(max_examples=10)
@given(st.floats(10.0, 25.0), st.booleans())
@example(25.0, True)
def test_a_bridge_that_dies_while_it_is_slow_is_stood_in_for(turn: float, says: bool) -> None:
    """A pace that was told counts no longer once its bridge is silent."""
    clock = Clock()
    workflow = FakeWorkflow(clock)
    bridge = FakeBridge(clock, workflow, "b", Link(Random(0)))
    bridge.turn, bridge.says = turn, says
    producer = FakeProducer(clock, workflow, bridge, Link(Random(0)))
    producer.run([0.5] * 200)
    clock.run(3.0)
    assert not producer.signals
    bridge.crash()
    clock.run(6.0)
    assert producer.signals
    clock.run(LONG, until=lambda: producer.over)
    assert ids_of(workflow.accepted) == ids_of(producer.said)


@settings(max_examples=25)
@given(st.floats(1, 9), st.floats(8, 20), st.sampled_from([0.05, 0.2, 1.0, 3.0]))
@example(3.0, 8.0, 0.05)
@example(3.0, 8.0, 3.0)
def test_a_dead_bridge_is_stood_in_for_and_gone_back_to(
    dies: float, dead: float, pause: float
) -> None:
    """Direct signals only after 5 s without progress of `durable`; none once the bridge works."""
    clock = Clock()
    workflow = FakeWorkflow(clock)
    link = Link(Random(0))
    bridge = FakeBridge(clock, workflow, "b", link)
    producer = FakeProducer(clock, workflow, bridge, link)
    total = dies + dead + 50
    producer.run([0.0] + [pause] * int(total / pause))
    clock.run(dies)
    assert producer.delivery.signaller == bridge.boot
    assert not producer.signals
    bridge.crash()
    clock.run(dead)
    for when, stood_since in producer.signals[:1]:
        assert stood_since is not None
        assert when >= max(stood_since + STALL_SECONDS, 1_000 + dies)
    if pause < 0.5:
        assert producer.signals[0][0] <= 1_000 + dies + STALL_SECONDS + 1.5
    bridge.start()
    clock.run(25)
    before = len(producer.signals)
    clock.run(20)
    assert len(producer.signals) == before, "it never goes back to the bridge"
    assert producer.delivery.signaller == bridge.boot
    clock.run(LONG, until=lambda: producer.over)
    assert ids_of(workflow.accepted) == ids_of(producer.said)


@given(pauses, st.sampled_from(["bridge", "plain", "none"]), st.sampled_from([0, 100, 500]))
def test_what_is_not_stored_is_posted_and_never_signalled(
    pauses: list[float], kind: str, max_stored: int
) -> None:
    """Beyond the limit nothing is signalled, a receiver gets all the same, and nobody waits."""
    clock = Clock()
    workflow = FakeWorkflow(clock)
    link = Link(Random(0))
    bridge = FakeBridge(clock, workflow, "b", link)

    receivers: dict[str, Receiver] = {"bridge": bridge, "plain": Plain(0.01)}
    producer = FakeProducer(
        clock, workflow, receivers.get(kind), link, max_events=20, max_stored=max_stored
    )
    producer.run(pauses)
    clock.run(sum(pauses) + 5, until=lambda: producer.over)
    assert producer.over
    stored = producer.to_be_stored
    assert ids_of(workflow.accepted) == ids_of(stored)
    assert sum(len(event.data) for event in stored[1:-1]) <= max_stored
    assert len(stored) == len(producer.said) or stored[-1].type == "unstored"
    if kind == "none":
        assert producer.posts == []
    else:
        posted = {event.id for _, post, _ in producer.posts for event in post.events}
        assert sorted(posted) == ids_of(producer.said)
        assert producer.outbox.sent == len(producer.said)
    if kind == "bridge":
        assert producer.signals == []
        assert bridge.log.place.position(1) == producer.outbox.last


def test_a_short_absence_of_the_bridge_loses_nothing_that_is_live_only() -> None:
    """As long as the outbox has room, what is not stored waits for a bridge that is away."""
    clock = Clock()
    workflow = FakeWorkflow(clock)
    link = Link(Random(0))
    bridge = FakeBridge(clock, workflow, "b", link)
    producer = FakeProducer(clock, workflow, bridge, link, max_stored=0)
    producer.run([0.1] * 200)
    clock.run(5)
    bridge.crash()
    clock.run(4)
    said_before = producer.outbox.last
    bridge.start()
    clock.run(60, until=lambda: producer.over)
    assert producer.over
    shown = bridge.log.reader(bridge.log.base).read(10**9)
    assert isinstance(shown, Chunk)
    events = [cursor_of(frame).place for frame in shown.frames if frame.startswith(b"id: ")]
    assert events[0] is not None
    assert events[0].position(1).seq < said_before.seq - 30
    assert bridge.log.place.position(1) == producer.outbox.last
    assert ids_of(workflow.accepted) == ids_of(producer.to_be_stored)


@pytest.mark.parametrize("plain", [True, False])
@pytest.mark.parametrize("pause", [0.02, 0.3])
def test_a_slow_receiver_does_not_multiply_signals(plain: bool, pause: float) -> None:
    """A receiver that holds the outbox full by its slowness leaves signals at their period."""
    clock = Clock()
    workflow = FakeWorkflow(clock)

    class Slow(Receiver):
        def post(self, post: Post, signaller: str | None) -> tuple[float, Reply] | None:
            return (1.0, Succeeded()) if plain else (2.9, Failed())

    producer = FakeProducer(clock, workflow, Slow(), Link(Random(0)), max_events=100)
    producer.run([pause] * 300)
    clock.run(900, until=lambda: producer.over)
    assert len(workflow.signals) <= 700
    gaps = [b[0] - a[0] for a, b in zip(producer.signals, producer.signals[1:], strict=False)]
    early = [gap for gap in gaps if gap < 0.25]
    assert len(early) <= 10  # only to empty what is half full of events not yet durable


@given(st.booleans(), st.integers(1, 5), st.booleans())
def test_a_producer_that_is_told_to_stop_stops(finished: bool, count: int, empty: bool) -> None:
    """After a 410 it says nothing more; with only the end left to say it returns normally."""
    clock = Clock()
    workflow = FakeWorkflow(clock)

    class Door(Receiver):
        closed = False

        def post(self, post: Post, signaller: str | None) -> tuple[float, Reply]:
            if self.closed or (finished and post.done):
                return 0.01, Gone()
            durable = post.events[-1].id if post.events and empty else post.base.offset(-1)
            last = post.events[-1].id if post.events else post.base.offset(-1)
            return 0.01, Acknowledged(last, durable, "d", accepts_batch=True)

    door = Door()
    # No signal of its own gets through: what the door has not made durable stays in the outbox.
    producer = FakeProducer(clock, workflow, door, Link(Random(0), lose=1.0))
    producer.run([0.5] * count if finished else [0.5] * (count + 50))
    clock.run(0.5 * count + 0.2)
    door.closed = True
    clock.run(60)
    posts = len(producer.posts)
    assert producer.over
    assert producer.delivery.superseded == (not finished or not empty)
    assert producer.delivery.wake_at() is None
    clock.run(60)
    assert len(producer.posts) == posts


def test_a_bridge_at_its_period_is_not_late() -> None:
    """Fifteen minutes of 20 events a second through a bridge: at most 700 signals, by the bridge.

    Only the last batch may be the producer's: at the end it waits for no period.
    """
    clock = Clock()
    workflow = FakeWorkflow(clock)
    link = Link(Random(0))
    producer = FakeProducer(clock, workflow, FakeBridge(clock, workflow, "b", link), link)
    producer.run([0.05] * 18_000)
    clock.run(LONG, until=lambda: producer.over)
    assert all(when > 1_899 for when, _ in producer.signals)
    assert len(producer.signals) <= 1
    assert len(workflow.signals) <= 700
    assert len(workflow.accepted) == 18_000


@given(st.integers(2, 6))
def test_what_has_become_durable_is_not_paused_for(vain: int) -> None:
    """Once a bridge says what is durable, the next events go at once, after any bad luck before."""
    moment, word = 1_000.0, b'{"type":"token"}'
    outbox = Outbox(1, 1)
    delivery = Delivery(outbox, Cadence(0.25, moment), callback=True, now=moment)
    nothing = outbox.last
    for _ in range(4):
        outbox.append("token", word)
    answers = [("other", nothing), ("named", nothing), *[("other", nothing)] * (vain + 1)]
    for bridge, durable in [*answers, ("other", outbox.last)]:
        while (post := delivery.next_post(moment)) is None:
            moment += 0.05
        received = max(event.id for event in post.events)
        delivery.acknowledged(post, Acknowledged(received, durable, bridge, True), moment)
    outbox.append("token", word)
    post = delivery.next_post(moment)
    assert post is not None
    assert [event.id for event in post.events] == [outbox.last]


@given(st.integers(0, 30))
def test_a_bridge_that_is_not_the_signaller_gets_few_final_posts(unposted: int) -> None:
    """The final POST is paced although the last events became durable without any POST."""
    moment, word = 1_000.0, b'{"type":"token"}'
    outbox = Outbox(1, 1)
    delivery = Delivery(outbox, Cadence(0.25, moment), callback=True, now=moment)
    nothing = outbox.last
    for bridge in ("other", "named"):
        outbox.append("token", word)
        post = delivery.next_post(moment)
        assert post is not None
        delivery.acknowledged(post, Acknowledged(outbox.last, nothing, bridge, True), moment)
    for _ in range(unposted):
        outbox.append("token", word)
    delivery.signalled(outbox.last, moment)  # by the producer itself: its signaller is down
    delivery.add_final_post(moment)
    posts = 0
    while not delivery.drained:
        delivery.give_up_late(moment)
        post = delivery.next_post(moment)
        if post is None:
            moment = delivery.wake_at() or moment
            continue
        posts, moment = posts + 1, moment + 0.01
        answer = Acknowledged(outbox.last, outbox.last, "other", True)
        delivery.acknowledged(post, answer, moment)
    assert delivery.phase.final_posted
    assert posts <= 5


@given(st.integers(1, 20), st.floats(0.0, 3.0))
def test_a_bridge_that_forgets_while_the_agent_is_silent_is_told_again(
    count: int, down: float
) -> None:
    """A second after a bridge is back, it holds again what the silent agent has said."""
    clock = Clock()
    workflow = FakeWorkflow(clock)
    bridge = FakeBridge(clock, workflow, "b", Link(Random(0), lose=1.0))  # cut off from Temporal
    producer = FakeProducer(clock, workflow, bridge, Link(Random(0), lose=1.0))
    producer.run([0.0] * count + [1_000.0])
    clock.run(1.0)
    bridge.crash()
    clock.run(down)
    bridge.start()
    clock.run(5.0 if down else 1.1)  # after failed POSTs it is asked at the pace of the pauses
    window = bridge.log.received.window(producer.outbox.last)
    assert window is not None
    assert window.received == producer.outbox.last
