"""The whole way: agent, delivery, bridges that crash, the workflow, readers that come back.

Invariants 1 (order), 2 (no duplicates, no gaps), 3 (same id, same event), 4 (supersession),
7 (idempotent), 8 (the fold is what the last attempt said) and 10 (convergence), in virtual time.
"""

from random import Random

from hypothesis import example, given
from hypothesis import strategies as st

from kai_flow.stream.attempt_window import Behind, Chunk, Lost
from kai_flow.stream.buffer import Limits
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.ids import START, EventId
from tests.property.fakes import Balancer, Clock, FakeBridge, FakeProducer, FakeWorkflow, Link
from tests.property.strategies import ids_of, plain, what_counts

FOLLOW_SECONDS = 1.0  # between two reads of a bridge that has nothing for a reader
GLANCE_SECONDS = 0.04


class Subscriber:
    """A reader that connects to a bridge, loses it, and comes back with its last cursor."""

    def __init__(self, clock: Clock, bridges: list[FakeBridge], random: Random) -> None:
        self.clock, self.bridges, self.random = clock, bridges, random
        self.cursor = START
        self.shown: list[NumberedEvent] = []  # as it stands: a retry takes back
        self.missing: list[tuple[EventId, EventId | None]] = []  # what `gap` events have said
        self.followed = clock.now
        self.connect()

    def connect(self) -> None:
        """To any bridge, perhaps one that is down."""
        self.bridge = self.random.choice(self.bridges)
        self.boot = self.bridge.boot
        self.clock.after(self.random.uniform(0, 0.3), self.look)

    def look(self) -> None:
        """Take what the bridge has for this cursor."""
        if not self.bridge.up or self.bridge.boot != self.boot or self.random.random() < 0.01:
            self.connect()
            return
        match self.bridge.log.read(self.cursor, self.random.choice([1, 100, 10_000])):
            case Chunk(frames, after):
                for frame in frames:
                    name, _, data = frame.partition(b"|")
                    self.show(NumberedEvent(EventId.parse(name.decode()), "e", data))
                assert self.cursor == after
            case Behind():
                self.read_back()
            case Lost():
                raise AssertionError("everything is stored here")
            case None:
                if self.clock.now - self.followed > FOLLOW_SECONDS:
                    self.read_back()
        self.clock.after(GLANCE_SECONDS, self.look)

    def read_back(self) -> None:
        """The bridge reads a page of the workflow's buffer for it, and learns from it itself."""
        self.followed = self.clock.now
        page = self.bridge.workflow.buffer.read(self.cursor, self.random.choice([1, 200, 10_000]))
        if page.events:
            self.bridge.log.absorb(page.events)
        if page.gap is not None:
            assert page.gap.after == self.cursor
            self.missing.append((self.cursor, page.gap.before))
            self.cursor = page.events[0].id.offset(-1) if page.events else page.next
        for event in page.events:
            self.show(event)
        assert self.cursor == max(self.cursor, page.next)

    def show(self, event: NumberedEvent) -> None:
        """One event reaches the reader: it must be the very next."""
        assert event == plain(event.id), "same id, same event"
        assert event.id > self.cursor, "strictly increasing"
        if event.id.attempt_key == self.cursor.attempt_key:
            assert event.id.seq == self.cursor.seq + 1, "none missing"
        else:
            assert event.id.seq == 1, "an attempt is shown from its first event"
        self.shown = [old for old in self.shown if old.id.producer != event.id.producer] + [
            old for old in self.shown if old.id[:2] == event.id[:2]
        ]
        self.shown.append(event)
        self.cursor = event.id

    def explained(self, event: NumberedEvent) -> bool:
        """The reader has the event, or was told that it is missing."""
        return event in self.shown or any(
            after < event.id and (before is None or event.id < before)
            for after, before in self.missing
        )


pauses = st.lists(st.sampled_from([0.0, 0.01, 0.05, 0.3, 1.5]), min_size=1, max_size=30)
times = st.floats(0.01, 12.0)


@given(
    lives=st.lists(pauses, min_size=1, max_size=3),
    deaths=st.lists(times, min_size=2, max_size=2),
    zombies=st.booleans(),
    crashes=st.lists(st.tuples(times, st.floats(0.01, 9.0), st.integers(0, 1)), max_size=4),
    trouble=st.sampled_from([0.0, 0.1, 0.4]),
    replicas=st.integers(1, 2),
    limit=st.sampled_from([4, 2_000]),
    seed=st.integers(0, 2**32),
)
@example([[0.05] * 30], [1, 1], False, [(0.7, 3.0, 0)], 0.0, 1, 2_000, 1)
@example([[0.05] * 30], [1, 1], False, [(0.7, 3.0, 0)], 0.4, 1, 2_000, 3)
@example([[0.05] * 30] * 3, [0.9, 0.9], True, [(0.5, 0.1, 0)], 0.4, 2, 2_000, 2)
@example([[0.01] * 30] * 2, [0.2, 0.2], True, [], 0.0, 1, 4, 3)
def test_every_reader_ends_with_exactly_what_the_agent_said(
    lives: list[list[float]],
    deaths: list[float],
    zombies: bool,
    crashes: list[tuple[float, float, int]],
    trouble: float,
    replicas: int,
    limit: int,
    seed: int,
) -> None:
    """Through crashes, retries, zombies, lost and repeated signals: all, in order, once."""
    clock, random = Clock(), Random(seed)
    link = Link(random, lose=trouble, forget=trouble, repeat=trouble)
    workflow = FakeWorkflow(clock, Limits(events=limit))
    bridges = [FakeBridge(clock, workflow, f"b{n}", link) for n in range(replicas)]
    for when, down, which in crashes:
        bridge = bridges[which % replicas]
        clock.after(when, bridge.crash)
        clock.after(when + down, bridge.start)
    readers = [Subscriber(clock, bridges, random) for _ in range(3)]
    producers: list[FakeProducer] = []
    for attempt, life in enumerate(lives, 1):
        producer = FakeProducer(clock, workflow, Balancer(bridges), link, (1, attempt))
        producers.append(producer)
        producer.run([0.0, *life])
        if attempt < len(lives):
            clock.run(deaths[attempt - 1])
            if not zombies:
                producer.kill()
            clock.run(random.uniform(0.1, 3.0))
    last = producers[-1]
    clock.run(600, until=lambda: last.over)
    assert last.ended
    assert last.delivery.drained, "the attempt that counts ends with everything durable"
    clock.run(60)
    assert workflow.gaps == 0
    assert ids_of(what_counts(workflow.accepted)) == ids_of(last.said)
    assert all(producer.over for producer in producers), "a zombie goes on for ever"
    for reader in readers:
        assert [event for event in last.said if not reader.explained(event)] == []
        assert ids_of(reader.shown) == [i for i in ids_of(last.said) if i in ids_of(reader.shown)]
        assert reader.cursor == last.outbox.last
        if limit > 100:
            assert ids_of(reader.shown) == ids_of(last.said)
            assert reader.missing == []
