"""Calendar units and periods of an axis in the SQL of each database.

Labels: a year is an integer, a month "2025-01", a quarter "2025-Q1", a week the ISO date of its
Monday, a day an ISO date. Parts that recur (month of the year, weekday from Monday = 1) are
integers.
"""

from collections.abc import Sequence

from sqlglot import exp

from kai_flow.analyst.query.nodes import Grain
from kai_flow.analyst.query.trees import (
    Unlowerable,
    any_of,
    both,
    cast,
    integer,
    joined,
    literal,
    missing,
)
from kai_flow.analyst.semantics.model import Axis, AxisForm

__all__ = ["RECURRING", "Clock", "day_before"]

RECURRING = {Grain.DAY: "weekday", Grain.MONTH: "month", Grain.QUARTER: "quarter"}
"""The part of a time that a recurring group of this grain has."""

_WRITTEN = {Grain.YEAR: 4, Grain.MONTH: 7, Grain.DAY: 10}
"""Characters of an ISO date that a unit takes."""
_PARTS = {"month": "%m", "day": "%d", "weekday": "%w"}


class Clock:
    """The time of a row, from the columns of its axis."""

    def __init__(
        self, axis: Axis, columns: Sequence[exp.Expr], dialect: str, texts: Sequence[bool]
    ) -> None:
        self._form = axis.form
        self._columns = tuple(columns)
        self._dialect = dialect
        self._texts = tuple(texts)

    @property
    def _first(self) -> exp.Expr:
        return self._columns[0].copy()

    def label(self, grain: Grain) -> exp.Expr:
        """The unit of the calendar that the time is in."""
        form = self._form
        if form in {AxisForm.YEAR, AxisForm.YEAR_MONTH, AxisForm.YEAR_QUARTER}:
            if grain is Grain.YEAR:
                return self._number(0)
            if form is AxisForm.YEAR_QUARTER and grain is Grain.QUARTER:
                parts = [self._number(0), literal("-Q"), self._number(1)]
                return joined(parts, self._dialect)
        if form is AxisForm.DATE or (form is AxisForm.TEXT and self._dialect == "sqlite"):
            return _date_label(grain, self._first, self._dialect)
        if grain in {Grain.YEAR, Grain.MONTH}:
            return self._written(grain)
        return _date_label(grain, self._date(), self._dialect)

    def moment(self) -> exp.Expr:
        """The time with its hours and minutes, where it has them."""
        if self._form is AxisForm.TEXT and self._dialect != "sqlite":
            return cast(self._first, exp.DType.TIMESTAMP)
        return self._date()

    def part(self, part: str) -> exp.Expr:
        """A part of the time that recurs."""
        if (self._form, part) in {
            (AxisForm.YEAR_MONTH, "month"),
            (AxisForm.YEAR_QUARTER, "quarter"),
        }:
            return self._number(1)
        return _date_part(part, self._date(), self._dialect)

    def during(self, start: str | None, end: str | None) -> exp.Expr:
        """Whether the time is in a period."""
        if len(self._columns) > 1:
            if self._yearly(start, end):
                return _within(self._number(0), _year(start), _year(end))
            if (single := self._single(start, end)) is not None:
                return both(
                    *(
                        exp.EQ(this=self._number(at), expression=literal(number))
                        for at, number in enumerate(single)
                    )
                )
        return _within(self._position(), self._bound(start), self._bound(end))

    def outside(self, start: str | None, end: str | None) -> exp.Expr:
        """Whether the time is not in a period, or unknown."""
        if len(self._columns) > 1:
            gone = [missing(each) for each in self._columns]
            return any_of(exp.not_(self.during(start, end)), *gone)
        parts: list[exp.Expr] = []
        if start is not None:
            parts.append(exp.LT(this=self._position(), expression=self._bound(start)))
        if end is not None:
            parts.append(exp.GTE(this=self._position(), expression=self._bound(end)))
        return any_of(*parts, missing(self._first))

    def _number(self, at: int) -> exp.Expr:
        """A column of a number, which may be written as text."""
        found = self._columns[at].copy()
        return integer(found) if self._texts[at] else found

    def _value(self, at: int, value: int) -> exp.Expr:
        """A constant to compare a column with."""
        return literal(str(value)) if self._texts[at] else literal(value)

    def _position(self) -> exp.Expr:
        """What is compared with bounds."""
        if self._form in {AxisForm.YEAR_MONTH, AxisForm.YEAR_QUARTER}:
            times = 100 if self._form is AxisForm.YEAR_MONTH else 10
            scaled = exp.Mul(this=self._number(0), expression=exp.Literal.number(times))
            return exp.Add(this=scaled, expression=self._number(1))
        return self._first

    def _bound(self, day: str | None) -> exp.Expr | None:
        """A bound as the axis writes times."""
        if day is None:
            return None
        if self._form in {AxisForm.DATE, AxisForm.TEXT}:
            return literal(day)
        if self._form is AxisForm.TEXT_MONTH:
            return literal(day[:7])
        if self._form is AxisForm.YEAR:
            return self._value(0, int(day[:4]))
        if self._form is AxisForm.YEAR_QUARTER:
            return literal(int(day[:4]) * 10 + (int(day[5:7]) + 2) // 3)
        length = 8 if self._form is AxisForm.NUMBER_DAY else 6
        number = int(day.replace("-", "")[:length])
        return literal(number) if len(self._columns) > 1 else self._value(0, number)

    def _yearly(self, start: str | None, end: str | None) -> bool:
        """Whether both bounds are starts of years."""
        return all(day is None or day[5:] == "01-01" for day in (start, end))

    def _single(self, start: str | None, end: str | None) -> tuple[int, int] | None:
        """The year, and the month or quarter, that a period is, if it is one."""
        if start is None or end is None:
            return None
        size = 1 if self._form is AxisForm.YEAR_MONTH else 3
        first, last = (int(day[:4]) * 12 + int(day[5:7]) - 1 for day in (start, end))
        if last - first != size or first % size:
            return None
        return first // 12, (first % 12) // size + 1

    def _written(self, grain: Grain) -> exp.Expr:
        """A label cut from the text of the time."""
        found = self._iso(grain)
        return integer(found) if grain is Grain.YEAR else found

    def _iso(self, grain: Grain = Grain.DAY) -> exp.Expr:
        """The first characters of an ISO date; a month without a day is its first day."""
        if self._form is AxisForm.TEXT:
            return _cut(self._first, 1, _WRITTEN[grain])
        if self._form is AxisForm.TEXT_MONTH:
            month = _cut(self._first, 1, min(7, _WRITTEN[grain]))
            return joined([month, literal("-01")], self._dialect) if grain is Grain.DAY else month
        text = self._first if self._texts[0] else cast(self._position(), exp.DType.TEXT)
        parts = [_cut(text, 1, 4)]
        if grain is not Grain.YEAR:
            parts += [literal("-"), _cut(text, 5, 2)]
        if grain is Grain.DAY and self._form is AxisForm.NUMBER_DAY:
            parts += [literal("-"), _cut(text, 7, 2)]
        elif grain is Grain.DAY:
            parts += [literal("-01")]
        return joined(parts, self._dialect)

    def _date(self) -> exp.Expr:
        """The time as a date of the database."""
        if self._form is AxisForm.DATE:
            return self._first
        if self._form in {AxisForm.YEAR, AxisForm.YEAR_QUARTER}:
            raise Unlowerable(f"{self._form} has no days")
        if self._dialect == "sqlite":
            return self._first if self._form is AxisForm.TEXT else self._iso()
        return cast(self._iso(), exp.DType.DATE)


def day_before(label: exp.Expr, days: int, dialect: str) -> exp.Expr:
    """The date so many days before one that a label names."""
    if dialect == "sqlite":
        return exp.Anonymous(this="DATE", expressions=[label, literal(f"-{days} days")])
    if dialect == "mysql":
        number = exp.Literal.string(str(days))
        return exp.DateSub(this=label, expression=number, unit=exp.var("DAY"))
    return exp.Sub(this=label, expression=literal(days))


def _year(day: str | None) -> exp.Expr | None:
    return None if day is None else literal(int(day[:4]))


def _within(value: exp.Expr, low: exp.Expr | None, high: exp.Expr | None) -> exp.Expr:
    """Whether a value is at least ``low`` and below ``high``."""
    if low is not None and high is not None and not low.is_string and not high.is_string:
        first, last = int(low.name), int(high.name)
        if last == first + 1:
            return exp.EQ(this=value, expression=low)
    parts: list[exp.Expr] = []
    if low is not None:
        parts.append(exp.GTE(this=value.copy(), expression=low))
    if high is not None:
        parts.append(exp.LT(this=value.copy(), expression=high))
    return both(*parts) if parts else exp.Not(this=missing(value))


def _cut(text: exp.Expr, start: int, length: int) -> exp.Expr:
    return exp.Substring(this=text.copy(), start=literal(start), length=literal(length))


def _formatted(date: exp.Expr, form: str) -> exp.Expr:
    return exp.TimeToStr(this=date.copy(), format=exp.Literal.string(form))


def _extracted(part: str, date: exp.Expr, dialect: str) -> exp.Expr:
    found = exp.Extract(this=exp.var(part.upper()), expression=date.copy())
    return integer(found) if dialect == "postgres" else found  # a decimal there


def _date_label(grain: Grain, date: exp.Expr, dialect: str) -> exp.Expr:
    """A label of a date or timestamp."""
    match grain:
        case Grain.YEAR if dialect == "sqlite":
            return integer(_formatted(date, "%Y"))
        case Grain.YEAR:
            return _extracted("year", date, dialect)
        case Grain.MONTH:
            return _formatted(date, "%Y-%m")
        case Grain.QUARTER:
            return _quarter(date, dialect)
        case Grain.WEEK:
            return _week(date, dialect)
        case Grain.DAY:
            return exp.Date(this=date) if dialect == "sqlite" else cast(date, exp.DType.DATE)


def _quarter(date: exp.Expr, dialect: str) -> exp.Expr:
    if dialect == "postgres":
        return _formatted(date, '%Y-"Q"Q')
    parts = [_formatted(date, "%Y"), literal("-Q"), _date_part("quarter", date, dialect)]
    return joined(parts, dialect)


def _week(date: exp.Expr, dialect: str) -> exp.Expr:
    """The Monday of a date's week."""
    if dialect == "sqlite":
        back = [literal("weekday 0"), literal("-6 days")]  # to the next Sunday, and back
        return exp.Anonymous(this="DATE", expressions=[date, *back])
    if dialect == "mysql":
        days = exp.paren(_weekday(date, 5))
        return exp.DateSub(this=cast(date, exp.DType.DATE), expression=days, unit=exp.var("DAY"))
    return cast(exp.TimestampTrunc(this=date, unit=exp.var("WEEK")), exp.DType.DATE)


def _weekday(date: exp.Expr, shift: int) -> exp.Expr:
    """Days since Monday, in MySQL, where ``DAYOFWEEK`` of a Sunday is 1."""
    day = exp.Add(this=exp.DayOfWeek(this=date.copy()), expression=literal(shift))
    return exp.Mod(this=exp.paren(day), expression=literal(7))


def _date_part(part: str, date: exp.Expr, dialect: str) -> exp.Expr:
    """A part of a date that recurs, as an integer."""
    if dialect == "sqlite":
        if part == "quarter":
            month = exp.Add(this=_date_part("month", date, dialect), expression=literal(2))
            return exp.paren(exp.Div(this=exp.paren(month), expression=literal(3), typed=True))
        number = integer(_formatted(date, _PARTS[part]))
        if part != "weekday":
            return number
        monday = exp.paren(exp.Add(this=number, expression=literal(6)))  # a Sunday is 0
        return exp.Add(this=exp.Mod(this=monday, expression=literal(7)), expression=literal(1))
    if part != "weekday":
        return _extracted(part, date, dialect)
    if dialect == "mysql":
        return exp.Add(this=_weekday(date, 5), expression=literal(1))
    return _extracted("isodow", date, dialect)
