"""A Temporal server: durable histories, signals, long polls, queries; and the client's few methods.

What is modelled is what was measured: signals are acknowledged once stored, at least once, and
buffered while a workflow task runs; a page token is a place in the history; queries need a worker.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from random import Random
from types import SimpleNamespace
from typing import Any, Final

from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistoryEventFilterType, WorkflowQueryFailedError
from temporalio.common import RawValue
from temporalio.converter import DataConverter
from temporalio.service import RPCError, RPCStatusCode

from tests.simulation.loop import Flag, Process, forever
from tests.simulation.weather import Link

LONG_POLL_SECONDS: Final = 20.0
PATIENCE_SECONDS: Final = 6.0  # how long a call waits for a server that is away
CALL_SECONDS: Final = 10.0  # a call without a timeout of its own
CLOSES: Final = frozenset(
    (
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED,
    )
)


class Run:
    """One run: its history, and the signals that wait for its workflow task to end."""

    def __init__(self, workflow_id: str, run_id: str, began: float) -> None:
        self.workflow_id = workflow_id
        self.run_id = run_id
        self.began = began
        self.history: list[HistoryEvent] = []
        self.held: list[HistoryEvent] = []  # acknowledged, not yet in the history
        self.in_task = False
        self.needs_task = True
        self.closed = False
        self.cancel_requested = False
        self.changed = Flag()
        self.query: Callable[[str, Any], Payload] | None = None  # set by its executor

    def append(self, event: HistoryEvent, *, needs_task: bool = False) -> None:
        """Write into the history; nothing comes after its close."""
        if self.closed:
            return
        event.event_id = len(self.history) + 1
        self.history.append(event)
        self.needs_task = self.needs_task or needs_task
        self.closed = self.closed or event.event_type in CLOSES
        self.changed.change()

    def take(self, event: HistoryEvent) -> None:
        """Something came from outside: written now, or once the workflow task is over."""
        if self.in_task:
            self.held.append(event)
        else:
            self.append(event, needs_task=True)

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
        self.changed = Flag()
        self.runs: dict[str, list[Run]] = {}
        self.page_size = page_size
        self.on_signal: Callable[[Run, bytes], None] = lambda _run, _batch: None

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
        self.on_signal(run, payload.data)
        run.take(event)

    async def query(self, workflow_id: str, run_id: str | None, name: str, arg: Any) -> RawValue:
        """Let a worker answer; waits for one as long as it takes. Raises RPCError."""
        run = self.find(workflow_id, run_id)
        await self.changed.until(lambda: self.worker_up)
        await run.changed.until(lambda: not run.in_task)
        assert run.query is not None
        try:
            return RawValue(run.query(name, arg))
        except Exception as error:  # what a handler raises is what the asker is told
            raise WorkflowQueryFailedError(str(error)) from None

    async def page(
        self, workflow_id: str, run_id: str | None, token: bytes, wait: bool, close_only: bool
    ) -> tuple[list[HistoryEvent], bytes | None]:
        """One page of a history, and the token of the next. Raises RPCError."""
        run = self.find(workflow_id, run_id)
        start, bound = (int(part) for part in token.split(b":")) if token else (0, 0)
        if close_only:
            await run.changed.until(lambda: run.closed, LONG_POLL_SECONDS)
            return ([run.history[-1]], None) if run.closed else ([], b"0:0")
        if not wait:  # of what there was when the first page was asked for
            bound = bound or len(run.history)
            page = run.history[start : min(bound, start + self.page_size)]
            end = start + len(page)
            return page, None if end >= bound else b"%d:%d" % (end, bound)
        await run.changed.until(
            lambda: run.closed or len(run.history) > start, LONG_POLL_SECONDS
        )
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


class TemporalClient:
    """The methods of `temporalio.client.Client` that the shells use, over a link."""

    data_converter = DataConverter.default

    def __init__(self, server: Server, process: Process, link: Link) -> None:
        self.server = server
        self._process = process
        self._link = link

    def get_workflow_handle(self, workflow_id: str, *, run_id: str | None = None) -> "Handle":
        """As the real one."""
        return Handle(self, workflow_id, run_id)

    async def call(self, serve: Callable[[], Awaitable[Any]], timeout: timedelta | None) -> Any:
        """One RPC. Raises RPCError."""
        if not self._process.alive:
            await forever()
        seconds = CALL_SECONDS if timeout is None else timeout.total_seconds()
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.server.process.start(self._carry(serve, answer, min(seconds, PATIENCE_SECONDS)))
        try:
            async with asyncio.timeout(seconds):
                return await answer
        except TimeoutError:
            raise RPCError("Timeout expired", RPCStatusCode.CANCELLED, b"") from None

    async def _carry(
        self, serve: Callable[[], Awaitable[Any]], answer: asyncio.Future[Any], patience: float
    ) -> None:
        link, weather = self._link, self._link.weather
        await link.travel()
        if link.meets(weather.lose):
            return
        if link.meets(weather.repeat):
            self.server.process.start(self._again(serve))
        try:
            if not await self.server.changed.until(lambda: self.server.up, patience):
                raise RPCError("no connection", RPCStatusCode.UNAVAILABLE, b"")
            value = await serve()
            if not self.server.up:  # done, but it can tell nobody
                raise RPCError("connection lost", RPCStatusCode.UNAVAILABLE, b"")
        except (RPCError, WorkflowQueryFailedError) as error:
            if not answer.done():
                answer.set_exception(error)
                answer.exception()  # it counts as taken, also when nobody waits any more
            return
        await link.travel()
        if link.meets(weather.forget) or answer.done():
            return
        answer.set_result(value)

    async def _again(self, serve: Callable[[], Awaitable[Any]]) -> None:
        await self._link.travel()
        await asyncio.sleep(self._link.random.uniform(0.0, 3.0))
        await self.server.changed.until(lambda: self.server.up)
        try:
            await serve()
        except (RPCError, WorkflowQueryFailedError):
            pass


class Handle:
    """The methods of a workflow handle that the shells use."""

    def __init__(self, client: TemporalClient, workflow_id: str, run_id: str | None) -> None:
        self._client = client
        self._of = (workflow_id, run_id)

    async def signal(
        self, name: str, arg: RawValue, *, rpc_timeout: timedelta | None = None
    ) -> None:
        """As the real one: returns once it is stored."""

        async def serve() -> None:
            self._client.server.signal(*self._of, name, arg.payload)

        await self._client.call(serve, rpc_timeout)

    async def query(
        self, name: str, arg: Any, *, result_type: Any, rpc_timeout: timedelta | None = None
    ) -> RawValue:
        """As the real one, for a result that is wanted raw."""
        assert result_type is RawValue
        value: RawValue = await self._client.call(
            lambda: self._client.server.query(*self._of, name, arg), rpc_timeout
        )
        return value

    async def describe(self, *, rpc_timeout: timedelta | None = None) -> SimpleNamespace:
        """The little of a description that the shells look at."""

        async def serve() -> Run:
            return self._client.server.find(*self._of)

        run = await self._client.call(serve, rpc_timeout)
        info = SimpleNamespace(first_run_id=run.run_id)
        raw = SimpleNamespace(workflow_execution_info=info)
        return SimpleNamespace(run_id=run.run_id, raw_description=raw)

    def fetch_history_events(
        self,
        *,
        wait_new_event: bool = False,
        event_filter_type: WorkflowHistoryEventFilterType | None = None,
    ) -> "Pages":
        """As the real one."""
        close_only = event_filter_type is WorkflowHistoryEventFilterType.CLOSE_EVENT
        return Pages(self._client, self._of, wait_new_event, close_only)


class Pages:
    """An iterator over history events that also gives whole pages and their tokens."""

    def __init__(
        self, client: TemporalClient, of: tuple[str, str | None], wait: bool, close_only: bool
    ) -> None:
        self._client, self._of, self._how = client, of, (wait, close_only)
        self.current_page: Sequence[HistoryEvent] | None = None
        self.next_page_token: bytes | None = None
        self._index = 0

    async def fetch_next_page(self) -> None:
        """As the real one; the place is kept when it fails."""
        token = self.next_page_token or b""
        self.current_page, self.next_page_token = await self._client.call(
            lambda: self._client.server.page(*self._of, token, *self._how),
            timedelta(seconds=LONG_POLL_SECONDS + PATIENCE_SECONDS),
        )
        self._index = 0

    def __aiter__(self) -> "Pages":
        return self

    async def __anext__(self) -> HistoryEvent:
        while self.current_page is None or self._index >= len(self.current_page):
            if self.current_page is not None and self.next_page_token is None:
                raise StopAsyncIteration
            await self.fetch_next_page()
        self._index += 1
        return self.current_page[self._index - 1]


def run_id(random: Random) -> str:
    """A run id as the server makes them: of two neighbours only the last digits differ."""
    return f"0198c0de-0000-7000-8000-0000{random.getrandbits(32):08x}"
