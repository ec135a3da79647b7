"""How words are compared: identifiers in words, stems, and concepts that two languages share."""

import re
from functools import lru_cache
from typing import Final

from kai_flow.analyst.lexicon import lexicon
from kai_flow.analyst.lexicon.data import CONCEPTS, Language
from kai_flow.analyst.lexicon.tokens import tokenize

__all__ = [
    "LINKING",
    "Bag",
    "abbreviates",
    "bags",
    "full_words",
    "heads",
    "joined",
    "same",
    "split_name",
    "spoken",
]

Bag = tuple[str, ...]
"""Sorted concepts and stems: what a phrase means, whatever the language and the order of words."""

LINKING = frozenset(
    ["of", "the", "a", "an", "in", "for", "from", "to", "dari", "yang", "untuk", "pada"]
)
"""Words inside a name that say nothing."""

MAX_BAGS = 8
"""Readings of one phrase at most."""

_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\dA-Z_]+|\d+|[^\W_]")
_SNAKE = re.compile(r"[a-z]+(?:_[a-z]+)*")
_SIMPLE = re.compile(r"(?:[^\W\d_]+|\d+)(?: (?:[^\W\d_]+|\d+))*")


@lru_cache(maxsize=50_000)
def split_name(name: str) -> tuple[str, ...]:
    """The lower-case words of an identifier or phrase: snake_case, camelCase, spaces."""
    words = tuple(
        part.casefold()
        for word in re.findall(r"[^\W_]+", name)
        for part in (_CAMEL.findall(word) if not word.isupper() else [word])
    )
    return words or (name.casefold(),)


def spoken(text: str) -> tuple[str, ...]:
    """A text in the words that a question would have for it."""
    if _SNAKE.fullmatch(text):
        return tuple(text.split("_"))
    folded = text.casefold()
    if _SIMPLE.fullmatch(folded):
        return tuple(folded.split())
    words = tuple(token.word for token in tokenize(text) if token.word)
    return words or split_name(text)


def joined(words: tuple[str, ...]) -> str:
    """A key that is equal for all inflections and spacings: unitprice, unit prices."""
    return "".join(map(lexicon.stem, words))


@lru_cache(maxsize=50_000)
def bags(words: tuple[str, ...]) -> tuple[Bag, ...]:
    """What a phrase may mean."""
    return tuple(sorted(lexicon.meanings(words)))[:MAX_BAGS]


def same(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether two phrases mean the same thing."""
    return joined(one) == joined(other) or not set(bags(one)).isdisjoint(bags(other))


TIMES: Final = {
    **dict.fromkeys(("min", "mnt"), "minutes"),
    **dict.fromkeys(("sec", "secs", "dtk"), "seconds"),
    "hrs": "hours",
}
"""Short forms of units of time, where a name speaks of a duration."""

LASTING: Final = frozenset(
    [
        *("duration", "wait", "waiting", "length", "delay", "runtime", "downtime", "time", "late"),
        *("response", "reply", "travel", "processing", "prep", "cooking", "setup", "cycle"),
        *("durasi", "lama", "waktu", "tunggu", "telat", "terlambat", "keterlambatan", "tempuh"),
    ]
)
"""Words of such names."""


@lru_cache(maxsize=50_000)
def full_words(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words with abbreviations written in full; "min" ends a duration in minutes."""
    unit = TIMES.get(words[-1]) if words and not LASTING.isdisjoint(words[:-1]) else None
    if unit:
        return (*full_words(words[:-1]), unit)
    return tuple(part for word in words for part in lexicon.expand(word)) or words


def heads(words: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """The noun that a compound is about: the last word in English, the first in Indonesian.

    Where the words do not tell the language, either.
    """
    if len(words) < 2:
        return ()
    english, indonesian = (sum(word in _WORDS[each] for word in words) for each in ("en", "id"))
    last = (words[-1:],) if english >= indonesian else ()
    first = (words[:1],) if indonesian >= english else ()
    return last + first


def abbreviates(short: tuple[str, ...], long: tuple[str, ...]) -> bool:
    """Whether a phrase is another one cut short: "cab" of "cabang", "grp" of "group"."""
    one, other = "".join(short), "".join(long)
    if len(one) < 3 or len(one) >= len(other):
        return False
    return other.startswith(one) or one == re.sub(r"[aeiou]", "", other)


def _words_of(language: Language) -> frozenset[str]:
    """Every word in the phrases of a language's concepts."""
    return frozenset(
        word for phrases in CONCEPTS[language].values() for phrase in phrases for word in phrase
    )


_WORDS: dict[str, frozenset[str]] = {"en": _words_of("en"), "id": _words_of("id")}
