"""How the sides of a comparison are told apart: groups, numbers beside each other, a difference."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace

from kai_flow.analyst.query.nodes import Group, Operator, Words
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.assembler import Assembler
from kai_flow.analyst.reading.choices import Choice
from kai_flow.analyst.reading.named_periods import period_groups, weekends
from kai_flow.analyst.reading.resolving import Resolver

COLUMNS_COST: Final = 0.3
"""Of one number beside the other, where groups cannot tell the sides apart."""

MOST_COLUMNS: Final = 4
"""Numbers beside each other at most."""

Tests = list[tuple[p.Test, Words]]
Measures = Sequence[tuple[p.Measured, Words]]


@dataclass(frozen=True)
class Asked:
    """What is asked of each side."""

    measures: Measures
    rows: Sequence[tuple[str, Words]]
    """Tables that are named besides."""
    tests: Tests
    sides: Sequence[p.Test]
    words: Words
    gap: int = 0
    """1: the first side minus the second one. -1: the second minus the first. 0: each by itself."""
    percent: bool = False
    """Whether a difference is wanted in percent of the second number."""
    cost: float = 0.0
    others: Sequence[p.Test] = ()
    """What is told apart besides: "Bali and Banten in 2022 and 2023"."""


@dataclass(frozen=True)
class Layout:
    """How sides are told apart."""

    measures: Measures
    groups: Sequence[Choice[Group | None]] = (Choice(None),)
    tests: Tests = field(default_factory=list)
    cost: float = 0.0


def differences(asked: Asked) -> Iterator[Layout]:
    """One number: that of one side minus that of the other."""
    if len(asked.sides) == 2:
        left, right = asked.sides if asked.gap > 0 else reversed(asked.sides)
        yield Layout(
            [
                (p.Gap(_restricted(m, left), _restricted(m, right), percent=asked.percent), words)
                for m, words in asked.measures
                if isinstance(m, p.Amount)
            ]
        )


def layouts(a: Assembler, resolver: Resolver, asked: Asked) -> Iterator[Layout]:
    """Groups; or numbers beside each other, if no group tells the sides apart."""
    groups, every = _groups(a, resolver, asked.sides, asked.words)
    if groups:
        # a filter that leaves only the sides takes the same way, and is charged for it too
        paid = 0.5 if every else 1.0
        options: list[Choice[Group | None]] = [
            Choice(g.value, g.cost * paid, g.notes) for g in groups
        ]
        yield Layout(asked.measures, options, every)
        return
    columns: Measures = [
        (_restricted(m, side), words)
        for m, words in asked.measures
        for side in asked.sides
        if isinstance(m, p.Amount)
    ]
    if 2 <= len(columns) <= MOST_COLUMNS:
        yield Layout(columns, cost=COLUMNS_COST)


def other_sides(a: Assembler, resolver: Resolver, asked: Asked) -> Sequence[Choice[Group | None]]:
    """Groups by the values or periods that are listed besides."""
    if not asked.others:
        return (Choice(None),)
    found, _ = _groups(a, resolver, asked.others, ())
    return [Choice(each.value, each.cost, each.notes) for each in found]


def _restricted(amount: p.Amount, side: p.Test) -> p.Amount:
    return replace(amount, where=(*amount.where, side))


def _groups(
    a: Assembler, resolver: Resolver, sides: Sequence[p.Test], words: Words
) -> tuple[Sequence[Choice[Group]], Tests]:
    """What tells the sides apart, and the filter that leaves out all else."""
    times = [side.time for side in sides if isinstance(side, p.Within)]
    if len(times) == len(sides):
        weekend = weekends(resolver, times)
        if weekend is not None:
            return a.groups(resolver, weekend, words), []
        return list(period_groups(resolver, times, words)), []
    tests = [side for side in sides if isinstance(side, p.Compared)]
    columns = [test.of for test in tests if isinstance(test.of, p.Column)]
    if len(columns) < len(sides):
        return [], []
    column = next((each for each in columns if each.role), columns[0])
    values = tuple(value for test in tests for value in test.values)
    every = p.Compared(column, Operator.EQUAL, values)
    return a.groups(resolver, column, words), [(every, words)]
