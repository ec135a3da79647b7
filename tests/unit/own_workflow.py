"""A workflow of a worker with the interceptor, and the SDK around it, played by the test."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue
from temporalio.workflow import ContinueAsNewError, ReadOnlyContextError

from kai_flow.stream import run_stream, workflow_interceptor
from kai_flow.stream import workflow as module
from kai_flow.stream.batches import Batch, encode_signal
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.header import (
    Carried,
    ProducerHeader,
    Refused,
    decode_header,
    encode_carried,
)
from kai_flow.stream.ids import EventId
from kai_flow.stream.wire_names import (
    EVENTS,
    PRODUCER_HEADER,
    PROGRESS,
    PUBLISH_EVENTS,
    STREAM_HEADER,
    VOICE_MEMO,
)
from kai_flow.stream.workflow_interceptor import WorkflowInterceptor
from tests.property.strategies import RUN

FIRST = EventId(1, 1, 1)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
AGAIN = ContinueAsNewError.__new__(ContinueAsNewError)


class Handle:
    """An activity that ends when the test says so."""

    def __init__(self) -> None:
        self._callbacks: list[Callable[[Any], None]] = []

    def add_done_callback(self, callback: Callable[[Any], None]) -> None:
        """Called when it ends."""
        self._callbacks.append(callback)

    def end(self) -> None:
        """It ends, however that may be."""
        for callback in self._callbacks:
            callback(self)


class Workflow:
    """What `temporalio.workflow` offers to a stream, with a clock and a task that the test sets."""

    ReadOnlyContextError = ReadOnlyContextError
    ContinueAsNewError = ContinueAsNewError

    def __init__(self, run_id: str = RUN, carried: Carried | None = None, **info: Any) -> None:
        self.time = LONG_AGO
        self.task = 3  # the length of the history by the task that runs
        self.read_only = False
        self.warnings: list[str] = []
        self.signals: dict[str | None, Any] = {}
        self.queries: dict[str | None, Any] = {}
        self.functions: dict[str, Any] = {}
        self.memos: list[RawValue] = []
        self.calls: list[Any] = []  # of activities and of continue-as-new, as they were made
        headers = {} if carried is None else {STREAM_HEADER: Payload(data=encode_carried(carried))}
        self._info = SimpleNamespace(
            run_id=run_id,
            original_execution_run_id=run_id,
            continued_run_id=None,
            headers=headers,
            workflow_id="session-1",
            start_time=LONG_AGO,
            get_current_history_size=lambda: 1_893,
            get_current_history_length=lambda: self.task,
        )
        vars(self._info).update(info)
        self.logger = SimpleNamespace(
            warning=lambda line, *values, **_: self.warnings.append(line % values)
        )
        self.unsafe = SimpleNamespace(
            sandbox_unrestricted=nullcontext, is_read_only=lambda: self.read_only
        )
        self.set_signal_handler = self.signals.__setitem__
        self.get_signal_handler = self.signals.get
        self.set_query_handler = self.queries.__setitem__
        self.get_query_handler = self.queries.get
        self.inbound: Any = None

    def info(self) -> Any:
        """Of the run."""
        return self._info

    def now(self) -> datetime:
        """The workflow's clock, which stands still in a workflow task."""
        return self.time

    async def wait_condition(self, holds: Callable[[], bool]) -> None:
        """Goes on when no other task can, if the condition holds."""
        assert holds()

    def extern_functions(self) -> dict[str, Any]:
        """What may be called outside."""
        return self.functions

    def upsert_memo(self, updates: dict[str, RawValue]) -> None:
        """A command."""
        assert list(updates) == [VOICE_MEMO]
        self.memos.extend(updates.values())

    def _start(self, call: Any) -> Handle:
        if call.activity == "refused":
            raise ValueError("an activity needs a timeout")
        self.calls.append(call)
        return Handle()

    def _continue(self, call: Any) -> None:
        self.calls.append(call)
        raise AGAIN

    def begin(self, run: Callable[[], Awaitable[Any]] | None = None) -> None:
        """The SDK makes the interceptor; `run` is the workflow's code."""
        following = SimpleNamespace(
            init=lambda outbound: setattr(self, "outbound", outbound),
            execute_workflow=lambda _call: (run or asyncio.Event().wait)(),
        )
        self.outbound: Any = None
        self.inbound = WorkflowInterceptor(following)  # type: ignore[arg-type]
        sdk = SimpleNamespace(
            info=self.info, start_activity=self._start, continue_as_new=self._continue
        )
        self.inbound.init(sdk)

    def start(self, activity: str = "chat", activity_id: str | None = None) -> Handle:
        """The workflow's code starts an activity."""
        call = SimpleNamespace(activity=activity, activity_id=activity_id, headers={"own": "kept"})
        handle: Handle = self.outbound.start_activity(call)
        return handle

    @property
    def header(self) -> ProducerHeader | Refused:
        """The header of the activity that was started last."""
        headers = self.calls[-1].headers
        assert headers["own"] == "kept"
        return decode_header(headers[PRODUCER_HEADER].data)

    def signal(self, *batches: tuple[NumberedEvent, ...], run_id: str = RUN) -> None:
        """Batches arrive in a signal."""
        self.deliver(encode_signal(run_id, [Batch(events) for events in batches]))

    def deliver(self, *values: bytes) -> None:
        """A signal with these values arrives."""
        payloads = [Payload(metadata={"encoding": b"json/plain"}, data=value) for value in values]
        self.signals[PUBLISH_EVENTS](*(RawValue(payload) for payload in payloads))

    @property
    def progress(self) -> dict[str, Any]:
        """The answer of the query."""
        answer: dict[str, Any] = self.queries[PROGRESS]()
        return answer

    @property
    def events(self) -> list[str]:
        """The ids of all events that the query answers."""
        page = msgspec.json.decode(self.queries[EVENTS]().payload.data)
        return [one["id"] for one in page["events"]]


def place(patching: pytest.MonkeyPatch, **options: Any) -> Workflow:
    """A workflow before the SDK has made its interceptors."""
    made = Workflow(**options)
    for imported in (module, run_stream, workflow_interceptor):
        patching.setattr(imported, "workflow", made)
    return made


def install(patching: pytest.MonkeyPatch, **options: Any) -> Workflow:
    """A workflow of a worker with the interceptor."""
    made = place(patching, **options)
    made.begin()
    return made
