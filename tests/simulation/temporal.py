"""A Temporal server: durable histories, signals, long polls and queries.

What is modelled is what was measured: signals are acknowledged once stored, at least once, and
buffered while a workflow task runs; a page token is a place in the history; queries need a worker.
"""

from collections.abc import Callable, Mapping, Sequence
from math import inf
from random import Random
from typing import Any, Final

from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.common.v1 import Payload, WorkflowExecution
from temporalio.api.enums.v1 import (
    EventType,
    PendingActivityState,
    WorkflowExecutionStatus,
)
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflow.v1 import PendingActivityInfo, WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionResponse
from temporalio.client import WorkflowQueryFailedError
from temporalio.common import RawValue
from temporalio.service import RPCError, RPCStatusCode

from kai_flow.stream.wire_names import PUBLISH_EVENTS
from tests.simulation.loop import Flag, Process, now

LONG_POLL_SECONDS: Final = 20.0
OPEN: Final = WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING
CLOSES: Final[dict[int, WorkflowExecutionStatus.ValueType]] = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED: (
        WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_COMPLETED
    ),
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED: (
        WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_FAILED
    ),
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED: (
        WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_CANCELED
    ),
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED: (
        WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TERMINATED
    ),
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT: (
        WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TIMED_OUT
    ),
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW: (
        WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW
    ),
}

HEARTBEAT_TIMEOUT: Final = 10.0
SILENT_SECONDS: Final = 8.0  # without a heartbeat: the worker counts as lost
# Descriptions are looked at by the real clock: a heartbeat is ages ago, or yet to come.
LONG_AGO: Final = Timestamp()
YET_TO_COME: Final = Timestamp(seconds=2**35)


class Pending:
    """An activity under way."""

    def __init__(self, attempt: int) -> None:
        self.attempt = attempt
        self.beat_at: float | None = None  # last heartbeat; None: no worker has taken it
        self.cancel_requested = False  # its workflow has asked it to stop

    @property
    def alive(self) -> bool:
        """Its worker heartbeats."""
        return self.beat_at is not None and now() - self.beat_at < SILENT_SECONDS

    @property
    def due(self) -> float:
        """When the server gives its attempt up."""
        return (self.beat_at or 0.0) + HEARTBEAT_TIMEOUT

    def describe(self, name: str) -> PendingActivityInfo:
        """As the server describes it."""
        state = PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED
        if self.beat_at is not None:
            state = PendingActivityState.PENDING_ACTIVITY_STATE_STARTED
        beat = YET_TO_COME if self.alive else LONG_AGO
        return PendingActivityInfo(
            activity_id=name, attempt=self.attempt, state=state, last_heartbeat_time=beat
        )


class Run:
    """One run: its history, and the signals that wait for its workflow task to end."""

    def __init__(
        self,
        workflow_id: str,
        run_id: str,
        began: float,
        *,
        before: "Run | None" = None,
        failed: "Run | None" = None,
        headers: Mapping[str, Payload] | None = None,
    ) -> None:
        self.workflow_id = workflow_id
        self.run_id = run_id
        self.began = began
        self.before = before  # the run that it continues as new
        self.failed = failed  # the run that it retries
        self.headers = dict(headers or {})  # of its start
        self.first_run_id: str = run_id if before is None else before.first_run_id
        """Of its stream."""
        former = before or failed
        self.first_of_all: str = run_id if former is None else former.first_of_all
        """Of all that the server calls one chain: a retry belongs to it."""
        self.history: list[HistoryEvent] = []
        self.held: list[HistoryEvent] = []  # acknowledged, not yet in the history
        self.in_task = False
        self.needs_task = True
        self.closed = False
        self.cancel_requested = False
        self.pending: dict[str, Pending] = {}  # activities under way, by activity id
        self.withdrawn: set[int] = set()  # producers that were cancelled before they were scheduled
        self.changed = Flag()
        self.query: Callable[..., Payload] | None = None  # set by its executor
        self.append(self._start())

    def _start(self) -> HistoryEvent:
        event = HistoryEvent(event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED)
        started = event.workflow_execution_started_event_attributes
        started.original_execution_run_id = self.run_id
        started.first_execution_run_id = self.first_of_all
        started.continued_execution_run_id = self.continued_run_id or ""
        for name, payload in self.headers.items():
            started.header.fields[name].CopyFrom(payload)
        return event

    @property
    def continued_run_id(self) -> str | None:
        """The run before it, as the server tells."""
        former = self.before or self.failed
        return None if former is None else former.run_id

    def append(self, event: HistoryEvent, *, needs_task: bool = False) -> None:
        """Write into the history; nothing comes after its close."""
        if self.closed:
            return
        event.event_id = len(self.history) + 1
        self.history.append(event)
        self.needs_task = self.needs_task or needs_task
        self.closed = event.event_type in CLOSES
        self.changed.change()

    @property
    def busy(self) -> bool:
        """A workflow task is under way or due."""
        return self.in_task or (self.needs_task and not self.closed)

    def take(self, event: HistoryEvent) -> None:
        """Something came from outside: written now, or once the workflow task is over."""
        if self.in_task:
            self.held.append(event)
        else:
            self.append(event, needs_task=True)

    @property
    def lonely(self) -> bool:
        """Whether an activity is under way, and no attempt is alive."""
        return bool(self.pending) and not any(one.alive for one in self.pending.values())

    def describe(self) -> DescribeWorkflowExecutionResponse:
        """As the server describes it."""
        size = sum(event.ByteSize() for event in self.history)
        info = WorkflowExecutionInfo(
            execution=WorkflowExecution(workflow_id=self.workflow_id, run_id=self.run_id),
            first_run_id=self.first_of_all,
            history_size_bytes=size,
        )
        info.status = CLOSES.get(self.history[-1].event_type, OPEN)
        pending = [activity.describe(name) for name, activity in self.pending.items()]
        return DescribeWorkflowExecutionResponse(
            workflow_execution_info=info, pending_activities=pending
        )

    def flush(self) -> None:
        """The workflow task is over: what was buffered is written."""
        self.in_task = False
        held, self.held = self.held, []
        for event in held:
            self.append(event, needs_task=True)
        self.changed.change()


