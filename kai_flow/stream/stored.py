"""The stream of a run as far as its history was read: what was read is kept, and gone on from."""

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

# A page can come empty because what there was when its like was first asked for has all been given.
_QUIET_PAGES: Final = 2  # in a row: the end


class StoredStream:
    """Events of one run, folded from its history."""

    def __init__(self, client: Client, session_id: str, run_id: str) -> None:
        self.run_id = run_id
        self.events = EventBuffer(run_id, EVERYTHING)
        self._pages = HistoryPages(client, session_id, run_id)
        self._timeout = SHORT_POLL_TIMEOUT  # longer after a failure: a page may need its time

    @property
    def complete(self) -> bool:
        """The run has closed and all of it has been read."""
        return self._pages.ended

    @property
    def held(self) -> int:
        """What it takes in memory."""
        return held_bytes(len(self.events), self.events.bytes)

    def reaches_past(self, after: EventId) -> bool:
        """Whether there is an event behind `after`."""
        return self.events.last is not None and self.events.last > after

    async def read_on(self, after: EventId | None, taken: Callable[[int], None]) -> None:
        """Read until there is an event behind `after`, if there is any; None: to the end.

        `taken` is told, after each page, how much memory it has added. Raises RPCError, or what the
        client's codec raises; the place is kept.
        """
        quiet = 0
        while not (self.complete or quiet == _QUIET_PAGES):
            if after is not None and self.reaches_past(after):
                break
            before = self.held
            for batch in await self._read_page():
                self.events.apply(batch)
            quiet = min(self._pages.quiet, quiet + 1)  # of this call's own pages
            taken(self.held - before)

    async def _read_page(self) -> list[Batch]:
        try:
            batches = await self._pages.read(self._timeout)
        except RPCError:
            self._timeout = min(2 * self._timeout, PAGE_TIMEOUT)
            raise
        self._timeout = SHORT_POLL_TIMEOUT
        return batches
