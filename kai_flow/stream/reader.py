"""Reading a stream from Temporal: the workflow's buffer by query, or its whole history."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import timedelta
from typing import Any, Final

from temporalio.client import Client, WorkflowHandle
from temporalio.common import RawValue

from kai_flow.stream.buffer import EventBuffer, Limits
from kai_flow.stream.errors import StreamError
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.fold import Gap
from kai_flow.stream.ids import START, EventId
from kai_flow.stream.names import EVENTS
from kai_flow.stream.pages import DEFAULT_PAGE_BYTES, Page, read_page
from kai_flow.stream.signals import PAGE_TIMEOUT, batch_in

QUERY_TIMEOUT: Final = timedelta(seconds=5)
EVERYTHING: Final = Limits(events=2**62, bytes=2**62)  # the server bounds a history at 50 MiB


class EventsMissing(StreamError):
    """Events between two ids are no longer in the workflow's buffer, or were live only."""

    code = "events_missing"

    def __init__(self, gap: Gap, go_on_after: EventId) -> None:
        self.gap = gap
        """All that lies strictly between `after` and `before`; `before` None: nothing is held."""
        self.go_on_after = go_on_after
        """The cursor behind the gap."""
        until = "" if gap.before is None else f" and before {gap.before}"
        super().__init__(
            f"the events after {gap.after}{until} are not in the workflow's buffer any more: "
            "`read_history` has all that were ever stored, and "
            "`events(after=error.go_on_after)` goes on behind the gap"
        )


class EventReader:
    """Pages the `events` query of one session.

    `run_id` pins the run; None means the latest. Works on running and on closed sessions, as long
    as a worker answers; a closed one is read faster with `read_history`.
    """

    def __init__(self, client: Client, session_id: str, run_id: str | None = None) -> None:
        self._handle: WorkflowHandle[Any, Any] = client.get_workflow_handle(
            session_id, run_id=run_id
        )

    async def page(self, after: EventId = START, max_bytes: int = DEFAULT_PAGE_BYTES) -> Page:
        """One page of events after `after`. Raises RPCError, WorkflowQueryFailedError."""
        request = {"after": None if after == START else str(after), "max_bytes": max_bytes}
        value = await self._handle.query(
            EVENTS, request, result_type=RawValue, rpc_timeout=QUERY_TIMEOUT
        )
        return read_page(value.payload.data)

    async def events(self, after: EventId = START) -> AsyncGenerator[NumberedEvent, None]:
        """Everything the buffer holds now after `after`, page by page, without a hole.

        Raises EventsMissing where some are no longer held. To go on behind them, call it again with
        what the error says.
        """
        async with aclosing(self._pages(after)) as pages:
            async for page in pages:
                if page.gap is not None:
                    raise EventsMissing(page.gap, _before(page))
                for event in page.events:
                    yield event

    async def events_and_gaps(
        self, after: EventId = START
    ) -> AsyncGenerator[NumberedEvent | Gap, None]:
        """The same, with a Gap in the place of what is no longer held."""
        async with aclosing(self._pages(after)) as pages:
            async for page in pages:
                if page.gap is not None:
                    yield page.gap
                for event in page.events:
                    yield event

    async def _pages(self, after: EventId) -> AsyncGenerator[Page, None]:
        while True:
            page = await self.page(after)
            yield page
            after = page.next
            if not page.has_more:
                return


def _before(page: Page) -> EventId:
    """The cursor behind which nothing of this page is missing."""
    return page.events[0].id.offset(-1) if page.events else page.next


async def read_history(client: Client, session_id: str, run_id: str) -> EventBuffer:
    """The complete stream of a run, folded from its history; needs no worker. Raises RPCError."""
    buffer = EventBuffer(run_id, EVERYTHING)
    handle = client.get_workflow_handle(session_id, run_id=run_id)
    async for event in handle.fetch_history_events(rpc_timeout=PAGE_TIMEOUT):
        batch = await batch_in(client, event)
        if batch is not None:
            buffer.apply(batch)
    return buffer
