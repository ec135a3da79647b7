"""A part, with the words of the question that it stands for."""

from typing import TypeAlias

from msgspec import Struct

from kai_flow.analyst.reading.parts.conditions import Test, Where
from kai_flow.analyst.reading.parts.nouns import (
    Beside,
    Bound,
    Clock,
    Column,
    Computed,
    Figure,
    Implied,
    Lasting,
    Role,
    Rows,
    Sign,
    Text,
    Time,
    Values,
)
from kai_flow.analyst.reading.parts.numbers import (
    Amount,
    Calculated,
    Change,
    Functions,
    Gap,
    Having,
    Portion,
    Quotient,
    Several,
)
from kai_flow.analyst.reading.parts.results import (
    Ask,
    Calendar,
    Combination,
    Groups,
    Limit,
    Rank,
    Refused,
    Shown,
    Some,
    Sort,
    Versus,
    Which,
)

Part: TypeAlias = (
    Sign
    | Rows
    | Column
    | Computed
    | Lasting
    | Bound
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
    | Functions
    | Several
    | Gap
    | Portion
    | Change
    | Calculated
    | Calendar
    | Combination
    | Groups
    | Some
    | Rank
    | Sort
    | Versus
    | Limit
    | Implied
    | Ask
    | Which
    | Shown
    | Refused
)


class Item(Struct, frozen=True, gc=False, cache_hash=True):
    """A part and the tokens from ``first`` up to, not including, ``last`` that it stands for."""

    first: int
    last: int
    part: Part
    cost: float
    words: tuple[int, ...]
    """The tokens that it understood, without those that were skipped as glue."""
    aside: tuple[tuple[Test, tuple[int, ...]], ...] = ()
    """Filters that stand within it: "active" in "number of active cooperatives"."""


def leaf(first: int, last: int, part: Part, cost: float) -> Item:
    """An item of which every word is understood."""
    return Item(first, last, part, cost, tuple(range(first, last)))
