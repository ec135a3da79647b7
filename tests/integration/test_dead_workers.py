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

from kai_flow.bridge import liveness_observer
from kai_flow.bridge.hub import Hub, running_hub
from kai_flow.runtime.serving import serving
from kai_flow.settings import Settings
from kai_flow.stream import follow_temporal as following
from kai_flow.stream import liveness, run_stream
from kai_flow.stream.follower import follow
from kai_flow.stream.plugin import StreamPlugin
from kai_flow.temporal.client import connect
from kai_flow.temporal.dev_server import DevServer
from kai_flow.web.app import create_app
from tests.integration.conftest import Handle
from tests.integration.programs import Program, environment, start
from tests.integration.subscriber import Subscriber, subscribed
from tests.integration.test_counters import Balancer, Books
from tests.integration.waiting import eventually, until

LIVENESS = 0.4  # seconds between two liveness checks
WORKER_TIMEOUT = timedelta(seconds=6)  # a worker passes heartbeats on every 2 s
HEARTBEAT = 14.0  # the heartbeat timeout of a session that is to be tried again


@workflow.defn
class Apart:
    """A session whose activity runs in a worker of its own, so that this one can be asked."""

    @workflow.run
    async def run(self, queue: str, heartbeat: float, arguments: list[Any]) -> dict[str, Any]:
        """The result of the activity."""
        result: dict[str, Any] = await workflow.execute_activity(
            "chat_streaming",
            args=arguments,
            task_queue=queue,
            start_to_close_timeout=timedelta(minutes=2),
            heartbeat_timeout=timedelta(seconds=heartbeat),
        )
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

    async def ask(
        self, name: str, heartbeat: float, *steps: dict[str, Any], bridge: str | None = None
    ) -> Handle:
        """Start a session."""
        session_id = f"{name}-{secrets.token_hex(4)}"
        callback = f"{bridge or self.url}/events/{session_id}"
        arguments = [json.dumps(steps), "none", None, callback]
        handle: Handle = await self.client.start_workflow(
            "Apart",
            args=[f"{self.queue}-activities", heartbeat, arguments],
            id=session_id,
            task_queue=self.queue,
        )
        return handle

    def liveness_checks(self, handle: Handle) -> int:
        """How often the bridges have asked Temporal how the session is."""
        return self.books.calls[handle.id]["describe_workflow_execution"]


@pytest.fixture
async def stack(
    temporal: DevServer, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Stack]:
    """Everything but the activity worker, impatient."""
    monkeypatch.setattr(liveness_observer, "LIVENESS_SECONDS", LIVENESS)
    monkeypatch.setattr(following, "LIVENESS_SECONDS", LIVENESS)
    monkeypatch.setattr(run_stream, "QUIET", timedelta(seconds=LIVENESS))
    monkeypatch.setattr(liveness, "MIN_WORKER_TIMEOUT", WORKER_TIMEOUT)
    monkeypatch.setattr(liveness, "HEARTBEAT_MARGIN", WORKER_TIMEOUT / 2)
    queue, books = f"apart-{secrets.token_hex(4)}", Books()
    async with AsyncExitStack() as running:
        hubs, apps = [], []
        for _ in range(2):
            own = await connect(temporal.address)
            books.watch(own)
            hub = running_hub(own, signal_interval=0.25, signals_per_second=50, idle_timeout=60)
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
                plugins=[StreamPlugin()],
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

    await eventually(so, 60)
    return shown


async def says(handle: Handle, status: str) -> dict[str, Any]:
    """The `progress` that says this status, as soon as it does."""
    return await shows(handle, "status", status)


async def at(handle: Handle, last: str) -> dict[str, Any]:
    """The `progress` that has this event, as soon as it has."""
    return await shows(handle, "last_event_id", last)


@asynccontextmanager
async def three_readers(stack: Stack, handle: Handle) -> AsyncIterator[list[Subscriber]]:
    """Three subscribers of a session."""
    async with AsyncExitStack() as reading:
        url = f"{stack.url}/stream/{handle.id}"
        yield [await reading.enter_async_context(subscribed(url)) for _ in range(3)]


