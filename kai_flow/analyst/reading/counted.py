"""Whether "berapa" asks how many there are of the noun right after it."""

from collections.abc import Collection, Sequence
from typing import Final

from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.reading.cover import Cover
from kai_flow.analyst.reading.parts import Ask, Column, Computed, Item, Rows

ASKED: Final = frozenset(["berapa", "berapakah", "brp"])
"""Words that ask how many, and also how much."""

OWNED: Final = "nya"
"""The ending of what the noun before has: "berapa toko Kuta omzetnya" asks how much."""


def not_counted(found: Sequence[Cover], tokens: Sequence[Token]) -> list[Cover]:
    """The covers that sum a number of rows that are counted: "berapa pelanggan yang belanja"."""
    rows = {each.first for cover in found for each in cover.items if isinstance(each.part, Rows)}
    return [cover for cover in found if _summed(cover, rows, tokens)]


def _summed(cover: Cover, rows: Collection[int], tokens: Sequence[Token]) -> bool:
    first, counted = (*cover.items, None, None)[:2]
    if first is None or counted is None or first.part != Ask("value"):
        return False
    if first.last - first.first > 1 or tokens[first.first].word not in ASKED:
        return False
    if counted.first != first.last or counted.first not in rows or _number(counted):
        return False
    return any(_number(each) and not _owned(each, tokens) for each in cover.items[2:])


def _number(item: Item) -> bool:
    return isinstance(item.part, Computed) or (isinstance(item.part, Column) and item.part.number)


def _owned(item: Item, tokens: Sequence[Token]) -> bool:
    return any(tokens[at].word.endswith(OWNED) for at in item.words)
