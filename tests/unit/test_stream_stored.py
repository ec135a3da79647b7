"""The stored stream of a run: read once, continued later, and only as far as it is needed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from temporalio.service import RPCError

from kai_flow.stream.events import held_bytes
from kai_flow.stream.ids import START, EventId
from kai_flow.stream.stored import StoredStream
from tests.property.strategies import run_of
from tests.unit.virtual import RUN_ID, SESSION, Stage, in_virtual_time

FIRST = EventId(1, 1, 1)


def stored_on(stage: Stage) -> StoredStream:
    """The stream of the run, of which nothing has been read."""
    return StoredStream(stage.client, SESSION, RUN_ID)


@given(count=st.integers(0, 12), page_size=st.integers(1, 4), closed=st.booleans())
@in_virtual_time
async def test_reading_to_the_end_finds_everything(
    count: int, page_size: int, closed: bool
) -> None:
    """Of a running and of a closed run; the memory that it takes is reported as it grows."""
    stage = Stage(page_size=page_size)
    for number in range(count):
        stage.store(run_of(FIRST.offset(number), 1))
    if closed:
        stage.close()
    stream, grew = stored_on(stage), list[int]()
    await stream.read_on(None, grew.append)
    read = stream.events.read(START, 10**9).events
    assert read == run_of(FIRST, count)
    assert stream.complete == closed
    assert sum(grew) == stream.held == held_bytes(count, sum(len(e.data) for e in read))


@given(count=st.integers(1, 12), after=st.integers(0, 11))
@in_virtual_time
async def test_reading_stops_where_there_is_something_new(count: int, after: int) -> None:
    """A reader that needs one more event does not make the rest be read; later calls continue."""
    stage = Stage(page_size=1)
    for number in range(count):
        stage.store(run_of(FIRST.offset(number), 1))
    stage.close()
    stream, cursor = stored_on(stage), FIRST.offset(after - 1)
    await stream.read_on(cursor, lambda _: None)
    assert stream.reaches_past(cursor) == (after < count)
    if after < count:
        assert stream.events.last == FIRST.offset(after)
    calls = stage.counted.calls
    await stream.read_on(cursor, lambda _: None)
    assert stage.counted.calls == calls, "it is known already"
    await stream.read_on(None, lambda _: None)
    assert stream.events.last == FIRST.offset(count - 1)


@in_virtual_time
async def test_an_outage_keeps_what_was_read() -> None:
    """The next call reads on behind it."""
    stage = Stage(page_size=2)
    stage.store(run_of(FIRST, 2))
    stream = stored_on(stage)
    await stream.read_on(None, lambda _: None)
    stage.outage()
    with pytest.raises(RPCError):
        await stream.read_on(None, lambda _: None)
    assert stream.events.last == FIRST.offset(1)
    stage.outage(over=True)
    stage.store(run_of(FIRST.offset(2), 1))
    await stream.read_on(None, lambda _: None)
    assert stream.events.read(START, 10**9).events == run_of(FIRST, 3)
