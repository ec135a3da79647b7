"""A real stack that is treated badly: what runs, its sessions, and what they are held against.

    worker ──(posts)──► A, B          (posts) and (streams) are balancers: each request goes to the
    subscribers ──(streams)──► A, B   next bridge, whoever asks
    worker ──(work)──► server
    A, B ──(signals)──► server

A, B, the worker and the Temporal server are processes, and so are the subscribers, in two; one of
these two is killed like all others. The four names in parentheses are fault proxies. The oracle of
a session is the log that its agent writes of each attempt. Sessions are *chats*, which are those of
KAI, or *choirs*, with 8 activities at once and events of their workflow. Temporal gives a chat
three attempts: a *generation* of sessions lives through faults that cost two of them, then it is
ended and checked, and the next generation begins. Choirs alone are one generation.
"""

import asyncio
import contextlib
import random
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import psutil
from temporalio.client import Client
from temporalio.service import RPCError

from kai_flow.runtime.ports import free_port
from kai_flow.temporal.client import connect
from kai_flow.temporal.dev_server import DevServer, dev_server
from tests.chaos import readers, voices
from tests.chaos.choir import Choir, begin_choir
from tests.chaos.proxy import Proxy, proxied
from tests.chaos.sessions import PROCESSES, Chat, Session, begin_chat
from tests.integration.programs import NURSERY, Bridges, Program, environment, running, start
from tests.integration.subscriber import Subscriber, seen_in
from tests.integration.waiting import PAUSE_SECONDS, until

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

    def __init__(self, command: list[str], environ: dict[str, str], log: Path) -> None:
        self._command = command
        self._environ = environ
        self._log = log
        self._boots = 0
        self._program: Program | None = None

    async def boot(self) -> None:
        """Returns when it polls."""
        self._boots += 1
        log = self._log.with_suffix(f".{self._boots}.log")
        self._program = await start(self._command, self._environ, log)
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


