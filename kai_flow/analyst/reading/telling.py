"""Whether a query tells every group and every number of a cover, so that none is lost."""

from collections.abc import Iterator
from typing import Final

from kai_flow.analyst.query.nodes import Query, TimeGroup
from kai_flow.analyst.reading.cover import Cover
from kai_flow.analyst.reading.parts import (
    Amount,
    Calculated,
    Calendar,
    Column,
    Dimension,
    Gap,
    Groups,
    Item,
    Quotient,
    Rank,
    Rows,
)

__all__ = ["tells_all"]

_NUMBERS: Final = (Amount, Quotient, Gap, Calculated)
"""Numbers that a question asks for by themselves."""


def tells_all(query: Query | None, cover: Cover) -> bool:
    """Whether a query has every group and number of a cover, by the words that they come from."""
    groups = [item for item in cover.items if isinstance(item.part, Groups)]
    ranked = any(isinstance(item.part, Rank) for item in cover.items)
    numbers = [item for item in cover.items if isinstance(item.part, _NUMBERS) and not ranked]
    if query is None or not (groups or numbers):
        return True
    said = frozenset(_said(query))
    timed = any(isinstance(group, TimeGroup) for group in query.groups)
    timed |= len(groups) > 1 and bool(query.groups)  # a column of school years tells a trend
    grouped = all(_told(item, said) or _needless(item, query, timed=timed) for item in groups)
    return grouped and all(_told(item, said) for item in numbers)


def _told(item: Item, said: frozenset[int]) -> bool:
    return not said.isdisjoint(item.words)


def _said(query: Query) -> Iterator[int]:
    """The words that a query has its groups, numbers, columns and order from."""
    for part in (*query.groups, *query.columns, *query.order, *query.measures):
        yield from part.words
    for measure in (*query.measures, *(having.measure for having in query.having)):
        yield from measure.words
        for aggregate in measure.aggregates:
            yield from aggregate.words
    yield from query.words


def _needless(item: Item, query: Query, *, timed: bool) -> bool:
    """Whether groups add nothing: a trend beside months, each of the rows that a number is of."""
    by = item.part.by if isinstance(item.part, Groups) else ()
    return all(_adds_nothing(each, query, timed=timed) for each in by)


def _adds_nothing(by: Dimension, query: Query, *, timed: bool) -> bool:
    match by:
        case Calendar(None):
            return timed
        case Rows(table):
            return table == query.fact
        case Column(number=number):
            return number
        case _:
            return False
