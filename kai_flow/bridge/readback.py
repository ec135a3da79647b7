"""Reading a session back from Temporal: page by page, once for all readers who wait for it.

First the workflow's buffer by query, while the session runs and a worker answers; else, and for
everything deeper than the buffer, the history, which is complete and needs no worker. What was read
of the history is kept as long as there is memory for it, and reading goes on where it stopped.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from temporalio.client import Client, WorkflowQueryFailedError
from temporalio.service import RPCError

from kai_flow.bridge.memory_budget import MemoryBudget
from kai_flow.stream.buffer import Slice
from kai_flow.stream.errors import InvalidQuery
from kai_flow.stream.events import NumberedEvent, held_bytes
from kai_flow.stream.ids import EventId
from kai_flow.stream.pages import DEFAULT_PAGE_BYTES, Page
from kai_flow.stream.reader import EventReader
from kai_flow.stream.stored import StoredStream

log = logging.getLogger(__name__)

PAUSE_SECONDS: Final = 1.0  # after a failed read, before the next
QUERY_SECONDS: Final = 2.0  # for the workflow's answer, before the history is read instead
KEPT_PAGES: Final = 16  # for readers who come right after


class Part(NamedTuple):
    """What one read gave. It says itself whether it is final.

    Whoever asks the copy later asks about another moment: while a slow socket held a reader up, the
    run may have closed and its history have been read for somebody else.
    """

    page: Slice
    final: bool = False
    """Read from the complete history of a closed run: what the page lacks will never come."""
    stops_short: bool = False
    """It is final, and what the session said behind the page was not to be stored."""


class DurableCopy:
    """What Temporal holds of one run's stream.

    `show` is told the newest durable event whenever a read has seen it.
    """

    def __init__(
        self,
        client: Client,
        session_id: str,
        run_id: str,
        show: Callable[[EventId], None],
        memory: MemoryBudget,
    ) -> None:
        self._client = client
        self._session_id = session_id
        self._run_id = run_id
        self._show = show
        self._memory = memory
        self._closed = False
        self._pages: deque[tuple[EventId, Slice, int]] = deque(maxlen=KEPT_PAGES)
        self._history: StoredStream | None = None  # what was read of the history
        self._at_history = asyncio.Lock()  # one reads on in it at a time
        self._reading: asyncio.Task[tuple[EventId, Part] | None] | None = None

    @property
    def held(self) -> int:
        """What everything kept takes in memory."""
        history = 0 if self._history is None else self._history.held
        return history + sum(size for _, _, size in self._pages)

    def forget(self) -> None:
        """Let go of everything: it can be read again."""
        self._pages.clear()
        self._history = None

    def close(self, run_id: str) -> None:
        """The run has closed, `run_id` being the last of its chain: its history is final."""
        self._run_id = run_id
        self._closed = True
        self._pages.clear()

    async def read(self, after: EventId) -> Part | None:
        """The next page of durable events after `after`, shared by all who wait for it.

        Empty when there are none yet. None when it could not be read: try again.
        """
        kept = self._kept(after)
        if kept is not None:
            return kept
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read(after))
        done = await asyncio.shield(self._reading)
        if done is not None and done[0] == after:
            return done[1]
        return self._kept(after)

    async def catch_up(self, after: EventId) -> None:
        """Show what is durable by now, if that reaches past `after`. Raises RPCError.

        Not shared with a read under way, which may have begun too early.
        """
        page = await self._query(after)
        if page is None or (page.last is None and page.gap is not None):
            await self._read_history(None)

    async def stop(self) -> None:
        """Give up the read under way."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    def _kept(self, after: EventId) -> Part | None:
        """What an earlier read still tells a reader at `after`."""
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
            log.warning("session %s cannot be read back: %s", self._session_id, error.message)
        except Exception:  # a codec's, say: readers wait, as for a server that does not answer
            log.exception("session %s cannot be read back", self._session_id)
        await asyncio.sleep(PAUSE_SECONDS)  # shared by all who wait: one try a second
        return None

    async def _next_part(self, after: EventId) -> Part:
        if not self._closed:
            page = await self._query(after)
            if page is not None and page.gap is None:
                part = Slice(page.events, page.next, page.has_more, None)
                self._keep(after, part)
                return Part(part)
        # Deeper than the workflow's buffer, or no worker to ask: the history has it all.
        return self._part_of(await self._read_history(after), after)

    async def _query(self, after: EventId) -> Page | None:
        """One page of the workflow's buffer; None when it does not answer."""
        reader = EventReader(self._client, self._session_id, self._run_id)
        try:
            async with asyncio.timeout(QUERY_SECONDS):
                page = await reader.page(after)
        except (RPCError, WorkflowQueryFailedError, InvalidQuery, TimeoutError) as error:
            log.info("session %s does not answer the query: %r", self._session_id, error)
            return None
        log.info(
            "session %s: %s events after %s read by query",
            self._session_id, len(page.events), after,
        )  # fmt: skip
        if page.last is not None:
            self._show(page.last)
        self._memory.grew(_size(page.events))
        return page

    async def _read_history(self, after: EventId | None) -> StoredStream:
        """Go on in the history until it has something behind `after`; None: to its end."""
        async with self._at_history:
            history = self._history
            if history is None or history.run_id != self._run_id:
                history = StoredStream(self._client, self._session_id, self._run_id)
            self._history = history  # also when reading fails: what was read need not come again

            def taken(size: int) -> None:
                if history.events.last is not None:
                    self._show(history.events.last)
                self._memory.grew(size)

            had = len(history.events)
            await history.read_on(after, taken)
            if history.run_id == self._run_id:
                self._history = history  # it may have been let go of meanwhile
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
    """What events that were read take in memory."""
    return held_bytes(len(events), sum(len(event.data) for event in events))
