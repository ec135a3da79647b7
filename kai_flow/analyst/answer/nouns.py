"""Singular and plural of English nouns; the last word of a phrase carries the number."""

from collections.abc import Callable
from typing import Final

__all__ = ["plural", "singular"]

_IRREGULAR: Final = {
    "person": "people",
    "man": "men",
    "woman": "women",
    "child": "children",
    "salesman": "salesmen",
    "salesperson": "salespeople",
    "fisherman": "fishermen",
    "midwife": "midwives",
    "alumnus": "alumni",
    "criterion": "criteria",
    "analysis": "analyses",
    "diagnosis": "diagnoses",
    "index": "indices",
    "shelf": "shelves",
    "half": "halves",
}
_PLURALS: Final = {many: one for one, many in _IRREGULAR.items()}
_SAME: Final = frozenset(
    {
        *("sheep", "series", "species", "staff", "equipment", "inventory", "stock", "information"),
        *("news", "data", "personnel", "goods", "arrears", "earnings", "premises"),
    }
)
"""Words with one form for both, or without a number."""


def plural(phrase: str) -> str:
    """The plural of a noun phrase; one that is a plural already stays as it is."""
    return _last(phrase, _plural)


def singular(phrase: str) -> str:
    """The singular of a noun phrase; one that is a singular already stays as it is."""
    return _last(phrase, _singular)


def _last(phrase: str, change: Callable[[str], str]) -> str:
    head, space, word = phrase.rpartition(" ")
    return f"{head}{space}{change(word)}"


def _plural(word: str) -> str:
    low = word.lower()
    if low in _SAME or low in _PLURALS or _singular(word) != word:
        return word
    if low in _IRREGULAR:
        return _IRREGULAR[low]
    if low.endswith("y") and low[-2:-1] not in set("aeiou"):
        return word[:-1] + "ies"
    return word + ("es" if low.endswith(("s", "x", "ch", "sh", "z")) else "s")


def _singular(word: str) -> str:
    low = word.lower()
    if low in _SAME or low in _IRREGULAR:
        return word
    if low in _PLURALS:
        return _PLURALS[low]
    if low.endswith("ies") and len(low) > 4:
        return word[:-3] + "y"
    if low.endswith(("sses", "xes", "ches", "shes", "tuses", "nuses", "buses", "puses", "ruses")):
        return word[:-2]
    if low.endswith("s") and not low.endswith(("ss", "us", "is")) and len(low) > 3:
        return word[:-1]
    return word
