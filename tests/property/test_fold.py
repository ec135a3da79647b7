"""The fold: whatever reaches the history, in whatever shape, the stream is what was sent."""

from collections.abc import Iterable, Iterator
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from kai_flow.stream.batches import Batch
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.fold import Disposition, Fold, Verdict
from kai_flow.stream.gaps import Gap, Missing
from kai_flow.stream.ids import EventId
from kai_flow.stream.place import NOWHERE, Place
from kai_flow.stream.recorded import Closing, Ended, Published, Recorded, Scheduled, Spoken
from tests.property.strategies import (
    OTHER_RUN,
    RUN,
    Session,
    concurrent_sessions,
    ids_of,
    numbered,
    readings,
    run_of,
    what_counts,
)


class PlainFold:
    """The rules of §4.4, with plain sets and lists: every accepted event, and who is closed."""

    def __init__(self, *, last: int = 0, spoken: int = 0) -> None:
        self.accepted: list[NumberedEvent] = []
        self.marks: dict[int, frozenset[int]] = {}
        self.closed = set(range(1, last + 1))
        self.newest = last
        self.spoken = spoken
        self.marked = False

    def position(self, producer: int) -> EventId:
        """The last accepted event of a producer."""
        start = EventId(0, 1, self.spoken) if producer == 0 else EventId(producer, 0, 0)
        return max((e.id for e in self.accepted if e.id.producer == producer), default=start)

    def mark(self, producer: int, beside: frozenset[int]) -> None:
        """The mark of a producer closes all that are not beside it."""
        self.closed |= {p for p in range(1, producer) if p not in beside}
        self.marks[producer] = beside
        self.newest = producer

    def take(self, item: Recorded) -> None:
        """The next item of the history."""
        match item:
            case Scheduled(producer, _, _, beside) if producer > self.newest:
                self.marked = True
                self.mark(producer, beside)
            case Published(run_id, batches) if run_id == RUN:
                for batch in batches:
                    self.apply(batch)
            case Spoken(batch):
                self.accept(batch)
            case _:
                pass

    def apply(self, batch: Batch) -> None:
        """A batch of a signal."""
        producer = batch.first.producer
        if not self.marked and producer > self.newest:
            first = batch.events[0].decode()
            beside = first.get("beside", []) if first["type"] == "started" else []
            self.marks |= {p: frozenset() for p in beside if p > self.newest}
            self.mark(producer, frozenset(beside))
        if producer in self.marks and producer not in self.closed:
            self.accept(batch)

    def accept(self, batch: Batch) -> None:
        """What lies after the last accepted event of the producer."""
        position = self.position(batch.first.producer)
        self.accepted += [event for event in batch.events if event.id > position]


def stream_of(fold: Fold, items: Iterable[Recorded]) -> list[NumberedEvent]:
    """All events that a fold accepts."""
    return [event for item in items for verdict in fold.take(item)[0] for event in verdict.events]


@given(concurrent_sessions(), st.data())
def test_the_fold_is_what_was_sent_however_it_came(session: Session, data: st.DataObject) -> None:
    """Batches that come again, late, split, merged or for another run change nothing."""
    fold, accepted = Fold(RUN), list[NumberedEvent]()
    arrived: dict[int, list[NumberedEvent]] = {}
    for item in session.history:
        verdicts, _ = fold.take(item)
        assert all(verdict.disposition is Disposition.ACCEPTED for verdict in verdicts)
        assert all(verdict.gap is None for verdict in verdicts)
        for verdict in verdicts:
            first = verdict.events[0].id
            before = arrived.setdefault(first.producer, [])
            again = before and before[-1].id.attempt < first.attempt
            assert verdict.replaces == (first if again else None)
            before += verdict.events
            accepted += verdict.events
        repeats: bool = data.draw(st.booleans())
        if arrived and repeats:
            producer: int = data.draw(st.sampled_from(sorted(arrived)))
            some = arrived[producer]
            start = data.draw(st.integers(0, len(some) - 1))
            same = [e for e in some[start:] if e.id.attempt == some[start].id.attempt]
            batch = Batch(tuple(same[: data.draw(st.integers(1, len(same)))]))
            run_id = data.draw(st.sampled_from([RUN, RUN, OTHER_RUN]))
            place = fold.place
            late = Spoken(batch) if batch.first.producer == 0 else Published(run_id, (batch,))
            ((verdict,), _) = fold.take(late)
            assert verdict.disposition is not Disposition.ACCEPTED
            assert not verdict.events
            assert fold.place == place
    assert what_counts(accepted) == session.counting()


