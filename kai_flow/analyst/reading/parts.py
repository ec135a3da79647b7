"""The constituents of a question: what spans of words mean before a fact table is chosen.

Parts name columns without the joins that lead there: those depend on the fact table, which the
assembly chooses. All are immutable and comparable, so that a chart can keep each only once.
"""

from dataclasses import dataclass
from typing import TypeAlias

from kai_flow.analyst.lexicon.periods import Period
from kai_flow.analyst.query.nodes import Function, Grain, Operator
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


@dataclass(frozen=True, slots=True)
class Computed:
    """A derived measure."""

    name: str
    table: str


@dataclass(frozen=True, slots=True)
class Clock:
    """An axis of time: "order date"."""

    axis: str


@dataclass(frozen=True, slots=True)
class Role:
    """The role of a join by itself: "origin"."""

    join: str


@dataclass(frozen=True, slots=True)
class Beside:
    """A verb that says of which column a value beside it is: "paid by card"."""

    column: Column


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
    """A text in quotes, which is taken literally."""

    text: str


@dataclass(frozen=True, slots=True)
class Values:
    """Values of one column: one of them must fit. "Jakarta or Bandung"."""

    column: Column
    values: tuple[str | float | bool, ...]


@dataclass(frozen=True, slots=True)
class Implied:
    """A number that an adjective means: "cheapest" means the price. Named by its concept."""

    concept: str


@dataclass(frozen=True, slots=True)
class Times:
    """One number of a row times another."""

    left: Column
    right: Column


# Filters


@dataclass(frozen=True, slots=True)
class Compared:
    """A comparison of a column or derived measure, row by row."""

    of: "Column | Computed | Implied"
    operator: Operator
    values: tuple[str | float | bool, ...] = ()
    unit: str = ""
    """The unit in which the question gives the values: ``kg``, ``%``; empty: it does not say."""


@dataclass(frozen=True, slots=True)
class Within:
    """Rows whose time is in a period."""

    time: Time


@dataclass(frozen=True, slots=True)
class Having:
    """A condition on a number for each group: "with more than 100 orders"."""

    amount: "Amount"
    operator: Operator
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Has:
    """Rows that have related rows: "customers with orders"; negated, "without orders"."""

    table: str


@dataclass(frozen=True, slots=True)
class Negated:
    """A filter that must not hold."""

    part: "Test"


@dataclass(frozen=True, slots=True)
class Joined:
    """Several filters of which all, or one (``either``), must hold."""

    parts: tuple["Test", ...]
    either: bool


Test: TypeAlias = Compared | Within | Has | Negated | Joined


@dataclass(frozen=True, slots=True)
class Where:
    """A filter as a constituent of its own."""

    test: Test


# Numbers


@dataclass(frozen=True, slots=True)
class Amount:
    """One number from rows: an aggregate of a column or derived measure, or a count of rows."""

    function: Function | None
    """None: nothing says how; the role of the column decides, or one row has it."""
    of: Column | Computed | Implied | Times | None = None
    """None: rows are counted."""
    table: str | None = None
    """Whose rows are counted, when ``of`` is None."""
    where: tuple[Test, ...] = ()
    """Only rows that meet these."""


@dataclass(frozen=True, slots=True)
class Quotient:
    """The ratio of two amounts."""

    top: Amount
    bottom: Amount
    percent: bool = False
    each: bool = False
    """An average for each of the rows below: "average revenue per order"."""


@dataclass(frozen=True, slots=True)
class Gap:
    """The difference of two amounts."""

    left: Amount
    right: Amount
    percent: bool = False
    """Whether it is given in percent of the right one."""


@dataclass(frozen=True, slots=True)
class Portion:
    """The share of a group in the total; None: of the amount that stands elsewhere."""

    of: Amount | None


@dataclass(frozen=True, slots=True)
class Change:
    """The change against the period before."""

    of: Amount | None
    grain: Grain | None = None
    absolute: bool = False


Measured: TypeAlias = Amount | Quotient | Gap | Portion | Change


# Groups, ranks and the rest


@dataclass(frozen=True, slots=True)
class Calendar:
    """Groups by a unit of the calendar."""

    grain: Grain | None
    """None: over time, in the unit that fits the data."""
    axis: str | None = None
    recurring: bool = False


Dimension: TypeAlias = Column | Rows | Calendar


@dataclass(frozen=True, slots=True)
class Groups:
    """What to group by: "per province and year"."""

    by: tuple[Dimension, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """A number of things: "5 provinces"."""

    of: Dimension
    count: int


@dataclass(frozen=True, slots=True)
class Rank:
    """The first of an order: "top 5", "the highest average price", "cheapest"."""

    descending: bool
    count: int | None = None
    """None: one, or a few when several are asked for."""
    by: "Measured | Clock | None" = None
    of: Dimension | None = None
    each: bool = False
    """So many of every group."""


@dataclass(frozen=True, slots=True)
class Sort:
    """An order of the whole result."""

    by: "Measured | Dimension | None"
    descending: bool | None


@dataclass(frozen=True, slots=True)
class Versus:
    """Things or periods side by side."""

    values: tuple[Values, ...] = ()
    times: tuple[Time, ...] = ()


@dataclass(frozen=True, slots=True)
class Limit:
    """So many rows, of whatever is listed: "10 rows", "limit 10"."""

    count: int


@dataclass(frozen=True, slots=True)
class Ask:
    """What the question wants."""

    what: str
    """``value``, ``list``, ``which``, ``when``, ``extent``, ``catalogue`` …."""
    many: bool = False


@dataclass(frozen=True, slots=True)
class Which:
    """What is asked for by name: "which provinces"."""

    of: Dimension


@dataclass(frozen=True, slots=True)
class Refused:
    """A phrase that asks for what is never done, by the key of the reason."""

    reason: str


Part: TypeAlias = (
    Sign
    | Rows
    | Column
    | Computed
    | Clock
    | Role
    | Beside
    | Figure
    | Time
    | Text
    | Values
    | Where
    | Having
    | Amount
    | Quotient
    | Gap
    | Portion
    | Change
    | Calendar
    | Groups
    | Some
    | Rank
    | Sort
    | Versus
    | Limit
    | Implied
    | Ask
    | Which
    | Refused
)


@dataclass(frozen=True, slots=True)
class Item:
    """A part and the tokens from ``first`` up to, not including, ``last`` that it stands for."""

    first: int
    last: int
    part: Part
    cost: float
    words: tuple[int, ...]
    """The tokens that it understood, without those that were skipped as glue."""
    aside: tuple[tuple[Test, tuple[int, ...]], ...] = ()
    """Filters that stand within it: "active" in "number of active cooperatives"."""
