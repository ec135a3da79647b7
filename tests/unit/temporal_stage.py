"""A simulated Temporal server with one session, whose histories a test writes by hand."""

from collections.abc import Callable, Coroutine, Iterable, Mapping
from datetime import timedelta
from functools import wraps
from itertools import groupby
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
from temporalio.converter import DataConverter, DefaultPayloadConverter

from kai_flow.stream.batches import Batch, decode_signal, encode_record, encode_signal
from kai_flow.stream.buffer import EventBuffer, Limits
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.header import Carried, ProducerHeader, encode_carried, encode_header
from kai_flow.stream.pages import PageRequest, answer
from kai_flow.stream.place import NOWHERE, Place
from kai_flow.stream.recorded import Ended, EndStatus, Published, Scheduled, Spoken
from kai_flow.stream.wire_names import PRODUCER_HEADER, PUBLISH_EVENTS, STREAM_HEADER, VOICE_MEMO
from tests.simulation import temporal
from tests.simulation.client import TemporalClient
from tests.simulation.loop import Process, VirtualLoop
from tests.simulation.temporal import Pending, Server
from tests.simulation.weather import Link

SESSION: Final = "session-1"
RUN_ID: Final = "0190b6a2-7e1c-7000-8000-00004f3a9c1e"
LATER: Final = "0190b6a2-7e1c-7000-8000-0000deadbeef"
LAST: Final = "0190b6a2-7e1c-7000-8000-00000badc0de"

P = ParamSpec("P")

_ENDS: Final[dict[EndStatus, str]] = {
    "completed": "COMPLETED",
    "failed": "FAILED",
    "timed_out": "TIMED_OUT",
    "cancelled": "CANCELED",
}


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


class _Run(temporal.Run):
    """A run of the session, with what the server tells about it."""

    def __init__(
        self, run_id: str, first_run_id: str, start: HistoryEvent, *, made_by_reset: bool
    ) -> None:
        self._begins_with = start
        super().__init__(SESSION, run_id, 0.0)
        self.scheduled: dict[str, int] = {}  # the scheduling events, by activity id
        self.task_queue = ""
        self._first_run_id = first_run_id
        self._made_by_reset = made_by_reset

    @property
    def busy(self) -> bool:
        """Nobody runs its code, so no workflow task is due."""
        return self.in_task

    def _start(self) -> HistoryEvent:
        return self._begins_with

    def describe(self) -> DescribeWorkflowExecutionResponse:
        description = super().describe()
        description.workflow_execution_info.first_run_id = self._first_run_id
        description.execution_config.task_queue.name = self.task_queue
        if self._made_by_reset:
            description.workflow_extended_info.last_reset_time.seconds = 1
        return description


