"""A workflow's own queries and signals beside those of its stream."""

import secrets
from collections.abc import AsyncIterator

import pytest
from temporalio.client import Client

from tests.integration.several import OwnHandlers, OwnSignal, several_worker
from tests.integration.waiting import eventually


@pytest.fixture(scope="module")
async def several(client: Client) -> AsyncIterator[str]:
    """The task queue of a worker for such workflows."""
    queue = f"handlers-{secrets.token_hex(4)}"
    async with several_worker(client, queue):
        yield queue


async def test_the_queries_of_a_workflow_win(client: Client, several: str, session_id: str) -> None:
    """Those of its class and those it sets; the stream's are there under another name.

    Its dynamic handlers get everything else, and no signal of the stream.
    """
    handle = await client.start_workflow(OwnHandlers.run, id=session_id, task_queue=several)

    async def streamed() -> bool:
        progress = await handle.query("stream_progress", result_type=dict)
        return bool(progress["last_event_id"] == "1.1.3")

    await eventually(streamed)
    assert await handle.query("progress") == "their progress"
    assert await handle.query("events") == ["their", "events"]
    assert await handle.query("anything") == "dynamic anything"
    await handle.signal("hello")
    await handle.signal("end")
    assert await handle.result() == ["hello", "end"]


async def test_a_workflow_keeps_its_signal_of_the_streams_name(
    client: Client, several: str, session_id: str
) -> None:
    """It gets what is signalled, and whatever needs a stream says why there is none."""
    handle = await client.start_workflow(OwnSignal.run, id=session_id, task_queue=several)
    await handle.signal("publish_events", "theirs")
    first, *refusals = await handle.result()
    assert first == "theirs"
    assert len(refusals) == 2
    for refusal in refusals:
        assert "has a signal 'publish_events' of its own" in refusal
