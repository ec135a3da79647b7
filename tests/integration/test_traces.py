"""Traces over the real stack, to a collector at a real socket."""

import asyncio
import base64
import json
import secrets
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client, WorkflowHistory

from kai_flow.settings import Settings
from kai_flow.temporal.codec import encrypting
from kai_flow.temporal.dev_server import DevServer
from kai_flow.web.server import running_bridge
from tests.integration.collector import Seen, below, collecting
from tests.integration.command import kai_in
from tests.integration.conftest import worker_on
from tests.integration.sealing import KEY
from tests.integration.test_signed_callbacks import new_key
from tests.integration.tracing import QUESTION, SECRET, dispatching, stack
from tests.integration.waiting import until


def one(spans: list[Seen], name: str, service: str) -> Seen:
    """The span of this name, of which there is one."""
    found = [span for span in spans if (span.name, span.service) == (name, service)]
    assert len(found) == 1, (name, [(span.service, span.name) for span in spans])
    return found[0]


def headers_of(history: WorkflowHistory) -> list[bytes]:
    """What the history has of the trace: in clear, whatever codec there is."""
    found = [
        attributes.header.fields["_tracer-data"].data
        for event in history.events
        for attributes in (
            event.workflow_execution_started_event_attributes,
            event.activity_task_scheduled_event_attributes,
            event.workflow_execution_signaled_event_attributes,
        )
        if "_tracer-data" in attributes.header.fields
    ]
    assert len(found) >= 3
    return found


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
            history = await client.get_workflow_handle(session_id).fetch_history()
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
    for header in headers_of(history):
        assert json.loads(header).keys() == {"traceparent"}
    exported = b"".join(collector.bodies)
    assert SECRET.encode() not in exported
    assert QUESTION.encode() not in exported
    assert (b"modal_awal" in exported) == (content == "on")


async def test_kai_up_and_kai_ask_make_one_trace(tmp_path: Path) -> None:
    """Both read the same variables: a question of one process is answered in spans of the other."""
    kai = kai_in(tmp_path / "home")
    with collecting() as collector, kai.up(**collector.environ):
        asking = await asyncio.to_thread(
            kai.run, "ask", "--session-id", "one", "--json", QUESTION, **collector.environ
        )
        assert asking.returncode == 0, asking.stderr
        await until(lambda: collector.named("CompleteWorkflow:KaiChatWorkflow"))
    assert len({span.trace for span in collector.spans}) == 1
    assert {"StartWorkflow:KaiChatWorkflow", "SELECT", "POST /events/{session_id}"} <= {
        span.name for span in collector.spans
    }


async def test_a_list_is_linked_with_its_sessions(
    temporal: DevServer, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A POST that sessions share has a trace of its own; the links lead there and back."""
    queue = f"traces-{secrets.token_hex(4)}"
    sessions = [f"{session_id}-{number}" for number in range(8)]
    steps = json.dumps([{"tokens": 300, "pause": 0.01}])
    with collecting() as collector:
        async with (
            dispatching(temporal, collector, monkeypatch) as client,
            running_bridge(Settings(bridge_port=0), client) as url,
            worker_on(client, queue),
            asyncio.TaskGroup() as group,
        ):
            for one_of_them in sessions:
                question = {
                    "prompt": steps,
                    "connection_id": "none",
                    "callback_url": f"{url}/events/{one_of_them}",
                }
                group.create_task(
                    client.execute_workflow(
                        "KaiChatWorkflow", question, id=one_of_them, task_queue=queue
                    )
                )
    lists = collector.named("POST a list")
    assert lists
    posts = {span.id: span for span in collector.named("POST events")}
    for each in lists:
        assert not each.parent
        assert each.links
        for link in each.links:
            assert each.id in posts[link].links
            assert posts[link].trace != each.trace
    received = [s for s in collector.spans if s.parent in {each.id for each in lists}]
    assert {span.name for span in received} == {"POST /events/{session_id}"}
    # 300 tokens in three seconds: not one span for each POST
    assert len(posts) <= 8 * len(sessions)


async def test_a_session_that_is_not_sampled_is_in_no_trace(
    temporal: DevServer, session_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program that starts a session decides, whatever the others would do by themselves."""
    with collecting() as collector:
        async with stack(temporal, tmp_path, **collector.environ) as (queue, url):
            for number, sampler in enumerate(("always_off", "always_on")):
                monkeypatch.setenv("OTEL_TRACES_SAMPLER", sampler)
                async with dispatching(temporal, collector, monkeypatch) as client:
                    await answered(client, queue, url, f"{session_id}-{number}")
    assert not collector.of(f"{session_id}-0")
    assert collector.of(f"{session_id}-1")


async def test_an_encrypted_session_has_a_trace(
    temporal: DevServer, session_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A codec that refuses what is in clear does not refuse the headers, which have ids only."""
    codec = {
        "KAI_DATA_CONVERTER": "kai_flow.temporal.codec:encrypted_only",
        "KAI_CODEC_KEYS": base64.b64encode(KEY).decode(),
    }
    converter = encrypting([KEY], clear=False)
    with collecting() as collector:
        async with (
            stack(temporal, tmp_path, **collector.environ, **codec) as (queue, url),
            dispatching(temporal, collector, monkeypatch, converter) as client,
        ):
            await answered(client, queue, url, session_id)
            history = await client.get_workflow_handle(session_id).fetch_history()
    assert len({span.trace for span in collector.spans}) == 1
    assert collector.named("HandleSignal:publish_events")
    for header in headers_of(history):
        assert json.loads(header).keys() == {"traceparent"}


async def test_an_agents_own_spans_are_in_the_trace(
    temporal: DevServer, session_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An agent, or a library that it uses, needs OpenTelemetry's API and nothing of ours."""
    agent = {"KAI_AGENT": "tests.agents.spanning:create"}
    with collecting() as collector:
        async with (
            stack(temporal, tmp_path, **collector.environ, **agent) as (queue, url),
            dispatching(temporal, collector, monkeypatch) as client,
        ):
            await answered(client, queue, url, session_id)
    activity = one(collector.spans, "RunActivity:chat_streaming", "kai-worker")
    thought = one(collector.spans, "think", "kai-worker")
    assert thought.parent == activity.id
    assert thought.attributes["gen_ai.request.model"] == "none"
