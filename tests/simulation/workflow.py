"""Workflow code in the simulation: the project's own workflow and stream, replayed from a history.

`FACADE` stands where the workflow's code expects `temporalio.workflow`. A workflow's code awaits
only activities, timers and its own branches, so its coroutines are driven by hand, one history at a
time. The library's interceptors are around it as they are in a worker.
"""

import logging
from collections.abc import Callable, Coroutine, Generator, Mapping, Sequence
from contextlib import nullcontext, suppress
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, Final, NamedTuple, NoReturn, cast

import msgspec
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.common import Priority, RawValue
from temporalio.converter import DataConverter
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError, RetryState
from temporalio.worker import (
    ContinueAsNewInput,
    ExecuteWorkflowInput,
    StartActivityInput,
    WorkflowInboundInterceptor,
    WorkflowOutboundInterceptor,
)
from temporalio.workflow import ActivityCancellationType, ContinueAsNewError

from kai_flow.stream.buffer import Limits
from kai_flow.stream.header import ProducerHeader, decode_header, encode_header
from kai_flow.stream.liveness import liveness_of
from kai_flow.stream.run_stream import LIVENESS_CHECK
from kai_flow.stream.wire_names import PRODUCER_HEADER
from kai_flow.stream.workflow import WorkflowEventStream
from kai_flow.stream.workflow_interceptor import WorkflowInterceptor
from kai_flow.workflows import WORKFLOW_TYPE, KaiChatWorkflow
from tests.simulation.program import Act, Apart, GoOn, Program, Speak, Step, Together
from tests.simulation.temporal import Run

_NOTHING = object()
QUESTION = RawValue(
    Payload(metadata={"encoding": b"json/plain"}, data=b'{"prompt":"?","connection_id":"?"}')
)
SILENT = "think"  # the type of an activity that sends nothing
STREAMS = "chat_streaming"


class Activity(NamedTuple):
    """Command: run an activity."""

    place: int
    id: str
    type: str
    headers: Mapping[str, Payload]


class CancelActivity(NamedTuple):
    """Command: ask an activity to stop."""

    place: int
    id: str


class Memo(NamedTuple):
    """Command: upsert the memo."""

    place: int
    fields: Mapping[str, Payload]


class Timer(NamedTuple):
    """Command: append a timer event after so many seconds."""

    place: int
    seconds: float


class Close(NamedTuple):
    """Command: the run ends so."""

    place: int
    event: HistoryEvent


class Continue(NamedTuple):
    """Command: continue as new."""

    place: int
    headers: Mapping[str, Payload]
    rest: Program


Command = Activity | CancelActivity | Memo | Timer | Close | Continue


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


class Handle(_Wait):
    """What the code has of an activity."""

    def __init__(self, instance: "Instance", activity_id: str, policy: str) -> None:
        super().__init__(lambda: self._value)
        self._instance, self._id, self._policy = instance, activity_id, policy
        self._value: Any = _NOTHING
        self._callbacks: list[Callable[[Any], None]] = []

    def done(self) -> bool:
        """Whether it has a result or an error."""
        return self._value is not _NOTHING

    def add_done_callback(self, callback: Callable[[Any], None], **_context: Any) -> None:
        """Call it when it is done."""
        self._callbacks.append(callback)

    def cancel(self) -> None:
        """As its cancellation type says, unless the server was not told of it yet."""
        if self.done():
            return
        if self._instance.withdraw(self._id):
            self.resolve(_failure(CancelledError()))
            return
        if self._policy != "abandon":
            self._instance.cancel_activity(self._id)
        if self._policy != "wait":
            self.resolve(_failure(CancelledError()))

    def resolve(self, value: Any) -> None:
        """It has ended; what comes later of one that was given up changes nothing."""
        if self.done():
            return
        self._value = value
        for callback in self._callbacks:
            callback(self)


class Shape(NamedTuple):
    """What the workflow's code is like."""

    limits: Limits
    """Of its buffer."""
    program: Program | None
    """None: KAI's own workflow."""
    linger: float
    """Seconds that it goes on for after its session's end."""
    unmarked: bool = False
    """It is written without the library, and numbers its activities itself."""


