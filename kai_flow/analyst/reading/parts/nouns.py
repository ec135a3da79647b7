"""What words name by themselves: tables, columns, values, numbers, times."""

from dataclasses import dataclass
from typing import TypeAlias

from kai_flow.analyst.lexicon.periods import Period
from kai_flow.analyst.query.nodes import Grain, TimeUnit
from kai_flow.analyst.schema import ColumnRef


@dataclass(frozen=True, slots=True)
class Sign:
    """A phrase of a kind of question, by its name: ``average``, ``per``, ``above`` …"""

    name: str


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a table: "orders"."""

    table: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column, perhaps reached by the join that has a role: "origin city"."""

    ref: ColumnRef
    role: str | None = None
    """Id of the join."""
    number: bool = False
    """Whether a question names it as a quantity, an amount or a rate."""
    adds: bool = False
    """Whether its values can be added up."""


@dataclass(frozen=True, slots=True)
class Computed:
    """A derived measure."""

    name: str
    table: str


@dataclass(frozen=True, slots=True)
class Lasting:
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


@dataclass(frozen=True, slots=True)
class Bound:
    """A time at which something began or ended: "until it arrives"."""

    axis: str


Noun: TypeAlias = Column | Computed | Lasting
"""What may be a number of a row."""


@dataclass(frozen=True, slots=True)
class Clock:
    """An axis of time: "order date"."""

    axis: str


@dataclass(frozen=True, slots=True)
class Role:
    """The role of a join by itself: "origin"."""

    join: str
    label: ColumnRef | None = None
    """What names those that the join leads to."""
    done: bool = False
    """Whether it is said by what they did: "inspected by"."""


@dataclass(frozen=True, slots=True)
class Beside:
    """A verb that says of which column a value beside it is: "paid by card"."""

    column: Column


ANY_NUMBER = "any number"
"""In place of a concept of ``Implied``: whatever amount the rows have that are talked about."""


BILLED = "billed"
"""Likewise: the money that rows are about, where they are payments, invoices or the like."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number."""

    value: float
    percent: bool = False
    unit: str = ""
    ordinal: bool = False


@dataclass(frozen=True, slots=True)
class Time:
    """A period, perhaps of a certain axis."""

    period: Period
    grain: Grain | None = None
    axis: str | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """A text in quotes, or a code, which is taken literally."""

    text: str
    code: bool = False
    """Whether it has letters and digits like a number of an order: it is the whole value."""


@dataclass(frozen=True, slots=True)
class Values:
    """Values of one column: one of them must fit. "Jakarta or Bandung"."""

    column: Column
    values: tuple[str | float | bool, ...]
    listed: bool = False
    """Whether "and" joins them, so that each may be meant by itself: "Jakarta and Bandung"."""


@dataclass(frozen=True, slots=True)
class Implied:
    """A number that an adjective means: "cheapest" means the price. Named by its concept."""

    concept: str
    table: str | None = None
    """The table whose rows have it; None: the fact table."""


@dataclass(frozen=True, slots=True)
class Units:
    """The different units of the calendar that rows are in."""

    grain: Grain


@dataclass(frozen=True, slots=True)
class Operation:
    """Two numbers of a row, multiplied, added or subtracted."""

    left: Column
    right: Column
    operator: str = "*"
    """``*``, ``+`` or ``-``."""
