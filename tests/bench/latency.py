"""Measure latency, throughput and replay, beside Temporal's own Workflow Streams: `just bench`.

A session has one producer, or several that share the same tokens. It takes about a minute and a
half and has no options. Server, worker, bridge and subscribers are separate processes, as in
production. The figures depend on the machine, so compare only the figures of one run with each
other; no figure makes it fail.
"""

import asyncio
import json
import secrets
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from temporalio.client import Client

from kai_flow.temporal.client import connect
from kai_flow.temporal.dev_server import dev_server
from tests.bench import streams
from tests.integration.programs import Program, environment, running

SECONDS = 4  # of each paced session
PACED = ((1, 100), (10, 50), (100, 50), (500, 20))  # subscribers, tokens a second
PRODUCERS = 8  # at once
SHARED = ((1, 100), (100, 50))  # with so many producers
SIDE_BY_SIDE = ((1, 100), (10, 50))  # of these: more, Workflow Streams does not carry
FULL_SPEED = 20_000
REPLAYED = 10_000
POSTS = 500


class Bench:
    """The running stack."""

    def __init__(self, client: Client, address: str, home: Path, stack: AsyncExitStack) -> None:
        self.client = client
        self.address = address
        self.port = 0
        self._home = home
        self._stack = stack
        self._programs = 0

    async def program(self, *arguments: str, **variables: str) -> Program:
        """A Python program beside us, which says when it is ready."""
        self._programs += 1
        environ = environment(self._home, self.address, **variables)
        errors = self._home / f"{self._programs}.log"
        program = await self._stack.enter_async_context(running([*arguments], environ, errors))
        self._url = await program.ready()
        return program

    async def bridge(self) -> Program:
        """A bridge, from now on the one that is used."""
        program = await self.program("-m", "api", KAI_BRIDGE_PORT="0")
        self.port = httpx.URL(self._url).port or 0
        return program

    async def readers(self, kind: str, session_id: str, count: int, last: str) -> Program:
        """Subscribers, once they are connected."""
        where = str(self.port) if kind == "bridge" else self.address
        return await self.program(
            "-m", "tests.bench.readers", kind, where, session_id, str(count), last
        )

    async def session(self, session_id: str, **asked: Any) -> Any:
        """One session of ours."""
        question = {
            "prompt": json.dumps(asked),
            "connection_id": "none",
            "callback_url": f"http://localhost:{self.port}/events/{session_id}",
        }
        return await self.client.start_workflow(
            "KaiChatWorkflow",
            question,
            id=session_id,
            task_queue="bench",
            execution_timeout=timedelta(minutes=1),
        )

    async def ours(self, readers: int, rate: int) -> dict[str, Any]:
        """One paced session with so many readers."""
        session_id, tokens = new_id(), rate * SECONDS
        program = await self.readers("bridge", session_id, readers, f"1.1.{tokens + 1}")
        handle = await self.session(session_id, tokens=tokens, rate=rate, wait=0.5)
        return await figures(program, handle, tokens, "KAI Flow", readers, rate)

    async def shared(self, readers: int, rate: int) -> None:
        """The same with several producers at once."""
        session_id, tokens = new_id(), rate * SECONDS
        program = await self.readers("bridge", session_id, readers, "end")
        asked = {
            "producers": PRODUCERS,
            "tokens": tokens,
            "rate": rate,
            "wait": 0.5,
            "callback_url": f"http://localhost:{self.port}/events/{session_id}",
        }
        handle = await self.client.start_workflow(
            "Together",
            asked,
            id=session_id,
            task_queue="bench-together",
            execution_timeout=timedelta(minutes=1),
        )
        await figures(program, handle, tokens, f"{PRODUCERS} producers", readers, rate)

    async def theirs(self, readers: int, rate: int) -> dict[str, Any]:
        """The same on Workflow Streams."""
        session_id, tokens = new_id(), rate * SECONDS
        asked = {"tokens": tokens, "rate": rate, "wait": 3.0}
        handle = await self.client.start_workflow(
            streams.Streamed.run,
            asked,
            id=session_id,
            task_queue="bench-streams",
            execution_timeout=timedelta(minutes=1),
        )
        program = await self.readers("streams", session_id, readers, str(tokens))
        return await figures(program, handle, tokens, "Workflow Streams", readers, rate)

    async def full_speed(self) -> None:
        """An agent that never pauses, and one reader."""
        session_id = new_id()
        program = await self.readers("bridge", session_id, 1, f"1.1.{FULL_SPEED + 1}")
        await self.session(session_id, tokens=FULL_SPEED, wait=0.5)
        found = await told(program)
        rate = found["received"] / found["seconds"]
        print(f"full speed: {found['received']:,} events, {rate:,.0f} events/s at the subscriber")

    async def replay(self, bridge: Program) -> None:
        """A new bridge, and a reader who begins at the beginning of a running session."""
        session_id = new_id()
        last = f"1.1.{REPLAYED + 1}"
        program = await self.readers("bridge", session_id, 1, last)
        handle = await self.session(session_id, tokens=REPLAYED, linger=30)
        await told(program)
        await asyncio.sleep(1)  # until all is durable
        await bridge.kill()
        await self.bridge()
        found = await told(await self.readers("bridge", session_id, 1, last))
        await handle.terminate()
        seconds = found["from_connect"]
        print(
            f"replay after a restart of the bridge: {found['received']:,} events, {seconds:.2f} s"
        )

    async def posts(self) -> None:
        """One POST after the other, as a producer makes them."""
        url = f"http://localhost:{self.port}/events/by-hand"
        body = {"session_id": "by-hand", "event": {"type": "token", "content": "x"}}
        async with httpx.AsyncClient(trust_env=False) as http:
            began = time.monotonic()
            for _ in range(POSTS):
                await http.post(url, json=body)
        print(f"POSTs, one after the other: {POSTS / (time.monotonic() - began):,.0f}/s")


