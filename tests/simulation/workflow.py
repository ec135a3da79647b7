"""Workflow code in the simulation: the project's own workflow and stream, replayed from a history.

`FACADE` stands where the workflow's code expects `temporalio.workflow`. A workflow's code
awaits only activities and conditions, so its coroutine is driven by hand, one history at a time.
"""

import logging
from collections.abc import Callable, Generator, Sequence
from contextlib import nullcontext, suppress
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, NamedTuple

import msgspec
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.common import RawValue
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError, RetryState
from temporalio.workflow import ActivityCancellationType

from kai_flow.stream.buffer import Limits
from kai_flow.stream.interceptor import LIVENESS_CHECK, ProducerNumber, appointed
from kai_flow.stream.liveness import liveness_of
from kai_flow.stream.workflow import WorkflowEventStream
from kai_flow.workflows import WORKFLOW_TYPE, KaiChatWorkflow
from tests.simulation.temporal import Run

_NOTHING = object()
QUESTION = RawValue(
    Payload(metadata={"encoding": b"json/plain"}, data=b'{"prompt":"?","connection_id":"?"}')
)


class Activity(NamedTuple):
    """Command: run a streaming activity."""

    place: int
    number: ProducerNumber


class Timer(NamedTuple):
    """Command: append a timer event after so many seconds."""

    place: int
    seconds: float


class Close(NamedTuple):
    """Command: the run ends so."""

    event: HistoryEvent


Command = Activity | Timer | Close


class _Wait:
    """What workflow code awaits: goes on once `ready` gives something."""

    def __init__(self, ready: Callable[[], Any]) -> None:
        self.ready = ready

    def __await__(self) -> Generator["_Wait", None, Any]:
        while (value := self.ready()) is _NOTHING:
            yield self
        if isinstance(value, BaseException):
            raise value
        return value


class Shape(NamedTuple):
    """What the workflow's code is like."""

    limits: Limits
    """Of its buffer."""
    producers: int
    """Streaming activities, one after the other."""
    linger: float
    """Seconds that it goes on for after its session's end."""


class Steps:
    """A workflow with several streaming activities, and something to do after the session."""

    def __init__(self, shape: Shape) -> None:
        self.stream = WorkflowEventStream(shape.limits)
        self._shape = shape

    async def run(self, _chat: Any = None) -> dict[str, Any]:
        """The result of the last activity; all streams are complete."""
        try:
            with self.stream.session():
                result = await self._stream_all()
        except ActivityError:
            await self._linger()
            raise
        await self._linger()
        return result

    async def _linger(self) -> None:
        if self._shape.linger:
            seconds = timedelta(seconds=self._shape.linger)
            with suppress(TimeoutError):
                await FACADE.wait_condition(lambda: False, timeout=seconds)

    async def _stream_all(self) -> dict[str, Any]:
        result: dict[str, Any] = {}
        await self.stream.drain(None)  # nothing has been said yet
        for _ in range(self._shape.producers):
            result = await self.stream.execute_activity(
                "chat_streaming",
                cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            )
            await self.stream.drain(result["last_event_id"])
        return result


