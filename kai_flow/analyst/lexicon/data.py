"""The two lexicons as plain values, read once from ``id.toml`` and ``en.toml``."""

import re
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal, TypeAlias

__all__ = [
    "ABBREVIATIONS",
    "ACTIONS",
    "CALENDAR",
    "CONCEPTS",
    "FILLERS",
    "FOREIGN",
    "FUNCTION_WORDS",
    "LANGUAGES",
    "LEXICONS",
    "LIGHT",
    "MONTHS",
    "NUMBERS",
    "ORDINALS",
    "ORDINAL_ENDINGS",
    "OTHER_WORDS",
    "SAYINGS",
    "SCALES",
    "SIZES",
    "SUPERIORS",
    "TYPED",
    "UNITS",
    "WEEKDAYS",
    "Action",
    "Language",
]

Language: TypeAlias = Literal["id", "en"]
LANGUAGES: tuple[Language, ...] = ("id", "en")


def _read(language: Language) -> dict[str, Any]:
    """One lexicon."""
    file = files("kai_flow.analyst.lexicon").joinpath(f"{language}.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))


LEXICONS = {language: _read(language) for language in LANGUAGES}


def _indexed(table: str) -> dict[str, int]:
    """Every word of a table of lists, with the number that its key is."""
    return {
        word: int(number)
        for lexicon in LEXICONS.values()
        for number, words in lexicon[table].items()
        for word in words
    }


MONTHS = _indexed("months")
"""1 to 12 by name, in both languages and abbreviated."""
WEEKDAYS = _indexed("weekdays")
"""1 (Monday) to 7 by name."""
NUMBERS: dict[Language, dict[str, int]] = {
    language: {w: int(n) for n, words in LEXICONS[language]["numbers"].items() for w in words}
    for language in LANGUAGES
}
"""Words for numbers that are no scale."""
ORDINALS: dict[Language, dict[str, int]] = {
    language: {w: int(n) for n, words in LEXICONS[language]["ordinals"].items() for w in words}
    for language in LANGUAGES
}
"""First, second …"""
_SCALES: dict[Language, dict[str, float]] = {
    language: {
        word: float(value)
        for value, words in LEXICONS[language]["scales"].items()
        for word in words
    }
    for language in LANGUAGES
}
SCALES: dict[Language, dict[str, float]] = {
    "id": {**_SCALES["en"], **_SCALES["id"]},
    "en": {**_SCALES["id"], **_SCALES["en"]},
}
"""What a number before it is multiplied by. "5 M" is five miliar in Indonesian, and five million
in English; other scales of the other language are read too.
"""
UNITS: dict[str, str] = {
    word: unit
    for lexicon in LEXICONS.values()
    for unit, words in lexicon["units"].items()
    for word in words
}
"""Units by their names: ``rupiah`` → ``Rp``."""
FOREIGN: dict[str, str] = tomllib.loads(
    files("kai_flow.analyst.lexicon").joinpath("foreign.toml").read_text(encoding="utf-8")
)["words"]
"""Small words of other languages."""
ORDINAL_ENDINGS = frozenset({"st", "nd", "rd", "th"})
FILLERS: dict[Language, frozenset[str]] = {
    language: frozenset(LEXICONS[language]["fillers"]["words"].split()) for language in LANGUAGES
}
"""Words that never carry meaning for a query."""
LIGHT = frozenset(word for each in LEXICONS.values() for word in each["light"]["words"].split())
"""Verbs and the like that say nothing beside their noun, in both languages."""
FUNCTION_WORDS: dict[Language, frozenset[str]] = {
    language: FILLERS[language] | frozenset(LEXICONS[language]["function"]["words"].split())
    for language in LANGUAGES
}
"""Words that only one of the two languages uses, and often: they tell the languages apart."""
OTHER_WORDS = frozenset(
    word for lexicon in LEXICONS.values() for word in lexicon["other"]["words"].split()
)
"""Ordinary words that are no names here, and no misspellings either."""
ABBREVIATIONS: dict[str, str] = {
    short: word for lexicon in LEXICONS.values() for short, word in lexicon["abbreviations"].items()
}
TYPED: dict[str, tuple[str, ...]] = {
    typed: tuple(words.split())
    for lexicon in LEXICONS.values()
    for typed, words in lexicon["typed"].items()
}
"""Small words as people type them, and what they stand for: ``brp`` is ``berapa``."""
SAYINGS: dict[str, tuple[str, ...]] = {
    saying: tuple(plain.split())
    for lexicon in LEXICONS.values()
    for plain, sayings in lexicon["sayings"].items()
    for saying in sayings
}
"""Several words that mean what other words say plainly: ``sent back`` is ``returned``. Those that
mean nothing have none.
"""
SIZES: dict[str, tuple[str, ...]] = {
    word: tuple(
        concept
        for each in LEXICONS.values()
        for concept, words in each["sizes"].items()
        if word in words
    )
    for lexicon in LEXICONS.values()
    for listed in lexicon["sizes"].values()
    for word in listed
}
"""Adjectives that ask for a size after "how", with the concepts of the sizes."""
SUPERIORS: dict[str, tuple[str, ...]] = {
    part: tuple(phrase for each in LEXICONS.values() for phrase in each["superiors"][part])
    for part in ("above", "include", "ones", "alone")
}
"""Phrases for whom somebody reports to, and for those who report to nobody, by their parts."""
CONCEPTS: dict[Language, dict[str, tuple[tuple[str, ...], ...]]] = {
    language: {
        concept: tuple(tuple(phrase.split()) for phrase in phrases)
        for concept, phrases in LEXICONS[language]["concepts"].items()
    }
    for language in LANGUAGES
}
"""Phrases, as words, by the concept that they express."""
CALENDAR = re.compile(rf"\d+|[qhs][1-4]|{'|'.join(map(re.escape, [*MONTHS, *WEEKDAYS]))}")
"""A word between which and another such word a hyphen means "to"."""


@dataclass(frozen=True)
class Action:
    """Something that people do, by all words for it in both languages."""

    name: str
    verbs: frozenset[str]
    nouns: frozenset[str]
    number: bool = False
    """Whether it is about a number: priced, weighs."""


ACTIONS: tuple[Action, ...] = tuple(
    Action(
        name,
        frozenset(entry["verbs"].split()),
        frozenset(entry["nouns"].split()),
        bool(entry.get("number")),
    )
    for name, entry in tomllib.loads(
        files("kai_flow.analyst.lexicon").joinpath("actions.toml").read_text(encoding="utf-8")
    ).items()
)
"""All of ``actions.toml``."""
