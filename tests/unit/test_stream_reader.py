"""Readers of Temporal: the buffer page by page, with no gap overlooked, and the whole history."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from temporalio.service import RPCError

from kai_flow.stream.buffer import Limits
from kai_flow.stream.errors import InvalidId
from kai_flow.stream.gaps import Gap, Missing
from kai_flow.stream.ids import EventId
from kai_flow.stream.pages import MIN_PAGE_BYTES
from kai_flow.stream.place import NOWHERE, Place
from kai_flow.stream.reader import EventReader, EventsMissing, read_history
from tests.property.strategies import plain, run_of
from tests.unit.temporal_stage import LATER, RUN_ID, SESSION, TemporalStage, in_virtual_time

FIRST = EventId(1, 1, 1)


@given(count=st.integers(0, 12), after=st.integers(0, 12), padding=st.sampled_from([0, 6_000]))
@in_virtual_time
async def test_the_buffer_is_read_page_by_page(count: int, after: int, padding: int) -> None:
    """Every event after the cursor, once and in order, whatever the size of the pages."""
    stage = TemporalStage()
    events = [plain(FIRST.offset(number), padding) for number in range(count)]
    if events:
        stage.store(events)
    reader = EventReader(stage.client, SESSION, RUN_ID)
    cursor = f"{FIRST.offset(after - 1)}@4f3a9c1e" if after else NOWHERE
    assert [event async for event in reader.events(cursor)] == events[after:]
    page = await reader.page(cursor, MIN_PAGE_BYTES)
    assert sum(len(event.data) for event in page.events[:-1]) <= MIN_PAGE_BYTES
    assert page.durable == (Place.parse(str(events[-1].id)) if events else NOWHERE)


@in_virtual_time
async def test_no_gap_is_overlooked() -> None:
    """Evicted events raise an error that tells where to continue, or are yielded as a gap."""
    stage = TemporalStage(limits=Limits(events=3))
    stage.store(run_of(FIRST, 5))
    reader = EventReader(stage.client, SESSION, RUN_ID)
    with pytest.raises(EventsMissing, match=r"those after 1\.0\.0 and before 1\.1\.3") as missing:
        [event async for event in reader.events()]
    gap = Gap((Missing(EventId(1, 0, 0), FIRST.offset(2)),))
    assert missing.value.gap == gap
    behind = [event async for event in reader.events(missing.value.go_on_after)]
    assert behind == [*run_of(FIRST, 5)[2:]]
    assert [one async for one in reader.events_and_gaps()] == [gap, *behind]


@in_virtual_time
async def test_a_gap_without_anything_behind_it_ends_the_reading() -> None:
    """When no event is held any more, the place after the gap is that of the last event."""
    stage = TemporalStage(limits=Limits(events=0))
    stage.store(run_of(FIRST, 2))
    reader = EventReader(stage.client, SESSION, RUN_ID)
    with pytest.raises(EventsMissing) as missing:
        [event async for event in reader.events()]
    assert missing.value.go_on_after == Place.parse("1.1.2")
    assert [event async for event in reader.events(missing.value.go_on_after)] == []


@in_virtual_time
async def test_a_cursor_that_nothing_follows_is_refused() -> None:
    """And one that is none, before anything is asked."""
    reader = EventReader(TemporalStage().client, SESSION)
    for cursor in ("end@4f3a9c1e", "yesterday"):
        with pytest.raises(InvalidId):
            await reader.page(cursor)


@given(sizes=st.lists(st.integers(1, 4), max_size=6), page_size=st.integers(1, 4))
@in_virtual_time
async def test_a_history_has_everything(sizes: list[int], page_size: int) -> None:
    """All batches of the run, on any number of pages, also of a session that is still running."""
    stage, place = TemporalStage(page_size=page_size, limits=Limits(events=1)), FIRST
    for size in sizes:
        stage.store(run_of(place, size))
        place = place.offset(size)
    stream = await read_history(stage.client, SESSION, RUN_ID)
    assert stream.read(NOWHERE, 10**9).events == run_of(FIRST, sum(sizes))


@in_virtual_time
async def test_a_history_goes_through_all_runs() -> None:
    """From the first run to the newest, whichever of them is named."""
    stage = TemporalStage()
    stage.store(run_of(FIRST, 1))
    stage.continue_as_new(LATER, producer=1)
    stage.store(run_of(EventId(2, 1, 1), 1))
    for run_id in (RUN_ID, LATER, None):
        stream = await read_history(stage.client, SESSION, run_id)
        assert len(stream) == 2
        assert stream.place == Place.parse("2.1.1")


@in_virtual_time
async def test_a_page_of_a_history_gets_the_time_that_it_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A page that takes longer than a short poll is read all the same."""
    stage = TemporalStage(page_size=1)
    stage.store(run_of(FIRST, 1))
    stage.close()
    at_once = stage.server.page

    async def slowly(*args: Any) -> Any:
        await asyncio.sleep(3)
        return await at_once(*args)

    monkeypatch.setattr(stage.server, "page", slowly)
    stream = await read_history(stage.client, SESSION, RUN_ID)
    assert (stream.complete, len(stream)) == (True, 1)


@in_virtual_time
async def test_an_outage_is_the_callers_to_wait_out() -> None:
    """Neither way of reading hides that the server does not answer."""
    stage = TemporalStage()
    stage.outage()
    with pytest.raises(RPCError):
        await EventReader(stage.client, SESSION).page()
    with pytest.raises(RPCError):
        await read_history(stage.client, SESSION, RUN_ID)
