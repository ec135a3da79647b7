"""The world of one schedule: everything joined, the plan carried out, the end awaited and judged."""

import asyncio
import gc
import logging
import random as global_random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from random import Random
from typing import Any, Final, NamedTuple
from unittest.mock import patch

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

from kai_flow.stream.log import SessionLog
from kai_flow.stream.outbox import Outbox
from tests.simulation.bridge import Bridge
from tests.simulation.execution import Execution, Try
from tests.simulation.loop import Flag, Hang, Process, VirtualLoop, now
from tests.simulation.network import Balancer, Plain, Transport
from tests.simulation.oracle import Oracle
from tests.simulation.plan import CALM_AT, Fault, Plan
from tests.simulation.subscriber import Reader, Subscriber
from tests.simulation.temporal import Run, Server, TemporalClient, run_id
from tests.simulation.weather import Link
from tests.simulation.worker import Worker
from tests.simulation.workflow import FACADE

SESSION: Final = "session-1"
CLOSE_SECONDS: Final = 400.0  # from the calm to the close of the workflow
CONVERGE_SECONDS: Final = 120.0  # from the close to the last subscriber's end
POSTS_PER_SECOND: Final = 4.0  # beside one for each event, with all faults
SIGNALS_PER_PERIOD: Final = 2.5  # with all faults; without any it is one


class Report(NamedTuple):
    """How a schedule went."""

    plan: Plan
    violation: str | None
    seconds: float
    """Virtual."""
    trace: list[tuple[Any, ...]]


