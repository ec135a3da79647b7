"""A memory budget that requests share: over the limit, the requests that hold longest are given up.

So a client that holds many slow requests open cannot keep others out: a request that is done in a
moment is never among the oldest.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice


class Share:
    """What one request holds."""

    def __init__(self, give_up: Callable[[], object]) -> None:
        self.bytes = 0
        self.given_up = False
        self._give_up = give_up

    def give_up(self) -> None:
        """End the request, once. It leaves the budget when its task runs next, and not yet."""
        if not self.given_up:
            self.given_up = True
            self._give_up()


class RequestBudget:
    """All requests that hold something now."""

    def __init__(self) -> None:
        self._bytes = 0
        self._shares: dict[Share, None] = {}  # in the order in which they came

    @contextmanager
    def share(self, give_up: Callable[[], object]) -> Iterator[Share]:
        """The share of one request while the block runs; `give_up` has to end that request."""
        share = Share(give_up)
        self._shares[share] = None
        try:
            yield share
        finally:
            del self._shares[share]
            self._bytes -= share.bytes

    def grow(self, share: Share, size: int, limit: int) -> None:
        """So many bytes more are held; while it is more than `limit` in all, the oldest give way.

        The newest request stays: if it were given up as well, none would be served.
        """
        share.bytes += size
        self._bytes += size
        excess = self._bytes - limit
        for oldest in islice(self._shares, len(self._shares) - 1):
            if excess <= 0:
                break
            if oldest.bytes:
                oldest.give_up()
                excess -= oldest.bytes


def expire(timeout: asyncio.Timeout, seconds: float = 0) -> None:
    """Let a timeout that has been entered expire in `seconds`, also from another task."""
    if not timeout.expired():  # its own time may be up, before its task has run and left the budget
        timeout.reschedule(asyncio.get_running_loop().time() + seconds)
