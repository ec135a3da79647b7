"""Lines that a person types, with editing keys and a history that outlives the program."""

import contextlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Final

HISTORY_LINES: Final = 1_000
HANDLED: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
AGAIN_SECONDS: Final = 0.2  # a signal that was not handled by then is sent again
MANY_SIGNALS: Final = 4_096  # more than come before a handler runs


class Typed:
    """Lines from standard input; from a terminal with a prompt and the history in ``file``."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.interactive = sys.stdin.isatty() and sys.stdout.isatty()
        if self.interactive:
            _remember(file)

    def read(self, prompt: str) -> str:
        """The next line; `EOFError` at the end of the input, `KeyboardInterrupt` for Ctrl-C."""
        if self.interactive:
            return input(prompt)
        line = sys.stdin.readline()
        if not line:
            raise EOFError
        return line

    def keep(self) -> None:
        """Write the history down: also a terminal that is closed leaves it complete."""
        if self.interactive:
            with contextlib.suppress(ImportError, OSError):  # a history is no reason to fail
                import readline  # noqa: PLC0415  (absent from some builds of Python)

                readline.write_history_file(self._file)


def _remember(file: Path) -> None:
    with contextlib.suppress(ImportError, OSError):
        import readline  # noqa: PLC0415  (absent from some builds of Python)

        # readable only for its owner: questions may be confidential
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
        readline.set_history_length(HISTORY_LINES)
        readline.parse_and_bind("tab: self-insert")  # completing file names would help nobody
        readline.read_history_file(file)


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Ctrl-C raises `KeyboardInterrupt` within the block. For the main thread.

    SIGTERM, and the end of the terminal, leave the block by a `SystemExit`.

    Python handles signals in the main thread, and readline waits there. A signal that comes just
    before readline begins to wait would have no effect until the next key. So a thread sends each
    signal again until it is handled: Python writes its number to a socket when it comes, and the
    handler takes the numbers out. One that stays there is of a signal that was not handled.
    """
    left = threading.Event()
    main = threading.get_ident()
    watched, woken = socket.socketpair()
    handled = 0

    def handle(number: int, _frame: FrameType | None) -> None:
        nonlocal handled
        handled += 1
        with contextlib.suppress(BlockingIOError):
            watched.recv(MANY_SIGNALS, socket.MSG_DONTWAIT)
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        if not left.is_set():  # a second one must not interrupt the leaving
            left.set()
            raise SystemExit(128 + number)

    def repeat() -> None:
        while True:
            # Counted before the look: the handler may run as soon as there is something to see.
            before = handled
            number = watched.recv(1, socket.MSG_PEEK)
            if not number or left.wait(AGAIN_SECONDS):
                return
            if handled == before:
                signal.pthread_kill(main, number[0])

    woken.setblocking(False)
    watcher = threading.Thread(target=repeat, daemon=True)
    watcher.start()
    before = {number: signal.signal(number, handle) for number in HANDLED}
    wakeup = signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        left.set()
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, handler)
        woken.close()
        watcher.join()
        watched.close()
