"""The same workload from several producers at once: `python -m tests.bench.together ADDRESS QUEUE`.

This is the worker; `tests.bench.latency` starts it.
"""

import asyncio
import sys
import time
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker

from kai_flow.stream import EventProducer, StreamPlugin

TIMEOUT = timedelta(minutes=1)


@workflow.defn
class Together:
    """Runs so many activities at once, which share the tokens and the rate."""

    @workflow.run
    async def run(self, asked: dict[str, Any]) -> None:
        """Ends with the last one."""
        numbers = range(asked["producers"])
        await asyncio.gather(
            *(
                workflow.execute_activity(
                    share, args=[asked, number], start_to_close_timeout=TIMEOUT
                )
                for number in numbers
            )
        )


@activity.defn
async def share(asked: dict[str, Any], number: int) -> None:
    """Send every so-maniest of the tokens that `tests.bench.paced` would send alone."""
    async with EventProducer(callback_url=asked["callback_url"]) as producer:
        await asyncio.sleep(asked["wait"])
        began = time.monotonic()
        for turn in range(number, asked["tokens"], asked["producers"]):
            await asyncio.sleep(max(0, began + turn / asked["rate"] - time.monotonic()))
            await producer.send({"type": "token", "content": f"{time.time():.6f} "})


async def work(address: str, queue: str) -> None:
    """The worker, until it is killed."""
    client = await Client.connect(address)
    async with Worker(
        client,
        task_queue=queue,
        workflows=[Together],
        activities=[share],
        plugins=[StreamPlugin()],
    ):
        print("worker: ready at -", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(work(*sys.argv[1:]))
