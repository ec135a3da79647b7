"""Subscribers in a process of their own: how long each event took from the agent to each of them.

    python -m tests.bench.readers bridge PORT SESSION COUNT LAST_ID
    python -m tests.bench.readers streams ADDRESS SESSION COUNT TOKENS

Says that it is ready, reads all streams to LAST_ID (`end`: to `done`), and prints a JSON object.
"""

import asyncio
import json
import re
import statistics
import sys
import time

from temporalio.client import Client

from tests.bench import streams
from tests.bench.listening import chunks

YIELDED = re.compile(rb'"content":"(\d+\.\d+) ')


class Received:
    """What all readers of this process have received."""

    def __init__(self, count: int) -> None:
        self.latencies: list[float] = []
        self.connected = 0
        self.ready = asyncio.Event()
        self.first = 0.0
        self._count = count

    def connect(self) -> None:
        """One more is there."""
        self.connected += 1
        if self.connected == self._count:
            self.ready.set()


async def read(port: int, session_id: str, last: bytes, received: Received) -> None:
    """One subscriber of a bridge."""
    begun = False
    async for chunk in chunks(port, session_id):
        now = time.time()
        if not begun:
            begun = True
            received.connect()
        times = YIELDED.findall(chunk)
        received.latencies += [now - float(yielded) for yielded in times]
        received.first = received.first or (now if times else 0.0)
        if last in chunk:
            return


async def main(kind: str, where: str, session_id: str, readers: str, last: str) -> None:
    """All subscribers, then the figures."""
    count = int(readers)
    received = Received(count)
    began = time.time()
    if kind == "bridge":
        mark = b"id: %b@" % last.encode()
        work = [read(int(where), session_id, mark, received) for _ in range(count)]
    else:
        client = await Client.connect(where)
        work = [
            streams.read(client, session_id, int(last), received.latencies) for _ in range(count)
        ]
        received.ready.set()
    tasks = [asyncio.create_task(reading) for reading in work]
    await received.ready.wait()
    print("readers: ready at -", flush=True)
    await asyncio.wait(tasks, timeout=20)
    ended = time.time()
    cuts = statistics.quantiles(received.latencies or [0.0, 0.0], n=100)
    print(
        json.dumps(
            {
                "received": len(received.latencies),
                "p50": cuts[49],
                "p99": cuts[98],
                "seconds": ended - (received.first or began),
                "from_connect": ended - began,
            }
        )
    )


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:6]))
