"""What the rules of several kinds share: what can be measured, and what can be grouped by."""

from typing import Final

from msgspec.structs import replace

from kai_flow.analyst.query.nodes import Function
from kai_flow.analyst.reading.parts import (
    Amount,
    Beside,
    Calculated,
    Calendar,
    Change,
    Column,
    Computed,
    Gap,
    Implied,
    Item,
    Lasting,
    Measured,
    Noun,
    Portion,
    Quotient,
    Role,
    Rows,
    Sign,
    Values,
)
from kai_flow.analyst.schema import ColumnRef

NOUN: Final = (Column, Computed, Lasting)
"""What may be a number of a row."""

MEASURED: Final = (Amount, Quotient, Gap, Portion, Change, Calculated)
"""Complete numbers."""

NUMBER: Final = (*NOUN, *MEASURED)
"""What can be ranked by or compared with a number."""

SIDE: Final = (*NUMBER, Rows)
"""What a ratio or a difference is of."""

DIMENSION: Final = (Column, Rows, Calendar)
"""What can be grouped by."""

SINGLE = frozenset([Function.AVERAGE, Function.MEDIAN, Function.MAXIMUM, Function.MINIMUM])
"""Functions that a ratio of totals does not have on one side alone."""

COUNTED: Final = frozenset(["", "pcs", "person"])
"""The units of figures that may say how many rows there are."""


def amount(noun: Noun | Implied | Measured) -> Measured:
    """A number whose way to be aggregated is not said yet, of a noun; a complete one as it is."""
    return Amount(None, noun) if isinstance(noun, Noun | Implied) else noun


def aggregate(function: Function, noun: Noun | Implied | Amount) -> Amount | None:
    """A noun aggregated; None when it is aggregated already in another way."""
    if not isinstance(noun, Amount):
        return Amount(function, noun)
    if noun.function is None:
        return Amount(function, noun.of, noun.table, noun.where)
    return noun if noun.function is function else None


def count(rows: Rows) -> Amount:
    """The number of rows."""
    return Amount(Function.COUNT, None, rows.table)


def two_amounts(parts: "tuple[Sign | Column | Computed | Measured | Rows, ...]") -> list[Amount]:
    """The numbers on both sides of a sign; fewer than two if one is no amount."""
    sides = [part for part in parts if not isinstance(part, Sign)]
    numbers = [count(part) if isinstance(part, Rows) else amount(part) for part in sides]
    return [number for number in numbers if isinstance(number, Amount)]


def mixed(left: Amount, right: Amount) -> bool:
    """Whether only one of two columns is averaged or the like: "average assets minus capital"."""
    sides = {left.function, right.function}
    plain = left.of is not None and right.of is not None and None in sides
    return plain and bool(sides & SINGLE)


def done_by_one(role: Role, values: Values) -> Values | None:
    """The words "Inspected by Hana Miller"."""
    same = role.done and role.label is not None and role.label.table == values.column.ref.table
    if not same or values.column.role is not None:
        return None
    return replace(values, column=Column(values.column.ref, role.join))


def column_of(item: Item) -> ColumnRef | None:
    """The column that a part is about."""
    match item.part:
        case Column(ref):
            return ref
        case Values(column) | Beside(column):
            return column.ref
        case _:
            return None


def table_of(item: Item) -> str | None:
    """The table that a part names, or a column of it."""
    match item.part:
        case Rows(table):
            return table
        case Column(ref):
            return ref.table
        case _:
            return None
