"""Reading a session back: all of it from any place, from whichever source answers, read once."""

import asyncio
import logging
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kai_flow.bridge.readback import QUERY_SECONDS, DurableCopy, Part
from kai_flow.stream.buffer import Limits
from kai_flow.stream.clock import now
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.ids import START, EventId
from kai_flow.stream.wire_names import UNSTORED
from tests.property.strategies import run_of, sessions, what_counts
from tests.unit.virtual import RUN_ID, SESSION, Stage, in_virtual_time

FIRST = EventId(1, 1, 1)


def copy_of(stage: Stage) -> tuple[DurableCopy, list[EventId]]:
    """What Temporal has of the stage's run, and the places that were shown to be durable."""
    shown: list[EventId] = []
    copy = DurableCopy(stage.client, SESSION, RUN_ID, shown.append, stage.memory)
    return copy, shown


async def got(copy: DurableCopy, after: EventId) -> Part:
    """What is read after this place, however often that has to be tried."""
    while (part := await copy.read(after)) is None:
        pass
    return part


async def all_after(copy: DurableCopy, after: EventId) -> list[NumberedEvent]:
    """Everything after this place, page by page."""
    events: list[NumberedEvent] = []
    while (part := await got(copy, after)).page.events:
        events += part.page.events
        after = part.page.next
    return events


@given(
    lives=sessions(),
    limits=st.integers(1, 12).map(Limits),
    page_size=st.integers(1, 6),
    worker_up=st.booleans(),
    closed=st.booleans(),
    cursor=st.integers(0, 40),
)
@in_virtual_time
async def test_all_that_counts_is_read_from_any_place(
    lives: Sequence[Sequence[NumberedEvent]],
    limits: Limits,
    page_size: int,
    worker_up: bool,
    closed: bool,
    cursor: int,
) -> None:
    """Whatever the buffer holds, and whether or not a worker answers, no event is missing."""
    stage = Stage(page_size=page_size, limits=limits)
    for life in lives:
        stage.store(life)
    stage.server.worker_up = worker_up
    copy, _ = copy_of(stage)
    if closed:
        stage.close()
        copy.close(RUN_ID)
    counting = what_counts(event for life in lives for event in life)
    after = counting[cursor].id if cursor < len(counting) else START
    read = await all_after(copy, after)
    assert [event.id for event in read] == sorted({event.id for event in read})
    # The history is read page by page, so what a later attempt takes back may come first.
    assert what_counts(read) == [event for event in counting if event.id > after]


@in_virtual_time
async def test_what_a_read_has_seen_is_shown_to_be_durable() -> None:
    """Each read tells the newest durable event, also when it lies far behind the page."""
    stage = Stage()
    stage.store(run_of(FIRST, 20, padding=20_000))
    copy, shown = copy_of(stage)
    part = await got(copy, START)
    assert part.page.has_more
    assert shown == [EventId(1, 1, 20)]


@in_virtual_time
async def test_readers_at_one_place_share_a_read() -> None:
    """Fifty readers that wait for the same page cost Temporal one query."""
    stage = Stage()
    stage.store(run_of(FIRST, 3))
    copy, _ = copy_of(stage)
    parts = await asyncio.gather(*(copy.read(START) for _ in range(50)))
    assert {part is not None and part.page.events for part in parts} == {run_of(FIRST, 3)}
    assert stage.counted.calls == 1


@in_virtual_time
async def test_a_reader_close_behind_costs_nothing() -> None:
    """A place within a page that was just read is served from it, until all is let go of."""
    stage = Stage()
    stage.store(run_of(FIRST, 5))
    copy, _ = copy_of(stage)
    await got(copy, START)
    assert copy.held > 0
    assert (await got(copy, EventId(1, 1, 2))).page.events == run_of(EventId(1, 1, 3), 3)
    assert stage.counted.calls == 1
    copy.forget()
    assert copy.held == 0
    await got(copy, EventId(1, 1, 2))
    assert stage.counted.calls == 2


@in_virtual_time
async def test_without_a_worker_the_history_is_read_soon() -> None:
    """A query that nobody answers delays a page by QUERY_SECONDS, and no longer."""
    stage = Stage()
    stage.store(run_of(FIRST, 3))
    stage.server.worker_up = False
    copy, _ = copy_of(stage)
    began = now()
    assert await all_after(copy, START) == [*run_of(FIRST, 3)]
    assert now() - began < 2 * QUERY_SECONDS + 5


