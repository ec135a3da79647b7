"""The nodes of a query: immutable, comparable, printable, and JSON by msgspec.

A query names tables, columns and joins by the names of the semantic model; it has no SQL in it.
Every node that a reader builds carries in ``words`` the positions of the tokens that it came
from. ``bare`` removes them: two readings mean the same if their bare queries are equal.

Measures are open: beside `Aggregate` there are the subclasses of `Calculation`. Therefore `stored`
reads a query back from JSON: it finds them all.
"""

from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, TypeAlias, TypeVar

import msgspec
from sqlglot import exp

from kai_flow.analyst.query.measure import Asking, Measure, Saying, Sortable

if TYPE_CHECKING:
    from kai_flow.analyst.query.naming import Results
    from kai_flow.analyst.query.window import Window

Words: TypeAlias = tuple[int, ...]
"""Positions of tokens in the question, rising; empty for a default that no word asked for."""


class Function(StrEnum):
    """How rows become one number."""

    COUNT = "count"
    """Rows of the fact table; ``of`` is None."""
    DISTINCT = "distinct"
    """Different values of ``of``."""
    SUM = "sum"
    AVERAGE = "average"
    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    MEDIAN = "median"


class Grain(StrEnum):
    """A unit of the calendar, to group or to shift by."""

    DAY = "day"
    WEEK = "week"
    """ISO weeks, from Monday."""
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class TimeUnit(StrEnum):
    """A unit in which a duration is given."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    """A twelfth of a year on average."""
    YEAR = "year"
    """365.2425 days."""


class Operator(StrEnum):
    """How a condition compares."""

    EQUAL = "="
    NOT_EQUAL = "!="
    ABOVE = ">"
    AT_LEAST = ">="
    BELOW = "<"
    AT_MOST = "<="
    BETWEEN = "between"
    """Both ends included."""
    CONTAINS = "contains"
    """The text contains the value, whatever the case of its letters."""
    EMPTY = "empty"
    """No value; ``values`` is empty."""
    PRESENT = "present"
    """Some value; ``values`` is empty."""


class Node(msgspec.Struct, frozen=True, tag=True, kw_only=True, cache_hash=True, dict=True):
    """What every node has. Readings share their nodes, so what is worked out of one is kept."""

    words: Words = ()

    @cached_property
    def wordless(self) -> Self:
        """See `bare`."""
        fields: dict[str, Any] = {
            name: bare(getattr(self, name)) for name in self.__struct_fields__ if name != "words"
        }
        return type(self)(**fields)

    @cached_property
    def joins(self) -> frozenset[str]:
        """See `joins_of`."""
        own = frozenset(getattr(self, "path", ()))
        inner = [getattr(self, n) for n in self.__struct_fields__ if n not in {"path", "words"}]
        return own.union(*[joins_of(each) for each in inner if isinstance(each, tuple | Node)])

    @cached_property
    def tables(self) -> frozenset[str]:
        """See `tables_of`."""
        own = frozenset([self.table] if isinstance(self, Field) else [])
        return own.union(*[tables_of(getattr(self, name)) for name in self.__struct_fields__])


class Field(Node, Sortable, frozen=True, tag=True, kw_only=True):
    """A column, reached from the fact table by joins."""

    table: str
    column: str
    path: tuple[str, ...] = ()
    """Ids of the joins from the fact table to ``table``, in order; empty: the fact table itself."""


class Number(Node, frozen=True, tag=True, kw_only=True):
    """A constant in a formula."""

    value: float


class Formula(Node, frozen=True, tag=True, kw_only=True):
    """An arithmetic expression on one row, such as ``quantity * unit_price``."""

    operator: str
    """One of ``+ - * /``. A division by zero gives no value."""
    left: "Expression"
    right: "Expression"


class Unit(Node, frozen=True, tag=True, kw_only=True):
    """The unit of the calendar that a row's time is in, to be counted: 2024-03, or 2024."""

    axis: str
    path: tuple[str, ...] = ()
    grain: Grain


