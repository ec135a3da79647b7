"""The workers: `python -m tests.bench.worker kai ADDRESS`, or `signed` or `others` for `kai`.

Each system has one workflow, and every workflow has the same input. The others have a worker of
their own, without the plugin, which would add to their histories. `signed` has keys in its
environment.
"""

import asyncio
import sys
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker

with workflow.unsafe.imports_passed_through():
    import httpx
    from temporalio.contrib.workflow_streams import WorkflowStream, WorkflowStreamClient

    from kai_flow.stream import EventProducer, StreamPlugin
    from tests.bench.words import words

LIMIT: Final = timedelta(minutes=6)
BEAT: Final = timedelta(seconds=10)
SESSIONS: Final = 200  # at once


@dataclass
class Asked:
    """What one session is to do."""

    tokens: int
    rate: float = 0
    at: float = 0  # the time of the first token
    url: str = ""  # where events are POSTed
    producers: int = 1
    linger: float = 0  # seconds that the workflow stays open afterwards
    batch_ms: int = 100  # Workflow Streams only


@workflow.defn
class Kai:
    """KAI Flow: so many activities at once, which share the tokens."""

    @workflow.run
    async def run(self, asked: Asked) -> None:
        """Ends with the last one."""
        await asyncio.gather(
            *(
                workflow.execute_activity(
                    speak, args=[asked, n], start_to_close_timeout=LIMIT, heartbeat_timeout=BEAT
                )
                for n in range(1, asked.producers + 1)
            )
        )
        if asked.linger:
            await workflow.sleep(asked.linger)


@activity.defn
async def speak(asked: Asked, number: int) -> None:
    """Stream this producer's part."""
    async with EventProducer(callback_url=asked.url or None) as producer:
        parts = words(asked.tokens, asked.rate, at=asked.at, producer=number, of=asked.producers)
        async for word in parts:
            await producer.send({"type": "token", "content": word})


@workflow.defn
class Plain:
    """A plain callback."""

    @workflow.run
    async def run(self, asked: Asked) -> None:
        """Ends with the activity."""
        await workflow.execute_activity(call_back, asked, start_to_close_timeout=LIMIT)


@activity.defn
async def call_back(asked: Asked) -> None:
    """POST each event, one after the other."""
    async with httpx.AsyncClient(trust_env=False) as http:
        async for word in words(asked.tokens, asked.rate, at=asked.at):
            answer = await http.post(asked.url, json={"type": "token", "content": word})
            answer.raise_for_status()


@workflow.defn
class Streams:
    """Workflow Streams: holds the stream while the activity speaks."""

    @workflow.init
    def __init__(self, asked: Asked) -> None:
        self.stream = WorkflowStream()

    @workflow.run
    async def run(self, asked: Asked) -> None:
        """Ends with the activity, once the readers have had time for the last poll."""
        await workflow.execute_activity(publish, asked, start_to_close_timeout=LIMIT)
        await workflow.sleep(1)


@activity.defn
async def publish(asked: Asked) -> None:
    """Publish with Temporal's own client."""
    batch = timedelta(milliseconds=asked.batch_ms)
    async with WorkflowStreamClient.from_within_activity(batch_interval=batch) as stream:
        topic = stream.topic("events")
        async for word in words(asked.tokens, asked.rate, at=asked.at):
            topic.publish({"type": "token", "content": word})


async def main(kind: str, address: str) -> None:
    """Work until killed."""
    ours = kind != "others"
    async with Worker(
        await Client.connect(address),
        task_queue=f"bench-{kind}",
        workflows=[Kai] if ours else [Plain, Streams],
        activities=[speak] if ours else [call_back, publish],
        plugins=[StreamPlugin()] if ours else [],
        max_concurrent_activities=SESSIONS,
    ):
        print("worker: ready at -", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
