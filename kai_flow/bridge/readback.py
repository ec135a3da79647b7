"""Reads a session back from Temporal, page by page, once for all readers that wait for it.

It only brings readers up to the base of the session's log, which has the rest. While the session
runs and a worker answers, a page comes from the workflow's buffer, by query. Everything else comes
from the histories of the session's runs, which are complete and need no worker. What was read of
them is kept as long as there is memory for it, and the next read goes on where the last stopped.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Any, Final, NamedTuple, Protocol

from temporalio.client import WorkflowQueryFailedError
from temporalio.service import RPCError

from kai_flow.bridge.shared import Shared
from kai_flow.runtime.log_limiter import LogLimiter
from kai_flow.stream.buffer import Slice
from kai_flow.stream.clock import now
from kai_flow.stream.codec import CodecMissing
from kai_flow.stream.errors import InvalidQuery
from kai_flow.stream.events import NumberedEvent, held_bytes
from kai_flow.stream.log_fields import about, cut
from kai_flow.stream.narration import Knowledge
from kai_flow.stream.pages import DEFAULT_PAGE_BYTES, Page
from kai_flow.stream.place import Place
from kai_flow.stream.reader import EventReader
from kai_flow.stream.stored import StoredStream

log = logging.getLogger(__name__)

PAUSE_SECONDS: Final = 1.0  # after a failed read, before the next
# A warm workflow answers within milliseconds. One that has to be replayed first takes longer than
# its history takes to read, and without a worker nothing answers at all.
QUERY_LEAD_SECONDS: Final = 0.1  # for the workflow's answer, before the history is read beside it
QUERY_SECONDS: Final = 0.5  # for the workflow's answer, before it is not waited for any more
QUERY_REST_SECONDS: Final = 10.0  # after a query that failed, before the next
KEPT_PAGES: Final = 16  # for readers that are close behind


class Present(NamedTuple):
    """The run that is queried."""

    run_id: str
    begins: Place
    """What a reader has to have to be served from this run's buffer."""


class Source(Protocol):
    """Something that was read from Temporal, with events after the place that it was read for."""

    @property
    def knowledge(self) -> Knowledge | None:
        """What is known of the producers of these events; None: the log of the session has it."""

    def read(self, after: Place) -> Slice:
        """The next events of it that `after` does not cover."""


class _Queried(NamedTuple):
    """A page of the workflow's buffer, which has events of the present run only."""

    start: Place
    page: Page
    size: int
    knowledge: None = None

    def read(self, after: Place) -> Slice:
        if not after.includes(self.start):  # it lacks what comes next
            return Slice((), after, has_more=False, gap=None)
        events = tuple(event for event in self.page.events if not after.covers(event.id))
        return Slice(events, self.page.next, self.page.has_more, None)


class _Stored:
    """The stored stream, as far as it was read. A page is cut once for all readers at its place."""

    def __init__(self, stored: StoredStream) -> None:
        self.stored = stored
        self._pages: dict[Place, Slice] = {}  # since the stream was read on last

    @property
    def knowledge(self) -> Knowledge:
        return self.stored

    def read(self, after: Place) -> Slice:
        page = self._pages.get(after)
        if page is None:
            page = self._pages[after] = self.stored.read(after, DEFAULT_PAGE_BYTES)
            if len(self._pages) > KEPT_PAGES:
                self._pages.pop(next(iter(self._pages)))
        return page

    async def read_on(self, after: Place, taken: Callable[[int], None]) -> None:
        """Read on until there is an event after `after`. Raises RPCError."""

        def grown(size: int) -> None:
            self._pages.clear()
            taken(size)

        try:
            await self.stored.read_on(after, grown)
        finally:
            self._pages.clear()


