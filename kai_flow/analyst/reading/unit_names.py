"""Units that stand for the column that is measured in them: the cost "per kilogram"."""

from collections.abc import Iterator, Sequence
from typing import Final

from kai_flow.analyst.lexicon.data import UNITS
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.reading.concepts import means
from kai_flow.analyst.reading.parts import Column, Item, leaf
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.index import Index
from kai_flow.analyst.semantics.model import Attribute, Role

UNIT_COST: Final = 0.1
"""Of a unit for a column that has this unit."""

GUESSED_COST: Final = 0.2
"""Of a unit for a column whose name says that it is measured in such units."""

BEFORE: Final = frozenset(["per", "each", "every", "/", "tiap", "setiap", "satu"])
"""Words before a unit that something is divided by."""

COUNTING: Final = frozenset(["many", "berapa", "total", "jumlah"])
"""Words before a unit that is counted: "how many kilograms"."""

HOURS: Final = frozenset(["min", "h"])
"""Units of columns that say so. Others may be in any."""

MEASURED: Final = {
    "kg": "weight",
    "g": "weight",
    "t": "weight",
    "km": "distance",
    "m2": "area_size",
    "ha": "area_size",
    "min": "duration",
    "h": "duration",
}
"""What is measured in a unit."""

SQUARE: Final = frozenset(["square", "sq"])
"""Words before "metre"."""


def units_in(tokens: Sequence[Token], index: Index) -> Iterator[Item]:
    """The units after "per", each as the columns that are measured in it."""
    for at in range(1, len(tokens)):
        before = tokens[at - 1].word
        unit, end = unit_at(tokens, at)
        if unit in MEASURED and (before in BEFORE or (before in COUNTING and unit not in HOURS)):
            yield from _columns(index, unit, at, end)


def _columns(index: Index, unit: str, first: int, last: int) -> Iterator[Item]:
    for attribute in index.model.attributes.values():
        if attribute.role is not Role.ADDITIVE:
            continue
        own = attribute.unit.replace("²", "2")
        if own == unit or (not own and unit not in HOURS and means(attribute, MEASURED[unit])):
            cost = UNIT_COST if own else GUESSED_COST
            yield leaf(first, last, Column(_ref(attribute), number=True, adds=True), cost)


def _ref(attribute: Attribute) -> ColumnRef:
    return ColumnRef(attribute.table, attribute.column)


def unit_at(tokens: Sequence[Token], at: int) -> tuple[str, int]:
    """The unit that words name from a place on, and where they end; empty if they name none."""
    word = tokens[at].word.removesuffix("nya")
    after = tokens[at + 1].word.removesuffix("nya") if at + 1 < len(tokens) else ""
    if word in SQUARE and UNITS.get(after) == "m":
        return "m2", at + 2
    if UNITS.get(word) == "m" and after == "persegi":
        return "m2", at + 2
    return ("m2" if word == "m²" else UNITS.get(word, "")), at + 1
