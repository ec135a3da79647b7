"""The whole way: agents, deliveries, bridges that crash, the workflow, readers that come back.

In virtual time: order, no duplicates, no gaps, same id same event, supersession, and that all
readers end with the same, among activities that run beside each other and after one another.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from random import Random

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from kai_flow.stream.batches import Batch
from kai_flow.stream.buffer import Limits
from kai_flow.stream.gaps import Missing
from kai_flow.stream.ids import EventId
from kai_flow.stream.log_reader import Behind, Chunk
from kai_flow.stream.place import NOWHERE
from kai_flow.stream.recorded import Ended, Scheduled, Spoken
from kai_flow.stream.sse import cursor_of
from tests.property.fakes import Balancer, Clock, FakeBridge, FakeProducer, FakeWorkflow, Link
from tests.property.strategies import ids_of, run_of, what_counts

GLANCE_SECONDS = 0.04
RESTART_SECONDS = 0.5  # from the death of a worker to the next attempt

Life = list[float]
"""The pauses before the events of one attempt."""


class Session:
    """A workflow that runs several rows of activities, one activity of a row after another."""

    def __init__(self, clock: Clock, workflow: FakeWorkflow, bridges: list[FakeBridge]) -> None:
        self.clock, self.workflow, self.bridges = clock, workflow, bridges
        self.beside: dict[int, frozenset[int]] = {}
        self.under_way: set[int] = set()
        self.producers: list[FakeProducer] = []
        self.last: dict[int, FakeProducer] = {}  # the last attempt of each activity
        self.spoken = 0
        self.rows = 0  # that have not come to their end

    def run(self, row: Sequence[Sequence[Life]], link: Link, *, zombies: bool) -> None:
        """Run the activities of a row; each has lives, of which only the last one ends well."""
        self.rows += 1
        self._next(list(row), link, zombies=zombies)

    def _next(self, row: list[Sequence[Life]], link: Link, *, zombies: bool) -> None:
        if not row:
            self.rows -= 1
            return
        self.spoken += 1
        self.workflow.record(Spoken(Batch(run_of(EventId(0, 1, self.spoken), 1))))
        producer = len(self.beside) + 1
        self.beside[producer] = frozenset(self.under_way)
        self.workflow.record(Scheduled(producer, "act", str(producer), self.beside[producer]))
        self.under_way.add(producer)
        lives = row.pop(0)

        def live(attempt: int) -> None:
            fake = FakeProducer(
                self.clock, self.workflow, Balancer(self.bridges), link, (producer, attempt)
            )
            self.producers.append(fake)
            fake.run([0.0, *lives[attempt - 1]])
            if attempt == len(lives):
                self.last[producer] = fake
                watch(fake)
            else:
                self.clock.after(link.random.uniform(0.1, 3.0), lambda: die(fake, attempt))

        def die(fake: FakeProducer, attempt: int) -> None:
            if not zombies:
                fake.kill()
            self.clock.after(RESTART_SECONDS, lambda: live(attempt + 1))

        def watch(fake: FakeProducer) -> None:
            if not fake.over:
                self.clock.after(0.02, lambda: watch(fake))
                return
            self.under_way.remove(producer)
            self.workflow.record(Ended(producer, "completed"))
            self._next(row, link, zombies=zombies)

        live(1)

    @property
    def counting(self) -> dict[int, list[EventId]]:
        """What counts of each producer, the workflow included."""
        said = {producer: ids_of(fake.said) for producer, fake in self.last.items()}
        return {0: [EventId(0, 1, n) for n in range(1, self.spoken + 1)], **said}


class Subscriber:
    """A reader that connects to a bridge, loses it, and comes back with its last cursor."""

    def __init__(self, session: Session, random: Random) -> None:
        self.session, self.random = session, random
        self.place = NOWHERE
        self.shown: dict[int, list[EventId]] = defaultdict(list)  # a retry takes back
        self.ended: set[int] = set()
        self.missing: list[Missing] = []  # what `gap` events have told
        self.connect()

    def connect(self) -> None:
        """To any bridge, perhaps one that is down."""
        self.bridge = self.random.choice(self.session.bridges)
        self.boot = self.bridge.boot
        self.reader = self.bridge.log.reader(self.place)
        self.session.clock.after(self.random.uniform(0, 0.3), self.look)

    def look(self) -> None:
        """Take what the bridge has for this place."""
        if not self.bridge.up or self.bridge.boot != self.boot or self.random.random() < 0.01:
            self.connect()
            return
        match self.reader.read(self.random.choice([1, 100, 10_000])):
            case Chunk(frames):
                self.take(frames)
            case Behind():
                self.read_back()
            case None:
                pass
        self.session.clock.after(GLANCE_SECONDS, self.look)

    def read_back(self) -> None:
        """The bridge reads a page of the workflow's buffer for it."""
        buffer = self.session.workflow.buffer
        self.take(self.reader.tell((), None))
        page = buffer.read(self.reader.place, self.random.choice([1, 200, 10_000]))
        if page.gap is not None:
            assert page.start is not None
            self.missing += page.gap.missing
            self.reader.jump(page.start)
        self.take(self.reader.tell(page.events, None))

    def take(self, frames: Sequence[bytes]) -> None:
        """Frames arrive."""
        for frame in frames:
            data = msgspec.json.decode(frame.partition(b"data: ")[2])
            if data["type"] == "ended":
                self.ended.add(data["producer"])
                continue
            assert data["type"] == "e", data
            self.show(EventId.parse(data["id"]))
            place = cursor_of(frame).place
            assert place is not None
            self.place = place

    def show(self, event: EventId) -> None:
        """An event is shown: the next of its producer, once, and after all its causes."""
        shown = self.shown[event.producer]
        last = shown[-1] if shown else EventId(event.producer, 0, 0)
        assert event > last, "strictly rising within a producer"
        if event.attempt != last.attempt:
            shown.clear()
        wanted = last.seq + 1 if event.attempt == last.attempt else 1
        assert event.seq == wanted or self.is_told(event.offset(-1)), "none missing"
        if event.seq == 1 and event.producer:
            beside = self.session.beside[event.producer]
            for producer in range(1, event.producer):
                if producer not in beside:
                    assert self.lacks(producer) == [], "a producer begins before its causes"
        shown.append(event)

    def lacks(self, producer: int) -> list[EventId]:
        """What counts of a producer, and the reader neither has nor was told to miss."""
        counting = self.session.counting[producer]
        return [e for e in counting if e not in self.shown[producer] and not self.is_told(e)]

    def is_told(self, event: EventId) -> bool:
        """The reader was told that this event is missing."""
        return any(
            (after is None or after < event) and (before is None or event < before)
            for after, before in self.missing
        )