@given(concurrent_sessions(), st.data())
def test_an_end_joined_to_a_beginning_counts_once(session: Session, data: st.DataObject) -> None:
    """A sender may repeat everything that it is not sure of together with what is new."""
    sent: dict[tuple[int, int], list[NumberedEvent]] = {}
    accepted, fold = list[NumberedEvent](), Fold(RUN)
    for item in session.history:
        if not isinstance(item, Published):
            accepted += stream_of(fold, [item])
            continue
        for batch in item.batches:
            before = sent.setdefault(batch.first.attempt_key, [])
            back = data.draw(st.integers(0, len(before)))
            longer = Batch((*before[len(before) - back :], *batch.events))
            before += batch.events
            accepted += fold.apply(longer, RUN).events
    assert len(accepted) == len(set(accepted))
    assert what_counts(accepted) == session.counting()


@given(concurrent_sessions(), st.data())
def test_the_place_of_the_fold_covers_what_it_accepted(
    session: Session, data: st.DataObject
) -> None:
    """A reader who has everything is at the fold's place, whatever order the events came in."""
    fold = Fold(RUN)
    stream_of(fold, session.history)
    place = NOWHERE
    for event in data.draw(readings(session)):
        place = place.advance(event.id, fold.beside(event.id.producer))
        assert fold.place.includes(place)
    everything = {event for sent in session.sent.values() for event in ids_of(sent)}
    assert all(fold.place.covers(event) for event in everything)


items = st.one_of(
    st.builds(
        Scheduled,
        st.integers(1, 6),
        st.just("act"),
        st.just("7"),
        st.frozensets(st.integers(1, 5), max_size=3),
    ).filter(lambda mark: all(p < mark.producer for p in mark.beside)),
    st.builds(Ended, st.integers(1, 6), st.sampled_from(["completed", "failed", "timed_out"])),
    st.builds(
        lambda seq, count: Spoken(Batch(run_of(EventId(0, 1, seq), count))),
        st.integers(1, 6),
        st.integers(1, 3),
    ),
)


@st.composite
def published(draw: st.DrawFn) -> Published:
    """Any batches, of producers with and without a mark; some begin with `started`."""
    batches = []
    for producer in draw(st.lists(st.integers(1, 6), min_size=1, max_size=3, unique=True)):
        first = EventId(producer, draw(st.integers(1, 3)), draw(st.sampled_from([1, 1, 2, 3, 5])))
        events = run_of(first, draw(st.integers(1, 3)))
        if first.seq == 1 and draw(st.booleans()):
            below = draw(st.sets(st.integers(1, max(1, producer - 1)), max_size=3))
            beside = sorted(p for p in below if p < producer)
            events = (*numbered(first, [{"type": "started", "beside": beside}]), *events[1:])
        batches.append(Batch(events))
    return Published(draw(st.sampled_from([RUN, RUN, RUN, OTHER_RUN])), tuple(batches))


def history(count: int = 25) -> st.SearchStrategy[list[Recorded]]:
    """Anything that a history may record, also of senders that are not correct."""
    unmarked = st.lists(
        st.one_of(published(), items.filter(lambda i: not isinstance(i, Scheduled)))
    )
    return st.lists(items | published() | published(), max_size=count) | unmarked


