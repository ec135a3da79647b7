"""A real stack that is treated badly: what runs, its sessions, and what they are held against.

    worker ──(posts)──► A, B          (posts) and (streams) are balancers: each request goes to the
    subscribers ──(streams)──► A, B   next bridge, whoever asks
    worker ──(work)──► server
    A, B ──(signals)──► server

A, B, the worker and the Temporal server are processes, and so are the subscribers, in two; one of
these two is killed like all others. The four names in parentheses are fault proxies. The oracle of
a session is the log that its agent writes of each attempt. Temporal gives a session three attempts:
a *generation* of sessions lives through faults that cost two of them, then it is ended and checked,
and the next generation begins.
"""

import asyncio
import contextlib
import json
import random
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psutil
from temporalio.client import Client
from temporalio.service import RPCError

from kai_flow.runtime.ports import free_port
from kai_flow.temporal.client import connect
from kai_flow.temporal.dev_server import DevServer, dev_server
from tests.chaos import readers
from tests.chaos.proxy import Proxy, proxied
from tests.integration.conftest import Handle
from tests.integration.programs import NURSERY, Bridges, Program, environment, running, start
from tests.integration.subscriber import Seen, Subscriber, seen_in
from tests.integration.waiting import PAUSE_SECONDS, until

TAIL: Final = 10  # events after a session was told to end
PROCESSES: Final = 2  # of subscribers, each with a reader of every session
RECOVERY_SECONDS: Final = 45.0  # until every subscriber sees new events again; usual: 0.2 to 8
END_SECONDS: Final = 60.0


class Server:
    """One Temporal server after another, on one port and one database file."""

    def __init__(self, db_file: Path) -> None:
        self.port = free_port()
        self._db_file = db_file
        self._stack = AsyncExitStack()
        self._running: DevServer | None = None

    @property
    def address(self) -> str:
        """Where it is, when it is."""
        return f"127.0.0.1:{self.port}"

    async def boot(self) -> None:
        """Returns when it serves."""
        server = dev_server(port=self.port, db_file=self._db_file, stop_seconds=0)
        self._running = await self._stack.enter_async_context(server)

    async def kill(self) -> None:
        """`kill -9` of the server itself; returns when it is dead."""
        if self._running is not None:
            for child in psutil.Process(self._running.process.pid).children():
                child.kill()
            self._running = None
        await self._stack.aclose()


class Worker:
    """One worker after another."""

    def __init__(self, environ: dict[str, str], log: Path) -> None:
        self._environ = environ
        self._log = log
        self._boots = 0
        self._program: Program | None = None

    async def boot(self) -> None:
        """Returns when it polls."""
        self._boots += 1
        log = self._log.with_suffix(f".{self._boots}.log")
        self._program = await start(["-m", "kai_flow.worker"], self._environ, log)
        await self._program.ready()

    async def kill(self) -> None:
        """`kill -9`; returns when it is dead."""
        if self._program is not None:
            await self._program.kill()


class Readers:
    """One process of readers after another: the next goes on where the files of the last end."""

    def __init__(self, environ: dict[str, str], log: Path) -> None:
        self._environ = environ
        self._log = log
        self._boots = 0
        self._program: Program | None = None
        self._reads: list[str] = []  # what it was told to

    async def boot(self) -> None:
        """Returns when it has been told what to read."""
        self._boots += 1
        log = self._log.with_suffix(f".{self._boots}.log")
        self._program = await start(["-m", readers.__name__], self._environ, log)
        for line in self._reads:
            self._tell(line)

    async def kill(self) -> None:
        """`kill -9`; returns when it is dead."""
        if self._program is not None:
            await self._program.kill()

    def read(self, file: Path, url: str) -> None:
        """One more reader."""
        self._reads.append(f"{file} {url}\n")
        self._tell(self._reads[-1])

    def forget(self) -> None:
        """The sessions so far have ended."""
        self._reads.clear()

    def _tell(self, line: str) -> None:
        assert self._program is not None
        assert self._program.process.stdin is not None
        self._program.process.stdin.write(line.encode())