pauses = st.lists(st.sampled_from([0.0, 0.01, 0.05, 0.3, 1.5]), min_size=1, max_size=20)
activities = st.lists(st.lists(pauses, min_size=1, max_size=2), min_size=1, max_size=2)
times = st.floats(0.01, 12.0)


@given(
    rows=st.lists(activities, min_size=1, max_size=3),
    zombies=st.booleans(),
    crashes=st.lists(st.tuples(times, st.floats(0.01, 9.0), st.integers(0, 1)), max_size=4),
    trouble=st.sampled_from([0.0, 0.1, 0.4]),
    replicas=st.integers(1, 2),
    limit=st.sampled_from([4, 2_000]),
    seed=st.integers(0, 2**32),
)
@example([[[[0.05] * 30]]], False, [(0.7, 3.0, 0)], 0.0, 1, 2_000, 1)
@example([[[[0.05] * 30]]], False, [(0.7, 3.0, 0)], 0.4, 1, 2_000, 3)
@example([[[[0.05] * 30] * 3], [[[0.05] * 30]] * 2], True, [(0.5, 0.1, 0)], 0.4, 2, 2_000, 2)
@example([[[[0.01] * 30] * 2]] * 2, True, [], 0.0, 1, 4, 3)
def test_every_reader_ends_with_exactly_what_the_agents_said(
    rows: list[list[list[Life]]],
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
    session = Session(clock, workflow, bridges)
    readers = [Subscriber(session, random) for _ in range(3)]
    for row in rows:
        clock.after(random.uniform(0, 1), starting(session, row, link, zombies=zombies))
    clock.run(900, until=lambda: len(session.last) == sum(map(len, rows)) and not session.rows)
    assert all(fake.ended and fake.delivery.drained for fake in session.last.values())
    clock.run(60)
    assert workflow.gaps == 0
    assert len(workflow.accepted) == len(set(workflow.accepted))
    counting = sorted(event for some in session.counting.values() for event in some)
    assert ids_of(what_counts(workflow.accepted)) == counting
    assert all(fake.over for fake in session.producers), "a zombie goes on for ever"
    for reader in readers:
        assert reader.place == workflow.buffer.fold.place
        for producer, events in session.counting.items():
            assert reader.lacks(producer) == []
            if limit > 100:
                assert reader.shown[producer] == events
                assert reader.missing == []
                assert producer in reader.ended or producer not in session.last


def starting(
    session: Session, row: list[list[Life]], link: Link, *, zombies: bool
) -> Callable[[], None]:
    """Start a row of activities."""
    return lambda: session.run(row, link, zombies=zombies)
