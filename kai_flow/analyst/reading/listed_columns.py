"""Which columns a list of rows has beside those that the question names."""

from collections.abc import Iterator, Sequence
from typing import Final

from kai_flow.analyst.query.nodes import (
    Against,
    All,
    Condition,
    During,
    Either,
    Field,
    Filter,
    Formula,
    Not,
    Operator,
    Words,
)
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.assembler import Assembler
from kai_flow.analyst.reading.bag import Bag
from kai_flow.analyst.reading.comparisons import ORDERED
from kai_flow.analyst.reading.orders import in_order
from kai_flow.analyst.reading.resolving import Resolver
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.model import Attribute, Role, SemanticModel
from kai_flow.analyst.semantics.paths import keeps_rows

RATES: Final = frozenset([Role.RATE])
"""Roles of numbers that several rows share: the prices of products, in a table of sales."""

FIRST: Final = 4
"""Columns of a row without a name that tell which one it is, at most."""

NUMBERS: Final = 2
"""Numbers of it that are shown, at most."""


def with_tested(
    model: SemanticModel, fields: Sequence[Field], where: Filter | None, *, details: bool
) -> tuple[Field, ...]:
    """The columns, and the numbers and times of the rows that the list is limited by.

    Of "products with a stock below 50" one wants to see the stock. With ``details``, the list also
    shows the values that what the rows point to must have: the group of gold customers.
    """
    told = _told(model, where) if details else ()
    return once_each((*fields, *told, *_tested(model, where)))


def _told(model: SemanticModel, where: Filter | None) -> Iterator[Field]:
    """The columns of other tables that have a certain value; whose employees they are is said."""
    for part in where.parts if isinstance(where, All) else (where,):
        if isinstance(part, Condition) and part.operator is Operator.EQUAL:
            of = part.of
            if not isinstance(of, Field) or not of.path or _widens(model, of):
                continue
            if model.joins[of.path[0]].source != of.table:
                yield of


def _widens(model: SemanticModel, field: Field) -> bool:
    """Whether joins to many rows lead to a column."""
    return any(model.joins[join].widens for join in field.path)


def once_each(fields: Sequence[Field]) -> tuple[Field, ...]:
    """The columns, each once: the same may be reached by the role of a join and without it."""
    found: dict[object, Field] = {}
    for field in fields:
        found.setdefault((field.table, field.column, field.path), field)
    return tuple(found.values())


def _tested(model: SemanticModel, where: Filter | None) -> Iterator[Field]:
    match where:
        case All(parts=parts) | Either(parts=parts):
            for part in parts:
                yield from _tested(model, part)
        case Not(part=part):
            yield from _tested(model, part)
        case Condition(of=Field() as field, operator=operator) if operator in ORDERED:
            if not _widens(model, field):
                yield field
        case Against(of=Field() as field):
            yield field
        case Condition(of=Formula(operator="-", left=Field() as left, right=Field() as right)):
            yield from (left, right)
        case During(axis=axis, path=()):
            known = model.axes[axis]
            yield Field(table=known.table, column=known.columns[0])
        case _:
            return


def repeats(
    a: Assembler, table: str, columns: Sequence[tuple[p.Column, Words]], *, spoken: bool
) -> bool:
    """Whether single rows cannot be told apart by columns, and are not asked for either.

    Their different combinations are what is asked for: "which categories and products are there".
    Amounts and dates are those of each row, and prices those of the rows that the question names.
    """
    own = [column.ref for column, _ in columns if column.ref.table == table]
    label = a.model.entities[table].label
    if any(ref == ColumnRef(table, label or "") or a.model.attributes[ref].unique for ref in own):
        return False
    rates = () if spoken else RATES  # what is the price of each is no question about single rows
    return not any(
        in_order(a, c) and a.model.attributes[c.ref].role not in rates for c, _ in columns
    )


def of_each_row(a: Assembler, table: str, columns: Sequence[tuple[p.Column, Words]]) -> bool:
    """Whether a column tells the rows apart: its values are listed, and not counted."""
    own = [a.model.attributes[c.ref] for c, _ in columns if c.ref.table == table]
    label = a.model.entities[table].label
    return any(o.unique and o.role is not Role.KEY and o.column != label for o in own)


def codes(
    a: Assembler, table: str, label: Attribute, columns: Sequence[tuple[p.Column, Words]]
) -> list[tuple[p.Column, Words]]:
    """The code that people know rows by, beside a key that only the database knows."""
    known = {column.ref for column, _ in columns}
    found = [each for each in a.model.of(table) if each.role is Role.CODE and each.unique]
    key = label.role is Role.KEY
    beside = key and columns and not any(each.ref in known for each in found)
    return [(p.Column(each.ref), ()) for each in found[:1] if beside]


def by_code(a: Assembler, table: str, columns: Sequence[tuple[p.Column, Words]]) -> bool:
    """Whether rows without a name are asked for by their code: it says which, and nothing of them.

    Tracking numbers are those of shipments, about which one wants to know the same.
    """
    label = a.model.entities[table].label
    named = label is not None and a.model.attributes[ColumnRef(table, label)].role is Role.NAME
    refs = [column.ref for column, _ in columns if column.ref.table == table]
    found = [a.model.attributes[ref] for ref in refs]
    return not named and len(columns) == 1 and any(_is_code(each) for each in found)


def _is_code(attribute: Attribute) -> bool:
    return attribute.role is Role.CODE and attribute.unique


def usual(a: Assembler, table: str, label: Attribute | None) -> list[p.Column]:
    """The columns of a list of rows of which the question names none."""
    known = [each for each in a.model.of(table) if each.role not in {Role.KEY, Role.OTHER}]
    return [p.Column(each.ref) for each in known if label is None or each.ref != label.ref][:5]


def telling(a: Assembler, table: str, shown: Sequence[p.Column]) -> list[p.Column]:
    """What tells a row that has no name, beside the columns that are shown: its first columns.

    Its numbers are among them: of "the last grade" one wants to know how good it was.
    """
    known = {column.ref for column in shown}
    others = [
        each
        for each in a.model.of(table)
        if each.role not in {Role.KEY, Role.OTHER} and each.ref not in known
    ]
    numbers = [each for each in others if each.role in {Role.ADDITIVE, Role.RATE}][:NUMBERS]
    first = [each for each in others if each not in numbers][:FIRST]
    return [p.Column(each.ref) for each in others if each in first or each in numbers]


def several(bag: Bag, resolver: Resolver) -> Iterator[p.Column]:
    """Columns with one of several values: of "gold or platinum" one wants to see which."""
    for test, _words in bag.tests:
        if isinstance(test, p.Compared) and len(test.values) > 1 and isinstance(test.of, p.Column):
            ways = resolver.ways(test.of.ref.table, test.of.role)
            plain = any(keeps_rows(way.value) for way in ways)
            if test.operator is Operator.EQUAL and plain:
                yield test.of


def nameless(a: Assembler, table: str, columns: Sequence[tuple[p.Column, Words]]) -> bool:
    """Whether only numbers would be listed, of rows that have no names: amounts of sales."""
    label = a.model.entities[table].label
    named = label is not None and a.model.attributes[ColumnRef(table, label)].role is Role.NAME
    return not named and bool(columns) and all(a.numeric(column) for column, _ in columns)


def of_rows(a: Assembler, test: p.Test) -> bool:
    """Whether a test compares a number of single rows."""
    if not isinstance(test, p.Compared) or not isinstance(test.of, p.Column | p.Computed):
        return False
    return test.operator in ORDERED and a.numeric(test.of)