@given(history(), st.integers(0, 3), st.integers(0, 2))
@example([Published(RUN, (Batch(run_of(EventId(1, 1, 1), 1)),)), Scheduled(1, "a", "1")], 0, 0)
def test_the_fold_agrees_with_plain_rules_on_any_history(
    recorded: list[Recorded], last: int, spoken: int
) -> None:
    """Also for senders that are not correct, in runs with and without marks, first or continued."""
    fold, plain = Fold(RUN, Place.before(last + 1, spoken)), PlainFold(last=last, spoken=spoken)
    for item in recorded:
        before = len(plain.accepted)
        plain.take(item)
        assert stream_of(fold, [item]) == plain.accepted[before:]
        assert fold.newest == plain.newest
        assert set(fold.open) == plain.marks.keys() - plain.closed
        assert {p: fold.beside(p) for p in plain.marks} == plain.marks
        for producer in [0, *plain.marks]:
            closing = fold.closing(producer)
            if closing is not None:
                assert closing.final == plain.position(producer)
            if producer in fold.open or not producer:
                assert fold.place.position(producer)[1:] == plain.position(producer)[1:] or (
                    plain.position(producer).seq == 0
                )


def activations(recorded: list[Recorded]) -> Iterator[tuple[list[Recorded], list[Recorded]]]:
    """What came to the workflow while a task of it was under way, and what that task commanded."""
    came, commanded = list[Recorded](), list[Recorded]()
    for item in recorded:
        if isinstance(item, Scheduled | Spoken):
            commanded.append(item)
            continue
        if commanded:
            yield came, commanded
            came, commanded = [], []
        came.append(item)
    yield came, commanded


def as_the_workflow_sees_it(recorded: list[Recorded]) -> Iterator[Recorded]:
    """In an activation all signals are applied, then activities end, then the code commands."""
    for came, commanded in activations(recorded):
        yield from sorted(came, key=lambda item: isinstance(item, Ended))
        yield from commanded


@given(st.one_of(history(), concurrent_sessions().map(lambda session: session.history)))
def test_the_workflow_arrives_at_the_stream_of_the_history(recorded: list[Recorded]) -> None:
    """Although it sees the signals of an activation before the ends of activities."""
    one, other = Fold(RUN), Fold(RUN)
    assert stream_of(one, recorded) == stream_of(other, as_the_workflow_sees_it(recorded))
    assert one.place == other.place
    assert one.open == other.open
    assert one.close() == other.close()


@given(history())
def test_a_closing_comes_once_for_each_producer(recorded: list[Recorded]) -> None:
    """Each producer ends at most once and is closed once, at the last of its accepted events."""
    fold = Fold(RUN)
    ended, closed = dict[int, Closing](), dict[int, Closing]()
    for item in recorded:
        verdicts, closings = fold.take(item)
        for verdict in verdicts:  # in a run without marks, each closes before its own events
            before = closed.keys() | {closing.producer for closing in verdict.closings}
            assert not any(event.id.producer in before for event in verdict.events)
        for closing in closings:
            told = ended if isinstance(item, Ended) else closed
            assert closing.producer not in told
            assert closing.producer not in closed
            told[closing.producer] = closing
            assert fold.closing(closing.producer) == closing
    for closing in fold.close():
        assert closing.producer not in closed
        closed[closing.producer] = closing
    assert not fold.open
    for producer, closing in closed.items():
        assert fold.closing(producer) == closing
        if producer in ended:
            assert closing.status == ended[producer].status
            assert closing.final >= ended[producer].final
        else:
            # None: it was closed while the run had no mark, so how it has ended is not known.
            assert closing.status in {"cancelled", None}


