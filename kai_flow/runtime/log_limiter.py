"""Limits equal log lines, so that a client that causes log lines cannot fill the disk."""

import logging
from collections.abc import Hashable
from typing import Final

from kai_flow.stream.clock import now

QUIET_SECONDS: Final = 10.0  # between two lines of one kind
MAX_KINDS: Final = 100  # kinds of lines that may be written in that time


class LogLimiter:
    """Decides which lines are written, and counts the suppressed ones."""

    def __init__(self) -> None:
        self._written_at: dict[Hashable, float] = {}  # by kind, the oldest first
        self._suppressed: dict[Hashable, int] = {}  # by kind, since its last line
        self._others = 0  # suppressed lines of kinds that are not in the tables

    def due(self, kind: Hashable) -> int | None:
        """None: do not write the line. A number: so many were suppressed since the last one."""
        moment = now()
        while self._written_at and self._oldest() <= moment - 2 * QUIET_SECONDS:
            self._forget(next(iter(self._written_at)))
        written_at = self._written_at.get(kind)
        if written_at is not None and moment - written_at < QUIET_SECONDS:
            self._suppressed[kind] = self._suppressed.get(kind, 0) + 1
            return None
        recent = sum(moment - at < QUIET_SECONDS for at in self._written_at.values())
        if recent >= MAX_KINDS:
            self._others += 1
            return None
        self._written_at.pop(kind, None)
        self._written_at[kind] = moment
        suppressed = self._suppressed.pop(kind, 0) + self._others
        self._others = 0
        return suppressed

    def _oldest(self) -> float:
        return next(iter(self._written_at.values()))

    def _forget(self, kind: Hashable) -> None:
        del self._written_at[kind]
        self._others += self._suppressed.pop(kind, 0)


class LimitedLines(logging.Filter):
    """A logging filter that limits lines with the same text below the level ERROR.

    Errors are always written: they are defects, and each may be a different one. The filter needs
    a running event loop, whose clock it uses.
    """

    def __init__(self) -> None:
        super().__init__()
        self._limiter = LogLimiter()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written; a written line ends with the number of suppressed ones."""
        if record.levelno >= logging.ERROR:
            return True
        suppressed = self._limiter.due(record.msg)
        if suppressed is None:
            return False
        if suppressed:
            record.msg = f"{record.msg} ({suppressed} more such lines were not logged)"
        return True
