"""What a result looks like: groups, ranks, orders, and what the question asks for."""

from typing import Final, TypeAlias

from msgspec import Struct

from kai_flow.analyst.query.nodes import Function, Grain
from kai_flow.analyst.reading.parts.conditions import Test
from kai_flow.analyst.reading.parts.nouns import Clock, Column, Noun, Rows
from kai_flow.analyst.reading.parts.numbers import Amount, Measured


class Calendar(Struct, frozen=True, gc=False, cache_hash=True):
    """Groups by a unit of the calendar."""

    grain: Grain | None
    """None: over time, in the unit that fits the data."""
    axis: str | None = None
    recurring: bool = False


Dimension: TypeAlias = Column | Rows | Calendar


class Groups(Struct, frozen=True, gc=False, cache_hash=True):
    """What to group by: "per province and year"."""

    by: tuple[Dimension, ...]
    inside: bool = False
    """Whether each group is a whole of its own: "in each region"."""


class Combination(Struct, frozen=True, gc=False, cache_hash=True):
    """Groups of several things together: "the combination of channel and category"."""

    by: tuple[Dimension, ...]
    many: bool = False
    rank: "Rank | None" = None
    """The first of an order of them: "top 5 combinations of …"."""


class Some(Struct, frozen=True, gc=False, cache_hash=True):
    """A number of things: "5 provinces"."""

    of: Dimension
    count: int
    first: bool = False
    """Whether they are the first of an order that is said apart: "the first 20, by name"."""


class Rank(Struct, frozen=True, gc=False, cache_hash=True):
    """The first of an order: "top 5", "the highest average price", "cheapest"."""

    descending: bool
    count: int | None = None
    """None: one, or a few when several are asked for."""
    by: "Measured | Clock | None" = None
    of: Dimension | None = None
    each: bool = False
    """So many of every group."""
    whole: bool = False
    """Whether it only says in which order all come: "from the newest on"."""
    sold: bool = False
    """Of what sells: "best-selling by quantity" is no quantity that came back."""
    paced: bool = False
    """Whether a unit of time is the first by what it has: "the lowest monthly revenue"."""


class Sort(Struct, frozen=True, gc=False, cache_hash=True):
    """An order of the whole result."""

    by: "Measured | Dimension | Clock | None"
    descending: bool | None
    names: bool = False
    """Whether names come in the order of the alphabet."""
    then: bool = False
    """Whether it comes after another order: "and then by name"."""


class Versus(Struct, frozen=True, gc=False, cache_hash=True):
    """Things or periods side by side."""

    sides: tuple[Test, ...]
    """What the rows of each side must meet."""
    of: Amount | None = None
    """The number that is named with each side: "paid orders versus unpaid orders"."""
    loose: bool = False
    """Whether it only compares where something else says so: "which is more, A or B"."""
    twice: bool = False
    """Whether both sides name the number, so that what stands before one is not of the other."""
    gap: str = ""
    """The sign of a difference that is asked for: "difference", "how much more"."""


class Limit(Struct, frozen=True, gc=False, cache_hash=True):
    """So many rows, of whatever is listed: "10 rows", "limit 10"."""

    count: int


ITS_NUMBER: Final = ("and how many", "and how much")
"""What asks at the end of a question for the number by which something comes first."""


IN_SUM: Final = "in sum"
"""A sign that adds up the number of the question, wherever it stands."""


MOST_OF: Final = Amount(Function.SUM)
"""In place of what a rank goes by: most of a certain value, "sold the most Green Tea"."""


class Ask(Struct, frozen=True, gc=False, cache_hash=True):
    """What the question wants."""

    what: str
    """``value``, ``list``, ``which``, ``when``, ``extent``, ``catalogue`` …."""
    many: bool = False
    in_order: bool = False
    """Whether it asks to put things in order: "sort the products by price"."""


class Which(Struct, frozen=True, gc=False, cache_hash=True):
    """What is asked for by name: "which provinces"."""

    of: Dimension
    person: bool = False
    """Whether the question is "who": it asks for people."""


class Shown(Struct, frozen=True, gc=False, cache_hash=True):
    """What is shown beside what is listed: "together with their price and stock"."""

    things: tuple["Noun | Clock | Rows | Measured", ...]
    person: bool = False
    """Whether people are asked for: "and who placed them"."""


class Refused(Struct, frozen=True, gc=False, cache_hash=True):
    """A phrase that asks for what is never done, by the key of the reason."""

    reason: str
