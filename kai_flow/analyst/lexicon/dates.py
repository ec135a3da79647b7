"""Reads dates that stand by themselves: days, months, quarters, halves, years, decades."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from kai_flow.analyst.lexicon import data
from kai_flow.analyst.lexicon.calendar_days import day_after, shifted
from kai_flow.analyst.lexicon.data import Language
from kai_flow.analyst.lexicon.date_parts import (
    DAY_WORDS,
    MONTH_WORDS,
    ORDINALS,
    SEPARATORS,
    YEAR_WORDS,
    DateParts,
)
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.query.nodes import Grain

__all__ = ["Kind", "Point", "bounds", "read_points"]

Kind: TypeAlias = Literal["day", "week", "month", "quarter", "half", "year", "decade"]


class Point(Struct, frozen=True, gc=False, cache_hash=True):
    """One unit of the calendar in the question; what is not said is None."""

    first: int
    last: int
    kind: Kind
    year: int | None = None
    number: int | None = None
    """Of the week, month, quarter or half."""
    day: int | None = None
    weekday: int | None = None
    """The name of the day that was said beside the date."""
    score: float = 1.0

    @property
    def grain(self) -> Grain:
        """The unit of the calendar; halves count as quarters, decades as years."""
        return {
            "day": Grain.DAY,
            "week": Grain.WEEK,
            "month": Grain.MONTH,
            "quarter": Grain.QUARTER,
            "half": Grain.QUARTER,
        }.get(self.kind, Grain.YEAR)


def bounds(point: Point) -> tuple[date, date | None]:
    """First day, and the day after the last, of a point with a year; ValueError if impossible."""
    year = point.year or 0
    number = point.number or 1
    if point.kind == "day":
        start = date(year, number, point.day or 0)
        return start, day_after(start)
    if point.kind == "week":
        start = date.fromisocalendar(year, number, 1)
        return start, shifted(Grain.WEEK, start, 1)
    months = _MONTHS[point.kind]
    start = date(year, (number - 1) * months + 1 if months < 12 else 1, 1)
    return start, shifted(Grain.MONTH, start, months)


_MONTHS = {"month": 1, "quarter": 3, "half": 6, "year": 12, "decade": 120}


def read_points(tokens: Sequence[Token], language: Language) -> tuple[Point, ...]:
    """Every point in the question, overlapping ones included."""
    reader = _Points(tokens, language)
    return tuple(dict.fromkeys(point for at in range(len(tokens)) for point in reader.at(at)))


_QUARTER_WORDS = {"kuartal", "kwartal", "triwulan", "quarter", "tw", "qtr"}
_HALF_WORDS = {"semester", "paruh", "half", "smt", "sem"}
_FISCAL = {"fiscal", "financial", "anggaran", "fiskal", "buku"}
_GLUED = re.compile(r"(?:(?P<y1>\d{4}))?(?P<unit>q|h|tw|k)(?P<n>[1-4])(?:'(?P<y2>\d{2}))?")


_RECENT = range(2015, 2036)
"""Years that two digits after a month mean in Indonesian, where a day stands before its month."""


class _Points(DateParts):
    """Reads the points that begin at a token."""

    def at(self, at: int) -> Iterator[Point]:
        """All points that begin there."""
        yield from self._numeric(at)
        yield from self._compact(at)
        yield from self._named_days(at)
        yield from self._month_and_year(at)
        yield from self._parts(at)
        yield from self._years(at)
        yield from self._weeks(at)
        yield from self._with_weekday(at)

    def _numeric(self, at: int) -> Iterator[Point]:
        """15/03/2025, 15-3-25, 2025-03-15, 15.03.2025, 03/2025, 2025-03."""
        first = at
        at = self.skip(at, DAY_WORDS)
        if re.fullmatch(r"\d{1,2}\.\d{1,2}\.\d{4}", self.word(at)):
            day, month, year = map(int, self.word(at).split("."))
            yield from self._day_month(first, at + 1, day, month, year)
            return
        sign = self.word(at + 1)
        if sign not in SEPARATORS:
            return
        one, two, three = (self.digits(at + step, 1, 4) for step in (0, 2, 4))
        if one is None or two is None:
            return
        if three is not None and self.word(at + 3) == sign:
            yield from self._triple(first, at, (one, two, three))
        elif self.tight(at + 1, sign) and self.word(at + 3) != sign:
            lengths = len(self.word(at)), len(self.word(at + 2))
            if lengths == (4, 2) and 1 <= two <= 12 and sign == "-":
                yield Point(first, at + 3, "month", one, two)
            elif lengths[1] == 4 and lengths[0] <= 2 and 1 <= one <= 12 and 1900 <= two < 2100:
                yield Point(first, at + 3, "month", two, one)

    def _triple(self, first: int, at: int, parts: tuple[int, int, int]) -> Iterator[Point]:
        """Three numbers with one sign between them."""
        one, two, three = parts
        lengths = [len(self.word(at + step)) for step in (0, 2, 4)]
        if lengths[0] == 4 and max(lengths[1:]) <= 2:
            yield Point(first, at + 5, "day", one, two, three)
        elif max(lengths[:2]) <= 2 and lengths[2] in {2, 4}:
            year = three + 2000 if lengths[2] == 2 else three
            possible = min(one, two) <= 12 and max(one, two) <= 31 and min(one, two) >= 1
            if possible or lengths[2] == 4:  # else it is a number of another kind: 12-34-56
                yield from self._day_month(first, at + 5, one, two, year)

    def _day_month(self, first: int, last: int, one: int, two: int, year: int) -> Iterator[Point]:
        """Day before month; in English, where both are possible, also month before day."""
        either = one <= 12 and two <= 12 and one != two and self.language == "en"
        if two <= 12 or one > 12:
            yield Point(first, last, "day", year, two, one, score=0.8 if either else 1.0)
        if either or (one <= 12 < two):
            yield Point(first, last, "day", year, one, two, score=0.8 if either else 1.0)

    def _compact(self, at: int) -> Iterator[Point]:
        """20250315 and 202503."""
        text = self.word(at)
        if not (text.isascii() and text.isdigit() and text[:2] in {"19", "20"}):
            return
        month = int(text[4:6] or 0)
        if len(text) == 6 and 1 <= month <= 12:
            yield Point(at, at + 1, "month", int(text[:4]), month, score=0.6)
        elif len(text) == 8 and 1 <= month <= 12 and 1 <= int(text[6:]) <= 31:
            yield Point(at, at + 1, "day", int(text[:4]), month, int(text[6:]), score=0.6)

    def _named_days(self, at: int) -> Iterator[Point]:
        """15 March 2025, 15th of March, March 15th, 2025; with or without the year."""
        day = self.day(at)
        if day is not None:
            start = self.skip(day[1], {"of", *SEPARATORS})
            month = self.month(start)
            named = self.word(start) in data.MONTHS or self.word(at) in DAY_WORDS
            named |= self.word(start + 1) in data.MONTHS
            if month is not None and named:
                yield from self._dated(at, month[1], month[0], day[0], short=True)
        month = self.month(at)
        if month is not None and (month[1] == at + 1 or self.word(at) in MONTH_WORDS):
            day = self.day(self.skip(month[1], SEPARATORS))
            tight_year = self.tight(month[1], "-") and len(self.word(month[1] + 1)) == 2
            if day is not None and not tight_year:
                yield from self._dated(at, day[1], month[0], day[0], short=False)

    def _dated(self, first: int, last: int, month: int, day: int, short: bool) -> Iterator[Point]:
        """A day of a month, without a year and with the year after it."""
        after = not short and self.language == "id" and day + 2000 in _RECENT  # Maret 25
        yield Point(first, last, "day", None, month, day, score=0.6 if after else 1.0)
        year = self.year(last, short and self.tight(last, "-"))
        if year is not None:
            yield Point(first, year[1], "day", year[0], month, day)

    def _month_and_year(self, at: int) -> Iterator[Point]:
        """March 2025, Mar-25, bulan 3 tahun 2025, 2025 March, March."""
        month = self.month(at)
        if month is not None:
            named = month[1] - 1
            yield Point(at, month[1], "month", None, month[0], score=self._sure(named, at))
            year = self.year(month[1], self.tight(month[1], "-"))
            if year is not None:
                yield Point(at, year[1], "month", year[0], month[0])
            elif self.language == "id" and self.digits(month[1], 2, 2):
                last = int(self.word(month[1])) + 2000  # Maret 25
                sure = 1.0 if last in _RECENT else 0.8
                yield Point(at, month[1] + 1, "month", last, month[0], score=sure)
            return
        year = self.year(at)
        month = self.month(self.skip(year[1], {",", *SEPARATORS})) if year else None
        if year and month and self.word(at) not in {",", "of", "in", *SEPARATORS}:
            yield Point(at, month[1], "month", year[0], month[0])

    def _sure(self, at: int, first: int) -> float:
        """How certainly a name without a year is a month: may, mar, des … are words as well."""
        word = self.word(at)
        if first < at or (len(word) > 3 and word != "sept"):
            return 1.0
        before = self.word(first - 1)
        placed = before in {"in", "during", "of", "since", "for", "pada", "from", "to", "until"}
        if word in {"may", "mar", "sep", "des", "jan"} and not self._capital(at):
            return 0.8 if placed else 0.3
        return 1.0 if placed or word == "mei" else 0.8

    def _capital(self, at: int) -> bool:
        return self.tokens[at].text[:1].isupper() and at > 0

    def _parts(self, at: int) -> Iterator[Point]:
        """Quarters and halves, with and without a year on either side."""
        for kind, number, last, year, score in self._part(at):
            yield Point(at, last, kind, year, number, score=score)
            glued = _GLUED.fullmatch(self.word(at)) is not None and kind == "quarter"
            ahead = None if year else self.year(last, self.tight(last, "-") or glued)  # Q1 25
            if ahead is not None:
                yield Point(at, ahead[1], kind, ahead[0], number)
        if self.word(at) in {",", "of", "in", *SEPARATORS}:
            return
        before = self.year(at)
        if before is None:
            return
        start = self.skip(before[1], {",", "'s", *SEPARATORS})
        for kind, number, last, year, _ in self._part(start):
            if year is None:
                yield Point(at, last, kind, before[0], number)

    def _part(self, at: int) -> Iterator[tuple[Kind, int, int, int | None, float]]:
        """A quarter or half: its kind, number, end, the year inside it, and how certain it is."""
        glued = _GLUED.fullmatch(self.word(at))
        if glued and (glued["unit"] != "k" or glued["y1"]):
            year: str | None = glued["y1"] or (f"20{glued['y2']}" if glued["y2"] else None)
            kind: Kind = "half" if glued["unit"] == "h" else "quarter"
            if kind == "quarter" or int(glued["n"]) <= 2:
                yield kind, int(glued["n"]), at + 1, int(year) if year else None, 1.0
            return
        for kind, words, most in (("quarter", _QUARTER_WORDS, 4), ("half", _HALF_WORDS, 2)):
            if self.word(at) in words:
                small = self.numbered(at + 1, most)
                if small is not None:
                    school = self.word(at) in {"semester", "smt", "sem"}
                    yield kind, small[0], small[1], None, 0.6 if school else 1.0
            small = self.small(self.skip(at, {"the"}), most)
            if small is not None and small[1] > at and self.word(small[1]) in words:
                ordinal = self.word(small[1] - 1)
                if ordinal in ORDINALS or ordinal in data.ORDINAL_ENDINGS:
                    yield kind, small[0], small[1] + 1, None, 1.0

    def _years(self, at: int) -> Iterator[Point]:
        """2023, tahun 2023, fiscal year 2023, FY2023, the 1990s, tahun 1990-an."""
        fiscal = re.fullmatch(r"fy(?:20)?(\d\d)", self.word(at))
        if fiscal:
            yield Point(at, at + 1, "year", 2000 + int(fiscal[1]), score=0.8)
        if self.word(at) in {",", "of", "in", *SEPARATORS}:
            return
        start = self.skip(at, YEAR_WORDS | _FISCAL)
        year = self.year(start)
        if year is None or year[1] != start + 1 or self.word(start).startswith(("'", "’")):
            return
        ending = self.word(year[1])
        if ending in {"s", "an"} and year[0] % 10 == 0:
            yield Point(at, year[1] + 1, "decade", year[0])
        elif 1900 <= year[0] <= 2100:
            usual = 1980 <= year[0] <= 2050 or start > at
            doubtful = not usual or self.word(at) in _FISCAL
            yield Point(at, year[1], "year", year[0], score=0.7 if doubtful else 1.0)

    def _weeks(self, at: int) -> Iterator[Point]:
        """Week 12 of 2024, minggu ke-12 tahun 2024, 2024-W12."""
        glued = re.fullmatch(r"w(\d{1,2})", self.word(at + 2))
        if glued and self.tight(at + 1, "-") and self.digits(at, 4, 4):
            yield Point(at, at + 3, "week", int(self.word(at)), int(glued[1]))
        if self.word(at) in {"week", "minggu", "pekan"}:
            number = self.small(at + 1, 53)
            year = self.year(number[1]) if number else None
            if number and year:
                yield Point(at, year[1], "week", year[0], number[0])

    def _with_weekday(self, at: int) -> Iterator[Point]:
        """Sabtu, 15 Maret 2025."""
        start = self.skip(at, {"hari"})
        weekday = data.WEEKDAYS.get(self.word(start))
        if weekday is None:
            return
        start = self.skip(start + 1, {",", "the"})
        for point in (*self._numeric(start), *self._named_days(start)):
            if point.kind == "day":
                yield replace(point, first=at, weekday=weekday)
