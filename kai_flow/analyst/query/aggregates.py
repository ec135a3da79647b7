"""Measures: what they aggregate, and how their numbers are calculated from aggregates."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlglot import exp

from kai_flow.analyst.query.nodes import (
    Aggregate,
    Difference,
    Function,
    Grain,
    Growth,
    Measure,
    Query,
    Ratio,
    Share,
    bare,
)
from kai_flow.analyst.query.ordering import ordered
from kai_flow.analyst.query.times import day_before
from kai_flow.analyst.query.trees import (
    Unlowerable,
    case,
    divided,
    integer,
    literal,
)

__all__ = [
    "Window",
    "aggregated",
    "aggregates",
    "given",
    "measures_of",
    "merged_number",
    "number",
]

REPEATABLE = {Function.DISTINCT, Function.MINIMUM, Function.MAXIMUM}
"""What is the same when a row is met twice."""


_PLAIN: dict[Function, type[exp.AggFunc]] = {
    Function.COUNT: exp.Count,
    Function.SUM: exp.Sum,
    Function.AVERAGE: exp.Avg,
    Function.MINIMUM: exp.Min,
    Function.MAXIMUM: exp.Max,
}


def given(measure: Measure) -> tuple[Aggregate, ...]:
    """The aggregates that a measure is calculated from."""
    match measure:
        case Aggregate():
            return (measure,)
        case Ratio():
            return (measure.top, measure.bottom)
        case Difference():
            return (measure.left, measure.right)
        case Share() | Growth():
            return (measure.of,)


def measures_of(query: Query) -> Iterator[Measure]:
    """Every measure of a query: shown, compared or sorted by."""
    yield from query.measures
    yield from (having.measure for having in query.having)
    for order in query.order:
        if isinstance(order.by, Aggregate | Ratio | Difference | Share | Growth):
            yield order.by


def aggregates(query: Query) -> tuple[Aggregate, ...]:
    """Every aggregate of a query once."""
    found = (bare(each) for measure in measures_of(query) for each in given(measure))
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


@dataclass(frozen=True)
class Window:
    """What a measure needs to know of the other groups."""

    dialect: str
    first: tuple[exp.Expr, ...] = ()
    """What tells the values of the first group apart."""
    others: tuple[exp.Expr, ...] = ()
    """What tells the groups apart, without the time."""
    label: exp.Expr | None = None
    """The label of the time."""
    grain: Grain = Grain.YEAR


def number(measure: Measure, values: Mapping[Measure, exp.Expr], window: Window) -> exp.Expr:
    """A measure's number, from the numbers of its aggregates."""
    found = [values[bare(each)].copy() for each in given(measure)]
    match measure:
        case Aggregate():
            return found[0]
        case Ratio():
            return divided(found[0], found[1], window.dialect, 100 if measure.percent else 1)
        case Difference():
            gap = exp.Sub(this=found[0], expression=found[1])
            if not measure.percent:
                return gap
            return divided(gap, found[1].copy(), window.dialect, 100)
        case Share():
            by = window.first if measure.within else ()
            total = exp.Window(this=exp.Sum(this=found[0].copy()), over="OVER", partition_by=by)
            return divided(found[0], total, window.dialect, 100)
        case Growth():
            return _growth(measure, found[0], window)


def _growth(measure: Growth, now: exp.Expr, window: Window) -> exp.Expr:
    """The change against the period before, if it is the one right before."""
    if window.label is None:
        raise Unlowerable("growth without a time")
    label = window.label
    before = _before(now, label, window)
    change: exp.Expr = exp.Sub(this=now, expression=before)
    if not measure.absolute:
        change = divided(change, before.copy(), window.dialect, 100)
    return case((_adjacent(label, window), change))


def _before(what: exp.Expr, label: exp.Expr, window: Window) -> exp.Expr:
    """A value of the row before, in the order of time."""
    order = exp.Order(expressions=[ordered(label.copy(), dialect=window.dialect, nullable=False)])
    return exp.Window(
        this=exp.Lag(this=what.copy()),
        over="OVER",
        partition_by=[each.copy() for each in window.others],
        order=order,
    )


def _adjacent(label: exp.Expr, window: Window) -> exp.Expr:
    """Whether the row before is of the period right before."""
    before = _before(label, label, window)
    if window.grain in {Grain.DAY, Grain.WEEK}:
        days = 1 if window.grain is Grain.DAY else 7
        return exp.EQ(this=before, expression=day_before(label.copy(), days, window.dialect))
    step = exp.Sub(this=_count(label, window.grain), expression=literal(1))
    return exp.EQ(this=_count(before, window.grain), expression=step)


def _count(label: exp.Expr, grain: Grain) -> exp.Expr:
    """The number of a year, quarter or month on a line of all of them."""
    if grain is Grain.YEAR:
        return label.copy()
    per_year, at, length = (12, 6, 2) if grain is Grain.MONTH else (4, 7, 1)
    year, part = (
        integer(exp.Substring(this=label.copy(), start=literal(start), length=literal(size)))
        for start, size in ((1, 4), (at, length))
    )
    return exp.Add(this=exp.Mul(this=year, expression=literal(per_year)), expression=part)
