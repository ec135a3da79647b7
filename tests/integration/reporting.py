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
async def write(topic: str, callback_url: str | None) -> str:
    """Stream the agent's events; return the topic."""
    async with EventProducer(callback_url=callback_url, started={"topic": topic}) as producer:
        async for event in writer(topic):
            await producer.send(event)
        await producer.settle()
        await producer.finish({"topic": topic})
    return topic


@workflow.defn
class Report:
    """Several streaming activities, one after another, in a workflow that knows of no stream."""

    @workflow.run
    async def run(self, topics: list[str], callback_url: str | None) -> list[str]:
        """The topics, once all is written."""
        return [
            await workflow.execute_activity(write, args=[topic, callback_url], **TIMEOUTS)
            for topic in topics
        ]


@workflow.defn
class Locally:
    """Starts its streaming activity as a local one."""

    @workflow.run
    async def run(self) -> str:
        """It fails."""
        return await workflow.execute_local_activity(
            write, args=["one", None], start_to_close_timeout=timedelta(seconds=30)
        )


@workflow.defn
class Elsewhere:
    """Runs its streaming activity on another worker."""

    @workflow.run
    async def run(self, queue: str) -> str:
        """The topic."""
        return await workflow.execute_activity(
            write, args=["one", None], task_queue=queue, **TIMEOUTS
        )


WORKFLOWS = [Report, Locally, Elsewhere]


def library_worker(
    client: Client, queue: str, *, plugin: bool = True
) -> AbstractAsyncContextManager[Worker]:
    """A worker as a user of the library has it."""
    return Worker(
        client,
        task_queue=queue,
        workflows=WORKFLOWS,
        activities=[write],
        plugins=[StreamPlugin()] if plugin else [],
    )