class Lapse(Node, frozen=True, tag=True, kw_only=True):
    """How long it was from one time of a row to another, with fractions; no value where the row
    lacks one of both.
    """

    start: Field
    """A column that is an axis of its table."""
    end: Field | None = None
    """Another one; None: the row's time up to ``day``."""
    day: str = ""
    """ISO date."""
    unit: TimeUnit


Expression: TypeAlias = Field | Number | Formula | Lapse


class Condition(Node, frozen=True, tag=True, kw_only=True):
    """A comparison of one expression with values. Several values of EQUAL: one of them must fit."""

    of: Expression
    operator: Operator
    values: tuple[str | float | bool, ...] = ()


class During(Node, frozen=True, tag=True, kw_only=True):
    """Rows whose time is in a period: from the day ``start`` up to, not including, ``end``."""

    axis: str
    """Id of an axis of the model."""
    path: tuple[str, ...] = ()
    """Ids of the joins from the fact table to the axis' table."""
    start: str | None = None
    """ISO date, or None: no lower bound."""
    end: str | None = None


class Recurring(Node, frozen=True, tag=True, kw_only=True):
    """Rows whose time has a certain part, in whatever year: "in March", "on Mondays"."""

    axis: str
    path: tuple[str, ...] = ()
    part: str
    """``month`` (1–12), ``quarter`` (1–4), ``weekday`` (1 = Monday, to 7), ``day`` (1–31)."""
    values: tuple[int, ...]


class Related(Node, frozen=True, tag=True, kw_only=True):
    """Rows of the fact table that have (or, inside Not, have no) related rows: "customers without
    orders".
    """

    path: tuple[str, ...]
    """Ids of the joins from the fact table to the related table."""
    where: "Filter | None" = None
    """What the related rows must meet; its fields are reached from the *related* table."""


class Tally(Node, frozen=True, tag=True, kw_only=True):
    """Rows of the fact table whose related rows add up to something: "customers with more than 3
    orders". A row without related rows has a count of 0, and no other number.
    """

    path: tuple[str, ...]
    """Ids of the joins from the fact table to the related table."""
    of: "Aggregate"
    """Of the related rows; its fields and its filter are reached from the *related* table."""
    operator: Operator
    values: tuple[float, ...]


class Against(Node, frozen=True, tag=True, kw_only=True):
    """Rows whose value compares with an aggregate of all rows of the fact table: "products that
    cost more than the average".
    """

    of: Expression
    operator: Operator
    than: "Aggregate"
    """Its filter says of which rows, if not of all: the query's filter does not limit it."""


class All(Node, frozen=True, tag=True, kw_only=True):
    """Every part must hold."""

    parts: tuple["Filter", ...]


class Either(Node, frozen=True, tag=True, kw_only=True):
    """At least one part must hold."""

    parts: tuple["Filter", ...]


class Not(Node, frozen=True, tag=True, kw_only=True):
    """The part must not hold. A row without a value meets the negation, as a person expects."""

    part: "Filter"


Filter: TypeAlias = Condition | During | Recurring | Related | Tally | Against | All | Either | Not


class Over(Node, frozen=True, tag=True, kw_only=True):
    """The rows of another table than the query's fact, for the same groups: "units sold and units
    returned of every category".
    """

    fact: str
    """The table; the aggregate's fields are reached from it."""
    groups: tuple["Group", ...] = ()
    """The query's groups, one by one, as they are reached from this table."""
    where: Filter | None = None
    """What these rows must meet; the query's own filter is about its own fact."""


