"""The proof that nothing is lost when the bridge dies: `kill -9` at seeded points in mid-session.

Each point is one where an event was received (a subscriber had seen it) and not yet durable, and
the agent still yielding. To know that, the bridge is frozen first; what a frozen bridge has not
made durable it never will, so what is asked then holds for the moment of its death. The oracle is
the log that the agent writes itself, before it yields.
"""

import asyncio
import json
import random
import re
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
from temporalio.client import Client

from kai_flow.runtime.ports import free_port
from kai_flow.temporal.dev_server import DevServer
from tests.integration import subscriber
from tests.integration.conftest import Handle
from tests.integration.programs import NURSERY, Bridges, Program, environment, running
from tests.integration.subscriber import Seen, Subscriber, seen_in
from tests.integration.waiting import until

ROUNDS: Final = (1, 2, 3)  # their seeds; each has a port of its own, and all run at once
KILLS: Final = 7  # in each round
SESSIONS: Final = 2  # in each round
TAIL: Final = 25  # events after the last kill has been survived
STALLED_SECONDS: Final = 6.0  # longer than a producer waits before it signals by itself


@dataclass
class Stack:
    """What lives through it all."""

    client: Client
    address: str
    queue: str
    folder: Path


@dataclass
class Session:
    """One session, its subscriber process, and those that come later."""

    handle: Handle
    log: Path  # what the agent has yielded, written by itself
    seen: Path  # what the subscriber process has seen
    process: Program
    late: list[tuple[Subscriber, asyncio.Task[None], str | None]] = field(default_factory=list)

    def yielded(self) -> int:
        """How many events the agent has yielded so far."""
        return self.log.read_bytes().count(b"\n") if self.log.exists() else 0

    def shown(self) -> int:
        """The seq of the last event that the subscriber process has seen; 0 for none."""
        text = self.seen.read_bytes() if self.seen.exists() else b""
        last = text.rpartition(b"\n")[0].rpartition(b"\n")[2]
        return Seen(*json.loads(last)[1:]).place[2] if last else 0

    async def durable(self) -> int:
        """The seq of the last event that the workflow holds; 0 for none."""
        last: str | None = (await self.handle.query("progress"))["last_event_id"]
        return int(last.rpartition(".")[2]) if last else 0

    async def trimmed_to(self) -> int:
        """The seq up to which the producer has let go of its events, by its own heartbeat."""
        [activity] = (await self.handle.describe()).raw_description.pending_activities
        said = b"".join(payload.data for payload in activity.heartbeat_details.payloads).decode()
        match = re.search(r"durable to 1\.1\.(\d+)", said)
        return int(match[1]) if match else 0


@asynccontextmanager
async def bridges(stack: Stack, seed: int) -> AsyncIterator[Bridges]:
    """A bridge, on a port that all its successors take."""
    folder = stack.folder / f"round-{seed}"
    folder.mkdir()
    port = free_port()
    environ = environment(folder, stack.address, KAI_BRIDGE_PORT=str(port))
    async with running(["-c", NURSERY], environ, folder / "nursery.log") as nursery:
        successors = Bridges(nursery, folder, f"http://127.0.0.1:{port}")
        await successors.boot()
        try:
            yield successors
        finally:
            await successors.kill()


@pytest.fixture
async def stack(temporal: DevServer, client: Client, tmp_path: Path) -> AsyncIterator[Stack]:
    """A worker process, which lives through it all."""
    queue = f"restart-{secrets.token_hex(4)}"
    environ = environment(
        tmp_path / "home",
        temporal.address,
        KAI_AGENT="tests.agents.seeded:create",
        KAI_BUFFER_EVENTS="20000",  # however slow the machine, the query has it all
        KAI_BUFFER_BYTES="1MiB",
        TEMPORAL_TASK_QUEUE=queue,
        SEEDED_LOG=str(tmp_path),
    )
    async with running(["-m", "kai_flow.worker"], environ, tmp_path / "worker.log") as worker:
        await worker.ready()
        yield Stack(client, temporal.address, queue, tmp_path)


