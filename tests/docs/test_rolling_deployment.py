"""Workers of every state of the page about adding a stream, side by side on one task queue."""

import asyncio
import importlib
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker

from kai_flow.stream import StreamPlugin, follow
from kai_flow.temporal.client import connect
from kai_flow.temporal.dev_server import dev_server
from tests.docs.pages import ROOT, blocks_of
from tests.integration.waiting import eventually

PAGE = ROOT / "docs/how-to/add-a-stream-to-a-running-workflow.md"
QUEUE = "reports"


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """A client of a Temporal server of our own."""
    async with dev_server(stop_seconds=0) as server:
        yield await connect(server.address)
        await asyncio.sleep(0.05)  # Temporal can crash at exit without this pause (sdk-python#300)


@pytest.fixture
def versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[ModuleType, ModuleType]:
    """The page's `reports.py` before and after."""
    old, new = (b.text for b in blocks_of(PAGE) if b.attributes.get("file") == "reports.py")
    (tmp_path / "old_reports.py").write_text(old)
    (tmp_path / "new_reports.py").write_text(new)
    monkeypatch.syspath_prepend(tmp_path)
    return importlib.import_module("old_reports"), importlib.import_module("new_reports")


def worker(
    client: Client,
    *,
    workflows: Sequence[type] = (),
    activities: Sequence[Any] = (),
    plugin: bool,
) -> AbstractAsyncContextManager[Any]:
    """A worker that caches no run, so that each task may go to any worker."""
    return Worker(
        client,
        task_queue=QUEUE,
        workflows=workflows,
        activities=activities,
        plugins=[StreamPlugin()] if plugin else [],
        max_cached_workflows=0,
        disable_eager_activity_execution=True,
    )


async def start(client: Client, version: ModuleType, session_id: str) -> WorkflowHandle[Any, Any]:
    """Start a run of the report."""
    return await client.start_workflow(
        version.Report.run,
        "owls",
        id=session_id,
        task_queue=QUEUE,
        task_timeout=timedelta(seconds=2),  # of a task that a worker took as it was stopped
    )


async def has_come(handle: WorkflowHandle[Any, Any], kind: str) -> None:
    """Wait until the history has an event of that type."""

    async def look() -> bool:
        events = (await handle.fetch_history()).events
        return f"{kind}_event_attributes" in {event.WhichOneof("attributes") for event in events}

    await eventually(look)


async def tokens(client: Client, session_id: str) -> list[str]:
    """What the run has streamed."""
    events = [event async for _, event in follow(client, session_id)]
    return [event["content"] for event in events if event["type"] == "token"]


async def test_runs_move_between_workers_with_and_without_the_plugin(
    client: Client, versions: tuple[ModuleType, ModuleType]
) -> None:
    """The first deployment changes nothing for a run, and what it schedules later can stream."""
    old, new = versions
    async with worker(client, workflows=[old.Report], plugin=True):
        handle = await start(client, old, "moving")
        await has_come(handle, "activity_task_scheduled")
    # the activity has a number, which this worker ignores
    async with worker(client, workflows=[old.Report], activities=[old.write], plugin=False):
        await has_come(handle, "activity_task_completed")
        await handle.signal("approve")
        assert await handle.result() == "All about owls"

    async with worker(client, workflows=[old.Report], plugin=True):
        handle = await start(client, old, "streaming")
        await has_come(handle, "activity_task_scheduled")
    async with (
        worker(client, workflows=[old.Report], plugin=False),
        worker(client, activities=[new.write], plugin=True),
    ):
        await handle.signal("approve")
        assert await handle.result() == "All about owls"
    assert await tokens(client, "streaming") == ["All ", "about ", "owls "]


async def test_a_run_that_has_published_waits_for_a_new_worker(
    client: Client, versions: tuple[ModuleType, ModuleType]
) -> None:
    """An old worker cannot go on with a run that has published; a new one can, without a loss."""
    old, new = versions
    async with worker(client, workflows=[new.Report], activities=[new.write], plugin=True):
        handle = await start(client, new, "published")
        await has_come(handle, "activity_task_completed")
    async with worker(client, workflows=[old.Report], activities=[old.write], plugin=True):
        await handle.signal("approve")
        await has_come(handle, "workflow_task_failed")
    async with worker(client, workflows=[new.Report], plugin=True):
        assert await handle.result() == "All about owls"
    events = [event["type"] async for _, event in follow(client, "published")]
    assert events == ["subject", "started", "token", "token", "token", "ended", "done"]
