"""Whether some words are only a piece of others."""

from kai_flow.analyst.lexicon.numbers import NumberSpan
from kai_flow.analyst.lexicon.periods import PeriodSpan
from kai_flow.analyst.reading.parts import Item
from kai_flow.analyst.semantics.targets import Mention

_Span = PeriodSpan | NumberSpan | Mention | Item


def inside(span: _Span, other: _Span) -> bool:
    """Whether a period or number is only a piece of a longer one."""
    inside = other.first <= span.first and span.last <= other.last
    return inside and other.last - other.first > span.last - span.first
