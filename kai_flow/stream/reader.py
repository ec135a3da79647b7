"""Reading a stream from Temporal: the workflow's buffer by query, or its whole history."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, Final

from temporalio.client import Client, WorkflowHandle
from temporalio.common import RawValue

from kai_flow.stream.buffer import EventBuffer, Limits
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.fold import Gap
from kai_flow.stream.ids import START, EventId
from kai_flow.stream.names import EVENTS
from kai_flow.stream.pages import DEFAULT_PAGE_BYTES, Page, read_page
from kai_flow.stream.signals import PAGE_TIMEOUT, batch_in

QUERY_TIMEOUT: Final = timedelta(seconds=5)
EVERYTHING: Final = Limits(events=2**62, bytes=2**62)  # the server bounds a history at 50 MiB


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

    async def events(self, after: EventId = START) -> AsyncIterator[NumberedEvent | Gap]:
        """Everything the buffer holds now after `after`, page by page; a Gap where it was cut."""
        while True:
            page = await self.page(after)
            if page.gap is not None:
                yield page.gap
            for event in page.events:
                yield event
            after = page.next
            if not page.has_more:
                return


async def read_history(client: Client, session_id: str, run_id: str) -> EventBuffer:
    """The complete stream of a run, folded from its history; needs no worker. Raises RPCError."""
    buffer = EventBuffer(run_id, EVERYTHING)
    handle = client.get_workflow_handle(session_id, run_id=run_id)
    async for event in handle.fetch_history_events(rpc_timeout=PAGE_TIMEOUT):
        batch = await batch_in(client, event)
        if batch is not None:
            buffer.apply(batch)
    return buffer