class Aggregate(Node, Measure, frozen=True, tag=True, kw_only=True):
    """One number from the rows of a group."""

    function: Function
    of: Expression | Unit | None = None
    where: Filter | None = None
    """Only these rows of the group; None: all. A sum of no such rows is 0, as a comparison of
    columns side by side needs; a sum of no rows without ``where`` is no value.
    """
    derived: str = ""
    """Name of the derived measure that ``of`` is, empty for a column."""
    over: Over | None = None
    """Other rows than those of the fact table. A query may have one other table. Where it has one,
    a count or sum of a group without rows in one of both is 0.
    """

    @property
    def aggregates(self) -> "tuple[Aggregate, ...]":
        return (self,)

    def number(self, found: Sequence[exp.Expr], window: "Window") -> exp.Expr:  # noqa: ARG002 -- no other group counts
        return found[0]

    def name(self, names: "Results") -> str:
        return names.aggregate(self)

    def printed(self, aggregate: "Callable[[Aggregate], str]") -> str:
        return aggregate(self)

    def said(self, say: Saying) -> str:
        return say.aggregate(self)

    def asked(self, ask: Asking) -> str:
        return ask.aggregate(self)

    def unit(self, units: Sequence[str]) -> str:
        return units[0]


class FieldGroup(Node, Sortable, frozen=True, tag=True, kw_only=True):
    """Groups by the values of a column. The column that names the rows of a joined table groups by
    the row: two of one name stay apart.

    Rows without a value form a group of their own. Rows that reach nothing along the field's path
    are in no group.
    """

    field: Field


class TimeGroup(Node, Sortable, frozen=True, tag=True, kw_only=True):
    """Groups by calendar units of an axis."""

    axis: str
    path: tuple[str, ...] = ()
    grain: Grain
    recurring: bool = False
    """Month of the year (1 to 12), weekday …, whatever the year."""


class PeriodGroup(Node, Sortable, frozen=True, tag=True, kw_only=True):
    """Groups by named periods of an axis, side by side; rows in none of them are left out."""

    axis: str
    path: tuple[str, ...] = ()
    periods: tuple[tuple[str, str | None, str | None], ...]
    """(label, first day, day after the last), in the order of the question. None: an open end."""


Group: TypeAlias = FieldGroup | TimeGroup | PeriodGroup


class Having(Node, frozen=True, tag=True, kw_only=True):
    """A condition on groups."""

    measure: Measure
    operator: Operator
    values: tuple[float, ...]


class Order(Node, frozen=True, tag=True, kw_only=True):
    """What the rows of the result are sorted by."""

    by: Sortable
    """A measure, a group, or of a listing a column."""
    descending: bool = False


class Query(Node, frozen=True, tag=True, kw_only=True):
    """One question to one fact table: measures, grouped or not, or columns of single rows."""

    fact: str
    """The table whose rows are counted, aggregated or listed."""
    measures: tuple[Measure, ...] = ()
    groups: tuple[Group, ...] = ()
    columns: tuple[Field, ...] = ()
    distinct: bool = False
    """Of a listing: every different row once, without rows that reach nothing along a path."""
    where: Filter | None = None
    having: tuple[Having, ...] = ()
    order: tuple[Order, ...] = ()
    limit: int | None = None
    each: int | None = None
    """Rows for each value of the first group at most: "the top 3 products of every region"."""


T = TypeVar("T")


def bare(node: T) -> T:
    """The same node without the positions of words, for comparing."""
    if isinstance(node, tuple):
        return tuple(map(bare, node))  # type: ignore[return-value]
    return node.wordless if isinstance(node, Node) else node


def words_of(node: object) -> frozenset[int]:
    """The positions of all words that a node and its parts came from."""
    if isinstance(node, tuple):
        return frozenset().union(*(words_of(part) for part in node))
    if isinstance(node, Node):
        inner = (words_of(getattr(node, n)) for n in node.__struct_fields__ if n != "words")
        return frozenset(node.words).union(*inner)
    return frozenset()


def joins_of(node: object) -> frozenset[str]:
    """The ids of all joins that a node and its parts use."""
    if isinstance(node, tuple):
        return frozenset().union(*map(joins_of, node))
    return node.joins if isinstance(node, Node) else frozenset()


def tables_of(node: object) -> frozenset[str]:
    """The tables of all columns that a node and its parts use."""
    if isinstance(node, tuple):
        return frozenset().union(*map(tables_of, node))
    return node.tables if isinstance(node, Node) else frozenset()
