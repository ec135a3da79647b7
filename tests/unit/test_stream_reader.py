"""Readers of Temporal: the buffer page by page, with no gap overlooked, and the whole history."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from temporalio.service import RPCError

from kai_flow.stream.buffer import Limits
from kai_flow.stream.fold import Gap
from kai_flow.stream.ids import START, EventId
from kai_flow.stream.pages import MIN_PAGE_BYTES
from kai_flow.stream.reader import EventReader, EventsMissing, read_history
from tests.property.strategies import plain, run_of
from tests.unit.virtual import RUN_ID, SESSION, Stage, in_virtual_time

FIRST = EventId(1, 1, 1)


@given(count=st.integers(0, 12), after=st.integers(0, 12), padding=st.sampled_from([0, 6_000]))
@in_virtual_time
async def test_the_buffer_is_read_page_by_page(count: int, after: int, padding: int) -> None:
    """Every event after the cursor, once and in order, whatever the size of the pages."""
    stage = Stage()
    events = [plain(FIRST.offset(number), padding) for number in range(count)]
    if events:
        stage.store(events)
    reader = EventReader(stage.client, SESSION, RUN_ID)
    cursor = FIRST.offset(after - 1) if after else START
    assert [event async for event in reader.events(cursor)] == events[after:]
    page = await reader.page(cursor, MIN_PAGE_BYTES)
    assert sum(len(event.data) for event in page.events[:-1]) <= MIN_PAGE_BYTES
    assert page.last == (events[-1].id if events else None)


@in_virtual_time
async def test_no_gap_is_overlooked() -> None:
    """Evicted events raise an error that tells where to continue, or are yielded as a gap."""
    stage = Stage(limits=Limits(events=3))
    stage.store(run_of(FIRST, 5))
    reader = EventReader(stage.client, SESSION, RUN_ID)
    with pytest.raises(EventsMissing) as missing:
        [event async for event in reader.events()]
    gap = Gap(START, FIRST.offset(2))
    assert missing.value.gap == gap
    behind = [event async for event in reader.events(missing.value.go_on_after)]
    assert behind == [*run_of(FIRST, 5)[2:]]
    assert [one async for one in reader.events_and_gaps()] == [gap, *behind]


@in_virtual_time
async def test_a_gap_without_anything_behind_it_ends_the_reading() -> None:
    """When no event is held any more, the cursor after the gap is that of the last event."""
    stage = Stage(limits=Limits(events=0))
    stage.store(run_of(FIRST, 2))
    reader = EventReader(stage.client, SESSION, RUN_ID)
    with pytest.raises(EventsMissing) as missing:
        [event async for event in reader.events()]
    assert missing.value.gap == Gap(START, None)
    assert [event async for event in reader.events(missing.value.go_on_after)] == []


@given(sizes=st.lists(st.integers(1, 4), max_size=6), page_size=st.integers(1, 4))
@in_virtual_time
async def test_a_history_has_everything(sizes: list[int], page_size: int) -> None:
    """All batches of the run, on any number of pages, also of a session that is still running."""
    stage, place = Stage(page_size=page_size, limits=Limits(events=1)), FIRST
    for size in sizes:
        stage.store(run_of(place, size))
        place = place.offset(size)
    stream = await read_history(stage.client, SESSION, RUN_ID)
    assert stream.read(START, 10**9).events == run_of(FIRST, sum(sizes))


@in_virtual_time
async def test_an_outage_is_the_callers_to_wait_out() -> None:
    """Neither way of reading hides that the server does not answer."""
    stage = Stage()
    stage.outage()
    with pytest.raises(RPCError):
        await EventReader(stage.client, SESSION).page()
    with pytest.raises(RPCError):
        await read_history(stage.client, SESSION, RUN_ID)
