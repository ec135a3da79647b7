"""Limits of what all rows of a group have: "more than 11,000 cooperative members altogether"."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from kai_flow.analyst.lexicon.phrases import Phrases
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.query.nodes import Function
from kai_flow.analyst.reading.cover import Cover
from kai_flow.analyst.reading.parts import Amount, Column, Having, Item
from kai_flow.analyst.reading.reading import Reading

__all__ = ["compounds", "of_groups"]

ALTOGETHER: Final = Phrases(
    *("altogether", "in total", "combined", "in all", "together", "overall", "taken together"),
    *("secara total", "secara keseluruhan", "keseluruhan", "digabung", "kalau digabung"),
    *("totalnya", "seluruhnya", "bila digabung", "jika digabung", "kalau ditotal", "ditotal"),
)
"""Words for all rows of a group, after a limit of their number."""

PLURAL: Final = "s"
"""The ending of a noun that is counted, and no part of another one: "cooperative members"."""


def of_groups(tokens: Sequence[Token], readings: Sequence[Reading]) -> list[Reading]:
    """The readings; only those that limit groups, where words say so and some do."""
    told = any(any(ALTOGETHER.after(tokens, at)) for at in range(len(tokens)))
    limiting = [each for each in readings if each.query is not None and each.query.having]
    return limiting if told and limiting else list(readings)


def compounds(found: Sequence[Cover], tokens: Sequence[Token]) -> list[Cover]:
    """The covers that count rows whose noun only tells what the number after it is of."""
    return [
        each
        for each in found
        for item, after in pairwise(each.items)
        if isinstance(item.part, Having) and _torn(item, after, tokens)
    ]


def _torn(item: Item, after: Item, tokens: Sequence[Token]) -> bool:
    """Whether the noun of a limit stands right before a number of the same rows."""
    if after.first != item.last:
        return False
    table = _counted(item)
    own = isinstance(after.part, Column) and after.part.number and after.part.ref.table == table
    return own and not tokens[item.last - 1].word.endswith(PLURAL)


def _counted(item: Item) -> str | None:
    """The table whose rows a limit counts."""
    match item.part:
        case Having(Amount(Function.COUNT, None, table)):
            return table
        case _:
            return None
