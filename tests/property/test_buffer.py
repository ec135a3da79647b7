"""The buffer against a plain list with the same rules: agreement after every step."""

from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kai_flow.stream.batches import Batch
from kai_flow.stream.buffer import EventBuffer, Limits, Slice
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.fold import Fold
from kai_flow.stream.gaps import Gap, Missing
from kai_flow.stream.ids import EventId
from kai_flow.stream.place import NOWHERE, Place
from kai_flow.stream.recorded import Ended, Published, Recorded, Scheduled, Spoken
from tests.property.strategies import (
    OTHER_RUN,
    RUN,
    Session,
    concurrent_sessions,
    ids_of,
    plain,
    readings,
    run_of,
    what_counts,
)

LIMITS = Limits(events=7, bytes=600)
ROOMY = Limits(events=10_000, bytes=10**9)


class PlainBuffer:
    """Everything that was accepted and counts, in one list; the first `cut` of it are evicted.

    Which events are accepted is the fold's matter (see test_fold).
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.fold = Fold(RUN)
        self.log: list[NumberedEvent] = []
        self.cut = 0

    def take(self, item: Recorded) -> None:
        """The next item of the history."""
        for verdict in self.fold.take(item)[0]:
            if verdict.replaces is not None:
                replaced = verdict.replaces.producer
                self.cut -= sum(e.id.producer == replaced for e in self.log[: self.cut])
                self.log = [e for e in self.log if e.id.producer != replaced]
            self.log += verdict.events
            while len(self.held) > self.limits.events or self.size > self.limits.bytes:
                self.cut += 1

    @property
    def held(self) -> list[NumberedEvent]:
        return self.log[self.cut :]

    @property
    def size(self) -> int:
        return sum(len(event.data) for event in self.held)

    def read(self, after: Place, max_bytes: int) -> Slice:
        """One page, event by event."""
        place = after
        lost = [event for event in self.log[: self.cut] if not after.covers(event.id)]
        for event in sorted(lost):
            place = self.advance(place, event)
        rest = [event for event in self.held if not place.covers(event.id)]
        missing = self.missing(after, lost)
        start = place
        if rest and not place.follows(rest[0].id):
            missing.append((place.position(rest[0].id.producer), rest[0].id))
        page: list[NumberedEvent] = []
        for event in rest:
            size = sum(len(one.data) for one in [*page, event])
            if page and (size > max_bytes or not place.follows(event.id)):
                break
            page.append(event)
            place = self.advance(place, event)
        gap = Gap(tuple(Missing(*ids) for ids in sorted(missing))) if missing else None
        return Slice(tuple(page), place, len(page) < len(rest), gap, start if gap else None)

    def missing(self, after: Place, lost: list[NumberedEvent]) -> list[tuple[EventId, EventId]]:
        """What the evicted events leave open in each producer."""
        missing = []
        for producer in {event.id.producer for event in lost}:
            evicted = max(event.id for event in lost if event.id.producer == producer)
            held = [event.id for event in self.held if event.id.producer == producer]
            missing.append((after.position(producer), min(held, default=evicted.offset(1))))
        return missing

    def advance(self, place: Place, event: NumberedEvent) -> Place:
        """The place after an event."""
        return place.advance(event.id, self.fold.beside(event.id.producer))


class BufferAgainstList(RuleBasedStateMachine):
    """Any history, of correct senders and others, and reads from any place."""

    def __init__(self) -> None:
        super().__init__()
        self.real = EventBuffer(RUN, LIMITS)
        self.model = PlainBuffer(LIMITS)
        self.places = [NOWHERE]  # of readers

    @property
    def open(self) -> list[int]:
        return list(self.model.fold.open)

    def take(self, item: Recorded) -> None:
        """Give both the same item."""
        self.real.take(item)
        self.model.take(item)

    def sends(self, first: EventId, paddings: list[int], run_id: str = RUN) -> None:
        """A signal with one batch."""
        events = tuple(plain(first.offset(n), padding) for n, padding in enumerate(paddings))
        self.take(Published(run_id, (Batch(events),)))

    paddings = st.lists(st.sampled_from([0, 0, 0, 10, 60, 300, 700]), min_size=1, max_size=5)
    which = st.integers(0, 3)

    def chosen(self, which: int) -> EventId:
        """The position of an open producer."""
        return self.model.fold.place.position(self.open[which % len(self.open)])

    @precondition(lambda self: self.model.fold.newest < 8)
    @rule(beside=st.booleans())
    def schedules(self, beside: bool) -> None:
        """Another activity, beside those under way or after all of them."""
        kept = frozenset(self.open if beside else ())
        self.take(Scheduled(self.model.fold.newest + 1, "act", "7", kept))

    @precondition(lambda self: self.open)
    @rule(which=which, paddings=paddings, skipped=st.sampled_from([0, 0, 0, 0, 2]))
    def goes_on(self, which: int, paddings: list[int], skipped: int) -> None:
        """An attempt sends more; perhaps something between never came."""
        attempt = max(1, self.chosen(which).attempt)
        self.sends(self.chosen(which)._replace(attempt=attempt).offset(1 + skipped), paddings)

    @precondition(lambda self: self.open)
    @rule(which=which, paddings=paddings, seq=st.sampled_from([1, 1, 1, 3]))
    def is_tried_again(self, which: int, paddings: list[int], seq: int) -> None:
        """A later attempt takes over."""
        producer, attempt, _ = self.chosen(which)
        self.sends(EventId(producer, attempt + 1, seq), paddings)

    @rule(paddings=paddings)
    def the_workflow_speaks(self, paddings: list[int]) -> None:
        """The workflow publishes events of its own."""
        last = self.model.fold.place.position(0)._replace(attempt=1)
        self.take(
            Spoken(Batch(tuple(plain(last.offset(n + 1), p) for n, p in enumerate(paddings))))
        )

    @precondition(lambda self: self.open)
    @rule(which=which)
    def ends(self, which: int) -> None:
        """An activity ends, which changes nothing in the buffer."""
        self.take(Ended(self.chosen(which).producer, "completed"))

    @rule(
        first=st.builds(EventId, st.integers(1, 4), st.integers(1, 3), st.integers(1, 9)),
        paddings=paddings,
        run_id=st.sampled_from([RUN, OTHER_RUN]),
    )
    def anything_comes(self, first: EventId, paddings: list[int], run_id: str) -> None:
        """Duplicates, late batches, batches of other runs, leaps."""
        self.sends(first, paddings, run_id)

    @rule(which=st.integers(0, 50), max_bytes=st.integers(1, 800), pages=st.integers(1, 20))
    def a_reader_goes_on(self, which: int, max_bytes: int, pages: int) -> None:
        """From any earlier place a page is what the plain list gives, and so is the next."""
        place = self.places[which % len(self.places)]
        for _ in range(pages):
            page = self.real.read(place, max_bytes)
            assert page == self.model.read(place, max_bytes)
            assert page.next.includes(place)
            place = page.next
            self.places.append(place)
            if not page.has_more:
                break

    @invariant()
    def agrees(self) -> None:
        """The same events, the same sums; never over the limits."""
        held = self.model.held
        assert len(self.real) == len(held) <= LIMITS.events
        assert self.real.bytes == self.model.size <= LIMITS.bytes
        assert self.real.first == (held[0].id if held else None)
        assert self.real.last == (held[-1].id if held else None)
        assert self.real.fold.place == self.model.fold.place
        everything = self.real.read(NOWHERE, 10**9)
        assert everything == self.model.read(NOWHERE, 10**9)
        at_the_end = self.real.read(self.real.fold.place, 1)
        assert at_the_end == Slice((), self.real.fold.place, has_more=False, gap=None)


TestBuffer = BufferAgainstList.TestCase
TestBuffer.settings = settings(max_examples=100, stateful_step_count=50)


def filled(session: Session, limits: Limits = ROOMY) -> EventBuffer:
    """A buffer with a session in it."""
    buffer = EventBuffer(RUN, limits)
    for item in session.history:
        buffer.take(item)
    return buffer


def is_within(event: EventId, missing: Missing) -> bool:
    """Whether a range has the event; a buffer's ranges have both ends."""
    after, before = missing
    return after is not None and before is not None and after < event < before


