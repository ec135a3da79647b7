"""Finds the periods of a question: dates, ranges, open ends, relative and recurring ones."""

from collections.abc import Iterator, Sequence
from datetime import date

from msgspec.structs import replace

from kai_flow.analyst.lexicon import period_problems as problems
from kai_flow.analyst.lexicon.calendar_days import (
    Days,
    Latest,
    Part,
    Period,
    PeriodSpan,
    Reach,
    Yearless,
    resolve,
)
from kai_flow.analyst.lexicon.data import Language
from kai_flow.analyst.lexicon.dates import Point, bounds, read_points
from kai_flow.analyst.lexicon.open_ends import open_ended
from kai_flow.analyst.lexicon.ranges import Range, joined, ranged
from kai_flow.analyst.lexicon.recurring import cyclic, read_recurring
from kai_flow.analyst.lexicon.relative import Relative, read_relatives
from kai_flow.analyst.lexicon.stretches import read_stretches
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.query.nodes import Grain

__all__ = [
    "Days",
    "Latest",
    "Part",
    "Period",
    "PeriodSpan",
    "Reach",
    "Yearless",
    "find_periods",
    "resolve",
]


def find_periods(tokens: Sequence[Token], language: Language) -> tuple[PeriodSpan, ...]:
    """Every span that reads as a period, overlapping ones included.

    A span includes the words that belong to its meaning: since, before, between. With a
    preposition that adds nothing ("in", "pada") there is one span with it and one without.
    """
    finder = _Finder(tokens, language)
    spans = finder.spans()
    best: dict[tuple[int, int, Period, str], PeriodSpan] = {}
    for span in (each for bare in spans for each in finder.with_preposition(bare)):
        key = (span.first, span.last, span.period, span.problem)
        if key not in best or best[key].score < span.score:
            best[key] = span
    return tuple(best.values())


_PREPOSITIONS = {
    *("in", "on", "during", "throughout", "over", "within", "the", "of", "for", "from"),
    *("pada", "di", "selama", "dalam", "sepanjang", "saat", "untuk", "dari"),
}


