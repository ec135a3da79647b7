"""One number of what is said before it: "of the active products, what is the lowest price?".

Where rows stand before a superlative, it could rank them. Said so, the question asks for the
number: it is read as "what is the lowest price of the active products".
"""

import re
from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from kai_flow.analyst.lexicon.lexicon import Language
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.query.nodes import Aggregate, Field, Function, Query

__all__ = ["of_these", "one_extreme", "one_row"]

_OPENINGS: Final[dict[Language, tuple[tuple[str, ...], ...]]] = {
    "en": (("out", "of"), ("of",), ("for",), ("among",), ("amongst",), ("from",), ("in",)),
    "id": (("di", "antara"), ("dari", "antara"), ("dari",), ("untuk",), ("antara",), ("buat",)),
}
"""Words before the rows that a question is about."""

_HAVE: Final = "(?: (?:that )?(?:we|you|they) (?:have|have got|offer|charge))?"
_ASKED: Final = re.compile(
    r"(?:so )?(?:what|which|tell me|give me|show me) (?:is |was |are )?the "
    r"(?:single )?(?:highest|lowest|maximum|minimum|max|min|smallest) "
    rf"(?!(?:\d|\w+ (?:in|per|by|for|each|of)\b))\w+(?: \w+)?{_HAVE}"
    r"|(?:berapa(?:kah)?|apa) (?:sih )?(?:\w+ ){1,3}"
    r"(?:yang )?(?:tertinggi|terendah|paling tinggi|paling rendah|termurah|termahal)(?:nya)?"
    r"|(?:\w+ ){1,3}(?:yang )?(?:tertinggi|terendah|paling tinggi|paling rendah)(?:nya)?"
    r"(?: itu)? (?:berapa|berapakah)(?: sih)?"
)
"""Questions for one number, the greatest or least of some."""

_THINGS: Final = frozenset(["mana", "siapa", "apa", "per", "tiap", "setiap", "dan", "and", "who"])
"""Words that ask for something else as well."""

_SEVERAL: Final = frozenset(
    [
        *("each", "every", "either", "both", "and", "or", "per", "tiap", "setiap", "masing-masing"),
        *("dan", "atau", "serta", "kedua", "dua", "two", "these", "those"),
    ]
)
"""Words of rows that ask for a number of each."""


_OF: Final[dict[Language, str]] = {"en": "of", "id": "dari"}
_HOW_MUCH: Final = frozenset(["berapa", "berapakah", "sih"])


def of_these(tokens: Sequence[Token], language: Language) -> tuple[Token, ...] | None:
    """The question with its rows after the number that it asks for; None if it asks for none."""
    opening = next(
        (
            words
            for words in _OPENINGS.get(language, ())
            if tuple(token.word for token in tokens[: len(words)]) == words
        ),
        None,
    )
    if opening is None:
        return None
    commas = [at for at, token in enumerate(tokens) if token.word == ","]
    if not commas or commas[-1] <= len(opening):
        return None
    comma = commas[-1]
    asked = tokens[comma + 1 :]
    words = [token.word or '"' for token in asked]
    if not _ASKED.fullmatch(" ".join(words)) or _THINGS & set(words[1:]):
        return None
    if any(token.word in _SEVERAL for token in tokens[:comma]):
        return None
    of = replace(tokens[0], word=_OF[language])
    rows = tokens[len(opening) : comma]
    if language == "en":
        return (*asked, of, *rows)
    number = [token for token in asked if token.word not in _HOW_MUCH]
    how_much = [token for token in asked if token.word in _HOW_MUCH]
    return (*number, of, *rows, *how_much)


def one_row(query: Query) -> bool:
    """Whether a query has one row at most: neither a number of each, nor a list."""
    return not query.groups and (query.limit == 1 or not query.columns)


def one_extreme(query: Query) -> bool:
    """Whether a query asks for the greatest or least value of a column of its own rows."""
    return (
        not query.groups
        and len(query.measures) == 1
        and isinstance(measure := query.measures[0], Aggregate)
        and measure.function in {Function.MAXIMUM, Function.MINIMUM}
        and isinstance(measure.of, Field)
        and not measure.of.path
    )
