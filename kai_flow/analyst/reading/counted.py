"""Whether "berapa" asks how many there are of the noun right after it."""

from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Final

from msgspec.structs import replace

from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.query.nodes import Function
from kai_flow.analyst.reading.cover import Cover
from kai_flow.analyst.reading.parts import Amount, Ask, Column, Computed, Item, Part, Rows

ASKED: Final = frozenset(["berapa", "berapakah", "brp"])
"""Words that ask how many, and also how much."""

NUMBER_OF_COST: Final = 0.3
"""Of a column that is called "number", where the words ask how many rows there are."""

RELATIVES: Final = frozenset(["yang", "yg"])
"""Words that begin a relative clause."""

VALUE: Final = "nilai"
"""What rows are worth, which is no number of them."""

OWNED: Final = "nya"
"""The ending of what the noun before has: "berapa toko Kuta omzetnya" asks how much."""


def numbers_of_rows(found: Sequence[Item], tokens: Sequence[Token]) -> Sequence[Item]:
    """The leaves; a column that is called "number" costs more in "the number of sales".

    The words ask how many rows there are.
    """
    words = [token.word for token in tokens]
    places = {at for at, pair in enumerate(pairwise(words)) if pair == ("number", "of")}
    if not places:
        return found
    rows = {item.first for item in found if isinstance(item.part, Rows)}
    return [
        replace(item, cost=item.cost + NUMBER_OF_COST)
        if item.first in places
        and item.last == item.first + 1
        and item.last + 1 in rows
        and isinstance(item.part, Column)
        else item
        for item in found
    ]


def not_counted(found: Sequence[Cover], tokens: Sequence[Token]) -> list[Cover]:
    """The covers that sum a number of rows that are counted: "berapa pelanggan yang belanja"."""
    words = {token.word for token in tokens}
    if words.isdisjoint(ASKED) and VALUE not in words:
        return []
    named = [each for cover in found for each in cover.items if isinstance(each.part, Rows)]
    rows = {each.first for each in named}
    plain = (each for cover in found for each in cover.items if not each.aside)
    numbers = {each.first for each in plain if _number(each)}
    counted = {(each.first, _table(each.part)) for each in named if each.first not in numbers}
    heads = {table for each in named if each.first == 0 and (table := _table(each.part))}
    return [
        each
        for each in found
        if _summed(each, rows, tokens)
        or _summed_at_once(each, counted, tokens)
        or _within(each, heads, tokens)
        or any(_worthless(item, tokens) for item in each.items)
    ]


def _summed(cover: Cover, rows: Collection[int], tokens: Sequence[Token]) -> bool:
    first, counted = (*cover.items, None, None)[:2]
    if first is None or counted is None or first.part != Ask("value"):
        return False
    if first.last - first.first > 1 or tokens[first.first].word not in ASKED:
        return False
    if counted.first != first.last or counted.first not in rows or _number(counted):
        return False
    return any(_number(each) and not _owned(each, tokens) for each in cover.items[2:])


def _summed_at_once(
    cover: Cover, rows: Collection[tuple[int, str | None]], tokens: Sequence[Token]
) -> bool:
    """The same where the noun is within the number: "berapa pelanggan Leeds omzet 2024"."""
    first = cover.items[0] if cover.items else None
    if first is None or tokens[first.first].word not in ASKED:
        return False
    if first.first + 1 not in {at for at, _ in rows}:
        return False
    if isinstance(first.part, Amount) and (first.first + 1, first.part.table) in rows:
        return False
    numbers = [each for each in cover.items if isinstance(each.part, Amount) or _number(each)]
    return any(not _owned(each, tokens) and each.last > first.first + 2 for each in numbers)


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


def _worthless(item: Item, tokens: Sequence[Token]) -> bool:
    """Whether rows would be counted of which the value is asked: "nilai pesanan 2024"."""
    if isinstance(item.part, Rows):
        return item.first > 0 and tokens[item.first - 1].word == VALUE
    counts = isinstance(item.part, Amount) and item.part.function is Function.COUNT
    skipped = (at for at in range(item.first, item.last) if at not in item.words)
    return counts and any(tokens[at].word == VALUE for at in skipped)


def _table(part: Part) -> str | None:
    return part.table if isinstance(part, Rows | Amount) else None


def _number(item: Item) -> bool:
    return isinstance(item.part, Computed) or (isinstance(item.part, Column) and item.part.number)


def _owned(item: Item, tokens: Sequence[Token]) -> bool:
    return any(tokens[at].word.endswith(OWNED) for at in item.words)
