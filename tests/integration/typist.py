"""A person at a terminal: types at a program, and looks at what it shows."""

import contextlib
import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Final

from tests.children import bound

ESCAPES: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\r|\x07")
SECONDS: Final = 60.0  # on a busy machine

# Takes the terminal as its own, so that Ctrl-C becomes a signal, and then becomes the program.
TAKE: Final = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    " os.execv(sys.argv[1], sys.argv[1:])"
)


class Typist:
    """Types at one program."""

    def __init__(self, command: list[str], environ: dict[str, str]) -> None:
        self._keys, theirs = pty.openpty()
        self.process = subprocess.Popen(
            bound([sys.executable, "-c", TAKE, *command]),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environ | {"TERM": "xterm", "COLUMNS": "120"},
            start_new_session=True,
        )
        os.close(theirs)
        self._shown = ""
        self._seen = 0  # how much of it has been looked for

    def type(self, text: str) -> None:
        """Type keys; a carriage return is Enter."""
        os.write(self._keys, text.encode())

    def sees(self, words: str) -> str:
        """Wait until the words are shown after what was seen before; returns what led to them."""
        deadline = time.monotonic() + SECONDS
        while words not in self._shown[self._seen :]:
            assert time.monotonic() < deadline, f"{words!r} is not in {self._shown[self._seen :]!r}"
            assert self._read(deadline), (
                f"it ended without {words!r}: {self._shown[self._seen :]!r}"
            )
        found = self._shown.index(words, self._seen) + len(words)
        before, self._seen = self._shown[self._seen : found], found
        return before

    def leaves(self) -> int:
        """Wait for the end of the program; returns its exit code."""
        deadline = time.monotonic() + SECONDS
        while self._read(deadline):
            assert time.monotonic() < deadline, self._shown
        return self.process.wait(SECONDS)

    def close(self) -> None:
        """End the program, if it still runs."""
        self.process.kill()
        self.process.wait()
        os.close(self._keys)

    def _read(self, deadline: float) -> bool:
        """Look at what is shown next; False at the end of the program."""
        ready, _, _ = select.select([self._keys], [], [], max(0.0, deadline - time.monotonic()))
        more = b""
        with contextlib.suppress(OSError):  # Linux: the other end is closed
            more = os.read(self._keys, 65_536) if ready else b"\x07"
        self._shown = ESCAPES.sub("", self._shown + more.decode(errors="replace"))
        return bool(more)


@contextlib.contextmanager
def typist(command: list[str], environ: dict[str, str]) -> Iterator[Typist]:
    """Somebody who types at a program; it is killed at the end if it still runs."""
    one = Typist(command, environ)
    try:
        yield one
    finally:
        one.close()
