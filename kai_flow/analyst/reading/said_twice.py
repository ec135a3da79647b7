"""Prepositions repeated after "and": "for tea and for coffee" are two things by themselves."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from kai_flow.analyst.lexicon.tokens import Token

__all__ = ["said_twice"]

_AND: Final = frozenset(["and", "dan", "serta", "&"])

_PREPOSITIONS: Final = frozenset(
    [
        *("for", "in", "at", "from", "by", "on", "of", "during"),
        *("untuk", "buat", "di", "dari", "pada", "oleh", "bagi"),
    ]
)

_REACH: Final = 8
"""How many words before "and" the same preposition stands at most."""


_TOGETHER: Final = re.compile(
    r"\b(?:in total|in all|together|combined|altogether|overall|sum|jumlahkan|digabung|gabungan"
    r"|digabungkan|bersama-sama|secara total|totalnya|keseluruhan|share|shares|percent|percentage"
    r"|proportion|portion|fraction|contribution|part|persen|persentase|prosentase|proporsi|porsi"
    r"|pangsa|kontribusi|bagian)\b|%"
)
"""Words that may ask for all sides together, or of what they are a part: that is read elsewhere."""


def said_twice(tokens: Sequence[Token]) -> frozenset[int]:
    """The places of each "and" that the preposition of the side before it follows again.

    "Bali dan DI Yogyakarta" repeats none: its capitals are a part of the name.
    """
    words = [token.word for token in tokens]
    if _TOGETHER.search(" ".join(words)):
        return frozenset()
    return frozenset(
        at
        for at, (word, after) in enumerate(pairwise(words))
        if word in _AND and after in _PREPOSITIONS and after in words[max(at - _REACH, 0) : at]
        if not tokens[at + 1].text.isupper()
    )
