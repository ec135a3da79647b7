"""The programs that are measured, each in a process of its own, and what they use."""

import json
import secrets
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import psutil
from temporalio.client import Client, WorkflowHandle

from kai_flow.temporal.dev_server import DevServer
from tests.bench.lacking import Lacking
from tests.bench.systems.nchan import nchan
from tests.bench.worker import Asked
from tests.integration.programs import Program, environment, running

KAI: Final = "KAI Flow"
SIGNED: Final = "KAI Flow, signed"
STREAMS: Final = "Workflow Streams, 100 ms"
STREAMS_20: Final = "Workflow Streams, 20 ms"
CALLBACK: Final = "plain callback"
NCHAN: Final = "nchan"
BROADCAST: Final = "bare broadcast"

SERVERS: Final = {
    KAI: ("-m", "api"),
    SIGNED: ("-m", "api"),
    CALLBACK: ("-m", "tests.bench.systems.callback"),
    BROADCAST: ("-m", "tests.bench.systems.broadcast"),
}
WORKERS: Final = {KAI: "kai", SIGNED: "signed"}  # the others share one
VARIABLES: Final = {
    SIGNED: {"KAI_SIGNING_KEYS": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}
}
WORKFLOWS: Final = {KAI: "Kai", SIGNED: "Kai", STREAMS: "Streams", STREAMS_20: "Streams"}
BATCHES: Final = {STREAMS: 100, STREAMS_20: 20}
LIMIT: Final = timedelta(minutes=6)


@dataclass
class Target:
    """One system that serves readers."""

    name: str
    port: int = 0  # 0: the readers ask Temporal
    processes: list[psutil.Process] = field(default_factory=list)  # those that serve
    program: Program | None = None

    async def kill(self) -> None:
        """`kill -9`, if it is a process that can be killed alone."""
        if self.program is not None:
            await self.program.kill()

    def url(self, session_id: str) -> str:
        """Where events are POSTed."""
        return f"http://127.0.0.1:{self.port}/events/{session_id}" if self.port else ""


@dataclass(frozen=True)
class Use:
    """What processes have used so far."""

    serving: float  # seconds of CPU of the processes that serve readers
    worker: float
    temporal: float

    def __sub__(self, other: "Use") -> "Use":
        return Use(
            self.serving - other.serving,
            self.worker - other.worker,
            self.temporal - other.temporal,
        )


