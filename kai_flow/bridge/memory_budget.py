"""How much a bridge holds in all, and what it lets go of first.

Counting everything at every POST would cost more than the POST. So what comes in is added as it
comes, and all is counted anew now and then, and whenever the sum says that it is too much.
"""

from collections.abc import Callable, Iterable
from typing import Final, Protocol

from kai_flow.stream.clock import now

MAX_BYTES: Final = 512 * 1024 * 1024
EVENT_BYTES: Final = 512  # of an event and its frame, beside twice its data
RECOUNT_SECONDS: Final = 0.25  # between two counts, however often there is too much

_LEFT: Final = 0.9  # of the limit, once something had to go: not one count for each event more


class Holder(Protocol):
    """What holds events: a session, or what was sent by hand in a channel."""

    touched: float

    @property
    def held(self) -> int:
        """What everything held takes in memory: a figure kept ready, for it is asked often."""

    def forget(self) -> None:
        """Let go of what can be read back, or was never to be kept."""


class MemoryBudget:
    """The account of all that `holders` hold."""

    def __init__(self, holders: Callable[[], Iterable[Holder]]) -> None:
        self._holders = holders
        self._held = 0  # at the last count, and everything that has come since
        self._counted_at = now() - RECOUNT_SECONDS

    def grew(self, size: int) -> None:
        """So many bytes more are held; what can be let go of makes room for them."""
        self._held += size
        if self._held > MAX_BYTES and now() - self._counted_at >= RECOUNT_SECONDS:
            self.make_room(size)

    def admits(self, events: int, size: int) -> bool:
        """Whether so many events of so many bytes may be taken in; they then count as held."""
        size = 2 * size + events * EVENT_BYTES  # as frames, and once more while not durable
        self.grew(size)
        if self._held <= MAX_BYTES:
            return True
        self._held -= size
        return False

    def make_room(self, coming: int = 0) -> None:
        """Count, and over the limit let go: of what was longest untouched first.

        So many bytes are `coming`, which no holder counts yet.
        """
        holders = list(self._holders())
        self._held = coming + sum(holder.held for holder in holders)
        self._counted_at = now()
        if self._held <= MAX_BYTES:
            return
        for holder in sorted(holders, key=lambda holder: holder.touched):
            self._held -= holder.held
            holder.forget()
            self._held += holder.held
            if self._held <= MAX_BYTES * _LEFT:
                break
