"""Traces over the real stack, to a collector at a real socket."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from kai_flow.settings import Settings
from kai_flow.temporal.client import connect
from kai_flow.temporal.dev_server import DevServer
from kai_flow.traces.program import traces
from tests.integration.collector import Collector, Seen, below, collecting
from tests.integration.programs import environment, running
from tests.integration.test_signed_callbacks import new_key
from tests.integration.waiting import until

QUESTION = "Show the top 5 provinces by average founding capital of cooperatives"
SECRET = f"canary{secrets.token_hex(8)}"  # never to be seen at a collector


@asynccontextmanager
async def dispatching(
    temporal: DevServer, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Client]:
    """A client of this process, whose calls are traced."""
    for name, value in collector.environ.items():
        monkeypatch.setenv(name, value)
    async with traces(Settings(), "dispatch"):
        yield await connect(temporal.address)


@asynccontextmanager
async def stack(
    temporal: DevServer, home: Path, **variables: str
) -> AsyncIterator[tuple[str, str]]:
    """A worker and a bridge, each a program of its own: a task queue, and the bridge's URL."""
    queue = f"traces-{secrets.token_hex(4)}"
    environ = environment(
        home, temporal.address, TEMPORAL_TASK_QUEUE=queue, KAI_BRIDGE_PORT="0", **variables
    )
    async with (
        running(["-m", "api"], environ, home / "bridge.log") as bridge,
        running(["-m", "kai_flow.worker"], environ, home / "worker.log") as worker,
    ):
        url = await bridge.ready()
        await worker.ready()
        yield queue, url


def one(spans: list[Seen], name: str, service: str) -> Seen:
    """The span of this name, of which there is one."""
    found = [span for span in spans if (span.name, span.service) == (name, service)]
    assert len(found) == 1, (name, [(span.service, span.name) for span in spans])
    return found[0]


async def answered(client: Client, queue: str, url: str, session: str) -> dict[str, Any]:
    """The result of a session about the demo database."""
    question = {
        "prompt": QUESTION,
        "connection_id": "koperasi",
        "callback_url": f"{url}/events/{session}?token={SECRET}",
    }
    result: dict[str, Any] = await client.execute_workflow(
        "KaiChatWorkflow", question, id=session, task_queue=queue
    )
    assert result["status"] == "completed"
    return result


@pytest.mark.parametrize("content", ["off", "on"])
async def test_one_trace_joins_all_programs(
    temporal: DevServer,
    session_id: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    content: str,
) -> None:
    """Dispatch, workflow, activity, SQL, POST, bridge and signal are in one trace, without data."""
    with collecting() as collector:
        variables = collector.environ | {
            "KAI_SIGNING_KEYS": new_key(),
            "KAI_TRACE_CONTENT": content,
        }
        async with (
            stack(temporal, tmp_path, **variables) as (queue, url),
            dispatching(temporal, collector, monkeypatch) as client,
        ):
            result = await answered(client, queue, url, session_id)
            await until(lambda: collector.named("CompleteWorkflow:KaiChatWorkflow"))
            await until(lambda: len(collector.named("POST /events/{session_id}")) == 2)
    spans = collector.spans
    start = one(spans, "StartWorkflow:KaiChatWorkflow", "dispatch")
    assert {span.trace for span in spans} == {start.trace}
    assert start.attributes["temporalWorkflowID"] == session_id
    scheduled = one(spans, "StartActivity:chat_streaming", "kai-worker")
    activity = one(spans, "RunActivity:chat_streaming", "kai-worker")
    assert (scheduled.parent, activity.parent) == (start.id, scheduled.id)
    inside = below(spans, activity)
    statement = one(inside, "SELECT", "kai-worker")
    assert statement.attributes["db.system.name"] == "sqlite"
    assert statement.attributes.get("db.query.text") == (
        result["sql_queries"][0] if content == "on" else None
    )
    one(inside, "read question", "kai-worker")
    posts = {span.id for span in inside if span.name == "POST events"}
    received = [span for span in inside if span.name == "POST /events/{session_id}"]
    assert {span.parent for span in received} == posts
    assert all(span.service == "kai-bridge" and span.kind == 2 for span in received)
    signals = [span for span in inside if span.name == "SignalWorkflow:publish_events"]
    assert {span.parent for span in signals} <= {span.id for span in received}
    handled = [span for span in spans if span.name == "HandleSignal:publish_events"]
    assert {link for span in handled for link in span.links} == {span.id for span in signals}
    assert signals
    exported = b"".join(collector.bodies)
    assert SECRET.encode() not in exported
    assert QUESTION.encode() not in exported
    assert (b"modal_awal" in exported) == (content == "on")
