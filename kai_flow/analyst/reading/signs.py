"""Phrases of the kinds of questions in a question, in both languages."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import Final

from msgspec.structs import replace

from kai_flow.analyst.kinds.registry import KINDS
from kai_flow.analyst.lexicon.lexicon import Language
from kai_flow.analyst.lexicon.spelling import Spelling
from kai_flow.analyst.lexicon.tokens import Token, tokenize
from kai_flow.analyst.reading.parts import Item, Sign, leaf

OTHER_LANGUAGE_COST: Final = 0.1
"""Of a phrase in the other language: people mix them, but a word of their own comes first."""

MISSPELT_COST: Final = 0.2
"""Of a phrase with a misspelt word."""

SHOW: Final = Sign("show")
"""The sign of a request for a list."""

RELATIVE: Final = frozenset(["yang", "yg", "who", "that"])
"""Words before what rows do: "pelanggan yang daftar" are those who registered."""

ARTICLES: Final = frozenset(["a", "an", "the", "any", "no", "one", "each", "every", "per"])
"""Words before a noun: whoever "made a return" asks for no list."""

LANGUAGES: Final[tuple[Language, Language]] = ("en", "id")

Phrases = Mapping[str, Sequence[tuple[tuple[str, ...], str]]]


@cache
def _as_tokens(word: str) -> tuple[str, ...]:
    """A word of a phrase as a question has it; phrases have most of their words in common."""
    return tuple(token.word for token in tokenize(word))


def _phrases_of(language: Language) -> Phrases:
    """(words, sign) of all kinds, by the first word."""
    found: defaultdict[str, list[tuple[tuple[str, ...], str]]] = defaultdict(list)
    for kind in KINDS:
        for sign, phrases in (kind.english if language == "en" else kind.indonesian).items():
            if sign == "glue":
                continue
            for phrase in phrases:
                words = tuple([each for word in phrase.split() for each in _as_tokens(word)])
                found[words[0]].append((words, sign))
    return found


_PHRASES: Final[Mapping[Language, Phrases]] = {each: _phrases_of(each) for each in LANGUAGES}
"""Of both languages; made when a process starts, as it takes longer than to read a question."""

_SPELLING: Final = Spelling(
    word
    for phrases in _PHRASES.values()
    for first in phrases.values()
    for words, _ in first
    for word in words
)
"""The words of all phrases, for those who misspell them."""


def signs_in(tokens: Sequence[Token], language: Language) -> Iterator[Item]:
    """The phrases of kinds, in both languages."""
    words = [token.word for token in tokens]
    yield from signs_of(words, language)
    for at, better in _SPELLING.corrected(words):
        for item in signs_of([*words[:at], better, *words[at + 1 :]], language):
            if item.first <= at < item.last:
                yield replace(item, cost=item.cost + MISSPELT_COST)


def signs_of(words: Sequence[str], language: Language = "en") -> Iterator[Item]:
    """The phrases as they are written. "What is" asks for a value, and for no thing by name."""
    found = _every_sign(tuple(words), language)
    values = {item.first for item in found if item.part == Sign("value") and _several(item)}
    for item in found:
        if item.part != Sign("which") or item.first not in values or _several(item):
            yield item


def _several(item: Item) -> bool:
    """Whether it has several words."""
    return item.last - item.first > 1


@lru_cache(maxsize=16)
def _every_sign(words: tuple[str, ...], language: Language) -> Sequence[Item]:
    """The same with each "what is"; several who read a question look for its signs."""
    return [
        leaf(at, at + len(phrase), Sign(sign), 0.0 if spoken == language else OTHER_LANGUAGE_COST)
        for spoken in LANGUAGES
        for at, word in enumerate(words)
        for phrase, sign in _PHRASES[spoken].get(word, ())
        if words[at : at + len(phrase)] == phrase
    ]


def no_request(item: Item, tokens: Sequence[Token]) -> bool:
    """Whether a word that may ask for a list says something else: "yang daftar", "sorted by"."""
    if item.part != SHOW:
        return False
    before = tokens[item.first - 1].word if item.first else ""
    ordered = tokens[item.last - 1].word == "sorted"
    after = tokens[item.last].word if item.last < len(tokens) else ""
    return before in RELATIVE | ARTICLES or (ordered and after in {"by", "from"})
