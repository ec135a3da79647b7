"""A workflow publishes events of its own: recorded, ordered, bounded, and replayed."""

import secrets
from collections.abc import AsyncIterator

import pytest
from temporalio.client import Client, WorkflowFailureError, WorkflowUpdateFailedError
from temporalio.common import HeaderCodecBehavior
from temporalio.exceptions import CancelledError

from kai_flow.temporal.codec import encrypting
from tests.integration.comparing import Handle, agree, events_of, in_history, in_workflow, texts
from tests.integration.several import Handlers, several_worker
from tests.integration.waiting import eventually


@pytest.fixture(scope="module")
async def several(client: Client) -> AsyncIterator[str]:
    """The task queue of a worker for such workflows."""
    queue = f"events-{secrets.token_hex(4)}"
    async with several_worker(client, queue):
        yield queue


async def publishing(client: Client, queue: str, session_id: str) -> Handle:
    """A workflow that does everything in its handlers."""
    return await client.start_workflow(
        Handlers.run, id=session_id, task_queue=queue, start_signal="ask", start_signal_args=["a"]
    )


async def records(handle: Handle) -> int:
    """The history events that record what the workflow has published."""
    history = await handle.fetch_history()
    changed = [event.workflow_properties_modified_event_attributes for event in history.events]
    return sum("kai-events" in one.upserted_memo.fields for one in changed)


async def test_what_a_workflow_publishes_precedes_what_it_schedules_then(
    client: Client, several: str, session_id: str
) -> None:
    """In signals that come with the start or later, in updates, in `run`, and with `patched`."""
    handle = await publishing(client, several, session_id)
    await handle.execute_update("tell", "b")
    await handle.signal("ask", "c")
    await handle.signal("end")
    assert await handle.result() == "over"
    events = await in_workflow(handle)
    assert texts(events, 0) == ["asked a", "told b", "asked c", "more", "over"]
    assert [event["id"] for event in events if event["id"].startswith("0.")] == [
        f"0.1.{n}" for n in range(1, 6)
    ]
    order = [event["id"] for event in events]
    names = {e["name"]: e["id"] for e in events if e["type"] == "started"}
    for number, name in enumerate("abc", 1):
        assert order.index(f"0.1.{number}") < order.index(names[name])
    assert await records(handle) == 5
    await agree(client, handle)
    in_order = [str(event.id) for event in events_of(await in_history(client, handle))]
    assert in_order.index("0.1.1") < in_order.index(names["a"])


async def test_nothing_is_published_where_nothing_may_change(
    client: Client, several: str, session_id: str
) -> None:
    """In a query and in a validator `publish` raises, and the numbers stay as they are."""
    handle = await publishing(client, several, session_id)
    assert "cannot be published in a query handler" in await handle.query("peek")
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await handle.execute_update("tell", "publish")
    assert "cannot be published in a query handler" in str(refused.value.cause)
    await handle.signal("end")
    await handle.result()
    assert texts(await in_workflow(handle), 0) == ["asked a", "more", "over"]
    await agree(client, handle)


async def test_a_call_with_a_value_that_is_no_event_publishes_nothing(
    client: Client, several: str, session_id: str
) -> None:
    """Also the valid ones before it; types of the stream's own are refused as well."""
    handle = await publishing(client, several, session_id)
    good = {"type": "note", "text": "good"}
    for bad in ({"text": "no type"}, "text", {"type": "done"}, {"type": "ended"}):
        assert await handle.execute_update("publish", [good, bad]) != ""
    assert await handle.execute_update("publish", []) == ""
    await handle.signal("end")
    await handle.result()
    assert texts(await in_workflow(handle), 0) == ["asked a", "more", "over"]
    await agree(client, handle)


async def test_a_record_is_bounded(client: Client, several: str, session_id: str) -> None:
    """What is too large by itself is `omitted`; many events in one call become several records."""
    handle = await publishing(client, several, session_id)
    big = {"type": "big", "text": "x" * 40_000}
    large = [{"type": "note", "text": f"{n}" * 10_000} for n in range(5)]
    assert await handle.execute_update("publish", [big, *large]) == ""
    await handle.signal("end")
    await handle.result()
    events = [event for event in await in_workflow(handle) if event["id"].startswith("0.")]
    omitted = {"type": "omitted", "of": "big", "bytes": 40_024}
    assert events[1] == {"id": "0.1.2", **omitted}
    assert [event["text"] for event in events[2:7]] == [event["text"] for event in large]
    assert await records(handle) == 3 + 2
    await agree(client, handle)


async def test_a_cancelled_workflow_publishes_its_last_words(
    client: Client, several: str, session_id: str
) -> None:
    """An event that is published in a `finally` is recorded."""
    handle = await publishing(client, several, session_id)

    async def asked() -> bool:
        return bool((await handle.query("progress"))["last_event_id"] == "1.1.3")

    await eventually(asked)
    await handle.cancel()
    with pytest.raises(WorkflowFailureError) as failed:
        await handle.result()
    assert isinstance(failed.value.cause, CancelledError)
    assert texts(await in_workflow(handle), 0) == ["asked a", "over"]
    assert (await handle.query("progress"))["status"] == "cancelled"
    await agree(client, handle)


@pytest.mark.parametrize("headers", [HeaderCodecBehavior.NO_CODEC, HeaderCodecBehavior.CODEC])
async def test_a_codec_hides_what_a_workflow_publishes_and_hides_it_from_no_reader(
    client: Client, session_id: str, headers: HeaderCodecBehavior
) -> None:
    """The history has nothing in plain text; with the codec it reads as without one."""
    config = client.config()
    config["data_converter"] = encrypting([b"k" * 32])
    config["header_codec_behavior"] = headers
    secret = Client(**config)
    queue = f"secret-{secrets.token_hex(4)}"
    async with several_worker(secret, queue):
        handle = await publishing(secret, queue, session_id)
        await handle.signal("end")
        await handle.result()
        held = await in_workflow(handle)
    assert texts(held, 0) == ["asked a", "more", "over"]
    recorded = await in_history(secret, handle)
    assert {str(event.id) for event in events_of(recorded)} == {event["id"] for event in held}
    plain = b"".join([e.SerializeToString() for e in (await handle.fetch_history()).events])
    assert b"asked a" not in plain
    assert (b"first_run_id" in plain) == (headers is HeaderCodecBehavior.NO_CODEC)
    assert await records(handle) == 3
