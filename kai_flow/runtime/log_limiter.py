"""A limit on equal lines in a log: whoever can make a server write a line could fill its disk."""

import logging
from collections.abc import Hashable
from typing import Final

from kai_flow.stream.clock import now

QUIET_SECONDS: Final = 10.0  # between two lines of one kind
MAX_KINDS: Final = 100  # lines of different kinds in that time


class LogLimiter:
    """Decides which lines are written, and counts those that are not."""

    def __init__(self) -> None:
        self._written_at: dict[Hashable, float] = {}  # by kind, the oldest first
        self._suppressed: dict[Hashable, int] = {}  # by kind, since its last line
        self._others = 0  # suppressed lines of kinds that are not in the tables

    def due(self, kind: Hashable) -> int | None:
        """None: do not write it. Else how many lines were suppressed since the last one."""
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
    """A logging filter that limits lines of the same text below ERROR.

    Errors pass: they are mistakes of ours, and each may be another one. Use it only where an event
    loop runs, whose clock it reads.
    """

    def __init__(self) -> None:
        super().__init__()
        self._limiter = LogLimiter()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written; if it is, it ends with the number of those suppressed."""
        if record.levelno >= logging.ERROR:
            return True
        suppressed = self._limiter.due(record.msg)
        if suppressed is None:
            return False
        if suppressed:
            record.msg = f"{record.msg} ({suppressed} more such lines were not logged)"
        return True
