"""What stepping over words costs where others name something by them."""

from collections.abc import Mapping, Sequence
from typing import Final

from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.reading.mention_costs import MENTION_COST
from kai_flow.analyst.reading.parts import (
    Clock,
    Column,
    Computed,
    Item,
    Rows,
    Time,
    Values,
)
from kai_flow.analyst.reading.said_names import WHOLE
from kai_flow.analyst.reading.verbs import only_names
from kai_flow.analyst.semantics.model import SemanticModel

EDGE_COST: Final = 0.3
"""Of stepping over the first or last word of a name of several words: "nilai" in "nilai order"."""

CLOCK_COST: Final = MENTION_COST * 0.35
"""What a name of a time costs at most that is never stepped over lightly."""

PLAIN: Final = 0.79
"""The score of a time without "date": "check in" for the check-in date."""

KNOWN: Final = frozenset(["known", "identified", "dikenal", "teridentifikasi"])
"""Words for things of which is known which they are."""

KNOWN_COST: Final = 0.05
"""Of stepping over such a word."""

UNKNOWN: Final = frozenset(
    ["unknown", "unidentified", "anonymous", "n/a", "umum", "anonim", "walk"]
)
"""Words of values that stand for what is not known."""


def _number(item: Item) -> bool:
    """Whether a word plainly means a number here: "earn", where there are salaries."""
    return isinstance(item.part, Column) and item.part.number and item.cost <= MENTION_COST * 0.2


def _named_again(found: Sequence[Item]) -> frozenset[int]:
    """The places of words for a number that another word names: "total weight … how many kg"."""
    numbers = [item for item in found if isinstance(item.part, Column) and item.part.number]
    return frozenset(
        item.first
        for item in numbers
        if any(other.part == item.part and other.cost < item.cost for other in numbers)
    )


def _clock(item: Item) -> bool:
    """Whether a word is called like a time: "repairs that came in", where they have an intake."""
    return isinstance(item.part, Clock) and item.cost <= CLOCK_COST


def bound(empty: Mapping[int, float], found: Sequence[Item]) -> dict[int, float]:
    """What stepping over words costs: more for those that begin or end a longer name."""
    single = [item for item in found if item.last == item.first + 1]
    dated = any(isinstance(item.part, Time) for item in found)
    told = {item.first for item in single if _number(item) or (dated and _clock(item))}
    told -= _named_again(single)
    names = [
        item
        for item in found
        if isinstance(item.part, Column | Computed | Clock)
        and item.last - item.first > 1
        and item.cost <= MENTION_COST * (1 - (PLAIN if isinstance(item.part, Clock) else WHOLE))
    ]
    edges = told | {at for item in names for at in (item.first, item.last - 1)}
    edges |= {each.last - 1 for each in found if isinstance(each.part, Time)}  # "tahun ini"
    kept = _letters(found) | only_names(found)
    return {
        at: max(cost, EDGE_COST) if at in edges else cost
        for at, cost in empty.items()
        if at not in kept
    }


def known_ones(
    tokens: Sequence[Token], found: Sequence[Item], model: SemanticModel
) -> dict[int, float]:
    """The places of words for things that are known, as all are that have rows of their own.

    Unless one of the rows stands for all that are not known.
    """
    said = [at for at, token in enumerate(tokens) if token.word in KNOWN]
    if not said or _has_unknown(model):
        return {}
    rows = [item for item in found if isinstance(item.part, Rows)]
    before, after = {item.first for item in rows}, {item.last for item in rows}
    return {
        at: KNOWN_COST
        for at in said
        if at + 1 in before or (tokens[at - 1].word == "yang" and at - 1 in after)
    }


def _has_unknown(model: SemanticModel) -> bool:
    """Whether a value says that something is not known."""
    return any(
        not UNKNOWN.isdisjoint(str(value.value).casefold().split())
        for attribute in model.attributes.values()
        for value in attribute.values
    )


def _letters(found: Sequence[Item]) -> frozenset[int]:
    """The places of single letters that are a value of the column before: "blood type a".

    Before a noun, it is an article: "the blood type a patient has".
    """
    letters = [
        (item, item.part.column.ref)
        for item in found
        if isinstance(item.part, Values)
        and item.last == item.first + 1
        and any(isinstance(value, str) and len(value) == 1 for value in item.part.values)
    ]
    if not letters:
        return frozenset()
    columns = {(item.last, item.part.ref) for item in found if isinstance(item.part, Column)}
    nouns = {item.first for item in found if isinstance(item.part, Column | Computed | Rows)}
    return frozenset(
        item.first
        for item, ref in letters
        if (item.first, ref) in columns and item.last not in nouns
    )