@dataclass
class Session:
    """One session and who reads it."""

    handle: Handle
    folder: Path
    late: list[tuple[Subscriber, asyncio.Task[None]]] = field(default_factory=list)

    @property
    def id(self) -> str:
        """The session id."""
        return self.handle.id

    def attempt(self) -> int:
        """The latest attempt whose agent has begun; 0 for none.

        A killed worker can take an attempt with it before its agent begins: that one has no log.
        """
        logs = self.folder.glob(f"{self.id}.*.log")
        return max((int(log.name.split(".")[-2]) for log in logs), default=0)

    def counts(self) -> list[int]:
        """How many events of the session each reader has seen."""
        seen = [file.read_bytes() if file.exists() else b"" for file in self.files()]
        return [text.count(b"\n") - text.count(b', null, "status", ') for text in seen]

    def files(self) -> list[Path]:
        """What its readers in other processes write."""
        return [self.folder / f"{self.id}.seen.{number}" for number in range(PROCESSES)]

    def ended(self) -> bool:
        """Whether those readers have their last event; fails when one of them did."""
        for file in self.files():
            failed = file.with_name(f"{file.name}.failed")
            assert not failed.exists(), f"{self.id}: {failed.read_text()}"
        return all(b', "done", ' in file.read_bytes()[-200_000:] for file in self.files())

    def oracle(self, attempt: int) -> list[Any]:
        """The events of that attempt, as far as the agent got."""
        log = (self.folder / f"{self.id}.{attempt}.log").read_text().split("\n")[:-1]
        return [
            {
                "type": "started", "producer": 1, "attempt": attempt,
                "activity": "chat_streaming", "activity_id": "1", "beside": [],
            },
            *map(json.loads, log),
        ]  # fmt: skip


class World:
    """Everything that runs."""

    def __init__(self, folder: Path, rng: random.Random, sessions: int) -> None:
        self.folder = folder
        self.rng = rng
        self.count = sessions
        self.server = Server(folder / "temporal.db")
        self.links: dict[str, Proxy] = {}
        self.bridges: list[Bridges] = []
        self.worker: Worker
        self.client: Client
        self.sessions: list[Session] = []
        self.figures: Counter[str] = Counter()
        self.queue = f"chaos-{secrets.token_hex(3)}"
        self._spent = 0  # attempts that the faults of this generation may have cost
        self.readers: list[Readers] = []

    async def spend(self, attempts: int) -> None:
        """Make sure that the sessions can afford it: they have three attempts."""
        if self._spent + attempts > 2:
            await self.end_generation()
        self._spent += attempts
        if not self.sessions:
            await self.begin_generation()

    async def begin_generation(self) -> None:
        """Start sessions, each with a process of readers."""
        self.figures["generations"] += 1
        self.sessions = list(await asyncio.gather(*(self._begin() for _ in range(self.count))))
        await self.lively()

    async def _begin(self) -> Session:
        session_id = f"chaos-{secrets.token_hex(4)}"
        url = f"{self.links['streams'].url}/stream/{session_id}"
        for number, process in enumerate(self.readers):
            process.read(self.folder / f"{session_id}.seen.{number}", url)
        question = {
            "prompt": json.dumps({"seed": self.rng.randrange(10**6), "tail": TAIL}),
            "connection_id": "none",
            "callback_url": f"{self.links['posts'].url}/events/{session_id}",
        }
        handle: Handle = await self.client.start_workflow(
            "KaiChatWorkflow", question, id=session_id, task_queue=self.queue
        )
        self.figures["sessions"] += 1
        self.figures["subscribers"] += PROCESSES
        return Session(handle, self.folder)

    async def lively(self) -> None:
        """Wait until every reader has seen something new."""
        before = [session.counts() for session in self.sessions]

        def grown() -> bool:
            return all(
                now >= was + 3
                for session, seen in zip(self.sessions, before, strict=True)
                for now, was in zip(session.counts(), seen, strict=True)
            )

        try:
            await until(grown, RECOVERY_SECONDS)
        except AssertionError:
            raise AssertionError(f"no new events: {self.report()}") from None

    def report(self) -> str:
        """Where each session is."""
        return "; ".join(f"{s.id} attempt {s.attempt()} seen {s.counts()}" for s in self.sessions)

    async def come_late(self) -> None:
        """One more reader for one of the sessions, now, from its beginning."""
        await self.read_late(self.rng.choice(self.sessions))

    async def read_late(self, session: Session) -> None:
        """One more reader, in this process."""
        late = Subscriber(f"{self.links['streams'].url}/stream/{session.id}")
        session.late.append((late, asyncio.create_task(late.run())))
        self.figures["subscribers"] += 1

    async def end_generation(self) -> None:
        """Let the sessions end, and check what everybody got."""
        for session in self.sessions:
            (self.folder / f"{session.id}.stop").touch()
        await asyncio.gather(*(self._check(session) for session in self.sessions))
        self.sessions = []
        self._spent = 0
        for process in self.readers:
            process.forget()

    async def _check(self, session: Session) -> None:
        result = await self._result(session)
        assert session.attempt() <= 1 + self._spent, f"{session.id}: an attempt failed for nothing"
        await self.read_late(session)
        try:
            async with asyncio.timeout(END_SECONDS):
                while not session.ended():  # noqa: ASYNC110  (it happens in other processes)
                    await asyncio.sleep(PAUSE_SECONDS)
                await asyncio.gather(*(reading for _, reading in session.late))
        except TimeoutError:
            raise AssertionError(f"{self.report()}; some do not end, with {result}") from None
        everybody = [[seen for _, seen in seen_in(file)] for file in session.files()]
        for seen in [*everybody, *(late.seen for late, _ in session.late)]:
            check(session, seen, result)
            self.figures["events"] += len(seen)
        self.figures["attempts"] += session.attempt()

    async def _result(self, session: Session) -> dict[str, Any]:
        try:
            async with asyncio.timeout(END_SECONDS):
                while True:
                    with contextlib.suppress(RPCError):
                        return await session.handle.result()
                    await asyncio.sleep(0.2)
        except TimeoutError:
            raise AssertionError(f"{self.report()}; some have no result") from None

    async def close(self) -> None:
        """No reader of ours stays behind."""
        for session in self.sessions:
            for _, reading in session.late:
                reading.cancel()


