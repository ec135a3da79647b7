"""What no trace tells, and whom no bridge believes about traces."""

import json
import secrets
import time

import httpx
import pytest

from kai_flow.settings import Settings
from kai_flow.stream.signing import SigningKeys
from kai_flow.stream.signing_keys import read_keys
from kai_flow.temporal.dev_server import DevServer
from kai_flow.web.server import running_bridge
from tests.integration.collector import collecting
from tests.integration.conftest import worker_on
from tests.integration.test_signed_callbacks import new_key
from tests.integration.tracing import SECRET, dispatching
from tests.issuing import KEYS, token

MESSAGE = f"msg_{secrets.token_hex(16)}"


async def test_no_error_of_an_agent_is_exported(
    temporal: DevServer, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of an error that may quote data, a span has the type."""
    queue = f"traces-{secrets.token_hex(4)}"
    question = {"prompt": json.dumps([{"bad_task": SECRET}]), "connection_id": "none"}
    with collecting() as collector:
        async with (
            dispatching(temporal, collector, monkeypatch) as client,
            worker_on(client, queue),
        ):
            start = client.execute_workflow(
                "KaiChatWorkflow", question, id=session_id, task_queue=queue
            )
            with pytest.raises(Exception, match="failed"):
                await start
    (activity,) = collector.named("RunActivity:chat_streaming")
    assert [event["exception.type"] for event in activity.events]
    assert SECRET.encode() not in b"".join(collector.bodies)


async def test_a_strangers_traceparent_is_not_believed(
    temporal: DevServer,
    session_id: str,
    http: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A bridge with keys makes a span for whom it knows by a signature, and for nobody else."""
    settings = Settings(bridge_port=0, token_keys=KEYS, signing_keys=read_keys(new_key()))
    body = json.dumps({"session_id": session_id, "event": {"type": "note"}}).encode()
    signed = SigningKeys(settings.signing_keys).sign_post(MESSAGE, time.time(), body)
    publisher = {"Authorization": f"Bearer {token(session_id, rights=['publish'])}"}
    reader = token(session_id)
    named = [secrets.token_hex(16) for _ in range(5)]

    async def post(trace: str, **headers: str) -> int:
        answer = await http.post(
            f"{url}/events/{session_id}",
            content=body,
            headers={
                "Content-Type": "application/json",
                "traceparent": f"00-{trace}-{secrets.token_hex(8)}-01",
                **headers,
            },
        )
        return answer.status_code

    with collecting() as collector:
        async with (
            dispatching(temporal, collector, monkeypatch) as client,
            running_bridge(settings, client) as url,
        ):
            assert await post(named[0]) == 401
            assert await post(named[1], **{**signed, "webhook-signature": "v1,x"}) == 401
            assert await post(named[2], **publisher) == 200
            reading = await http.get(
                f"{url}/stream/another?wait=false&token={reader}",
                headers={"traceparent": f"00-{named[3]}-{secrets.token_hex(8)}-01"},
            )
            assert reading.status_code == 404
            assert await post(named[4], **signed) == 200
    assert [span.trace for span in collector.spans] == named[4:]
    assert reader.encode() not in b"".join(collector.bodies)
