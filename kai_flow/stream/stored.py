"""The stored stream of a run, as far as its history has been read. Later reads continue there."""

from collections.abc import Callable
from typing import Final

from temporalio.client import Client
from temporalio.service import RPCError

from kai_flow.stream.batches import Batch
from kai_flow.stream.buffer import EventBuffer
from kai_flow.stream.events import held_bytes
from kai_flow.stream.ids import EventId
from kai_flow.stream.reader import EVERYTHING
from kai_flow.stream.signals import PAGE_TIMEOUT
from kai_flow.stream.tail import SHORT_POLL_TIMEOUT, HistoryPages

# A page token covers what the history contained when it was issued. So one page without news only
# means that all of that has been read; so many in a row mean the end of the history.
_QUIET_PAGES: Final = 2


class StoredStream:
    """The events of one run, folded from its history."""

    def __init__(self, client: Client, session_id: str, run_id: str) -> None:
        self.run_id = run_id
        self.events = EventBuffer(run_id, EVERYTHING)
        self._pages = HistoryPages(client, session_id, run_id)
        self._timeout = SHORT_POLL_TIMEOUT  # longer after a failure: a large page takes time

    @property
    def complete(self) -> bool:
        """Whether the run has closed and all of it has been read."""
        return self._pages.ended

    @property
    def held(self) -> int:
        """Bytes of memory for its events."""
        return held_bytes(len(self.events), self.events.bytes)

    def reaches_past(self, after: EventId) -> bool:
        """Whether an event after `after` has been read."""
        return self.events.last is not None and self.events.last > after

    async def read_on(self, after: EventId | None, taken: Callable[[int], None]) -> None:
        """Read on until there is an event after `after`, or to the end. None: always to the end.

        `taken` is called after each page with the bytes of memory that it has added. Raises
        RPCError, or what the client's payload codec raises; the next call continues at that page.
        """
        quiet = 0
        while not (self.complete or quiet == _QUIET_PAGES):
            if after is not None and self.reaches_past(after):
                break
            before = self.held
            for batch in await self._read_page():
                self.events.apply(batch)
            quiet = min(self._pages.quiet, quiet + 1)  # only pages of this call count
            taken(self.held - before)

    async def _read_page(self) -> list[Batch]:
        try:
            batches = await self._pages.read(self._timeout)
        except RPCError:
            self._timeout = min(2 * self._timeout, PAGE_TIMEOUT)
            raise
        self._timeout = SHORT_POLL_TIMEOUT
        return batches
