"""Event ids: the names of the events in a session's stream.

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


class EventId(NamedTuple):
    """The name of one event: its producer, the attempt of that producer, and its place there.

    Each number is at most MAX_NUMBER.
    """

    producer: int
    """Numbered from 1 within the session, in the order of scheduling; 0 is the workflow itself."""
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
        producer, attempt, seq = match.groups()
        numbers = cls(int(producer), int(attempt), int(seq))
        if max(numbers) > MAX_NUMBER:
            raise InvalidId(f"{text!r} has a number above 2^53 - 1")
        return numbers

    @property
    def attempt_key(self) -> tuple[int, int]:
        """(producer, attempt): names the attempt. `seq` counts the events with the same key."""
        return self[:2]

    def offset(self, by: int) -> "EventId":
        """The id that is `by` places later in the same attempt; earlier, if `by` is negative."""
        return EventId(self.producer, self.attempt, self.seq + by)


def incarnation_of(first_run_id: str) -> str:
    """The incarnation of a session: the last 8 hex digits of the first run id of its chain.

    It distinguishes the uses of one session id. The last digits are taken because a run id is a
    UUIDv7, which begins with a timestamp. Raises InvalidId.
    """
    incarnation = first_run_id[-8:].lower()
    if _INCARNATION.fullmatch(incarnation) is None:
        raise InvalidId(f"{first_run_id[:60]!r} is not a run id: it does not end in 8 hex digits")
    return incarnation
