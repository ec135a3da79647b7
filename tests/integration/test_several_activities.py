"""Several activities of one workflow stream at once, on a worker that replays at every task."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import Client, WorkflowHandle
from temporalio.workflow import ActivityCancellationType

from kai_flow.stream.buffer import EventBuffer, Limits
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.place import NOWHERE
from kai_flow.stream.tail import RunHistory
from tests.integration.several import (
    Crowd,
    Leaver,
    Together,
    opened,
    reached,
    several_worker,
)
from tests.integration.waiting import eventually

Handle = WorkflowHandle[Any, Any]
SHORT = timedelta(seconds=1.1)


@pytest.fixture(scope="module")
async def several(client: Client) -> AsyncIterator[str]:
    """The task queue of a worker for such workflows."""
    queue = f"several-{secrets.token_hex(4)}"
    async with several_worker(client, queue):
        yield queue


async def in_history(client: Client, handle: Handle, run_id: str | None = None) -> EventBuffer:
    """The stream as the history of a run records it, without a worker."""
    run_id = run_id or (await handle.describe()).run_id
    history = RunHistory(client, handle.id, run_id)
    items = await history.read(SHORT)
    while not history.ended and not history.quiet:
        items += await history.read(SHORT)
    assert history.start is not None
    buffer = EventBuffer(run_id, Limits(10_000, 2**24), history.start.begins)
    for item in items:
        buffer.take(item)
    return buffer


def events_of(buffer: EventBuffer) -> tuple[NumberedEvent, ...]:
    """What a buffer holds."""
    return buffer.read(NOWHERE, 2**24).events


async def in_workflow(handle: Handle) -> list[dict[str, Any]]:
    """The events that the workflow answers, with their ids."""
    page = await handle.query("events")
    assert not page["has_more"]
    return [{"id": one["id"], **one["event"]} for one in page["events"]]


async def agree(client: Client, handle: Handle) -> None:
    """What the workflow holds is what its history records, whatever the order of others."""
    page = await handle.query("events")
    recorded = await in_history(client, handle)
    held = {one["id"]: one["event"] for one in page["events"]}
    assert held == {str(event.id): event.decode() for event in events_of(recorded)}
    assert (page["durable"] or "0.0.0") == str(recorded.fold.place)


def texts(events: list[dict[str, Any]], producer: int) -> list[str]:
    """What one producer has said."""
    return [
        event.get("text", event["type"])
        for event in events
        if event["id"].startswith(f"{producer}.")
    ]


async def test_three_activities_stream_at_once(
    client: Client, several: str, session_id: str
) -> None:
    """In a `gather`: each has its number and lists the others; the workflow holds all events."""
    handle = await client.start_workflow(
        Together.run, ["a!", "b!", "c!"], id=session_id, task_queue=several
    )
    await asyncio.gather(*(reached[f"{session_id}/{name}!"].wait() for name in "abc"))

    async def all_begun() -> bool:
        return bool((await handle.query("progress"))["events"] == 6)

    await eventually(all_begun)
    events = await in_workflow(handle)
    started = {event["name"]: event for event in events if event["type"] == "started"}
    assert [started[f"{name}!"]["producer"] for name in "abc"] == [1, 2, 3]
    assert [started[f"{name}!"]["beside"] for name in "abc"] == [[], [1], [[1, 2]]]
    assert [started[f"{name}!"]["activity"] for name in "abc"] == ["speak"] * 3
    progress = await handle.query("progress")
    under_way = [(one["producer"], one["status"]) for one in progress["producers"]]
    assert under_way == [(1, "running"), (2, "running"), (3, "running")]
    for name in "cab":
        opened[f"{session_id}/{name}!"].set()
    await handle.result()
    events = await in_workflow(handle)
    for producer, name in enumerate("abc", 1):
        assert texts(events, producer) == ["started", f"{name}! begins", f"{name}! ends"]
    await agree(client, handle)


async def test_a_retry_beside_others_replaces_only_its_own_events(
    client: Client, several: str, session_id: str
) -> None:
    """The events of the other activities stay, and so does the order of each."""
    handle = await client.start_workflow(
        Together.run, ["a?", "b", "c?"], id=session_id, task_queue=several
    )
    await handle.result()
    events = await in_workflow(handle)
    assert texts(events, 1) == ["started", "a? begins", "a? ends"]
    assert {event["id"] for event in events if event["id"].startswith("1.")} == {
        "1.2.1", "1.2.2", "1.2.3"
    }  # fmt: skip
    assert texts(events, 2) == ["started", "b begins", "b ends"]
    assert texts(events, 3) == ["started", "c? begins", "c? ends"]
    await agree(client, handle)


@pytest.mark.parametrize(("silent", "streams"), [(62, True), (69, False)])
async def test_only_so_many_activities_at_once_can_stream(
    client: Client, several: str, session_id: str, silent: int, streams: bool
) -> None:
    """Silent activities count. One too many runs like any other, but its EventProducer raises."""
    handle = await client.start_workflow(Crowd.run, silent, id=session_id, task_queue=several)
    for number in range(silent):
        opened[f"{session_id}/{number}!"].set()
    result = await handle.result()
    if streams:
        assert result == "speaker"
        started = (await in_workflow(handle))[0]
        assert started["producer"] == silent + 1
    else:
        assert "over 62 other activities of its workflow were under way" in result
        assert await in_workflow(handle) == []
    await agree(client, handle)


@pytest.mark.parametrize(
    "kind", [ActivityCancellationType.TRY_CANCEL, ActivityCancellationType.ABANDON]
)
async def test_an_activity_that_the_workflow_has_left_counts_no_longer(
    client: Client, several: str, session_id: str, kind: ActivityCancellationType
) -> None:
    """What it said before the next activity was scheduled stays; what it says after is dropped."""
    handle = await client.start_workflow(Leaver.run, int(kind), id=session_id, task_queue=several)
    await reached[f"{session_id}/first!"].wait()

    async def begun() -> bool:
        return bool((await handle.query("progress"))["last_event_id"] == "1.1.2")

    await eventually(begun)
    await handle.signal("leave", True)

    async def second_has_ended() -> bool:
        return bool((await handle.query("progress"))["last_event_id"] == "2.1.3")

    await eventually(second_has_ended)
    opened[f"{session_id}/first!"].set()

    async def late_one_has_come() -> bool:
        history = await handle.fetch_history()
        signals = [
            e for e in history.events if e.HasField("workflow_execution_signaled_event_attributes")
        ]
        return any(b"first! ends" in e.SerializeToString() for e in signals)

    await eventually(late_one_has_come)
    await handle.signal("leave", False)
    assert await handle.result() == "second"
    events = await in_workflow(handle)
    assert texts(events, 1) == ["started", "first! begins"]
    assert texts(events, 2) == ["started", "second begins", "second ends"]
    second = next(event for event in events if event["id"] == "2.1.1")
    assert second["beside"] == []
    await agree(client, handle)
