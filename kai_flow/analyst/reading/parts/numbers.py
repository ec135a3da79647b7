"""What is computed from rows: amounts, ratios, differences, shares and changes of them."""

from dataclasses import dataclass
from typing import TypeAlias

from kai_flow.analyst.query.calculation import Calculation
from kai_flow.analyst.query.nodes import Function, Grain, Operator
from kai_flow.analyst.reading.parts.conditions import Test
from kai_flow.analyst.reading.parts.nouns import Implied, Noun, Operation, Units


@dataclass(frozen=True, slots=True)
class Having:
    """A condition on a number for each group: "with more than 100 orders"."""

    amount: "Amount"
    operator: Operator
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Amount:
    """One number from rows: an aggregate of a column or derived measure, or a count of rows."""

    function: Function | None
    """None: nothing says how; the role of the column decides, or one row has it."""
    of: Noun | Implied | Operation | Units | None = None
    """None: rows are counted."""
    table: str | None = None
    """Whose rows are counted, when ``of`` is None."""
    where: tuple[Test, ...] = ()
    """Only rows that meet these."""


@dataclass(frozen=True, slots=True)
class Functions:
    """Several functions, before what they are of is known: "highest and lowest"."""

    functions: tuple[Function, ...]


@dataclass(frozen=True, slots=True)
class Several:
    """Several numbers: "the highest and the lowest price"."""

    amounts: tuple[Amount, ...]


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


@dataclass(frozen=True, slots=True)
class Calculated:
    """A number that a kind calculates from amounts in a way of its own."""

    by: type[Calculation]
    amounts: tuple[Amount, ...]
    """For its fields, in their order."""


Measured: TypeAlias = Amount | Quotient | Gap | Portion | Change | Calculated
