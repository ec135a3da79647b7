"""The follower of a history: what becomes durable elsewhere is shown, from the moment it begins."""

import asyncio
from collections.abc import Sequence
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kai_flow.bridge.history_follower import UNFED_SECONDS, HistoryFollower
from kai_flow.bridge.readback import DurableCopy
from kai_flow.stream.ids import START, EventId
from kai_flow.stream.session_log import SessionLog
from kai_flow.stream.sse import encode_event
from tests.property.strategies import run_of
from tests.unit.virtual import RUN_ID, SESSION, Stage, in_virtual_time

FIRST = EventId(1, 1, 1)


class Reading:
    """A log that somebody reads, and the task that follows the history into it."""

    def __init__(self, stage: Stage) -> None:
        self.wanted = True
        self.shown = 0  # how often there was something new
        self.log = SessionLog(partial(encode_event, incarnation="4f3a9c1e"))
        self.follower = HistoryFollower(
            stage.client,
            SESSION,
            RUN_ID,
            self.log,
            DurableCopy(stage.client, SESSION, RUN_ID, self._mark, stage.memory),
            stage.memory,
            wanted=lambda: self.wanted,
            show_news=self._show,
        )
        self.task = asyncio.create_task(self.follower.run())

    def _mark(self, last: EventId) -> None:
        if self.log.mark_durable(last):
            self._show()

    def _show(self) -> None:
        self.shown += 1


@given(
    before=st.integers(0, 4),
    batches=st.lists(st.tuples(st.integers(1, 4), st.floats(0, 4)), max_size=8),
    page_size=st.integers(1, 4),
)
@in_virtual_time
async def test_everything_that_becomes_durable_reaches_the_log(
    before: int, batches: Sequence[tuple[int, float]], page_size: int
) -> None:
    """Whenever it is stored, before or while the follower skips to the end, nothing is missing."""
    stage = Stage(page_size=page_size)
    if before:
        stage.store(run_of(FIRST, before))
    reading = Reading(stage)
    total = before
    for count, pause in batches:
        await asyncio.sleep(pause)
        stage.store(run_of(FIRST.offset(total), count))
        total += count
    stage.close()
    await reading.task
    assert (reading.log.position or START).seq == total
    assert (reading.shown > 0) == (total > 0)


@in_virtual_time
async def test_a_session_that_gets_posts_is_not_followed() -> None:
    """While useful POSTs come, Temporal is asked nothing."""
    stage = Stage()
    reading = Reading(stage)
    for _ in range(20):
        reading.follower.fed()
        await asyncio.sleep(UNFED_SECONDS / 2)
    assert stage.counted.calls == 0
    await asyncio.sleep(UNFED_SECONDS)
    assert stage.counted.calls > 0


@in_virtual_time
async def test_it_ends_with_its_last_reader() -> None:
    """A session that nobody reads is not followed any further."""
    stage = Stage()
    reading = Reading(stage)
    await asyncio.sleep(UNFED_SECONDS + 1)
    reading.wanted = False
    await reading.task
    calls = stage.counted.calls
    stage.store(run_of(FIRST, 1))
    await asyncio.sleep(30)
    assert stage.counted.calls == calls


@in_virtual_time
async def test_an_outage_is_waited_out_and_loses_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What became durable during an outage is read after it, and few lines tell of the outage."""
    stage = Stage()
    reading = Reading(stage)
    stage.store(run_of(FIRST, 1))
    await asyncio.sleep(UNFED_SECONDS + 1)
    with caplog.at_level("INFO"):
        stage.outage()
        stage.store(run_of(FIRST.offset(1), 2))
        await asyncio.sleep(100)
        stage.outage(over=True)
        await asyncio.sleep(5)
    assert reading.log.position == FIRST.offset(2)
    assert len(caplog.records) <= 11, "one in ten seconds"