class TemporalStage:
    """The server, a client of it, and the newest run, into which everything is written."""

    def __init__(self, *, page_size: int = 5, limits: Limits | None = None) -> None:
        self.server = Server(page_size)
        self.counted = CountingClient(self.server)
        self.client = cast("Client", self.counted)
        self.limits = limits or Limits()
        self.server.on_signal = self._on_signal
        self.signals: list[Published] = []  # in the order of their arrival
        self.begin(RUN_ID)

    def begin(
        self,
        run_id: str,
        carried: Carried | None = None,
        *,
        continued: str = "",
        first_run_id: str = "",
        made_by_reset: bool = False,
    ) -> "_Run":
        """A run of the session id begins; `continued`: the run that the server names before it."""
        event = HistoryEvent(event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED)
        started = event.workflow_execution_started_event_attributes
        started.original_execution_run_id = RUN_ID if made_by_reset else run_id
        started.continued_execution_run_id = continued
        begins = NOWHERE
        if carried is not None:
            started.header.fields[STREAM_HEADER].CopyFrom(_payload(encode_carried(carried)))
            begins = Place.before(carried.producer + 1, carried.spoken)
        self._run = _Run(run_id, first_run_id or run_id, event, made_by_reset=made_by_reset)
        self.server.runs.setdefault(SESSION, []).append(self._run)
        self._run.query = self._query
        self.buffer = EventBuffer(run_id, self.limits, begins)
        return self._run

    def continue_as_new(self, run_id: str, *, producer: int = 0, spoken: int = 0) -> None:
        """The run continues as new in another one, to which it hands its stream over."""
        before = self._run.run_id
        event = HistoryEvent(event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW)
        continued = event.workflow_execution_continued_as_new_event_attributes
        continued.new_execution_run_id = run_id
        self._run.append(event)
        carried = Carried(RUN_ID, before, producer, spoken)
        self.begin(run_id, carried, continued=before, first_run_id=RUN_ID)

    def run_on(self, task_queue: str) -> None:
        """The newest run runs on this task queue."""
        self._run.task_queue = task_queue

    def delete(self, run_id: str) -> None:
        """Retention deletes a run."""
        runs = self.server.runs[SESSION]
        runs[:] = [run for run in runs if run.run_id != run_id]

    @property
    def stored(self) -> list[NumberedEvent]:
        """What the workflow has accepted in its newest run and still holds."""
        return list(self.buffer.read(NOWHERE, 2**60).events)

    def store(self, events: Iterable[NumberedEvent], *, run_id: str | None = None) -> None:
        """One signal has arrived with these events."""
        parts = groupby(events, key=lambda event: event.id.producer)
        batches = tuple(Batch(tuple(part)) for _, part in parts)
        published = Published(run_id or self._run.run_id, batches)
        self.buffer.take(published)
        self.write_signal(encode_signal(*published))

    def write_signal(self, *documents: bytes) -> HistoryEvent:
        """A signal has arrived with these values."""
        event = HistoryEvent(event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED)
        signal = event.workflow_execution_signaled_event_attributes
        signal.signal_name = PUBLISH_EVENTS
        signal.input.payloads.extend(map(_payload, documents))
        self._run.append(event)
        return event

    def speak(self, events: Iterable[NumberedEvent]) -> None:
        """The workflow itself has published these events."""
        batch = Batch(tuple(events))
        self.buffer.take(Spoken(batch))
        self.write_memo(encode_record(batch.events))

    def write_memo(self, document: bytes, field: str = VOICE_MEMO) -> None:
        """The workflow has changed a field of its memo."""
        event = HistoryEvent(event_type=EventType.EVENT_TYPE_WORKFLOW_PROPERTIES_MODIFIED)
        memo = event.workflow_properties_modified_event_attributes.upserted_memo
        memo.fields[field].CopyFrom(_payload(document))
        self._run.append(event)

    def schedule(
        self,
        activity_id: str,
        attempt: int = 1,
        header: bytes | int | None = None,
        beside: Iterable[int] = (),
    ) -> None:
        """An activity is under way; `header` says which producer it is, or is written as it is."""
        event = HistoryEvent(event_type=EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED)
        scheduled = event.activity_task_scheduled_event_attributes
        scheduled.activity_id = activity_id
        scheduled.activity_type.name = "act"
        if isinstance(header, int):
            mark = Scheduled(header, "act", activity_id, frozenset(beside))
            self.buffer.take(mark)
            header = encode_header(ProducerHeader(header, mark.beside, RUN_ID))
        if header is not None:
            scheduled.header.fields[PRODUCER_HEADER].CopyFrom(_payload(header))
        self._run.append(event)
        self._run.scheduled[activity_id] = event.event_id
        self._run.pending[activity_id] = Pending(attempt)

    def retry(self, activity_id: str, attempt: int) -> None:
        """The server has begun another attempt of this activity."""
        self._run.pending[activity_id] = Pending(attempt)

    def finish(
        self, activity_id: str, status: EndStatus = "completed", producer: int | None = None
    ) -> None:
        """An activity has ended in this way; `producer`: its number, for the workflow's buffer."""
        kind = _ENDS[status]
        event = HistoryEvent(event_type=EventType.Value(f"EVENT_TYPE_ACTIVITY_TASK_{kind}"))
        attributes = getattr(event, f"activity_task_{kind.lower()}_event_attributes")
        attributes.scheduled_event_id = self._run.scheduled[activity_id]
        self._run.append(event)
        self._run.pending.pop(activity_id, None)
        if producer is not None:
            self.buffer.take(Ended(producer, status))

    def outage(self, *, over: bool = False) -> None:
        """The server goes away, or is back."""
        self.server.up = over
        self.server.changed.change()

    def reset(self, run_id: str) -> None:
        """A reset terminates the run and begins another one."""
        self._run.append(
            HistoryEvent(event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED)
        )
        self.begin(run_id, made_by_reset=True)

    def close(self, result: bytes = b"{}") -> None:
        """The workflow completes."""
        event = HistoryEvent(event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)
        completed = event.workflow_execution_completed_event_attributes
        completed.result.payloads.append(_payload(result))
        self._run.append(event)

    def hide_input(self, *, hidden: bool = True) -> None:
        """Let the newest activity's input be encoded by a codec, which the client has not."""
        (*_, scheduled) = self._run.scheduled.values()
        event = self._run.history[scheduled - 1].activity_task_scheduled_event_attributes
        del event.input.payloads[:]
        encoding = b"binary/encrypted" if hidden else b"json/plain"
        event.input.payloads.append(Payload(metadata={"encoding": encoding}, data=b"..."))

    def break_codec(self, error: Exception | None) -> None:
        """Let the payload codec of the client raise this; None: it works again."""
        converter = DataConverter.default if error is None else _BrokenCodec(error)
        self.counted.data_converter = cast("DataConverter", converter)

    def _on_signal(self, _run: temporal.Run, document: bytes) -> None:
        published = decode_signal(document)
        self.signals.append(published)
        self.buffer.take(published)

    def _query(self, _name: str, request: Mapping[str, Any]) -> Payload:
        return _payload(answer(self.buffer, msgspec.convert(request, PageRequest), closed=False))


class _BrokenCodec:
    payload_converter_class = DefaultPayloadConverter
    payload_codec = None

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def decode(self, *_: object) -> list[RawValue]:
        raise self._error


def _payload(document: bytes) -> Payload:
    return Payload(metadata={"encoding": b"json/plain"}, data=document)
