"""Reading a session back: all of it from any place, from whichever source answers, read once."""

import asyncio
import logging
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kai_flow.bridge.readback import QUERY_LEAD_SECONDS, QUERY_REST_SECONDS, Present, ReadBack
from kai_flow.stream.buffer import Limits
from kai_flow.stream.clock import now
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.ids import EventId
from kai_flow.stream.place import NOWHERE, Place
from tests.property.strategies import run_of, sessions, what_counts
from tests.unit.virtual import LATER, RUN_ID, SESSION, Stage, in_virtual_time

FIRST = EventId(1, 1, 1)


def copy_of(stage: Stage, *, closed: bool = False) -> ReadBack:
    """What Temporal has of the stage's run."""
    present = None if closed else Present(RUN_ID, NOWHERE)
    return ReadBack(stage.shared, SESSION, RUN_ID, lambda: present)


async def all_after(copy: ReadBack, after: Place) -> list[NumberedEvent]:
    """Everything after this place, page by page."""
    events: list[NumberedEvent] = []
    while (source := await copy.read(after)) is not None:
        page = source.read(after)
        events += page.events
        after = page.next
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
    if closed:
        stage.close()
    copy = copy_of(stage, closed=closed)
    counting = what_counts(event for life in lives for event in life)
    after = Place({one.producer: one[1:] for one in [e.id for e in counting[: cursor + 1]][-1:]})
    read = await all_after(copy, after)
    assert len(read) == len({event.id for event in read})
    # The history is read page by page, so what a later attempt takes back may come first.
    assert what_counts(read) == [event for event in counting if not after.covers(event.id)]


@in_virtual_time
async def test_readers_at_one_place_share_a_read() -> None:
    """Five hundred readers that wait for the same page cost Temporal one query."""
    stage = Stage()
    stage.store(run_of(FIRST, 3))
    copy = copy_of(stage)
    sources = await asyncio.gather(*(copy.read(NOWHERE) for _ in range(500)))
    assert {one is not None and one.read(NOWHERE).events for one in sources} == {run_of(FIRST, 3)}
    assert stage.counted.calls == 1
    assert stage.shared.counts.replays == {"query": 1}


@in_virtual_time
async def test_a_reader_close_behind_costs_nothing() -> None:
    """A place within a page that was just read is served from it, until all is let go of."""
    stage = Stage()
    stage.store(run_of(FIRST, 5))
    copy = copy_of(stage)
    await copy.read(NOWHERE)
    assert copy.held > 0
    place = Place.parse("1.1.2")
    source = await copy.read(place)
    assert source is not None
    assert source.read(place).events == run_of(EventId(1, 1, 3), 3)
    assert stage.counted.calls == 1
    assert stage.shared.counts.replays == {"query": 1, "memory": 1}
    copy.forget()
    assert copy.held == 0
    await copy.read(place)
    assert stage.counted.calls == 2


@in_virtual_time
async def test_a_reader_from_an_earlier_run_is_served_from_the_histories() -> None:
    """The buffer of the present run does not tell what the runs before had, so it is not asked."""
    stage = Stage()
    stage.store(run_of(FIRST, 3))
    stage.continue_as_new(LATER, producer=1)
    stage.store(run_of(EventId(2, 1, 1), 2))
    present = Present(LATER, Place.before(2))
    copy = ReadBack(stage.shared, SESSION, LATER, lambda: present)
    read = await all_after(copy, Place.parse("1.1.2"))
    assert [str(event.id) for event in read] == ["1.1.3", "2.1.1", "2.1.2"]


@in_virtual_time
async def test_pages_of_a_buffer_are_not_kept_beyond_their_run() -> None:
    """The log knows the producers of the present run only, so earlier ones come from a history."""
    stage = Stage()
    stage.store(run_of(FIRST, 3))
    copy = copy_of(stage)
    source = await copy.read(NOWHERE)
    assert source is not None
    assert source.knowledge is None
    copy.continue_in_next_run()
    assert copy.held == 0


@in_virtual_time
async def test_without_a_worker_the_history_is_read_soon() -> None:
    """A query that nobody answers delays a page by QUERY_LEAD_SECONDS, beside the reads."""
    stage = Stage()
    stage.store(run_of(FIRST, 3))
    stage.server.worker_up = False
    copy = copy_of(stage)
    began = now()
    assert await all_after(copy, NOWHERE) == [*run_of(FIRST, 3)]
    assert now() - began < QUERY_LEAD_SECONDS + 0.5
    counts = stage.shared.counts
    assert counts.replays["history"] >= 1
    assert counts.replays["query"] == 0


@in_virtual_time
async def test_a_query_that_nobody_answers_is_not_repeated_for_each_page() -> None:
    """A long history without a worker waits for one query in all, and asks again after a while."""
    stage = Stage()
    copy = copy_of(stage)
    stage.server.worker_up = False
    began = now()
    for number in range(1, 40):
        stage.store(run_of(EventId(1, 1, number), 1))
        assert await copy.read(Place.parse(f"1.1.{number - 1}") if number > 1 else NOWHERE)
    assert now() - began < QUERY_LEAD_SECONDS + 39 * 0.1
    stage.server.worker_up = True
    await asyncio.sleep(QUERY_REST_SECONDS)
    copy.forget()
    calls = stage.counted.calls
    assert await copy.read(Place.parse("1.1.38"))
    assert stage.counted.calls == calls + 1, "one query"


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
    copy = copy_of(stage)
    for _ in range(3):
        assert await copy.read(NOWHERE) is None
    assert [record.levelname for record in caplog.records].count("ERROR") == 1
    stage.break_codec(None)
    assert await all_after(copy, NOWHERE) == [*run_of(FIRST, 3)]


@in_virtual_time
async def test_a_session_leaves_few_lines(caplog: pytest.LogCaptureFixture) -> None:
    """However many readers come back to a session, its reads leave a few lines in ten seconds."""
    stage = Stage(limits=Limits(events=2))
    stage.store(run_of(FIRST, 5))
    copy = copy_of(stage)
    with caplog.at_level(logging.DEBUG, "kai_flow.bridge.readback"):
        for _ in range(100):
            await copy.read(NOWHERE)
            await copy.read(Place.parse("1.1.3"))
            copy.forget()
    kinds = {record.msg for record in caplog.records}
    assert len(kinds) == 2, "by query, and from the history"
    assert len(caplog.records) <= 4


@in_virtual_time
async def test_stopping_ends_a_read_that_hangs() -> None:
    """A read that Temporal does not answer ends with its session, at once, and cancels no reader.

    A slow reader learns of it only when it asks again, long after its session has ended.
    """
    stage = Stage()
    stage.server.up = False
    copy = copy_of(stage)
    reading = asyncio.create_task(copy.read(NOWHERE))
    await asyncio.sleep(0.1)
    began = now()
    await copy.stop()
    assert await reading is None
    assert now() - began < 0.1
