"""Replaces taught words of a question by the phrases that they stand for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kai_flow.analyst.lexicon.lexicon import known
from kai_flow.analyst.lexicon.tokens import tokenize
from kai_flow.analyst.semantics.index import Index
from kai_flow.connections.knowledge import Knowledge, Term

__all__ = ["MAX_PHRASE_WORDS", "Rephrased", "rephrased", "skilled"]

MAX_PHRASE_WORDS: Final = 15
"""A longer meaning is prose, and does not replace a term."""

_QUOTED: Final = r"\"[^\"]+\"|“[^”]+”|'[^']{2,}'"  # taken literally: terms inside are not replaced
_OWN_NAME: Final = 0.9  # a term that is a name in the database is not replaced


@dataclass(frozen=True)
class Rephrased:
    """A question as it is to be read."""

    question: str
    replaced: tuple[Term, ...] = ()
    """The terms that were replaced by what they mean, in the order of the question."""


def skilled(question: str, knowledge: Knowledge) -> str:
    """The question that a skill holds, if the question is the skill's name alone."""
    asked = question.strip().removeprefix("/").rstrip(".?! ").casefold()
    for skill in knowledge.skills:
        if skill.name.casefold() == asked:
            return skill.content
    return question


def rephrased(question: str, phrases: Sequence[Term], index: Index) -> Rephrased:
    """The question with each taught phrase in the place of its term, the longest terms first.

    A meaning of which a word is unknown is prose, and replaces nothing.
    """
    folded = question.casefold()
    meanings = {
        term.term.casefold(): term
        for term in phrases
        if term.term.casefold() in folded
        and not _is_name(term.term, index)
        and _says_something(term.meaning, index)
    }
    if not meanings:
        return Rephrased(question)
    words = "|".join(re.escape(word) for word in sorted(meanings, key=len, reverse=True))
    replaced: list[Term] = []

    def meaning(found: re.Match[str]) -> str:
        term = meanings.get(found[0].casefold())
        if term is None:
            return found[0]
        replaced.append(term)
        return term.meaning

    text = re.sub(rf"{_QUOTED}|(?<!\w)(?:{words})(?!\w)", meaning, question, flags=re.IGNORECASE)
    return Rephrased(text, tuple(dict.fromkeys(replaced)))


def _is_name(term: str, index: Index) -> bool:
    """Whether a term is a name of something in the database anyway."""
    tokens = tokenize(term)
    return any(
        mention.first == 0 and mention.last == len(tokens) and mention.score >= _OWN_NAME
        for mention in index.mentions(tokens)
    )


def _says_something(meaning: str, index: Index) -> bool:
    """Whether a phrase names something here, and every word of it is known."""
    tokens = tokenize(meaning)
    if len(tokens) > MAX_PHRASE_WORDS:
        return False
    named = {
        at
        for mention in index.mentions(tokens)
        if mention.how != "spelling"
        for at in range(mention.first, mention.last)
    }
    return bool(named) and all(
        at in named or token.number is not None or not token.word.isalpha() or known(token.word)
        for at, token in enumerate(tokens)
    )
