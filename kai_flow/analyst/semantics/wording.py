"""How words are compared: identifiers in words, stems, and concepts that two languages share."""

import re
from functools import lru_cache
from itertools import islice

try:
    from kai_flow.analyst.lexicon.lexicon import concepts as _concepts
    from kai_flow.analyst.lexicon.lexicon import stem as _stem
    from kai_flow.analyst.lexicon.tokens import Token, tokenize
except ImportError:  # until the lexicon is there
    from kai_flow.analyst.words import Token, tokenize  # type: ignore[assignment]

    def _concepts(words: tuple[str, ...]) -> frozenset[str]:
        del words
        return frozenset()

    def _stem(word: str, language: None) -> str:
        del language
        return word[:-1] if word.endswith("s") and len(word) > 3 and word[-2] not in "su" else word


__all__ = [
    "LINKING",
    "Bag",
    "Token",
    "bags",
    "full_words",
    "heads",
    "joined",
    "meaning",
    "same",
    "split_name",
    "spoken",
    "stem",
    "tokenize",
]

Bag = tuple[str, ...]
"""Sorted concepts and stems: what a phrase means, whatever the language and the order of words."""

LINKING = frozenset(
    ["of", "the", "a", "an", "in", "for", "to", "dari", "yang", "di", "untuk", "pada", "ke"]
)
"""Words inside a name that say nothing."""

MAX_BAGS = 16
"""Readings of one phrase at most."""

_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\dA-Z_]+|\d+|[^\W_]")


@lru_cache(maxsize=100_000)
def split_name(name: str) -> tuple[str, ...]:
    """The lower-case words of an identifier or phrase: snake_case, camelCase, spaces."""
    words = tuple(
        part.casefold()
        for word in re.findall(r"[^\W_]+", name)
        for part in (_CAMEL.findall(word) if not word.isupper() else [word])
    )
    return words or (name.casefold(),)


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """The stem of a word in either language."""
    return _stem(word, None)


@lru_cache(maxsize=100_000)
def meaning(words: tuple[str, ...]) -> tuple[str, ...]:
    """The concepts of a phrase, sorted; a single word without any means itself."""
    found = sorted(f"*{concept}" for concept in _concepts(words))
    if found or len(words) > 1:
        return tuple(found)
    return (stem(words[0]),)


_SIMPLE = re.compile(r"[^\W\d_A-Z]+( [^\W\d_A-Z]+)*")


def spoken(text: str) -> tuple[str, ...]:
    """A text in the words that a question would have for it."""
    folded = text.casefold()
    if _SIMPLE.fullmatch(folded):
        return tuple(folded.split())
    words = tuple(token.word for token in tokenize(text) if token.word)
    return words or split_name(text)


def joined(words: tuple[str, ...]) -> str:
    """A key that is equal for all inflections and spacings: unitprice, unit prices."""
    return "".join(stem(word) for word in words)


@lru_cache(maxsize=100_000)
def bags(words: tuple[str, ...]) -> tuple[Bag, ...]:
    """What a phrase may mean: for each way to cut it into concepts, these concepts."""
    found = dict.fromkeys(tuple(sorted(parts)) for parts in islice(_cuts(words), MAX_BAGS))
    return tuple(found)


def _cuts(words: tuple[str, ...]) -> list[Bag]:
    """Every way to cut words into phrases with a meaning, the longest phrases first."""
    if not words:
        return [()]
    found: list[Bag] = []
    for length in range(min(4, len(words)), 0, -1):
        for first in meaning(words[:length]):
            for rest in _cuts(words[length:]):
                found.append((first, *rest))
                if len(found) >= MAX_BAGS:
                    return found
    return found


def same(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether two phrases mean the same thing."""
    return joined(one) == joined(other) or not set(bags(one)).isdisjoint(bags(other))


def full_words(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words with abbreviations written in full."""
    return tuple(part for word in words for part in _abbreviations().get(word, word).split())


def heads(words: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """The noun that a compound is about: the last word in English, the first in Indonesian."""
    if len(words) < 2:
        return ()
    english, indonesian = (
        sum(word in _vocabulary(each) for word in words) for each in ("en", "id")
    )
    found = []
    if english >= indonesian:
        found.append(words[-1:])
    if indonesian >= english:
        found.append(words[:1])
    return tuple(found)


@lru_cache(maxsize=1)
def _abbreviations() -> dict[str, str]:
    try:
        from kai_flow.analyst.lexicon.data import ABBREVIATIONS  # noqa: PLC0415 -- until it is there
    except ImportError:
        return {}
    return dict(ABBREVIATIONS)


@lru_cache(maxsize=2)
def _vocabulary(language: str) -> frozenset[str]:
    """Every word of a language's concepts."""
    try:
        from kai_flow.analyst.lexicon.data import CONCEPTS  # noqa: PLC0415 -- until it is there
    except ImportError:
        return frozenset()
    return frozenset(
        word for phrases in CONCEPTS[language].values() for phrase in phrases for word in phrase
    )


def abbreviates(short: tuple[str, ...], long: tuple[str, ...]) -> bool:
    """Whether a phrase is another one cut short: "cab" of "cabang", "grp" of "group"."""
    one, other = "".join(short), "".join(long)
    if len(one) < 3 or len(one) >= len(other):
        return False
    return other.startswith(one) or one == re.sub(r"[aeiou]", "", other)
