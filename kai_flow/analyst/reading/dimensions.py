"""What a dimension may group by in a fact table: columns, rows, units of the calendar."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from kai_flow.analyst.query.nodes import FieldGroup, Grain, Group, TimeGroup, Words
from kai_flow.analyst.reading.choices import Choice
from kai_flow.analyst.reading.parts import Calendar, Column, Dimension, Rows
from kai_flow.analyst.reading.remembering import remembered
from kai_flow.analyst.reading.resolving import Resolver
from kai_flow.analyst.reading.shared_names import names_many
from kai_flow.analyst.semantics.model import Axis, Role

SUM_GROUP: Final = 1.5
"""Of groups by an amount: "revenue per member" is no list of numbers of members."""

KEY_GROUP: Final = 0.8
"""Of groups by a key: people ask for what it points to."""

NO_GROUP: Final = 0.8
"""Of making a group of every single row, where rows have no name."""

NO_LABEL: Final = 0.15
"""Of grouping by rows that have no name."""

TIMES: Final = frozenset([Role.TIME, Role.TIME_PART])
"""Roles of columns whose groups are units of a time, which may be reached by other ways."""

GRAINS: Final = (Grain.DAY, Grain.WEEK, Grain.MONTH, Grain.QUARTER, Grain.YEAR)


@remembered
def groups_of(resolver: Resolver, dimension: Dimension, words: Words) -> Sequence[Choice[Group]]:
    """What may be grouped by."""
    if resolver.alone is not resolver and not isinstance(dimension, Calendar):
        return groups_of(resolver.alone, dimension, words)
    match dimension:
        case Calendar():
            return list(_times(resolver, dimension, words))
        case Rows(table):
            label = resolver.label(table)
            if label is None or (table == resolver.fact and names_many(resolver.model, label.ref)):
                return []
            more = 0.0
            if label.role is Role.KEY:
                more = NO_GROUP if table == resolver.fact else NO_LABEL
            return [
                Choice(FieldGroup(field=field.value, words=words), field.cost + more, field.notes)
                for field in resolver.fields(Column(label.ref), words)
            ]
        case Column():
            return list(_column_groups(resolver, dimension, words))


def least_of(resolver: Resolver, dimension: Dimension) -> float | None:
    """What groups by a dimension cost at least, by the ways there; None: these do not tell."""
    match dimension:
        case Rows(table):
            return resolver.alone.least(table)
        case Column(ref, role) if resolver.attribute(dimension).role not in TIMES:
            return resolver.alone.least(ref.table, role)
        case _:
            return None


def _column_groups(resolver: Resolver, column: Column, words: Words) -> Iterator[Choice[Group]]:
    """The groups of a column: units of time of a time, reached by the join that has its role."""
    for choice in _any_groups(resolver, column, words):
        time = choice.value if isinstance(choice.value, TimeGroup) else None
        named = column.role in resolver.model.joins
        if time is None or not named or column.role in time.path:
            yield choice


def _any_groups(resolver: Resolver, column: Column, words: Words) -> Iterator[Choice[Group]]:
    attribute = resolver.attribute(column)
    if attribute.role is Role.TIME:
        for axis in resolver.model.axes_of(attribute.table):
            if attribute.column in axis.columns:
                yield from _times(resolver, Calendar(axis.finest, axis.id), words)
        return
    if attribute.role is Role.TIME_PART and attribute.part in {"year", "month", "quarter"}:
        for axis in resolver.model.axes_of(attribute.table):
            own = attribute.column in axis.columns or resolver.model.entities[axis.table].bridge
            if own and Grain(attribute.part) in coarser(axis):
                yield from _times(resolver, Calendar(Grain(attribute.part), axis.id), words)
                return
    cost = {Role.ADDITIVE: SUM_GROUP, Role.RATE: 0.4}.get(attribute.role, 0.0)
    cost += KEY_GROUP * (attribute.role is Role.KEY)
    for field in resolver.fields(column, words):
        yield Choice(FieldGroup(field=field.value, words=words), field.cost + cost, field.notes)


def _times(resolver: Resolver, calendar: Calendar, words: Words) -> Iterator[Choice[Group]]:
    for choice in resolver.axes(calendar.axis):
        axis, path = choice.value
        grain = calendar.grain or _fitting(axis)
        if grain in coarser(axis):
            group = TimeGroup(
                axis=axis.id, path=path, grain=grain, recurring=calendar.recurring, words=words
            )
            yield Choice(group, choice.cost, choice.notes)


def _fitting(axis: Axis) -> Grain:
    """The unit in which a development over the whole time of the data can be seen."""
    if axis.first and axis.last:
        first, last = (date.fromisoformat(day[:10]) for day in (axis.first, axis.last))
        days = (last - first).days
        wanted = Grain.DAY if days <= 45 else Grain.MONTH if days <= 3 * 366 else Grain.YEAR
    else:
        wanted = Grain.MONTH
    return wanted if wanted in coarser(axis) else axis.finest


def coarser(axis: Axis) -> tuple[Grain, ...]:
    """The units that an axis can be grouped by."""
    grains = GRAINS[GRAINS.index(axis.finest) :]
    return grains if axis.finest is Grain.DAY else tuple(g for g in grains if g is not Grain.WEEK)
