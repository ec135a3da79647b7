"""The aggregates of a query and their SQL."""

from collections.abc import Iterator

from sqlglot import exp

from kai_flow.analyst.query.measure import Measure
from kai_flow.analyst.query.nodes import Aggregate, Function, Query, bare
from kai_flow.analyst.query.trees import case, literal

__all__ = ["aggregated", "aggregates", "measures_of", "merged_number"]

REPEATABLE = {Function.DISTINCT, Function.MINIMUM, Function.MAXIMUM}
"""What is the same when a row is met twice."""


_PLAIN: dict[Function, type[exp.AggFunc]] = {
    Function.COUNT: exp.Count,
    Function.SUM: exp.Sum,
    Function.AVERAGE: exp.Avg,
    Function.MINIMUM: exp.Min,
    Function.MAXIMUM: exp.Max,
}


def measures_of(query: Query) -> Iterator[Measure]:
    """Every measure of a query: shown, compared or sorted by."""
    yield from query.measures
    yield from (having.measure for having in query.having)
    for order in query.order:
        if isinstance(order.by, Measure):
            yield order.by


def aggregates(query: Query) -> tuple[Aggregate, ...]:
    """Every aggregate of a query once."""
    found = (bare(each) for measure in measures_of(query) for each in measure.aggregates)
    return tuple(dict.fromkeys(found))


def aggregated(
    aggregate: Aggregate,
    found: exp.Expr | None,
    dialect: str,
    *,
    distinct: bool = False,
    rank: tuple[exp.Expr, exp.Expr] | None = None,
) -> exp.Expr:
    """The aggregate of an input. ``distinct``: the input is a key that may come several times.

    ``rank``: number of a row's value in its group, and the number of values, for a median.
    """
    if found is None:
        return exp.Count(this=exp.Star())
    found = found.copy()
    different = exp.Distinct(expressions=[found])
    match aggregate.function:
        case Function.COUNT if distinct:
            return exp.Count(this=different)
        case Function.DISTINCT:
            return exp.Count(this=different)
        case Function.SUM if aggregate.where is not None:
            return exp.Coalesce(this=exp.Sum(this=found), expressions=[literal(0)])
        case Function.MEDIAN:
            return _median(found, dialect, rank)
        case _:
            return _PLAIN[aggregate.function](this=found)


def merged_number(aggregate: Aggregate, found: exp.Expr, *, grouped: bool) -> exp.Expr:
    """A number that is in one row of several; of a group without rows a count or sum is 0."""
    number = exp.Max(this=found.copy())
    zero = aggregate.function in {Function.COUNT, Function.DISTINCT}
    if zero or (grouped and aggregate.function is Function.SUM):
        return exp.Coalesce(this=number, expressions=[literal(0)])
    return number


def _median(found: exp.Expr, dialect: str, rank: tuple[exp.Expr, exp.Expr] | None) -> exp.Expr:
    if rank is None:
        if dialect == "duckdb":
            return exp.Median(this=found)
        half = exp.PercentileCont(this=exp.Literal.number("0.5"))
        by = exp.Order(expressions=[exp.Ordered(this=found, nulls_first=False)])
        return exp.WithinGroup(this=half, expression=by)
    at, count = rank  # the middle one or two of `count` values
    twice = exp.Mul(this=literal(2), expression=at)
    last = exp.Add(this=count.copy(), expression=literal(2))
    return exp.Avg(this=case((exp.Between(this=twice, low=count, high=last), found)))
