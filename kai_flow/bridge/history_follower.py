"""Follows the history of a session while no POST keeps the session's log up to date."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from temporalio.client import Client
from temporalio.service import RPCError

from kai_flow.bridge.memory_budget import MemoryBudget
from kai_flow.bridge.readback import PAUSE_SECONDS, DurableCopy
from kai_flow.runtime.log_limiter import LogLimiter
from kai_flow.stream.backoff import Backoff
from kai_flow.stream.clock import now
from kai_flow.stream.events import NumberedEvent, held_bytes
from kai_flow.stream.ids import START
from kai_flow.stream.session_log import SessionLog
from kai_flow.stream.supervised import retried
from kai_flow.stream.tail import HistoryTail

log = logging.getLogger(__name__)

UNFED_SECONDS: Final = 2.0  # without a useful POST, before the history is followed


class HistoryFollower:
    """Reads durable events into a session's log while no producer POSTs them here.

    POSTs and reads may interleave in any way: both only add to the log, which takes each event
    once, by its id. So it does not matter which of them brings an event first.
    """

    def __init__(
        self,
        client: Client,
        session_id: str,
        run_id: str,
        session_log: SessionLog,
        durable: DurableCopy,
        memory: MemoryBudget,
        *,
        wanted: Callable[[], bool],
        show_news: Callable[[], None],
    ) -> None:
        self._session_id = session_id
        self._log = session_log
        self._durable = durable
        self._memory = memory
        self._wanted = wanted  # the session is open and has readers
        self._show_news = show_news
        self._fed_at = now()  # last POST that brought the log up to date
        self._tail = HistoryTail(client, session_id, run_id)
        self._tailing = False  # the log has everything from before the place of the tail
        self._limiter = LogLimiter()

    def fed(self) -> None:
        """A POST has brought the log up to date: there is no need to follow for a while."""
        self._fed_at = now()

    async def run(self) -> None:
        """Follow as long as that is wanted; an outage of Temporal is waited out."""
        backoff = Backoff(PAUSE_SECONDS, PAUSE_SECONDS)
        await retried(self._follow, backoff, on=RPCError, failed=self._log_failure)

    def _log_failure(self, error: RPCError, _pause: float) -> None:
        if self._limiter.due("no answer") is not None:
            log.info("session %s cannot be followed: %s", self._session_id, error.message)

    async def _follow(self) -> None:
        while self._wanted() and not self._tail.ended:
            unfed = now() - self._fed_at
            if unfed < UNFED_SECONDS:
                await asyncio.sleep(UNFED_SECONDS - unfed)
                continue
            events = await self._read_tail()
            self._memory.grew(held_bytes(len(events), sum(len(event.data) for event in events)))
            if events and self._log.absorb(events):
                self._show_news()

    async def _read_tail(self) -> list[NumberedEvent]:
        """What has become durable since the last read; nothing the first time. Raises RPCError.

        The first time the tail skips to the end of the history, and only then the log catches up
        with what is durable by now. In this order no event can fall between the two: what comes
        before the skip is caught up with, and what comes after it is read by the tail. The history
        itself is not read: it may be long, and readers have most of it.
        """
        if self._tailing:
            return await self._tail.read()
        await self._tail.skip()
        await self._durable.catch_up(self._log.position or START)
        self._tailing = True
        return []
