"""Which of the two languages a name is in, and what it is called in the other one."""

from functools import lru_cache
from typing import Final

from kai_flow.analyst.answer.nouns import plural
from kai_flow.analyst.lexicon.data import CONCEPTS, FUNCTION_WORDS, LANGUAGES
from kai_flow.analyst.lexicon.lexicon import Language, concepts, stem

__all__ = ["language_of", "translated"]

_WORDS: Final[dict[Language, frozenset[str]]] = {
    language: FUNCTION_WORDS[language].union(
        *(phrase for phrases in CONCEPTS[language].values() for phrase in phrases)
    )
    for language in LANGUAGES
}
_COUNTS: Final = frozenset({"jumlah", "banyaknya"})
"""Before a noun: how many of it there are."""


@lru_cache(maxsize=20_000)
def language_of(phrase: str) -> Language | None:
    """The language of most words that only one of them has; None when they do not tell."""
    words = phrase.split()
    english, indonesian = (
        sum(word in _WORDS[each] or stem(word, each) in _WORDS[each] for word in words)
        for each in ("en", "id")
    )
    if english == indonesian:
        return None
    return "en" if english > indonesian else "id"


@lru_cache(maxsize=20_000)
def translated(phrase: str, language: Language) -> str:
    """What a name of one or two concepts is called in this language; empty when that is not plain.

    Indonesian puts the noun first that English puts last: "nama pelanggan", "customer name".
    """
    words = tuple(phrase.split())
    spoken = language_of(phrase)
    if spoken == language or (spoken is None and language == "en"):  # "city" is both, "kota" is not
        return ""
    whole = _called(words, language)
    if whole or len(words) < 2:
        return whole
    if words[0] in _COUNTS and language == "en":
        counted = _called(words[1:], language)
        return f"number of {plural(counted)}" if counted else ""
    for cut in range(1, len(words)):
        first, second = _called(words[:cut], language), _called(words[cut:], language)
        if first and second:
            return f"{second} {first}"
    return ""


def _called(words: tuple[str, ...], language: Language) -> str:
    """The usual name of a concept; empty for words that express none, or several."""
    meant = concepts(words)
    if len(meant) > 1:  # a word that is the usual name of just one of them means that one
        one = tuple(stem(word, "en") for word in words)
        usual = {e for e in meant if any(_usual(e, t) in {words, one} for t in LANGUAGES)}
        meant = frozenset(usual)
    return " ".join(_usual(next(iter(meant)), language)) if len(meant) == 1 else ""


def _usual(concept: str, language: Language) -> tuple[str, ...]:
    phrases = CONCEPTS[language].get(concept)
    return phrases[0] if phrases else ()
