"""Limits how much a bridge holds in all, and decides what is dropped first.

Counting everything at every POST would cost more than the POST itself. So what comes in is added to
a sum as it comes. Everything is counted again now and then, and when the sum exceeds the limit.
"""

from collections.abc import Callable, Iterable
from typing import Final, Protocol

from kai_flow.stream.clock import now

MAX_BYTES: Final = 512 * 1024 * 1024
EVENT_BYTES: Final = 640  # of an event with its frame, in addition to twice its data
RECOUNT_SECONDS: Final = 0.25  # between two counts, however often the limit is exceeded

_LEFT: Final = 0.9  # of the limit: drop down to this, or the next event would need a new count


class Holder(Protocol):
    """Something that holds events: a session, or a channel with events sent by hand."""

    touched: float
    """When it was last used."""

    @property
    def held(self) -> int:
        """Bytes of memory that it takes. The figure has to be kept ready: it is asked for often."""

    def forget(self) -> None:
        """Drop everything that can be read back or need not be kept."""


class MemoryBudget:
    """The budget that all `holders` share."""

    def __init__(self, holders: Callable[[], Iterable[Holder]]) -> None:
        self._holders = holders
        self._held = 0  # at the last count, and everything that has come since
        self._counted_at = now() - RECOUNT_SECONDS
        self.full = False  # the last events that were to come in had no room, and none has come

    def grew(self, size: int) -> None:
        """Note that `size` more bytes are held. Over the limit, drop what can be dropped."""
        self._held += size
        if self._held > MAX_BYTES and now() - self._counted_at >= RECOUNT_SECONDS:
            self.make_room(size)

    def admits(self, events: int, size: int) -> bool:
        """Whether `events` events of `size` bytes may be taken in. If so, they count as held."""
        size = 2 * size + events * EVENT_BYTES  # as frames, and once more while not durable
        self.grew(size)
        self.full = self._held > MAX_BYTES
        if self.full:
            self._held -= size
        return not self.full

    def make_room(self, coming: int = 0) -> None:
        """Count everything, and over the limit drop first what has been unused for longest.

        `coming` bytes are to come in, and no holder counts them yet.
        """
        holders = list(self._holders())
        self._held = coming + sum(holder.held for holder in holders)
        self._counted_at = now()
        self.full = self.full and self._held > MAX_BYTES * _LEFT
        if self._held <= MAX_BYTES:
            return
        for holder in sorted(holders, key=lambda holder: holder.touched):
            self._held -= holder.held
            holder.forget()
            self._held += holder.held
            if self._held <= MAX_BYTES * _LEFT:
                break
