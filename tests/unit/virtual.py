"""Tests of one module of the bridge alone: in virtual time, beside a simulated Temporal server."""

from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import wraps
from typing import Any, Final, ParamSpec, cast

import msgspec
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    DescribeWorkflowExecutionResponse,
)
from temporalio.client import Client
from temporalio.common import RawValue
from temporalio.converter import DataConverter

from kai_flow.bridge.memory_budget import MemoryBudget
from kai_flow.bridge.session import Session
from kai_flow.stream.batches import Batch, decode_batch, encode_batch
from kai_flow.stream.buffer import EventBuffer, Limits
from kai_flow.stream.callback import ProducerPost
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.ids import START, EventId
from kai_flow.stream.interceptor import ProducerNumber
from kai_flow.stream.notifier import Notifier
from kai_flow.stream.pages import PageRequest, answer
from kai_flow.stream.run import Run
from kai_flow.stream.wire_names import PRODUCER_HEADER, PUBLISH_EVENTS
from tests.simulation import temporal
from tests.simulation.client import TemporalClient
from tests.simulation.loop import Process, VirtualLoop
from tests.simulation.temporal import Pending, Server
from tests.simulation.weather import Link

SESSION: Final = "session-1"
RUN_ID: Final = "0190b6a2-7e1c-7000-8000-00004f3a9c1e"

P = ParamSpec("P")


def in_virtual_time(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run an async test in a loop where pauses take no time; a task that breaks fails the test."""

    @wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        loop = VirtualLoop()
        try:
            loop.run_until_complete(test(*args, **kwargs))
        finally:
            loop.close_down()
        assert not loop.broken, "\n".join(loop.broken)

    return run


def post_of(
    events: Sequence[NumberedEvent],
    *,
    base: EventId | None = None,
    signaller: str | None = None,
    stored: EventId | None = None,
    done: bool = False,
    age: int = 0,
    run_id: str = RUN_ID,
) -> ProducerPost:
    """A POST of these events, or a probe; everything before the first is durable, as it says."""
    base = base or events[0].id
    head = (SESSION, SESSION, run_id, run_id)
    return ProducerPost(*head, base, stored, signaller, tuple(events), done, age)


class CountingClient(TemporalClient):
    """A client that counts its calls and can be made to fail in ways that a server does not."""

    def __init__(self, server: Server) -> None:
        super().__init__(server, Process("bridge"), Link("calls", 1))
        self.calls = 0
        self.descriptions = 0
        self.breaks_with: Exception | None = None  # what the next calls raise

    async def describe_workflow_execution(
        self, request: DescribeWorkflowExecutionRequest, *, retry: bool, timeout: timedelta
    ) -> DescribeWorkflowExecutionResponse:
        self.descriptions += 1
        return await super().describe_workflow_execution(request, retry=retry, timeout=timeout)

    async def call(self, serve: Callable[..., Any], timeout: timedelta | None) -> Any:
        self.calls += 1
        if self.breaks_with is not None:
            raise self.breaks_with
        return await super().call(serve, timeout)


class Stage:
    """A Temporal server with one session, which a test writes by hand."""

    def __init__(self, *, page_size: int = 5, limits: Limits | None = None) -> None:
        self.server = Server(page_size)
        self.counted = CountingClient(self.server)
        self.client = cast("Client", self.counted)
        self.memory = MemoryBudget(list)
        self.run = Run(RUN_ID, RUN_ID)
        self.buffer = EventBuffer(RUN_ID, limits or Limits())
        self.server.on_signal = self._on_signal
        self.signals: list[Batch] = []  # in the order of their arrival
        self._execution = self.begin(RUN_ID)

    def begin(self, run_id: str, *, made_by_reset: bool = False) -> temporal.Run:
        """A run of the session id begins."""
        run = (_ResetRun if made_by_reset else temporal.Run)(SESSION, run_id, 0.0)
        self.server.runs.setdefault(SESSION, []).append(run)
        run.query = self._query
        run.append(HistoryEvent(event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED))
        self._execution = run
        return run

    def _on_signal(self, _run: temporal.Run, document: bytes) -> None:
        batch = decode_batch(document)
        self.signals.append(batch)
        self.buffer.apply(batch)

    def _query(self, _name: str, request: Mapping[str, Any]) -> Payload:
        page = answer(self.buffer, msgspec.convert(request, PageRequest), closed=False)
        return Payload(metadata={"encoding": b"json/plain"}, data=page)

    def session(self, run: Run | None = None, notifier: Notifier | None = None) -> Session:
        """A session of this run on a bridge whose boot id is "this"."""
        return Session(
            self.client,
            SESSION,
            run or self.run,
            notifier or Notifier(),
            signal_interval=0.25,
            boot_id="this",
            memory=self.memory,
        )

    @property
    def stored(self) -> list[NumberedEvent]:
        """What the workflow has accepted and still holds."""
        return list(self.buffer.read(START, 2**60).events)

    def store(self, events: Iterable[NumberedEvent], *, run_id: str = RUN_ID) -> None:
        """One signal has arrived with these events."""
        batch = Batch(run_id, tuple(events))
        self.buffer.apply(batch)
        event = HistoryEvent(event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED)
        signal = event.workflow_execution_signaled_event_attributes
        signal.signal_name = PUBLISH_EVENTS
        metadata = {"encoding": b"json/plain"}
        signal.input.payloads.append(Payload(metadata=metadata, data=encode_batch(batch)))
        self._execution.append(event)

    def schedule(self, activity_id: str, attempt: int, header: bytes | int | None = None) -> None:
        """An activity is under way; `header` says which producer it is, or is written as it is."""
        event = HistoryEvent(event_type=EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED)
        scheduled = event.activity_task_scheduled_event_attributes
        scheduled.activity_id = activity_id
        if isinstance(header, int):
            header = msgspec.json.encode(ProducerNumber(header, RUN_ID))
        if header is not None:
            scheduled.header.fields[PRODUCER_HEADER].CopyFrom(Payload(data=header))
        self._execution.append(event)
        self._execution.pending[activity_id] = Pending(attempt)

    def retry(self, activity_id: str, attempt: int) -> None:
        """The server has begun another attempt of this activity."""
        self._execution.pending[activity_id] = Pending(attempt)

    def outage(self, *, over: bool = False) -> None:
        """The server goes away, or is back."""
        self.server.up = over
        self.server.changed.change()

    def reset(self, run_id: str) -> None:
        """A reset terminates the run and begins another one."""
        self._execution.append(
            HistoryEvent(event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED)
        )
        self.begin(run_id, made_by_reset=True)

    def close(self, result: bytes = b"{}") -> None:
        """The workflow completes."""
        event = HistoryEvent(event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)
        payload = Payload(metadata={"encoding": b"json/plain"}, data=result)
        event.workflow_execution_completed_event_attributes.result.payloads.append(payload)
        self._execution.append(event)

    def break_codec(self, error: Exception | None) -> None:
        """Let the payload codec of the bridge raise this; None: it works again."""
        converter = DataConverter.default if error is None else _BrokenCodec(error)
        self.counted.data_converter = cast("DataConverter", converter)


class _ResetRun(temporal.Run):
    """A run that a reset has made, as its description shows."""

    def describe(self) -> DescribeWorkflowExecutionResponse:
        description = super().describe()
        description.workflow_extended_info.last_reset_time.seconds = 1
        return description


class _BrokenCodec:
    def __init__(self, error: Exception) -> None:
        self._error = error

    async def decode(self, *_: object) -> list[RawValue]:
        raise self._error
