"""Old and new workers of the page about adding a stream, side by side on one task queue."""

import asyncio
import importlib
from collections.abc import AsyncIterator
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
    (tmp_path / "new_reports.py").write_text(
        new.replace("EventProducer(callback_url=url)", "EventProducer()")
    )
    monkeypatch.syspath_prepend(tmp_path)
    return importlib.import_module("old_reports"), importlib.import_module("new_reports")


def worker(
    client: Client, version: ModuleType, *activities: Any, new: bool
) -> AbstractAsyncContextManager[Any]:
    """A worker that caches no run, so that each task may go to any worker."""
    return Worker(
        client,
        task_queue=QUEUE,
        workflows=[version.Report],
        activities=activities,
        plugins=[StreamPlugin()] if new else [],
        max_cached_workflows=0,
        disable_eager_activity_execution=True,
    )


async def has_come(handle: WorkflowHandle[Any, Any], kind: str) -> None:
    """Wait until the history has an event of that type."""

    async def look() -> bool:
        events = (await handle.fetch_history()).events
        return f"{kind}_event_attributes" in {event.WhichOneof("attributes") for event in events}

    await eventually(look)


async def has_failed(handle: WorkflowHandle[Any, Any], why: str) -> None:
    """Wait until an attempt of the pending activity has failed so."""

    async def look() -> bool:
        pending = (await handle.describe()).raw_description.pending_activities
        return any(why in activity.last_failure.message for activity in pending)

    await eventually(look)


async def test_a_run_outlives_old_workers(
    client: Client, versions: tuple[ModuleType, ModuleType]
) -> None:
    """What an old worker cannot do of a new run waits for a new worker; no event is lost."""
    old, new = versions
    # the old worker is the only one with activities
    async with (
        worker(client, new, new=True),
        Worker(client, task_queue=QUEUE, activities=[old.write]),
    ):
        handle = await client.start_workflow(
            new.Report.run,
            "owls",
            id="rolling",
            task_queue=QUEUE,
            task_timeout=timedelta(seconds=2),  # of a task that a worker took as it was stopped
        )
        await has_failed(handle, "write_streaming for workflow rolling is not registered")
    async with worker(client, new, new.write_streaming, new=True):
        await has_come(handle, "activity_task_completed")
    async with worker(client, old, old.write, new=False):
        await handle.signal("approve")
        await has_come(handle, "workflow_task_failed")
    async with worker(client, new, new.write_streaming, new=True):
        assert await handle.result() == "All about owls"
    events = [event async for _, event in follow(client, "rolling")]
    assert [e["content"] for e in events if e["type"] == "token"] == ["All ", "about ", "owls "]
