"""One schedule: the plan carried out, the end awaited and judged."""

import asyncio
import logging
import random as global_random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, Final, NamedTuple
from unittest.mock import patch

# imported before `httpx.AsyncClient` is replaced: annotations name it
import kai_flow.stream.callback_client  # noqa: F401  (see above)
from kai_flow.stream.outbox import MAX_EVENTS, Outbox
from kai_flow.stream.session_log import SessionLog
from tests.simulation.chaos import Chaos
from tests.simulation.follower import http_client
from tests.simulation.loop import Hang, Process, VirtualLoop, now
from tests.simulation.neighbours import LIST_BYTES
from tests.simulation.plan import CALM_AT, Plan
from tests.simulation.subscriber import Reader, Subscriber
from tests.simulation.temporal import Run
from tests.simulation.truth import Chain
from tests.simulation.workflow import FACADE
from tests.simulation.world import World

CLOSE_SECONDS: Final = 400.0  # from the calm to the close of the workflow
CONVERGE_SECONDS: Final = 120.0  # from the close to the last subscriber's end
SMALL_PAGE: Final = 3  # events of a history that come in one answer, each of which takes time
SLOW_ROUNDS: Final = 100  # of that time for slow sockets: more than any session has frames for
POSTS_PER_SECOND: Final = 4.0  # beside one for each event, with all faults
SIGNALS_PER_PERIOD: Final = 2.5  # with all faults; without any it is one


class Report(NamedTuple):
    """How a schedule went."""

    plan: Plan
    violation: str | None
    seconds: float
    """Virtual."""
    trace: list[tuple[Any, ...]]


