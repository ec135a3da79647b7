"""Traces over the real stack, to a collector at a real socket."""

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.sdk.trace import TracerProvider
from temporalio.client import Client, WorkflowHistory
from temporalio.worker import Replayer, Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from kai_flow.settings import Settings
from kai_flow.stream import StreamPlugin
from kai_flow.stream.signing import SigningKeys
from kai_flow.stream.signing_keys import read_keys
from kai_flow.temporal.client import connect
from kai_flow.temporal.dev_server import DevServer
from kai_flow.traces.program import traces
from kai_flow.traces.temporal import Traces
from kai_flow.web.server import running_bridge
from kai_flow.worker.service import PASSTHROUGH
from tests.integration.collector import Collector, Seen, below, collecting
from tests.integration.command import kai_in
from tests.integration.conftest import worker_on
from tests.integration.programs import environment, running
from tests.integration.switching import Steps, speak
from tests.integration.test_replay import ALL, HISTORIES, recorded
from tests.integration.test_signed_callbacks import new_key
from tests.integration.waiting import eventually, until
from tests.issuing import KEYS, token

QUESTION = "Show the top 5 provinces by average founding capital of cooperatives"
MESSAGE = f"msg_{secrets.token_hex(16)}"
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
            await until(lambda: collector.named("CompleteWorkflow:KaiChatWorkflow"))
            history = await client.get_workflow_handle(session_id).fetch_history()
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


