"""Workflows whose worker has no plugin, as those in other languages: their activities stream."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from temporalio import activity
from temporalio.client import Client, WorkflowHandle, WorkflowQueryFailedError
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from kai_flow.stream import EventProducer, StreamPlugin, follow
from tests.integration.foreign import Foreign
from tests.integration.subscriber import read_all, subscribed

begun: dict[tuple[str, int], asyncio.Event] = {}  # by session and producer


def has_begun(producer: int) -> asyncio.Event:
    """Whether a producer of this activity's session has begun."""
    return begun.setdefault((activity.info().workflow_id or "", producer), asyncio.Event())


@activity.defn
async def numbered(name: str, producer: int, beside: list[int]) -> None:
    """Stream a note under a number that the workflow has given; the first two wait for each other.

    A name with `fails` fails.
    """
    async with EventProducer(producer=producer, beside=beside) as stream:
        has_begun(producer).set()
        if producer < 3:
            await has_begun(3 - producer).wait()
        await stream.send({"type": "note", "text": name})
    if "fails" in name:
        raise ApplicationError("as it was told", non_retryable=True)


@asynccontextmanager
async def foreign(client: Client, queue: str, bridge: str | None) -> AsyncIterator[None]:
    """A worker of workflows without the plugin, and one of activities with it."""
    async with (
        Worker(client, task_queue=queue, workflows=[Foreign]),
        Worker(
            client,
            task_queue=f"{queue}-activities",
            activities=[numbered],
            plugins=[StreamPlugin(bridge=bridge)],
        ),
    ):
        yield


def check(events: list[tuple[str, dict[str, Any]]]) -> None:
    """Two at once, each whole and in order, then the third; and how each of them has ended."""
    ids = [own_id for own_id, _ in events if own_id]
    for producer in (1, 2, 3):
        of_it = [own_id for own_id in ids if own_id.startswith(f"{producer}.")]
        assert of_it == [f"{producer}.1.1", f"{producer}.1.2"]
    told = [(e["producer"], e["status"]) for _, e in events if e["type"] == "ended"]
    assert sorted(set(told)) == [(1, "completed"), (2, "failed"), (3, "completed")]
    assert {"gap", "superseded"}.isdisjoint(event["type"] for _, event in events)
    kinds = [(event["type"], event.get("producer")) for _, event in events]
    for producer in (1, 2):
        assert kinds.index(("ended", producer)) < kinds.index(("started", 3))
    assert events[-1][1] == {"type": "done", "result": "over"}


async def test_activities_of_a_foreign_workflow_stream(
    client: Client, bridge: str, session_id: str
) -> None:
    """A bridge shows them live and later, with their ends, and `follow` reads the same."""
    url = f"{bridge}/stream/{session_id}"
    async with foreign(client, session_id, bridge), subscribed(url) as live:
        handle: WorkflowHandle[Any, str] = await client.start_workflow(
            Foreign.run, id=session_id, task_queue=session_id
        )
        await live.saw("done")
        check([(one.own_id, one.event) for one in live.seen if one.event["type"] != "status"])
        with pytest.raises(WorkflowQueryFailedError, match="progress"):
            await handle.query("progress")
    late = await read_all(url)
    check([(one.own_id, one.event) for one in late.seen])
    followed = [one async for one in follow(client, session_id)]
    check([((one.id or "").partition("@")[0].partition(",")[0], one.event) for one in followed])


async def test_they_stream_without_a_bridge(client: Client, session_id: str) -> None:
    """Each of them signals by itself, and the history has it all."""
    async with foreign(client, session_id, None):
        await client.start_workflow(Foreign.run, id=session_id, task_queue=session_id)
        followed = [one async for one in follow(client, session_id)]
    events = [one for one in followed if one.event["type"] != "status"]
    check([((one.id or "").partition("@")[0].partition(",")[0], one.event) for one in events])
