"""What the SQL of a measure can use of the groups."""

from dataclasses import dataclass

from sqlglot import exp

from kai_flow.analyst.query.nodes import Grain

__all__ = ["Window"]


@dataclass(frozen=True)
class Window:
    """The groups of a query, and the SQL that is spoken."""

    dialect: str
    first: tuple[exp.Expr, ...] = ()
    """What tells the values of the first group apart."""
    others: tuple[exp.Expr, ...] = ()
    """What tells the groups apart, without the time."""
    label: exp.Expr | None = None
    """The label of the time."""
    grain: Grain = Grain.YEAR
