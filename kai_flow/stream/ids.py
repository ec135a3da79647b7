"""Event ids and cursors: the names of places in a session's stream.

An event id is `producer.attempt.seq`, ordered by its three numbers from left to right. The id of an
event never changes and is never used for another event, so every copy of the stream can serve every
reader.
"""

import re
from typing import Final, NamedTuple

from kai_flow.stream.errors import InvalidId

MAX_NUMBER: Final = 2**53 - 1  # the largest integer that JavaScript's Number holds exactly

_ID = re.compile(r"(0|[1-9][0-9]{0,15})\.(0|[1-9][0-9]{0,15})\.(0|[1-9][0-9]{0,15})")
_INCARNATION = re.compile(r"[0-9a-f]{8}")
_END = "end"


class EventId(NamedTuple):
    """The name of one event: its producer, the attempt of that producer, and its place there.

    Each number is at most MAX_NUMBER.
    """

    producer: int
    """Numbered from 1 within the session; 0 only in START."""
    attempt: int
    """From 1; a later attempt replaces the earlier ones of the same producer."""
    seq: int
    """From 1 within the attempt; 0 means "none of this attempt yet"."""

    def __str__(self) -> str:
        return f"{self.producer}.{self.attempt}.{self.seq}"

    @classmethod
    def parse(cls, text: str) -> "EventId":
        """Read `"1.2.57"`. Raises InvalidId for any other form or a number above 2^53 - 1."""
        match = _ID.fullmatch(text)
        if match is None:
            raise InvalidId(f"{text[:60]!r} is not an event id; one looks like '1.2.57'")
        numbers = cls(*(int(part) for part in match.groups()))
        if max(numbers) > MAX_NUMBER:
            raise InvalidId(f"{text!r} has a number above 2^53 - 1")
        return numbers

    @property
    def attempt_key(self) -> tuple[int, int]:
        """(producer, attempt): names the attempt. `seq` counts the events with the same key."""
        return self[:2]

    def offset(self, by: int) -> "EventId":
        """The id that is `by` places later in the same attempt; earlier, if `by` is negative."""
        return self._replace(seq=self.seq + by)


START: Final = EventId(0, 0, 0)
"""Before the first event of a session."""


def follows(event: EventId, cursor: EventId) -> bool:
    """Whether the ids alone prove that no event is missing between `cursor` and `event`.

    True for the next event of the same attempt, for the first event of a later attempt of the same
    producer (which replaces whatever lies between), and for the first event of a session. False for
    the first event of a *later producer*: the ids do not tell how many events came before it.
    """
    if event.attempt_key == cursor.attempt_key:
        return event.seq == cursor.seq + 1
    if event.seq != 1:
        return False
    if cursor == START:
        return event.producer == 1
    return event.producer == cursor.producer and event.attempt > cursor.attempt


class Cursor(NamedTuple):
    """The last place that a subscriber has seen, as `1.1.57@4f3a9c1e` or `end@4f3a9c1e`.

    Subscribers store it and send it back without interpreting it.
    """

    position: EventId | None
    """The last event seen; None: the subscriber has seen `done`."""
    incarnation: str | None
    """Which incarnation of the session id is meant (see `incarnation_of`); None: the newest."""

    def __str__(self) -> str:
        where = _END if self.position is None else str(self.position)
        return where if self.incarnation is None else f"{where}@{self.incarnation}"

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """Read a cursor, with or without `@incarnation`. Raises InvalidId."""
        where, at, incarnation = text.partition("@")
        if at and _INCARNATION.fullmatch(incarnation) is None:
            raise InvalidId(f"{text[:60]!r} is not a cursor: '@' is followed by 8 hex digits")
        position = None if where == _END else EventId.parse(where)
        return cls(position, incarnation or None)

    def is_end_of(self, incarnation: str) -> bool:
        """Whether the subscriber has seen the end of this incarnation of the session id."""
        return self.position is None and self.incarnation in (None, incarnation)


def incarnation_of(first_run_id: str) -> str:
    """The incarnation of a session: the last 8 hex digits of the first run id of its chain.

    It distinguishes the uses of one session id. The last digits are taken because a run id is a
    UUIDv7, which begins with a timestamp. Raises InvalidId.
    """
    incarnation = first_run_id[-8:].lower()
    if _INCARNATION.fullmatch(incarnation) is None:
        raise InvalidId(f"{first_run_id[:60]!r} is not a run id: it does not end in 8 hex digits")
    return incarnation
