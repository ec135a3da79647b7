"""What a relative clause says something of: the noun right before it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.reading.cover import Cover
from kai_flow.analyst.reading.parts import Amount, Column, Having, Item, Rows, Which

RELATIVES: Final = frozenset(["yang", "yg", "whose", "who", "that", "which"])
"""Words that begin a relative clause."""


_NOUNS: Final = (Rows, Column, Which, Amount)


def clauses_in(tokens: Sequence[Token]) -> frozenset[int]:
    """Where relative clauses begin."""
    return frozenset(at for at, token in enumerate(tokens) if at and token.word in RELATIVES)


def of_another(found: Sequence[Cover], tokens: Sequence[Token]) -> list[Cover]:
    """The covers that tell groups by a number that a clause says of single rows of theirs.

    "Provinces with cooperatives whose assets are above 1 billion" need not have as much in all.
    """
    clauses = clauses_in(tokens)
    if not clauses:
        return []
    heads = _heads(found, clauses)
    return [
        each for each in found if any(_astray(item, each, tokens, heads) for item in each.items)
    ]


def _heads(found: Sequence[Cover], clauses: Collection[int]) -> dict[int, int]:
    """Where the noun begins that stands right before each clause."""
    heads: dict[int, int] = {}
    for cover in found:
        for item in cover.items:
            whole = len(item.words) == item.last - item.first and not item.aside
            if item.last in clauses and whole and isinstance(item.part, Rows | Column):
                heads[item.last] = min(item.first, heads.get(item.last, item.first))
    return heads


def _astray(item: Item, cover: Cover, tokens: Sequence[Token], heads: Mapping[int, int]) -> bool:
    if not isinstance(item.part, Having) or item.part.amount.function is not None:
        return False
    said = [at for at in range(item.first, item.last) if at in item.words]
    ends = [at for at in range(1, item.last) if tokens[at].word in RELATIVES]
    last = max((at for at in ends if at < said[-1]), default=0)
    if last not in heads or any(tokens[at].word not in RELATIVES for at in _gap(last, said)):
        return False
    nouns = (each.first for each in cover.items if isinstance(each.part, _NOUNS))
    return min(nouns, default=heads[last]) < heads[last]


def _gap(clause: int, said: Sequence[int]) -> range:
    """The words from the beginning of a clause to the number that it says something of."""
    return range(clause, min(at for at in said if at > clause))
