"""Limits how many long polls a bridge has open at the Temporal server at once.

A server takes 1,200 long polls at once, from all of its clients. Beyond that it answers late.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

MAX_LONG_POLLS: Final = 500


class PollBudget:
    """The long polls of one bridge."""

    def __init__(self, limit: int = MAX_LONG_POLLS) -> None:
        self._limit = self._left = limit

    @property
    def open(self) -> int:
        """How many are open."""
        return self._limit - self._left

    @contextmanager
    def one(self) -> Iterator[bool]:
        """While the block runs, one long poll may be open; False: there are as many as may be."""
        if self._left == 0:
            yield False
            return
        self._left -= 1
        try:
            yield True
        finally:
            self._left += 1
