"""What "and" may stand between, among the constituents of a cover."""

from collections.abc import Sequence
from typing import Final

from kai_flow.analyst.reading.parts import (
    Amount,
    Calculated,
    Calendar,
    Change,
    Clock,
    Column,
    Computed,
    Gap,
    Groups,
    Having,
    Item,
    Lasting,
    Portion,
    Quotient,
    Rank,
    Rows,
    Shown,
    Versus,
    Where,
    Within,
)

_NOUNS: Final = (Column, Computed, Lasting, Clock)


def halved(before: Sequence[Item], item: Item) -> bool:
    """Whether a filter is of the first side alone: "paid orders in 2023 and orders in 2024"."""
    if not (isinstance(item.part, Versus) and item.part.twice and before):
        return False
    where = before[-1].part if before[-1].last == item.first else None
    return isinstance(where, Where) and not isinstance(where.test, Within)


def connects(sides: tuple[Item, ...]) -> bool:
    """Whether "and" stands between two numbers, two filters, two groups, or a noun and a column."""
    if len(sides) < 2:
        return False
    left, right = (side.part for side in sides)
    if isinstance(left, Column) and left == right:
        return False  # "the price is the same as the price of …"
    if isinstance(left, Calendar) and _begins_with_time(sides[1]):
        return False  # "weekday and weekend sales": no sales on weekends by weekday
    if isinstance(right, Shown):
        return True
    if _ends_in_filter(sides[0]) and isinstance(right, Where | Having):
        return True
    numbers = (Amount, Quotient, Gap, Portion, Change, Calculated, *_NOUNS)
    tests = (Where, Having)
    groups = (Groups, Calendar, Column)
    return any(
        isinstance(left, first) and isinstance(right, second)
        for first, second in (
            ((*numbers, Where), numbers),
            ((Rows,), (Column, Computed, Clock)),
            (tests, tests),
            (groups, groups),
        )
    ) or (isinstance(left, Rank) and isinstance(right, Column) and _owned(left, right))


def _owned(rank: Rank, column: Column) -> bool:
    """Whether a column is of what is ranked: "the 5 largest products and their prices"."""
    match rank.of:
        case Rows(table):
            return column.ref.table == table
        case Column(ref):
            return column.ref.table == ref.table
        case _:
            return False


def _begins_with_time(item: Item) -> bool:
    """Whether the first words of a noun are a filter of its time: "weekend sales"."""
    return any(
        words[:1] == (item.first,) and isinstance(test, Within) for test, words in item.aside
    )


def _ends_in_filter(item: Item) -> bool:
    """Whether the last words of a noun are a filter: "orders that are pending"."""
    return any(words and words[-1] == item.words[-1] for _, words in item.aside)
