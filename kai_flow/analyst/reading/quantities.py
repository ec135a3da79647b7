"""The worth of so many things, which is not how many they are: "stock value"."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from kai_flow.analyst.lexicon.lexicon import concepts, fillers
from kai_flow.analyst.lexicon.tokens import Token

__all__ = ["worth_of_things"]

WORTH: Final = frozenset(["value", "worth", "nilai", "nilainya"])
THINGS: Final = frozenset(["stock", "quantity", "weight", "distance", "capacity"])
"""Concepts of how many or how much of something there is."""


BETWEEN: Final = frozenset(["of", "total", "dari", "overall"])
"""Words that may stand between the two."""


def worth_of_things(tokens: Sequence[Token]) -> frozenset[int]:
    """The places of "value" beside a quantity: it says more than the quantity does."""
    empty = fillers("en") | fillers("id") | BETWEEN
    told = [(at, token.word) for at, token in enumerate(tokens) if token.word not in empty]
    return frozenset(_worth(told))


def _worth(told: Sequence[tuple[int, str]]) -> Iterator[int]:
    for (at, word), (after, other) in pairwise(told):
        if word in WORTH and _counts(other):
            yield at
        if other in WORTH and _counts(word):
            yield after


def _counts(word: str) -> bool:
    return not concepts((word,)).isdisjoint(THINGS)
