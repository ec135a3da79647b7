"""The first or last part of a longer period: "first 3 months of 2024", "3 bulan terakhir 2024"."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TypeAlias

from msgspec.structs import replace

from kai_flow.analyst.lexicon.calendar_days import Days, PeriodSpan, shifted, unit_start
from kai_flow.analyst.lexicon.data import Language
from kai_flow.analyst.lexicon.numbers import find_numbers
from kai_flow.analyst.lexicon.relative import UNITS
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.query.nodes import Grain

__all__ = ["read_stretches"]

_FIRST, _LAST = {"first", "pertama"}, {"last", "final", "terakhir"}
_LINKS = {"of", "in", "the", "dari", "di", "pada", "untuk", "during"}


_Stretch: TypeAlias = tuple[int, int, Grain, int, str]
"""First and last token, the unit, how many of them, and the word that says which end."""


def read_stretches(
    tokens: Sequence[Token], language: Language, wholes: Sequence[PeriodSpan]
) -> Iterator[PeriodSpan]:
    """Every stretch of a period that has both ends."""
    for first, last, unit, count, side in (*_counted(tokens, language), *_single(tokens)):
        start = last
        while start < len(tokens) and tokens[start].word in _LINKS:
            start += 1
        for whole in wholes:
            if whole.first == start and isinstance(whole.period, Days):
                cut = _cut(whole.period, unit, count, side in _FIRST)
                if cut is not None:
                    yield replace(whole, first=first, period=cut, grain=unit)


def _counted(tokens: Sequence[Token], language: Language) -> Iterator[_Stretch]:
    """First 3 months, 3 bulan terakhir."""
    for number in find_numbers(tokens, language):
        unit = UNITS.get(tokens[number.last].word) if number.last < len(tokens) else None
        count = int(number.value) if 1 <= number.value <= 366 else 0
        if unit is None or number.unit or number.ordinal or number.percent or not count:
            continue
        yield from _sided(tokens, number.first, number.last + 1, unit, count)


def _single(tokens: Sequence[Token]) -> Iterator[_Stretch]:
    """First week, kuartal terakhir."""
    for at, token in enumerate(tokens):
        if token.word in UNITS:
            yield from _sided(tokens, at, at + 1, UNITS[token.word], 1)


def _sided(
    tokens: Sequence[Token], first: int, last: int, unit: Grain, count: int
) -> Iterator[_Stretch]:
    """The word that says which end, before or after the unit."""
    if first > 0 and tokens[first - 1].word in _FIRST | _LAST:
        yield first - 1, last, unit, count, tokens[first - 1].word
    elif last < len(tokens) and tokens[last].word in _FIRST | _LAST:
        yield first, last + 1, unit, count, tokens[last].word


def _cut(whole: Days, unit: Grain, count: int, from_start: bool) -> Days | None:
    """So many units at one end of a period; None if it is not made of whole units."""
    if whole.start is None or whole.end is None:
        return None
    start, end = date.fromisoformat(whole.start), date.fromisoformat(whole.end)
    edge = shifted(unit, start, count) if from_start else shifted(unit, end, -count)
    whole_units = unit is Grain.WEEK or (unit_start(unit, start), unit_start(unit, end)) == (
        start,
        end,
    )
    if edge is None or not whole_units or not start <= edge <= end:
        return None
    return (
        Days(start.isoformat(), edge.isoformat())
        if from_start
        else Days(edge.isoformat(), whole.end)
    )
