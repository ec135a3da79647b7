"""A session at which nobody works says so, instead of being silent."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from temporalio import activity, workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Worker

from kai_flow.bridge import liveness_observer
from kai_flow.stream import Followed, follow, liveness, liveness_check, plugin, run_stream
from kai_flow.stream import follow_temporal as following
from kai_flow.stream.interceptor import StreamInterceptor
from kai_flow.stream.producer import EventProducer
from kai_flow.stream.progress import Liveness, RunLiveness
from tests.integration import reporting
from tests.integration.conftest import Ask, worker_on
from tests.integration.waiting import eventually


async def until(stream: AsyncGenerator[Followed, None], kind: str) -> dict[str, object]:
    """The next event of that type."""
    async with asyncio.timeout(60):
        async for _, event in stream:
            if event["type"] == kind:
                return event
    raise AssertionError(f"no {kind} came")


@pytest.mark.parametrize("way", ["over a bridge", "straight from Temporal"])
async def test_a_session_without_a_worker_says_that_it_waits(
    client: Client,
    bridge: str,
    ask: Ask,
    session_id: str,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
) -> None:
    """While no worker takes the session its readers are told so; then it goes on as ever."""
    for module in (liveness_observer, following):
        monkeypatch.setattr(module, "LIVENESS_SECONDS", 0.5)
    queue = f"nobody-{secrets.token_hex(4)}"
    handle = await ask({"say": {"type": "token", "content": "at last"}}, task_queue=queue)
    stream = follow(bridge if way == "over a bridge" else client, session_id)
    assert (await until(stream, "status"))["status"] == "waiting"
    async with worker_on(client, queue):
        assert (await until(stream, "token"))["content"] == "at last"
        assert (await until(stream, "done"))["result"] == await handle.result()


@activity.defn
async def ponder(callback_url: str, seconds: float) -> str:
    """An agent that thinks for so long."""
    async with EventProducer(callback_url=callback_url) as producer:
        await producer.send({"type": "token", "content": "a"})
        await asyncio.sleep(seconds)
        await producer.send({"type": "token", "content": "b"})
    return str(producer.last_event_id)


@workflow.defn(sandboxed=False)
class Pondering:
    """A library user's session."""

    @workflow.run
    async def run(self, url: str, seconds: float) -> None:
        """Until it has thought."""
        await workflow.execute_activity(
            ponder,
            args=[url, seconds],
            start_to_close_timeout=timedelta(seconds=30),
            heartbeat_timeout=timedelta(seconds=10),
        )


@asynccontextmanager
async def pondering(
    client: Client, bridge: str, session_id: str, seconds: float, **worker: Any
) -> AsyncIterator[WorkflowHandle[Any, Any]]:
    """A session whose agent thinks for so long, and its worker."""
    queue = f"pondering-{secrets.token_hex(4)}"
    async with Worker(
        client, task_queue=queue, workflows=[Pondering], activities=[ponder], **worker
    ):
        url = f"{bridge}/events/{session_id}"
        yield await client.start_workflow(
            Pondering.run, args=[url, seconds], id=session_id, task_queue=queue
        )


