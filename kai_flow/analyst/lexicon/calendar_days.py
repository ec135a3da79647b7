"""Periods as plain values, and the days that they mean, seen from an anchor."""

from calendar import monthrange
from datetime import date, timedelta
from typing import Literal, TypeAlias

from msgspec import Struct

from kai_flow.analyst.query.nodes import Grain

__all__ = [
    "Days",
    "Latest",
    "Part",
    "Period",
    "PeriodSpan",
    "Reach",
    "Yearless",
    "day_after",
    "resolve",
    "shifted",
    "unit_start",
]


class Days(Struct, frozen=True, gc=False, cache_hash=True):
    """From the day ``start`` up to, not including, ``end``: ISO dates; None has no bound."""

    start: str | None
    end: str | None


class Latest(Struct, frozen=True, gc=False, cache_hash=True):
    """Whole units of the calendar that end ``back`` units before the anchor's unit ends.

    "this month" is (MONTH, 1, 0), "last month" (MONTH, 1, 1), "the last 7 days" (DAY, 7, 0) with
    the anchor as the last of them, "3 months ago" (MONTH, 1, 3).
    """

    unit: Grain
    count: int
    back: int


class Part(Struct, frozen=True, gc=False, cache_hash=True):
    """A recurring part of the calendar: "in March", "on Mondays", "Q2" of whatever year."""

    part: Literal["month", "quarter", "weekday", "day"]
    values: tuple[int, ...]


class Yearless(Struct, frozen=True, gc=False, cache_hash=True):
    """Days of a year that is not named, the latest that begin up to the anchor: "since March",
    "15 March". Month and day; ``end`` is exclusive, None has no bound.
    """

    start: tuple[int, int] | None
    end: tuple[int, int] | None


class Reach(Struct, frozen=True, gc=False, cache_hash=True):
    """All time on one side of a relative period: "since last month", "before this year"."""

    side: Literal["since", "after", "until", "before"]
    of: Latest


Period: TypeAlias = Days | Latest | Part | Yearless | Reach


class PeriodSpan(Struct, frozen=True, gc=False, cache_hash=True):
    """The tokens from ``first`` up to, not including, ``last`` as a period."""

    first: int
    last: int
    period: Period
    grain: Grain
    """The unit in which it was said."""
    score: float = 1.0
    problem: str = ""
    """Why nothing can be answered about it, as a sentence: there is no 31 February."""


def resolve(period: Period, anchor: date) -> Days:
    """The days of a period, seen from the anchor; a ``Part`` has no bounds of its own."""
    match period:
        case Days():
            return period
        case Latest():
            return _iso(*_latest(period, anchor))
        case Yearless():
            return _yearless(period, anchor)
        case Reach():
            start, end = _latest(period.of, anchor)
            return {
                "since": _iso(start, None),
                "after": _iso(end, None),
                "until": _iso(None, end),
                "before": _iso(None, start),
            }[period.side]
        case Part():
            return Days(None, None)


def _iso(start: date | None, end: date | None) -> Days:
    return Days(start.isoformat() if start else None, end.isoformat() if end else None)


def _latest(period: Latest, anchor: date) -> tuple[date | None, date | None]:
    """First day, and the day after the last; None where the calendar ends."""
    here = unit_start(period.unit, anchor)
    return (
        shifted(period.unit, here, 1 - period.back - period.count),
        shifted(period.unit, here, 1 - period.back),
    )


def _yearless(period: Yearless, anchor: date) -> Days:
    """In the latest year in which it begins (or, without a beginning, ends) up to the anchor."""
    for year in range(anchor.year, max(anchor.year - 9, 0), -1):  # 29 February: up to 8 years back
        start = _in_year(year, period.start)
        end = _in_year(year, period.end)
        first = start or end
        if first is None or first > anchor:
            continue
        if start and end and end <= start:  # over new year
            end = _in_year(year + 1, period.end)
        return _iso(start, end)
    return Days(None, None)


def _in_year(year: int, day: tuple[int, int] | None) -> date | None:
    """That day of a year; None if the year has no such day."""
    if day is None:
        return None
    try:
        return date(year, *day)
    except ValueError:
        return None


def unit_start(unit: Grain, day: date) -> date:
    """The first day of the unit that a day is in."""
    match unit:
        case Grain.DAY:
            return day
        case Grain.WEEK:
            return date.fromordinal(max(1, day.toordinal() - day.weekday()))
        case Grain.MONTH:
            return day.replace(day=1)
        case Grain.QUARTER:
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case Grain.YEAR:
            return day.replace(month=1, day=1)


_DAYS = {Grain.DAY: 1, Grain.WEEK: 7}
_MONTHS = {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.YEAR: 12}


def shifted(unit: Grain, start: date, count: int) -> date | None:
    """The start of the unit that is ``count`` units later; None beyond the calendar."""
    try:
        if unit in _DAYS:
            return start + timedelta(days=_DAYS[unit] * count)
        year, month = divmod(start.year * 12 + start.month - 1 + _MONTHS[unit] * count, 12)
        return date(year, month + 1, 1)
    except (ValueError, OverflowError):
        return None


def day_after(day: date) -> date | None:
    """The next day; None at the end of the calendar."""
    return shifted(Grain.DAY, day, 1)


def days_of(year: int, month: int) -> int:
    """How many days a month has."""
    return monthrange(year, month)[1]
