"""Limits that name no number: "orders above 100 by city" are more than 100, or worth more."""

from collections.abc import Sequence

from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.query.nodes import Function
from kai_flow.analyst.reading.cover import Cover
from kai_flow.analyst.reading.parts import Amount, Column, Groups, Having, Item, Rows, Which

__all__ = ["limits_rows_or_groups"]


def limits_rows_or_groups(found: Sequence[Cover], tokens: Sequence[Token]) -> list[Cover]:
    """The covers with rows first, then a limit without a noun, and then groups of these rows.

    "Cities with orders above 100" names the groups before, so it counts; "more than 100 orders by
    city" counts as well.
    """
    return [each for each in found if _limits(each, tokens)]


def _limits(cover: Cover, tokens: Sequence[Token]) -> bool:
    if not any(isinstance(item.part, Having) for item in cover.items):
        return False
    groups = [item.first for item in cover.items if isinstance(item.part, Groups)]
    if not groups:
        return False
    before = [item for item in cover.items if isinstance(item.part, Rows | Column | Which)]
    return any(
        _counts_after_its_noun(item, tokens)
        and item.last <= min(groups)
        and all(each.first > item.first for each in before)
        for item in cover.items
    )


def _counts_after_its_noun(item: Item, tokens: Sequence[Token]) -> bool:
    """Whether a limit of how many there are ends in its number, and names no unit."""
    match item.part:
        case Having(Amount(Function.COUNT, None)):
            said = [at for at in item.words if at < item.last]
            return bool(said) and tokens[said[-1]].text[:1].isdigit()
        case _:
            return False