async def begin(stack: Stack, url: str, seed: int, processes: AsyncExitStack) -> Session:
    """Start a session, and the subscriber process that will live through all of it."""
    session_id = f"restart-{seed}-{secrets.token_hex(3)}"
    seen = stack.folder / f"{session_id}.seen"
    process = await processes.enter_async_context(
        running(
            [str(Path(subscriber.__file__)), f"{url}/stream/{session_id}", str(seen)],
            environment(stack.folder, ""),
            stack.folder / f"{session_id}.err",
        )
    )
    question = {
        "prompt": json.dumps({"seed": seed, "tail": TAIL}),
        "connection_id": "none",
        "callback_url": f"{url}/events/{session_id}",
    }
    handle: Handle = await stack.client.start_workflow(
        "KaiChatWorkflow", question, id=session_id, task_queue=stack.queue
    )
    return Session(handle, stack.folder / f"{session_id}.log", seen, process)


async def grow(counts: list[Callable[[], int]], by: int) -> None:
    """Wait until each of the counts has grown by more than that."""
    before = [count() for count in counts]
    await until(lambda: all(c() > was + by for c, was in zip(counts, before, strict=True)))


async def freeze_in_mid_batch(bridge: Bridges, sessions: list[Session]) -> None:
    """Hold the bridge at a moment at which every session has an event that only it holds."""
    for _ in range(200):
        bridge.freeze()
        if all([s.shown() > await s.durable() for s in sessions]):
            return
        bridge.thaw()
        await asyncio.sleep(0.03)
    pytest.fail("no moment at which something was received and not durable")


async def come_late(bridge: Bridges, session: Session, cursor: str | None) -> None:
    """Subscribe now from so far back that neither the producer nor the bridge can serve it."""
    if cursor is not None:
        assert int(cursor.rpartition(".")[2]) < await session.trimmed_to()
    late = Subscriber(f"{bridge.url}/stream/{session.handle.id}", cursor=cursor)
    session.late.append((late, asyncio.create_task(late.run()), cursor))
    await late.until(lambda: late.seen)


async def play_round(stack: Stack, seed: int) -> int:
    """Some sessions on one bridge, which is killed again and again; the number of kills."""
    rng = random.Random(seed)
    async with bridges(stack, seed) as bridge, AsyncExitStack() as processes:
        sessions = [
            await begin(stack, bridge.url, 10 * seed + n, processes) for n in range(SESSIONS)
        ]
        for kill in range(KILLS):
            await grow([s.shown for s in sessions], 5)  # the last restart has been survived
            await asyncio.sleep(rng.uniform(0.05, 0.8))
            await freeze_in_mid_batch(bridge, sessions)
            yielding = asyncio.create_task(grow([s.yielded for s in sessions], 0))
            await bridge.kill()
            await yielding  # the agents did not mind
            stalled = seed == 1 and kill == 3
            await asyncio.sleep(STALLED_SECONDS if stalled else rng.uniform(0, 0.8))
            await bridge.boot()
            if kill in (2, 4, 6):
                cursor = {2: None, 4: "1.1.3", 6: f"1.1.{rng.randint(4, 20)}"}[kill]
                await come_late(bridge, rng.choice(sessions), cursor)
        for s in sessions:
            (stack.folder / f"{s.handle.id}.stop").touch()
        for s in sessions:
            await check(s)
        return KILLS


@pytest.mark.timeout(300)  # 29 s on a machine that is busy, 51 s on one that is busier
async def test_a_killed_bridge_loses_nothing(stack: Stack) -> None:
    """Whoever lived through seven kills, or came after one, holds exactly what was yielded."""
    async with asyncio.TaskGroup() as group:
        rounds = [group.create_task(play_round(stack, seed)) for seed in ROUNDS]
    assert sum(task.result() for task in rounds) >= 20


async def check(session: Session) -> None:
    """Every reader holds `started`, what the agent wrote down, and `done` with the result."""
    result = await session.handle.result()
    async with asyncio.timeout(60):
        await session.process.process.wait()
    seen = [seen for _, seen in seen_in(session.seen) if seen.id is not None]
    started = seen[0].event
    assert (started["type"], started["producer"], started["attempt"]) == ("started", 1, 1)
    expected = [
        started,
        *map(json.loads, session.log.read_text().split("\n")[:-1]),
        {"type": "done", "result": result},
    ]
    assert [s.event for s in seen] == expected
    incarnation = (session.handle.first_execution_run_id or "")[-8:]
    count = len(expected) - 1
    ids = [*(f"1.1.{n}@{incarnation}" for n in range(1, count + 1)), f"end@{incarnation}"]
    assert [s.id for s in seen] == ids
    assert result["last_event_id"] == f"1.1.{count}"
    for late, reading, cursor in session.late:
        async with asyncio.timeout(60):
            await reading
        numbered = [one for one in late.seen if one.id is not None]
        assert numbered == seen[int((cursor or "0").rpartition(".")[2]) :]