class Instance:
    """One workflow in one worker's memory."""

    def __init__(self, run: Run, shape: Shape) -> None:
        self._size = 0  # bytes of the history events taken in
        self.info = SimpleNamespace(
            workflow_type=WORKFLOW_TYPE,
            workflow_id=run.workflow_id,
            run_id=run.run_id,
            first_execution_run_id=run.run_id,
            start_time=datetime.fromtimestamp(run.began, UTC),
            get_current_history_size=lambda: self._size,
        )
        self.outside = {LIVENESS_CHECK: lambda *_: liveness_of(run.describe(), datetime.now(UTC))}
        self.signals: dict[str, Callable[..., None]] = {}
        self.queries: dict[str, Callable[..., Any]] = {}
        self._commands: list[Command] = []
        self._started = [0, 0]  # activities and timers the code has asked for
        self._activities: dict[int, Any] = {}  # by index: a result or an exception
        self._fired: set[int] = set()  # timers
        self._cancel = False
        self._seen = 0  # history events taken in
        self._over = False
        self.code: KaiChatWorkflow | Steps
        FACADE.enter(self)
        if shape.producers == 1 and not shape.linger:
            self.code = object.__new__(KaiChatWorkflow)
            self.code.stream = WorkflowEventStream(shape.limits)
        else:
            self.code = Steps(shape)
        self._coroutine = self.code.run([QUESTION])

    def activate(self, history: Sequence[HistoryEvent]) -> list[Command]:
        """Take in what is new in `history` and say what the code wants now."""
        FACADE.enter(self)
        for event in history[self._seen :]:
            if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED and not self._over:
                self._step()  # what came before was one activation, and is again in a replay
            self._apply(event)
            self._size += event.ByteSize()
        self._seen = max(self._seen, len(history))
        if not self._over:
            self._step()
        commands, self._commands = self._commands, []
        return commands

    def answer(self, name: str, *args: Any) -> Payload:
        """Answer a query."""
        FACADE.enter(self)
        if name not in self.queries:
            raise ValueError(f"no query {name}")
        value = self.queries[name](*args)
        if isinstance(value, RawValue):
            return value.payload
        return Payload(data=msgspec.json.encode(value))

    def dispose(self) -> None:
        """The worker forgets it."""
        if not self._over:
            FACADE.enter(self)
            self._coroutine.close()

    def _apply(self, event: HistoryEvent) -> None:
        match event.event_type:
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
                signal = event.workflow_execution_signaled_event_attributes
                if signal.signal_name in self.signals:
                    handle = self.signals[signal.signal_name]
                    handle(*(RawValue(payload) for payload in signal.input.payloads))
            case EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
                done = event.activity_task_completed_event_attributes
                value = msgspec.json.decode(done.result.payloads[0].data)
                self._activities[done.scheduled_event_id] = value
            case EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED:
                failed = event.activity_task_failed_event_attributes
                cause = ApplicationError(failed.failure.message)
                self._activities[failed.scheduled_event_id] = _failure(cause)
            case EventType.EVENT_TYPE_ACTIVITY_TASK_CANCELED:
                index = event.activity_task_canceled_event_attributes.scheduled_event_id
                self._activities[index] = _failure(CancelledError())
            case EventType.EVENT_TYPE_TIMER_FIRED:
                self._fired.add(int(event.timer_fired_event_attributes.timer_id))
            case _:
                pass

    def _step(self) -> None:
        try:
            self._coroutine.send(None)
        except StopIteration as stop:
            self._over = True
            event = HistoryEvent(event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)
            payload = Payload(
                metadata={"encoding": b"json/plain"}, data=msgspec.json.encode(stop.value)
            )
            completed = event.workflow_execution_completed_event_attributes
            completed.result.payloads.append(payload)
            self._commands.append(Close(event))
        except ActivityError as error:
            self._over = True
            if isinstance(error.cause, CancelledError):
                event = HistoryEvent(event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED)
            else:
                event = HistoryEvent(event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED)
                failure = event.workflow_execution_failed_event_attributes.failure
                failure.message = error.message
                failure.cause.message = str(error.cause)
            self._commands.append(Close(event))

    # What the facade passes on

    def start_activity(self, number: ProducerNumber) -> _Wait:
        index = self._started[0]
        self._started[0] += 1
        self._commands.append(Activity(index, number))
        return _Wait(lambda: self._activities.get(index, _NOTHING))

    def condition(self, holds: Callable[[], bool], timeout: timedelta) -> _Wait:
        index = self._started[1]
        self._started[1] += 1
        self._commands.append(Timer(index, timeout.total_seconds()))

        def ready() -> Any:
            if holds():
                return None
            return TimeoutError() if index in self._fired else _NOTHING

        return _Wait(ready)


class Facade:
    """What the code uses of `temporalio.workflow`, for whoever is entered."""

    logger = logging.getLogger("tests.simulation.workflow")
    unsafe = SimpleNamespace(sandbox_unrestricted=nullcontext)
    ActivityCancellationType = ActivityCancellationType

    def __init__(self) -> None:
        self._instance: Instance | None = None

    def enter(self, instance: Instance) -> None:
        """What is called from now on is called by this workflow."""
        self._instance = instance

    @property
    def _here(self) -> Instance:
        assert self._instance is not None
        return self._instance

    def info(self) -> SimpleNamespace:
        return self._here.info

    def now(self) -> datetime:
        start: datetime = self._here.info.start_time
        return start

    def extern_functions(self) -> dict[str, Callable[..., Any]]:
        return self._here.outside

    def set_signal_handler(self, name: str, handler: Callable[[RawValue], None]) -> None:
        self._here.signals[name] = handler

    def set_query_handler(self, name: str, handler: Callable[..., Any]) -> None:
        self._here.queries[name] = handler

    def start_activity(self, _activity: str, **_options: Any) -> _Wait:
        number = appointed.get()
        assert number is not None
        return self._here.start_activity(number)

    async def wait_condition(self, holds: Callable[[], bool], *, timeout: timedelta) -> None:
        if not holds():
            await self._here.condition(holds, timeout)


FACADE = Facade()


def _failure(cause: BaseException) -> ActivityError:
    error = ActivityError(
        "Activity task failed",
        scheduled_event_id=0,
        started_event_id=0,
        identity="",
        activity_type="chat_streaming",
        activity_id="1",
        retry_state=RetryState.MAXIMUM_ATTEMPTS_REACHED,
    )
    error.__cause__ = cause
    return error
