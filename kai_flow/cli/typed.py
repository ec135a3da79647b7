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
STOPPING: Final = (signal.SIGTERM, signal.SIGHUP)
AGAIN_SECONDS: Final = 0.2  # a signal that had no effect by then is sent again


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
def stopped_by_signals() -> Iterator[None]:
    """SIGTERM, and the end of the terminal, leave the block by a `SystemExit`. For the main thread.

    A signal that comes just before readline begins to wait for a key has no effect: Python handles
    signals in the main thread, and readline waits there. So a thread sends it again until it has.
    """
    left = threading.Event()
    main = threading.get_ident()
    watched, woken = socket.socketpair()

    def leave(number: int, _frame: FrameType | None) -> None:
        if not left.is_set():  # sent again, it must not interrupt the leaving
            left.set()
            raise SystemExit(128 + number)

    def repeat() -> None:
        while number := watched.recv(1):  # the signal's, written when it comes
            while number[0] in STOPPING and not left.wait(AGAIN_SECONDS):
                signal.pthread_kill(main, number[0])

    woken.setblocking(False)
    watcher = threading.Thread(target=repeat, daemon=True)
    watcher.start()
    before = {number: signal.signal(number, leave) for number in STOPPING}
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