class Programmed:
    """A workflow that carries out a program, and something more after its last activity."""

    def __init__(self, shape: Shape) -> None:
        if not shape.unmarked:
            WorkflowEventStream(shape.limits)
        self._shape = shape
        self._spoken = 0  # in this run
        self._apart: list[Handle] = []

    async def run(self, _chat: Any = None) -> dict[str, Any]:
        """The results of all activities that have not been given up."""
        program = self._shape.program or ()
        results: list[Any] = []
        try:
            for index, step in enumerate(program):
                await self._take(step, results, program[index + 1 :])
            results += [await self._result_of(handle) for handle in self._apart]
        except ActivityError:
            await self._linger()
            raise
        await self._linger()
        return {"status": "completed", "results": results}

    async def _take(self, step: Step, results: list[Any], rest: Program) -> None:
        match step:
            case Speak(events):
                stream = WorkflowEventStream()
                stream.publish(*(spoken(self._next_word()) for _ in range(events)))
            case Together(acts):
                results += await FACADE.gather([self._act(act) for act in acts])
            case Apart(act):
                self._apart.append(FACADE.begin(act))
            case GoOn():
                FACADE.continue_as_new(rest)

    def _next_word(self) -> int:
        self._spoken += 1
        return self._spoken

    async def _act(self, act: Act) -> Any:
        handle = FACADE.begin(act)
        if act.cancel_after == 0.0:
            handle.cancel()
        elif act.cancel_after is not None:
            with suppress(TimeoutError):
                await FACADE.wait_condition(
                    handle.done, timeout=timedelta(seconds=act.cancel_after)
                )
            handle.cancel()
        return await (handle if act.cancel_after is None else self._result_of(handle))

    async def _result_of(self, handle: Handle) -> Any:
        try:
            return await handle
        except ActivityError as error:
            if not isinstance(error.cause, CancelledError):
                raise
            return None

    async def _linger(self) -> None:
        if self._shape.linger:
            seconds = timedelta(seconds=self._shape.linger)
            with suppress(TimeoutError):
                await FACADE.wait_condition(lambda: False, timeout=seconds)


def spoken(number: int) -> dict[str, Any]:
    """An event of the workflow's own: the n-th of its run."""
    return {"type": "note", "n": number}


class _Continued(ContinueAsNewError):
    """What `continue_as_new` raises. Its call is looked at when the code has ended."""

    def __init__(self, call: ContinueAsNewInput, rest: Program) -> None:
        BaseException.__init__(self, "continued as new")
        self.call, self.rest = call, rest


class _Branch:
    """One coroutine of a workflow."""

    def __init__(self, work: Coroutine[Any, Any, Any]) -> None:
        self.work = work
        self.value: Any = _NOTHING
        self._wait: _Wait | None = None

    def step(self) -> bool:
        """Go on, if it can; whether it did."""
        if self.value is not _NOTHING:
            return False
        if self._wait is not None and self._wait.ready() is _NOTHING:
            return False
        try:
            self._wait = self.work.send(None)
        except StopIteration as stop:
            self.value = stop.value
        except (_Continued, ActivityError) as error:
            self.value = error
        return True


