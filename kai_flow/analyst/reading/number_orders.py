"""In which order numbers of groups are shown."""

from collections.abc import Sequence
from typing import Final

from kai_flow.analyst.query.calculation import Calculation
from kai_flow.analyst.query.measure import Measure
from kai_flow.analyst.query.nodes import FieldGroup, Group, Order, Words
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.assembler import Assembler
from kai_flow.analyst.reading.bag import Bag

_GROUPED: Final = (p.Column, p.Rows, p.Calendar)
"""What an order may name besides numbers."""


def orders_of(
    a: Assembler, bag: Bag, measures: Sequence[Measure], groups: Sequence[Group]
) -> tuple[Order, ...] | None:
    """As the question says; else time runs forward, or the number that it names first falls.

    A share or growth goes before the number that it is of, which is only shown beside it. None:
    there is no telling what one of several orders goes by.
    """
    if bag.sorts:
        found = [_order(a, sort, words, measures, groups) for sort, words in bag.sorts]
        unclear = len(found) > 1 and (len(measures) > 1 or not _each_named(a, bag, groups))
        return None if unclear else tuple(order for each in found for order in each)
    if not groups:
        return ()
    times = [group for group in groups if not isinstance(group, FieldGroup)]
    if times:
        return tuple(Order(by=group) for group in [*times, *(g for g in groups if g not in times)])
    derived = [measure for measure in measures if told_beside(measure)]
    return (Order(by=(derived or measures)[0], descending=True),)


def _order(
    a: Assembler, sort: p.Sort, words: Words, measures: Sequence[Measure], groups: Sequence[Group]
) -> tuple[Order, ...]:
    if sort.names or (isinstance(sort.by, _GROUPED) and not _by_number(a, sort)):
        return tuple(
            Order(by=group, descending=bool(sort.descending), words=words)
            for group in (_named(sort, groups) or groups)[:1]
        )
    descending = True if sort.descending is None else sort.descending
    return (Order(by=measures[-1], descending=descending, words=words),)


def _each_named(a: Assembler, bag: Bag, groups: Sequence[Group]) -> bool:
    """Whether each of several orders names a group, or the number."""
    return all(
        _named(sort, groups) or _by_number(a, sort) or isinstance(sort.by, p.Amount)
        for sort, _ in bag.sorts
    )


def told_beside(measure: Measure) -> bool:
    """Whether a number is shown beside the one that it is of: a share, growth."""
    return isinstance(measure, Calculation) and measure.beside


def _by_number(a: Assembler, sort: p.Sort) -> bool:
    return isinstance(sort.by, p.Column) and a.numeric(sort.by)


def _named(sort: p.Sort, groups: Sequence[Group]) -> Sequence[Group]:
    """The groups that an order names."""
    named = [
        group
        for group in groups
        if isinstance(group, FieldGroup)
        and isinstance(sort.by, p.Column)
        and (group.field.table, group.field.column) == (sort.by.ref.table, sort.by.ref.column)
    ]
    times = [group for group in groups if not isinstance(group, FieldGroup)]
    return named or (times if isinstance(sort.by, p.Calendar) else ())
