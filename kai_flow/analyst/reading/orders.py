"""In which order rows are listed, and the columns that it goes by."""

from collections.abc import Iterator, Sequence
from typing import Final

from kai_flow.analyst.query.nodes import Words
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.assembler import Assembler
from kai_flow.analyst.reading.bag import Bag
from kai_flow.analyst.reading.resolving import Resolver
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.model import Role

LISTED: Final = 100
"""Rows of a listing when the question gives no number."""

_Columns = Sequence[tuple[p.Column, Words]]


def sorted_by(
    a: Assembler, bag: Bag, resolver: Resolver, shown: _Columns
) -> list[tuple[p.Column, p.Sort, Words]] | None:
    """The columns that rows are sorted by; None if an order is said of what they do not have."""
    found = []
    for sort, words in bag.sorts:
        column = next(_column(a, sort, resolver, shown), None)
        if column is None:
            return None
        found.append((column, sort, words))
    return found


def _column(a: Assembler, sort: p.Sort, resolver: Resolver, shown: _Columns) -> Iterator[p.Column]:
    """What an order goes by: what it names, or the last number or time that is shown."""
    match sort.by:
        case p.Column() as column:
            yield column
        case p.Calendar(_, str() as axis):
            known = a.model.axes[axis]
            yield p.Column(ColumnRef(known.table, known.columns[0]))
        case p.Calendar():
            yield from (
                p.Column(ColumnRef(resolver.fact, axis.columns[0]))
                for axis in a.model.axes_of(resolver.fact)[:1]
            )
        case p.Rows(table):
            label = a.model.entities[table].label
            yield from (p.Column(ColumnRef(table, label)),) if label else ()
        case None if sort.names:
            yield from (column for column, _ in shown if not a.numeric(column))
        case None:
            yield from (column for column, _ in reversed(shown) if in_order(a, column))
        case _:
            return


def in_order(a: Assembler, column: p.Column) -> bool:
    """Whether a column is a number or a time."""
    return a.numeric(column) or a.model.attributes[column.ref].role in {Role.TIME, Role.TIME_PART}
