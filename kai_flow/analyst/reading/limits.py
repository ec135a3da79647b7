"""Commas before what limits a question: "sales per city, only for members".

Such a comma lists nothing: what follows it is a filter, and no further group.
"""

from collections.abc import Sequence
from typing import Final

from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.reading.parts import Item, Sign

_ONLY: Final = Sign("only")
_JOINT: Final = Sign("and")

_OF: Final = frozenset(["for", "among", "amongst", "untuk", "bagi", "antara"])
"""Words before those that a question is about."""

_EACH: Final = frozenset(
    [
        *("each", "every", "per", "all", "different", "various", "individual", "both"),
        *("tiap", "setiap", "masing", "masing-masing", "semua", "seluruh"),
    ]
)
"""Words before what is asked for one by one."""

_ARTICLES: Final = frozenset(["the", "our", "those", "these", "para"])
_ENDS: Final = frozenset([",", ";"])
_LAST: Final = frozenset(["only", "saja", "aja"])
"""Words that limit what stands before them."""


def unlisted(signs: Sequence[Item], tokens: Sequence[Token]) -> list[Item]:
    """The signs without commas that something is listed by, where a limit follows."""
    limits = [sign for sign in signs if sign.part == _ONLY]
    return [sign for sign in signs if sign.part != _JOINT or not _limits(sign, limits, tokens)]


def _limits(joint: Item, limits: Sequence[Item], tokens: Sequence[Token]) -> bool:
    """Whether a limit follows a comma, or begins with its "and": "and only for members"."""
    words = [token.word for token in tokens]
    if any(limit.first == joint.first and limit.last > joint.last for limit in limits):
        return True
    if words[joint.first : joint.last] != [","]:
        return False
    if any(limit.first == joint.last for limit in limits):
        return True
    rest = words[joint.last :]
    ends = next((at for at, word in enumerate(rest) if word in _ENDS), len(rest))
    return _last(rest[:ends]) or _of_some(words, joint.last)


def _last(clause: Sequence[str]) -> bool:
    """Whether a clause ends with "only": "marketing cooperatives only"."""
    return len(clause) > 1 and clause[-1] in _LAST


def _of_some(words: Sequence[str], at: int) -> bool:
    """Whether those are told that a question is about: "…, for the marketing cooperatives".

    A preposition that stands before the comma as well may list: "for January, for February".
    """
    if at >= len(words) or words[at] not in _OF or words[at] in words[:at]:
        return False
    after = next((word for word in words[at + 1 :] if word not in _ARTICLES), "")
    return after not in _EACH
