"""Sessions whose payloads are encrypted: for programs with the codec, as any other."""

import secrets

import pytest
from temporalio.api.failure.v1 import Failure
from temporalio.client import Client

from kai_flow.cli.sessions import _message
from kai_flow.stream import (
    CodecMissing,
    follow,
    read_history,
)
from kai_flow.stream.batches import Batch
from kai_flow.stream.ids import EventId
from kai_flow.stream.liveness import ProducerDetail, _detail_of_producer, decode_detail
from kai_flow.stream.run import describe
from kai_flow.stream.signals import publish
from kai_flow.temporal.codec import encrypting
from kai_flow.temporal.payload_cipher import key_id_of
from tests.agents import scripted
from tests.integration.conftest import worker_on
from tests.integration.hubs import bridging
from tests.integration.sealing import (
    CANARY,
    KEY,
    OTHER,
    SAYS,
    ask,
    read,
    shown,
    stored,
    with_converter,
)
from tests.integration.subscriber import subscribed
from tests.integration.waiting import eventually
from tests.property.strategies import run_of


async def test_with_the_codec_a_session_reads_as_any_other(
    client: Client, sealed: Client, sealed_queue: str, session_id: str
) -> None:
    """Stream, query, history and result are complete, and what is stored has nothing in clear."""
    async with bridging(sealed) as bridge:
        handle = await ask(
            sealed, sealed_queue, session_id,
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
    sealed: Client, sealed_queue: str, session_id: str
) -> None:
    """Readers with the codec learn why; the message, which may repeat data, is not in clear."""
    async with bridging(sealed) as bridge:
        handle = await ask(
            sealed, sealed_queue, session_id, {"bad_task": CANARY}, bridge=bridge.url
        )
        (_, done) = (await read(follow(bridge.url, session_id)))[-1]
    assert done == {"type": "done", "status": "failed", "error": CANARY}
    assert CANARY.encode() not in await stored(handle)


async def test_heartbeats_tell_their_throttle(
    client: Client, sealed: Client, sealed_queue: str, session_id: str
) -> None:
    """The producer's detail is read with the codec, and is unknown without it (§5.7)."""
    handle = await ask(sealed, sealed_queue, session_id, {"gate": "a"})

    async def detail(reading: Client) -> ProducerDetail | None:
        (pending,) = (await describe(reading, session_id)).pending_activities
        await decode_detail(reading, pending)
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


async def test_a_failed_attempt_tells_why(
    client: Client, sealed: Client, sealed_queue: str, session_id: str
) -> None:
    """`kai sessions` shows the message of an attempt to whoever has the key, and to nobody else."""
    failing = {"attempt": 1, "do": [{"raise": CANARY}]}
    handle = await ask(sealed, sealed_queue, session_id, failing, {"gate": "a"})

    async def failed() -> Failure | None:
        pending = (await describe(client, session_id)).pending_activities
        return next((one.last_failure for one in pending if one.last_failure.message), None)

    failure = await eventually(failed)
    assert failure is not None
    assert CANARY not in await _message(client, failure)
    assert CANARY in await _message(sealed, failure)
    scripted.opened[f"{session_id}/a"].set()
    await handle.result()