NOTICES: Final = ("status", "ended")
"""Control events that may come at any time, also again: of the liveness, and of an end."""


def check(session: Session, seen: list[Seen], result: dict[str, Any]) -> None:
    """A reader saw the last attempt, whole, perhaps beginnings of those before it, and `done`."""
    incarnation = (session.handle.first_execution_run_id or "")[-8:]
    last, count = map(int, result["last_event_id"].removeprefix("1.").split("."))
    assert last == session.attempt()
    assert result["status"] == "completed"
    *told, done = (one for one in seen if one.id is not None or one.type not in NOTICES)
    assert (done.id, done.event) == (f"end@{incarnation}", {"type": "done", "result": result})
    attempts: dict[int, list[Seen]] = {}
    for one in told:
        assert one.id is not None, f"{session.id}: {one.event}"
        assert one.id.endswith(f"@{incarnation}")
        attempts.setdefault(one.place[1], []).append(one)
    assert list(attempts) == sorted(attempts)
    assert [one for part in attempts.values() for one in part] == told  # nothing comes back
    for attempt, part in attempts.items():
        made = session.oracle(attempt)
        if attempt < last and part[-1].type == "attempt_failed":
            made.append(part[-1].event)
        assert [one.place for one in part] == [(1, attempt, n + 1) for n in range(len(part))]
        assert [one.event for one in part] == made[: len(part)]
    assert len(attempts[last]) == count == len(session.oracle(last))


@asynccontextmanager
async def living(folder: Path, seed: int, sessions: int) -> AsyncIterator[World]:
    """A world that runs while the block does."""
    world = World(folder, random.Random(seed), sessions)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(world.server.kill)
        await world.server.boot()
        world.client = await connect(world.server.address)
        ports = [free_port(), free_port()]
        targets = [f"127.0.0.1:{port}" for port in ports]
        for name, upstreams in (
            ("work", [world.server.address]),
            ("signals", [world.server.address]),
            ("posts", targets),
            ("streams", targets),
        ):
            balancer = proxied(*upstreams, each_request=name in ("posts", "streams"))
            world.links[name] = await stack.enter_async_context(balancer)
        for name, port in zip("ab", ports, strict=True):
            own = folder / name
            own.mkdir()
            environ = environment(own, world.links["signals"].target, KAI_BRIDGE_PORT=str(port))
            nursery = running(["-c", NURSERY], environ, own / "nursery.log")
            bridges = Bridges(
                await stack.enter_async_context(nursery), own, f"http://127.0.0.1:{port}"
            )
            world.bridges.append(bridges)
        for number in range(PROCESSES):
            process = Readers(environment(folder, ""), folder / f"readers-{number}.log")
            world.readers.append(process)
            stack.push_async_callback(process.kill)
            await process.boot()
        world.worker = Worker(
            environment(
                folder / "home",
                world.links["work"].target,
                KAI_AGENT="tests.chaos.agent:create",
                KAI_HEARTBEAT_TIMEOUT="5s",
                TEMPORAL_TASK_QUEUE=world.queue,
                SEEDED_LOG=str(folder),
            ),
            folder / "worker.log",
        )
        stack.push_async_callback(world.worker.kill)
        await asyncio.gather(world.worker.boot(), *(bridge.boot() for bridge in world.bridges))
        for bridge in world.bridges:
            stack.push_async_callback(bridge.kill)
        stack.push_async_callback(world.close)
        yield world
