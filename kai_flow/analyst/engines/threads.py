"""Runs blocking database work in threads; a deadline or a cancelled task ends it."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from kai_flow.analyst.errors import QueryTimeout

__all__ = ["Stop", "in_thread", "query_in_thread"]

_THREADS = 16  # queries at once; a slow one blocks one of these, never the event loop
_pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="kai-sql")

_AGAIN_S = 0.2  # an interrupt between two statements has no effect, so it is sent again
_GIVE_UP_S = 5.0  # after this, a driver that ignores interrupts runs into its socket's timeout

T = TypeVar("T")


class Stop:
    """Tells running work to end: its deadline has passed, or it was cancelled."""

    def __init__(self, seconds: float) -> None:
        self._deadline = time.monotonic() + seconds
        self._cancelled = threading.Event()
        self.interrupt: Callable[[], None] | None = None
        """Interrupts the driver, from any thread. The work sets it while it runs."""

    @property
    def late(self) -> bool:
        """Whether the deadline has passed."""
        return self.left <= 0

    @property
    def left(self) -> float:
        """Seconds until the deadline; not above zero once it has passed."""
        return self._deadline - time.monotonic()

    def __call__(self) -> bool:
        """Whether to end now. SQLite asks this as its progress handler."""
        return self._cancelled.is_set() or self.late

    def cancel(self) -> None:
        """Ask the work to end, from any thread."""
        self._cancelled.set()

    def press(self) -> None:
        """Interrupt the driver, if there is something to interrupt."""
        interrupt = self.interrupt
        if interrupt is not None:
            with suppress(Exception):  # the work may just have ended: then there is nothing to do
                interrupt()


async def in_thread(work: Callable[[Stop], T], deadline_s: float) -> T:
    """Run blocking work in a thread. The deadline, or cancelling this call, interrupts it."""
    stop = Stop(deadline_s)
    loop = asyncio.get_running_loop()
    future = loop.run_in_executor(_pool, work, stop)
    try:
        await asyncio.wait([future], timeout=deadline_s)
        if not future.done():
            await _end(future, stop)
        if not future.done():
            raise TimeoutError
        return await future
    except asyncio.CancelledError:
        stop.cancel()
        # Wait, so that no thread goes on reading the database.
        await _end(future, stop)
        if future.done() and not future.cancelled():
            future.exception()  # retrieved, so that asyncio does not report it
        raise


async def query_in_thread(work: Callable[[Stop], T], deadline_s: float) -> T:
    """Run a query as `in_thread` does; past its deadline it is a ``QueryTimeout``."""
    try:
        return await in_thread(work, deadline_s)
    except TimeoutError:
        raise QueryTimeout(deadline_s) from None


async def _end(future: "asyncio.Future[T]", stop: Stop) -> None:
    """Interrupt until the work has ended, or `_GIVE_UP_S` have passed."""
    until = time.monotonic() + _GIVE_UP_S
    loop = asyncio.get_running_loop()
    while not future.done() and time.monotonic() < until:
        # Not in the pool, which may be full: MySQL's interrupt opens a connection, which blocks.
        pressed = loop.run_in_executor(None, stop.press)
        await asyncio.wait({asyncio.ensure_future(pressed)}, timeout=_AGAIN_S)
        if not future.done():
            await asyncio.wait([future], timeout=_AGAIN_S)
