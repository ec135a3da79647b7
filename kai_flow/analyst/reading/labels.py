"""Names that a question gives to a formula of its own: "collection rate: paid amount / amount"."""

from collections.abc import Collection, Sequence
from typing import Final

from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.reading.parts import Item, Sign

LABEL_COST: Final = 0.1
"""Of a word of a name that the formula after it explains."""

LONGEST: Final = 4
"""Words of a name at most."""

REACH: Final = 9
"""Words between the start of a formula and its sign at most."""

ARITHMETIC: Final = frozenset(
    [
        *("/", "*", "-", "+", "x", "minus", "times", "divided", "multiplied", "over"),
        *("dibagi", "kali", "dikali", "dikalikan", "dikurangi"),
    ]
)
"""Words that calculate."""


EMPTY: Final = frozenset(["rate", "ratio", "that is", "equals"])
"""Signs that say nothing beside such a formula."""


def labels(
    tokens: Sequence[Token], found: Sequence[Item], known: Collection[int]
) -> dict[int, float]:
    """The places of words without a meaning right before a formula, and what they cost.

    ``known``: the places of words that may be stepped over anyway.
    """
    meant = {at for item in found for at in range(item.first, item.last)}
    things = {
        at
        for item in found
        if not (isinstance(item.part, Sign) and item.part.name in EMPTY)
        for at in range(item.first, item.last)
    }
    steps: dict[int, float] = {}
    for start in range(1, len(tokens)):
        if not _begins(tokens, start):
            continue
        label = range(max(0, start - LONGEST), start)
        unknown = [at for at in label if at not in meant and at not in known]
        if unknown:
            free = [at for at in label if at >= unknown[0] and at not in things]
            steps |= dict.fromkeys(free, LABEL_COST)
    return steps


def _begins(tokens: Sequence[Token], start: int) -> bool:
    """Whether a formula begins at a token: after a bracket, a colon or "="."""
    apart = tokens[start].start - tokens[start - 1].end > 1
    if not apart and tokens[start - 1].word != "=":
        return False
    return any(token.word in ARITHMETIC for token in tokens[start + 1 : start + REACH])
