"""Whether "berapa" asks how many there are of the noun right after it."""

from collections.abc import Collection, Sequence
from typing import Final

from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.query.nodes import Function
from kai_flow.analyst.reading.cover import Cover
from kai_flow.analyst.reading.parts import Amount, Ask, Column, Computed, Item, Part, Rows

ASKED: Final = frozenset(["berapa", "berapakah", "brp"])
"""Words that ask how many, and also how much."""

RELATIVES: Final = frozenset(["yang", "yg"])
"""Words that begin a relative clause."""

OWNED: Final = "nya"
"""The ending of what the noun before has: "berapa toko Kuta omzetnya" asks how much."""


def not_counted(found: Sequence[Cover], tokens: Sequence[Token]) -> list[Cover]:
    """The covers that sum a number of rows that are counted: "berapa pelanggan yang belanja"."""
    named = [each for cover in found for each in cover.items if isinstance(each.part, Rows)]
    rows = {each.first for each in named}
    heads = {table for each in named if each.first == 0 and (table := _table(each.part))}
    return [each for each in found if _summed(each, rows, tokens) or _within(each, heads, tokens)]


def _summed(cover: Cover, rows: Collection[int], tokens: Sequence[Token]) -> bool:
    first, counted = (*cover.items, None, None)[:2]
    if first is None or counted is None or first.part != Ask("value"):
        return False
    if first.last - first.first > 1 or tokens[first.first].word not in ASKED:
        return False
    if counted.first != first.last or counted.first not in rows or _number(counted):
        return False
    return any(_number(each) and not _owned(each, tokens) for each in cover.items[2:])


def _within(cover: Cover, heads: Collection[str], tokens: Sequence[Token]) -> bool:
    """Whether "ada berapa" would count a noun of a relative clause: "pelanggan yang beli buku".

    ``heads``: the tables of the noun that the question begins with.
    """
    words = [token.word for token in tokens]
    if not heads or words[-2:] != ["ada", "berapa"] or words[1] not in RELATIVES:
        return False
    last = cover.items[-1]
    counts = isinstance(last.part, Amount) and last.part.function is Function.COUNT
    return counts and _table(last.part) not in heads and not _owned(last, tokens)


def _table(part: Part) -> str | None:
    return part.table if isinstance(part, Rows | Amount) else None


def _number(item: Item) -> bool:
    return isinstance(item.part, Computed) or (isinstance(item.part, Column) and item.part.number)


def _owned(item: Item, tokens: Sequence[Token]) -> bool:
    return any(tokens[at].word.endswith(OWNED) for at in item.words)
