"""Brackets that limit nothing: "each group (Gold, Silver and so on)", "(2024 minus 2023)"."""

import re
from collections.abc import Sequence
from typing import Final

from kai_flow.analyst.lexicon.tokens import Token

__all__ = ["without_examples"]

_BRACKETS: Final = re.compile(r"\(([^()]*)\)")
_FIRST: Final = re.compile(
    r"\s*(?:e\.? ?g\b|for example|for instance|examples?:|mis(?:al(?:nya|kan)?)?\b"
    r"|contoh(?:nya)?\b)",
    re.IGNORECASE,
)
"""What examples begin with."""

_MORE: Final = re.compile(
    r"(?:\b(?:and so on|and so forth|and the like|and others|and more|etc|dsb|dll|dst"
    r"|dan (?:sebagainya|seterusnya|lain[- ]lain|lainnya))\.?|\.\.\.|…)\s*$",
    re.IGNORECASE,
)
"""What says that there are more of them."""

_DIFFERENCE: Final = re.compile(r"\b(?:difference|gap|selisih|perbedaan|beda|more|higher)\w*\b")

_MINUS: Final = re.compile(
    r"\s*(.+?)\s+(?:minus|less|dikurangi|dikurang|-|−)\s+(.+?)\s*$", re.IGNORECASE
)
"""A difference that says again which side is taken from which."""


def _said_before(question: str, bracket: re.Match[str]) -> bool:
    """Whether brackets have the two sides of a difference in the order in which they stand before.

    "The difference between 2024 and 2023 (2024 minus 2023)"; the other way round is another one.
    """
    sides = _MINUS.match(bracket[1])
    before = question[: bracket.start()].casefold()
    if sides is None or not _DIFFERENCE.search(before):
        return False
    places = [before.rfind(side.casefold()) for side in sides.groups()]
    return 0 <= places[0] < places[1]


def without_examples(
    question: str, tokens: Sequence[Token]
) -> tuple[tuple[Token, ...], tuple[str, ...]]:
    """The tokens that are in no brackets with examples, and these examples as written.

    All tokens if none is left.
    """
    found = [
        each
        for each in _BRACKETS.finditer(question)
        if _FIRST.match(each[1]) or _MORE.search(each[1]) or _said_before(question, each)
    ]
    rest = tuple(
        token
        for token in tokens
        if not any(each.start() <= token.start < each.end() for each in found)
    )
    return (rest, tuple(each[1] for each in found)) if rest else (tuple(tokens), ())
