"""Readings that give the same answer, one with more beside it: they are no question back.

"Employee with the earliest hire date" may be a list of one employee with his date, or the earliest
of the dates.
"""

from collections.abc import Sequence
from typing import Final

from msgspec import structs

from kai_flow.analyst.query.nodes import (
    Aggregate,
    All,
    Condition,
    During,
    Either,
    Field,
    Function,
    Operator,
    Order,
    PeriodGroup,
    Query,
    Related,
    Tally,
    TimeGroup,
    bare,
)
from kai_flow.analyst.reading.reading import Reading

TIED: Final = 0.02
"""Readings whose costs differ so little are equally likely: the one that tells more is kept."""

MOST_COLUMNS: Final = 8
"""Columns at most of a list that takes the place of two."""

_FIRST: Final = {Function.MAXIMUM: True, Function.MINIMUM: False}
"""Whether the greatest value comes first in a falling order."""


def each_answer_once(readings: Sequence[Reading]) -> list[Reading]:
    """The readings, the cheapest first, without those whose answer another one gives as well."""
    kept: list[Reading] = []
    for reading in readings:
        same = [each for each in kept if _overlap(each.query, reading.query)]
        listed = [each for each in kept if _same_rows(each.query, reading.query)]
        if listed and not same:
            kept[kept.index(listed[0])] = _with_columns(listed[0], reading)
        elif not same:
            kept.append(reading)
        elif (
            _lists(reading.query, same[0].query)
            or _in_a_row(reading.query, same[0].query)
            or (_tells(reading.query, same[0].query) and reading.cost <= same[0].cost + TIED)
        ):
            kept[kept.index(same[0])] = reading
    return kept


def meaning(query: Query | None) -> object:
    """A query as it is whatever the order of its filters, and without those that others imply.

    Doctors with more than 40 visits are doctors with visits.
    """
    if query is None:
        return None
    parts = query.where.parts if isinstance(query.where, All) else (query.where,)
    counted = {part.path for part in parts if isinstance(part, Tally) and _some(part)}
    told = frozenset(
        bare(part)
        for part in parts
        if not (isinstance(part, Related) and part.where is None and part.path in counted)
    )
    return bare(structs.replace(query, where=None)), told


def _some(tally: Tally) -> bool:
    """Whether only rows with related rows can have such a number of them."""
    return tally.operator in {Operator.ABOVE, Operator.AT_LEAST} and tally.values[0] >= 1


def _overlap(one: Query | None, other: Query | None) -> bool:
    """Whether the answer of one query is in that of the other one."""
    ways = ((one, other), (other, one))
    return (
        _reordered(one, other)
        or _of_one_key(one, other)
        or any(
            _tells(more, less) or _lists(more, less) or counts(more, less) or _in_a_row(more, less)
            for more, less in ways
        )
    )


def _in_a_row(trend: Query | None, sides: Query | None) -> bool:
    """Whether a query gives one after the other what another one gives side by side.

    The quarters of 2023 and 2024 are eight in a row, or four of each year.
    """
    if trend is None or sides is None or len(trend.groups) != 1 or len(sides.groups) != 2:
        return False
    (unit,), (part, years) = trend.groups, sides.groups
    if not (isinstance(unit, TimeGroup) and isinstance(part, TimeGroup) and part.recurring):
        return False
    if not isinstance(years, PeriodGroup):
        return False
    periods = frozenset((start, end) for _, start, end in years.periods)
    others = frozenset(each for each in _where(trend) if not _periods(each))
    told = frozenset().union(*map(_periods, _where(trend)))
    return (
        bare(unit) == bare(structs.replace(part, recurring=False))
        and told == periods
        and (trend.fact, bare(trend.measures), others)
        == (sides.fact, bare(sides.measures), _where(sides))
    )


def _periods(part: object) -> frozenset[tuple[str | None, str | None]]:
    """The periods of which a filter asks for one; none if it asks for anything else."""
    each = part.parts if isinstance(part, Either) else (part,)
    found = frozenset((p.start, p.end) for p in each if isinstance(p, During))
    return found if len(found) == len(each) else frozenset()


def _of_one_key(one: Query | None, other: Query | None) -> bool:
    """Whether both count different rows of a table, one by the keys that point to these."""
    if one is None or other is None or len(one.measures) != 1 or len(other.measures) != 1:
        return False
    if bare(structs.replace(one, measures=())) != bare(structs.replace(other, measures=())):
        return False
    return any(
        _pointing(left) is not None and bare(_pointing(left)) == bare(right)
        for left, right in (
            (one.measures[0], other.measures[0]),
            (other.measures[0], one.measures[0]),
        )
    )


