"""A worker that is restarted without a key: its sessions wait, it says why, and nothing is lost."""

import logging
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import PauseActivityRequest, UnpauseActivityRequest
from temporalio.client import Client

from kai_flow.runtime.log_limiter import LogLimiter
from kai_flow.stream import follow
from kai_flow.temporal import codec
from kai_flow.temporal.codec import encrypting
from kai_flow.temporal.dev_server import DevServer
from kai_flow.temporal.payload_cipher import key_id_of
from tests.agents import scripted
from tests.integration.conftest import worker_on
from tests.integration.hubs import bridging
from tests.integration.programs import environment
from tests.integration.sealing import CANARY, KEY, OTHER, SAYS, ask, read, shown, with_converter
from tests.integration.test_cli_sessions import Kai
from tests.integration.waiting import eventually

LACKING = f"encrypted with the key {key_id_of(KEY)}"
REMEDY = "add that key to KAI_CODEC_KEYS"


@pytest.fixture
def others(client: Client) -> Client:
    """A client with another key alone."""
    return with_converter(client, encrypting([OTHER]))


@pytest.fixture
def both(client: Client) -> Client:
    """A client with both keys."""
    return with_converter(client, encrypting([OTHER, KEY]))


@pytest.fixture
async def bridge(both: Client) -> AsyncIterator[str]:
    """The base URL of a bridge that has all keys."""
    async with bridging(both) as one:
        yield one.url


@pytest.fixture
def kai(temporal: DevServer, tmp_path: Path) -> Kai:
    """`kai sessions` with no codec at all."""
    return Kai(environment(tmp_path / "home", temporal.address))


@pytest.fixture
def queue(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> str:
    """A task queue of this test; the log has all lines that it has not had before."""
    monkeypatch.setattr(codec.CodecFailures, "_limiter", LogLimiter())
    caplog.set_level(logging.WARNING, codec.log.name)
    return f"key-{secrets.token_hex(4)}"


async def unpause(client: Client, session_id: str) -> None:
    """Bring the next attempt of its activity at once."""
    execution = WorkflowExecution(workflow_id=session_id)
    await client.workflow_service.pause_activity(
        PauseActivityRequest(namespace=client.namespace, execution=execution, id="1")
    )
    await client.workflow_service.unpause_activity(
        UnpauseActivityRequest(namespace=client.namespace, execution=execution, id="1")
    )


async def test_sessions_wait_for_the_key_and_go_on(
    kai: Kai, sealed: Client, others: Client, both: Client, queue: str, bridge: str,
    session_id: str, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """One that runs and one that only begins: found as stuck with the key's id, and finished."""
    under_way, new = f"{session_id}-a", f"{session_id}-b"
    async with worker_on(sealed, queue):
        await ask(sealed, queue, under_way, SAYS, {"gate": "a"}, SAYS, bridge=bridge)
        await scripted.reached[f"{under_way}/a"].wait()
    await ask(sealed, queue, new, SAYS, bridge=bridge)
    async with worker_on(others, queue):

        async def explained() -> bool:
            found = await kai.states("--stuck", "--queue", queue)
            return len(found) == 2 and all(
                LACKING in one["detail"] and REMEDY in one["detail"] for one in found.values()
            )

        await eventually(explained)
    lines = [one for one in caplog.records if getattr(one, "kind", "") == "codec_key_missing"]
    assert len(lines) == 1  # of two sessions, each of which was tried several times
    assert LACKING in lines[0].getMessage()
    assert not [one for one in caplog.records if one.name == "temporalio.worker._workflow"]
    scripted.opened[f"{under_way}/a"].set()
    async with worker_on(both, queue):
        assert (await both.get_workflow_handle(new).result())["final_answer"] == CANARY
        await unpause(both, under_way)
        assert (await both.get_workflow_handle(under_way).result())["final_answer"] == CANARY * 2
        events = await read(follow(both, under_way))
        assert shown(events)[-5:] == ["started", "token", "token", "ended", "done"]
    assert await kai.states("--queue", queue) == {}


async def test_an_activity_is_not_tried_again_at_once(
    client: Client, sealed: Client, others: Client, queue: str, bridge: str, session_id: str
) -> None:
    """Its attempts would be used up within seconds: the next one is ten minutes away."""
    async with worker_on(sealed, queue):
        await ask(sealed, queue, session_id, {"gate": "a"}, bridge=bridge)
        await scripted.reached[f"{session_id}/a"].wait()
    handle = client.get_workflow_handle(session_id)
    async with worker_on(others, queue):

        async def failed() -> float:
            for one in (await handle.describe()).raw_description.pending_activities:
                if LACKING in one.last_failure.message:
                    return float(one.current_retry_interval.ToSeconds())
            return 0.0

        assert await eventually(failed) == codec.KEY_PAUSE.total_seconds() == 600
    await handle.terminate()
