"""Semesters, which are halves of a year unless a column says of which one a row is."""

from collections.abc import Sequence
from typing import Final

from kai_flow.analyst.lexicon.periods import PeriodSpan
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.semantics.index import Index

__all__ = ["of_the_year"]

SEMESTERS: Final = frozenset(["semester", "smt", "sem"])
"""Words for halves of a year, which schools count otherwise."""


def of_the_year(
    dated: Sequence[PeriodSpan], tokens: Sequence[Token], index: Index
) -> Sequence[PeriodSpan]:
    """The periods, without semesters where a column is called so: these are no halves of a year."""
    said = {at for at, token in enumerate(tokens) if token.word in SEMESTERS}
    if not said or not any(
        not SEMESTERS.isdisjoint(name.words)
        for attribute in index.model.attributes.values()
        for name in attribute.names
    ):
        return dated
    return [span for span in dated if said.isdisjoint(range(span.first, span.last))]
