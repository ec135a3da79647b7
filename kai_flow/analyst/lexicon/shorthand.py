"""Words as people type them on a phone, written out: "brp" is berapa, "perbulan" per bulan.

Most stand in the tables [typed] of the lexicons. Others are formed by rules, which hold only for
what is no word by itself, and only where what they lead to is one: "tglnya", "org2", "yaaa".
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from kai_flow.analyst.lexicon import data

__all__ = ["SLASHED", "written_out"]

_LONG = re.compile(r"([a-z])\1{2,}")
_DOUBLED = re.compile(r"([a-z]{2,})2(nya|ny)?")
_ENCLITIC = re.compile(r"([a-z]{2,})(?:nya|ny)")
_YEAR = re.compile(r"([a-z]+)(['’]\d\d|20\d\d)")
_SHORT_YEAR = re.compile(r"2k(\d\d)")


def _phrases(length: int) -> frozenset[str]:
    """The words in phrases of concepts that have so many words at most."""
    return frozenset(
        word
        for table in data.CONCEPTS.values()
        for phrases in table.values()
        for phrase in phrases
        if len(phrase) <= length
        for word in phrase
    )


_NOUNS = _phrases(1) - data.LIGHT
"""Words that name something by themselves."""

_WORDS = frozenset().union(
    _phrases(4),
    *data.FUNCTION_WORDS.values(),
    data.LIGHT,
    data.OTHER_WORDS,
    data.MONTHS,
    data.WEEKDAYS,
    data.ABBREVIATIONS,
    data.UNITS,
    *(table for each in (data.NUMBERS, data.ORDINALS, data.SCALES) for table in each.values()),
    *((verb for verb in action.verbs) for action in data.ACTIONS),
)
"""All words that a lexicon has: none of them is written out by a rule."""

SLASHED = tuple(sorted((word for word in data.TYPED if "/" in word), key=len, reverse=True))
"""Typed words with a slash, the longest first: "w/o", "w/"."""


@lru_cache(maxsize=20_000)
def written_out(word: str) -> tuple[str, ...] | None:
    """The words that a word in lower case stands for; None for an ordinary word."""
    if word in data.TYPED:
        return data.TYPED[word]
    if word in _WORDS:
        return None
    return next(_formed(word), None)


def _formed(word: str) -> Iterator[tuple[str, ...]]:
    """What rules make of a word that no lexicon has, the first the likeliest."""
    for letters in (r"\1", r"\1\1"):
        short = _LONG.sub(letters, word)  # yaaa, pleaseee, coolll
        if short != word and (short in _WORDS or short in data.TYPED):
            yield data.TYPED.get(short, (short,))
    doubled = _DOUBLED.fullmatch(word)
    if doubled and (base := _base(doubled[1])):  # org2, brg2nya
        yield base
    enclitic = _ENCLITIC.fullmatch(word)
    if enclitic and (base := _base(enclitic[1])):  # tglnya, hargany
        yield (*base[:-1], base[-1] + "nya")
    if word.startswith("per") and word.removeprefix("per") in _NOUNS:
        yield "per", word.removeprefix("per")
    if (
        len(word) > 5
        and word.endswith("in")
        and (formal := word.removesuffix("in") + "kan") in _WORDS
    ):
        yield (formal,)  # urutin, bandingin
    year = _YEAR.fullmatch(word)
    if year and year[1] in data.MONTHS:  # maret'24, mar2024
        yield year[1], year[2]
    thousand = _SHORT_YEAR.fullmatch(word)
    if thousand:  # 2k24
        yield (f"20{thousand[1]}",)


def _base(word: str) -> tuple[str, ...] | None:
    """A word that has an ending, written out if it is cut short; None if it is none."""
    if word in data.TYPED:
        return data.TYPED[word]
    if word in data.ABBREVIATIONS:
        return tuple(data.ABBREVIATIONS[word].split())
    return (word,) if word in _WORDS and len(word) > 2 else None