class ReadBack:
    """The durable copy of one session's stream, as Temporal holds it.

    Races: reads await Temporal, and meanwhile the session may go on in another run, and `forget`
    may drop what is kept. A read under way finishes with what it began with. Its result is as good
    as ever, because readers take from it only what they do not have.
    """

    def __init__(
        self,
        shared: Shared,
        session_id: str,
        run_id: str,
        present: Callable[[], Present | None],
    ) -> None:
        self._shared = shared
        self._session_id = session_id
        self._run_id = run_id  # where the search for earlier runs begins
        self._present = present  # the run to query; None: the session has closed
        self._pages: deque[_Queried] = deque(maxlen=KEPT_PAGES)
        self._history: _Stored | None = None  # as far as the histories were read
        self._reading: asyncio.Task[Source | None] | None = None
        self._query_at = 0.0  # when the workflow may be queried next
        self._limiter = LogLimiter()

    @property
    def held(self) -> int:
        """Bytes of memory that everything kept takes."""
        history = 0 if self._history is None else self._history.stored.held
        return history + sum(page.size for page in self._pages)

    def continue_in_next_run(self) -> None:
        """The session goes on in another run, and the log has that one's producers only."""
        self._pages.clear()

    def forget(self) -> None:
        """Drop everything kept: it can be read again."""
        self._pages.clear()
        self._history = None

    async def read(self, after: Place) -> Source | None:
        """Something with events after `after`; one read serves all that wait for it.

        None when there is nothing yet, because reading failed, the read under way was for another
        place, or Temporal has nothing more: try again.
        """
        kept = self._kept(after)
        if kept is not None:
            self._shared.counts.replays["memory"] += 1
            return kept
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read(after))
        reading = self._reading
        await asyncio.wait([reading])  # this way, neither is cancelled by the end of the other
        source = None if reading.cancelled() else reading.result()
        if source is not None and _serves(source, after):
            return source  # although `forget` may have dropped it meanwhile
        return self._kept(after)

    async def stop(self) -> None:
        """Cancel the read under way."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    def _kept(self, after: Place) -> Source | None:
        """What earlier reads have for a reader at `after`; None: nothing."""
        sources: list[Source] = [] if self._history is None else [self._history]
        return next((one for one in [*sources, *self._pages] if _serves(one, after)), None)

    async def _read(self, after: Place) -> Source | None:
        try:
            return await self._read_either(after)
        except (RPCError, CodecMissing) as error:
            self._shared.counts.failures["history"] += 1
            if self._limiter.due("no answer") is not None:
                log.warning(
                    "session %s cannot be read back: %s",
                    self._session_id, error,
                    extra=about("readback_failed", self._session_id),
                )  # fmt: skip
        except Exception:  # such as a codec's: readers wait, as they do while Temporal is away
            self._shared.counts.failures["history"] += 1
            if self._limiter.due("broken") is not None:
                log.exception(
                    "session %s cannot be read back", self._session_id,
                    extra=about("readback_broke", self._session_id),
                )  # fmt: skip
        await asyncio.sleep(PAUSE_SECONDS)  # within the shared read: one try a second for all
        return None

    async def _read_either(self, after: Place) -> Source | None:
        """The workflow's answer, or what the history has, if that is there first."""
        query = asyncio.ensure_future(self._query(after))
        reading: asyncio.Future[Source] | None = None
        try:
            await asyncio.wait([query], timeout=QUERY_LEAD_SECONDS)
            if query.done() and (source := query.result()) is not None:
                return source
            reading = asyncio.ensure_future(self._read_history(after))
            if not query.done():
                await asyncio.wait([query, reading], return_when=asyncio.FIRST_COMPLETED)
                if query.done() and (source := query.result()) is not None:
                    return source
            return await reading
        finally:
            if not query.done():
                self._query_at = now() + QUERY_REST_SECONDS
            tasks: list[asyncio.Future[Any]] = [query] if reading is None else [query, reading]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _query(self, after: Place) -> Source | None:
        """One page of the workflow's buffer, which is kept; None: it lacks what comes next."""
        present = self._present()
        if present is None or not after.includes(present.begins) or now() < self._query_at:
            return None
        page = await self._answer(after, present.run_id)
        if page is None or page.gap is not None or not page.events:
            return None  # the place is older than the workflow's buffer, or no worker answers
        if self._present() != present:
            return None  # the session has gone on in another run meanwhile, or has closed
        source = _Queried(after, page, _size(page.events))
        self._pages.append(source)
        self._shared.counts.replays["query"] += 1
        self._shared.memory.grew(source.size)
        return source

    async def _answer(self, after: Place, run_id: str) -> Page | None:
        """The workflow's answer; None when no worker answers in time."""
        reader = EventReader(self._shared.client, self._session_id, run_id)
        try:
            async with asyncio.timeout(QUERY_SECONDS):
                page = await reader.page(after)
        except (RPCError, WorkflowQueryFailedError, InvalidQuery, TimeoutError) as error:
            self._shared.counts.failures["query"] += 1
            self._query_at = now() + QUERY_REST_SECONDS  # each page of a long history would wait
            if self._limiter.due("no query") is not None:
                log.info(
                    "session %s does not answer the query: %r",
                    self._session_id, error,
                    extra=about("query_failed", self._session_id),
                )  # fmt: skip
            return None
        if self._limiter.due("query") is not None:
            log.info(
                "session %s: %s events after %s read by query",
                self._session_id, len(page.events), cut(after),
                extra=about("read_by_query", self._session_id, after),
            )  # fmt: skip
        return page

    async def _read_history(self, after: Place) -> Source:
        """Read on in the histories until they have an event after `after`."""
        stream = StoredStream(self._shared.client, self._session_id, self._run_id)
        history = self._history = self._history or _Stored(stream)  # a failed read keeps its place
        had = len(history.stored)
        await history.read_on(after, self._shared.memory.grew)
        self._shared.counts.replays["history"] += 1
        if self._limiter.due("history") is not None:
            read = len(history.stored) - had
            log.info(
                "session %s: %s events read from history",
                self._session_id, read,
                extra=about("read_from_history", self._session_id),
            )  # fmt: skip
        return history


def _serves(source: Source, after: Place) -> bool:
    """Whether it has something for a reader at this place."""
    page = source.read(after)
    goes_on = source.knowledge is not None and page.next != after  # in the next run
    return bool(page.events) or page.gap is not None or goes_on


def _size(events: tuple[NumberedEvent, ...]) -> int:
    """Bytes of memory that these events take."""
    return held_bytes(len(events), sum(len(event.data) for event in events))
