"""Reads a stream from Temporal: the workflow's buffer by query, or the whole history."""

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
from kai_flow.stream.pages import DEFAULT_PAGE_BYTES, Page, read_page
from kai_flow.stream.signals import PAGE_TIMEOUT, batch_in
from kai_flow.stream.wire_names import EVENTS

QUERY_TIMEOUT: Final = timedelta(seconds=5)
EVERYTHING: Final = Limits(events=2**62, bytes=2**62)  # the server limits a history to 50 MiB


class EventsMissing(StreamError):
    """Some events are no longer in the workflow's buffer, or were live only."""

    code = "events_missing"

    def __init__(self, gap: Gap, go_on_after: EventId) -> None:
        self.gap = gap
        """The missing events: all strictly between `after` and `before` (None: up to the end)."""
        self.go_on_after = go_on_after
        """The cursor after the gap, for another call of `events`."""
        until = "" if gap.before is None else f" and before {gap.before}"
        super().__init__(
            f"the events after {gap.after}{until} are not in the workflow's buffer any more: "
            "`read_history` returns all that were ever stored, and "
            "`events(after=error.go_on_after)` continues after the gap"
        )


class EventReader:
    """Reads the buffer of one session by the query `events`.

    `run_id` pins the run; None means the newest. It works for running and closed sessions, as long
    as a worker polls. `read_history` reads a closed session faster.
    """

    def __init__(self, client: Client, session_id: str, run_id: str | None = None) -> None:
        self._handle: WorkflowHandle[Any, Any] = client.get_workflow_handle(
            session_id, run_id=run_id
        )

    async def page(self, after: EventId = START, max_bytes: int = DEFAULT_PAGE_BYTES) -> Page:
        """One page of events after `after`, of at most `max_bytes` (see PageRequest).

        Raises RPCError, WorkflowQueryFailedError for an argument that the workflow refuses, and
        InvalidQuery for an answer that is not a page.
        """
        request = {"after": None if after == START else str(after), "max_bytes": max_bytes}
        value = await self._handle.query(
            EVENTS, request, result_type=RawValue, rpc_timeout=QUERY_TIMEOUT
        )
        return read_page(value.payload.data)

    async def events(self, after: EventId = START) -> AsyncGenerator[NumberedEvent, None]:
        """The events that the buffer holds after `after`, page by page, without a gap.

        Raises EventsMissing where some are no longer held; its `go_on_after` is the cursor to
        continue with. Raises what `page` raises.
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
        """The events that the buffer holds after `after`, with a Gap where some are missing."""
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
    """The cursor after which no event of this page is missing."""
    return page.events[0].id.offset(-1) if page.events else page.next


async def read_history(client: Client, session_id: str, run_id: str) -> EventBuffer:
    """The complete stored stream of a run, folded from its history. Needs no worker.

    Raises RPCError, or what the client's payload codec raises.
    """
    buffer = EventBuffer(run_id, EVERYTHING)
    handle = client.get_workflow_handle(session_id, run_id=run_id)
    async for event in handle.fetch_history_events(rpc_timeout=PAGE_TIMEOUT):
        batch = await batch_in(client, event)
        if batch is not None:
            buffer.apply(batch)
    return buffer