class Instance:
    """One workflow in one worker's memory."""

    def __init__(self, run: Run, shape: Shape) -> None:
        self._size = self._length = 0  # bytes and number of the history events taken in
        self.info = SimpleNamespace(
            workflow_type=WORKFLOW_TYPE,
            workflow_id=run.workflow_id,
            run_id=run.run_id,
            original_execution_run_id=run.run_id,
            first_execution_run_id=run.first_of_all,
            continued_run_id=run.continued_run_id,
            headers=run.headers,
            start_time=datetime.fromtimestamp(run.began, UTC),
            get_current_history_size=lambda: self._size,
            get_current_history_length=lambda: self._length,
        )
        self.outside: dict[str, Any] = {}
        self.signals: dict[str, Callable[..., None]] = {}
        self.queries: dict[str, Callable[..., Any]] = {}
        self._commands: list[Command] = []
        self._asked: dict[type, int] = {}  # commands that the code has asked for, by kind
        self._given = 0  # how many of them are of earlier tasks
        self._withdrawn = run.withdrawn
        self._handles: dict[str, Handle] = {}  # by activity id
        self._scheduled: dict[int, str] = {}  # activity ids, by the event that scheduled them
        self._fired: set[int] = set()  # timers
        self._seen = 0  # history events taken in
        self._over = False
        self._branches: list[_Branch] = []
        self._read_only = False
        self._rest: Program = ()
        self.outbound: WorkflowOutboundInterceptor
        FACADE.enter(self)
        self._unmarked = shape.unmarked
        self._numbers: dict[int, Handle] = {}  # by the number that such code gives an activity
        self._intercept(run)
        code: KaiChatWorkflow | Programmed
        if shape.program is None:
            code = object.__new__(KaiChatWorkflow)
            code.stream = WorkflowEventStream(shape.limits)
        else:
            code = Programmed(shape)
        self._code = code
        call = ExecuteWorkflowInput(
            type=type(code), run_fn=code.run, args=[[QUESTION]], headers=run.headers
        )
        self._main = _Branch(self._inbound.execute_workflow(call))
        self._branches = [self._main]

    def _intercept(self, run: Run) -> None:
        """Put the library's interceptors around the code, as a worker does."""
        self.outside[LIVENESS_CHECK] = lambda *_: liveness_of(run.describe(), datetime.now(UTC))
        self._inbound = cast("WorkflowInboundInterceptor", _Root(self))
        if not self._unmarked:
            self._inbound = WorkflowInterceptor(self._inbound)
        self._inbound.init(cast("WorkflowOutboundInterceptor", _Commands(self)))

    def activate(self, history: Sequence[HistoryEvent]) -> list[Command]:
        """Take in what is new in `history` and say what the code wants now."""
        FACADE.enter(self)
        signals: list[HistoryEvent] = []
        others: list[HistoryEvent] = []
        for event in history[self._seen :]:
            if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED and not self._over:
                self._activate(signals, others)  # what came before was one activation
                signals, others = [], []
            is_signal = event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
            (signals if is_signal else others).append(event)
            self._size += event.ByteSize()
            self._length += 1
        self._seen = max(self._seen, len(history))
        self._activate(signals, others)
        commands, self._commands = self._commands, []
        return commands

    def _activate(self, signals: list[HistoryEvent], others: list[HistoryEvent]) -> None:
        """One activation: signals are applied before what resolves, as the SDK does it."""
        self._given = len(self._commands)
        for event in (*signals, *others):
            self._apply(event)
        if not self._over:
            self._step()

    def answer(self, name: str, *args: Any) -> Payload:
        """Answer a query."""
        FACADE.enter(self)
        if name not in self.queries:
            raise ValueError(f"no query {name}")
        self._read_only = True
        try:
            value = self.queries[name](*args)
        finally:
            self._read_only = False
        if isinstance(value, RawValue):
            return value.payload
        return Payload(data=msgspec.json.encode(value))

    def dispose(self) -> None:
        """The worker forgets it."""
        FACADE.enter(self)
        for branch in self._branches:
            if branch.value is _NOTHING:
                branch.work.close()

    def _apply(self, event: HistoryEvent) -> None:
        match event.event_type:
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
                signal = event.workflow_execution_signaled_event_attributes
                if signal.signal_name in self.signals:
                    handle = self.signals[signal.signal_name]
                    handle(*(RawValue(payload) for payload in signal.input.payloads))
            case EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
                activity_id = event.activity_task_scheduled_event_attributes.activity_id
                self._scheduled[event.event_id] = activity_id
            case EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
                done = event.activity_task_completed_event_attributes
                value = msgspec.json.decode(done.result.payloads[0].data)
                self._resolve(done.scheduled_event_id, value)
            case EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED:
                failed = event.activity_task_failed_event_attributes
                cause = ApplicationError(failed.failure.message)
                self._resolve(failed.scheduled_event_id, _failure(cause))
            case EventType.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT:
                late = event.activity_task_timed_out_event_attributes
                cause = ApplicationError("heartbeat timeout")
                self._resolve(late.scheduled_event_id, _failure(cause))
            case EventType.EVENT_TYPE_ACTIVITY_TASK_CANCELED:
                ended = event.activity_task_canceled_event_attributes
                self._resolve(ended.scheduled_event_id, _failure(CancelledError()))
            case EventType.EVENT_TYPE_TIMER_FIRED:
                self._fired.add(int(event.timer_fired_event_attributes.timer_id))
            case _:
                pass

    def _resolve(self, scheduled_event_id: int, value: Any) -> None:
        self._handles[self._scheduled[scheduled_event_id]].resolve(value)

    def _step(self) -> None:
        while any(branch.step() for branch in list(self._branches)):
            pass
        value = self._main.value
        if value is _NOTHING:
            return
        self._over = True
        if isinstance(value, _Continued):
            self._command(Continue, value.call.headers, value.rest)
            return
        if isinstance(value, ActivityError):
            self._command(Close, _failed(value))
            return
        event = HistoryEvent(event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)
        payload = Payload(metadata={"encoding": b"json/plain"}, data=msgspec.json.encode(value))
        event.workflow_execution_completed_event_attributes.result.payloads.append(payload)
        self._command(Close, event)

    def _command(self, kind: Any, *content: Any) -> int:
        place = self._asked.get(kind, 0)
        self._asked[kind] = place + 1
        self._commands.append(kind(place, *content))
        return place

    # What the facade and the interceptors pass on

    def start_activity(self, call: StartActivityInput) -> Handle:
        activity_id = call.activity_id or str(self._asked.get(Activity, 0) + 1)
        headers = self._numbered() if self._unmarked else call.headers
        self._command(Activity, activity_id, call.activity, headers)
        handle = Handle(self, activity_id, _POLICIES[call.cancellation_type])
        self._numbers[len(self._numbers) + 1] = handle
        self._handles[activity_id] = handle
        return handle

    def _numbered(self) -> dict[str, Payload]:
        """The number that code without the library gives its next activity, as an argument."""
        beside = frozenset(n for n, handle in self._numbers.items() if not handle.done())
        header = ProducerHeader(len(self._numbers) + 1, beside, self.info.run_id)
        return {PRODUCER_HEADER: Payload(data=encode_header(header))}

    def withdraw(self, activity_id: str) -> bool:
        """Drop the command of an activity that the present task has asked for; whether it has."""
        for command in self._commands[self._given :]:
            if isinstance(command, Activity) and command.id == activity_id:
                self._commands.remove(command)
                self._asked[Activity] -= 1
                if (header := command.headers.get(PRODUCER_HEADER)) is not None:
                    number = decode_header(header.data)
                    assert isinstance(number, ProducerHeader)
                    self._withdrawn.add(number.producer)
                return True
        return False

    def cancel_activity(self, activity_id: str) -> None:
        self._command(CancelActivity, activity_id)

    def begin(self, act: Act) -> Handle:
        call = StartActivityInput(
            activity=SILENT if act.silent else STREAMS,
            args=[],
            activity_id=None,
            task_queue=None,
            schedule_to_close_timeout=None,
            schedule_to_start_timeout=None,
            start_to_close_timeout=timedelta(minutes=15),
            heartbeat_timeout=None,
            retry_policy=None,
            cancellation_type=next(k for k, v in _POLICIES.items() if v == act.policy),
            headers={},
            disable_eager_execution=False,
            versioning_intent=None,
            summary=None,
            priority=Priority.default,
            arg_types=None,
            ret_type=None,
        )
        return cast("Handle", self.outbound.start_activity(call))

    def gather(self, works: Sequence[Coroutine[Any, Any, Any]]) -> _Wait:
        branches = [_Branch(work) for work in works]
        self._branches += branches

        def ready() -> Any:
            values = [branch.value for branch in branches]
            if any(value is _NOTHING for value in values):
                return _NOTHING
            failed = (value for value in values if isinstance(value, BaseException))
            return next(failed, values)

        return _Wait(ready)

    def upsert_memo(self, fields: Mapping[str, Any]) -> None:
        converter = DataConverter.default.payload_converter
        payloads = {
            name: value.payload if isinstance(value, RawValue) else converter.to_payload(value)
            for name, value in fields.items()
        }
        self._command(Memo, payloads)

    def continue_as_new(self, rest: Program) -> NoReturn:
        self._rest = rest
        call = ContinueAsNewInput(
            workflow=None,
            args=[],
            task_queue=None,
            run_timeout=None,
            task_timeout=None,
            retry_policy=None,
            memo=None,
            search_attributes=None,
            headers={},
            arg_types=None,
            versioning_intent=None,
            initial_versioning_behavior=None,
            backoff_start_interval=None,
        )
        self.outbound.continue_as_new(call)

    def continued(self, call: ContinueAsNewInput) -> NoReturn:
        raise _Continued(call, self._rest)

    def condition(self, holds: Callable[[], bool], timeout: timedelta) -> _Wait:
        index = self._command(Timer, timeout.total_seconds())

        def ready() -> Any:
            if holds():
                return None
            return TimeoutError() if index in self._fired else _NOTHING

        return _Wait(ready)

    @property
    def read_only(self) -> bool:
        return self._read_only


