"""What the server drives: workflow tasks, and an activity's attempts with their heartbeats."""

import asyncio
from collections import Counter
from random import Random
from typing import Any, Final, Protocol

import msgspec
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

from kai_flow.stream.header import ProducerHeader, decode_header
from kai_flow.stream.wire_names import PRODUCER_HEADER, VOICE_MEMO
from tests.simulation.loop import Flag, now
from tests.simulation.program import Program
from tests.simulation.temporal import Pending, Run, Server
from tests.simulation.workflow import (
    Activity,
    CancelActivity,
    Close,
    Command,
    Continue,
    Instance,
    Memo,
    Shape,
    Timer,
)

TASK_TIMEOUT: Final = 10.0
MAX_ATTEMPTS: Final = 3


class Try:
    """One attempt, as the server sees it."""

    def __init__(
        self, run: Run, activity: Activity, attempt: int, pending: Pending, *, marked: bool
    ) -> None:
        self.run = run
        self.activity = activity
        header = activity.headers.get(PRODUCER_HEADER)
        self.header = None if header is None else decode_header(header.data)
        self.marked = marked  # it has its number by the header
        self.attempt = attempt
        self.pending = pending  # what is said of it when the run is described
        self.over = False  # the server counts on it no more: what it says is refused
        self.result: dict[str, Any] | None = None
        self.error: str | None = None
        self.cancelled = False
        self.changed = Flag()

    @property
    def producer(self) -> int:
        """Its producer number."""
        assert isinstance(self.header, ProducerHeader)
        return self.header.producer

    @property
    def beside(self) -> frozenset[int]:
        """The producers beside it."""
        assert isinstance(self.header, ProducerHeader)
        return self.header.beside

    @property
    def history_bytes(self) -> int:
        """What its workflow told it of the size of the history."""
        assert isinstance(self.header, ProducerHeader)
        return self.header.history_bytes

    @property
    def name(self) -> str:
        """For the trace."""
        return f"{self.producer}.{self.attempt}"

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

    def go_on(self, run: Run, command: Continue) -> None:
        """Begin the run that continues this one as new."""

    def close(self, run: Run, event: HistoryEvent, program: Program | None) -> None:
        """The run closes; a failed one may be retried."""


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
        self._done: Counter[type] = Counter()  # commands carried out, by kind
        self.generation = 0  # of the workflow worker: a crash forgets what it held
        self.stall = 0.0  # seconds that workflow tasks take on top
        run.query = None if shape.unmarked else self._answer

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
        closing = any(isinstance(command, (Close, Continue)) for command in commands)
        if run.closed or (closing and (run.held or len(run.history) > upto)):
            # "Unhandled command": signals came meanwhile; the task is done again with them.
            self._instance.dispose()
            self._instance = None
            run.needs_task = True
            run.flush()
            return
        run.append(HistoryEvent(event_type=EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED))
        for command in commands:
            if command.place == self._done[type(command)]:  # a replay says again what was done
                self._done[type(command)] += 1
                self._carry_out(command)
        run.flush()

    def _carry_out(self, command: Command) -> None:
        run = self._run
        match command:
            case Close(_, event):
                self._workers.close(run, event, self._shape.program)
            case Continue():
                self._workers.go_on(run, command)
            case Activity():
                run.append(_scheduled(command, marked=not self._shape.unmarked))
                run.pending[command.id] = Pending(1)
                self._server.process.start(self._try_all(command, len(run.history)))
            case CancelActivity(_, activity_id):
                event = HistoryEvent(event_type=EventType.EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED)
                run.append(event)
                if activity_id in run.pending:
                    run.pending[activity_id].cancel_requested = True
            case Memo(_, fields):
                event = HistoryEvent(event_type=EventType.EVENT_TYPE_WORKFLOW_PROPERTIES_MODIFIED)
                memo = event.workflow_properties_modified_event_attributes.upserted_memo
                for name, payload in fields.items():
                    memo.fields[name].CopyFrom(payload)
                self._server.on_voice(run, fields[VOICE_MEMO].data)
                run.append(event)
            case Timer(index, seconds):
                self._server.process.start(self._fire(index, seconds))

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

    async def _try_all(self, activity: Activity, scheduled_event_id: int) -> None:
        run, attempt = self._run, 0
        while True:
            attempt += 1
            pending = Pending(attempt)
            pending.cancel_requested = run.pending[activity.id].cancel_requested
            run.pending[activity.id] = pending
            await asyncio.sleep(0.0 if attempt == 1 else 2.0 ** (attempt - 2))
            marked = not self._shape.unmarked
            current = Try(run, activity, attempt, pending, marked=marked)
            if not (run.cancel_requested or pending.cancel_requested):
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
                completed.scheduled_event_id = scheduled_event_id
                completed.result.payloads.append(Payload(data=msgspec.json.encode(current.result)))
            elif current.cancelled:
                event = HistoryEvent(event_type=EventType.EVENT_TYPE_ACTIVITY_TASK_CANCELED)
                event.activity_task_canceled_event_attributes.scheduled_event_id = (
                    scheduled_event_id
                )
            elif attempt < MAX_ATTEMPTS and not pending.cancel_requested:
                continue
            elif current.error is None:
                event = HistoryEvent(event_type=EventType.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT)
                timed_out = event.activity_task_timed_out_event_attributes
                timed_out.scheduled_event_id = scheduled_event_id
            else:
                event = HistoryEvent(event_type=EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED)
                failed = event.activity_task_failed_event_attributes
                failed.scheduled_event_id = scheduled_event_id
                failed.failure.message = current.error
            del run.pending[activity.id]
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
                    current.cancelled = (
                        self._run.cancel_requested or current.pending.cancel_requested
                    )
                    return
                continue
            await current.changed.until(lambda: current.over, left)


def _scheduled(activity: Activity, *, marked: bool) -> HistoryEvent:
    """`marked`: its number is in the history. Otherwise only the activity has it."""
    event = HistoryEvent(event_type=EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED)
    scheduled = event.activity_task_scheduled_event_attributes
    scheduled.activity_id = activity.id
    scheduled.activity_type.name = activity.type
    for name, payload in activity.headers.items() if marked else ():
        scheduled.header.fields[name].CopyFrom(payload)
    return event
