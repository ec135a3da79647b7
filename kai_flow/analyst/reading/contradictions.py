"""Filters that exclude or repeat each other, so that a question means something else."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from kai_flow.analyst.kinds.differences import Difference
from kai_flow.analyst.query.measure import Measure
from kai_flow.analyst.query.nodes import (
    All,
    Condition,
    During,
    Either,
    Field,
    Filter,
    Not,
    Operator,
    Query,
    Recurring,
    Related,
    bare,
)

VALUED: Final = frozenset(Operator) - {Operator.EMPTY, Operator.NOT_EQUAL}
"""Operators that only a row with a value meets."""


def contradictory(parts: Sequence[Filter]) -> bool:
    """Whether two of the filters, all of which must hold, exclude or repeat each other."""
    flat = [each for part in parts for each in (part.parts if isinstance(part, All) else (part,))]
    faults = (
        *(_values, _crossed, _emptied, _childless, _times, _recurring, _positive, _cut_short),
        _narrowed,
    )
    return any(fault(flat) for fault in faults)


def has_an_empty_part(query: Query) -> bool:
    """Whether a number of the query has no rows, because the query's own filter excludes them.

    "The difference between weekdays (Monday to Friday) and the weekend" is not of weekdays alone.
    """
    own = [each.where for measure in query.measures for each in measure.aggregates if each.where]
    if any(map(_of_two_kinds, query.measures)):
        return True
    if query.where is None or not own:
        return False
    return any(
        fault([*_flat(query.where), *_flat(part)])
        for part in own
        for fault in (_values, _times, _recurring)
    )


def _of_two_kinds(measure: Measure) -> bool:
    """Whether one side of a difference is a period, and the other recurs: 2024 minus Mondays."""
    if not isinstance(measure, Difference):
        return False
    sides = [_flat(side.where) for side in measure.aggregates if side.where]
    kinds = [{type(part) for part in side} for side in sides]
    return {During} in kinds and {Recurring} in kinds


def _flat(part: Filter) -> Sequence[Filter]:
    return part.parts if isinstance(part, All) else (part,)


def _conditions(parts: Sequence[Filter]) -> list[Condition]:
    return [part for part in parts if isinstance(part, Condition)]


def _values(parts: Sequence[Filter]) -> bool:
    """Two values of one column, or a value that is excluded as well, or that excludes another.

    "Sold in Leeds but not in York" is not said of single sales.
    """
    equal = [part for part in _conditions(parts) if part.operator is Operator.EQUAL]
    denied = _conditions([part.part for part in parts if isinstance(part, Not)])
    return any(
        bare(left.of) == bare(right.of) and not set(left.values) & set(right.values)
        for left in equal
        for right in equal
    ) or any(
        bare(left.of) == bare(no.of)
        and no.operator is Operator.EQUAL
        and (set(left.values) <= set(no.values) or not set(left.values) & set(no.values))
        for left in equal
        for no in denied
    )


def _narrowed(parts: Sequence[Filter]) -> bool:
    """One of several values, and that value again: "QRIS or transfer" are not transfers alone."""
    equal = [part for part in _conditions(parts) if part.operator is Operator.EQUAL]
    return any(
        bare(left.of) == bare(right.of) and set(left.values) < set(right.values)
        for left in equal
        for right in equal
    )


def _recurring(parts: Sequence[Filter]) -> bool:
    """Parts of the calendar that have nothing in common: a Monday that is a Sunday."""
    found = [part for part in parts if isinstance(part, Recurring)]
    return any(
        (left.axis, left.path, left.part) == (right.axis, right.path, right.part)
        and not set(left.values) & set(right.values)
        for left in found
        for right in found
    )


def _crossed(parts: Sequence[Filter]) -> bool:
    """A choice of which one part can never hold: by card, and to York or by PayPal.

    "To Leeds or York, by card or PayPal" are two lists, each of one column.
    """
    equal = [part for part in _conditions(parts) if part.operator is Operator.EQUAL]
    choices = [part for part in parts if isinstance(part, Either)]
    return any(_values([one, other]) for one in equal for other in _chosen(choices))


def _chosen(choices: Sequence[Either]) -> Iterator[Condition]:
    """The values of which any is meant."""
    for choice in choices:
        yield from (each for each in _conditions(choice.parts) if each.operator is Operator.EQUAL)
        yield from _chosen([part for part in choice.parts if isinstance(part, Either)])


def _emptied(parts: Sequence[Filter]) -> bool:
    """A column that is empty, and yet has a value: no status, and the status "paid".

    Both may be of the same related rows, and the value may be a time: founded after 2010.
    """
    if any(map(_emptied, _of_the_same(parts))):
        return True
    tests = _conditions(parts)
    empty = [bare(part.of) for part in tests if part.operator is Operator.EMPTY]
    if any(bare(part.of) in empty for part in tests if part.operator in VALUED):
        return True
    named = [(f"{of.table}.{of.column}", of.path) for of in empty if isinstance(of, Field)]
    return any((part.axis, part.path) in named for part in parts if isinstance(part, During))


def _of_the_same(parts: Sequence[Filter]) -> Iterator[Sequence[Filter]]:
    """The filters of the same related rows, where there are several."""
    found: defaultdict[tuple[str, ...], list[Filter]] = defaultdict(list)
    for part in parts:
        if isinstance(part, Related) and part.where is not None:
            found[part.path].append(part.where)
    yield from (filters for filters in found.values() if len(filters) > 1)


def _childless(parts: Sequence[Filter]) -> bool:
    """No related rows, and yet some: no orders, and orders that were cancelled."""
    none = [part.part for part in parts if isinstance(part, Not)]
    return any(
        isinstance(no, Related)
        and no.where is None
        and isinstance(some, Related)
        and some.path[: len(no.path)] == no.path
        for no in none
        for some in parts
    )


def _cut_short(parts: Sequence[Filter]) -> bool:
    """A period without anything, where more than the period is asked of the same rows beside it.

    "Who bought a laptop in 2023 but not in 2024" may well have bought something else in 2024.
    """
    none = [part.part for part in parts if isinstance(part, Not)]
    idle = [no.path[:1] for no in none if isinstance(no, Related) and isinstance(no.where, During)]
    asked = [part for part in parts if isinstance(part, Related) and part.path[:1] in idle]
    kinds = {isinstance(part.where, During) for part in asked if part.where is not None}
    return kinds == {True, False} or any(isinstance(part.where, All) for part in asked)


def _positive(parts: Sequence[Filter]) -> bool:
    """A number above zero that has a limit too: "with a discount" is no part of such a limit."""
    above = [part for part in _conditions(parts) if part.operator is Operator.ABOVE]
    zero = [bare(part.of) for part in above if part.values == (0.0,)]
    return any(bare(part.of) in zero for part in above if part.values != (0.0,))


def _times(parts: Sequence[Filter]) -> bool:
    """Two periods of one time that have no day in common, or one that the other excludes anyway.

    "Who ordered in 2023 but not in 2024" is not said of single orders.
    """
    periods = [part for part in parts if isinstance(part, During)]
    denied = [part.part for part in parts if isinstance(part, Not)]
    others = [part for part in denied if isinstance(part, During)]
    return _apart(periods, periods) or _apart(periods, others) or _apart(others, periods)


def _apart(first: Sequence[During], second: Sequence[During]) -> bool:
    """Whether one of some periods ends before one of others begins."""
    return any(
        (left.axis, left.path) == (right.axis, right.path)
        and left.start is not None
        and right.end is not None
        and left.start >= right.end
        for left in second
        for right in first
    )
