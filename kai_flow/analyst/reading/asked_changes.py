"""Where a question asks how something changed, and does not ask to change anything."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from kai_flow.analyst.lexicon.tokens import Token

__all__ = ["asked_change"]

CHANGING: Final = frozenset(["change", "changed", "changing"])
ASKED: Final = frozenset(
    [
        *(("how", "did"), ("how", "does"), ("how", "do"), ("how", "has"), ("how", "have")),
        *(("how", "much"), ("how", "is"), ("how", "was")),
    ]
)
"""What a question begins with that asks how something went."""


def asked_change(tokens: Sequence[Token]) -> frozenset[int]:
    """The places of words for a change after "how did", which is growth: up or down."""
    words = [token.word for token in tokens]
    begun = next((at for at, pair in enumerate(pairwise(words)) if pair in ASKED), None)
    if begun is None:
        return frozenset()
    return frozenset(at for at, word in enumerate(words) if word in CHANGING and at > begun)
