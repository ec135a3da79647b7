"""Faults, carried out: what is planned to go wrong goes wrong, and is mended in time."""

import asyncio

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

from tests.simulation.loop import now
from tests.simulation.plan import Fault
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
        match fault.kind:
            case "crash bridge" | "restart bridge":
                bridge = self._world.bridges[fault.target]
                if fault.kind == "restart bridge":
                    await bridge.leave()
                bridge.crash()
                await asyncio.sleep(fault.seconds)
                if not bridge.process.alive:
                    bridge.boot()
            case "crash worker":
                worker = self._world.workers[fault.target % 2]
                worker.process.kill()
                await asyncio.sleep(fault.seconds)
                worker.restart()
                self._world.worker_came.change()
            case "mute worker":
                self._world.workers[fault.target % 2].muted = True
                await asyncio.sleep(fault.seconds)
                self._world.workers[fault.target % 2].muted = False
            case "crash decider" | "stall decider":
                await self._hinder(fault)
            case "server down":
                await self._take_down(fault.seconds)
            case "cut reader":
                self._world.readers[fault.target % len(self._world.readers)].cut(fault.seconds)
            case "cancel" | "terminate":
                self._end_early(fault.kind)
            case _:
                self._storm(fault)

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

    async def _take_down(self, seconds: float) -> None:
        self._world.server.up = False
        await asyncio.sleep(seconds)
        self._world.server.up = True
        self._world.server.changed.change()

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

    def _storm(self, fault: Fault) -> None:
        assert fault.weather is not None
        self._world.links[fault.kind].bring(fault.weather, fault.seconds)
