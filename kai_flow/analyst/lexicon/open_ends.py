"""Periods with one open end: since June, after 2020, before last month, until the end of 2023."""

from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias

from msgspec.structs import replace

from kai_flow.analyst.lexicon.calendar_days import Days, Latest, Part, PeriodSpan, Reach, Yearless
from kai_flow.analyst.lexicon.phrases import Phrases
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.query.nodes import Grain

__all__ = ["open_ended"]

_Side: TypeAlias = Literal["since", "after", "until", "before"]

_SIDES: dict[_Side, Phrases] = {
    "since": Phrases(
        *("since", "since the start of", "since the beginning of", "starting", "starting from"),
        *("starting in", "starting on", "beginning", "beginning in", "as from", "from"),
        *("sejak", "semenjak", "mulai", "mulai dari", "terhitung sejak", "sejak awal", "dari"),
        *("between", "antara", ">=", "mulai awal", "dari awal", "since early"),
        *("from the beginning of", "from the start of"),
    ),
    "after": Phrases(
        *("after", "later than", "following", "setelah", "sesudah", "pasca", "lewat dari"),
        *(">", "above", "di atas"),
    ),
    "before": Phrases(
        *("before", "prior to", "earlier than", "before the start of", "sebelum"),
        *("<", "below", "di bawah"),
    ),
    "until": Phrases(
        *("until", "till", "up to", "up until", "through", "no later than", "by the end of"),
        *("until the end of", "up to the end of", "through the end of", "not later than"),
        *("sampai", "hingga", "sampai dengan", "s d", "s / d", "sd", "paling lambat"),
        *("sampai akhir", "hingga akhir", "up to and including", "<=", "as of", "as at"),
    ),
}
_COMPARING = {">", ">=", "<", "<=", "above", "below", "di atas", "di bawah"}
"""What compares numbers too: before a lone year it stays a comparison of numbers."""
_HALVES = {"from", "dari", "between", "antara"}
"""Words that begin an open period only if words after it say so: "from 2020 onwards"."""
_FROM = {"from", "dari"}
_VAGUE = 0.4
"""Of "from 2020" alone, which is rather of 2020 than since then."""
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
    *("up to now", "and today", "and now", "dan seterusnya", "dan sesudahnya", "sampai sekarang"),
    *("hingga sekarang", "sampai saat ini", "hingga saat ini", "hingga kini", "sampai hari ini"),
    *("hingga hari ini", "ke atas", "sampai kini", "dan sekarang", "dan hari ini"),
)

_AFTER_ON = frozenset(
    [
        *(
            ",",
            "and",
            "or",
            "by",
            "per",
            "for",
            "in",
            "at",
            "with",
            "where",
            "that",
            "which",
            "who",
        ),
        *("what", "how", "is", "was", "were", "are", "to", "each", "every", "from", "of", "please"),
    ]
)
"""Words after "from 2023 on"; before others, "on" begins something else: "in 2023 on the day"."""


def open_ended(tokens: Sequence[Token], singles: Sequence[PeriodSpan]) -> Iterator[PeriodSpan]:
    """Every open period that a single date or relative period is the end of."""
    for span in singles:
        for side, phrases in _SIDES.items():
            for phrase, first in phrases.before(tokens, span.first):
                if phrase in _COMPARING and span.last - span.first == 1:
                    continue
                for last in _lasts(tokens, span.last, side, phrase in _HALVES):
                    yield from _reaching(side, replace(span, first=first, last=last))
                if phrase in _FROM and span.grain is Grain.YEAR:
                    vague = replace(span, first=first, score=_VAGUE * span.score)
                    yield from _reaching(side, vague)
        for last in _lasts(tokens, span.last, "since", half=True):
            yield from _reaching("since", replace(span, last=last))


def _lasts(tokens: Sequence[Token], last: int, side: _Side, half: bool) -> Iterator[int]:
    """Where an open period may end: "since 2020", "from 2020 onwards"."""
    if not half:
        yield last
    if side == "since":
        for phrase, end in _ONWARDS.after(tokens, last):
            if phrase != "on" or end == len(tokens) or tokens[end].word in _AFTER_ON:
                yield end


def _reaching(side: _Side, span: PeriodSpan) -> Iterator[PeriodSpan]:
    """All time on one side of a period; none for parts that come again every year or week."""
    period = span.period
    if span.problem:
        yield span
    elif isinstance(period, Latest):
        yield replace(span, period=Reach(side, period))
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


def _reaching_yearless(side: _Side, span: PeriodSpan) -> Iterator[PeriodSpan]:
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