class Schedule:
    """A world under its plan."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def live(self) -> None:
        """Carry out the plan, wait for the end, judge."""
        plan = self.world.plan
        for bridge in self.world.bridges:
            bridge.boot()
        direct = [self.world.follower("follower", plan.readers[0])] if plan.direct else []
        for reader in (*self.world.readers, *direct):
            reader.process.start(reader.read())
        chaos, outside = Chaos(self.world), Process("outside")
        for fault in plan.faults:
            outside.start(chaos.strike(fault))
        outsider = self.world.outsider()
        for nuisance in plan.nuisances:
            outsider.process.start(outsider.act(nuisance))
        outside.start(self._sample())
        await asyncio.sleep(plan.starts_at)
        chain = await self._close(self.world.start_workflow())
        while again := self.world.retry_of(chain.last):
            chain = await self._close(again)
        if plan.again_at is not None:
            await asyncio.sleep(plan.again_at)
            chain = await self._close(self.world.start_workflow())
        await asyncio.sleep(max(0.0, 1_000.0 + CALM_AT - now()) if plan.faults else 0.0)
        self._calm()
        late = self.world.subscriber("late reader", Reader(0.5, False, 0.0, 1.0))
        late.process.start(late.read())
        everybody = [*self.world.readers, *direct, late]
        await self._converge(everybody)
        self.world.oracle.judge_budget(plan.signals_per_second)
        # Behind several bridges the signaller may not be reached in time: then producers signal.
        slow_only = plan.crowd and plan.bridges == 1 and plan.fair
        if slow_only and self.world.oracle.own_signals:
            self.world.oracle.violated(
                f"producers send {self.world.oracle.own_signals} signals beside a bridge that is "
                "only slow"
            )
        for reader in everybody:
            reader.judge()
        if late.chain is None or late.chain.runs[0] is not chain.runs[0]:
            self.world.oracle.violated("who comes last is shown an earlier incarnation")

    async def _converge(self, readers: Sequence[Subscriber]) -> None:
        """Wait until every reader is told that it is over.

        A socket that holds each frame up may need minutes for all that its reader has missed, and
        so may a bridge that reads back a few events at a time: such a reader only has to go on.
        """
        small = self.world.plan.page_size <= SMALL_PAGE
        for _ in range(SLOW_ROUNDS):
            cursors = {reader: reader.cursor for reader in readers}
            if await self._until(lambda: all(r.over for r in readers), CONVERGE_SECONDS):
                return
            late = [reader for reader in readers if not reader.over]
            stuck = [r.name for r in late if not (small or r.slow) or r.cursor == cursors[r]]
            if stuck:
                self.world.oracle.violated(f"not told that it is over: {', '.join(stuck)}")
        self.world.oracle.violated("a reader goes on and on, and is never told that it is over")

    async def _close(self, run: Run) -> Chain:
        began, plan, oracle = now(), self.world.plan, self.world.oracle
        # An agent that pauses for long, in every attempt of every producer, may take longer.
        talk = plan.agent.events * plan.agent.pause * plan.activities * (1 + len(plan.agent.breaks))
        if not await self._until(
            lambda: oracle.chain_of(run).closed, CALM_AT + max(CLOSE_SECONDS, talk)
        ):
            oracle.violated("the workflow does not close")
        chain = oracle.chain_of(run)
        if oracle.violation is None:
            outcome = oracle.outcome(chain.last)
            oracle.note("closed", run.run_id[-4:], outcome)
            oracle.judge(chain, fair=not plan.faults and not plan.gives_up)
            self._count(now() - began, chain.truth().peak)
        return chain

    async def _until(self, condition: Any, seconds: float) -> bool:
        """Wait for it, or for a violation."""
        end = now() + seconds
        while now() < end and self.world.oracle.violation is None:
            if condition():
                return True
            await asyncio.sleep(0.05)
        return self.world.oracle.violation is not None

    def _count(self, seconds: float, peak: int) -> None:
        """What the session has cost, whoever listened: signals by the clock, POSTs by events.

        `peak`: how many producers ran at once. Where each signals for itself, the n-th of them does
        so at an n-th of the pace.
        """
        plan, oracle = self.world.plan, self.world.oracle
        patience = 1.05 if plan.fair else SIGNALS_PER_PERIOD
        if plan.receiver != "bridge":
            patience *= sum(1 / n for n in range(1, peak + 1))
        events = plan.activities * (plan.agent.events + 1) * (1 if plan.fair else 3)
        flushes = 3 * events / plan.outbox[0]  # a small outbox that is half full
        signals = plan.activities * ((3 if plan.fair else 12) + plan.bridges) + flushes
        signals += patience * seconds / plan.settings.signal_interval
        if oracle.signals > signals and not oracle.clumsy:
            oracle.violated(f"{oracle.signals} signals in {seconds:.0f} s; at most {signals:.0f}")
        signals += events if plan.agent.words == "large" else 0
        posts = 10 + events * (1 + plan.bridges) + seconds * POSTS_PER_SECOND
        if oracle.posts > posts:
            oracle.violated(f"{oracle.posts} POSTs in {seconds:.0f} s; at most {posts:.0f}")
        oracle.signals = oracle.posts = 0

    async def _sample(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            self.world.oracle.sample()
            for bridge in self.world.bridges:
                for channel in bridge.hub._channels.values():
                    for session in channel.sessions:
                        self._look_at(session.log)

    def _look_at(self, log: SessionLog) -> None:
        """What a bridge holds is within its limits."""
        limit, violated = self.world.plan.window_bytes, self.world.oracle.violated
        shown = log._shown
        oldest = next((e.event for e in shown._entries if e.event is not None), None)
        too_much = shown.held > log._max_bytes
        if too_much and oldest is not None and not log.received.has_unsignalled(oldest):
            violated(f"a bridge holds {shown.held} bytes of frames")
        for window in log.received.all():
            if window.waiting_bytes > limit:
                violated(f"a bridge took {window.waiting_bytes} bytes to signal")

    def _calm(self) -> None:
        self.world.oracle.note("calm")
        for link in self.world.links.values():
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
        await Schedule(world).live()

    violation: str | None = None
    with _settings(plan) as broke:
        try:
            loop.run_until_complete(run())
        except Hang as hang:
            violation = str(hang)
        finally:
            seconds = loop.time() - 1_000.0
            loop.close_down()
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
        room = plan.window_bytes  # a small event takes four times its bytes once it is shown
        log = partial(SessionLog, max_bytes=4 * room, max_waiting=room)
        stack.enter_context(patch("kai_flow.stream.producer.Outbox", outbox))
        stack.enter_context(patch("kai_flow.bridge.session.SessionLog", log))
        for module in (
            "kai_flow.stream.run_stream",
            "kai_flow.stream.workflow",
            "kai_flow.stream.workflow_interceptor",
            "kai_flow.workflows",
        ):
            stack.enter_context(patch(f"{module}.workflow", FACADE))
        stack.enter_context(patch("httpx.AsyncClient", http_client))
        stack.enter_context(patch("kai_flow.bridge.memory_budget.MAX_BYTES", plan.hub_bytes))
        stack.enter_context(patch("kai_flow.bridge.broadcast.SLICE_READERS", 2))  # readers are few
        stack.enter_context(patch("kai_flow.bridge.subscription.CHUNK_BYTES", 2_000))
        if plan.neighbours:  # few, so that not all of their documents have room in a list
            stack.enter_context(patch("kai_flow.stream.sharing.MAX_LIST_BYTES", LIST_BYTES))
        if plan.kept_page_bytes is not None:
            kept = "kai_flow.bridge.session_tail.KEPT_PAGE_BYTES"
            stack.enter_context(patch(kept, plan.kept_page_bytes))
        if plan.outbox[0] < MAX_EVENTS:  # little room, also for names
            stack.enter_context(patch("kai_flow.stream.election.MAX_BRIDGES", 2))
        if plan.stored_bytes is not None:
            stack.enter_context(
                patch("kai_flow.stream.storage.MAX_STORED_BYTES", plan.stored_bytes)
            )
        if plan.read_again_bytes is not None:
            stack.enter_context(
                patch("kai_flow.stream.storage.READ_AGAIN_BYTES", plan.read_again_bytes)
            )
        root = logging.getLogger()
        root.addHandler(ear)
        logging.disable(logging.WARNING)
        stack.callback(logging.disable, logging.NOTSET)
        stack.callback(root.removeHandler, ear)
        yield broke
