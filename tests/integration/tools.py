"""A workflow that calls its tools at once and says so itself, run after run."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import Worker

from kai_flow.stream import EventProducer, StreamPlugin, WorkflowEventStream

TIMEOUT = timedelta(seconds=60)

said: dict[str, asyncio.Event] = {}  # by session and name: let it go on


def gate(key: str) -> asyncio.Event:
    """The gate of that name."""
    return said.setdefault(key, asyncio.Event())


@activity.defn
async def call(name: str, tokens: int, gated: bool) -> None:
    """Stream so many tokens, the second half of them behind a gate."""
    async with EventProducer() as producer:
        for number in range(tokens):
            if gated and number == tokens // 2:
                await gate(f"{activity.info().workflow_id}/{name}").wait()
            await producer.send({"type": "token", "content": f"{name}{number} "})
            await asyncio.sleep(0.005)


@workflow.defn
class Tools:
    """Each run calls its tools at once, says so, and continues as new; the last one waits."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.ending = False

    @workflow.run
    async def run(self, runs: int, tools: list[str], tokens: int, gated: bool) -> str:
        stream = WorkflowEventStream()
        stream.publish({"type": "note", "text": f"{runs} runs"})
        calls = [
            workflow.start_activity(
                call, args=[tool, tokens, gated], start_to_close_timeout=TIMEOUT
            )
            for tool in tools
        ]
        await asyncio.gather(*calls)
        stream.publish({"type": "note", "text": "called"})
        if runs > 1:
            workflow.continue_as_new(args=[runs - 1, tools, tokens, gated])
        while not self.ending:
            await workflow.wait_condition(lambda: bool(self.told) or self.ending)
            for text in self.told:
                stream.publish({"type": "told", "text": text})
            self.told.clear()
        return "over"

    @workflow.signal
    def tell(self, text: str) -> None:
        """Publish this."""
        self.told.append(text)

    @workflow.signal
    def tell_often(self, count: int) -> None:
        """Publish so many events, one by one."""
        self.told += [f"number {number}" for number in range(count)]

    @workflow.signal
    def end(self) -> None:
        """End."""
        self.ending = True


@asynccontextmanager
async def tools_worker(client: Client, bridge: str) -> AsyncIterator[str]:
    """A worker whose producers call this bridge; its task queue."""
    queue = f"tools-{secrets.token_hex(4)}"
    async with Worker(
        client,
        task_queue=queue,
        workflows=[Tools],
        activities=[call],
        plugins=[StreamPlugin(bridge=bridge)],
    ):
        yield queue


@asynccontextmanager
async def session(
    client: Client, queue: str, session_id: str, *, runs: int = 1, tools: Sequence[str] = "abc",
    tokens: int = 20, gated: bool = False,
) -> AsyncIterator[Any]:  # fmt: skip
    """A session of these tools; it does not outlive the block."""
    handle = await client.start_workflow(
        "Tools", args=[runs, list(tools), tokens, gated], id=session_id, task_queue=queue
    )
    try:
        yield handle
    finally:
        for key in [key for key in said if key.startswith(f"{session_id}/")]:
            said.pop(key).set()
        with suppress(RPCError):  # it has ended
            await client.get_workflow_handle(session_id).terminate()


def open_gates(session_id: str, tools: Sequence[str] = "abc") -> None:
    """Let these tools go on."""
    for tool in tools:
        gate(f"{session_id}/{tool}").set()