async def test_a_worker_with_default_throttling_is_not_given_up(
    client: Client, bridge: str, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that passes heartbeats on every 0.8 timeouts is not `waiting` in between."""
    monkeypatch.setattr(liveness_observer, "LIVENESS_SECONDS", 0.3)
    monkeypatch.setattr(liveness, "MIN_WORKER_TIMEOUT", timedelta(seconds=1))
    monkeypatch.setattr(liveness, "HEARTBEAT_MARGIN", timedelta(seconds=5))
    thinks = 9.0  # longer than its worker keeps heartbeats back
    unset = {"interceptors": [StreamInterceptor()]}
    async with pondering(client, bridge, session_id, thinks, **unset), asyncio.timeout(60):
        seen = [event["type"] async for _, event in follow(bridge, session_id)]
    assert seen == ["started", "token", "token", "ended", "done"]


async def _hangs(*_: object) -> None:
    await asyncio.Event().wait()


async def _fails(*_: object) -> None:
    raise RPCError("no connection", RPCStatusCode.UNAVAILABLE, b"")


@asynccontextmanager
async def held(
    client: Client, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[WorkflowHandle[Any, Any]]:
    """A session in Temporal's own sandbox whose agent has said four events and says no more."""
    monkeypatch.setattr(run_stream, "QUIET", timedelta())
    monkeypatch.setattr(liveness_check, "REMEMBER_SECONDS", 0)
    topic, queue = f"owls {session_id}", f"sandboxed-{secrets.token_hex(4)}"
    monkeypatch.setitem(reporting.held, topic, asyncio.Event())
    async with Worker(
        client,
        task_queue=queue,
        workflows=[reporting.Report],
        activities=[reporting.write],
        plugins=[plugin.StreamPlugin()],
    ):
        handle = await client.start_workflow(
            reporting.Report.run, args=[[topic], None], id=session_id, task_queue=queue
        )

        async def all_is_said() -> bool:
            return (await said(handle))[-1] == "1.1.5"

        await eventually(all_is_said)
        yield handle
        reporting.held[topic].set()


async def said(handle: WorkflowHandle[Any, Any]) -> list[object]:
    """What `progress` says, in short."""
    answer = await handle.query("progress")
    return [answer[key] for key in ("status", "phase", "attempt", "last_event_id")]


async def says(handle: WorkflowHandle[Any, Any], *wanted: object) -> None:
    """Wait until `progress` says that: it does not wait for long for what the server says."""

    async def look() -> bool:
        return await said(handle) == [*wanted]

    await eventually(look)


@pytest.mark.parametrize("observe", [_hangs, _fails])
async def test_a_server_that_says_nothing_keeps_no_answer_back(
    client: Client,
    session_id: str,
    monkeypatch: pytest.MonkeyPatch,
    observe: Callable[..., object],
) -> None:
    """`progress` then says what the events said last, and the session goes on unharmed."""
    monkeypatch.setattr(liveness_check, "observe", observe)
    async with held(client, session_id, monkeypatch) as handle:
        assert await said(handle) == ["running", "answering", 1, "1.1.5"]
        reporting.held[f"owls {session_id}"].set()
        await handle.result()
        assert (await said(handle))[0] == "completed"
    history = await handle.fetch_history()
    assert not any(e.HasField("workflow_task_failed_event_attributes") for e in history.events)


async def test_the_server_is_asked_out_of_a_sandbox(
    client: Client, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A workflow in Temporal's own sandbox asks when nothing comes, and says what it was told."""
    told: RunLiveness | None = None
    seen: list[RunLiveness | None] = []

    async def observe(client: Client, asked: str, run_id: str) -> RunLiveness | None:
        seen.append(await liveness.observe(client, asked, run_id))
        return told

    monkeypatch.setattr(liveness_check, "observe", observe)
    async with held(client, session_id, monkeypatch) as handle:
        for pretended, status in (
            (None, ["running", "answering"]),
            (Liveness("running", 1), ["running", "answering"]),
            (Liveness("running", 2), ["running", "starting"]),
            (Liveness("waiting", 1), ["waiting", "waiting"]),
            (Liveness("retrying", 2), ["retrying", "waiting"]),
        ):
            told = pretended and RunLiveness(pretended)
            await says(handle, *status, 1, "1.1.5")
            assert seen[-1] is not None
            assert seen[-1].session == seen[-1].activities["1"] == Liveness("running", 1)
        reporting.held[f"owls {session_id}"].set()
        await handle.result()
        assert (await said(handle))[:2] == ["completed", "closed"]


async def test_a_session_that_was_terminated_has_failed(
    client: Client, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The workflow's code cannot say that it was ended from outside; `progress` does."""
    async with held(client, session_id, monkeypatch) as handle:
        assert await said(handle) == ["running", "answering", 1, "1.1.5"]
        await handle.terminate()
        await says(handle, "failed", "closed", 1, "1.1.5")
