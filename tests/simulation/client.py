"""The client's few methods that the shells use, over a link to the simulated server.

They behave as measured: a signal is stored at least once, a call waits a while for a server that is
away, a page token keeps its place.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    DescribeWorkflowExecutionResponse,
)
from temporalio.client import WorkflowHistoryEventFilterType, WorkflowQueryFailedError
from temporalio.common import RawValue
from temporalio.converter import DataConverter
from temporalio.service import RPCError, RPCStatusCode

from kai_flow.stream.clock import now
from kai_flow.stream.wire_names import PUBLISH_EVENTS
from tests.simulation.loop import Process, forever
from tests.simulation.temporal import Server
from tests.simulation.weather import Link

PATIENCE_SECONDS: Final = 6.0  # how long a call waits for a server that is away
CALL_SECONDS: Final = 10.0  # a call without a timeout of its own
ANSWER_SECONDS: Final = 1.0  # a long poll is answered so long before its caller's time is up


class TemporalClient:
    """The methods of `temporalio.client.Client` that the shells use, over a link."""

    namespace = "default"

    def __init__(self, server: Server, process: Process, link: Link) -> None:
        self.data_converter = DataConverter.default
        self.server = server
        self.workflow_service = self  # so far as it is used
        self.process = process
        self._link = link

    def get_workflow_handle(self, workflow_id: str, *, run_id: str | None = None) -> "Handle":
        """As the real one."""
        return Handle(self, workflow_id, run_id)

    async def describe_workflow_execution(
        self,
        request: DescribeWorkflowExecutionRequest,
        *,
        retry: bool,
        timeout: timedelta,
    ) -> DescribeWorkflowExecutionResponse:
        """As the real one."""
        assert retry
        asked = request.execution

        async def serve() -> DescribeWorkflowExecutionResponse:
            run = self.server.find(asked.workflow_id, asked.run_id or None)
            if run.lonely:
                self.server.lonely_at = now()
            return run.describe()

        answer: DescribeWorkflowExecutionResponse = await self.call(serve, timeout)
        return answer

    async def call(self, serve: Callable[[], Awaitable[Any]], timeout: timedelta | None) -> Any:
        """One RPC. Raises RPCError."""
        if not self.process.alive:
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
        with suppress(RPCError, WorkflowQueryFailedError):
            await serve()


class Handle:
    """The methods of a workflow handle that the shells use."""

    def __init__(self, client: TemporalClient, workflow_id: str, run_id: str | None) -> None:
        self._client = client
        self._of = (workflow_id, run_id)

    @property
    def process(self) -> Process:
        """Which process makes its calls."""
        return self._client.process

    def of_newest_run(self) -> "Handle":
        """The same without a run id."""
        return Handle(self._client, self._of[0], None)

    async def signal(
        self, name: str, arg: RawValue, *, rpc_timeout: timedelta | None = None
    ) -> None:
        """As the real one: returns once it is stored."""

        async def serve() -> None:
            self._client.server.signal(*self._of, name, arg.payload)

        if name == PUBLISH_EVENTS:
            self._client.server.on_sending(self.process)

        await self._client.call(serve, rpc_timeout)

    async def query(
        self, name: str, *args: Any, result_type: Any, rpc_timeout: timedelta | None = None
    ) -> RawValue:
        """As the real one, for a result that is wanted raw."""
        assert result_type is RawValue
        value: RawValue = await self._client.call(
            lambda: self._client.server.query(*self._of, name, *args), rpc_timeout
        )
        return value

    def fetch_history_events(
        self,
        *,
        next_page_token: bytes | None = None,
        wait_new_event: bool = False,
        event_filter_type: WorkflowHistoryEventFilterType | None = None,
        page_size: int | None = None,
        rpc_timeout: timedelta | None = None,
    ) -> "Pages":
        """As the real one, with pages of the server's size: `page_size` only asks for fewer."""
        close_only = event_filter_type is WorkflowHistoryEventFilterType.CLOSE_EVENT
        seconds = CALL_SECONDS if rpc_timeout is None else rpc_timeout.total_seconds()
        wait = seconds - ANSWER_SECONDS if wait_new_event else None
        return Pages(self._client, self._of, next_page_token, seconds, wait, close_only)


class Pages:
    """An iterator over history events that also gives whole pages and their tokens."""

    def __init__(
        self,
        client: TemporalClient,
        of: tuple[str, str | None],
        token: bytes | None,
        seconds: float,
        wait: float | None,
        close_only: bool,
    ) -> None:
        self._client, self._of, self._how = client, of, (wait, close_only)
        self._seconds = seconds
        self.current_page: Sequence[HistoryEvent] | None = None
        self.next_page_token = token
        self._index = 0

    async def fetch_next_page(self) -> None:
        """As the real one; the place is kept when it fails."""
        token = self.next_page_token or b""
        self.current_page, self.next_page_token = await self._client.call(
            lambda: self._client.server.page(*self._of, token, *self._how),
            timedelta(seconds=self._seconds),
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