class World:
    """All processes of one schedule."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.server = Server(plan.page_size)
        self.oracle = Oracle(self.server)
        self.oracle.agent = plan.agent
        self._random = Random(f"{plan.seed}/world")
        self._outside = Process("network")
        self._chaos = Process("chaos")
        self._posts = self._link("posts")
        self._calls = {name: self._link(f"calls of {name}") for name in ("bridge", "worker")}
        self._beats = self._link("heartbeats")
        self.bridges = [self._bridge(number) for number in range(plan.bridges)]
        self._balancer = Balancer(self.bridges, plan.balancer, Random(f"{plan.seed}/balancer"))
        self._workers = [self._worker(number) for number in range(2)]
        self._turn = 0
        self._free = Flag()
        self.executions: list[Execution] = []
        self.readers = [self._subscriber(n, reader) for n, reader in enumerate(plan.readers)]

    # Building

    def _link(self, name: str) -> Link:
        return Link(name, self.plan.seed)

    def _client(self, kind: str, process: Process) -> TemporalClient:
        return TemporalClient(self.server, process, self._calls[kind])

    def _bridge(self, number: int) -> Bridge:
        return Bridge(
            number,
            oracle=self.oracle,
            client=partial(self._client, "bridge"),
            signal_interval=self.plan.settings.signal_interval,
            idle_timeout=self.plan.idle_timeout,
        )

    def _worker(self, number: int) -> Worker:
        def transport(process: Process) -> Transport | Plain:
            if self.plan.receiver == "plain":
                return Plain(process, self._posts, self.oracle)
            return Transport(process, self._outside, self._balancer, self._posts, self.oracle)

        return Worker(
            f"worker {number}",
            oracle=self.oracle,
            client=partial(self._client, "worker"),
            transport=transport,
            beats=self._beats,
            agent=self.plan.agent,
            settings=self.plan.settings,
        )

    def _subscriber(self, number: int, reader: Reader) -> Subscriber:
        name = f"reader {number}"
        random = Random(f"{self.plan.seed}/{name}")
        how = {"prompt": self.plan.prompt, "random": random}
        return Subscriber(name, SESSION, reader, self.bridges, self.oracle, **how)

    async def take(self, attempt: Try) -> None:
        """Give an attempt to the next worker that is there."""
        await self._free.until(lambda: any(worker.process.alive for worker in self._workers))
        alive = [worker for worker in self._workers if worker.process.alive]
        self._turn += 1
        worker = alive[self._turn % len(alive)]
        self.oracle.note("attempt", attempt.number.producer, attempt.attempt, worker.name)
        worker.take(attempt)

    def start_workflow(self) -> Run:
        """A new run under the session's id."""
        run = Run(SESSION, run_id(self._random), now())
        self.server.runs.setdefault(SESSION, []).append(run)
        run.append(HistoryEvent(event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED))
        execution = Execution(
            self.server,
            run,
            self,
            random=Random(f"{self.plan.seed}/{run.run_id}"),
            limits=self.plan.limits,
            producers=self.plan.producers,
        )
        self.executions.append(execution)
        self.server.process.start(execution.decide())
        return run

    # Running

    async def live(self) -> None:
        """Carry out the plan, wait for the end, judge."""
        plan = self.plan
        for bridge in self.bridges:
            bridge.boot()
        for reader in self.readers:
            reader.process.start(reader.read())
        for fault in plan.faults:
            self._chaos.start(self._strike(fault))
        self._chaos.start(self._sample())
        await asyncio.sleep(plan.starts_at)
        run = self.start_workflow()
        await self._close(run)
        if plan.again_at is not None:
            await asyncio.sleep(plan.again_at)
            run = self.start_workflow()
            await self._close(run)
        await asyncio.sleep(max(0.0, 1_000.0 + CALM_AT - now()) if plan.faults else 0.0)
        self._calm()
        late = [self._subscriber(9, Reader(0.5, False, 0.0, 1.0))]
        late[0].process.start(late[0].read())
        everybody = [*self.readers, *late]
        if not await self._until(lambda: all(r.over for r in everybody), CONVERGE_SECONDS):
            slow = ", ".join(reader.name for reader in everybody if not reader.over)
            self.oracle.violated(f"not told that it is over: {slow}")
        for reader in everybody:
            reader.judge()
        if late[0].run is not run:
            self.oracle.violated("who comes last is shown an earlier run")

    async def _close(self, run: Run) -> None:
        began = now()
        if not await self._until(lambda: run.closed, CALM_AT + CLOSE_SECONDS):
            self.oracle.violated("the workflow does not close")
        if self.oracle.violation is None:
            self.oracle.note("closed", run.run_id[-4:])
            self.oracle.judge(run, fair=not self.plan.faults)
            self._count(now() - began)

    async def _until(self, condition: Any, seconds: float) -> bool:
        """Wait for it, or for a violation."""
        end = now() + seconds
        while now() < end and self.oracle.violation is None:
            if condition():
                return True
            await asyncio.sleep(0.05)
        return self.oracle.violation is not None

    def _count(self, seconds: float) -> None:
        """What the session has cost, whoever listened: signals by the clock, POSTs by events."""
        plan, oracle = self.plan, self.oracle
        patience = 1.05 if plan.fair else SIGNALS_PER_PERIOD
        events = plan.producers * (plan.agent.events + 1) * (1 if plan.fair else 3)
        flushes = 3 * events / plan.outbox[0]  # a small outbox that is half full
        signals = plan.producers * (3 if plan.fair else 12) + flushes
        signals += patience * seconds / plan.settings.signal_interval
        if oracle.signals > signals:
            oracle.violated(f"{oracle.signals} signals in {seconds:.0f} s; at most {signals:.0f}")
        posts = 10 + events * (1 + plan.bridges) + seconds * POSTS_PER_SECOND
        if oracle.posts > posts:
            oracle.violated(f"{oracle.posts} POSTs in {seconds:.0f} s; at most {posts:.0f}")
        oracle.signals = oracle.posts = 0

    async def _sample(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            self.oracle.sample()
            for bridge in self.bridges:
                for room in bridge.hub._rooms.values():
                    for session in room.sessions:
                        self._look_at(session.log)

    def _look_at(self, log: SessionLog) -> None:
        """A window is within its limit, unless nothing in it is durable."""
        for attempt in (log.current, log.claim):
            if attempt is None:
                continue
            if attempt.bytes > self.plan.window_bytes and attempt.start <= attempt.durable:
                self.oracle.violated(f"a bridge holds {attempt.bytes} bytes from {attempt.start}")
            if attempt.waiting_bytes > self.plan.window_bytes:
                self.oracle.violated(f"a bridge took {attempt.waiting_bytes} bytes to signal")

    # Faults

    async def _strike(self, fault: Fault) -> None:
        await asyncio.sleep(fault.at)
        self.oracle.note("fault", str(fault))
        self.oracle.disturbed_at = now() + fault.seconds
        match fault.kind:
            case "crash bridge" | "restart bridge":
                bridge = self.bridges[fault.target]
                if fault.kind == "restart bridge":
                    await bridge.leave()
                bridge.crash()
                await asyncio.sleep(fault.seconds)
                if not bridge.process.alive:
                    bridge.boot()
            case "crash worker":
                worker = self._workers[fault.target % 2]
                worker.process.kill()
                await asyncio.sleep(fault.seconds)
                worker.restart()
                self._free.change()
            case "mute worker":
                self._workers[fault.target % 2].muted = True
                await asyncio.sleep(fault.seconds)
                self._workers[fault.target % 2].muted = False
            case "crash decider" | "stall decider":
                await self._hinder(fault)
            case "server down":
                await self._take_down(fault.seconds)
            case "cut reader":
                self.readers[fault.target % len(self.readers)].cut(fault.seconds)
            case "cancel" | "terminate":
                self._end_early(fault.kind)
            case _:
                self._storm(fault)

    async def _hinder(self, fault: Fault) -> None:
        for execution in self.executions:
            if fault.kind == "crash decider":
                execution.crash()
            else:
                execution.stall = fault.seconds
        self.server.worker_up = fault.kind == "stall decider"
        await asyncio.sleep(fault.seconds)
        for execution in self.executions:
            execution.stall = 0.0
        self.server.worker_up = True
        self.server.changed.change()

    async def _take_down(self, seconds: float) -> None:
        self.server.up = False
        await asyncio.sleep(seconds)
        self.server.up = True
        self.server.changed.change()

    def _end_early(self, how: str) -> None:
        runs = self.server.runs.get(SESSION, [])
        if not runs or runs[-1].closed or not self.server.up:
            return
        if how == "cancel":
            runs[-1].cancel_requested = True
        else:
            runs[-1].flush()
            runs[-1].append(
                HistoryEvent(event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED)
            )

    def _storm(self, fault: Fault) -> None:
        assert fault.weather is not None
        links = {
            "posts": self._posts,
            "calls of bridge": self._calls["bridge"],
            "calls of worker": self._calls["worker"],
            "heartbeats of worker": self._beats,
        }
        links[fault.kind].bring(fault.weather, fault.seconds)

    def _calm(self) -> None:
        self.oracle.note("calm")
        for link in (self._posts, *self._calls.values(), self._beats):
            link.clear()


def simulate(plan: Plan) -> Report:
    """Run one schedule to its end, or to its first violation."""
    loop = VirtualLoop()
    global_random.seed(plan.seed)
    trace: list[tuple[Any, ...]] = []
    world: World | None = None

    async def run() -> None:
        nonlocal world
        world = World(plan)
        await world.live()

    violation: str | None = None
    with _settings(plan) as broke:
        try:
            loop.run_until_complete(run())
        except Hang as hang:
            violation = str(hang)
        finally:
            seconds = loop.time() - 1_000.0
            _close(loop)
            for execution in world.executions if world else ():
                execution.crash()
    if world is not None:
        violation = violation or world.oracle.violation
        trace = world.oracle.trace
    broke += loop.broken  # says more than what it led to
    return Report(plan, broke[0] if broke else violation, seconds, trace)


@contextmanager
def _settings(plan: Plan) -> Iterator[list[str]]:
    """The plan's limits, the workflow's facade, and an ear for what the code calls broken."""
    broke: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            error = record.exc_info[1] if record.exc_info else None
            broke.append(f"{record.getMessage()}: {error!r}")

    ear = Ear(logging.ERROR)
    events, size = plan.outbox
    with ExitStack() as stack:
        outbox = partial(Outbox, max_events=events, max_bytes=size)
        log = partial(SessionLog, max_bytes=plan.window_bytes)
        stack.enter_context(patch("kai_flow.stream.producer.Outbox", outbox))
        stack.enter_context(patch("kai_flow.bridge.session.SessionLog", log))
        stack.enter_context(patch("kai_flow.stream.workflow.workflow", FACADE))
        root = logging.getLogger()
        root.addHandler(ear)
        logging.disable(logging.WARNING)
        stack.callback(logging.disable, logging.NOTSET)
        stack.callback(root.removeHandler, ear)
        yield broke


def _close(loop: VirtualLoop) -> None:
    """End all that is left, in whatever state a violation found it."""
    gc.collect(0)  # a task that broke is reported when it is let go
    heard = len(loop.broken)  # what breaks from here on is no finding
    for _ in range(10):
        tasks = sorted(asyncio.all_tasks(loop), key=hash)
        if not tasks:
            break
        for task in tasks:
            task.cancel()
        with suppress(Hang):
            loop.run_until_complete(asyncio.wait(tasks, timeout=60.0))
    with suppress(Hang):
        loop.run_until_complete(loop.shutdown_asyncgens())
    del loop.broken[heard:]
    loop.close()
