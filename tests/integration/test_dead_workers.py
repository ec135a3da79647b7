"""A worker that is gone cannot say so: `progress` says it all the same, whoever listens."""

import asyncio
import json
import secrets
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from api.server import create_app
from kai_flow.bridge import hub as bridge_hub
from kai_flow.bridge import pulse as bridge_pulse
from kai_flow.bridge import reporter
from kai_flow.bridge import room as bridge_room
from kai_flow.bridge import session as bridge_session
from kai_flow.bridge.hub import Hub, running_hub
from kai_flow.connect import connect
from kai_flow.embedded import DevServer
from kai_flow.serving import serving
from kai_flow.settings import Settings
from kai_flow.stream.interceptor import StreamInterceptor
from kai_flow.stream.names import PUBLISH_STATUS
from kai_flow.stream.report import StatusReport, decode_report
from kai_flow.stream.workflow import WorkflowEventStream
from tests.integration.conftest import Handle
from tests.integration.programs import Program, environment, start
from tests.integration.subscriber import Subscriber, subscribed
from tests.integration.test_counters import Balancer, Books
from tests.integration.waiting import eventually, until

PULSE = 0.4  # seconds between two looks
UNHEARD = timedelta(seconds=4)  # a worker passes heartbeats on every 2 s
SEEN = 6.0  # seconds in which a bridge surely sees two heartbeats, which come 2 s apart
FORGET = 1.0  # seconds without a reader or a POST


@workflow.defn
class Apart:
    """A session whose activity runs in a worker of its own, so that this one can be asked."""

    @workflow.init
    def __init__(self, _queue: str, _heartbeat: float, _arguments: list[Any]) -> None:
        self.stream = WorkflowEventStream()

    @workflow.run
    async def run(self, queue: str, heartbeat: float, arguments: list[Any]) -> dict[str, Any]:
        """The result of the activity."""
        with self.stream.session():
            result: dict[str, Any] = await self.stream.execute_activity(
                "chat_streaming",
                args=arguments,
                task_queue=queue,
                start_to_close_timeout=timedelta(minutes=2),
                heartbeat_timeout=timedelta(seconds=heartbeat),
            )
            await self.stream.drain(result["last_event_id"])
        return result


@dataclass
class Stack:
    """Two bridges behind a balancer, and a workflow worker, in this process."""

    client: Client
    hubs: list[Hub]
    url: str
    books: Books
    queue: str
    folder: Path

    async def worker(self) -> Program:
        """A worker for activities in a process of its own."""
        environ = environment(
            self.folder / "home",
            self.client.service_client.config.target_host,
            KAI_AGENT="tests.agents.scripted:create",
            TEMPORAL_TASK_QUEUE=f"{self.queue}-activities",
        )
        log = self.folder / f"worker-{secrets.token_hex(2)}.log"
        program = await start(["-m", "kai_flow.worker"], environ, log)
        await program.ready()
        return program

    async def ask(self, name: str, heartbeat: float, *steps: dict[str, Any]) -> Handle:
        """Start a session."""
        session_id = f"{name}-{secrets.token_hex(4)}"
        arguments = [json.dumps(steps), "none", None, f"{self.url}/events/{session_id}"]
        handle: Handle = await self.client.start_workflow(
            "Apart",
            args=[f"{self.queue}-activities", heartbeat, arguments],
            id=session_id,
            task_queue=self.queue,
        )
        return handle

    def looks(self, handle: Handle) -> int:
        """How often the bridges have asked Temporal how the session is."""
        return self.books.calls[handle.id]["describe_workflow_execution"]

    def holds(self, handle: Handle) -> bool:
        """Whether a bridge still holds the session."""
        return any(handle.id in hub._rooms for hub in self.hubs)


@pytest.fixture
async def stack(
    temporal: DevServer, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Stack]:
    """Everything but the activity worker, impatient."""
    monkeypatch.setattr(bridge_session, "PULSE_SECONDS", PULSE)
    monkeypatch.setattr(reporter, "UNHEARD", UNHEARD)
    monkeypatch.setattr(bridge_pulse, "PACE_MARGIN", UNHEARD / 2)
    monkeypatch.setattr(reporter, "REPORT_SECONDS", PULSE)
    monkeypatch.setattr(bridge_room, "FORGET_SECONDS", FORGET)
    monkeypatch.setattr(bridge_hub, "TICK_SECONDS", PULSE)
    queue, books = f"apart-{secrets.token_hex(4)}", Books()
    async with AsyncExitStack() as running:
        hubs, apps = [], []
        for _ in range(2):
            own = await connect(temporal.address)
            books.watch(own)
            hub = running_hub(own, signal_interval=0.25, idle_timeout=60)
            hubs.append(await running.enter_async_context(hub))
            apps.append(create_app(hubs[-1], own, Settings(bridge_port=0)))

        def end_streams() -> None:
            for hub in hubs:
                hub.end_streams()

        balancer = serving(
            Balancer(apps), "127.0.0.1", 0, what="balancer", setting="-", before_stop=end_streams
        )
        port = await running.enter_async_context(balancer)
        await running.enter_async_context(
            Worker(
                client,
                task_queue=queue,
                workflows=[Apart],
                interceptors=[StreamInterceptor()],
                workflow_runner=SandboxedWorkflowRunner(
                    restrictions=SandboxRestrictions.default.with_passthrough_all_modules()
                ),
            )
        )
        yield Stack(client, hubs, f"http://127.0.0.1:{port}", books, queue, tmp_path)


