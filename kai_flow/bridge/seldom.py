"""Saying the same thing seldom: whoever can make a bridge write a line could fill its disk."""

from collections.abc import Hashable
from typing import Final

from kai_flow.stream.clock import now

QUIET_SECONDS: Final = 10.0  # between two lines of one kind
MAX_KINDS: Final = 100  # lines of different kinds in that time


class Seldom:
    """Which lines are written, and how many were not."""

    def __init__(self) -> None:
        self._said: dict[Hashable, float] = {}  # when each kind was, the oldest first
        self._unsaid: dict[Hashable, int] = {}  # since then
        self._others = 0  # of kinds for which there was no place

    def due(self, kind: Hashable) -> int | None:
        """None: do not write it. Else how many were not written since the last line."""
        moment = now()
        while self._said and moment - next(iter(self._said.values())) >= 2 * QUIET_SECONDS:
            self._drop(next(iter(self._said)))
        said_at = self._said.get(kind)
        if said_at is not None and moment - said_at < QUIET_SECONDS:
            self._unsaid[kind] = self._unsaid.get(kind, 0) + 1
            return None
        recent = sum(moment - at < QUIET_SECONDS for at in self._said.values())
        if recent >= MAX_KINDS:
            self._others += 1
            return None
        self._said.pop(kind, None)
        self._said[kind] = moment
        unsaid = self._unsaid.pop(kind, 0) + self._others
        self._others = 0
        return unsaid

    def _drop(self, kind: Hashable) -> None:
        del self._said[kind]
        self._others += self._unsaid.pop(kind, 0)
