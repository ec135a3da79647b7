"""What a reading may cost beyond the usual: long and polite questions have more to step over."""

from collections.abc import Mapping, Sequence
from typing import Final

from kai_flow.analyst.lexicon.lexicon import Language, fillers
from kai_flow.analyst.lexicon.tokens import Token

COURTESY: Final = 0.2
"""What words without meaning cost in an ordinary question; more make no reading less likely."""

LONG: Final = 12
"""Words of an ordinary question. Each further one lets a reading cost a little more: a question
with four filters has a longer way to each of them.
"""

LENGTH: Final = 0.03
"""What a reading may cost more for each further word."""

MOST_LENGTH: Final = 0.4
"""What it may cost more for all of them."""


def courtesy(tokens: Sequence[Token], glue: Mapping[int, float], language: Language) -> float:
    """What the words without meaning cost beyond those of an ordinary question."""
    empty = fillers(language)
    cost = sum(cost for at, cost in glue.items() if tokens[at].word in empty)
    return max(0.0, cost - COURTESY)


def length(tokens: Sequence[Token]) -> float:
    """What a reading of a long question may cost more."""
    return min(MOST_LENGTH, LENGTH * max(0, len(tokens) - LONG))
