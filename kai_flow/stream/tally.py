"""Plain numbers about what a program does: they only grow, and cost an addition or two.

They are kept whether or not anybody asks for them, since asking would cost more than counting.
`runtime.metrics` reads them when it is asked.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final

_MAX_NOTES: Final = 256  # further ones are not taken: the oldest says the most


class Histogram:
    """How often a value was at most each of some bounds, which rise."""

    __slots__ = ("_counts", "bounds", "sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)
        self.sum = 0.0
        """Of all values."""
        self._counts = [0] * (len(self.bounds) + 1)

    def observe(self, value: float, times: int = 1) -> None:
        """Count a value, as if it had come so many times."""
        self._counts[bisect_left(self.bounds, value)] += times
        self.sum += value * times

    @property
    def at_most(self) -> list[int]:
        """How many values were at most each bound; at the end, how many there were in all."""
        return list(accumulate(self._counts))

    @property
    def count(self) -> int:
        """How many values there were."""
        return sum(self._counts)


class Lag:
    """How long it takes until numbered things come about, by samples: a few, and the oldest.

    `spacing` is the least time between two samples, in seconds. Times are those of any clock.
    """

    __slots__ = ("_notes", "_spacing")

    def __init__(self, spacing: float) -> None:
        self._spacing = spacing
        self._notes: deque[tuple[int, float]] = deque()  # numbers and times, both rising

    def note(self, number: int, moment: float) -> None:
        """Everything up to this number waits, since now or longer."""
        notes = self._notes
        if notes and (number <= notes[-1][0] or moment - notes[-1][1] < self._spacing):
            return
        if len(notes) < _MAX_NOTES:
            notes.append((number, moment))

    def reach(self, number: int, moment: float) -> Iterator[float]:
        """Everything up to this number has come about: for how long each sample of it waited."""
        notes = self._notes
        while notes and notes[0][0] <= number:
            yield moment - notes.popleft()[1]

    def age(self, moment: float) -> float:
        """For how many seconds the oldest sample has been waiting; 0 when none waits."""
        return moment - self._notes[0][1] if self._notes else 0.0
