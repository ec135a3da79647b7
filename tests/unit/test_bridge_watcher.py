"""The watcher: a close is seen once, whenever it happens, and nothing else is taken for one."""

import asyncio

import pytest

from kai_flow.bridge.watcher import MAX_PAUSE_SECONDS, Watcher
from kai_flow.stream.outcome import Outcome
from tests.unit.virtual import RUN_ID, SESSION, Stage, in_virtual_time

NEWER = "0190b6a2-7e1c-7000-8000-0000deadbeef"


class Watched:
    """A run that is watched, and what was told of its close."""

    def __init__(self, stage: Stage, session_id: str = SESSION) -> None:
        self.told: list[Outcome | None] = []
        watcher = Watcher(stage.client, session_id, RUN_ID, closed=self.told.append)
        self.task = asyncio.create_task(watcher.run())


@in_virtual_time
async def test_a_close_during_an_outage_is_seen_after_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """However long Temporal is away, the close is told once, with the result, and seldom logged."""
    stage = Stage()
    watched = Watched(stage)
    await asyncio.sleep(1)
    with caplog.at_level("INFO"):
        stage.outage()
        await asyncio.sleep(120)
        stage.close(b'{"answer":42}')
        stage.outage(over=True)
        await asyncio.sleep(MAX_PAUSE_SECONDS + 1)
    assert watched.task.done()
    assert [one and one.data for one in watched.told] == [b'{"type":"done","result":{"answer":42}}']
    assert len(caplog.records) <= 13


@in_virtual_time
async def test_a_run_that_goes_on_is_no_close() -> None:
    """While the run is open nothing is told, through any number of long polls."""
    stage = Stage()
    watched = Watched(stage)
    await asyncio.sleep(600)
    assert not watched.task.done()
    assert watched.told == []


@in_virtual_time
async def test_a_reset_is_told_as_none() -> None:
    """A run that a reset has ended has no outcome: the session goes on in another run."""
    stage = Stage()
    watched = Watched(stage)
    await asyncio.sleep(1)
    stage.reset(NEWER)
    await watched.task
    assert watched.told == [None]


@in_virtual_time
async def test_of_a_run_that_does_not_exist_nothing_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Temporal's "not found" ends the wait, with a line in the log."""
    watched = Watched(Stage(), "unknown")
    await watched.task
    assert watched.told == []
    assert "has no run" in caplog.text
