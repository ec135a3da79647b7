"""Examples in brackets, which limit nothing: "each customer group (Gold, Silver and so on)"."""

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


def without_examples(
    question: str, tokens: Sequence[Token]
) -> tuple[tuple[Token, ...], tuple[str, ...]]:
    """The tokens that are in no brackets with examples, and these examples as written.

    All tokens if none is left.
    """
    found = [
        each
        for each in _BRACKETS.finditer(question)
        if _FIRST.match(each[1]) or _MORE.search(each[1])
    ]
    rest = tuple(
        token
        for token in tokens
        if not any(each.start() <= token.start < each.end() for each in found)
    )
    return (rest, tuple(each[1] for each in found)) if rest else (tuple(tokens), ())
