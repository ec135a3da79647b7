"""Locks between processes that are freed even after a crash.

A `FileLock` is an flock: the kernel frees it when its last descriptor is closed, however the
process ended. The file stays and has no meaning of its own; its text is the holder's process id,
for messages.
"""

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from kai_flow.settings import StartError


class FileLock:
    """One exclusive lock on one file. Not reentrant; not for threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fd: int | None = None  # open while held; a child that inherits it holds the lock too

    def try_acquire(self) -> bool:
        """Take the lock if it is free; False when another process holds it."""
        try:
            fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as wrong:
            raise StartError(
                f"{self.path} cannot be opened ({wrong.strerror}): "
                "make the folder writable, or set KAI_HOME to another one"
            ) from None
        if not _take(fd):
            os.close(fd)
            return False
        os.ftruncate(fd, 0)
        os.write(fd, str(os.getpid()).encode())
        self.fd = fd
        return True

    def release(self) -> None:
        """Release the lock; without effect when it is not held here."""
        if self.fd is not None:
            os.close(self.fd)
            self.fd = None

    def holder(self) -> int | None:
        """The process id that the last holder wrote, if it can be read."""
        try:
            return int(self.path.read_text())
        except (OSError, ValueError):
            return None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()


def held_elsewhere(path: Path) -> bool:
    """Whether a process holds the lock now. Creates and changes no file."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def _take(fd: int) -> bool:
    # retried for a moment: `held_elsewhere` itself holds the lock for some microseconds
    for pause in (0.01, 0.02, 0.03, None):
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if pause is not None:
                time.sleep(pause)
        else:
            return True
    return False


def prepare_home(home: Path) -> None:
    """Create the home folder, readable only for its owner."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as wrong:
        raise StartError(
            f"the folder {home} cannot be created ({wrong.strerror}): set KAI_HOME to another one"
        ) from None
