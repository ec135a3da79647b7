"""The same workload on Temporal's own Workflow Streams: workflow, worker, subscribers."""

import asyncio
import time
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.contrib.workflow_streams import WorkflowStream, WorkflowStreamClient
from temporalio.worker import Worker

BATCH = timedelta(milliseconds=100)  # its documented latency is a round trip of about that


@workflow.defn
class Streamed:
    """Holds the stream while the activity speaks."""

    @workflow.init
    def __init__(self, asked: dict[str, Any]) -> None:
        self.stream = WorkflowStream()

    @workflow.run
    async def run(self, asked: dict[str, Any]) -> None:
        """Ends with the activity, once the readers have had time for the last poll."""
        await workflow.execute_activity(speak, asked, start_to_close_timeout=timedelta(minutes=1))
        await workflow.sleep(1)


@activity.defn
async def speak(asked: dict[str, Any]) -> None:
    """What `tests.bench.paced` does."""
    await asyncio.sleep(asked["wait"])
    async with WorkflowStreamClient.from_within_activity(batch_interval=BATCH) as stream:
        topic = stream.topic("events")
        began = time.monotonic()
        for number in range(asked["tokens"]):
            await asyncio.sleep(max(0, began + number / asked["rate"] - time.monotonic()))
            topic.publish({"type": "token", "content": f"{time.time():.6f} "})


async def work(address: str, queue: str) -> None:
    """The worker, until it is killed."""
    client = await Client.connect(address)
    async with Worker(client, task_queue=queue, workflows=[Streamed], activities=[speak]):
        print("worker: ready at -", flush=True)
        await asyncio.Event().wait()


async def read(client: Client, session_id: str, tokens: int, received: list[float]) -> None:
    """One subscriber, with the default pause between polls; ends with the last token."""
    stream = WorkflowStreamClient.create(client, session_id)
    async for item in stream.subscribe(["events"]):
        received.append(time.time() - float(item.data["content"]))
        tokens -= 1
        if not tokens:
            return
