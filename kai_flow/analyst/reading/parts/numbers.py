"""What is computed from rows: amounts, ratios, differences, shares and changes of them."""

from typing import TypeAlias

from msgspec import Struct

from kai_flow.analyst.query.calculation import Calculation
from kai_flow.analyst.query.nodes import Function, Grain, Operator
from kai_flow.analyst.reading.parts.conditions import Test
from kai_flow.analyst.reading.parts.nouns import Implied, Noun, Operation, Units


class Having(Struct, frozen=True, gc=False, cache_hash=True):
    """A condition on a number for each group: "with more than 100 orders"."""

    amount: "Amount"
    operator: Operator
    values: tuple[float, ...]
    unit: str = ""
    """The unit in which the question gives the values: ``kg``, ``%``; empty: it does not say."""
    average: "Quotient | None" = None
    """What is compared if it is what a unit of time has on average: "average monthly sales"."""


class Amount(Struct, frozen=True, gc=False, cache_hash=True):
    """One number from rows: an aggregate of a column or derived measure, or a count of rows."""

    function: Function | None
    """None: nothing says how; the role of the column decides, or one row has it."""
    of: Noun | Implied | Operation | Units | None = None
    """None: rows are counted."""
    table: str | None = None
    """Whose rows are counted, when ``of`` is None."""
    where: tuple[Test, ...] = ()
    """Only rows that meet these."""


class Functions(Struct, frozen=True, gc=False, cache_hash=True):
    """Several functions, before what they are of is known: "highest and lowest"."""

    functions: tuple[Function, ...]


class Several(Struct, frozen=True, gc=False, cache_hash=True):
    """Several numbers: "the highest and the lowest price"."""

    amounts: tuple[Amount, ...]


class Quotient(Struct, frozen=True, gc=False, cache_hash=True):
    """The ratio of two amounts."""

    top: Amount
    bottom: Amount
    percent: bool = False
    each: bool = False
    """An average for each of the rows below: "average revenue per order"."""


class Gap(Struct, frozen=True, gc=False, cache_hash=True):
    """The difference of two amounts."""

    left: Amount
    right: Amount
    percent: bool = False
    """Whether it is given in percent of the right one."""


class Portion(Struct, frozen=True, gc=False, cache_hash=True):
    """The share of a group in the total; None: of the amount that stands elsewhere."""

    of: Amount | None


class Change(Struct, frozen=True, gc=False, cache_hash=True):
    """The change against the period before, or another one."""

    of: Amount | None
    grain: Grain | None = None
    absolute: bool = False
    since: Test | None = None
    """The period that it is compared with, if the question names it."""
    during: Test | None = None
    """The period beside that one, if it stands right before it."""


class Calculated(Struct, frozen=True, gc=False, cache_hash=True):
    """A number that a kind calculates from amounts in a way of its own."""

    by: type[Calculation]
    amounts: tuple[Amount, ...]
    """For its fields, in their order."""


Measured: TypeAlias = Amount | Quotient | Gap | Portion | Change | Calculated
