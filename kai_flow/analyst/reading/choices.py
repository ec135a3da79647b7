"""Several possible values with their costs, and how they combine."""

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

MOST: Final = 24
"""Combinations that are kept at most, the cheapest."""

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True)
class Note:
    """An assumption that the answer announces: the key of its sentence, and what fills its gaps."""

    key: str
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Choice(Generic[T]):
    """One possible value."""

    value: T
    cost: float = 0.0
    notes: tuple[Note, ...] = field(default=())

    def map(self, change: Callable[[T], U]) -> "Choice[U]":
        """The same choice of something made of the value."""
        return Choice(change(self.value), self.cost, self.notes)

    def costing(self, more: float, *notes: Note) -> "Choice[T]":
        """The same, at a higher cost and with further notes."""
        return Choice(self.value, self.cost + more, (*self.notes, *notes))


def combined(
    options: Iterable[Sequence[Choice[Any]]], most: float = math.inf
) -> list[Choice[tuple[Any, ...]]]:
    """One of each: every combination, cheapest first. None when one has no choice at all.

    Those that cost more than ``most`` are left out.
    """
    found: list[Choice[tuple[Any, ...]]] = [Choice(())]
    for choices in options:
        pairs = itertools.product(found, choices)
        found = [
            Choice((*left.value, right.value), left.cost + right.cost, _once(left, right))
            for left, right in pairs
        ]
        found = sorted(found, key=lambda choice: choice.cost)[:MOST]
    return [choice for choice in found if choice.cost <= most]


def _once(left: Choice[Any], right: Choice[Any]) -> tuple[Note, ...]:
    return tuple(dict.fromkeys((*left.notes, *right.notes)))
