"""The loop that serves the live readers of one session: one task for all of them.

It is woken as readers' own tasks are, and writes in slices, so that a POST never waits for a
thousand writes. The first slice does not wait for the task: it is written as soon as an event is
shown, before the POST that brought it is answered.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from typing import Final

from kai_flow.bridge.live_readers import LiveReader, LiveReaders, Present
from kai_flow.stream.clock import now
from kai_flow.stream.log_fields import about
from kai_flow.stream.notifier import Notifier, wait_for
from kai_flow.stream.supervised import supervised
from kai_flow.stream.tally import Histogram

log = logging.getLogger(__name__)

SLICE_READERS: Final = 100  # written to in one turn of the event loop: less than a millisecond


class Broadcast:
    """Live readers, and the task that serves them while there are any.

    Races: readers join and leave at every await, and the log changes. The task takes the notifier's
    next event before it reads the log, so a later change wakes it. A change may come between two
    slices of a round that `begin` has begun, so the task lets another round follow it. A reader
    joins in the same step in which it finds that it has all of the log: what is shown later is
    written here. When it falls out or leaves, its position says what it was written, and nothing
    more is written.
    """

    def __init__(
        self,
        what: str,
        readers: LiveReaders,
        notifier: Notifier,
        present: Callable[[], Present],
        written: Histogram,
    ) -> None:
        self._what = what
        self._readers = readers
        self._notifier = notifier
        self._present = present
        self._fallen: dict[LiveReader, asyncio.Event] = {}
        self._round: Iterator[list[LiveReader]] = iter(())  # the slices to come
        self._task: asyncio.Task[None] | None = None
        self._written = written  # how long events took to be written to each live reader
        self._news_at: float | None = None  # when the log showed what is being written

    def __len__(self) -> int:
        return len(self._readers)

    async def serve(self, reader: LiveReader) -> None:
        """Serve a reader until it falls out."""
        self._readers.join(reader)
        fallen = self._fallen[reader] = asyncio.Event()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(supervised(self._what, self._run))
        try:
            await fallen.wait()
        finally:
            self._readers.leave(reader)
            del self._fallen[reader]
            if not self._readers and self._task is not None:
                self._task.cancel()
                self._task = None

    def begin(self) -> None:
        """Write to the first slice at once. The task, which has to be woken, does the rest."""
        try:
            readers = next(self._round, None)
            if readers is None:
                self._news_at = now()
                self._round = self._due()
                readers = next(self._round, [])
            self._serve(readers)
        except Exception:  # it must not break the POST; the task serves these readers, too
            log.exception("%s broke before its task", self._what, extra=about("broadcast_broke"))

    async def _run(self) -> None:
        while self._readers:
            notified = self._notifier.next
            await self._finish()
            self._round = self._due()
            await self._finish()
            self._news_at = None  # what comes until the next news is no event
            await wait_for(notified)

    async def _finish(self) -> None:
        for readers in self._round:
            self._serve(readers)
            await asyncio.sleep(0)

    def _due(self) -> Iterator[list[LiveReader]]:
        return self._readers.due(self._present(), SLICE_READERS)

    def _serve(self, readers: list[LiveReader]) -> None:
        for reader in self._readers.serve(readers, self._present()):
            self._fallen[reader].set()
        if readers and self._news_at is not None:
            self._written.observe(now() - self._news_at, len(readers))
