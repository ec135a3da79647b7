"""What the server drives: workflow tasks, and an activity's attempts with their heartbeats."""

import asyncio
from random import Random
from typing import Any, Final, Protocol

import msgspec
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

from kai_flow.stream.wire_names import PRODUCER_HEADER
from tests.simulation.loop import Flag, now
from tests.simulation.temporal import Pending, Run, Server
from tests.simulation.workflow import Activity, Close, Instance, Shape, Timer

TASK_TIMEOUT: Final = 10.0
MAX_ATTEMPTS: Final = 3


class Try:
    """One attempt, as the server sees it."""

    def __init__(self, run: Run, activity: Activity, attempt: int, pending: Pending) -> None:
        self.run = run
        self.number = activity.number
        self.attempt = attempt
        self.pending = pending  # what is said of it when the run is described
        self.over = False  # the server counts on it no more: what it says is refused
        self.result: dict[str, Any] | None = None
        self.error: str | None = None
        self.cancelled = False
        self.changed = Flag()

    def end(
        self,
        *,
        result: dict[str, Any] | None = None,
        error: str | None = None,
        cancelled: bool = False,
    ) -> None:
        """Its worker reports how it ended; the first word counts."""
        if self.over:
            return
        self.over = True
        self.result, self.error, self.cancelled = result, error, cancelled
        self.changed.change()


class Workers(Protocol):
    """Where attempts run."""

    async def take(self, attempt: Try) -> None:
        """Begin it in some worker; waits for one."""


class Execution:
    """One run being executed."""

    def __init__(
        self,
        server: Server,
        run: Run,
        workers: Workers,
        *,
        random: Random,
        shape: Shape,
    ) -> None:
        self._server, self._run, self._workers, self._random = server, run, workers, random
        self._shape = shape
        self._instance: Instance | None = None
        self._asked: Instance | None = None  # answers queries: replays all there is
        self._activities = self._timers = 0  # commands carried out
        self.generation = 0  # of the workflow worker: a crash forgets what it held
        self.stall = 0.0  # seconds that workflow tasks take on top
        run.query = self._answer

    def crash(self) -> None:
        """The workflow worker dies, and with it what it remembers."""
        self.generation += 1
        for instance in (self._instance, self._asked):
            if instance is not None:
                instance.dispose()
        self._instance = self._asked = None

    async def decide(self) -> None:
        """Run workflow tasks until the run is closed."""
        run, server = self._run, self._server
        while not run.closed:
            await run.changed.until(lambda: run.needs_task or run.closed)
            await server.changed.until(lambda: server.up and server.worker_up)
            if run.closed:
                return
            run.needs_task, run.in_task = False, True
            upto, generation, began = len(run.history), self.generation, now()
            await asyncio.sleep(self._random.uniform(0.001, 0.02) + self.stall)
            if generation != self.generation or not server.up:
                await asyncio.sleep(max(0.0, began + TASK_TIMEOUT - now()))
                run.needs_task = True
                run.flush()
                continue
            self._end_task(run, upto)

    def _end_task(self, run: Run, upto: int) -> None:
        if self._instance is None:
            self._instance = Instance(run, self._shape)
        commands = self._instance.activate(run.history[:upto])
        closing = any(isinstance(command, Close) for command in commands)
        if run.closed or (closing and (run.held or len(run.history) > upto)):
            # "Unhandled command": signals came meanwhile; the task is done again with them.
            self._instance.dispose()
            self._instance = None
            run.needs_task = True
            run.flush()
            return
        run.append(HistoryEvent(event_type=EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED))
        for command in commands:
            match command:
                case Close(event):
                    run.append(event)
                case Activity() if command.place == self._activities:
                    self._activities += 1
                    run.append(_scheduled(command))
                    self._server.process.start(self._try_all(command))
                case Timer(index, seconds) if index == self._timers:
                    self._timers += 1
                    self._server.process.start(self._fire(index, seconds))
                case _:  # a replay says again what has been done
                    pass
        run.flush()

    def _answer(self, name: str, *args: Any) -> Payload:
        if self._asked is None:
            self._asked = Instance(self._run, self._shape)
        self._asked.activate(self._run.history)
        return self._asked.answer(name, *args)

    async def _fire(self, index: int, seconds: float) -> None:
        await asyncio.sleep(seconds)
        event = HistoryEvent(event_type=EventType.EVENT_TYPE_TIMER_FIRED)
        event.timer_fired_event_attributes.timer_id = str(index)
        if not self._run.closed:
            self._run.take(event)

    async def _try_all(self, activity: Activity) -> None:
        run, attempt = self._run, 0
        while True:
            attempt += 1
            pending = run.pending[str(activity.place)] = Pending(attempt)
            await asyncio.sleep(0.0 if attempt == 1 else 2.0 ** (attempt - 2))
            current = Try(run, activity, attempt, pending)
            if not run.cancel_requested:
                await self._server.changed.until(lambda: self._server.up)
                await self._workers.take(current)
                pending.beat_at = now()
                await self._watch(current)
            else:
                current.cancelled = True
            if run.closed:
                return
            if current.result is not None:
                event = HistoryEvent(event_type=EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED)
                completed = event.activity_task_completed_event_attributes
                completed.scheduled_event_id = activity.place
                completed.result.payloads.append(Payload(data=msgspec.json.encode(current.result)))
            elif current.cancelled:
                event = HistoryEvent(event_type=EventType.EVENT_TYPE_ACTIVITY_TASK_CANCELED)
                event.activity_task_canceled_event_attributes.scheduled_event_id = activity.place
            elif attempt == MAX_ATTEMPTS:
                event = HistoryEvent(event_type=EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED)
                failed = event.activity_task_failed_event_attributes
                failed.scheduled_event_id = activity.place
                failed.failure.message = current.error or "heartbeat timeout"
            else:
                continue
            del run.pending[str(activity.place)]
            run.take(event)
            return

    async def _watch(self, current: Try) -> None:
        """Until the attempt has ended or its heartbeats have."""
        while not current.over:
            left = current.pending.due - now()
            if left <= 0:
                await self._server.changed.until(lambda: self._server.up)
                if current.pending.due <= now():
                    current.over = True
                    current.cancelled = self._run.cancel_requested
                    return
                continue
            await current.changed.until(lambda: current.over, left)


def _scheduled(activity: Activity) -> HistoryEvent:
    event = HistoryEvent(event_type=EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED)
    scheduled = event.activity_task_scheduled_event_attributes
    scheduled.activity_id = str(activity.place)
    scheduled.header.fields[PRODUCER_HEADER].data = msgspec.json.encode(activity.number)
    return event
