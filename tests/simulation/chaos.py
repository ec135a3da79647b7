"""Faults, carried out: what is planned to go wrong goes wrong, and is mended in time."""

import asyncio

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

from tests.simulation.bridge import Bridge
from tests.simulation.loop import now
from tests.simulation.plan import Fault
from tests.simulation.worker import Worker
from tests.simulation.world import SESSION, World


class Chaos:
    """What goes wrong in a world."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def strike(self, fault: Fault) -> None:
        """Wait for its time, let it happen, and mend it."""
        await asyncio.sleep(fault.at)
        self._world.oracle.note("fault", str(fault))
        self._world.oracle.disturbed_at = now() + fault.seconds
        kind, _, who = fault.kind.partition(" ")
        match who:
            case "bridge":
                await self._end_bridge(self._world.bridges[fault.target], fault)
            case "worker":
                await self._hinder_worker(self._world.workers[fault.target % 2], fault)
            case "decider":
                await self._hinder(fault)
            case "down" | "version":
                await self._trouble_server(who, fault.seconds)
            case "reader":
                self._world.readers[fault.target % len(self._world.readers)].cut(fault.seconds)
            case "" if kind in ("cancel", "terminate"):
                self._end_early(kind)
            case _:
                self._storm(fault)

    async def _end_bridge(self, bridge: Bridge, fault: Fault) -> None:
        if fault.kind == "restart bridge":
            await bridge.leave()
        if fault.kind == "seam bridge":  # just as a run continues as new
            seams = self._world.seams
            await self._world.went_on.until(lambda: self._world.seams > seams)
            self._world.oracle.disturbed_at = now() + fault.seconds
        bridge.crash()
        await asyncio.sleep(fault.seconds)
        if not bridge.process.alive:
            bridge.boot()

    async def _hinder_worker(self, worker: Worker, fault: Fault) -> None:
        if fault.kind == "mute worker":
            worker.muted = True
            await asyncio.sleep(fault.seconds)
            worker.muted = False
            return
        if fault.kind == "stop worker":
            worker.leave()
        else:
            worker.process.kill()
        await asyncio.sleep(fault.seconds)
        worker.restart()
        self._world.worker_came.change()

    async def _hinder(self, fault: Fault) -> None:
        for execution in self._world.executions:
            if fault.kind == "crash decider":
                execution.crash()
            else:
                execution.stall = fault.seconds
        self._world.server.worker_up = fault.kind == "stall decider"
        await asyncio.sleep(fault.seconds)
        for execution in self._world.executions:
            execution.stall = 0.0
        self._world.server.worker_up = True
        self._world.server.changed.change()

    async def _trouble_server(self, what: str, seconds: float) -> None:
        server = self._world.server
        if what == "down":
            server.up = False
        else:
            server.other_version = True
        await asyncio.sleep(seconds)
        if what == "down":
            server.up = True
            server.changed.change()
        else:
            server.other_version = False

    def _end_early(self, how: str) -> None:
        runs = self._world.server.runs.get(SESSION, [])
        if not runs or runs[-1].closed or not self._world.server.up:
            return
        if how == "cancel":
            runs[-1].cancel_requested = True
        else:
            runs[-1].flush()
            runs[-1].append(
                HistoryEvent(event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED)
            )

    def _storm(self, fault: Fault) -> None:  # the kind is the name of the link
        assert fault.weather is not None
        self._world.links[fault.kind].bring(fault.weather, fault.seconds)
