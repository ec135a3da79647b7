"""A session at which nobody works says so, instead of being silent."""

import asyncio
import secrets
from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker

from kai_flow.bridge import pulse, reporter, session
from kai_flow.stream.follow import Followed, follow
from kai_flow.stream.interceptor import StreamInterceptor
from kai_flow.stream.producer import EventProducer
from kai_flow.stream.workflow import WorkflowEventStream
from tests.integration.conftest import Ask, worker_on


async def until(stream: AsyncGenerator[Followed, None], kind: str) -> dict[str, object]:
    """The next event of that type."""
    async with asyncio.timeout(30):
        async for _, event in stream:
            if event["type"] == kind:
                return event
    raise AssertionError(f"no {kind} came")


async def test_a_session_without_a_worker_says_that_it_waits(
    client: Client, bridge: str, ask: Ask, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While no worker takes the session its readers are told so; then it goes on as ever."""
    monkeypatch.setattr(session, "PULSE_SECONDS", 0.5)
    queue = f"nobody-{secrets.token_hex(4)}"
    handle = await ask({"say": {"type": "token", "content": "at last"}}, task_queue=queue)
    stream = follow(bridge, session_id)
    assert (await until(stream, "status"))["status"] == "waiting"
    async with worker_on(client, queue):
        assert (await until(stream, "token"))["content"] == "at last"
        assert (await until(stream, "done"))["result"] == await handle.result()


@activity.defn
async def ponder(callback_url: str) -> str:
    """An agent that thinks longer than its worker keeps heartbeats back."""
    async with EventProducer(callback_url=callback_url) as producer:
        await producer.send({"type": "token", "content": "a"})
        await asyncio.sleep(7)
        await producer.send({"type": "token", "content": "b"})
    return str(producer.last_event_id)


@workflow.defn(sandboxed=False)
class Pondering:
    """A library user's session."""

    @workflow.init
    def __init__(self, _url: str) -> None:
        self.stream = WorkflowEventStream()

    @workflow.run
    async def run(self, url: str) -> None:
        """Until it has thought."""
        with self.stream.session():
            last = await self.stream.execute_activity(
                ponder,
                args=[url],
                start_to_close_timeout=timedelta(seconds=30),
                heartbeat_timeout=timedelta(seconds=6),
            )
            await self.stream.drain(last)


async def test_a_worker_with_default_throttling_is_not_given_up(
    client: Client, bridge: str, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that passes heartbeats on every 0.8 timeouts is not `waiting` in between."""
    monkeypatch.setattr(session, "PULSE_SECONDS", 0.3)
    monkeypatch.setattr(reporter, "UNHEARD", timedelta(seconds=1))
    monkeypatch.setattr(pulse, "PACE_MARGIN", timedelta(seconds=1.5))
    queue = f"pondering-{secrets.token_hex(4)}"
    async with Worker(
        client,
        task_queue=queue,
        workflows=[Pondering],
        activities=[ponder],
        interceptors=[StreamInterceptor()],
    ):
        url = f"{bridge}/events/{session_id}"
        await client.start_workflow(Pondering.run, url, id=session_id, task_queue=queue)
        async with asyncio.timeout(30):
            seen = [event["type"] async for _, event in follow(bridge, session_id)]
    assert seen == ["started", "token", "token", "done"]
