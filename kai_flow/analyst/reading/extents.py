"""The first and the last day that there is."""

from collections.abc import Iterator

from kai_flow.analyst.query.nodes import Aggregate, Field, Function, Query
from kai_flow.analyst.reading.assembler import Assembler
from kai_flow.analyst.reading.bag import Bag
from kai_flow.analyst.reading.filtering import filters
from kai_flow.analyst.reading.reading import Reading


def extents(a: Assembler, bag: Bag) -> Iterator[Reading]:
    """The least and the greatest time of the named rows, or of each table that has a time."""
    if bag.measures or bag.columns or bag.groups or bag.ranks or bag.havings:
        return
    tables = [table for table, _ in bag.rows] or list(a.model.entities)
    for table in tables:
        for axis in a.model.axes_of(table)[:1]:
            field = Field(table=table, column=axis.columns[0])
            both = tuple(
                Aggregate(function=function, of=field)
                for function in (Function.MINIMUM, Function.MAXIMUM)
            )
            for choice in filters(a.resolver(table, bag), bag.tests)[:1]:
                query = Query(fact=table, measures=both, where=choice.value)
                yield Reading(query, bag.cost + choice.cost, choice.notes)
