"""The stored stream of a session: read once, continued later, and only as far as it is needed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from temporalio.service import RPCError

from kai_flow.stream.events import NumberedEvent, held_bytes
from kai_flow.stream.gaps import Gap, Missing
from kai_flow.stream.ids import EventId
from kai_flow.stream.place import NOWHERE, Place
from kai_flow.stream.recorded import Closing
from kai_flow.stream.stored import StoredStream
from tests.property.strategies import run_of
from tests.unit.temporal_stage import LAST, LATER, RUN_ID, SESSION, TemporalStage, in_virtual_time

FIRST = EventId(1, 1, 1)
ALL = 10**9


def stored_on(stage: TemporalStage, run_id: str = RUN_ID) -> StoredStream:
    """The stream of this run, of which nothing has been read."""
    return StoredStream(stage.client, SESSION, run_id)


def at(text: str) -> Place:
    """A reader's place."""
    return Place.parse(text)


def chain_of_three() -> tuple[TemporalStage, list[NumberedEvent]]:
    """A closed session of three runs with one producer each, and all of its events."""
    stage, said = TemporalStage(page_size=2), list[NumberedEvent]()
    for number, following in enumerate((LATER, LAST, ""), 1):
        events = run_of(EventId(number, 1, 1), 2)
        stage.schedule(str(number), header=number)
        stage.store(events)
        stage.finish(str(number))
        said += events
        if following:
            stage.continue_as_new(following, producer=number)
    stage.close()
    return stage, said


async def read_through(stream: StoredStream, place: Place) -> list[NumberedEvent | Gap]:
    """What a reader at `place` gets, in parts as small as they come."""
    shown: list[NumberedEvent | Gap] = []
    while True:
        await stream.read_on(place, lambda _: None)
        part = stream.read(place, 1)
        if not part.events and part.gap is None:
            return shown
        shown += [] if part.gap is None else [part.gap]
        shown += part.events
        place = part.next


@given(count=st.integers(0, 12), page_size=st.integers(1, 4), closed=st.booleans())
@in_virtual_time
async def test_reading_to_the_end_finds_everything(
    count: int, page_size: int, closed: bool
) -> None:
    """Of a running and of a closed run; the memory that it takes is reported as it grows."""
    stage = TemporalStage(page_size=page_size)
    for number in range(count):
        stage.store(run_of(FIRST.offset(number), 1))
    if closed:
        stage.close()
    stream, grew = stored_on(stage), list[int]()
    await stream.read_on(NOWHERE, grew.append, to_end=True)
    read = stream.read(NOWHERE, ALL).events
    assert read == run_of(FIRST, count)
    assert len(stream) == count
    assert stream.complete == closed
    assert sum(grew) == stream.held == held_bytes(count, sum(len(e.data) for e in read))


@in_virtual_time
async def test_a_run_without_events_does_not_hide_those_after_it() -> None:
    """A part that ends with the first run tells that there is more, in the third one."""
    stage = TemporalStage()
    stage.store(run_of(FIRST, 1))
    stage.continue_as_new(LATER, producer=1)
    stage.continue_as_new(LAST, producer=1)
    later = run_of(EventId(2, 1, 1), 1)
    stage.schedule("2", header=2)
    stage.store(later)
    stage.close()
    stream = stored_on(stage)
    await stream.read_on(NOWHERE, lambda _: None, to_end=True)
    part = stream.read(NOWHERE, ALL)
    assert (part.events, part.has_more) == (run_of(FIRST, 1), True)
    part = stream.read(part.next, ALL)
    assert (part.events, part.has_more) == (later, False)


@given(count=st.integers(1, 12), after=st.integers(0, 11))
@in_virtual_time
async def test_reading_stops_where_there_is_something_new(count: int, after: int) -> None:
    """A reader that needs one more event does not make the rest be read; later calls continue."""
    stage = TemporalStage(page_size=1)
    for number in range(count):
        stage.store(run_of(FIRST.offset(number), 1))
    stage.close()
    stream = stored_on(stage)
    place = at(str(FIRST.offset(after - 1))) if after else NOWHERE
    await stream.read_on(place, lambda _: None)
    assert stream.reaches_past(place) == (after < count)
    if after < count:
        assert len(stream) == after + 1
    calls = stage.counted.calls
    await stream.read_on(place, lambda _: None)
    assert stage.counted.calls == calls, "it is known already"
    await stream.read_on(place, lambda _: None, to_end=True)
    assert len(stream) == count