def new_id() -> str:
    """A session id of its own."""
    return f"bench-{secrets.token_hex(4)}"


async def told(program: Program) -> Any:
    """What the readers found."""
    out, _ = await program.process.communicate()
    return json.loads(out or b"{}")


async def figures(
    program: Program, handle: Any, tokens: int, what: str, readers: int, rate: int
) -> dict[str, Any]:
    """What readers and server say of one paced session, printed as a row."""
    found = await told(program)
    try:
        async with asyncio.timeout(5):
            await handle.result()
    except TimeoutError:
        await handle.terminate()
    info = (await handle.describe()).raw_description.workflow_execution_info
    found["history_events"] = info.history_length * 1000 / tokens
    found["history_bytes"] = info.history_size_bytes * 1000 / tokens
    arrived = 100 * found["received"] / (tokens * readers)
    print(
        f"{what:<17}{readers:>5} readers {rate:>4}/s   p50 {found['p50'] * 1000:>7.1f} ms"
        f"   p99 {found['p99'] * 1000:>7.1f} ms   {arrived:.0f} % arrived;"
        f" per 1,000 tokens {found['history_events']:>5.0f} history events,"
        f" {found['history_bytes'] / 1000:>6.0f} KB"
    )
    return dict(found)


async def main() -> None:
    """Measure everything, in about a minute and a half."""
    began = time.monotonic()
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = await stack.enter_async_context(dev_server(stop_seconds=0))
        bench = Bench(await connect(server.address), server.address, home, stack)
        agent = {"KAI_AGENT": "tests.bench.paced:create", "TEMPORAL_TASK_QUEUE": "bench"}
        await bench.program("-m", "kai_flow.worker", **agent)
        await bench.program("-m", "tests.bench.latency", "worker", server.address, "bench-streams")
        await bench.program("-m", "tests.bench.together", server.address, "bench-together")
        bridge = await bench.bridge()
        ours = {case: await bench.ours(*case) for case in PACED}
        for case in SHARED:
            await bench.shared(*case)
        for case in SIDE_BY_SIDE:
            theirs = await bench.theirs(*case)
            ratios = {
                key: theirs[key] / ours[case][key]
                for key in ("p50", "p99", "history_events", "history_bytes")
            }
            print(
                f"  Workflow Streams : KAI Flow, {case[0]} readers: p50 {ratios['p50']:.1f},"
                f" p99 {ratios['p99']:.1f}, history events {ratios['history_events']:.1f},"
                f" bytes {ratios['history_bytes']:.1f}"
            )
        await bench.posts()
        await bench.full_speed()
        await bench.replay(bridge)
    print(f"({time.monotonic() - began:.0f} s)")


if __name__ == "__main__":
    if {"-h", "--help"} & {*sys.argv}:
        print(__doc__)
        sys.exit()
    if sys.argv[1:2] == ["worker"]:
        asyncio.run(streams.work(*sys.argv[2:4]))
    else:
        asyncio.run(main())
