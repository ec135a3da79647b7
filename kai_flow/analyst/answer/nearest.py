"""A question with something known in place of an unknown word: "patients" may be visits here."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from kai_flow.analyst.answer.naming import Names
from kai_flow.analyst.lexicon.data import Language
from kai_flow.analyst.lexicon.lexicon import concepts, stem
from kai_flow.analyst.lexicon.tokens import Token, tokenize
from kai_flow.analyst.semantics.model import Attribute, Role, SemanticModel

__all__ = ["reworded"]

MOST_UNKNOWN: Final = 2
"""Unknown words, side by side, that may be replaced: of more, too much would be guessed."""

_MONEY: Final = frozenset(
    ["amount", "revenue", "income", "cost", "expense", "price", "profit", "sale", "payment_amount"]
)
"""Concepts of money: a number of money may be meant by any of them."""


def reworded(
    question: str, unknown: Sequence[str], model: SemanticModel, language: Language
) -> Iterator[str]:
    """Questions that have something else in the place of the unknown words, the likeliest first.

    Nothing says that they mean the same, or that they can be read. None if the unknown words are
    more than MOST_UNKNOWN, or do not stand side by side.
    """
    tokens = tokenize(question)
    places = [at for at, token in enumerate(tokens) if token.text in unknown]
    if not places or len(places) > MOST_UNKNOWN or places[-1] - places[0] >= len(places):
        return
    run = tokens[places[0] : places[-1] + 1]
    before, after = question[: run[0].start], question[run[-1].end :]
    said = f" {before}{after} ".casefold()
    instead = [text for text in _instead(run, model, language) if f" {text} " not in said]
    for text in dict.fromkeys([*instead, ""]):
        yield re.sub(r"\s+", " ", f"{before}{text}{after}").replace(" ?", "?").strip()


def _instead(run: Sequence[Token], model: SemanticModel, language: Language) -> Iterator[str]:
    """What may be meant: numbers of money by a word for money, and rows where all are of a kind."""
    names = Names(model, language)
    if any(_MONEY & concepts((token.word,)) for token in run):
        yield from (names.column(each.ref) for each in model.attributes.values() if _is_money(each))
        return
    if run[-1].word.endswith(("ed", "ing")):
        return  # what somebody did, and no rows
    tables = [entity.table for entity in model.entities.values() if not entity.bridge]
    if len(tables) == 1:
        yield names.rows(tables[0], one=run[-1].word == stem(run[-1].word))


def _is_money(attribute: Attribute) -> bool:
    return attribute.role is Role.ADDITIVE and not _MONEY.isdisjoint(attribute.concepts)
