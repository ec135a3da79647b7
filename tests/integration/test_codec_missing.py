"""Programs without the codec of an encrypted session: nothing in clear, nothing lost or hidden."""

import logging
import secrets
from datetime import timedelta
from typing import Any

import httpx
import pytest
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker

from kai_flow.stream import (
    CodecMissing,
    EventProducer,
    EventReader,
    StreamPlugin,
    follow,
    read_history,
)
from kai_flow.temporal.codec import encrypting
from kai_flow.temporal.payload_cipher import key_id_of
from tests.agents import scripted
from tests.integration.conftest import worker_on
from tests.integration.hubs import Bridge, bridging
from tests.integration.log_records import records_of
from tests.integration.sealing import (
    CANARY,
    KEY,
    OTHER,
    SAYS,
    Handle,
    ask,
    read,
    shown,
    stored,
    with_converter,
)
from tests.integration.subscriber import subscribed
from tests.integration.waiting import until


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
    sealed_queue: str,
    http: httpx.AsyncClient,
    session_id: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It refuses the producer, which signals by itself; it tells readers, and its log."""
    caplog.set_level(logging.INFO)
    async with bridging(client) as bridge:
        handle = await ask(
            sealed, sealed_queue, session_id, SAYS, {"gate": "a"}, SAYS, bridge=bridge.url
        )
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
    client: Client, sealed: Client, sealed_queue: str, session_id: str
) -> None:
    """Readers over a bridge without the codec are told `unreadable`, and not `done` with null."""
    handle = await ask(sealed, sealed_queue, session_id, SAYS, {"result": {"final_answer": CANARY}})
    await handle.result()
    async with (
        bridging(client) as bridge,
        subscribed(f"{bridge.url}/stream/{session_id}", reconnect=False) as reader,
    ):
        await reader.saw("status")
        await until(lambda: bridge.hub._session(session_id) is not None)
        assert reader.types == ["status"]


async def test_a_reader_without_the_codec_gets_an_error(
    client: Client, sealed: Client, sealed_queue: str, session_id: str
) -> None:
    """`follow` and the readers raise, instead of yielding a session without events."""
    handle = await ask(sealed, sealed_queue, session_id, SAYS)
    await handle.result()
    with pytest.raises(CodecMissing, match="binary/encrypted"):
        await read(follow(client, session_id))
    with pytest.raises(CodecMissing, match="KAI_DATA_CONVERTER"):
        await read_history(client, session_id)
    assert len((await EventReader(sealed, session_id).page()).events) == 1
    with pytest.raises(CodecMissing, match="binary/encrypted"):
        await EventReader(client, session_id).page()


async def test_a_bridge_with_another_key_waits_for_the_right_one(
    client: Client,
    sealed: Client,
    sealed_queue: str,
    http: httpx.AsyncClient,
    session_id: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It signals nothing with a key that the workers lack, and its log names the one it lacks."""
    wrong = with_converter(client, encrypting([OTHER]))
    async with bridging(wrong) as bridge:
        handle = await ask(sealed, sealed_queue, session_id, SAYS, {"gate": "a"}, bridge=bridge.url)
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
