"""Reads a stream from Temporal: the workflow's buffer by query, or all of it from the history."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import timedelta
from typing import Any, Final

from temporalio.client import Client, WorkflowHandle
from temporalio.common import RawValue

from kai_flow.stream.codec import CodecMissing, hidden_by
from kai_flow.stream.errors import InvalidId, StreamError
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.gaps import Gap
from kai_flow.stream.pages import DEFAULT_PAGE_BYTES, Page, read_page
from kai_flow.stream.place import NOWHERE, Cursor, Place
from kai_flow.stream.run import find_run
from kai_flow.stream.stored import StoredStream
from kai_flow.stream.wire_names import EVENTS

QUERY_TIMEOUT: Final = timedelta(seconds=5)


class EventsMissing(StreamError):
    """Some events are no longer in the workflow's buffer."""

    code = "events_missing"

    def __init__(self, gap: Gap, go_on_after: Place) -> None:
        self.gap = gap
        """The missing events, as ranges of ids."""
        self.go_on_after = go_on_after
        """The place after the gap, for another call of `events`."""
        ranges = ", ".join(
            ("the first ones" if one.after is None else f"those after {one.after}")
            + ("" if one.before is None else f" and before {one.before}")
            for one in gap.missing
        )
        super().__init__(
            f"these events are not in the workflow's buffer any more: {ranges}. `read_history` "
            "returns all that were ever stored, and `events(after=error.go_on_after)` continues "
            "after the gap"
        )


class EventReader:
    """Reads the buffer of one run of a session by the query `events`.

    `run_id` pins the run; None means the newest. It works for running and closed sessions, as long
    as a worker polls. A buffer holds events of its own run only. `read_history` reads a closed
    session faster, and a session of many runs from its beginning.
    """

    def __init__(self, client: Client, session_id: str, run_id: str | None = None) -> None:
        self._converter = client.data_converter
        self._handle: WorkflowHandle[Any, Any] = client.get_workflow_handle(
            session_id, run_id=run_id
        )

    async def page(self, after: Place | str = NOWHERE, max_bytes: int = DEFAULT_PAGE_BYTES) -> Page:
        """One page of the events that `after` does not cover, of at most `max_bytes`.

        `after` may be a cursor, as readers of a stream get it. Raises InvalidId for a text that is
        none, RPCError, WorkflowQueryFailedError for an argument that the workflow refuses,
        InvalidQuery for an answer that is not a page, and CodecMissing.
        """
        place = _place(after)
        request = {"after": None if place == NOWHERE else str(place), "max_bytes": max_bytes}
        value = await self._handle.query(
            EVENTS, request, result_type=RawValue, rpc_timeout=QUERY_TIMEOUT
        )
        encoding = hidden_by(value.payload, self._converter)
        if encoding is not None:
            raise CodecMissing(encoding)
        return read_page(value.payload.data)

    async def events(self, after: Place | str = NOWHERE) -> AsyncGenerator[NumberedEvent, None]:
        """The events of the buffer that `after` does not cover, page by page, without a gap.

        Raises EventsMissing where some are no longer held; its `go_on_after` is the place to
        continue with. Raises what `page` raises.
        """
        async with aclosing(self._pages(after)) as pages:
            async for page in pages:
                if page.gap is not None:
                    raise EventsMissing(page.gap, page.start)
                for event in page.events:
                    yield event

    async def events_and_gaps(
        self, after: Place | str = NOWHERE
    ) -> AsyncGenerator[NumberedEvent | Gap, None]:
        """The events of the buffer that `after` does not cover, with a Gap where some are missing.

        Raises what `page` raises.
        """
        async with aclosing(self._pages(after)) as pages:
            async for page in pages:
                if page.gap is not None:
                    yield page.gap
                for event in page.events:
                    yield event

    async def _pages(self, after: Place | str) -> AsyncGenerator[Page, None]:
        while True:
            page = await self.page(after)
            yield page
            after = page.next
            if not page.has_more:
                return


async def read_history(client: Client, session_id: str, run_id: str | None = None) -> StoredStream:
    """The complete stored stream of a session, read from the histories of its runs.

    `run_id`: any run of the stream; None: the newest. It needs no worker. Runs that retention has
    deleted are a gap. Raises RPCError, or what the client's payload codec raises.
    """
    if run_id is None:
        run_id = (await find_run(client, session_id)).run_id
    stream = StoredStream(client, session_id, run_id)
    await stream.read_on(NOWHERE, lambda _: None, to_end=True)
    return stream


def _place(after: Place | str) -> Place:
    if isinstance(after, Place):
        return after
    place = Cursor.parse(after).place
    if place is None:
        raise InvalidId(f"{after[:60]!r} is the end of a stream: nothing comes after it")
    return place
