"""Things that are told by a number after the name of a column: floor 3, a review of 5 stars."""

from collections.abc import Iterator, Sequence
from typing import Final

from kai_flow.analyst.query.nodes import Operator
from kai_flow.analyst.reading.parts import (
    Column,
    Compared,
    Computed,
    Figure,
    Item,
    Rows,
    Values,
    Where,
    leaf,
)
from kai_flow.analyst.semantics.index import Index
from kai_flow.analyst.semantics.model import Attribute, Role
from kai_flow.analyst.semantics.wording import split_name

NUMBERED_COST: Final = 0.1
"""Of a number beside a column as its value."""

NAMED: Final = 0.07
"""What the name of such a column costs at most: its own name, or a synonym."""

GRADES: Final = 20
"""The highest number of a scale, such as stars; greater ones are measured."""

SCALES: Final = frozenset(
    [
        *("rating", "ratings", "star", "stars", "bintang", "score", "skor", "grade", "level"),
        *("tingkat", "satisfaction", "kepuasan", "capacity", "kapasitas"),
    ]
)
"""Words for what has a few steps."""


def numbered(found: Sequence[Item], index: Index) -> Iterator[Item]:
    """The filters that columns with numbers beside them may be."""
    figures = {
        item.first: item
        for item in found
        if isinstance(item.part, Figure) and _plain(item.part) and item.last == item.first + 1
    }
    if not figures:
        return
    nouns = {item.first for item in found if isinstance(item.part, _NOUNS)}
    for item in found:
        figure = figures.get(item.last)
        if figure is None or not isinstance(item.part, Column) or item.cost > NAMED:
            continue
        attribute = index.model.attributes[item.part.ref]
        value = getattr(figure.part, "value", 0.0)
        if _ordinal(attribute, value) or (figure.last not in nouns and _graded(attribute, value)):
            test = Compared(item.part, Operator.EQUAL, (value,))
            yield leaf(item.first, figure.last, Where(test), item.cost + NUMBERED_COST)


_NOUNS: Final = (Rows, Column, Computed, Values)


def _plain(figure: Figure) -> bool:
    """Whether it is a whole number without a unit."""
    return not (figure.percent or figure.unit or figure.ordinal) and figure.value == int(
        figure.value
    )


def _ordinal(attribute: Attribute, value: float) -> bool:
    """Whether a number only tells things apart: a floor."""
    return attribute.role is Role.CODE and _within(attribute, value)


def _graded(attribute: Attribute, value: float) -> bool:
    """Whether a number is one of a short scale."""
    high = attribute.high
    numbers = attribute.role in {Role.RATE, Role.ADDITIVE}
    named = not SCALES.isdisjoint(split_name(attribute.column))
    return numbers and named and high is not None and high <= GRADES and _within(attribute, value)


def _within(attribute: Attribute, value: float) -> bool:
    low, high = attribute.low, attribute.high
    return low is not None and high is not None and low <= value <= high and low == int(low)
