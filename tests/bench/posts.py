"""What one POST costs: `python -m tests.bench.posts [TREE …]`.

A raw client on a connection that stays open POSTs one event after the other to a bridge in a
process of its own, in a session whose workflow and activity run. Signals are 5 s apart, so nearly
all of the work is that of the POSTs. The bridge runs from each TREE, a checkout of this project
(without one: from this one), and all of them take turns. It prints the median and the 99th
percentile of a round trip, and the CPU time of the bridge for one POST.
"""

import asyncio
import contextlib
import json
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import httpx
import psutil
from temporalio.client import Client

from kai_flow.temporal.client import connect
from kai_flow.temporal.dev_server import dev_server
from tests.bench.stack import cpu, new_id
from tests.integration.programs import ROOT, Program, environment, start
from tests.integration.stage import Play, stage_worker

ROUNDS: Final = 6
POSTS: Final = 1_000  # in each round
READ_BYTES: Final = 64 * 1024


class PlainSession:
    """One session at one server, and the connection of its producer."""

    def __init__(self, session_id: str, processes: Sequence[psutil.Process], port: int) -> None:
        self._id = session_id
        self._processes = processes
        self._last = 1
        self._connection = socket.create_connection(("127.0.0.1", port))
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.seconds: list[float] = []  # of each round trip
        self.cpu: list[float] = []  # of each round, for one POST

    def body(self) -> bytes:
        """The next POST."""
        return b'{"type":"token","content":"t%d "}' % self._last

    def answered(self, answer: bytes) -> None:
        """Check an answer."""
        assert answer.startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 201 ", b"HTTP/1.1 202 ")), answer

    def post(self) -> None:
        """POST the next event, and note the time that it took."""
        body = self.body()
        head = (
            f"POST /events/{self._id} HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n"
            "Accept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\nUser-Agent: bench\r\n"
            f"Content-Length: {len(body)}\r\nContent-Type: application/json\r\n\r\n"
        ).encode()
        began = time.perf_counter()
        self._connection.sendall(head + body)
        answer = self._connection.recv(READ_BYTES)
        while not whole(answer):
            answer += self._connection.recv(READ_BYTES)
        self.seconds.append(time.perf_counter() - began)
        self.answered(answer)
        self._last += 1

    def round(self) -> None:
        """POST what belongs to one round."""
        before = cpu(self._processes)
        for _ in range(POSTS):
            self.post()
        self.cpu.append((cpu(self._processes) - before) / POSTS)


class Session(PlainSession):
    """One of ours: its producer sends what the last answer did not call durable."""

    def __init__(self, play: Play, processes: Sequence[psutil.Process], port: int) -> None:
        super().__init__(play.id, processes, port)
        self._play = play
        self._durable = 0

    def body(self) -> bytes:
        fields: dict[str, Any] = self._play.body([self._last], base=self._durable + 1)
        return json.dumps({**fields, "signaller": None}, separators=(",", ":")).encode()

    def answered(self, answer: bytes) -> None:
        super().answered(answer)
        said = json.loads(answer.partition(b"\r\n\r\n")[2])
        assert said["received"] == f"1.1.{self._last}", said
        self._durable = int(said["durable"].rpartition(".")[2])


def whole(answer: bytes) -> bool:
    """Whether an answer has come to its end."""
    head, end, body = answer.partition(b"\r\n\r\n")
    length = head.lower().partition(b"content-length: ")[2].split(b"\r\n", 1)[0]
    return bool(end) and len(body) >= int(length or 0)


async def begun(client: Client, bridge: Program) -> Session:
    """A session with an activity under way, and a first event on this bridge."""
    url = await bridge.ready()
    handle = await client.start_workflow("Stage", id=new_id(), task_queue="bench-posts")
    play = Play(client, handle, url)
    await play.act()
    process = psutil.Process(bridge.process.pid)
    session = Session(play, [process], httpx.URL(url).port or 0)
    session.post()
    return session


async def work(address: str) -> None:
    """The worker, until it is killed."""
    async with stage_worker(await connect(address), "bench-posts"):
        await asyncio.Event().wait()


async def main(trees: list[Path]) -> None:
    """Measure a bridge of each tree."""
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = await stack.enter_async_context(dev_server(stop_seconds=0))
        environ = environment(home, server.address, KAI_BRIDGE_PORT="0", KAI_SIGNAL_INTERVAL="5s")

        async def program(name: str, *arguments: str, tree: Path = ROOT) -> Program:
            one = await start(
                list(arguments), environ | {"PYTHONPATH": str(tree)}, home / name, tree
            )
            stack.push_async_callback(one.kill)
            return one

        await program("worker.log", "-m", "tests.bench.posts", "worker", server.address)
        client = await connect(server.address)
        sessions = {
            tree: await begun(client, await program(f"{n}.log", "-m", "kai_flow.web", tree=tree))
            for n, tree in enumerate(trees)
        }
        for session in sessions.values():
            session.round()  # warm
            session.seconds.clear()
            session.cpu.clear()
        for _ in range(ROUNDS):
            for session in sessions.values():
                session.round()
    for tree, session in sessions.items():
        cuts = statistics.quantiles(session.seconds, n=100)
        cpu = statistics.median(session.cpu)
        print(
            f"{tree}: one POST p50 {cuts[49] * 1000:.2f} ms, p99 {cuts[98] * 1000:.2f} ms,"
            f" {cpu * 1000:.2f} ms of the bridge's CPU"
        )


if __name__ == "__main__":
    if {"-h", "--help"} & {*sys.argv}:
        print(__doc__)
    elif sys.argv[1:2] == ["worker"]:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(work(sys.argv[2]))
    else:
        asyncio.run(main([Path(tree) for tree in sys.argv[1:]] or [ROOT]))
