"""Whose a value is: "customers in Leeds" are in Leeds, wherever their orders are sent."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.semantics.model import SemanticModel
from kai_flow.analyst.semantics.paths import leads_to_one
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
ASTRAY_COST: Final = 0.4
"""Of a value of other rows, where those that are named beside it have the same value."""

UNSEEN_COST: Final = 1.0
"""Of such a value where the rows beside it have a column of that name with too many values."""


def astray(
    mentions: Sequence[Mention], tokens: Sequence[Token], model: SemanticModel
) -> Mapping[Mention, float]:
    """What values of other rows cost than those named beside them, which have the same value."""
    values = [each for each in mentions if isinstance(each.target, ValueTarget)]
    if not values:
        return {}
    nouns = [each for each in mentions if isinstance(each.target, EntityTarget)]
    ends = _tables((each.last, each) for each in nouns)
    starts = _tables((each.first, each) for each in nouns)  # "active customers"
    lists = {each.last: each.first for each in values}
    others = {each.first: each.last for each in values}
    beside = {
        (first, last): _nouns(
            _before(first, tokens, ends, lists),
            _after(last, starts, others),
            ends.get(first, frozenset()),
        )
        for first, last in {(each.first, each.last) for each in values}
    }
    own = {(each.first, each.last) for each in values if _of(each) in beside[each.first, each.last]}
    found = {}
    for each in values:
        span = (each.first, each.last)
        if _of(each) in beside[span]:
            continue
        if span in own:
            found[each] = ASTRAY_COST
        elif any(_unseen(each, table, model) for table in beside[span]):
            found[each] = UNSEEN_COST
    return found


def _of(value: Mention) -> str:
    """The table of a value."""
    return value.target.ref.table if isinstance(value.target, ValueTarget) else ""


def _unseen(value: Mention, table: str, model: SemanticModel) -> bool:
    """Whether a table has such a column too, with more values than are known."""
    if not isinstance(value.target, ValueTarget):
        return False
    if leads_to_one(model, table, value.target.ref.table):
        return False  # customers are in a group, whose name is no name of theirs
    names = {name.words for name in model.attributes[value.target.ref].names}
    return any(
        not each.values and any(name.words in names for name in each.names)
        for each in model.of(table)
    )


def _tables(places: Iterable[tuple[int, Mention]]) -> dict[int, frozenset[str]]:
    """The tables that are plainly named at each place."""
    found: dict[int, frozenset[str]] = {}
    for at, each in places:
        if isinstance(each.target, EntityTarget) and each.score >= NOUN:
            found[at] = found.get(at, frozenset()) | {each.target.table}
    return found


def _nouns(before: frozenset[str], after: frozenset[str], tight: frozenset[str]) -> frozenset[str]:
    """The tables of the nouns beside a value: in "orders of London customers", of the second."""
    return after if after and not tight else before | after


def _after(
    last: int, starts: dict[int, frozenset[str]], others: Mapping[int, int]
) -> frozenset[str]:
    """The tables of the noun after a value, perhaps after others: "London business customers"."""
    while last not in starts and last in others:
        last = others[last]
    return starts.get(last, frozenset())


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
