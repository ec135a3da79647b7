"""How long it is from one time to another, in the SQL of each database."""

from typing import Final

from sqlglot import exp

from kai_flow.analyst.query.nodes import TimeUnit
from kai_flow.analyst.query.trees import integer

__all__ = ["SECONDS", "elapsed"]

SECONDS: Final = {
    TimeUnit.MINUTE: 60,
    TimeUnit.HOUR: 3_600,
    TimeUnit.DAY: 86_400,
    TimeUnit.WEEK: 604_800,
    TimeUnit.MONTH: 2_629_746,
    TimeUnit.YEAR: 31_556_952,
}
"""The length of each unit; of months and years their mean in the Gregorian calendar."""


def elapsed(start: exp.Expr, end: exp.Expr, unit: TimeUnit, dialect: str) -> exp.Expr:
    """The duration between two times in a unit, with fractions; no value where one is missing."""
    size = exp.Literal.number(f"{SECONDS[unit]}e0" if dialect == "mysql" else f"{SECONDS[unit]}.0")
    return exp.Div(this=_seconds(start, end, dialect), expression=size, typed=True)


def _seconds(start: exp.Expr, end: exp.Expr, dialect: str) -> exp.Expr:
    """Seconds between two times."""
    if dialect == "mysql":
        return exp.TimestampDiff(this=end, expression=start, unit=exp.var("SECOND"))
    return exp.paren(exp.Sub(this=_second(end, dialect), expression=_second(start, dialect)))


def _second(moment: exp.Expr, dialect: str) -> exp.Expr:
    """The number of a time among all seconds."""
    if dialect == "sqlite":
        return integer(exp.TimeToStr(this=moment, format=exp.Literal.string("%s")))
    return exp.Extract(this=exp.var("EPOCH"), expression=moment)