class _Finder:
    """Finds the periods of one question."""

    def __init__(self, tokens: Sequence[Token], language: Language) -> None:
        self._tokens = tokens
        self._language = language
        self._points = read_points(tokens, language)
        self._joined = joined(tokens, self._points)
        self._relatives = read_relatives(tokens, language)
        self._singles = tuple(self._single_dates())

    def with_preposition(self, span: PeriodSpan) -> Iterator[PeriodSpan]:
        """The span, and if a preposition stands before it, a second one with that."""
        yield span
        first = span.first
        while (
            first > 0 and self._tokens[first - 1].word in _PREPOSITIONS and span.first - first < 2
        ):
            first -= 1
        if first < span.first and self._tokens[first].word != "of":
            yield replace(span, first=first)

    def spans(self) -> list[PeriodSpan]:
        """All spans, but for what stands inside a range that nothing else can be."""
        ranges = tuple(self.ranges())
        sure = [span for span in ranges if span.score > _SURE]
        others = (*self.points(), *self.open_ends(), *self.stretches(), *self.others())
        return [
            span for span in (*ranges, *others) if not any(_inside(span, whole) for whole in sure)
        ]

    def points(self) -> tuple[PeriodSpan, ...]:
        """Single dates."""
        return self._singles

    def _single_dates(self) -> Iterator[PeriodSpan]:
        """Single dates; a date that a list or a longer date completes is less likely alone."""
        longer = {point.first: point.last for point in self._points if point.year}
        completed = {(point.first, point.last) for point in self._joined}
        for point in self._points:
            inside = point.year is None and longer.get(point.first, 0) > point.last
            tail = point.kind == "year" and any(
                other.first < point.first and other.last == point.last for other in self._points
            )
            alone = inside or tail or (point.first, point.last) in completed
            yield self._span(replace(point, score=point.score * (0.5 if alone else 1.0)))
        for point in self._joined:
            yield self._span(point)

    def _span(self, point: Point) -> PeriodSpan:
        """A point as a period."""
        plain = PeriodSpan(point.first, point.last, Days(None, None), point.grain, point.score)
        number = point.number or 1
        if point.year is None and point.kind != "day":
            part = self._part(point, point)
            return replace(plain, period=part)
        try:
            start, end = bounds(point if point.year else replace(point, year=_LEAP_YEAR))
        except ValueError:
            return replace(plain, problem=problems.impossible(point, self._language))
        if point.weekday and point.year and start.isoweekday() != point.weekday:
            problem = problems.other_weekday(point, start.isoweekday(), self._language)
            return replace(plain, problem=problem)
        if point.year is None:
            after = (end.month, end.day) if end else (1, 1)
            return replace(plain, period=Yearless((number, point.day or 1), after))
        return replace(plain, period=_days(start, end))

    def _part(self, left: Point, right: Point) -> Part:
        """Months or quarters without a year, from one to another."""
        one, two = left.number or 1, right.number or 1
        if left.kind == "month":
            return Part("month", cyclic(one, two, 12))
        if left.kind == "quarter":
            return Part("quarter", cyclic(one, two, 4))
        return Part("quarter", cyclic(one * 2 - 1, two * 2, 4))

    def ranges(self) -> Iterator[PeriodSpan]:
        """From one date to another, both included."""
        for found in ranged(self._tokens, self._points):
            left, right = found.left, found.right
            score = min(left.score, right.score, 1.0 if found.sure else 0.6)
            plain = PeriodSpan(found.first, found.last, Days(None, None), right.grain, score)
            if left.year is None or right.year is None:
                if left.kind != "day":
                    yield replace(plain, period=self._part(left, right))
                    continue
                ends = self._span(left), self._span(right)
                periods = [end.period for end in ends]
                if isinstance(periods[0], Yearless) and isinstance(periods[1], Yearless):
                    yield replace(plain, period=Yearless(periods[0].start, periods[1].end))
                continue
            yield from self._between(plain, found)

    def _between(self, plain: PeriodSpan, found: Range) -> Iterator[PeriodSpan]:
        """Both points have a year."""
        for point in (found.left, found.right):
            problem = self._span(point).problem
            if problem:
                yield replace(plain, problem=problem)
                return
        start, end = bounds(found.left)[0], bounds(found.right)[1]
        if end is None or start < end:
            yield replace(plain, period=_days(start, end))
        elif found.ordered and found.sure:  # else it is a difference: 2024 - 2023
            yield replace(plain, problem=problems.backwards(self._language))

    def open_ends(self) -> Iterator[PeriodSpan]:
        """Since, after, until, before a date or a relative period."""
        yield from open_ended(self._tokens, (*self._singles, *self._relative_spans()))

    def stretches(self) -> Iterator[PeriodSpan]:
        """The first or last units of a longer period."""
        yield from read_stretches(self._tokens, self._language, self._singles)

    def others(self) -> Iterator[PeriodSpan]:
        """Relative and recurring periods."""
        yield from self._relative_spans()
        for found in read_recurring(self._tokens):
            yield PeriodSpan(found.first, found.last, found.period, Grain.DAY, found.score)

    def _relative_spans(self) -> Iterator[PeriodSpan]:
        for found in self._relatives:
            span = PeriodSpan(found.first, found.last, found.period, found.grain, found.score)
            yield replace(span, problem=self._future(found)) if found.future else span

    def _future(self, found: Relative) -> str:
        words = " ".join(token.text for token in self._tokens[found.first : found.last])
        return problems.future(words, self._language)


_LEAP_YEAR = 2024


_SURE = 0.8
"""A range with a higher score is no comparison of two dates."""


def _inside(part: PeriodSpan, whole: PeriodSpan) -> bool:
    """Whether a span is a part of a longer one."""
    longer = whole.last - whole.first > part.last - part.first
    return longer and whole.first <= part.first and part.last <= whole.last


def _days(start: date, end: date | None) -> Days:
    return Days(start.isoformat(), end.isoformat() if end else None)