class World:
    """Everything that runs."""

    def __init__(self, folder: Path, rng: random.Random, chats: int, choirs: int) -> None:
        self.folder = folder
        self.rng = rng
        self.kinds: list[type[Session]] = [Chat] * chats + [Choir] * choirs
        self.server = Server(folder / "temporal.db")
        self.links: dict[str, Proxy] = {}
        self.bridges: list[Bridges] = []
        self.workers: dict[type[Session], Worker] = {}
        self.client: Client
        self.sessions: list[Session] = []
        self.figures: Counter[str] = Counter()
        self.queues = {kind: f"chaos-{secrets.token_hex(3)}" for kind in self.kinds}
        self._spent = 0  # attempts that the faults of this generation may have cost
        self.readers: list[Readers] = []

    async def spend(self, attempts: int) -> None:
        """Make sure that the sessions can afford it: a chat has three attempts."""
        if self._spent + attempts > 2 and Chat in self.kinds:
            await self.end_generation()
        self._spent += attempts
        if not self.sessions:
            await self.begin_generation()

    async def begin_generation(self) -> None:
        """Start sessions, each with a process of readers."""
        self.figures["generations"] += 1
        self.sessions = await asyncio.gather(*map(self._begin, self.kinds))
        await self.lively()

    async def _begin(self, kind: type[Session]) -> Session:
        session_id = f"{kind.__name__.lower()}-{secrets.token_hex(4)}"
        seed, queue = self.rng.randrange(10**6), self.queues[kind]
        session: Session
        if kind is Choir:
            session = await begin_choir(self.client, queue, self.folder, session_id, seed)
        else:
            callback = f"{self.links['posts'].url}/events/{session_id}"
            session = await begin_chat(self.client, queue, self.folder, session_id, callback, seed)
        for number, file in enumerate(session.files()):
            self.readers[number % PROCESSES].read(file, self._stream(session))
        self.figures["sessions"] += 1
        self.figures["subscribers"] += session.readers
        return session

    def _stream(self, session: Session) -> str:
        return f"{self.links['streams'].url}/stream/{session.id}"

    async def lively(self) -> None:
        """Wait until every reader has seen new events."""
        before = [session.counts() for session in self.sessions]

        def grown() -> bool:
            return all(
                now >= was + session.lively
                for session, seen in zip(self.sessions, before, strict=True)
                for now, was in zip(session.counts(), seen, strict=True)
            )

        try:
            await until(grown, RECOVERY_SECONDS)
        except AssertionError:
            raise AssertionError(f"no new events: {self.report()}") from None

    def report(self) -> str:
        """Where each session is."""
        return "; ".join(session.report() for session in self.sessions)

    async def turn(self, how: str) -> None:
        """Let the choirs continue as new."""
        choirs = [session for session in self.sessions if isinstance(session, Choir)]
        await asyncio.gather(*(choir.turn(how) for choir in choirs))

    async def come_late(self) -> None:
        """One more reader for one of the sessions, now, from its beginning."""
        await self.read_late(self.rng.choice(self.sessions))

    async def read_late(self, session: Session) -> None:
        """One more reader, in this process."""
        late = Subscriber(self._stream(session))
        session.late.append((late, asyncio.create_task(late.run())))
        self.figures["subscribers"] += 1

    async def end_generation(self) -> None:
        """Let the sessions end, and check what everybody got."""
        await asyncio.gather(*(session.stop() for session in self.sessions))
        await asyncio.gather(*(self._check(session) for session in self.sessions))
        self.sessions = []
        self._spent = 0
        for process in self.readers:
            process.forget()

    async def _check(self, session: Session) -> None:
        result = await self._result(session)
        session.check_attempts(1 + self._spent)
        await self.read_late(session)
        try:
            async with asyncio.timeout(END_SECONDS):
                while not session.ended():  # noqa: ASYNC110  (it happens in other processes)
                    await asyncio.sleep(PAUSE_SECONDS)
                await asyncio.gather(*(reading for _, reading in session.late))
        except TimeoutError:
            raise AssertionError(f"{self.report()}; some do not end, with {result}") from None
        await session.look_up()
        everybody = [[seen for _, seen in seen_in(file)] for file in session.files()]
        for seen in [*everybody, *(late.seen for late, _ in session.late)]:
            session.check(seen, result)
            self.figures["events"] += len(seen)
            self.figures["withdrawals"] += sum(one.type == "superseded" for one in seen)
        self.figures.update(session.figures(result))

    async def _result(self, session: Session) -> Any:
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


@asynccontextmanager
async def living(
    folder: Path, seed: int, *, chats: int = 0, choirs: int = 0
) -> AsyncIterator[World]:
    """A world with so many sessions at once, which runs while the block does."""
    world = World(folder, random.Random(seed), chats, choirs)
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
        for kind in set(world.kinds):
            world.workers[kind] = _worker_of(world, kind)
            stack.push_async_callback(world.workers[kind].kill)
        workers = [worker.boot() for worker in world.workers.values()]
        await asyncio.gather(*workers, *(bridge.boot() for bridge in world.bridges))
        for bridge in world.bridges:
            stack.push_async_callback(bridge.kill)
        stack.push_async_callback(world.close)
        yield world


def _worker_of(world: World, kind: type[Session]) -> Worker:
    """The worker of the sessions of this kind."""
    server, bridge, queue = world.links["work"], world.links["posts"], world.queues[kind]
    if kind is Choir:
        command = ["-m", voices.__name__, server.target, queue, bridge.url]
    else:
        command = ["-m", "kai_flow.worker"]
    environ = environment(
        world.folder / "home",
        server.target,
        KAI_AGENT="tests.chaos.agent:create",
        KAI_HEARTBEAT_TIMEOUT="5s",
        TEMPORAL_TASK_QUEUE=queue,
        SEEDED_LOG=str(world.folder),
    )
    return Worker(command, environ, world.folder / f"{kind.__name__.lower()}-worker.log")
