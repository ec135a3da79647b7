"""Several possible values with their costs, and how they combine."""

import math
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter, itemgetter
from typing import Any, Final, Generic, TypeVar

from msgspec import Struct

MOST: Final = 24
"""Combinations that are kept at most, the cheapest."""

ROUNDING: Final = 1e-9
"""What sums of the same costs in another order may differ by."""

T = TypeVar("T")
U = TypeVar("U")


class Note(Struct, frozen=True, gc=False, cache_hash=True):
    """An assumption that the answer announces: the key of its sentence, and what fills its gaps."""

    key: str
    values: tuple[tuple[str, str], ...] = ()


class Choice(Struct, Generic[T], frozen=True, gc=False):
    """One possible value."""

    value: T
    cost: float = 0.0
    notes: tuple[Note, ...] = ()

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
    known = list(options)
    if not all(known):
        return []
    if not known:
        return [Choice(())] if most >= 0 else []
    least = [cheapest(choices) for choices in known]
    left_over = sum(least) - least[0]
    found = _each(known[0], most - left_over + ROUNDING)
    for choices, own in zip(known[1:], least[1:], strict=True):
        left_over -= own
        bound = most - left_over + ROUNDING  # the cheapest of the rest would still be too much
        if len(choices) == 1:  # they are in order as they are
            (right,) = choices
            found = [
                Choice((*left.value, right.value), left.cost + own, _once(left, right))
                for left in found
                if left.cost + own <= bound
            ]
            continue
        pairs = [
            (cost, left, right)
            for left in found
            if left.cost + own <= bound
            for right in choices
            if (cost := left.cost + right.cost) <= bound
        ]
        pairs.sort(key=_COST_OF_PAIR)
        found = [
            Choice((*left.value, right.value), cost, _once(left, right))
            for cost, left, right in pairs[:MOST]
        ]
    return [choice for choice in found if choice.cost <= most]


_COST_OF_PAIR: Final = itemgetter(0)


def _each(choices: Sequence[Choice[Any]], bound: float) -> list[Choice[tuple[Any, ...]]]:
    """Each choice by itself, the cheapest first."""
    found = [choice for choice in choices if choice.cost <= bound]
    if len(found) > 1:
        found.sort(key=_COST)
    return [
        Choice((each.value,), each.cost, tuple(dict.fromkeys(each.notes)) if each.notes else ())
        for each in found[:MOST]
    ]


_COST: Final = attrgetter("cost")


def cheapest(choices: Iterable[Choice[Any]]) -> float:
    """What the cheapest of several choices costs; infinity if there is none."""
    return min([choice.cost for choice in choices], default=math.inf)


def _once(left: Choice[Any], right: Choice[Any]) -> tuple[Note, ...]:
    notes = (*left.notes, *right.notes)
    return tuple(dict.fromkeys(notes)) if notes else notes
