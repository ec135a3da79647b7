"""How a follow-up shows the same columns in another form: in percent, as amounts, averaged."""

import msgspec

from kai_flow.analyst.query.change_nodes import SetFunction
from kai_flow.analyst.query.change_time import period_of
from kai_flow.analyst.query.filters import about, parts_of, subjects, where_of
from kai_flow.analyst.query.nodes import (
    Aggregate,
    Difference,
    Filter,
    Function,
    Growth,
    Measure,
    Query,
    Ratio,
    Share,
)
from kai_flow.analyst.query.refusals import CannotChange, Reason

__all__ = ["amounts", "refunction", "shares"]

Changed = tuple[tuple[Measure, ...], Filter | None]
"""The measures and the filter of the query."""


def refunction(measure: Measure, change: SetFunction) -> Measure:
    """The measure with another function of the same column."""
    if isinstance(measure, Share):
        raise CannotChange(Reason.NOT_DIVISIBLE)
    if not isinstance(measure, Aggregate):
        raise CannotChange(Reason.COMPOSED)
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
        if isinstance(measure, Ratio) and _is_percentage(measure):
            where = where_of([*parts_of(query.where), *parts_of(measure.top.where)])
            new.append(msgspec.structs.replace(measure.top, where=None))
        else:
            new.append(_plain(measure))
    return tuple(new), where


def _share(measure: Measure) -> Measure:
    match measure:
        case Share():
            return measure
        case Ratio() | Difference():
            return msgspec.structs.replace(measure, percent=True)
        case Growth():
            return msgspec.structs.replace(measure, absolute=False)
        case Aggregate(function=Function.COUNT | Function.SUM):
            return Share(of=measure)
        case Aggregate():
            raise CannotChange(Reason.NOT_DIVISIBLE)


def _percentage(measure: Measure, part: Filter) -> Measure:
    """Which percentage of the whole the rows of a filter are."""
    shared = _share(measure)
    if not isinstance(shared, Share):
        return shared
    if shared.of.where is not None:
        raise CannotChange(Reason.ENTANGLED, *about(subjects(shared.of.where)))
    top = msgspec.structs.replace(shared.of, where=part)
    return Ratio(top=top, bottom=shared.of, percent=True)


def _is_percentage(measure: Ratio) -> bool:
    top = msgspec.structs.replace(measure.top, where=None)
    return measure.percent and measure.top.where is not None and top == measure.bottom


def _plain(measure: Measure) -> Measure:
    match measure:
        case Share(of=of):
            return of
        case Ratio() | Difference():
            return msgspec.structs.replace(measure, percent=False)
        case Growth():
            return msgspec.structs.replace(measure, absolute=True)
        case _:
            return measure
