"""The fold: whatever reaches the history, in whatever shape, the stream is what was said."""

from hypothesis import given
from hypothesis import strategies as st

from kai_flow.stream.batches import Batch
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.fold import Disposition, Fold, Gap, Verdict
from kai_flow.stream.ids import START, EventId
from tests.property.strategies import (
    OTHER_RUN,
    RUN,
    batches_of,
    near_ids,
    run_of,
    sessions,
    what_counts,
)


@given(sessions(), st.data())
def test_the_fold_is_what_was_said_however_it_came(
    lives: list[list[NumberedEvent]], data: st.DataObject
) -> None:
    """Batches again, late, split, merged or of another run change nothing; all else counts."""
    fold, accepted = Fold(RUN), list[NumberedEvent]()
    arrived: list[list[NumberedEvent]] = []  # per attempt, what has been signalled so far
    for life in lives:
        arrived.append([])
        batches: list[Batch] = data.draw(batches_of(life))
        for batch in batches:
            verdict = fold.apply(batch)
            assert verdict.disposition is Disposition.ACCEPTED
            assert verdict.events == batch.events
            assert verdict.gap is None
            begins = batch.first.seq == 1 and batch.first.attempt > 1
            again = any(old and old[0].id.producer == batch.first.producer for old in arrived[:-1])
            assert verdict.replaces == (batch.first if begins and again else None)
            accepted += verdict.events
            arrived[-1] += batch.events
            for _ in range(data.draw(st.integers(0, 2))):
                some = data.draw(st.sampled_from([old for old in arrived if old]))
                start = data.draw(st.integers(0, len(some) - 1))
                stop = data.draw(st.integers(start + 1, len(some)))
                run_id = data.draw(st.sampled_from([RUN, RUN, OTHER_RUN]))
                before = fold.position
                repeated = fold.apply(Batch(run_id, tuple(some[start:stop])))
                assert repeated.disposition is not Disposition.ACCEPTED
                assert not repeated.events
                assert fold.position == before
            # The next part of the attempt, joined to what came before it, counts only once.
            rest = life[len(arrived[-1]) :]
            if data.draw(st.booleans()) and rest:
                back = data.draw(st.integers(0, len(arrived[-1])))
                joined = fold.apply(Batch(RUN, tuple(life[back : len(arrived[-1]) + 1])))
                assert joined.events == (rest[0],)
                accepted.append(rest[0])
                arrived[-1].append(rest[0])
                if len(rest) == 1:
                    break
                rest_batch = fold.apply(Batch(RUN, tuple(rest)))
                assert rest_batch.events == tuple(rest[1:])
                accepted += rest_batch.events
                arrived[-1] += rest_batch.events
                break
    assert len(accepted) == len(set(accepted))
    assert what_counts(accepted) == what_counts(event for life in lives for event in life)


def expected(position: EventId, batch: Batch) -> Verdict:
    """The fold's rule, said plainly: what lies after the last accepted event is new."""
    if batch.run_id != RUN:
        return Verdict(Disposition.OTHER_RUN)
    if batch.first[:2] < position[:2]:
        return Verdict(Disposition.SUPERSEDED)
    new = tuple(event for event in batch.events if event.id > position)
    if not new:
        return Verdict(Disposition.DUPLICATE)
    first = new[0].id
    other_attempt = first[:2] != position[:2]
    wanted = 1 if other_attempt else position.seq + 1
    return Verdict(
        Disposition.ACCEPTED,
        new,
        Gap(position, first) if first.seq != wanted else None,
        first if other_attempt and first.producer == position.producer else None,
    )


@given(
    st.lists(st.tuples(near_ids, st.integers(1, 5), st.sampled_from([RUN, RUN, RUN, OTHER_RUN])))
)
def test_the_fold_agrees_with_a_plain_rule_on_any_batches(
    sent: list[tuple[EventId, int, str]],
) -> None:
    """Also for senders that are not correct: every verdict is the plain rule's, gaps recorded."""
    fold, position = Fold(RUN), START
    for place, count, run_id in sent:
        batch = Batch(run_id, run_of(place.offset(1), count))
        verdict = fold.apply(batch)
        assert verdict == expected(position, batch)
        if verdict.events:
            position = verdict.events[-1].id
        assert fold.position == position


@given(st.integers(1, 5), st.integers(0, 9), st.booleans(), st.booleans())
def test_behind_the_mark_nothing_is_stored(last: int, seq: int, marked: bool, later: bool) -> None:
    """Only a cursor at or behind `unstored`, in the attempt that counts, has more to miss."""
    fold, first = Fold(RUN), EventId(1, 1, 1)
    *events, end = run_of(first, last)
    end = end._replace(type="unstored") if marked else end
    fold.apply(Batch(RUN, (*events, end)))
    if later:
        fold.apply(Batch(RUN, tuple(run_of(EventId(1, 2, 1), 1))))
    wanted = marked and not later and seq >= last
    assert fold.unstored_after(first._replace(seq=seq)) == wanted
    assert not fold.unstored_after(EventId(1, 3, seq))
