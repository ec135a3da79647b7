"""The first and the last unit of a range of time: 2023 and 2024 of "from 2023 to 2024"."""

from datetime import date
from typing import Final

from kai_flow.analyst.lexicon.periods import Days, Latest
from kai_flow.analyst.query.nodes import Grain
from kai_flow.analyst.reading.parts import Time

MONTHS: Final = {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.YEAR: 12}


def ends(time: Time) -> tuple[Time, Time] | None:
    """Both ends of a range of at least two units of the calendar; None of anything else."""
    period, grain = time.period, time.grain
    if not isinstance(period, Days) or grain not in MONTHS or not (period.start and period.end):
        return None
    start, end = date.fromisoformat(period.start), date.fromisoformat(period.end)
    months = (end.year - start.year) * 12 + end.month - start.month
    if months < 2 * MONTHS[grain] or months % MONTHS[grain] or start.day != 1 or end.day != 1:
        return None
    first = Days(period.start, _later(start, MONTHS[grain]))
    last = Days(_later(end, -MONTHS[grain]), period.end)
    return Time(first, grain, time.axis), Time(last, grain, time.axis)


def with_the_one_before(time: Time, against: Grain | None) -> tuple[Time, Time] | None:
    """The unit of time right before a period, and the period; None if it is not one such unit.

    ``against``: the unit that it is compared over, where the question names one: March 2025 over
    the year before is compared with March 2024.
    """
    if time.grain is None:
        return None
    match time.period:
        case Latest(unit, 1, back) if against in {None, unit}:
            return Time(Latest(unit, 1, back + 1), time.grain, time.axis), time
        case Days(str() as first, str() as last) if time.grain in MONTHS:
            start, end = date.fromisoformat(first), date.fromisoformat(last)
            length = MONTHS[time.grain]
            one = start.day == 1 and _later(start, length) == last
            step = MONTHS.get(against or time.grain, 0)
            if not one or step < length:
                return None
            earlier = Days(_later(start, -step), _later(end, -step))
            return Time(earlier, time.grain, time.axis), time
        case _:
            return None


def adjacent(first: Time, second: Time) -> bool:
    """Whether one of two periods begins when the other one ends."""
    one, other = first.period, second.period
    return isinstance(one, Days) and isinstance(other, Days) and one.end == other.start


def _later(day: date, months: int) -> str:
    """The first day of a month so many months later."""
    at = day.year * 12 + day.month - 1 + months
    return date(at // 12, at % 12 + 1, 1).isoformat()
