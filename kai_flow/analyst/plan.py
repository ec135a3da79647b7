"""A plan: what a question asks for, in terms of one schema. Plain values without behaviour."""

from dataclasses import dataclass
from enum import StrEnum

from kai_flow.analyst.schema import ColumnRef

__all__ = ["Aggregate", "Condition", "Dimension", "Having", "Measure", "Operator", "Order", "Plan"]


class Aggregate(StrEnum):
    """How many rows become one number."""

    AVERAGE = "average"
    SUM = "sum"
    COUNT = "count"
    MINIMUM = "minimum"
    MAXIMUM = "maximum"


class Operator(StrEnum):
    """How a condition compares."""

    IN = "in"
    NOT_IN = "not in"
    ABOVE = ">"
    AT_LEAST = ">="
    BELOW = "<"
    AT_MOST = "<="
    BETWEEN = "between"
    CONTAINS = "contains"


@dataclass(frozen=True)
class Measure:
    """A number per group: rows of ``table``, distinct values of a text, or an aggregated number."""

    aggregate: Aggregate
    table: str
    column: str | None = None
    """None: the rows themselves are counted."""

    @property
    def ref(self) -> ColumnRef | None:
        """The measured column."""
        return None if self.column is None else ColumnRef(self.table, self.column)


@dataclass(frozen=True)
class Dimension:
    """What rows are grouped by. ``keys`` distinguish two things of the same name."""

    column: ColumnRef
    keys: tuple[ColumnRef, ...] = ()
    temporal: bool = False
    """Grouped by calendar year."""


@dataclass(frozen=True)
class Condition:
    """A filter on rows. Years compare the calendar year of a year or date column."""

    column: ColumnRef
    operator: Operator
    values: tuple[str | float, ...]
    temporal: bool = False
    alternative: int = 0
    """Of the conditions with the same number one must hold; 0: this one must hold."""


@dataclass(frozen=True)
class Having:
    """A filter on groups, by a measure."""

    measure: Measure
    operator: Operator
    values: tuple[float, ...]


@dataclass(frozen=True)
class Order:
    """What the result is sorted by: the first measure, the first dimension, or a listed column."""

    by: Measure | Dimension | ColumnRef
    descending: bool


@dataclass(frozen=True)
class Plan:
    """One query. Either ``measures`` (grouped or not) or ``columns`` (rows as they are)."""

    fact: str
    """The table whose rows are counted, aggregated or listed."""
    measures: tuple[Measure, ...] = ()
    dimensions: tuple[Dimension, ...] = ()
    columns: tuple[ColumnRef, ...] = ()
    conditions: tuple[Condition, ...] = ()
    having: tuple[Having, ...] = ()
    order: Order | None = None
    limit: int | None = None
    default_limit: bool = False
    """Whether the limit is a default, not a number in the question."""
    loose_or: bool = False
    """Whether the question has an "or" that no filter here stands for."""

    @property
    def alternatives(self) -> tuple[tuple[Condition, ...], ...]:
        """The conditions in groups: in every group, at least one must hold."""
        groups: dict[int, list[Condition]] = {}
        for at, condition in enumerate(self.conditions):
            groups.setdefault(condition.alternative or -1 - at, []).append(condition)
        return tuple(tuple(group) for group in groups.values())