@given(concurrent_sessions(), st.integers(1, 400), st.integers(1, 12), st.data())
def test_a_reader_gets_everything_once_or_is_told_what_is_missing(
    session: Session, max_bytes: int, limit: int, data: st.DataObject
) -> None:
    """From the place of any reading, pages join to all that counts and was not seen."""
    buffer = filled(session, Limits(events=limit))
    reading = data.draw(readings(session))
    place = NOWHERE
    for event in reading:
        place = place.advance(event.id, session.beside[event.id.producer])
    got, missing = list(reading), list[Missing]()
    while True:
        page = buffer.read(place, max_bytes)
        missing += page.gap.missing if page.gap else ()
        for event in page.events:
            assert event not in got
            got.append(event)
        place = page.next
        if not page.has_more:
            break
    told = [
        event
        for event in session.counting()
        if event not in got and any(is_within(event.id, one) for one in missing)
    ]
    assert not {event.id for event in got} & {event.id for event in told}
    assert what_counts([*got, *told]) == session.counting()
    assert place == buffer.fold.place


@given(concurrent_sessions(), st.data())
def test_the_order_of_a_page_respects_causes(session: Session, data: st.DataObject) -> None:
    """Before a producer begins, a reader has all events of those that are not beside it."""
    buffer = filled(session)
    place, got = NOWHERE, list[NumberedEvent]()
    while (page := buffer.read(place, data.draw(st.integers(1, 300)))).events:
        for event in page.events:
            producer = event.id.producer
            if producer and event.id.seq == 1:
                earlier = set(range(1, producer)) - session.beside[producer]
                whole = [e for e in session.counting() if e.id.producer in earlier]
                assert set(ids_of(whole)) <= set(ids_of(got))
            got.append(event)
        place = page.next


