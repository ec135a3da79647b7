"""Several activities of one workflow stream at once, and its history replays."""

import asyncio
import secrets
from collections.abc import AsyncIterator

import pytest
from temporalio.client import Client
from temporalio.workflow import ActivityCancellationType

from tests.integration.comparing import agree, in_workflow, texts
from tests.integration.several import (
    Crowd,
    Hasty,
    Leaver,
    Together,
    opened,
    reached,
    several_worker,
)
from tests.integration.waiting import eventually


@pytest.fixture(scope="module")
async def several(client: Client) -> AsyncIterator[str]:
    """The task queue of a worker for such workflows."""
    queue = f"several-{secrets.token_hex(4)}"
    async with several_worker(client, queue):
        yield queue


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
    assert [started[f"{name}!"]["activity_id"] for name in "abc"] == ["1", "2", "3"]
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


async def test_an_activity_beside_too_many_others_runs_and_cannot_stream(
    client: Client, several: str, session_id: str
) -> None:
    """Beside 64 that are not in a row it gets no number, and only its EventProducer raises."""
    handle = await client.start_workflow(Crowd.run, 64, id=session_id, task_queue=several)

    async def refused() -> bool:
        events = (await handle.fetch_history()).events
        return any(event.HasField("activity_task_failed_event_attributes") for event in events)

    await eventually(refused)
    for number in range(64):
        opened[f"{session_id}/{number}!"].set()
    assert "of its workflow were under way when it was scheduled" in await handle.result()
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


async def test_an_activity_that_was_cancelled_before_it_was_scheduled_closes_nothing(
    client: Client, several: str, session_id: str
) -> None:
    """It is not in the history, so what the activity before it still says counts for all."""
    handle = await client.start_workflow(Hasty.run, id=session_id, task_queue=several)
    await reached[f"{session_id}/first!"].wait()
    await handle.signal("step")

    async def left() -> bool:
        return bool((await handle.query("progress"))["producers"] == [])

    await eventually(left)
    opened[f"{session_id}/first!"].set()

    async def late_one_counts() -> bool:
        return texts(await in_workflow(handle), 1) == ["started", "first! begins", "first! ends"]

    await eventually(late_one_counts)
    await handle.signal("step")
    await handle.result()
    await agree(client, handle)


async def test_a_worker_that_forgets_its_workflows_gives_the_same_numbers(
    client: Client, session_id: str
) -> None:
    """It replays a workflow at each of its tasks, and the stream goes on in the same way."""
    queue = f"forgetful-{secrets.token_hex(4)}"
    async with several_worker(client, queue, max_cached_workflows=0):
        handle = await client.start_workflow(
            Together.run, ["a", "b?", "c"], id=session_id, task_queue=queue
        )
        await handle.result()
        events = await in_workflow(handle)
        started = {event["producer"]: event["beside"] for event in events if "producer" in event}
        assert started == {1: [], 2: [1], 3: [[1, 2]]}
        await agree(client, handle)
