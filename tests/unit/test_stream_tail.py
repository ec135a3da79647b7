"""The tail of a history: what becomes durable, in order, once, from wherever reading began."""

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from temporalio.service import RPCError

from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.ids import EventId
from kai_flow.stream.signals import PAGE_TIMEOUT
from kai_flow.stream.tail import SHORT_POLL_TIMEOUT, HistoryPages, HistoryTail
from tests.property.strategies import run_of
from tests.unit.virtual import RUN_ID, SESSION, Stage, in_virtual_time

FIRST = EventId(1, 1, 1)


async def read_all(tail: HistoryTail) -> list[NumberedEvent]:
    """Everything up to the end of the run."""
    events: list[NumberedEvent] = []
    while not tail.ended:
        events += await tail.read()
    return events


@given(
    sizes=st.lists(st.integers(1, 4), max_size=8),
    skipped=st.integers(0, 8),
    page_size=st.integers(1, 6),
)
@in_virtual_time
async def test_everything_after_the_beginning_is_read_once(
    sizes: list[int], skipped: int, page_size: int
) -> None:
    """Whatever was skipped is not read; all that is stored later is, on pages of any size."""
    stage = Stage(page_size=page_size)
    tail, said = HistoryTail(stage.client, SESSION, RUN_ID), list[NumberedEvent]()
    before = 0
    for number, size in enumerate(sizes):
        if number == skipped:
            await tail.skip()
            before = len(said)
        batch = run_of(FIRST.offset(len(said)), size)
        stage.store(batch)
        said += batch
    stage.close()
    assert await read_all(tail) == said[before:]


@in_virtual_time
async def test_a_read_waits_for_what_is_stored_next() -> None:
    """A long poll returns as soon as there is something, and not before."""
    stage = Stage()
    tail = HistoryTail(stage.client, SESSION, RUN_ID)
    await tail.skip()
    reading = asyncio.create_task(tail.read())
    await asyncio.sleep(5.0)
    assert not reading.done()
    stage.store(run_of(FIRST, 2))
    assert tuple(await reading) == run_of(FIRST, 2)


@in_virtual_time
async def test_an_outage_keeps_the_place() -> None:
    """After an error the next read continues with the page that was not read."""
    stage = Stage(page_size=2)
    stage.store(run_of(FIRST, 2))
    tail = HistoryTail(stage.client, SESSION, RUN_ID)
    assert tuple(await tail.read()) == run_of(FIRST, 2)
    stage.store(run_of(FIRST.offset(2), 1))
    stage.outage()
    with pytest.raises(RPCError):
        await tail.read()
    stage.outage(over=True)
    stage.close()
    assert tuple(await read_all(tail)) == run_of(FIRST.offset(2), 1)


@in_virtual_time
async def test_a_broken_codec_keeps_the_page() -> None:
    """A page that could not be decoded is decoded again, without another call."""
    stage = Stage()
    stage.store(run_of(FIRST, 2))
    stage.break_codec(ValueError("no key"))
    tail = HistoryTail(stage.client, SESSION, RUN_ID)
    with pytest.raises(ValueError, match="no key"):
        await tail.read()
    calls = stage.counted.calls
    stage.break_codec(None)
    assert tuple(await tail.read()) == run_of(FIRST, 2)
    assert stage.counted.calls == calls


@in_virtual_time
async def test_pages_without_news_are_counted() -> None:
    """Transient events, which the server returns again and again, are no news."""
    stage = Stage()
    pages = HistoryPages(stage.client, SESSION, RUN_ID)
    quiet = []
    for _ in range(3):
        await pages.read(SHORT_POLL_TIMEOUT)
        quiet.append(pages.quiet)
    assert quiet == [0, *range(quiet[1], quiet[1] + 2)]
    stage.store(run_of(FIRST, 1))
    assert [batch.first for batch in await pages.read(PAGE_TIMEOUT)] == [FIRST]
    assert pages.quiet == 0
    assert timedelta(seconds=1) < SHORT_POLL_TIMEOUT, "the server answers 1 s before"
