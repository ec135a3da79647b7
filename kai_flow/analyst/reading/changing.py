"""The change from one period to another: "how much did revenue grow from 2023 to 2024"."""

from collections.abc import Sequence

from msgspec.structs import replace

from kai_flow.analyst.query.nodes import Function, Words
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.bag import Bag
from kai_flow.analyst.reading.ends import adjacent, ends, with_the_one_before

__all__ = ["changed", "in_units"]

_Measures = Sequence[tuple[p.Measured, Words]]
_Groups = Sequence[tuple[p.Dimension, Words]]


def changed(bag: Bag, measures: _Measures) -> tuple[Bag, _Measures] | None:
    """One change as the difference of two periods in percent, if the question names just two.

    Of one period, as in "growth in March 2025", the other one is that right before. None when it
    names more, or none. What the question names as a range of two units ("from 2023 to 2024")
    is taken apart; the filter on time goes into each side of the difference.
    """
    times = [(test, words) for test, words in bag.tests if isinstance(test, p.Within)]
    if len(measures) != 1:
        return None
    ((measure, words),) = measures
    if not isinstance(measure, p.Change) or measure.of is None:
        return None
    if isinstance(measure.during, p.Within):
        times.append((measure.during, words))
    if len(times) != 1:
        return None
    (test, _) = times[0]
    if isinstance(measure.since, p.Within):
        since = (measure.since.time, test.time)
        return _apart(bag, measure.of, words, since, times[0], absolute=measure.absolute)
    sides = ends(test.time)
    if sides is None or not adjacent(*sides):
        other = bag.change[0].grain if bag.change else None
        sides = with_the_one_before(test.time, measure.grain or other)
    if sides is None:
        return None
    return _apart(bag, measure.of, words, sides, times[0], absolute=measure.absolute)


def _apart(
    bag: Bag,
    of: p.Amount,
    words: Words,
    sides: tuple[p.Time, p.Time],
    told: tuple[p.Test, Words],
    *,
    absolute: bool,
) -> tuple[Bag, _Measures]:
    """The difference of two periods, and the bag without the filter on time that tells them."""
    before, after = sides
    gap = p.Gap(_during(of, after), _during(of, before), percent=not absolute)
    rest = [each for each in bag.tests if each != told]
    return replace(bag, tests=rest, change=None), [(gap, words)]


def in_units(changes: Sequence[p.Change], groups: _Groups) -> _Groups | None:
    """The groups by the unit of time that changes are of; None if they are by another unit.

    "How did the visits grow year over year" asks for years, though "how did" names no unit. Months
    against the same months of the year before are not computed, nor each unit against a period
    that is named.
    """
    if not changes:
        return groups
    if any(change.since is not None for change in changes):
        return None
    units = {change.grain for change in changes} - {None}
    calendars = [g for g, _ in groups if isinstance(g, p.Calendar)]
    units |= {g.grain for g in calendars} - {None}
    if len(units) > 1:
        return None
    if not calendars:
        return [(p.Calendar(next(iter(units), None)), ()), *groups]
    return [
        (replace(g, grain=next(iter(units), None)) if isinstance(g, p.Calendar) else g, words)
        for g, words in groups
    ]


def _during(of: p.Amount, time: p.Time) -> p.Amount:
    adds = isinstance(of.of, p.Column) and of.of.adds
    function = Function.SUM if of.function is None and adds else of.function
    return p.Amount(function, of.of, of.table, (*of.where, p.Within(time)))
