"""Ctrl-C and SIGTERM: the first stops the program in order, the second ends it at once."""

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Final, Self

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# The last resort when a part does not stop. Worker, bridge and server together need about 2 s.
# Exiting at once is safe, because the child processes are supervised.
LEAVE_SECONDS: Final = 10.0

# A Ctrl-C in the terminal reaches this process and its launcher (just, uv run), which may send it
# on to this process: that repeated signal is not a second Ctrl-C of the user.
REPEAT_SECONDS: Final = 0.5


class ShutdownSignals:
    """Handles the signals during an `async with`; remembers the first one.

    Until `started` is called, the first signal cancels the task, and the block ends normally. After
    that it only sets the event that `wait` waits for.
    """

    def __init__(self) -> None:
        self.signal: int | None = None  # the first one that came
        self._since = 0.0  # when that was, monotonic
        self._asked = asyncio.Event()
        self._task: asyncio.Task[Any] | None = None  # to be cancelled; None once started

    async def __aenter__(self) -> Self:
        self._task = asyncio.current_task()
        for number in SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, self._receive, number)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        for number in SIGNALS:
            asyncio.get_running_loop().remove_signal_handler(number)
        if self._task is None or self.signal is None or exc_type is not asyncio.CancelledError:
            return False
        self._task.uncancel()
        return True

    @property
    def exit_code(self) -> int:
        """128 + the signal, as shells count."""
        return 128 + (self.signal or 0)

    def started(self) -> None:
        """Stop cancelling the task: from now on the program awaits `wait`."""
        self._task = None

    async def wait(self) -> None:
        """Return when the first signal has come."""
        await self._asked.wait()

    def _receive(self, number: int) -> None:
        now = time.monotonic()
        if self.signal is not None and now - self._since < REPEAT_SECONDS:
            return
        if self.signal is not None:
            sys.stderr.write("kai: stopped at once\n")
            os._exit(128 + number)
        self.signal, self._since = number, now
        self._asked.set()
        if self._task is not None:
            self._task.cancel()
        asyncio.get_running_loop().call_later(LEAVE_SECONDS, os._exit, 128 + number)


@contextmanager
def before_shutdown(act: Callable[[], None]) -> Iterator[None]:
    """Call `act` in the running loop when the process is asked to stop, while the block runs.

    It is for code inside a program that handles SIGINT and SIGTERM itself, such as a web server:
    that handler is called as well. A signal that nobody handles ends the process, and is left
    alone. So are all signals outside of the main thread, where Python allows no handlers.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    handled = {}
    for number in (signal.SIGINT, signal.SIGTERM):
        theirs = signal.getsignal(number)
        if callable(theirs):
            handled[number] = theirs

    def receive(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(act)  # a signal interrupts whatever the loop runs
        handled[signal.Signals(number)](number, frame)

    for number in handled:
        signal.signal(number, receive)
    try:
        yield
    finally:
        for number, theirs in handled.items():
            if signal.getsignal(number) is receive:
                signal.signal(number, theirs)