@pytest.mark.parametrize("collector_is", ["hanging", "away"])
async def test_a_collector_that_fails_delays_and_loses_no_event(
    temporal: DevServer,
    session_id: str,
    tmp_path: Path,
    client: Client,
    collector_is: str,
) -> None:
    """The session is as without traces, and both programs stop in time, with a line in the log."""
    small = {"OTEL_BSP_MAX_QUEUE_SIZE": "8", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "4"}
    with collecting(hangs=True) as collector:
        variables = {**collector.environ, **small, "KAI_AGENT": "tests.agents.scripted:create"}
        if collector_is == "away":
            variables["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:1"
        queue = f"traces-{secrets.token_hex(4)}"
        environ = environment(
            tmp_path, temporal.address, TEMPORAL_TASK_QUEUE=queue, KAI_BRIDGE_PORT="0", **variables
        )
        async with (
            running(["-m", "api"], environ, tmp_path / "bridge.log") as bridge,
            running(["-m", "kai_flow.worker"], environ, tmp_path / "worker.log") as worker,
        ):
            url = await bridge.ready()
            await worker.ready()
            question = {
                "prompt": json.dumps([{"tokens": 200, "pause": 0.005}]),
                "connection_id": "none",
                "callback_url": f"{url}/events/{session_id}",
            }
            result = await client.execute_workflow(
                "KaiChatWorkflow", question, id=session_id, task_queue=queue
            )
            assert result["status"] == "completed"
            assert (result["events_sent"], result["events_failed"]) == (201, 0)
            assert result["execution_time_ms"] < 15_000
            if collector_is == "hanging":
                await until(lambda: collector.requests)
            began = time.monotonic()
            for program in (worker, bridge):
                program.process.terminate()
            for program in (worker, bridge):
                await program.process.communicate()
                assert program.process.returncode == 0
            assert time.monotonic() - began < 20  # uvicorn and the worker need some of it
    said = (tmp_path / "worker.log").read_text()
    assert "were not exported within" in said
    if collector_is == "away":
        assert said.count("spans cannot be exported") <= 1
        assert "retrying" not in said


@pytest.mark.parametrize("program", ["api", "kai_flow.worker"])
@pytest.mark.parametrize("on", [False, True])
async def test_without_traces_nothing_of_it_is_imported(
    temporal: DevServer, tmp_path: Path, program: str, on: bool
) -> None:
    """OpenTelemetry is imported where it is asked for, and nowhere else."""
    with collecting() as collector:
        environ = environment(
            tmp_path, temporal.address, KAI_BRIDGE_PORT="0", **(collector.environ if on else {})
        )
        errors = tmp_path / "errors"
        async with running(["-X", "importtime", "-m", program], environ, errors) as one_program:
            await one_program.ready()
    assert (" opentelemetry" in errors.read_text()) == on


@pytest.mark.parametrize("on", [False, True])
def test_without_traces_a_command_imports_nothing_of_it(tmp_path: Path, on: bool) -> None:
    """Nor does `kai ask`, whose start is waited for by a person."""
    kai = kai_in(tmp_path / "home")
    exporter = "console" if on else "none"
    asked = kai.run(
        *("ask", "--json", QUESTION), OTEL_TRACES_EXPORTER=exporter, PYTHONPROFILEIMPORTTIME="1"
    )
    assert asked.returncode == 0, asked.stderr
    assert (" opentelemetry" in asked.stderr) == on


async def test_a_missing_extra_is_named(temporal: DevServer, tmp_path: Path) -> None:
    """Who asks for traces without the packages is told what to install, and how to do without."""
    without = (
        "import sys; sys.modules['opentelemetry'] = None; sys.argv = ['api']; "
        "from api.__main__ import main; sys.exit(main())"
    )
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"}
    environ = environment(tmp_path, temporal.address, KAI_BRIDGE_PORT="0", **variables)
    errors = tmp_path / "errors"
    async with running(["-c", without], environ, errors) as program:
        await program.process.communicate()
    assert program.process.returncode == 2
    said = errors.read_text()
    assert said.startswith("kai: OTEL_EXPORTER_OTLP_ENDPOINT asks for traces")
    assert "kai-flow[traces]" in said
    assert "OTEL_TRACES_EXPORTER=none" in said


@pytest.mark.parametrize("began_with", [False, True])
async def test_a_session_goes_on_when_traces_are_switched(
    temporal: DevServer,
    client: Client,
    bridge: str,
    session_id: str,
    monkeypatch: pytest.MonkeyPatch,
    began_with: bool,
) -> None:
    """Workers with and without traces take over from each other; each replays what was before."""
    queue = f"traces-{secrets.token_hex(4)}"
    with collecting() as collector:
        async with AsyncExitStack() as stack:
            traced = await stack.enter_async_context(dispatching(temporal, collector, monkeypatch))
            first = traced if began_with else client
            handle = await first.start_workflow("Steps", id=session_id, task_queue=queue)
            ids: list[str] = []
            for number in range(4):
                on = (number % 2 == 0) == began_with
                async with Worker(
                    traced if on else client,
                    task_queue=queue,
                    workflows=[Steps],
                    activities=[speak],
                    plugins=[StreamPlugin(bridge=bridge)],
                    max_cached_workflows=0,  # every workflow task replays all that was before
                ):
                    await handle.signal("say", f"word {number}")

                    async def is_done(expected: int = number + 1) -> bool:
                        return bool(await handle.query("count") == expected)

                    await eventually(is_done)
                    if number == 3:
                        await handle.signal("say", "")
                        *ids, _ = await handle.result()
    assert ids == ["1.1.2", "2.1.2", "3.1.2", "4.1.2"]
    activities = collector.named("RunActivity:speak")
    assert len(activities) == 2
    assert len({span.trace for span in activities}) == (1 if began_with else 2)
    history = await handle.fetch_history()
    for interceptors in ([], [Traces(TracerProvider(shutdown_on_exit=False))]):
        await Replayer(
            workflows=[Steps], plugins=[StreamPlugin()], interceptors=interceptors
        ).replay_workflow(history)


@pytest.mark.parametrize("file", HISTORIES, ids=lambda file: file.stem)
async def test_recorded_histories_replay_with_traces(file: Path) -> None:
    """What was recorded without traces replays with them."""
    replayer = Replayer(
        workflows=ALL,
        plugins=[StreamPlugin()],
        interceptors=[Traces(TracerProvider(shutdown_on_exit=False))],
        workflow_runner=SandboxedWorkflowRunner(
            restrictions=SandboxRestrictions.default.with_passthrough_modules(PASSTHROUGH)
        ),
    )
    await replayer.replay_workflow(recorded(file))


def test_the_embedded_server_exports_nothing(tmp_path: Path) -> None:
    """It would read the same variables, and does not start with an exporter that it lacks."""
    kai = kai_in(tmp_path / "home")
    asked = kai.run("ask", "--json", QUESTION, OTEL_TRACES_EXPORTER="console")
    assert asked.returncode == 0, asked.stderr
    assert '"name": "SELECT"' in asked.stderr
