"""What a span of words can mean in a database, and one such candidate."""

from typing import Literal, TypeAlias

from msgspec import Struct

from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.model import Value


class EntityTarget(Struct, frozen=True, gc=False, cache_hash=True):
    """The rows of a table."""

    table: str


class AttributeTarget(Struct, frozen=True, gc=False, cache_hash=True):
    """A column."""

    ref: ColumnRef


class ValueTarget(Struct, frozen=True, gc=False, cache_hash=True):
    """A value of a column."""

    ref: ColumnRef
    value: Value


class DerivedTarget(Struct, frozen=True, gc=False, cache_hash=True):
    """A derived measure, by its name."""

    name: str
    table: str


class AxisTarget(Struct, frozen=True, gc=False, cache_hash=True):
    """A time of a table, by its id."""

    id: str


class JoinTarget(Struct, frozen=True, gc=False, cache_hash=True):
    """The role of a join: "origin", "manager"."""

    id: str


Target: TypeAlias = (
    EntityTarget | AttributeTarget | ValueTarget | DerivedTarget | AxisTarget | JoinTarget
)

How: TypeAlias = Literal["exact", "taught", "concept", "part", "spelling"]


class Mention(Struct, frozen=True, gc=False, cache_hash=True):
    """One thing that the tokens from ``first`` up to, not including, ``last`` may mean."""

    first: int
    last: int
    target: Target
    score: float
    """Above 0, at most 1."""
    how: How


HintHow: TypeAlias = Literal["beside", "when", "is", "much", "done"]


class Hint(Struct, frozen=True, gc=False, cache_hash=True):
    """What a verb points to."""

    target: Target
    how: HintHow
    """``beside``: the column of a value that stands beside the verb ("paid by card");
    ``when``: the time at which it was done; ``is``: the flag that it was done; ``much``: the number
    that it is about ("priced at"); ``done``: the table that has a row for each time it was done.
    """
