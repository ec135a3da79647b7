"""Sessions whose payloads are encrypted: with the codec as any other, without it never in clear."""

import asyncio
import logging
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import aclosing
from datetime import timedelta
from typing import Any

import httpx
import pytest
from temporalio import activity, workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.converter import DataConverter
from temporalio.worker import Worker

from kai_flow.stream import (
    CodecMissing,
    EventProducer,
    Followed,
    StreamPlugin,
    follow,
    read_history,
)
from kai_flow.stream.batches import Batch
from kai_flow.stream.ids import EventId
from kai_flow.stream.liveness import ProducerDetail, _decode_detail, _detail_of_producer
from kai_flow.stream.run import describe
from kai_flow.stream.signals import publish
from kai_flow.temporal.codec import encrypting
from kai_flow.temporal.payload_cipher import key_id_of
from tests.agents import scripted
from tests.integration.conftest import worker_on
from tests.integration.hubs import Bridge, bridging
from tests.integration.log_records import records_of
from tests.integration.subscriber import subscribed
from tests.integration.waiting import eventually, until
from tests.property.strategies import run_of

KEY, OTHER = b"k" * 32, b"o" * 32
CANARY = "canary"

Handle = WorkflowHandle[Any, Any]


def with_converter(client: Client, converter: DataConverter) -> Client:
    """The same client with another data converter."""
    config = client.config()
    config["data_converter"] = converter
    return Client(**config)


@pytest.fixture
def sealed(client: Client) -> Client:
    """A client with the codec that is shipped."""
    return with_converter(client, encrypting([KEY]))


@pytest.fixture
async def queue(sealed: Client) -> AsyncIterator[str]:
    """The task queue of a worker with the codec."""
    name = f"sealed-{secrets.token_hex(4)}"
    async with worker_on(sealed, name):
        yield name


SAYS = {"say": {"type": "token", "content": CANARY}}


async def ask(
    client: Client, queue: str, session_id: str, *steps: dict[str, Any], bridge: str | None = None
) -> Handle:
    """Start a session of the scripted agent; its events go to this bridge."""
    import json

    question = {
        "prompt": json.dumps(steps),
        "connection_id": "none",
        "callback_url": bridge and f"{bridge}/events/{session_id}",
    }
    return await client.start_workflow("KaiChatWorkflow", question, id=session_id, task_queue=queue)


async def stored(handle: Handle) -> bytes:
    """The whole history, as the server has it."""
    history = await handle.fetch_history()
    return b"".join(event.SerializeToString() for event in history.events)


async def read(source: AsyncGenerator[Followed, None]) -> list[tuple[str | None, dict[str, Any]]]:
    """Everything to the end of a session."""
    async with asyncio.timeout(60), aclosing(source) as events:
        return [(event_id, event) async for event_id, event in events]


def shown(events: Iterable[tuple[str | None, dict[str, Any]]]) -> list[str]:
    """The types of events, without those about the stream itself."""
    return [event["type"] for _, event in events if event["type"] != "status"]


async def test_with_the_codec_a_session_reads_as_any_other(
    client: Client, sealed: Client, queue: str, session_id: str
) -> None:
    """Stream, query, history and result are complete, and what is stored has nothing in clear."""
    async with bridging(sealed) as bridge:
        handle = await ask(
            sealed, queue, session_id,
            SAYS, {"gate": "a"}, {"result": {"final_answer": CANARY}},
            bridge=bridge.url,
        )  # fmt: skip
        async with subscribed(f"{bridge.url}/stream/{session_id}") as reader:
            await reader.saw("token")
            scripted.opened[f"{session_id}/a"].set()
            done = (await reader.saw("done")).event
        assert done["result"]["final_answer"] == CANARY
        progress = await handle.query("progress")
        assert (progress["status"], progress["last_event_id"]) == ("completed", "1.1.2")
        live = await read(follow(bridge.url, session_id))
    assert live == await read(follow(sealed, session_id))
    assert len(await read_history(sealed, session_id)) == 2
    assert CANARY.encode() not in await stored(handle)
    assert b"kai-producer" in await stored(handle)  # headers are not encoded unless that is asked
    raw = await client.get_workflow_handle(session_id).fetch_history()
    signals = [e.workflow_execution_signaled_event_attributes for e in raw.events]
    by_bridge = [one for one in signals if one.signal_name == "publish_events"]
    assert by_bridge
    assert {
        payload.metadata["encoding"] for one in by_bridge for payload in one.input.payloads
    } == {b"binary/encrypted"}


async def test_a_late_reader_needs_no_worker(sealed: Client, session_id: str) -> None:
    """After worker and bridge have gone, another bridge shows everything from the history."""
    name = f"sealed-{secrets.token_hex(4)}"
    async with bridging(sealed) as bridge, worker_on(sealed, name):
        handle = await ask(sealed, name, session_id, SAYS, SAYS, bridge=bridge.url)
        await handle.result()
    async with bridging(sealed) as bridge:
        events = await read(follow(bridge.url, session_id))
    assert shown(events) == ["started", "token", "token", "ended", "done"]


