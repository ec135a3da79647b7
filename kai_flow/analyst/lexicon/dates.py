"""Reads dates that stand by themselves: days, months, quarters, halves, years, decades."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, TypeAlias

from kai_flow.analyst.lexicon import data
from kai_flow.analyst.lexicon.calendar_days import day_after, shifted
from kai_flow.analyst.lexicon.data import Language
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.query.nodes import Grain

__all__ = ["Kind", "Point", "bounds", "read_points"]

Kind: TypeAlias = Literal["day", "month", "quarter", "half", "year", "decade"]


@dataclass(frozen=True)
class Point:
    """One unit of the calendar in the question; what is not said is None."""

    first: int
    last: int
    kind: Kind
    year: int | None = None
    number: int | None = None
    """Of the month, quarter or half."""
    day: int | None = None
    weekday: int | None = None
    """The name of the day that was said beside the date."""
    score: float = 1.0

    @property
    def grain(self) -> Grain:
        """The unit of the calendar; halves count as quarters, decades as years."""
        return {
            "day": Grain.DAY,
            "month": Grain.MONTH,
            "quarter": Grain.QUARTER,
            "half": Grain.QUARTER,
        }.get(self.kind, Grain.YEAR)


def bounds(point: Point) -> tuple[date, date | None]:
    """First day, and the day after the last, of a point with a year; ValueError if impossible."""
    year = point.year or 0
    number = point.number or 1
    match point.kind:
        case "day":
            start = date(year, number, point.day or 0)
            return start, day_after(start)
        case "month":
            return _months(year, number, 1)
        case "quarter":
            return _months(year, number * 3 - 2, 3)
        case "half":
            return _months(year, number * 6 - 5, 6)
        case "year":
            return _months(year, 1, 12)
        case "decade":
            return _months(year, 1, 120)


def _months(year: int, month: int, count: int) -> tuple[date, date | None]:
    start = date(year, month, 1)
    return start, shifted(Grain.MONTH, start, count)


def read_points(tokens: Sequence[Token], language: Language) -> tuple[Point, ...]:
    """Every point in the question, overlapping ones included."""
    reader = _Points(tokens, language)
    return tuple(dict.fromkeys(point for at in range(len(tokens)) for point in reader.at(at)))


_DAY_WORDS = {"tanggal", "tgl", "date"}
_MONTH_WORDS = {"bulan", "bln", "month"}
_YEAR_WORDS = {"tahun", "thn", "th", "year"}
_QUARTER_WORDS = {"kuartal", "kwartal", "triwulan", "quarter", "tw", "qtr"}
_HALF_WORDS = {"semester", "paruh", "half", "smt", "sem"}
_SEPARATORS = {"-", "/"}
_ROMANS = {"i": 1, "ii": 2, "iii": 3, "iv": 4}
_GLUED = re.compile(r"(?:(?P<y1>\d{4}))?(?P<unit>q|h|tw|k)(?P<n>[1-4])(?:'(?P<y2>\d{2}))?")
_ORDINALS = {**data.ORDINALS["en"], **data.ORDINALS["id"]}
_NAMES = {**data.NUMBERS["en"], **data.NUMBERS["id"]}


class _Points:
    """Reads the points that begin at a token."""

    def __init__(self, tokens: Sequence[Token], language: Language) -> None:
        self._tokens = tokens
        self._language = language
        self._words = [token.word for token in tokens]

    def at(self, at: int) -> Iterator[Point]:
        """All points that begin there."""
        yield from self._numeric(at)
        yield from self._compact(at)
        yield from self._named_days(at)
        yield from self._month_and_year(at)
        yield from self._parts(at)
        yield from self._years(at)
        yield from self._with_weekday(at)

    # small pieces

    def _word(self, at: int) -> str:
        return self._words[at] if 0 <= at < len(self._words) else ""

    def _skip(self, at: int, words: set[str]) -> int:
        """The place after any of the words."""
        while self._word(at) in words:
            at += 1
        return at

    def _digits(self, at: int, least: int, most: int) -> int | None:
        """Plain digits, of a number of places."""
        text = self._word(at)
        plain = text.isascii() and text.isdigit() and least <= len(text) <= most
        return int(text) if plain else None

    def _year(self, at: int, short: bool = False) -> tuple[int, int] | None:
        """A year and the place after it; of two digits only where nothing else fits."""
        at = self._skip(at, {",", "of", "in", *_YEAR_WORDS, *_SEPARATORS})
        year = self._digits(at, 4, 4)
        if year is not None and 1000 <= year <= 2999:
            return year, at + 1
        two = self._digits(at, 2, 2) if short else None
        return (2000 + two, at + 1) if two is not None else None

    def _tight(self, at: int, sign: str) -> bool:
        """Whether a sign stands there without spaces around it."""
        return (
            self._word(at) == sign
            and 0 < at < len(self._tokens) - 1
            and self._tokens[at - 1].end == self._tokens[at].start
            and self._tokens[at].end == self._tokens[at + 1].start
        )

    def _month(self, at: int) -> tuple[int, int] | None:
        """The month and the place after it: by name, or by number after the word "month"."""
        after = self._skip(at, _MONTH_WORDS)
        named = data.MONTHS.get(self._word(after))
        if named is not None:
            return named, after + 1
        if after > at and self._word(at) != "month":
            small = self._small(after, 12)
            if small is not None and self._word(small[1]) not in data.UNITS:
                return small
        return None

    def _small(self, at: int, most: int) -> tuple[int, int] | None:
        """A number from 1 on: digits, words, Roman digits, "ke-2", "pertama", "second", "2nd"."""
        ke = self._word(at) == "ke"
        at += ke
        word = self._word(at)
        value = self._digits(at, 1, 2)
        if value is None:
            value = _ROMANS.get(word) or _ORDINALS.get(word) or _NAMES.get(word)
        if value is None or not 1 <= value <= most:
            return None
        return value, at + 1 + (self._word(at + 1) in data.ORDINAL_ENDINGS)

    def _day(self, at: int) -> tuple[int, int] | None:
        """A day of the month in digits, and the place after it."""
        at = self._skip(at, {*_DAY_WORDS, "the"})
        value = self._digits(at, 1, 2)
        if value is None:
            return None
        return value, at + 1 + (self._word(at + 1) in data.ORDINAL_ENDINGS)

    # forms

    def _numeric(self, at: int) -> Iterator[Point]:
        """15/03/2025, 15-3-25, 2025-03-15, 15.03.2025, 03/2025, 2025-03."""
        first = at
        at = self._skip(at, _DAY_WORDS)
        if re.fullmatch(r"\d{1,2}\.\d{1,2}\.\d{4}", self._word(at)):
            day, month, year = map(int, self._word(at).split("."))
            yield from self._day_month(first, at + 1, day, month, year)
            return
        sign = self._word(at + 1)
        if sign not in _SEPARATORS:
            return
        one, two, three = (self._digits(at + step, 1, 4) for step in (0, 2, 4))
        if one is None or two is None:
            return
        if three is not None and self._word(at + 3) == sign:
            yield from self._triple(first, at, (one, two, three))
        elif self._tight(at + 1, sign) and self._word(at + 3) != sign:
            lengths = len(self._word(at)), len(self._word(at + 2))
            if lengths == (4, 2) and 1 <= two <= 12 and sign == "-":
                yield Point(first, at + 3, "month", one, two)
            elif lengths[1] == 4 and lengths[0] <= 2 and 1 <= one <= 12 and 1900 <= two < 2100:
                yield Point(first, at + 3, "month", two, one)

    def _triple(self, first: int, at: int, parts: tuple[int, int, int]) -> Iterator[Point]:
        """Three numbers with one sign between them."""
        one, two, three = parts
        lengths = [len(self._word(at + step)) for step in (0, 2, 4)]
        if lengths[0] == 4 and max(lengths[1:]) <= 2:
            yield Point(first, at + 5, "day", one, two, three)
        elif max(lengths[:2]) <= 2 and lengths[2] in {2, 4}:
            year = three + 2000 if lengths[2] == 2 else three
            yield from self._day_month(first, at + 5, one, two, year)

    def _day_month(self, first: int, last: int, one: int, two: int, year: int) -> Iterator[Point]:
        """Day before month; in English, where both are possible, also month before day."""
        either = one <= 12 and two <= 12 and one != two and self._language == "en"
        if two <= 12 or one > 12:
            yield Point(first, last, "day", year, two, one, score=0.8 if either else 1.0)
        if either or (one <= 12 < two):
            yield Point(first, last, "day", year, one, two, score=0.8 if either else 1.0)

    def _compact(self, at: int) -> Iterator[Point]:
        """20250315 and 202503."""
        text = self._word(at)
        if not (text.isascii() and text.isdigit() and text[:2] in {"19", "20"}):
            return
        month = int(text[4:6] or 0)
        if len(text) == 6 and 1 <= month <= 12:
            yield Point(at, at + 1, "month", int(text[:4]), month, score=0.6)
        elif len(text) == 8 and 1 <= month <= 12 and 1 <= int(text[6:]) <= 31:
            yield Point(at, at + 1, "day", int(text[:4]), month, int(text[6:]), score=0.6)

    def _named_days(self, at: int) -> Iterator[Point]:
        """15 March 2025, 15th of March, March 15th, 2025; with or without the year."""
        day = self._day(at)
        if day is not None:
            month = self._month(self._skip(day[1], {"of", *_SEPARATORS}))
            if month is not None:
                yield from self._dated(at, month[1], month[0], day[0], short=True)
        month = self._month(at)
        if month is not None and (month[1] == at + 1 or self._word(at) in _MONTH_WORDS):
            day = self._day(self._skip(month[1], _SEPARATORS))
            tight_year = self._tight(month[1], "-") and len(self._word(month[1] + 1)) == 2
            if day is not None and not tight_year:
                yield from self._dated(at, day[1], month[0], day[0], short=False)

    def _dated(self, first: int, last: int, month: int, day: int, short: bool) -> Iterator[Point]:
        """A day of a month, without a year and with the year after it."""
        yield Point(first, last, "day", None, month, day)
        year = self._year(last, short and self._tight(last, "-"))
        if year is not None:
            yield Point(first, year[1], "day", year[0], month, day)

    def _month_and_year(self, at: int) -> Iterator[Point]:
        """March 2025, Mar-25, bulan 3 tahun 2025, 2025 March, March."""
        month = self._month(at)
        if month is not None:
            named = month[1] - 1
            yield Point(at, month[1], "month", None, month[0], score=self._sure(named, at))
            year = self._year(month[1], self._tight(month[1], "-"))
            if year is not None:
                yield Point(at, year[1], "month", year[0], month[0])
            return
        year = self._year(at)
        month = self._month(self._skip(year[1], {",", *_SEPARATORS})) if year else None
        if year and month and self._word(at) not in {",", "of", "in", *_SEPARATORS}:
            yield Point(at, month[1], "month", year[0], month[0])

    def _sure(self, at: int, first: int) -> float:
        """How certainly a name without a year is a month: may, mar, des … are words as well."""
        word = self._word(at)
        if first < at or (len(word) > 3 and word != "sept"):
            return 1.0
        before = self._word(first - 1)
        placed = before in {"in", "during", "of", "since", "for", "pada", "from", "to", "until"}
        if word in {"may", "mar", "sep", "des", "jan"} and not self._capital(at):
            return 0.8 if placed else 0.3
        return 1.0 if placed or word == "mei" else 0.8

    def _capital(self, at: int) -> bool:
        return self._tokens[at].text[:1].isupper() and at > 0

    def _parts(self, at: int) -> Iterator[Point]:
        """Quarters and halves, with and without a year on either side."""
        for kind, number, last, year, score in self._part(at):
            yield Point(at, last, kind, year, number, score=score)
            ahead = None if year else self._year(last, self._tight(last, "-"))
            if ahead is not None:
                yield Point(at, ahead[1], kind, ahead[0], number)
        if self._word(at) in {",", "of", "in", *_SEPARATORS}:
            return
        before = self._year(at)
        if before is None:
            return
        start = self._skip(before[1], {",", "'s", *_SEPARATORS})
        for kind, number, last, year, _ in self._part(start):
            if year is None:
                yield Point(at, last, kind, before[0], number)

    def _part(self, at: int) -> Iterator[tuple[Kind, int, int, int | None, float]]:
        """A quarter or half: its kind, number, end, the year inside it, and how certain it is."""
        glued = _GLUED.fullmatch(self._word(at))
        if glued and (glued["unit"] != "k" or glued["y1"]):
            year: str | None = glued["y1"] or (f"20{glued['y2']}" if glued["y2"] else None)
            kind: Kind = "half" if glued["unit"] == "h" else "quarter"
            if kind == "quarter" or int(glued["n"]) <= 2:
                yield kind, int(glued["n"]), at + 1, int(year) if year else None, 1.0
            return
        for kind, words, most in (("quarter", _QUARTER_WORDS, 4), ("half", _HALF_WORDS, 2)):
            if self._word(at) in words:
                small = self._small(at + 1, most)
                if small is not None and self._word(small[1]) not in data.UNITS:
                    school = self._word(at) in {"semester", "smt", "sem"}
                    yield kind, small[0], small[1], None, 0.6 if school else 1.0
            small = self._small(self._skip(at, {"the"}), most)
            if small is not None and small[1] > at and self._word(small[1]) in words:
                ordinal = self._word(small[1] - 1)
                if ordinal in _ORDINALS or ordinal in data.ORDINAL_ENDINGS:
                    yield kind, small[0], small[1] + 1, None, 1.0

    def _years(self, at: int) -> Iterator[Point]:
        """2023, tahun 2023, the 1990s, tahun 1990-an."""
        if self._word(at) in {",", "of", "in", *_SEPARATORS}:
            return
        year = self._year(at)
        if year is None:
            return
        ending = self._word(year[1])
        if ending in {"s", "an"} and year[0] % 10 == 0:
            yield Point(at, year[1] + 1, "decade", year[0])
        elif 1900 <= year[0] <= 2100:
            usual = 1980 <= year[0] <= 2050 or self._word(at) in _YEAR_WORDS
            yield Point(at, year[1], "year", year[0], score=1.0 if usual else 0.7)

    def _with_weekday(self, at: int) -> Iterator[Point]:
        """Sabtu, 15 Maret 2025."""
        start = self._skip(at, {"hari"})
        weekday = data.WEEKDAYS.get(self._word(start))
        if weekday is None:
            return
        start = self._skip(start + 1, {",", "the"})
        for point in (*self._numeric(start), *self._named_days(start)):
            if point.kind == "day":
                yield replace(point, first=at, weekday=weekday)
