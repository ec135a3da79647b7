"""The budget of a bridge's signals: which of its sessions may signal next, decided without a clock.

Each signal costs the Temporal server and a worker some milliseconds. One session is limited by its
own pace (`stream.cadence`), but many of them together would take all that the machine has. So a
bridge sends `per_second` signals at most, whatever the number of its sessions.

A session that has something to signal, at its own pace, waits in a line and comes last in it again
after its turn. So sessions share the budget in equal parts, whatever each of them sends, and a
session alone never waits. Those in a hurry have a line of their own. As long as somebody waits in
each line, the two take turns, so that neither holds up the other by more than half.

These invariants hold between any two calls:

- A session waits at most once in each line. One that is in a hurry keeps its place in the other.
- Within any `seconds`, `per_second * (seconds + BURST_SECONDS) + 1` turns are given at most.
- A session with n others before it in a line has its turn after 2 * n + 1 others at the latest.
"""

from collections import OrderedDict
from collections.abc import Iterator
from math import inf
from typing import Final, Generic, TypeVar

Session = TypeVar("Session")

BURST_SECONDS: Final = 0.25  # what was left unused of the budget for so long may be used at once


class SignalBudget(Generic[Session]):
    """The budget, and who waits for a turn. Times are seconds of any monotonic clock."""

    def __init__(self, per_second: float) -> None:
        self._gap = 1 / per_second
        self._next_at = -inf  # when the next turn would be if turns were evenly spaced
        self._ordinary = _Line[Session]()
        self._hurried = _Line[Session]()
        self._hurried_next = True  # whose turn it is while both lines wait
        self._since: dict[Session, float] = {}  # since when each session has been waiting
        self._waited: dict[Session, float] = {}  # for how long those that now signal have waited

    def join(self, session: Session, now: float, *, hurried: bool) -> None:
        """A session has something to signal. It keeps the place that it has."""
        self._since.setdefault(session, now)
        self._ordinary.join(session)
        if hurried:
            self._hurried.join(session)

    def leave(self, session: Session) -> None:
        """A session has signalled, or has nothing to signal any more."""
        self._withdraw(session)
        self._waited.pop(session, None)

    def turns(self, now: float) -> Iterator[Session]:
        """The sessions whose turn has come. From here on they signal, until they leave."""
        while (at := self.next_turn_at) is not None and at <= now:
            self._next_at = max(self._next_at, now) + self._gap
            hurried = bool(self._hurried) and (self._hurried_next or not self._ordinary)
            session = (self._hurried if hurried else self._ordinary).first
            self._hurried_next = not hurried
            self._waited[session] = now - self._since[session]
            self._withdraw(session)
            yield session

    def is_turn_of(self, session: Session) -> bool:
        """Whether its turn has come, and it has not left since."""
        return session in self._waited

    @property
    def next_turn_at(self) -> float | None:
        """When the next session has its turn; None: none waits."""
        return self._next_at - BURST_SECONDS if self._since else None

    @property
    def waiting(self) -> int:
        """How many sessions wait for their turn."""
        return len(self._since)

    def pace(self, session: Session, now: float) -> float:
        """For how many seconds a session waits for its turn.

        While it waits, this is the time for which it has, and what is to come; while it signals,
        that for which it has waited; and otherwise what it would wait for if it joined now.
        """
        if session in self._waited:
            return self._waited[session]
        turns = self._turns_before(session, self._ordinary, self._hurried)
        if session in self._hurried:
            turns = min(turns, self._turns_before(session, self._hurried, self._ordinary))
        rest = max(self._next_at, now) - BURST_SECONDS + turns * self._gap - now
        return max(0.0, rest) + now - self._since.get(session, now)

    def _turns_before(
        self, session: Session, line: "_Line[Session]", other: "_Line[Session]"
    ) -> int:
        ahead = line.ahead_of(session)
        return 2 * ahead + 1 if len(other) > (session in other) else ahead

    def _withdraw(self, session: Session) -> None:
        self._since.pop(session, None)
        self._ordinary.leave(session)
        self._hurried.leave(session)


class _Line(Generic[Session]):
    """First come, first served."""

    def __init__(self) -> None:
        # Rising. A plain dict that is emptied from its front takes long to find its first one.
        self._numbers = OrderedDict[Session, int]()
        self._given = 0

    def __contains__(self, session: Session) -> bool:
        return session in self._numbers

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def first(self) -> Session:
        """Who is served next."""
        return next(iter(self._numbers))

    def join(self, session: Session) -> None:
        if session not in self._numbers:
            self._given += 1
            self._numbers[session] = self._given

    def leave(self, session: Session) -> None:
        self._numbers.pop(session, None)

    def ahead_of(self, session: Session) -> int:
        """At least how many are served before: those who have left unserved may count, too."""
        if session not in self._numbers:
            return len(self)
        return self._numbers[session] - self._numbers[self.first]