async def test_a_failure_is_told_and_stored_encrypted(
    sealed: Client, queue: str, session_id: str
) -> None:
    """Readers with the codec learn why; the message, which may repeat data, is not in clear."""
    async with bridging(sealed) as bridge:
        handle = await ask(sealed, queue, session_id, {"bad_task": CANARY}, bridge=bridge.url)
        (_, done) = (await read(follow(bridge.url, session_id)))[-1]
    assert done == {"type": "done", "status": "failed", "error": CANARY}
    assert CANARY.encode() not in await stored(handle)


async def test_heartbeats_tell_their_throttle(
    client: Client, sealed: Client, queue: str, session_id: str
) -> None:
    """The producer's detail is read with the codec, and is unknown without it (§5.7)."""
    handle = await ask(sealed, queue, session_id, {"gate": "a"})

    async def detail(reading: Client) -> ProducerDetail | None:
        (pending,) = (await describe(reading, session_id)).pending_activities
        await _decode_detail(reading, pending)
        return _detail_of_producer(pending)

    async def beating() -> ProducerDetail | None:
        running = (await describe(sealed, session_id)).pending_activities
        return await detail(sealed) if running else None

    found = await eventually(beating)
    assert found is not None
    assert found.every == 2.0
    assert await detail(client) is None
    assert (await handle.query("progress"))["status"] == "running"
    scripted.opened[f"{session_id}/a"].set()
    await handle.result()


async def refusal_of(http: httpx.AsyncClient, bridge: Bridge, handle: Handle) -> httpx.Response:
    """The answer of a bridge to a POST of the session's first producer."""
    run_id = handle.first_execution_run_id
    body: dict[str, Any] = {
        "session_id": handle.id, "workflow_id": handle.id, "run_id": run_id,
        "first_run_id": run_id, "base": "1.1.1", "signaller": None, "events": [],
    }  # fmt: skip
    return await http.post(f"{bridge.url}/events/{handle.id}", json=body)


