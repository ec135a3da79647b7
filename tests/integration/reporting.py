"""Somebody's own agent, activities and workflows, on the library alone."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker

with workflow.unsafe.imports_passed_through():
    from kai_flow.stream.plugin import StreamPlugin
    from kai_flow.stream.producer import EventProducer
    from kai_flow.stream.workflow import WorkflowEventStream

TIMEOUTS: dict[str, Any] = {
    "start_to_close_timeout": timedelta(seconds=30),
    "heartbeat_timeout": timedelta(seconds=10),
}


held: dict[str, asyncio.Event] = {}  # topics that are not written to their end before this
reached: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)  # a writer waits there


async def writer(topic: str) -> AsyncIterator[dict[str, Any]]:
    """Their agent."""
    yield {"type": "section", "title": topic}
    for word in ("once", "upon", "a", "time"):
        yield {"type": "token", "content": f"{word} "}
        await asyncio.sleep(0.005)
        if word == "a" and topic.startswith("broken") and activity.info().attempt == 1:
            raise RuntimeError("once")
        if word == "a" and topic in held:
            reached[topic].set()
            await held[topic].wait()


@activity.defn
async def write(topic: str, callback_url: str | None) -> dict[str, Any]:
    """Stream the agent's events; the result says what was last."""
    async with EventProducer(callback_url=callback_url, started={"topic": topic}) as producer:
        async for event in writer(topic):
            await producer.send(event)
        await producer.settle()
        result = {"topic": topic, "last_event_id": str(producer.last_event_id)}
        await producer.finish(result)
    return result


@workflow.defn
class Report:
    """Several streaming activities, one after another."""

    @workflow.init
    def __init__(self, topics: list[str], callback_url: str | None) -> None:
        self.stream = WorkflowEventStream()

    @workflow.run
    async def run(self, topics: list[str], callback_url: str | None) -> list[str]:
        """The topics, once all is written."""
        done: list[str] = []
        with self.stream.session():
            for topic in topics:
                part = await self.stream.execute_activity(
                    write, args=[topic, callback_url], **TIMEOUTS
                )
                await self.stream.drain(part["last_event_id"])
                done.append(part["topic"])
        return done


@workflow.defn
class Unnumbered:
    """Starts its second streaming activity as any other activity is started."""

    @workflow.init
    def __init__(self, callback_url: str) -> None:
        self.stream = WorkflowEventStream()

    @workflow.run
    async def run(self, callback_url: str) -> None:
        """The second one fails."""
        with self.stream.session():
            part = await self.stream.execute_activity(write, args=["one", None], **TIMEOUTS)
            await self.stream.drain(part["last_event_id"])
            await workflow.execute_activity(write, args=["two", callback_url], **TIMEOUTS)


@workflow.defn
class Greedy:
    """Tries to have two streaming activities at the same time."""

    @workflow.init
    def __init__(self) -> None:
        self.stream = WorkflowEventStream()

    @workflow.run
    async def run(self) -> str:
        """What it is told."""
        with self.stream.session():
            first = asyncio.create_task(
                self.stream.execute_activity(write, args=["one", None], **TIMEOUTS)
            )
            await asyncio.sleep(0)
            try:
                await self.stream.execute_activity(write, args=["two", None], **TIMEOUTS)
            except RuntimeError as refused:
                part = await first
                await self.stream.drain(part["last_event_id"])
                return str(refused)
        return "not refused"


def library_worker(
    client: Client, queue: str, *, plugin: bool = True
) -> AbstractAsyncContextManager[Worker]:
    """A worker as a user of the library has it."""
    return Worker(
        client,
        task_queue=queue,
        workflows=[Report, Greedy, Unnumbered],
        activities=[write],
        plugins=[StreamPlugin()] if plugin else [],
    )
