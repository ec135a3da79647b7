"""How a follow-up shows the same columns in another form: in percent, as amounts, averaged."""

import msgspec

from kai_flow.analyst.query.calculation import Calculation
from kai_flow.analyst.query.change_nodes import SetFunction
from kai_flow.analyst.query.change_time import period_of
from kai_flow.analyst.query.filters import about, parts_of, subjects, where_of
from kai_flow.analyst.query.measure import Measure
from kai_flow.analyst.query.nodes import (
    Aggregate,
    Filter,
    Function,
    Query,
)
from kai_flow.analyst.query.ratio import Ratio
from kai_flow.analyst.query.refusals import CannotChange, Reason
from kai_flow.analyst.query.share import Share

__all__ = ["amounts", "refunction", "shares"]

Changed = tuple[tuple[Measure, ...], Filter | None]
"""The measures and the filter of the query."""


def refunction(measure: Measure, change: SetFunction) -> Measure:
    """The measure with another function of the same column."""
    if not isinstance(measure, Aggregate):
        raise CannotChange(measure.fixed)
    if change.function is Function.COUNT:
        return msgspec.structs.replace(
            measure, words=change.words, function=Function.COUNT, of=None, derived=""
        )
    if measure.of is None:
        raise CannotChange(Reason.NO_NUMBER)
    return msgspec.structs.replace(measure, words=change.words, function=change.function)


def shares(query: Query) -> Changed:
    """The measures in percent."""
    if query.groups or not any(isinstance(each, Aggregate) for each in query.measures):
        return tuple(map(_share, query.measures)), query.where
    parts = parts_of(query.where)
    wanted = [part for part in parts if period_of(part) is None]
    if len(wanted) != 1:
        raise CannotChange(Reason.OF_WHAT)
    rest = where_of([part for part in parts if part is not wanted[0]])
    return tuple(_percentage(measure, wanted[0]) for measure in query.measures), rest


def amounts(query: Query) -> Changed:
    """The measures as amounts; a percentage that `shares` made becomes the amount before."""
    where = query.where
    new: list[Measure] = []
    for measure in query.measures:
        amount, limit = measure.as_amount() if isinstance(measure, Calculation) else (measure, None)
        if limit is not None:
            where = where_of([*parts_of(query.where), *parts_of(limit)])
        new.append(amount)
    return tuple(new), where


def _share(measure: Measure) -> Measure:
    if isinstance(measure, Calculation):
        return measure.in_percent()
    return Share(of=_divisible(measure))


def _percentage(measure: Measure, part: Filter) -> Measure:
    """Which percentage of the whole the rows of a filter are."""
    if isinstance(measure, Calculation):
        return measure.in_percent()
    whole = _divisible(measure)
    if whole.where is not None:
        raise CannotChange(Reason.ENTANGLED, *about(subjects(whole.where)))
    top = msgspec.structs.replace(whole, where=part)
    return Ratio(top=top, bottom=whole, percent=True)


def _divisible(measure: Measure) -> Aggregate:
    """What has parts in percent."""
    if isinstance(measure, Aggregate) and measure.function in {Function.COUNT, Function.SUM}:
        return measure
    raise CannotChange(Reason.NOT_DIVISIBLE)
