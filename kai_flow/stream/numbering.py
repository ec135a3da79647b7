"""Producer numbers: which number an activity gets, and which producers are beside it.

A workflow numbers its activities from 1, in the order in which it schedules them. `beside` are the
activities that were scheduled and had not ended at that moment, as the workflow has learned of
their ends. Everything here depends only on the order of the workflow's own steps, so a replay gives
the same numbers.
"""

from typing import Final, NamedTuple

from kai_flow.stream.place import MAX_CURSOR_PARTS, MAX_PARTS, to_ranges

MAX_BESIDE: Final = MAX_CURSOR_PARTS - 2  # a cursor lists the producer and the workflow as well
MAX_RANGES: Final = MAX_PARTS - 1  # in the list of those beside a producer


class Numbered(NamedTuple):
    """The number of an activity, and the producers under way when it was scheduled."""

    producer: int
    beside: frozenset[int]


class Numbering:
    """The numbers of one run. `last` is the last number that the session has given so far.

    While more than MAX_BESIDE numbered activities are under way, an activity gets no number: each
    of them may begin to stream, and then a cursor has a part for each. The same holds while their
    list needs more than MAX_RANGES ranges, because each `started` has that list. An activity
    without a number is beside nobody.
    """

    def __init__(self, last: int = 0) -> None:
        self.last = last  # the last number given
        self.under_way: frozenset[int] = frozenset()  # the producers scheduled and not ended

    def next(self) -> Numbered | None:
        """What the next activity would get; None while too many are under way."""
        if len(self.under_way) > MAX_BESIDE or is_long(self.under_way):
            return None
        return Numbered(self.last + 1, self.under_way)

    def scheduled(self, number: Numbered) -> None:
        """The activity for which `next` gave this number is scheduled."""
        self.last = number.producer
        self.under_way |= {number.producer}

    def ended(self, producer: int) -> None:
        """The activity with this number has ended, or the workflow no longer waits for its end."""
        self.under_way -= {producer}


def is_long(beside: frozenset[int]) -> bool:
    """Whether a list of producers needs more than MAX_RANGES ranges."""
    return len(beside) > MAX_RANGES and len(to_ranges(beside)) > MAX_RANGES