async def test_a_bridge_without_the_codec_signals_nothing_in_clear(
    client: Client,
    sealed: Client,
    queue: str,
    http: httpx.AsyncClient,
    session_id: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It refuses the producer, which signals by itself; it tells readers, and its log."""
    caplog.set_level(logging.INFO)
    async with bridging(client) as bridge:
        handle = await ask(sealed, queue, session_id, SAYS, {"gate": "a"}, SAYS, bridge=bridge.url)
        async with subscribed(f"{bridge.url}/stream/{session_id}", reconnect=False) as reader:
            status = (await reader.saw("status")).event
            refusal = await refusal_of(http, bridge, handle)
            scripted.opened[f"{session_id}/a"].set()
            await handle.result()  # nothing is lost: every event is durable
            assert reader.ended_at == 0.0
            assert reader.types == ["status"]
    assert status == {"type": "status", "status": "unreadable", "attempt": 1}
    assert (refusal.status_code, refusal.headers["Retry-After"]) == (503, "1")
    assert "KAI_DATA_CONVERTER" in refusal.json()["detail"]
    assert "binary/encrypted" in refusal.json()["detail"]
    assert CANARY.encode() not in await stored(handle)
    said = [record.getMessage() for record in records_of(caplog, session_id)]
    assert sum("shows and signals nothing" in line for line in said) == 1
    async with bridging(sealed) as bridge:
        assert shown(await read(follow(bridge.url, session_id))) == [
            "started", "token", "token", "ended", "done",
        ]  # fmt: skip


bridge_of: dict[str, str] = {}  # of a session whose code has no input


@activity.defn
async def speak() -> None:
    """Streams without having been given anything."""
    url = bridge_of[activity.info().workflow_id or ""]
    async with EventProducer(callback_url=url) as producer:
        await producer.send({"type": "token", "content": CANARY})


@workflow.defn(sandboxed=False)
class Speaking:
    """A session in whose history nothing is encoded before its first event."""

    @workflow.run
    async def run(self) -> None:
        """Until it has been spoken."""
        timeout = timedelta(seconds=60)
        await workflow.execute_activity(speak, start_to_close_timeout=timeout)


async def test_without_any_input_the_producer_tells_of_its_codec(
    client: Client, sealed: Client, session_id: str
) -> None:
    """A bridge without the codec signals nothing in clear of a session that shows none (§6.2)."""
    async with (
        bridging(client) as bridge,
        Worker(
            sealed,
            task_queue=session_id,
            workflows=[Speaking],
            activities=[speak],
            plugins=[StreamPlugin()],
        ),
    ):
        bridge_of[session_id] = f"{bridge.url}/events/{session_id}"
        handle = await sealed.start_workflow(Speaking.run, id=session_id, task_queue=session_id)
        await handle.result()
    assert CANARY.encode() not in await stored(handle)
    assert shown(await read(follow(sealed, session_id))) == ["started", "token", "ended", "done"]


async def test_a_session_without_a_callback_is_not_shown_as_empty(
    client: Client, sealed: Client, queue: str, session_id: str
) -> None:
    """Readers over a bridge without the codec are told `unreadable`, and not `done` with null."""
    handle = await ask(sealed, queue, session_id, SAYS, {"result": {"final_answer": CANARY}})
    await handle.result()
    async with (
        bridging(client) as bridge,
        subscribed(f"{bridge.url}/stream/{session_id}", reconnect=False) as reader,
    ):
        await reader.saw("status")
        await until(lambda: bridge.hub._session(session_id) is not None)
        assert reader.types == ["status"]


async def test_a_reader_without_the_codec_gets_an_error(
    client: Client, sealed: Client, queue: str, session_id: str
) -> None:
    """`follow` and `read_history` raise, instead of yielding a session without events."""
    handle = await ask(sealed, queue, session_id, SAYS)
    await handle.result()
    with pytest.raises(CodecMissing, match="binary/encrypted"):
        await read(follow(client, session_id))
    with pytest.raises(CodecMissing, match="KAI_DATA_CONVERTER"):
        await read_history(client, session_id)


async def test_a_bridge_with_another_key_waits_for_the_right_one(
    client: Client,
    sealed: Client,
    queue: str,
    http: httpx.AsyncClient,
    session_id: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It signals nothing with a key that the workers lack, and its log names the one it lacks."""
    wrong = with_converter(client, encrypting([OTHER]))
    async with bridging(wrong) as bridge:
        handle = await ask(sealed, queue, session_id, SAYS, {"gate": "a"}, bridge=bridge.url)
        async with subscribed(f"{bridge.url}/stream/{session_id}", reconnect=False) as reader:
            assert (await reader.saw("status")).event["status"] == "unreadable"
            refusal = await refusal_of(http, bridge, handle)
            scripted.opened[f"{session_id}/a"].set()
            await handle.result()
            assert reader.types == ["status"]
    assert refusal.status_code == 503
    said = [record.getMessage() for record in records_of(caplog, session_id)]
    assert any("KAI_CODEC_KEYS" in line and key_id_of(KEY) in line for line in said)
    with pytest.raises(CodecMissing, match=key_id_of(KEY)):
        await read_history(wrong, session_id)
    assert shown(await read(follow(sealed, session_id)))[-1] == "done"


async def test_a_worker_without_the_codec_leaves_a_question_to_others(
    client: Client, sealed: Client, session_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The question does not fail because one worker was set up wrongly; its log says what is."""
    name = f"sealed-{secrets.token_hex(4)}"
    async with worker_on(client, name):
        handle = await ask(sealed, name, session_id, SAYS)
        await until(lambda: "set KAI_DATA_CONVERTER to that of the program" in caplog.text)
    async with worker_on(sealed, name):
        assert (await handle.result())["status"] == "completed"


async def test_a_signal_in_clear_can_be_refused(client: Client, session_id: str) -> None:
    """With `encrypted_only` it is dropped, by the workflow as by readers, which both go on."""
    only = with_converter(client, encrypting([KEY], clear=False))
    name = f"only-{secrets.token_hex(4)}"
    async with bridging(only) as bridge, worker_on(only, name):
        handle = await ask(only, name, session_id, SAYS, {"gate": "a"}, bridge=bridge.url)
        async with subscribed(f"{bridge.url}/stream/{session_id}") as reader:
            await reader.saw("token")
            run_id = handle.first_execution_run_id or ""
            forged = Batch(run_of(EventId(1, 1, 3), 1))
            await publish(client, session_id, run_id, [forged])
            scripted.opened[f"{session_id}/a"].set()
            await reader.saw("done")
        assert reader.types == ["started", "token", "ended", "done"]
        assert (await handle.query("progress"))["last_event_id"] == "1.1.2"


async def test_a_key_is_rotated_while_a_session_runs(
    client: Client, sealed: Client, session_id: str
) -> None:
    """A worker and a bridge with a new first key go on with what the old one has encrypted."""
    name = f"sealed-{secrets.token_hex(4)}"
    rotated = with_converter(client, encrypting([OTHER, KEY]))
    async with bridging(rotated) as bridge:
        handle = await ask(sealed, name, session_id, SAYS, SAYS, bridge=bridge.url)
        async with worker_on(rotated, name):
            await client.get_workflow_handle(session_id).describe()
            events = await read(follow(bridge.url, session_id))
    assert shown(events) == ["started", "token", "token", "ended", "done"]
    assert events == await read(follow(rotated, session_id))
    with pytest.raises(CodecMissing, match=key_id_of(OTHER)):
        await read(follow(sealed, handle.id))
