"""The first and the last day that there is."""

from collections.abc import Iterator

from kai_flow.analyst.query.nodes import Aggregate, Field, Function, Query
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.assembler import Assembler
from kai_flow.analyst.reading.bag import Bag
from kai_flow.analyst.reading.filtering import filters
from kai_flow.analyst.reading.reading import Reading


def extents(a: Assembler, bag: Bag) -> Iterator[Reading]:
    """The least and the greatest time of the named rows, or of each table that has a time."""
    if bag.measures or bag.groups or bag.ranks or bag.havings or bag.asked("count"):
        return
    for fact, field in _times(a, bag):
        both = tuple(
            Aggregate(function=function, of=field)
            for function in (Function.MINIMUM, Function.MAXIMUM)
        )
        for choice in filters(a.resolver(fact, bag), bag.tests)[:1]:
            query = Query(fact=fact, measures=both, where=choice.value)
            yield Reading(query, bag.cost + choice.cost, choice.notes)


def _times(a: Assembler, bag: Bag) -> list[tuple[str, Field]]:
    """The time that is named, or else the first time of the rows, with their table."""
    tables = [table for table, _ in bag.rows]
    if bag.columns or bag.clocks:
        axes = [clock.axis for clock, _ in bag.clocks]
        axes += [axis for of, _ in bag.columns if (axis := _axis_of(a, of)) is not None]
        if len(axes) != 1 or len(bag.columns) > 1:
            return []
        table = a.model.axes[axes[0]].table
        return _of_rows(a, bag, table, axes[0]) if {*tables} <= {table} else []
    found = [_of_rows(a, bag, table, None) for table in tables or a.model.entities]
    return [each for several in found for each in several]


def _of_rows(a: Assembler, bag: Bag, table: str, axis: str | None) -> list[tuple[str, Field]]:
    """The time of the rows of a table that is meant before others."""
    times = (choice.value for choice in a.resolver(table, bag).axes(axis))
    found = [
        Field(table=known.table, column=known.columns[0], path=path)
        for known, path in times
        if not a.resolver(table, bag).widens(path)
    ]
    return [(table, field) for field in found[:1]]


def _axis_of(a: Assembler, of: p.Noun) -> str | None:
    """The time that a column is."""
    if not isinstance(of, p.Column) or of.role is not None:
        return None
    axes = a.model.axes_of(of.ref.table)
    return next((axis.id for axis in axes if axis.columns[0] == of.ref.column), None)
