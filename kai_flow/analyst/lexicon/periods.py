"""Finds the periods of a question: dates, ranges, open ends, relative and recurring ones."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from kai_flow.analyst.lexicon import period_problems as problems
from kai_flow.analyst.lexicon.calendar_days import (
    Days,
    Latest,
    Part,
    Period,
    Reach,
    Yearless,
    resolve,
)
from kai_flow.analyst.lexicon.data import Language
from kai_flow.analyst.lexicon.dates import Point, bounds, read_points
from kai_flow.analyst.lexicon.phrases import Phrases
from kai_flow.analyst.lexicon.ranges import joined, ranged
from kai_flow.analyst.lexicon.recurring import cyclic, read_recurring
from kai_flow.analyst.lexicon.relative import Relative, read_relatives
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


@dataclass(frozen=True)
class PeriodSpan:
    """The tokens from ``first`` up to, not including, ``last`` as a period."""

    first: int
    last: int
    period: Period
    grain: Grain
    """The unit in which it was said."""
    score: float = 1.0
    problem: str = ""
    """Why nothing can be answered about it, as a sentence: there is no 31 February."""


def find_periods(tokens: Sequence[Token], language: Language) -> tuple[PeriodSpan, ...]:
    """Every span that reads as a period, overlapping ones included.

    A span includes the words that belong to its meaning: since, before, between. With a
    preposition that adds nothing ("in", "pada") there is one span with it and one without.
    """
    finder = _Finder(tokens, language)
    spans = (*finder.points(), *finder.ranges(), *finder.open_ends(), *finder.others())
    best: dict[tuple[int, int, Period, str], PeriodSpan] = {}
    for span in (each for bare in spans for each in finder.with_preposition(bare)):
        key = (span.first, span.last, span.period, span.problem)
        if key not in best or best[key].score < span.score:
            best[key] = span
    return tuple(best.values())


_PREPOSITIONS = {
    *("in", "on", "during", "throughout", "over", "within", "the", "of"),
    *("pada", "di", "selama", "dalam", "sepanjang", "saat"),
}
_SIDES = {
    "since": Phrases(
        *("since", "since the start of", "since the beginning of", "starting", "starting from"),
        *("starting in", "starting on", "beginning", "beginning in", "as from", "from"),
        *("sejak", "semenjak", "mulai", "mulai dari", "terhitung sejak", "sejak awal", "dari"),
        *("mulai awal", "dari awal", "since early", "from the beginning of", "from the start of"),
    ),
    "after": Phrases(
        "after", "later than", "following", "setelah", "sesudah", "pasca", "lewat dari"
    ),
    "before": Phrases("before", "prior to", "earlier than", "sebelum", "before the start of"),
    "until": Phrases(
        *("until", "till", "up to", "up until", "through", "no later than", "by the end of"),
        *("until the end of", "up to the end of", "through the end of", "not later than"),
        *("sampai", "hingga", "sampai dengan", "s d", "s / d", "sd", "paling lambat"),
        *("sampai akhir", "hingga akhir", "up to and including", "selambat-lambatnya"),
    ),
}
_OPEN_ONLY_WITH_END = {"from", "dari"}
"""Words that begin an open period only if a word after it says so: "from 2020 onwards"."""
_ONWARDS = Phrases(
    *("onwards", "onward", "on", "and later", "and after", "or later", "and onwards", "until now"),
    *(
        "to date",
        "to now",
        "to today",
        "until today",
        "to the present",
        "through today",
        "till now",
    ),
    *("up to now", "dan seterusnya", "dan sesudahnya", "sampai sekarang", "hingga sekarang"),
    *("sampai saat ini", "hingga saat ini", "hingga kini", "sampai hari ini", "hingga hari ini"),
    *("ke atas", "sampai kini"),
)


class _Finder:
    """Finds the periods of one question."""

    def __init__(self, tokens: Sequence[Token], language: Language) -> None:
        self._tokens = tokens
        self._language = language
        self._points = read_points(tokens, language)
        self._joined = joined(tokens, self._points)
        self._relatives = read_relatives(tokens, language)

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

    def points(self) -> Iterator[PeriodSpan]:
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
            yield self._between(plain, left, right)

    def _between(self, plain: PeriodSpan, left: Point, right: Point) -> PeriodSpan:
        """Both points have a year."""
        for point in (left, right):
            problem = self._span(point).problem
            if problem:
                return replace(plain, problem=problem)
        start, end = bounds(left)[0], bounds(right)[1]
        if end is not None and start >= end:
            return replace(plain, problem=problems.backwards(self._language))
        return replace(plain, period=_days(start, end))

    def open_ends(self) -> Iterator[PeriodSpan]:
        """Since, after, until, before a date or a relative period."""
        singles = (*self.points(), *self._relative_spans())
        starts: dict[int, list[PeriodSpan]] = {}
        for span in singles:
            starts.setdefault(span.first, []).append(span)
        for at in range(len(self._tokens)):
            for side, phrases in _SIDES.items():
                for phrase, end in phrases.after(self._tokens, at):
                    for span in starts.get(end, ()):
                        for last in self._lasts(span.last, side, phrase):
                            yield from _reaching(side, replace(span, first=at, last=last))
        for span in singles:
            for last in self._lasts(span.last, "since", "from"):
                yield from _reaching("since", replace(span, last=last))

    def _lasts(self, last: int, side: str, phrase: str) -> Iterator[int]:
        """Where an open period may end: "since 2020", "from 2020 onwards"."""
        if phrase not in _OPEN_ONLY_WITH_END:
            yield last
        if side == "since":
            for _, end in _ONWARDS.after(self._tokens, last):
                yield end

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


def _days(start: date, end: date | None) -> Days:
    return Days(start.isoformat(), end.isoformat() if end else None)


def _reaching(side: str, span: PeriodSpan) -> Iterator[PeriodSpan]:
    """All time on one side of a period; none for parts that come again every year or week."""
    period = span.period
    if span.problem:
        yield span
    elif isinstance(period, Latest):
        yield replace(span, period=Reach(side, period))  # type: ignore[arg-type]  # a key of _SIDES
    elif isinstance(period, Days):
        start, end = period.start, period.end
        reached = {
            "since": Days(start, None),
            "after": Days(end, None),
            "until": Days(None, end),
            "before": Days(None, start),
        }[side]
        yield replace(span, period=reached)
    else:
        yield from _reaching_yearless(side, span)


def _reaching_yearless(side: str, span: PeriodSpan) -> Iterator[PeriodSpan]:
    """Since March, before Q2, until 15 March, of the latest such year."""
    match span.period:
        case Part("month", (month,)):
            start, end = (month, 1), (month % 12 + 1, 1)
        case Part("quarter", (quarter,)):
            start, end = (quarter * 3 - 2, 1), (quarter * 3 % 12 + 1, 1)
        case Yearless((first, day), (after, next_day)):
            start, end = (first, day), (after, next_day)
        case _:
            return
    reached = {
        "since": Yearless(start, None),
        "after": Yearless(end, None),
        "until": Yearless(None, end),
        "before": Yearless(None, start),
    }[side]
    yield replace(span, period=reached, score=span.score * 0.9)
