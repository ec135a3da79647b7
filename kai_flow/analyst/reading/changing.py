"""The change from one period to another: "how much did revenue grow from 2023 to 2024"."""

from collections.abc import Sequence
from datetime import date

from kai_flow.analyst.lexicon.periods import Days
from kai_flow.analyst.query.nodes import Grain, Words
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.bag import Bag

__all__ = ["changed"]

MONTHS = {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.YEAR: 12}

_Measures = Sequence[tuple[p.Measured, Words]]


def changed(bag: Bag, measures: _Measures) -> tuple[Bag, _Measures] | None:
    """One change as the difference of two periods in percent, if the question names just two.

    None when it does not. What the question names as a range of two units ("from 2023 to 2024")
    is taken apart; the filter on time goes into each side of the difference.
    """
    times = [(test, words) for test, words in bag.tests if isinstance(test, p.Within)]
    if len(measures) != 1 or len(times) != 1:
        return None
    ((measure, words),) = measures
    (test, _) = times[0]
    sides = _two(test.time)
    if not isinstance(measure, p.Change) or measure.of is None or sides is None:
        return None
    before, after = sides
    gap = p.Gap(
        _during(measure.of, after), _during(measure.of, before), percent=not measure.absolute
    )
    rest = [each for each in bag.tests if each != times[0]]
    return Bag(**{**vars(bag), "tests": rest, "change": None}), [(gap, words)]


def _during(of: p.Amount, time: p.Time) -> p.Amount:
    return p.Amount(of.function, of.of, of.table, (*of.where, p.Within(time)))


def _two(time: p.Time) -> tuple[p.Time, p.Time] | None:
    """The two units of the calendar that a range consists of."""
    period, grain = time.period, time.grain
    if not isinstance(period, Days) or grain not in MONTHS or not (period.start and period.end):
        return None
    start, end = date.fromisoformat(period.start), date.fromisoformat(period.end)
    months = (end.year - start.year) * 12 + end.month - start.month
    if months != 2 * MONTHS[grain] or start.day != 1 or end.day != 1:
        return None
    at = start.year * 12 + start.month - 1 + MONTHS[grain]
    middle = date(at // 12, at % 12 + 1, 1).isoformat()
    first, second = Days(period.start, middle), Days(middle, period.end)
    return p.Time(first, grain, time.axis), p.Time(second, grain, time.axis)