async def listen(client: Client, session_id: str, said: list[object]) -> None:
    """Write down what a follower straight from Temporal is told of whoever works."""
    async for _, event in follow(client, session_id):
        if event["type"] == "status":
            said.append(event["status"])


def ended(reader: Subscriber) -> bool:
    """It has seen the end."""
    return reader.seen[-1].type == "done"


async def length(handle: Handle) -> int:
    """How many events the run's history has, once its workflow task is over."""

    async def settled() -> int:
        description = await handle.describe()
        under_way = description.raw_description.HasField("pending_workflow_task")
        return 0 if under_way else description.history_length

    return await eventually(settled, 60)


async def test_a_killed_worker_is_told_whoever_listens(stack: Stack) -> None:
    """`running`, `waiting`, `retrying`, `running` again and the end: without a bridge as with one.

    It costs the session nothing: no signal, and no liveness check where nobody reads.
    """
    steps: list[dict[str, Any]] = [
        {"say": {"type": "tool_start", "tool": "sql"}},
        {"tokens": 3},
        {"attempt": 1, "do": [{"gate": "never"}]},
        {"tokens": 2},
    ]
    worker = await stack.worker()
    handles = [await stack.ask(name, HEARTBEAT, *steps) for name in ("unread", "read")]
    handles.append(await stack.ask("alone", HEARTBEAT, *steps, bridge="http://127.0.0.1:1"))
    async with three_readers(stack, handles[1]) as readers:
        for handle in handles:
            shown = await at(handle, "1.1.5")
            assert (shown["status"], shown["current_tool"]) == ("running", "sql")
        followed: list[object] = []
        listening = asyncio.create_task(listen(stack.client, handles[2].id, followed))
        lengths = [await length(handle) for handle in handles]
        checks = [stack.liveness_checks(handle) for handle in handles]
        await worker.kill()
        for status in ("waiting", "retrying"):
            shown = {handle.id: await says(handle, status) for handle in handles}
            for one in shown.values():
                assert (one["phase"], one["current_tool"]) == ("waiting", None)
                assert (one["attempt"], one["tokens"]) == (1, 3)
                assert one["last_event_id"] == "1.1.5"
        assert [await length(handle) for handle in handles] == lengths
        assert [stack.liveness_checks(handle) for handle in handles][0::2] == checks[0::2]
        worker = await stack.worker()
        results = await asyncio.gather(*(handle.result() for handle in handles))
        await listening
        await worker.kill()
        for reader in readers:
            await reader.until(partial(ended, reader), 60)
        said = [
            [one.event["status"] for one in reader.seen if one.type == "status"]
            for reader in readers
        ]
        for statuses in (followed, *said):
            # A worker that is slow to take the session, or to begin anew, may add to these two.
            again = statuses.index("retrying")
            assert statuses[again - 1 : again + 1] == ["waiting", "retrying"]
    for handle, result in zip(handles, results, strict=True):
        assert result["last_event_id"] == "1.2.7"
        answer = await handle.query("progress")
        assert (answer["status"], answer["attempt"], answer["events"]) == ("completed", 2, 7)


async def test_a_frozen_worker_comes_back(stack: Stack) -> None:
    """A silent agent is running; a worker without heartbeats is reported, and its return too."""
    worker = await stack.worker()
    handle = await stack.ask("frozen", 60, {"tokens": 2}, {"gate": "never"})
    await at(handle, "1.1.3")
    said: list[object] = []
    listening = asyncio.create_task(listen(stack.client, handle.id, said))
    for _ in range(20):
        await asyncio.sleep(WORKER_TIMEOUT.total_seconds() / 10)
        assert (await handle.query("progress"))["status"] == "running"
    worker.process.send_signal(signal.SIGSTOP)
    await says(handle, "waiting")
    await until(lambda: said == ["waiting"])
    worker.process.send_signal(signal.SIGCONT)
    shown = await says(handle, "running")
    assert (shown["phase"], shown["last_event_id"]) == ("answering", "1.1.3")
    await until(lambda: said == ["waiting", "running"])
    listening.cancel()
    await asyncio.wait([listening])
