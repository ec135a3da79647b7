"""Codes in a question, as they are written: SO-2024-00700, KRM000012."""

from collections.abc import Iterator, Sequence
from typing import Final

from kai_flow.analyst.lexicon.data import CALENDAR
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.reading.parts import Item, Text, leaf

CODE_COST: Final = 0.3
"""Of a code that no value is: what its words mean by themselves comes first."""

DIGITS: Final = 3
"""Digits that a code has at least."""


def codes_in(tokens: Sequence[Token]) -> Iterator[Item]:
    """The longest runs of words without spaces that have letters and digits."""
    at = 0
    while at < len(tokens):
        end = at + 1
        while end < len(tokens) and _joined(tokens[end - 1], tokens[end]):
            end += 1
        run = tokens[at:end]
        if _is_code(run):
            yield leaf(at, end, Text(_text(run), code=True), CODE_COST)
        at = end


def _joined(left: Token, right: Token) -> bool:
    """Whether only a hyphen, or nothing, stands between two tokens."""
    if left.quoted or right.quoted or "," in (left.word, right.word):
        return False
    return right.tied or right.start == left.end


def _is_code(run: Sequence[Token]) -> bool:
    text = "".join(token.text for token in run)
    letters = [token.text for token in run if any(c.isalpha() for c in token.text)]
    plain = all(CALENDAR.fullmatch(token.word) or token.word == "-" for token in run)
    return bool(letters) and not plain and sum(c.isdigit() for c in text) >= DIGITS


def _text(run: Sequence[Token]) -> str:
    """The code as it is written."""
    return "".join(("-" if token.tied else "") + token.text for token in run)