class Counted(list[Any]):
    """A list that counts how many of its elements were looked at."""

    looks = 0

    def __getitem__(self, index: Any) -> Any:
        Counted.looks += 1
        return super().__getitem__(index)

    def __iter__(self) -> Any:
        for one in super().__iter__():
            Counted.looks += 1
            yield one


def test_a_page_costs_what_is_on_it() -> None:
    """From any place in a long buffer, a read looks at the page and a few events to find it."""
    count = 2_000
    buffer = EventBuffer(RUN, ROOMY)
    buffer.take(Scheduled(1, "act", "1"))
    buffer.take(Scheduled(2, "act", "2", frozenset({1})))
    for seq in range(1, count + 1):
        batches = [Batch(run_of(EventId(producer, 1, seq), 1)) for producer in (1, 2)]
        buffer.take(Published(RUN, tuple(batches)))
        buffer.take(Spoken(Batch(run_of(EventId(0, 1, seq), 1))))
    index = {producer: Counted(held) for producer, held in buffer._of.items()}
    with patch.multiple(buffer, _log=Counted(buffer._log), _of=index):
        for seen in (0, 1, 77, 1_000, 1_990):
            at = (1, seen)
            Counted.looks = 0
            page = buffer.read(Place({0: at, 1: at, 2: at}), 1_000)
            assert len(page.events) > 20
            assert Counted.looks <= len(page.events) + 1 + 4 * count.bit_length() + 8


EARLIER = {
    "0.0.0": [(None, "0.1.3"), ("1.0.0", "4.0.0")],
    "0.1.1,2.1.9": [("0.1.1", "0.1.3"), ("2.1.9", "4.0.0")],
    "0.1.2,4.0.0": [],
    "0.1.1,4.1.1": [("0.1.1", "0.1.3")],
}


@given(st.sampled_from(sorted(EARLIER)))
def test_the_buffer_of_a_later_run_lacks_the_earlier_ones(after: str) -> None:
    """A reader who may miss events of earlier runs is told, and then gets those of this run."""
    missing = EARLIER[after]
    begins = Place.before(4, 2)
    for continues in (True, False):
        buffer = EventBuffer(RUN, ROOMY, begins, continues=continues)
        buffer.take(Scheduled(4, "act", "4"))
        buffer.take(Published(RUN, (Batch(run_of(EventId(4, 1, 1), 3)),)))
        page = buffer.read(Place.parse(after), 10_000)
        told = [(one["after"], one["before"]) for one in page.gap.to_json()] if page.gap else []
        assert told == (missing if continues else [])
        assert str(page.next) == "0.1.2,4.1.3"
        assert not buffer.read(page.next, 10_000).gap


@given(concurrent_sessions(), st.data())
def test_a_joined_place_is_that_of_a_reader_who_has_both(
    session: Session, data: st.DataObject
) -> None:
    """`join` adds what lies before a run, and takes nothing away."""
    place = NOWHERE
    for event in data.draw(readings(session)):
        place = place.advance(event.id, session.beside[event.id.producer])
    producer, spoken = len(session.sent), len(session.sent[0])
    begins = Place.before(producer, spoken)
    assert place.join(NOWHERE) == place
    assert place.join(begins) == begins.join(place) == begins
    later = begins.advance(EventId(producer, 1, 1))
    assert later.join(begins) == later
