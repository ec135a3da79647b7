"""Values that are small words elsewhere: "quantity in" and "quantity out" of a warehouse."""

from collections.abc import Mapping, Sequence
from typing import Final

from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.reading.parts import Column, Item, Rows, Sign, Values

AFTER: Final = frozenset(["per", "by", "and", "or", ",", "vs", "versus", "each", "dan", "atau"])
"""Words that no preposition stands before."""


def settled(
    tokens: Sequence[Token], found: Sequence[Item], empty: Mapping[int, float]
) -> tuple[tuple[Item, ...], dict[int, float]]:
    """The leaves and the words that may be stepped over, without what small values are elsewhere.

    A word is the value if nothing follows that a preposition could stand before.
    """
    small = [
        (item, item.part)
        for item in found
        if item.first in empty
        and item.last == item.first + 1
        and isinstance(item.part, Values)
        and tokens[item.first].word == str(item.part.values[0]).casefold()
    ]
    nouns = [item for item in found if isinstance(item.part, Column | Rows)] if small else []
    told = {item.first for item, part in small if _bare(item, part, tokens, nouns)}
    if not told:
        return tuple(found), dict(empty)
    leaves = (
        item
        for item in found
        if not (isinstance(item.part, Sign) and told & set(range(item.first, item.last)))
    )
    return tuple(leaves), {at: cost for at, cost in empty.items() if at not in told}


def _bare(item: Item, values: Values, tokens: Sequence[Token], nouns: Sequence[Item]) -> bool:
    """Whether a word stands at the end, beside the name of its column, or alone before its rows."""
    if item.last == len(tokens) or tokens[item.last].word in AFTER:
        return True
    ref = values.column.ref
    before = [noun.part for noun in nouns if noun.last == item.first]
    if any(isinstance(part, Column) and part.ref == ref for part in before):
        return True
    after = [noun.part for noun in nouns if noun.first == item.last]
    own = any(isinstance(part, Rows) and part.table == ref.table for part in after)
    return own and not before
