"""Whose a value is: "customers in Leeds" are in Leeds, wherever their orders are sent."""

from collections.abc import Collection, Sequence
from typing import Final

from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.semantics.targets import EntityTarget, Mention, ValueTarget

BETWEEN: Final = frozenset(
    [
        *("in", "from", "at", "of", "within", "based", "located", "living", "live", "lives"),
        *("are", "is", "who", "that", "which", "the", "city", "town"),
        *("di", "dari", "asal", "yang", "berada", "berlokasi", "tinggal", "kota", "domisili"),
    ]
)
"""Words between rows and where they are."""
JOINED: Final = frozenset(["and", "or", "&", ",", "dan", "atau"])
"""Words between the values of a list."""
NOUN: Final = 0.9
"""The score of a name that is plainly meant."""
ASTRAY_COST: Final = 0.3
"""Of a value of other rows, where those that are named beside it have the same value."""


def astray(mentions: Sequence[Mention], tokens: Sequence[Token]) -> Collection[Mention]:
    """The values of other rows than those named beside them, which have the same value."""
    ends = _tables({(each.last, each) for each in mentions})
    starts = _tables({(each.first, each) for each in mentions})  # "active customers"
    values = [each for each in mentions if isinstance(each.target, ValueTarget)]
    lists = {each.last: each.first for each in values}
    owners = {
        (each.first, each.last): _before(each.first, tokens, ends, lists)
        | starts.get(each.last, frozenset())
        for each in values
    }
    own = {
        (each.first, each.last) for each in values if _table(each) in owners[each.first, each.last]
    }
    return {
        each
        for each in values
        if (each.first, each.last) in own and _table(each) not in owners[each.first, each.last]
    }


def _table(value: Mention) -> str:
    return value.target.ref.table if isinstance(value.target, ValueTarget) else ""


def _tables(places: Collection[tuple[int, Mention]]) -> dict[int, frozenset[str]]:
    """The tables that are plainly named at each place."""
    found: dict[int, frozenset[str]] = {}
    for at, each in places:
        if isinstance(each.target, EntityTarget) and each.score >= NOUN:
            found[at] = found.get(at, frozenset()) | {each.target.table}
    return found


def _before(
    first: int,
    tokens: Sequence[Token],
    ends: dict[int, frozenset[str]],
    lists: dict[int, int],
) -> frozenset[str]:
    """The tables of the noun that a value follows, perhaps after other values."""
    at = first
    while at > 0:
        if at in ends:
            return ends[at]
        if tokens[at - 1].word in BETWEEN:
            at -= 1
        elif tokens[at - 1].word in JOINED and at - 1 in lists:
            at = lists[at - 1]
        else:
            return frozenset()
    return frozenset()
