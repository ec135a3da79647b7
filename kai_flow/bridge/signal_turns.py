"""Gives the sessions of a bridge their turns to signal, within its budget of signals."""

import asyncio
from typing import Protocol

from kai_flow.bridge.signal_budget import SignalBudget
from kai_flow.stream.clock import now


class Waiting(Protocol):
    """What waits for a turn."""

    def wake(self) -> None:
        """Its turn has come."""


class SignalTurns:
    """The turns of one bridge. Nothing here awaits, so no turn is given twice or lost.

    There is one timer, and only while somebody waits: sessions that have nothing to signal cost
    nothing.
    """

    def __init__(self, per_second: float) -> None:
        self._budget = SignalBudget[Waiting](per_second)
        self._timer: asyncio.TimerHandle | None = None

    def has_come(self, session: Waiting, *, hurried: bool) -> bool:
        """Whether a session may signal now. If not, it waits for its turn, and is woken by it.

        A session that may has to `leave` when it has signalled.
        """
        if not self._budget.is_turn_of(session):
            self._budget.join(session, now(), hurried=hurried)
            if self._timer is None:
                self._give()
        return self._budget.is_turn_of(session)

    def leave(self, session: Waiting) -> None:
        """A session has signalled, or has nothing to signal any more."""
        self._budget.leave(session)

    @property
    def waiting(self) -> int:
        """How many sessions wait for their turn."""
        return self._budget.waiting

    def pace(self, session: Waiting) -> float:
        """For how many seconds a session waits for its turn at present."""
        return self._budget.pace(session, now())

    def _give(self) -> None:
        """Give the turns that are due, and set the timer for the next one."""
        self._timer = None
        for session in self._budget.turns(now()):
            session.wake()
        at = self._budget.next_turn_at
        if at is not None:
            self._timer = asyncio.get_running_loop().call_at(at, self._give)