async def shows(handle: Handle, field: str, value: str) -> dict[str, Any]:
    """The first `progress` with this value."""
    shown: dict[str, Any] = {}

    async def so() -> bool:
        nonlocal shown
        shown = await handle.query("progress")
        return bool(shown[field] == value)

    await eventually(so, 20)
    return shown


async def says(handle: Handle, status: str) -> dict[str, Any]:
    """The `progress` that says this status, as soon as it does."""
    return await shows(handle, "status", status)


async def at(handle: Handle, last: str) -> dict[str, Any]:
    """The `progress` that has this event, as soon as it has."""
    return await shows(handle, "last_event_id", last)


async def reports(handle: Handle) -> list[StatusReport]:
    """What the workflow was told of its attempts."""
    told = []
    for event in (await handle.fetch_history()).events:
        signalled = event.workflow_execution_signaled_event_attributes
        if signalled.signal_name == PUBLISH_STATUS:
            told.append(decode_report(signalled.input.payloads[0].data))
    return told


@asynccontextmanager
async def three_readers(stack: Stack, handle: Handle) -> AsyncIterator[list[Subscriber]]:
    """Three subscribers of a session."""
    async with AsyncExitStack() as reading:
        url = f"{stack.url}/stream/{handle.id}"
        yield [await reading.enter_async_context(subscribed(url)) for _ in range(3)]


def ended(reader: Subscriber) -> bool:
    """It has seen the end."""
    return reader.seen[-1].type == "done"


async def test_a_killed_worker_is_told_whoever_listens(stack: Stack) -> None:
    """`running`, `waiting`, `retrying`, `running` again and the end; readers cost no signal."""
    steps: list[dict[str, Any]] = [
        {"say": {"type": "tool_start", "tool": "sql"}},
        {"tokens": 3},
        {"attempt": 1, "do": [{"gate": "never"}]},
        {"tokens": 2},
    ]
    worker = await stack.worker()
    handles = [await stack.ask(name, 9, *steps) for name in ("unheard", "heard")]
    async with three_readers(stack, handles[1]) as readers:
        for handle in handles:
            shown = await at(handle, "1.1.5")
            assert (shown["status"], shown["current_tool"]) == ("running", "sql")
        await asyncio.sleep(SEEN)  # it is known by its heartbeats how often it passes them on
        await worker.kill()
        for status in ("waiting", "retrying"):
            for handle in handles:
                shown = await says(handle, status)
                assert (shown["phase"], shown["current_tool"]) == ("waiting", None)
                assert (shown["attempt"], shown["tokens"]) == (1, 3)
                assert shown["last_event_id"] == "1.1.5"
        # What has been told may be forgotten; as long as it was not, the hub kept it past FORGET.
        await until(lambda: not stack.holds(handles[0]), 5)
        worker = await stack.worker()
        results = await asyncio.gather(*(handle.result() for handle in handles))
        looks = stack.looks(handles[0])
        await worker.kill()
        for reader in readers:
            await reader.until(partial(ended, reader))
            said = [one.event["status"] for one in reader.seen if one.type == "status"]
            assert said[:2] == ["waiting", "retrying"]
    for handle, result in zip(handles, results, strict=True):
        assert result["last_event_id"] == "1.2.7"
        shown = await handle.query("progress")
        assert (shown["status"], shown["attempt"], shown["events"]) == ("completed", 2, 7)
        told = [(report.status, report.attempt) for report in await reports(handle)]
        assert told == [("waiting", 1), ("retrying", 2)]
    await asyncio.sleep(4 * PULSE)
    assert stack.looks(handles[0]) == looks  # nobody looks after a session that has ended


async def test_a_frozen_worker_comes_back(stack: Stack) -> None:
    """A silent agent costs no signal; its worker unheard of is told, and heard again too."""
    worker = await stack.worker()
    handle = await stack.ask("frozen", 30, {"tokens": 2}, {"gate": "never"})
    await at(handle, "1.1.3")
    before = stack.looks(handle)
    await asyncio.sleep(UNHEARD.total_seconds() + 2 * PULSE)
    assert stack.looks(handle) > before  # it was kept and minded, though nobody reads
    assert await reports(handle) == []
    worker.process.send_signal(signal.SIGSTOP)
    await says(handle, "waiting")
    worker.process.send_signal(signal.SIGCONT)
    shown = await says(handle, "running")
    assert (shown["phase"], shown["last_event_id"]) == ("answering", "1.1.3")
    assert [report.status for report in await reports(handle)] == ["waiting", "running"]
    await handle.terminate()
    await until(lambda: not stack.holds(handle), 5)  # nobody looks after it any more
    await worker.kill()