def _pointing(measure: object) -> Aggregate | None:
    """A count of different keys of a joined table, by the column that points to it."""
    if not isinstance(measure, Aggregate) or measure.function is not Function.DISTINCT:
        return None
    of = measure.of
    if not isinstance(of, Field) or not of.path:
        return None
    pointer, _, target = of.path[-1].partition(">")
    table, _, column = pointer.rpartition(".")
    if target != of.table or not table or column != of.column:
        return None
    return structs.replace(
        measure, of=structs.replace(of, table=table, column=column, path=of.path[:-1])
    )


def counts(rows: Query | None, keys: Query | None) -> bool:
    """Whether a query counts rows, and another one the different keys that point to them.

    The customers who bought something are the different customers of the sales.
    """
    if rows is None or keys is None or not isinstance(rows.where, Related):
        return False
    if len(rows.measures) != 1 or len(keys.measures) != 1:
        return False
    (counted,), (distinct,) = rows.measures, keys.measures
    if not isinstance(distinct, Aggregate) or not isinstance(distinct.of, Field):
        return False
    if distinct.function is not Function.DISTINCT or distinct.where or distinct.of.path:
        return False
    plain = structs.replace(keys, fact=rows.fact, where=None, measures=rows.measures)
    first, rest = rows.where.path[:1], rows.where.path[1:]
    inner = structs.replace(rows.where, path=rest) if rest else rows.where.where
    return (
        bare(counted) == Aggregate(function=Function.COUNT)
        and first == (f"{rows.fact}<{keys.fact}.{distinct.of.column}",)
        and bare(plain) == bare(structs.replace(rows, where=None))
        and (inner and bare(inner)) == (keys.where and bare(keys.where))
    )


def _reordered(one: Query | None, other: Query | None) -> bool:
    """Whether two lists have the same rows and columns, the columns in another order."""
    if one is None or other is None or not one.columns or len(one.columns) != len(other.columns):
        return False
    same = set(bare(one.columns)) == set(bare(other.columns))
    return same and bare(structs.replace(one, columns=())) == bare(
        structs.replace(other, columns=())
    )


def _lists(more: Query | None, less: Query | None) -> bool:
    """Whether a list of rows has further columns, and is else the same as another one."""
    if more is None or less is None or not less.columns or more.distinct or less.distinct:
        return False
    fewer = set(bare(less.columns)) < set(bare(more.columns))
    return fewer and bare(_rows_of(more)) == bare(_rows_of(less))


def _same_rows(one: Query | None, other: Query | None) -> bool:
    """Whether two lists have the same rows, of which they show different columns of their own.

    Names that several joins lead to, such as two cities of a flight, are not shown both. What a
    join leads to in one of the lists only, such as the manager of employees, is.
    """
    if one is None or other is None or not one.columns or not other.columns:
        return False
    columns = {*one.columns, *other.columns}
    if one.distinct or other.distinct or len(columns) > MOST_COLUMNS:
        return False
    rows = bare(_rows_of(one))
    joined = [each for each in (one, other) if any(field.path for field in each.columns)]
    return len(joined) < 2 and rows == bare(_rows_of(other))


def _with_columns(reading: Reading, other: Reading) -> Reading:
    """A list with the columns of another one besides: it is no question which of them is meant."""
    if reading.query is None or other.query is None:
        return reading
    known = set(bare(reading.query.columns))
    more = [field for field in other.query.columns if bare(field) not in known]
    query = structs.replace(reading.query, columns=(*reading.query.columns, *more))
    return structs.replace(reading, query=query)


def _rows_of(query: Query) -> Query:
    """The rows of a list, whatever is shown of them, in an order that nobody may have asked for."""
    first = bare(query.order) == bare((Order(by=query.columns[0]),))
    return structs.replace(query, columns=(), order=() if first else query.order)


def _tells(more: Query | None, less: Query | None) -> bool:
    """Whether a query gives the greatest or least value that another one gives, and whose it is."""
    if more is None or less is None or more.fact != less.fact or _where(more) != _where(less):
        return False
    if len(less.measures) != 1 or less.having or more.having:
        return False
    (value,) = less.measures
    if not isinstance(value, Aggregate) or value.function not in _FIRST or value.where is not None:
        return False
    if more.columns:
        (first,) = more.order[:1] or (None,)
        return (
            not less.groups
            and more.limit == 1
            and first is not None
            and bare(first.by) == bare(value.of)
            and first.descending == _FIRST[value.function]
        )
    groups = [bare(group) for group in more.groups]
    return (
        more.each == 1
        and bare(more.measures[:1]) == (bare(value),)
        and [bare(group) for group in less.groups] == groups[: len(less.groups)] != groups
    )


def _where(query: Query) -> frozenset[object]:
    """What rows must meet, but for having a value at all."""
    parts = query.where.parts if isinstance(query.where, All) else (query.where,)
    return frozenset(
        bare(part)
        for part in parts
        if part is not None
        and not (isinstance(part, Condition) and part.operator is Operator.PRESENT)
    )
