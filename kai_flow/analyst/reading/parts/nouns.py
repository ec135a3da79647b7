"""What words name by themselves: tables, columns, values, numbers, times."""

from typing import TypeAlias

from msgspec import Struct

from kai_flow.analyst.lexicon.periods import Period
from kai_flow.analyst.query.nodes import Grain, TimeUnit
from kai_flow.analyst.schema import ColumnRef


class Sign(Struct, frozen=True, gc=False, cache_hash=True):
    """A phrase of a kind of question, by its name: ``average``, ``per``, ``above`` …"""

    name: str


class Rows(Struct, frozen=True, gc=False, cache_hash=True):
    """The rows of a table: "orders"."""

    table: str


class Column(Struct, frozen=True, gc=False, cache_hash=True):
    """A column, perhaps reached by the join that has a role: "origin city"."""

    ref: ColumnRef
    role: str | None = None
    """Id of the join."""
    number: bool = False
    """Whether a question names it as a quantity, an amount or a rate."""
    adds: bool = False
    """Whether its values can be added up."""


class Computed(Struct, frozen=True, gc=False, cache_hash=True):
    """A derived measure."""

    name: str
    table: str


class Lasting(Struct, frozen=True, gc=False, cache_hash=True):
    """How long something took, from one time of a row to another."""

    axes: tuple[str, ...] = ()
    """Ids of the times that the question names, two at most."""
    unit: TimeUnit | None = None
    """None: the question does not say."""
    table: str | None = None
    """Whose rows lasted, where the question says so: "delivery time"."""

    def with_(self, other: "Lasting") -> "Lasting | None":
        """What both say together; None if they contradict each other."""
        axes = tuple(dict.fromkeys((*self.axes, *other.axes)))
        units, tables = {self.unit, other.unit} - {None}, {self.table, other.table} - {None}
        if len(axes) > 2 or len(units) > 1 or len(tables) > 1:
            return None
        return Lasting(axes, self.unit or other.unit, self.table or other.table)


class Bound(Struct, frozen=True, gc=False, cache_hash=True):
    """A time at which something began or ended: "until it arrives"."""

    axis: str


Noun: TypeAlias = Column | Computed | Lasting
"""What may be a number of a row."""


class Clock(Struct, frozen=True, gc=False, cache_hash=True):
    """An axis of time: "order date"."""

    axis: str


class Role(Struct, frozen=True, gc=False, cache_hash=True):
    """The role of a join by itself: "origin"."""

    join: str
    label: ColumnRef | None = None
    """What names those that the join leads to."""
    done: bool = False
    """Whether it is said by what they did: "inspected by"."""


class Beside(Struct, frozen=True, gc=False, cache_hash=True):
    """A verb that says of which column a value beside it is: "paid by card"."""

    column: Column


ANY_NUMBER = "any number"
"""In place of a concept of ``Implied``: whatever amount the rows have that are talked about."""


BILLED = "billed"
"""Likewise: the money that rows are about, where they are payments, invoices or the like."""


class Figure(Struct, frozen=True, gc=False, cache_hash=True):
    """A number."""

    value: float
    percent: bool = False
    unit: str = ""
    ordinal: bool = False


class Time(Struct, frozen=True, gc=False, cache_hash=True):
    """A period, perhaps of a certain axis."""

    period: Period
    grain: Grain | None = None
    axis: str | None = None


class Text(Struct, frozen=True, gc=False, cache_hash=True):
    """A text in quotes, or a code, which is taken literally."""

    text: str
    code: bool = False
    """Whether it has letters and digits like a number of an order: it is the whole value."""


class Values(Struct, frozen=True, gc=False, cache_hash=True):
    """Values of one column: one of them must fit. "Jakarta or Bandung"."""

    column: Column
    values: tuple[str | float | bool, ...]
    listed: bool = False
    """Whether "and" joins them, so that each may be meant by itself: "Jakarta and Bandung"."""


class Implied(Struct, frozen=True, gc=False, cache_hash=True):
    """A number that an adjective means: "cheapest" means the price. Named by its concept."""

    concept: str
    table: str | None = None
    """The table whose rows have it; None: the fact table."""


class Units(Struct, frozen=True, gc=False, cache_hash=True):
    """The different units of the calendar that rows are in."""

    grain: Grain


class Operation(Struct, frozen=True, gc=False, cache_hash=True):
    """Two numbers of a row, multiplied, added or subtracted."""

    left: Column
    right: Column
    operator: str = "*"
    """``*``, ``+`` or ``-``."""
