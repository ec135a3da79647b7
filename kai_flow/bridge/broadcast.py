"""The loop that serves the live readers of one session: one task for all of them.

It is woken as readers' own tasks are, and writes in slices, so that a POST never waits for a
thousand writes.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from kai_flow.bridge.live_readers import LiveReader, LiveReaders, Present
from kai_flow.stream.notifier import Notifier, wait_for
from kai_flow.stream.supervised import supervised

SLICE_READERS: Final = 100  # written to in one turn of the event loop: less than a millisecond


class Broadcast:
    """Live readers, and the task that serves them while there are any.

    Races: readers join and leave at every await, and the log changes. The task takes the notifier's
    next event before it reads the log, so a later change wakes it. A reader joins in the same step
    in which it finds that it has all of the log: what is shown later is written by this task. When
    it falls out or leaves, its position says what it was written, and nothing more is written.
    """

    def __init__(
        self, what: str, readers: LiveReaders, notifier: Notifier, present: Callable[[], Present]
    ) -> None:
        self._what = what
        self._readers = readers
        self._notifier = notifier
        self._present = present
        self._fallen: dict[LiveReader, asyncio.Event] = {}
        self._task: asyncio.Task[None] | None = None

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

    async def _run(self) -> None:
        while self._readers:
            notified = self._notifier.next
            for turn, readers in enumerate(self._readers.due(self._present(), SLICE_READERS)):
                if turn:
                    await asyncio.sleep(0)
                self._serve(readers)
            await wait_for(notified)

    def _serve(self, readers: list[LiveReader]) -> None:
        for reader in self._readers.serve(readers, self._present()):
            self._fallen[reader].set()
