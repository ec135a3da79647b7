"""What something is a percentage of: "returns as a percentage of the units sold"."""

from collections.abc import Sequence

from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.reading.cover import Cover
from kai_flow.analyst.reading.parts import Amount, Column, Computed, Part, Portion, Rows

__all__ = ["of_another_whole"]

AS = "as"
"""The word before "a percentage of", where something else before it is the part."""


def of_another_whole(found: Sequence[Cover], tokens: Sequence[Token]) -> list[Cover]:
    """The covers in which a share is of the number after "as a percentage of" alone.

    What stands before is the part of it. "Orders by status as a percentage of all orders" is a
    share, as both are orders.
    """
    if not any(token.word == AS for token in tokens):
        return []
    return [each for each in found if _of_another(each, tokens)]


def _of_another(cover: Cover, tokens: Sequence[Token]) -> bool:
    for at, item in enumerate(cover.items):
        if not isinstance(item.part, Portion) or tokens[item.first].word != AS:
            continue
        parts = {_number(each.part) for each in cover.items[:at]} - {None}
        of = item.part.of
        following = cover.items[at + 1 : at + 2]
        wholes = {_number(of)} if of is not None else {_number(each.part) for each in following}
        if parts and wholes - {None} and parts != wholes:
            return True
    return False


def _number(part: Part) -> object:
    """What a constituent is a number of: the rows of a table, a column or a formula; or None."""
    match part:
        case Rows(table):
            return table
        case Amount(of=None, table=table):
            return table
        case Amount(of=of):
            return _number(of) if isinstance(of, Column | Computed) else of
        case Column(ref, number=True):
            return ref
        case Computed():
            return part
        case _:
            return None