@in_virtual_time
async def test_an_outage_keeps_what_was_read() -> None:
    """The next call reads on behind it."""
    stage = TemporalStage(page_size=2)
    stage.store(run_of(FIRST, 2))
    stream = stored_on(stage)
    await stream.read_on(NOWHERE, lambda _: None, to_end=True)
    stage.outage()
    with pytest.raises(RPCError):
        await stream.read_on(NOWHERE, lambda _: None, to_end=True)
    assert len(stream) == 2
    stage.outage(over=True)
    stage.store(run_of(FIRST.offset(2), 1))
    await stream.read_on(NOWHERE, lambda _: None, to_end=True)
    assert stream.read(NOWHERE, ALL).events == run_of(FIRST, 3)


@given(start=st.integers(0, 6), run_id=st.sampled_from([RUN_ID, LATER, LAST]))
@in_virtual_time
async def test_a_chain_is_read_from_any_event_on(start: int, run_id: str) -> None:
    """From whichever run the search begins, the reader gets the rest once and in order."""
    stage, said = chain_of_three()
    place = at(str(said[start - 1].id)) if start else NOWHERE
    assert await read_through(stored_on(stage, run_id), place) == said[start:]


@in_virtual_time
async def test_a_part_of_a_later_run_begins_where_the_run_does() -> None:
    """So the cursor of its first event tells that nothing of the runs before is needed any more."""
    stage, said = chain_of_three()
    stream = stored_on(stage, LAST)
    assert await read_through(stream, NOWHERE) == said
    assert stream.read(NOWHERE, 1).start is None
    second = next(event for event in said if event.id.producer == 2)
    part = stream.read(at("1.1.2"), 1)
    assert part.events[0] == second
    assert part.start == at("2.0.0")


@in_virtual_time
async def test_earlier_runs_are_read_only_for_those_who_need_them() -> None:
    """A reader of the last run does not make a long chain be read; another one may, later."""
    stage, said = chain_of_three()
    stream = stored_on(stage, LAST)
    assert await read_through(stream, at("3.0.0")) == said[4:]
    assert len(stream) == 2
    assert stream.complete
    assert await read_through(stream, NOWHERE) == said
    assert stream.complete


@in_virtual_time
async def test_a_deleted_run_is_a_gap() -> None:
    """The rest of the stream follows it, and its producers are known."""
    stage, said = chain_of_three()
    stage.delete(RUN_ID)
    stream = stored_on(stage, LAST)
    gap = Gap((Missing(None, EventId(2, 0, 0)),))
    assert await read_through(stream, NOWHERE) == [gap, *said[2:]]
    assert stream.read(NOWHERE, ALL).start == at("2.0.0")
    assert stream.closing(2) == Closing(2, EventId(2, 1, 2), "completed")
    assert stream.closing(1) is None


@in_virtual_time
async def test_a_run_deleted_while_it_is_read_is_a_gap_too() -> None:
    """The oldest ones are deleted first, so the next one is tried."""
    stage, said = chain_of_three()
    stream = stored_on(stage, LAST)
    await stream.read_on(NOWHERE, lambda _: None)
    stage.delete(RUN_ID)
    gap = Gap((Missing(EventId(1, 1, 2), EventId(2, 0, 0)),))
    assert await read_through(stream, at("1.1.2")) == [gap, *said[2:]]


@in_virtual_time
async def test_producers_are_known_across_runs() -> None:
    """Each run knows its own; those of earlier runs are closed."""
    stage = TemporalStage()
    stage.schedule("a", header=1)
    stage.schedule("b", header=2, beside=[1])
    stage.store([*run_of(FIRST, 1), *run_of(EventId(2, 1, 1), 1)])
    stage.continue_as_new(LATER, producer=2)
    stage.schedule("c", header=3)
    stage.store(run_of(EventId(3, 1, 1), 1))
    stream = stored_on(stage)
    await stream.read_on(NOWHERE, lambda _: None, to_end=True)
    assert stream.beside(2) == {1}
    assert stream.closing(1) == Closing(1, FIRST, "cancelled")
    assert stream.closing(3) is None
    assert (1 in stream.open, 3 in stream.open) == (False, True)
    assert stream.place == at("3.1.1")