class _Root:
    """The innermost inbound interceptor: it runs the workflow's code."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance

    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        self._instance.outbound = outbound

    async def execute_workflow(self, call: ExecuteWorkflowInput) -> Any:
        return await call.run_fn(*call.args)


class _Commands:
    """The innermost outbound interceptor: it makes commands."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance

    def info(self) -> SimpleNamespace:
        return self._instance.info

    def start_activity(self, call: StartActivityInput) -> Handle:
        return self._instance.start_activity(call)

    def continue_as_new(self, call: ContinueAsNewInput) -> NoReturn:
        self._instance.continued(call)


class Facade:
    """What the code uses of `temporalio.workflow`, for whoever is entered."""

    logger = logging.getLogger("tests.simulation.workflow")
    ActivityCancellationType = ActivityCancellationType
    ContinueAsNewError = ContinueAsNewError

    def __init__(self) -> None:
        self._instance: Instance | None = None
        self.unsafe = SimpleNamespace(
            sandbox_unrestricted=nullcontext, is_read_only=lambda: self._here.read_only
        )

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

    def set_signal_handler(self, name: str, handler: Callable[..., None]) -> None:
        self._here.signals[name] = handler

    def get_signal_handler(self, name: str) -> Callable[..., None] | None:
        return self._here.signals.get(name)

    def set_query_handler(self, name: str, handler: Callable[..., Any]) -> None:
        self._here.queries[name] = handler

    def get_query_handler(self, name: str) -> Callable[..., Any] | None:
        return self._here.queries.get(name)

    def upsert_memo(self, fields: Mapping[str, Any]) -> None:
        self._here.upsert_memo(fields)

    async def execute_activity(self, activity: str, **options: Any) -> Any:
        policy = _POLICIES[options["cancellation_type"]]
        assert activity == STREAMS
        return await self.begin(Act(policy))

    def begin(self, act: Act) -> Handle:
        return self._here.begin(act)

    def gather(self, works: Sequence[Coroutine[Any, Any, Any]]) -> _Wait:
        return self._here.gather(works)

    def continue_as_new(self, rest: Program) -> NoReturn:
        self._here.continue_as_new(rest)

    async def wait_condition(
        self, holds: Callable[[], bool], *, timeout: timedelta | None = None
    ) -> None:
        if timeout is None:  # in one activation: what holds is looked at when no code can go on
            await _Wait(lambda: None if holds() else _NOTHING)
        elif not holds():
            await self._here.condition(holds, timeout)


FACADE = Facade()
_POLICIES: Final = {
    ActivityCancellationType.WAIT_CANCELLATION_COMPLETED: "wait",
    ActivityCancellationType.TRY_CANCEL: "try",
    ActivityCancellationType.ABANDON: "abandon",
}


def _failed(error: ActivityError) -> HistoryEvent:
    if isinstance(error.cause, CancelledError):
        return HistoryEvent(event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED)
    event = HistoryEvent(event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED)
    failure = event.workflow_execution_failed_event_attributes.failure
    failure.message = error.message
    failure.cause.message = str(error.cause)
    return event


def _failure(cause: BaseException) -> ActivityError:
    error = ActivityError(
        "Activity task failed",
        scheduled_event_id=0,
        started_event_id=0,
        identity="",
        activity_type=STREAMS,
        activity_id="1",
        retry_state=RetryState.MAXIMUM_ATTEMPTS_REACHED,
    )
    error.__cause__ = cause
    return error