@given(st.integers(1, 5), st.integers(1, 9), st.booleans())
def test_what_was_stored_last_is_remembered_until_a_retry(last: int, gap: int, later: bool) -> None:
    """The accepted `unstored` of a producer is kept while its attempt counts."""
    fold, first = Fold(RUN), EventId(1, 1, 1)
    fold.scheduled(Scheduled(1, "act", "7"))
    *events, end = run_of(first, last)
    assert fold.unstored(1) is None
    fold.apply(Batch((*events, end._replace(type="unstored"))), RUN)
    assert fold.unstored(1) == end.id
    if later:
        fold.apply(Batch(run_of(EventId(1, 1 + gap, 1), 1)), RUN)
        assert fold.unstored(1) is None


@given(st.integers(0, 9), st.integers(1, 9), st.booleans())
def test_a_hole_is_reported_with_its_ends(known: int, skipped: int, again: bool) -> None:
    """Events missing within an attempt, or at the beginning of a later one, are a gap."""
    fold = Fold(RUN)
    fold.scheduled(Scheduled(1, "act", "7"))
    fold.apply(Batch(run_of(EventId(1, 1, 1), known + 1)), RUN)
    position = fold.place.position(1)
    first = EventId(1, 2, 1 + skipped) if again else position.offset(1 + skipped)
    verdict = fold.apply(Batch(run_of(first, 2)), RUN)
    assert verdict.gap == Gap((Missing(position, first),))
    assert verdict == Verdict(
        Disposition.ACCEPTED, run_of(first, 2), verdict.gap, first if again else None
    )


def started(producer: int, **fields: Any) -> Batch:
    """The first batch of a producer, in a run without marks."""
    return Batch(numbered(EventId(producer, 1, 1), [{"type": "started", **fields}]))


def test_without_marks_the_first_batch_of_a_producer_is_its_mark() -> None:
    """It tells the activity and those beside it, closes the others, and may come first."""
    fold = Fold(RUN)
    fold.apply(started(1, activity="a", activity_id="1"), RUN)
    verdict = fold.apply(started(4, activity="d", activity_id="4", beside=[[2, 3]]), RUN)
    assert verdict.closings == (Closing(1, EventId(1, 1, 1), "cancelled"),)
    fold.apply(started(2, activity="b", activity_id="2"), RUN)
    assert fold.open == {
        2: Scheduled(2, "b", "2"),
        3: Scheduled(3, "", ""),
        4: Scheduled(4, "d", "4", frozenset({2, 3})),
    }
    assert str(fold.place) == "2.1.1,3.0.0,4.1.1"


def test_how_a_producer_ended_is_told_only_if_it_is_known() -> None:
    """Without a mark and without the id of its activity, nothing tells how a producer ended."""
    fold = Fold(RUN)
    fold.apply(started(1), RUN)
    fold.apply(started(2, activity_id="2", beside=[1]), RUN)
    fold.apply(started(3, activity_id="3", beside=[1, 2]), RUN)
    fold.ended(Ended(2, "completed"))
    assert [closing.status for closing in fold.close()] == [None, "completed", "cancelled"]


def test_a_mark_ends_the_time_without_marks() -> None:
    """After a mark only marked producers count; a mark with a used number changes nothing."""
    fold = Fold(RUN)
    fold.apply(started(1), RUN)
    assert fold.scheduled(Scheduled(1, "act", "1")) == ()
    assert fold.apply(started(2), RUN).disposition is Disposition.ACCEPTED
    assert [one.producer for one in fold.scheduled(Scheduled(3, "act", "3"))] == [2]
    assert fold.apply(started(4), RUN).disposition is Disposition.UNKNOWN
    assert fold.apply(started(2), RUN).disposition is Disposition.SUPERSEDED


def test_a_number_without_a_mark_between_others_is_of_nobody() -> None:
    """Its activity was cancelled before the history had it: closed without any event."""
    fold = Fold(RUN, Place.before(3))
    fold.take(Scheduled(3, "a", "1"))
    fold.take(Scheduled(5, "c", "3", frozenset({3, 4})))
    assert fold.closing(4) == Closing(4, EventId(4, 0, 0), "cancelled")
    assert [fold.closing(producer) for producer in (2, 3, 5, 6)] == [None] * 4
