"""Reads a session back from Temporal, page by page, once for all readers that wait for it.

While the session runs and a worker answers, a page comes from the workflow's buffer, by query.
Everything else comes from the history, which is complete and needs no worker. What was read of the
history is kept as long as there is memory for it, and the next read goes on where the last stopped.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from temporalio.client import Client, WorkflowQueryFailedError
from temporalio.service import RPCError

from kai_flow.bridge.memory_budget import MemoryBudget
from kai_flow.runtime.log_limiter import LogLimiter
from kai_flow.stream.buffer import Slice
from kai_flow.stream.errors import InvalidQuery
from kai_flow.stream.events import NumberedEvent, held_bytes
from kai_flow.stream.ids import EventId
from kai_flow.stream.pages import DEFAULT_PAGE_BYTES, Page
from kai_flow.stream.reader import EventReader
from kai_flow.stream.stored import StoredStream

log = logging.getLogger(__name__)

PAUSE_SECONDS: Final = 1.0  # after a failed read, before the next
QUERY_SECONDS: Final = 2.0  # wait for the workflow's answer, before the history is read instead
KEPT_PAGES: Final = 16  # for readers that are close behind


class Part(NamedTuple):
    """The result of one read, and whether it is final.

    Whether it is final is recorded at the moment of the read. A reader must not ask the copy later:
    while a slow socket held this reader up, the run may have closed and another reader may have had
    the complete history read, so the answer would be about another page.
    """

    page: Slice
    final: bool = False
    """Read from the complete history of a closed run: no event will ever follow this page."""
    stops_short: bool = False
    """It is final, and the session had events behind this page that were live only (§6.15)."""


class DurableCopy:
    """The durable copy of one run's stream, as Temporal holds it.

    `mark_durable` is called with the newest durable event after every read that has seen it.

    Races: reads await Temporal, and meanwhile `close` may change the run, and `forget` may drop
    what is kept. Both take effect at once for later reads. A read under way finishes on the history
    object it began with; it stores that object again only if it still is of the current run, and
    its result is `final` only if that run has closed (`_part_of` checks both at the end).
    """

    def __init__(
        self,
        client: Client,
        session_id: str,
        run_id: str,
        mark_durable: Callable[[EventId], None],
        memory: MemoryBudget,
    ) -> None:
        self._client = client
        self._session_id = session_id
        self._run_id = run_id
        self._mark_durable = mark_durable
        self._memory = memory
        self._closed = False
        self._pages: deque[tuple[EventId, Slice, int]] = deque(maxlen=KEPT_PAGES)
        self._history: StoredStream | None = None  # as far as the history was read
        self._history_lock = asyncio.Lock()  # its place moves with each page: one task at a time
        self._reading: asyncio.Task[tuple[EventId, Part] | None] | None = None
        self._limiter = LogLimiter()

    @property
    def held(self) -> int:
        """Bytes of memory that everything kept takes."""
        history = 0 if self._history is None else self._history.held
        return history + sum(size for _, _, size in self._pages)

    def forget(self) -> None:
        """Drop everything kept: it can be read again."""
        self._pages.clear()
        self._history = None

    def close(self, run_id: str) -> None:
        """The chain of runs has closed with the run `run_id`, whose history is final."""
        self._run_id = run_id
        self._closed = True
        self._pages.clear()

    async def read(self, after: EventId) -> Part | None:
        """The next page of durable events after `after`; one read serves all that wait for it.

        Empty when there are none yet. None when nothing was read for this place, because reading
        failed or the read under way was for another place: try again.
        """
        kept = self._kept(after)
        if kept is not None:
            return kept
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read(after))
        reading = self._reading
        await asyncio.wait([reading])  # this way, neither is cancelled by the end of the other
        done = None if reading.cancelled() else reading.result()
        if done is not None and done[0] == after:
            return done[1]
        return self._kept(after)

    async def catch_up(self, after: EventId) -> None:
        """Call `mark_durable` with the newest durable event, if there is one after `after`.

        Never shares a read under way, which may have begun before the caller's question. Raises
        RPCError.
        """
        page = await self._query(after)
        if page is None or (page.last is None and page.gap is not None):
            await self._read_history(None)

    async def stop(self) -> None:
        """Cancel the read under way."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    def _kept(self, after: EventId) -> Part | None:
        """What earlier reads have for a reader at `after`; None: nothing."""
        if self._history is not None:
            part = self._part_of(self._history, after)
            if part.final or part.page.events or part.page.gap:
                return part
        for start, page, _ in self._pages:
            if start <= after < page.next:
                events = tuple(event for event in page.events if event.id > after)
                gap = page.gap if start == after else None
                return Part(Slice(events, page.next, page.has_more, gap))
        return None

    async def _read(self, after: EventId) -> tuple[EventId, Part] | None:
        try:
            return after, await self._next_part(after)
        except RPCError as error:
            if self._limiter.due("no answer") is not None:
                log.warning("session %s cannot be read back: %s", self._session_id, error.message)
        except Exception:  # such as a codec's: readers wait, as they do while Temporal is away
            if self._limiter.due("broken") is not None:
                log.exception("session %s cannot be read back", self._session_id)
        await asyncio.sleep(PAUSE_SECONDS)  # within the shared read: one try a second for all
        return None

    async def _next_part(self, after: EventId) -> Part:
        if not self._closed:
            page = await self._query(after)
            if page is not None and page.gap is None:
                part = Slice(page.events, page.next, page.has_more, None)
                self._keep(after, part)
                return Part(part)
        # The place is older than the workflow's buffer, or no worker answers.
        return self._part_of(await self._read_history(after), after)

    async def _query(self, after: EventId) -> Page | None:
        """One page of the workflow's buffer; None when no worker answers in time."""
        reader = EventReader(self._client, self._session_id, self._run_id)
        try:
            async with asyncio.timeout(QUERY_SECONDS):
                page = await reader.page(after)
        except (RPCError, WorkflowQueryFailedError, InvalidQuery, TimeoutError) as error:
            if self._limiter.due("no query") is not None:
                log.info("session %s does not answer the query: %r", self._session_id, error)
            return None
        if self._limiter.due("query") is not None:
            log.info(
                "session %s: %s events after %s read by query",
                self._session_id, len(page.events), after,
            )  # fmt: skip
        if page.last is not None:
            self._mark_durable(page.last)
        self._memory.grew(_size(page.events))
        return page

    async def _read_history(self, after: EventId | None) -> StoredStream:
        """Read on in the history until it has an event after `after`; None: to its end."""
        async with self._history_lock:
            history = self._history
            if history is None or history.run_id != self._run_id:
                history = StoredStream(self._client, self._session_id, self._run_id)
            self._history = history  # before reading: a read that fails keeps its place

            def taken(size: int) -> None:
                if history.events.last is not None:
                    self._mark_durable(history.events.last)
                self._memory.grew(size)

            had = len(history.events)
            await history.read_on(after, taken)
            if history.run_id == self._run_id:
                self._history = history  # `forget` may have dropped it meanwhile
        if self._limiter.due("history") is not None:
            read = len(history.events) - had
            log.info("session %s: %s events read from history", self._session_id, read)
        return history

    def _part_of(self, history: StoredStream, after: EventId) -> Part:
        page = history.events.read(after, DEFAULT_PAGE_BYTES)
        final = self._closed and history.complete and history.run_id == self._run_id
        return Part(page, final, final and history.events.fold.unstored_after(page.next))

    def _keep(self, after: EventId, page: Slice) -> None:
        if page.events:
            self._pages.append((after, page, _size(page.events)))


def _size(events: Sequence[NumberedEvent]) -> int:
    """Bytes of memory that these events take."""
    return held_bytes(len(events), sum(len(event.data) for event in events))
