"""The standing tail of a session: reads the history of its runs as it grows.

It is how a bridge learns everything that only Temporal can show: which producers there are, which
events are durable, what the workflow itself publishes, that the session goes on in another run, and
how it ends.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Final

from temporalio.api.history.v1 import HistoryEvent
from temporalio.service import RPCError, RPCStatusCode

from kai_flow.bridge.shared import Scope
from kai_flow.runtime.log_limiter import LogLimiter
from kai_flow.stream.backoff import Backoff
from kai_flow.stream.batches import Batch
from kai_flow.stream.codec import CodecMissing
from kai_flow.stream.events import held_bytes
from kai_flow.stream.fold import Fold
from kai_flow.stream.log_fields import about
from kai_flow.stream.notifier import Notifier, wait_for
from kai_flow.stream.outcome import Outcome, outcome_of
from kai_flow.stream.place import Place
from kai_flow.stream.recorded import Published, Recorded, Spoken
from kai_flow.stream.signals import LONG_POLL_TIMEOUT, PAGE_TIMEOUT
from kai_flow.stream.supervised import retried
from kai_flow.stream.tail import QUIET_PAGES, SHORT_POLL_TIMEOUT, RunHistory

log = logging.getLogger(__name__)

PAUSE_SECONDS: Final = 1.0  # after a failed call to Temporal
MAX_PAUSE_SECONDS: Final = 10.0  # the longest such pause
NEWS_PAUSE_SECONDS: Final = 0.05  # after a page with something new
UNBUDGETED_PAUSE_SECONDS: Final = 1.0  # between two polls without a long poll
KEPT_PAGE_BYTES: Final = 1024 * 1024  # of events; a longer page is not the last one of a history


class SessionTail:
    """Reads one session's history into its log: one task, from the session's beginning to its end.

    A long history is only folded at first, because readers read it back by themselves. Once its end
    comes in sight, the log begins, and everything from there on goes into it.

    A signal makes four history events one after another, each of which would end a long poll. So
    the tail pauses after a page with something new, for less time than a reader notices. Whoever
    has to know the present state calls `refresh`, which cuts the pause short.

    Races: this task alone drives the log's fold, and does so without an await, between two reads.
    POSTs go into the same log at any time. The log takes each event once, by its id, so it does not
    matter which of the two brings it first.
    """

    def __init__(
        self,
        scope: Scope,
        run_id: str,
        *,
        news: Callable[[], None],
        continued: Callable[[str], None],
        closed: Callable[[Outcome | None], None],
    ) -> None:
        self.missing: CodecMissing | None = None  # the session cannot be read, or signalled
        self.moved = Notifier()  # notified after each page, and by the publisher; POSTs wait for it
        self._shared = scope.shared
        self._session_id = scope.session_id
        self._log = scope.log
        self._sent = scope.sent
        self._notifier = scope.notifier
        self._news = news  # there is something new to show
        self._continued = continued  # the session goes on in this run
        self._closed = closed  # the session has ended; None: another stream has taken its id
        self._history = self._history_of(run_id)
        self._fold: Fold | None = None  # of that run, until the log has begun
        self._over = False  # the session has ended
        self._pause = 0.0  # seconds before the next poll
        self._timeout = SHORT_POLL_TIMEOUT  # of a short poll; longer after a failure
        self._pages = 0  # how many were read
        self._short = False  # a short poll is under way
        self._asking: list[Callable[[], bool]] = []  # of each call of `refresh`: whether it is over
        self._woken = asyncio.Event()  # set by `refresh`
        self._limiter = LogLimiter()

    @property
    def run_id(self) -> str:
        """The run that is being read."""
        return self._history.run_id

    @property
    def activities(self) -> int:
        """How many activities the run has scheduled, with or without a mark."""
        return self._history.activities

    @property
    def begins(self) -> Place | None:
        """What a reader has to have before the events of this run; None: that is not known yet."""
        start = self._history.start
        return None if start is None else start.begins

    async def run(self) -> None:
        """Read until the session has ended, through every outage of Temporal."""
        backoff = Backoff(PAUSE_SECONDS, MAX_PAUSE_SECONDS)
        try:
            await retried(self._follow, backoff, on=Exception, failed=self._failed)
        except RPCError:
            log.warning(
                "session %s: its run %s is gone",
                self._session_id, self.run_id,
                extra=about("run_gone", self._session_id),
            )  # fmt: skip
            self._end(None)

    async def refresh(self, enough: Callable[[], bool] = lambda: False) -> None:
        """Return once everything is in the log that Temporal has now, or `enough` of it is.

        It also returns when that cannot be read (`missing`). All who wait share the same polls, and
        a later caller delays no earlier one. The caller limits the time: an outage is waited out.
        """
        asked_at = self._pages + self._short  # the short poll under way may miss what is there now

        def answered() -> bool:
            unread = self.missing is not None
            return self._over or unread or enough() or self._has_all_since(asked_at)

        self._asking.append(answered)
        self._woken.set()
        try:
            while not answered():
                await self.moved.next.wait()
        finally:
            self._asking.remove(answered)

    def _has_all_since(self, page: int) -> bool:
        """Whether the pages read after the first `page` ones show the end of the history."""
        return self._history.quiet >= QUIET_PAGES and self._pages - QUIET_PAGES >= page

    async def _follow(self) -> None:
        while not self._over:
            if self._history.ended and self._history.closed is not None:
                await self._leave_run(self._history.closed)
            else:
                self._take(await self._read())
            self.moved.notify()

    def _failed(self, error: Exception, _pause: float) -> None:
        """Log an outage, and try again; end the tries when there is no such run.

        A codec that fails ends them as well: its error is a defect, whose traceback is logged.
        """
        if isinstance(error, CodecMissing):
            self._lack(error)
            return
        if not isinstance(error, RPCError):
            raise error
        if error.status == RPCStatusCode.NOT_FOUND:
            raise error
        self._shared.counts.failures["tail"] += 1
        self._timeout = min(2 * self._timeout, PAGE_TIMEOUT)  # a large page takes time
        if self._limiter.due("outage") is not None:
            log.info(
                "session %s: waiting for Temporal: %s",
                self._session_id, error.message,
                extra=about("waiting_for_temporal", self._session_id),
            )  # fmt: skip

    def _lack(self, error: CodecMissing) -> None:
        """What comes next cannot be read: nobody is told that there is nothing."""
        if self.missing is None:
            log.warning(
                "session %s: this bridge shows and signals nothing of it: %s",
                self._session_id, error,
                extra=about("codec_missing", self._session_id),
            )  # fmt: skip
        self.missing = error
        self.moved.notify()
        self._notifier.notify()

    async def _read(self) -> list[Recorded]:
        """The next page; nothing when `refresh` was called meanwhile. Raises RPCError."""
        self._woken.clear()
        if self._pause and not self._is_asked():
            await wait_for(self._woken, self._pause)
        # While the log has not begun, a long poll would wait at the end of a long history.
        if self._is_asked() or not self._log.begun:
            return await self._poll_shortly()
        with self._shared.polls.one() as long:
            items = await (self._poll_long() if long else self._poll_shortly())
        news = not self._history.quiet
        self._pause = (NEWS_PAUSE_SECONDS if news else 0.0) if long else UNBUDGETED_PAUSE_SECONDS
        return items

    def _is_asked(self) -> bool:
        """Whether a caller of `refresh` still waits for a page."""
        return any(not answered() for answered in self._asking)

    async def _poll_shortly(self) -> list[Recorded]:
        """The next page. The server answers at once, also when there is nothing new."""
        self._short = True
        try:
            items = await self._history.read(self._timeout)
        finally:
            self._short = False
        return self._read_page(items)

    async def _poll_long(self) -> list[Recorded]:
        """One page, or nothing as soon as `refresh` is called.

        The history keeps its place when a poll is given up.
        """
        polling = asyncio.ensure_future(self._history.read(LONG_POLL_TIMEOUT))
        waking = asyncio.ensure_future(self._woken.wait())
        try:
            await asyncio.wait({polling, waking}, return_when=asyncio.FIRST_COMPLETED)
            if not polling.done():
                return []
        finally:
            waking.cancel()
            polling.cancel()
            await asyncio.wait({polling})
        return self._read_page(polling.result())

    def _read_page(self, items: list[Recorded]) -> list[Recorded]:
        self._pages += 1
        self.missing = None
        self._timeout = SHORT_POLL_TIMEOUT
        return items

    def _take(self, items: list[Recorded]) -> None:
        """Take in a page. A long one is only folded, as long as the log has not begun."""
        if self._history.start is None:
            return
        size = _size(items)
        if not self._log.begun:
            self._fold = self._fold or self._history.fold()
            if size > KEPT_PAGE_BYTES and not self._history.ended:
                for item in items:
                    self._fold.take(item)
                return
            self._log.begin(self._fold)
            self._news()
        self._shared.memory.grew(size)
        news = [self._log.absorb(item) for item in items]
        if any(news):
            self._news()

    async def _leave_run(self, closed: HistoryEvent) -> None:
        """The run has closed, and all of it was read: go on with the next one, or end."""
        if not self._history.next_run:
            client = self._shared.client
            self._end(await outcome_of(client, self._session_id, self.run_id, closed))
            return
        history = self._history_of(self._history.next_run)
        items = await history.read(self._timeout)
        if history.start is None or history.start.continued_from != self.run_id:
            self._end(None)
            return
        self._history, self._fold = history, None
        if self._log.begun:
            self._log.continue_in(history.fold())
        self._continued(history.run_id)
        self._take(items)

    def _end(self, outcome: Outcome | None) -> None:
        self._over, self.missing = True, None
        if outcome is not None:
            self._log.end()
        self._closed(outcome)
        self.moved.notify()

    def _history_of(self, run_id: str) -> RunHistory:
        return RunHistory(self._shared.client, self._session_id, run_id, self._sent.recall)


def _size(items: Iterable[Recorded]) -> int:
    """Bytes of memory for the events among these items."""
    batches: list[Batch] = []
    for item in items:
        match item:
            case Published():
                batches += item.batches
            case Spoken():
                batches.append(item.batch)
            case _:
                pass
    events = [event for batch in batches for event in batch.events]
    return held_bytes(len(events), sum(len(event.data) for event in events))
