"""The first or last part of a longer period: "first 3 months of 2024", "3 bulan terakhir 2024"."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from kai_flow.analyst.lexicon.calendar_days import Days, PeriodSpan, shifted, unit_start
from kai_flow.analyst.lexicon.data import Language
from kai_flow.analyst.lexicon.numbers import find_numbers
from kai_flow.analyst.lexicon.relative import UNITS
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.query.nodes import Grain

__all__ = ["read_stretches"]

_FIRST, _LAST = {"first", "pertama"}, {"last", "final", "terakhir"}
_LINKS = {"of", "in", "the", "dari", "di", "pada", "untuk", "during"}


def read_stretches(
    tokens: Sequence[Token], language: Language, wholes: Sequence[PeriodSpan]
) -> Iterator[PeriodSpan]:
    """Every stretch of a period that has both ends."""
    for number in find_numbers(tokens, language):
        unit = UNITS.get(tokens[number.last].word) if number.last < len(tokens) else None
        count = int(number.value) if 1 <= number.value <= 366 else 0
        if unit is None or number.unit or number.ordinal or number.percent or not count:
            continue
        first, last = number.first, number.last + 1
        if first > 0 and tokens[first - 1].word in _FIRST | _LAST:
            side = tokens[first - 1].word
            first -= 1
        elif last < len(tokens) and tokens[last].word in _FIRST | _LAST:
            side = tokens[last].word
            last += 1
        else:
            continue
        while last < len(tokens) and tokens[last].word in _LINKS:
            last += 1
        for whole in wholes:
            if whole.first == last and isinstance(whole.period, Days):
                cut = _cut(whole.period, unit, count, side in _FIRST)
                if cut is not None:
                    yield replace(whole, first=first, period=cut, grain=unit)


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