class Server:
    """Runs by workflow id; the last of each is the newest."""

    def __init__(self, page_size: int) -> None:
        self.process = Process("server")
        self.up = True
        self.worker_up = True  # a workflow worker polls
        self.lonely_at = -inf  # when it last described a run at which nobody works
        self.changed = Flag()
        self.runs: dict[str, list[Run]] = {}
        self.page_size = page_size
        self.other_version = False  # the worker that answers queries is of another program
        self.on_signal: Callable[[Run, bytes], None] = lambda _run, _batch: None
        self.on_sending: Callable[[Process], None] = lambda _process: None  # a signal, on its way
        self.on_voice: Callable[[Run, bytes], None] = lambda _run, _record: None
        self.on_query: Callable[[Run, str, bytes], None] = lambda _run, _name, _answer: None

    def find(self, workflow_id: str, run_id: str | None) -> Run:
        """The run meant. Raises RPCError."""
        for run in reversed(self.runs.get(workflow_id, [])):
            if run_id in (None, run.run_id):
                return run
        raise RPCError("workflow not found", RPCStatusCode.NOT_FOUND, b"")

    def signal(self, workflow_id: str, run_id: str | None, name: str, payload: Payload) -> None:
        """Store a signal. Raises RPCError."""
        run = self.find(workflow_id, run_id)
        if run.closed:
            message = "workflow execution already completed"
            raise RPCError(message, RPCStatusCode.NOT_FOUND, b"")
        event = HistoryEvent(event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED)
        event.workflow_execution_signaled_event_attributes.signal_name = name
        event.workflow_execution_signaled_event_attributes.input.payloads.append(payload)
        if name == PUBLISH_EVENTS:
            self.on_signal(run, payload.data)
        run.take(event)

    def disturb(self, workflow_id: str, name: str, payloads: Sequence[Payload]) -> None:
        """Store a signal of somebody who has no business here. Raises RPCError."""
        run = self.find(workflow_id, None)
        event = HistoryEvent(event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED)
        event.workflow_execution_signaled_event_attributes.signal_name = name
        event.workflow_execution_signaled_event_attributes.input.payloads.extend(payloads)
        if not run.closed:
            run.take(event)

    async def query(self, workflow_id: str, run_id: str | None, name: str, *args: Any) -> RawValue:
        """Let a worker answer; waits for one as long as it takes. Raises RPCError."""
        run = self.find(workflow_id, run_id)
        await self.changed.until(lambda: self.worker_up)
        # A query is answered after the workflow task that is under way or due.
        await run.changed.until(lambda: not run.busy)
        if run.query is None:
            raise WorkflowQueryFailedError(f"no query {name}")
        if self.other_version:  # its events query is another program's
            return RawValue(Payload(data=b'{"events":[{"id":"1","event":{}}],"closed":"no"}'))
        try:
            payload = run.query(name, *args)
        except Exception as error:  # noqa: BLE001  what a handler raises is what the asker is told
            raise WorkflowQueryFailedError(str(error)) from None
        self.on_query(run, name, payload.data)
        return RawValue(payload)

    async def page(
        self,
        workflow_id: str,
        run_id: str | None,
        token: bytes,
        wait: float | None,
        close_only: bool,
    ) -> tuple[list[HistoryEvent], bytes | None]:
        """One page of a history, and the token of the next. Raises RPCError.

        `wait` is for how long the caller waits for something new; None: it does not.
        """
        run = self.find(workflow_id, run_id)
        start, bound = (int(part) for part in token.split(b":")) if token else (0, 0)
        if close_only:
            await run.changed.until(lambda: run.closed, _long_poll(wait))
            end = len(run.history)
            return ([run.history[-1]], None) if run.closed else ([], b"%d:0" % end)
        if wait is None:  # of what there was when the first page was asked for
            bound = bound or len(run.history)
            page = run.history[start : min(bound, start + self.page_size)]
            end = start + len(page)
            return page, None if end >= bound else b"%d:%d" % (end, bound)
        await run.changed.until(lambda: run.closed or len(run.history) > start, _long_poll(wait))
        page = run.history[start : start + self.page_size]
        end = start + len(page)
        if run.closed and end == len(run.history):
            return page, None
        if run.needs_task and end == len(run.history):  # shown, and never written under this id
            for event_id in (end + 1, end + 2):
                transient = HistoryEvent(event_type=EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED)
                transient.event_id = event_id
                page = [*page, transient]
        return page, b"%d:0" % end


def run_id(random: Random) -> str:
    """A run id as the server makes them: of two neighbours only the last digits differ."""
    return f"0198c0de-0000-7000-8000-0000{random.getrandbits(32):08x}"


def _long_poll(wait: float | None) -> float:
    return LONG_POLL_SECONDS if wait is None else min(LONG_POLL_SECONDS, wait)
