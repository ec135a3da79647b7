"""Verbs that say of rows what they are anyway: orders that were ordered, which have items."""

from collections.abc import Sequence
from typing import Final

from msgspec import structs

from kai_flow.analyst.lexicon.data import ACTIONS
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.query.filters import parts_of
from kai_flow.analyst.query.nodes import All, Filter, Query, Related, bare
from kai_flow.analyst.reading.overlaps import counts
from kai_flow.analyst.reading.reading import Reading

__all__ = ["plainest"]

VERBS: Final = frozenset().union(*(action.verbs for action in ACTIONS))


def plainest(tokens: Sequence[Token], readings: Sequence[Reading]) -> list[Reading]:
    """The readings, without those that only add that a row has the details a verb may be of."""
    return [
        each
        for each in readings
        if not any(_adds_details(each.query, other.query, tokens) for other in readings)
    ]


def _adds_details(query: Query | None, other: Query | None, tokens: Sequence[Token]) -> bool:
    if query is None or other is None:
        return False
    parts = parts_of(query.where)
    rest = [part for part in parts if not _of_verb(part, query.fact, tokens)]
    if len(rest) == len(parts):
        return False
    if query.fact != other.fact:  # the customers who ordered are the different ones of the orders
        where = rest[0] if len(rest) == 1 else All(parts=tuple(rest)) if rest else None
        return counts(other, structs.replace(query, where=where))
    if _told(rest) != _told(parts_of(other.where)):
        return False
    return bare(structs.replace(query, where=None)) == bare(structs.replace(other, where=None))


def _of_verb(part: Filter, fact: str, tokens: Sequence[Token]) -> bool:
    """Whether a verb alone asks for rows that point to those of the query."""
    return (
        isinstance(part, Related)
        and part.where is None
        and len(part.path) == 1
        and part.path[0].startswith(f"{fact}<")
        and bool(part.words)
        and all(tokens[at].word in VERBS for at in part.words)
    )


def _told(parts: Sequence[Filter]) -> frozenset[object]:
    return frozenset(map(bare, parts))
