"""Subscribers in a process of their own: how long each event took from the agent to each of them.

    python -m tests.bench.readers bridge PORT SESSION COUNT LAST_ID
    python -m tests.bench.readers streams ADDRESS SESSION COUNT TOKENS

Says that it is ready, reads all streams to their end (or to LAST_ID), and prints one JSON object.
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


class Heard:
    """What all readers of this process have heard."""

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


async def hear(port: int, session_id: str, last: bytes, heard: Heard) -> None:
    """One subscriber of a bridge."""
    begun = False
    async for chunk in chunks(port, session_id):
        now = time.time()
        if not begun:
            begun = True
            heard.connect()
        times = YIELDED.findall(chunk)
        heard.latencies += [now - float(yielded) for yielded in times]
        heard.first = heard.first or (now if times else 0.0)
        if last in chunk:
            return


async def main(kind: str, where: str, session_id: str, readers: str, last: str) -> None:
    """All subscribers, then the figures."""
    count = int(readers)
    heard = Heard(count)
    began = time.time()
    if kind == "bridge":
        mark = b"id: %b@" % last.encode()
        work = [hear(int(where), session_id, mark, heard) for _ in range(count)]
    else:
        client = await Client.connect(where)
        work = [streams.hear(client, session_id, int(last), heard.latencies) for _ in range(count)]
        heard.ready.set()
    tasks = [asyncio.create_task(reading) for reading in work]
    await heard.ready.wait()
    print("readers: ready at -", flush=True)
    await asyncio.wait(tasks, timeout=20)
    ended = time.time()
    cuts = statistics.quantiles(heard.latencies or [0.0, 0.0], n=100)
    print(
        json.dumps(
            {
                "heard": len(heard.latencies),
                "p50": cuts[49],
                "p99": cuts[98],
                "seconds": ended - (heard.first or began),
                "from_connect": ended - began,
            }
        )
    )


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:6]))