class Stack:
    """A Temporal server, and what has been started beside it so far."""

    def __init__(
        self, client: Client, server: DevServer, home: Path, programs: AsyncExitStack
    ) -> None:
        self.client = client
        self._server = server
        self._home = home
        self._programs = programs
        self._started = 0
        self._targets: dict[str, Target] = {}
        self._workers: dict[str, Program] = {}
        self._lacking: dict[str, Lacking] = {}

    async def start(self, *arguments: str, **variables: str) -> tuple[Program, int]:
        """A Python program, once it is ready, and its port."""
        self._started += 1
        environ = environment(self._home, self._server.address, **variables)
        errors = self._home / f"{self._started}.log"
        program = await self._programs.enter_async_context(running([*arguments], environ, errors))
        try:
            url = await program.ready()
        except AssertionError as error:
            raise Lacking(f"{' '.join(arguments[:2])} does not start: {error}") from None
        return program, httpx.URL(url).port or 0 if "://" in url else 0

    async def target(self, name: str) -> Target:
        """A system, started when it is first needed. Raises Lacking."""
        if name in self._lacking:
            raise self._lacking[name]
        if name not in self._targets:
            try:
                self._targets[name] = await self._boot(name)
            except Lacking as lacking:
                self._lacking[name] = lacking
                raise
        return self._targets[name]

    async def _boot(self, name: str) -> Target:
        if name in BATCHES:
            return Target(name)
        if name == NCHAN:
            port, process = await self._programs.enter_async_context(nchan(self._home))
            return Target(name, port, [process, *process.children(recursive=True)])
        return await self.another(name)

    async def another(self, name: str) -> Target:
        """A server of that system in the place of the one before, or beside it."""
        variables = VARIABLES.get(name, {})
        program, port = await self.start(*SERVERS[name], KAI_BRIDGE_PORT="0", **variables)
        return Target(name, port, [psutil.Process(program.process.pid)], program)

    async def worker(self, target: str) -> Program:
        """The worker of a system, started when it is first needed."""
        kind = worker_of(target)
        if kind not in self._workers or self._workers[kind].process.returncode is not None:
            arguments = ("-m", "tests.bench.worker", kind, self._server.address)
            program, _ = await self.start(*arguments, **VARIABLES.get(target, {}))
            self._workers[kind] = program
        return self._workers[kind]

    async def kill_worker(self, target: str) -> None:
        """`kill -9` of the worker of a system; the next session gets a new one."""
        await (await self.worker(target)).kill()

    async def readers(
        self,
        target: Target,
        streams: Sequence[tuple[str, int]],
        tokens: int,
        limit: float = 30,
        *,
        raw: bool = False,
        bulk: bool = False,
    ) -> Program:
        """So many readers for each session, once they are connected.

        `raw` computes the checksum of all bytes, too, `bulk` nothing but that.
        """
        path = "/stream/" if target.port else ""
        asked: dict[str, Any] = {
            "streams": [(path + session_id, count) for session_id, count in streams],
            "tokens": tokens,
            "limit": limit,
            "raw": raw,
            "bulk": bulk,
        }
        asked |= {"port": target.port} if target.port else {"address": self._server.address}
        program, _ = await self.start("-m", "tests.bench.readers", json.dumps(asked))
        return program

    async def begin(
        self, target: Target, session_id: str, asked: Asked
    ) -> WorkflowHandle[Any, Any]:
        """Start one session; its worker has to be there."""
        asked.batch_ms = BATCHES.get(target.name, 0)
        asked.url = asked.url or target.url(session_id)
        return await self.client.start_workflow(
            WORKFLOWS.get(target.name, "Plain"),
            asked,
            id=session_id,
            task_queue=f"bench-{worker_of(target.name)}",
            execution_timeout=LIMIT,
        )

    def use(self, target: Target) -> Use:
        """What the processes have used until now."""
        server = psutil.Process(self._server.process.pid)
        worker = self._workers.get(worker_of(target.name))
        alive = worker is not None and worker.process.returncode is None
        return Use(
            cpu(target.processes),
            cpu([psutil.Process(worker.process.pid)]) if worker and alive else 0.0,
            cpu(server.children(recursive=True)),
        )


def worker_of(target: str) -> str:
    """The kind of worker that runs the sessions of a system."""
    return WORKERS.get(target, "others")


def cpu(processes: Sequence[psutil.Process]) -> float:
    """Seconds of CPU, of the processes and the kernel for them."""
    total = 0.0
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system
    return total


def resident(processes: Sequence[psutil.Process]) -> int:
    """Bytes of memory that they hold; what several share counts once."""
    held = [process.memory_full_info() for process in processes]
    return sum(getattr(one, "pss", one.rss) for one in held)


def peak(processes: Sequence[psutil.Process]) -> int:
    """The most bytes of memory that they have held."""
    return sum(_peak(process) for process in processes)


def _peak(process: psutil.Process) -> int:
    try:
        status = Path(f"/proc/{process.pid}/status").read_text()
    except OSError:
        return int(process.memory_info().rss)
    return int(status.partition("VmHWM:")[2].split()[0]) * 1_024


def new_id() -> str:
    """A session id of its own."""
    return f"bench-{secrets.token_hex(4)}"


def soon(sessions: int) -> float:
    """A time at which so many sessions have begun."""
    return time.time() + 0.5 + 0.03 * sessions
