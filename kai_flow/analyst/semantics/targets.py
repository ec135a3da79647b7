"""What a span of words can mean in a database, and one such candidate."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.model import Value


@dataclass(frozen=True)
class EntityTarget:
    """The rows of a table."""

    table: str


@dataclass(frozen=True)
class AttributeTarget:
    """A column."""

    ref: ColumnRef


@dataclass(frozen=True)
class ValueTarget:
    """A value of a column."""

    ref: ColumnRef
    value: Value


@dataclass(frozen=True)
class DerivedTarget:
    """A derived measure, by its name."""

    name: str
    table: str


@dataclass(frozen=True)
class AxisTarget:
    """A time of a table, by its id."""

    id: str


@dataclass(frozen=True)
class JoinTarget:
    """The role of a join: "origin", "manager"."""

    id: str


Target: TypeAlias = (
    EntityTarget | AttributeTarget | ValueTarget | DerivedTarget | AxisTarget | JoinTarget
)

How: TypeAlias = Literal["exact", "taught", "concept", "part", "spelling"]


@dataclass(frozen=True)
class Mention:
    """One thing that the tokens from ``first`` up to, not including, ``last`` may mean."""

    first: int
    last: int
    target: Target
    score: float
    """Above 0, at most 1."""
    how: How


HintHow: TypeAlias = Literal["beside", "when", "is", "much", "done"]


@dataclass(frozen=True)
class Hint:
    """What a verb points to."""

    target: Target
    how: HintHow
    """``beside``: the column of a value that stands beside the verb ("paid by card");
    ``when``: the time at which it was done; ``is``: the flag that it was done; ``much``: the number
    that it is about ("priced at"); ``done``: the table that has a row for each time it was done.
    """