@in_virtual_time
async def test_only_a_closed_run_is_read_to_its_end() -> None:
    """A part is final only when the complete history of the closed run has nothing behind it."""
    stage = Stage()
    stage.store(run_of(FIRST, 3))
    copy, _ = copy_of(stage)
    assert not (await got(copy, EventId(1, 1, 3))).final
    stage.close()
    copy.close(RUN_ID)
    last = await got(copy, EventId(1, 1, 3))
    assert last == Part(last.page, final=True, stops_short=False)
    assert not last.page.events


@in_virtual_time
async def test_a_page_that_was_read_before_the_close_stays_what_it_was() -> None:
    """A read that was under way when the run closed does not become final behind the reader."""
    stage = Stage()
    stage.server.worker_up = False
    copy, _ = copy_of(stage)
    reading = asyncio.create_task(copy.read(START))
    await asyncio.sleep(0.5)
    stage.server.worker_up = True
    stage.server.changed.change()
    part = await reading
    stage.store(run_of(FIRST, 1))
    stage.close()
    copy.close(RUN_ID)
    assert part is not None
    assert not part.final
    assert await all_after(copy, START) == [*run_of(FIRST, 1)]


@in_virtual_time
async def test_a_stream_that_was_not_stored_to_its_end_says_so() -> None:
    """A final part says whether the session had events that were live only behind it."""
    stage = Stage()
    stage.store(
        [*run_of(FIRST, 2), NumberedEvent(EventId(1, 1, 3), UNSTORED, b'{"type":"unstored"}')]
    )
    stage.close()
    copy, _ = copy_of(stage)
    copy.close(RUN_ID)
    part = await got(copy, START)
    assert part.final
    assert part.stops_short


@pytest.mark.parametrize("error", [RuntimeError("keys are away"), ValueError("not ours")])
@in_virtual_time
async def test_a_codec_that_fails_is_waited_out(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """A read that breaks gives nothing, is tried again after a pause, and loses nothing."""
    stage = Stage()
    stage.store(run_of(FIRST, 3))
    stage.server.worker_up = False
    stage.break_codec(error)
    copy, _ = copy_of(stage)
    for _ in range(3):
        assert await copy.read(START) is None
    assert [record.levelname for record in caplog.records].count("ERROR") == 1
    stage.break_codec(None)
    assert await all_after(copy, START) == [*run_of(FIRST, 3)]


@in_virtual_time
async def test_a_session_leaves_few_lines(caplog: pytest.LogCaptureFixture) -> None:
    """However many readers come back to a session, its reads leave a few lines in ten seconds."""
    stage = Stage(limits=Limits(events=2))
    stage.store(run_of(FIRST, 5))
    copy, _ = copy_of(stage)
    with caplog.at_level(logging.DEBUG, "kai_flow.bridge.readback"):
        for _ in range(100):
            await got(copy, START)
            await got(copy, EventId(1, 1, 3))
            copy.forget()
    kinds = {record.msg for record in caplog.records}
    assert len(kinds) == 2, "by query, and from the history"
    assert len(caplog.records) <= 4


@in_virtual_time
async def test_catching_up_sees_what_came_after_a_read_began() -> None:
    """To catch up does not share a read that began before, and shows what is durable by now."""
    stage = Stage()
    stage.store(run_of(FIRST, 1))
    copy, shown = copy_of(stage)
    await got(copy, START)
    stage.store(run_of(EventId(1, 1, 2), 1))
    await copy.catch_up(START)
    assert shown[-1] == EventId(1, 1, 2)


@in_virtual_time
async def test_stopping_ends_a_read_that_hangs() -> None:
    """A read that Temporal does not answer ends with its session, at once, and cancels no reader.

    A slow reader learns of it only when it asks again, long after its session has ended.
    """
    stage = Stage()
    stage.server.up = False
    copy, _ = copy_of(stage)
    reading = asyncio.create_task(copy.read(START))
    await asyncio.sleep(0.1)
    began = now()
    await copy.stop()
    assert await reading is None
    assert now() - began < 0.1
