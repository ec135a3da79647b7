"""The buffer against a plain list with the same rules: agreement after every step."""

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kai_flow.stream.batches import Batch
from kai_flow.stream.buffer import EventBuffer, Limits, Slice
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.fold import Gap
from kai_flow.stream.ids import START, EventId
from tests.property.strategies import OTHER_RUN, RUN, ids_of, near_ids, plain, run_of

LIMITS = Limits(events=7, bytes=600)


class PlainBuffer:
    """Everything that was accepted and counts, in one list; the first `cut` of it are evicted."""

    def __init__(self) -> None:
        self.log: list[NumberedEvent] = []
        self.cut = 0
        self.position = START
        self.holes: set[EventId] = set()  # events before which something never came

    def take(self, batch: Batch) -> None:
        """One batch of this run."""
        new = [event for event in batch.events if event.id > self.position]
        if not new:
            return
        first = new[0].id
        if first[:2] != self.position[:2]:
            if first.producer == self.position.producer:
                self.log = [event for event in self.log if event.id.producer != first.producer]
                self.cut = min(self.cut, len(self.log))
            missing = first.seq > 1
        else:
            missing = first.seq > self.position.seq + 1
        if missing:
            self.holes.add(first)
        self.log += new
        self.position = new[-1].id
        while len(self.held) > LIMITS.events or self.size > LIMITS.bytes:
            self.cut += 1

    @property
    def held(self) -> list[NumberedEvent]:
        return self.log[self.cut :]

    @property
    def size(self) -> int:
        return sum(len(event.data) for event in self.held)

    def read(self, after: EventId, max_bytes: int) -> Slice:
        """One page, event by event."""
        evicted = [event.id for event in self.log[: self.cut] if event.id > after]
        rest = [event for event in self.held if event.id > after]
        if not rest:
            lost = self.log[self.cut - 1].id if self.cut else START
            return Slice((), max(after, lost), False, Gap(after, None) if evicted else None)
        first = rest[0].id
        never_came = first in self.holes and after.offset(1) != first
        page = [rest[0]]
        for event in rest[1:]:
            if event.id in self.holes or sum(len(e.data) for e in [*page, event]) > max_bytes:
                break
            page.append(event)
        gap = Gap(after, first) if evicted or never_came else None
        return Slice(tuple(page), page[-1].id, len(page) < len(rest), gap)


class BufferAgainstList(RuleBasedStateMachine):
    """Any batches, correct or not, and reads from any cursor."""

    def __init__(self) -> None:
        super().__init__()
        self.real = EventBuffer(RUN, LIMITS)
        self.model = PlainBuffer()
        self.evicted = 0

    def take(self, first: EventId, paddings: list[int], run_id: str = RUN) -> None:
        """Give both the same batch."""
        events = tuple(plain(first.offset(n), padding) for n, padding in enumerate(paddings))
        self.real.apply(Batch(run_id, events))
        if run_id == RUN:
            self.model.take(Batch(RUN, events))

    paddings = st.lists(st.sampled_from([0, 0, 0, 10, 60, 300, 700]), min_size=1, max_size=5)

    @precondition(lambda self: self.model.position != START)
    @rule(paddings=paddings)
    def goes_on(self, paddings: list[int]) -> None:
        """The current attempt says more."""
        self.take(self.model.position.offset(1), paddings)

    @precondition(lambda self: self.model.position != START)
    @rule(paddings=paddings, skipped=st.integers(1, 3))
    def leaves_a_gap(self, paddings: list[int], skipped: int) -> None:
        """Something between never came."""
        self.take(self.model.position.offset(1 + skipped), paddings)

    @rule(paddings=paddings, seq=st.sampled_from([1, 1, 1, 3]))
    def is_tried_again(self, paddings: list[int], seq: int) -> None:
        """A later attempt of the same producer takes over."""
        producer, attempt, _ = self.model.position
        self.take(EventId(max(1, producer), attempt + 1, seq), paddings)

    @precondition(lambda self: self.model.position.producer < 4)
    @rule(paddings=paddings, seq=st.sampled_from([1, 1, 1, 2]))
    def next_producer(self, paddings: list[int], seq: int) -> None:
        """Another activity of the workflow follows."""
        self.take(EventId(self.model.position.producer + 1, 1, seq), paddings)

    @rule(first=near_ids, paddings=paddings, run_id=st.sampled_from([RUN, OTHER_RUN]))
    def anything_comes(self, first: EventId, paddings: list[int], run_id: str) -> None:
        """Duplicates, zombies, batches of other runs, leaps."""
        self.take(first.offset(1), paddings, run_id)

    @rule(after=st.one_of(st.just(START), near_ids), max_bytes=st.integers(1, 800))
    def a_reader_asks(self, after: EventId, max_bytes: int) -> None:
        """A page is just what the plain list gives."""
        assert self.real.read(after, max_bytes) == self.model.read(after, max_bytes)

    @rule(back=st.integers(0, 12), max_bytes=st.integers(1, 800), paging=st.booleans())
    def a_reader_pages_through(self, back: int, max_bytes: int, paging: bool) -> None:
        """From any place, pages join to everything held after it, each gap said exactly."""
        places = [START, *ids_of(self.model.log)]
        cursor = places[max(0, len(places) - 1 - back)]
        got: list[EventId] = []
        for _ in range(len(self.model.log) + 1):
            page = self.real.read(cursor, max_bytes)
            seen = ids_of(page.events)
            between = [e.id for e in self.model.log if cursor < e.id < (seen or [page.next])[0]]
            if between:
                assert page.gap == Gap(cursor, seen[0] if seen else None)
            assert page.next >= cursor
            got += seen
            cursor = page.next
            if not page.has_more:
                break
        else:
            raise AssertionError("paging never ends")
        start = places[max(0, len(places) - 1 - back)]
        assert got == [event.id for event in self.model.held if event.id > start]

    @invariant()
    def agrees(self) -> None:
        """The same events, the same sums; never over the limits."""
        held = self.model.held
        assert len(self.real) == len(held) <= LIMITS.events
        assert self.real.bytes == self.model.size <= LIMITS.bytes
        assert self.real.first == (held[0].id if held else None)
        assert self.real.last == (held[-1].id if held else None)
        assert self.real.fold.position == self.model.position
        assert self.real.lost == (
            self.model.log[self.model.cut - 1].id if self.model.cut else START
        )
        assert self.real.read(START, 10**9) == self.model.read(START, 10**9)


TestBuffer = BufferAgainstList.TestCase
TestBuffer.settings = settings(max_examples=100, stateful_step_count=50)


@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 9), st.booleans())
def test_between_producers_only_what_was_not_stored_is_a_gap(
    first: int, second: int, seq: int, marked: bool
) -> None:
    """After an attempt that stored no more, the next producer's first event is behind a gap."""
    buffer = EventBuffer(RUN, Limits(events=20, bytes=10_000))
    *events, end = run_of(EventId(1, 1, 1), first)
    end = end._replace(type="unstored") if marked else end
    later = run_of(EventId(2, 1, 1), second)
    buffer.apply(Batch(RUN, (*events, end)))
    buffer.apply(Batch(RUN, tuple(later)))
    cursor = EventId(1, 1, seq)
    if seq < first:
        page = buffer.read(cursor, 10_000)
        assert page.gap is None
        assert page.events[: first - seq] == (*events, end)[seq:]
        assert page.events[first - seq :] == (() if marked else tuple(later))
        cursor = end.id
    page = buffer.read(cursor, 10_000)
    assert page.gap == (Gap(cursor, later[0].id) if marked else None)
    assert page.events == tuple(later)
