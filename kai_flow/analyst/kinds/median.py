"""Medians."""

from kai_flow.analyst.kinds.building import NOUN, aggregate
from kai_flow.analyst.kinds.kind import Kind, Rule
from kai_flow.analyst.query.nodes import Function
from kai_flow.analyst.reading.parts import Amount, Column, Computed, Sign


def _median(*parts: Sign | Column | Computed) -> Amount | None:
    noun = next(part for part in parts if not isinstance(part, Sign))
    return aggregate(Function.MEDIAN, noun)


KIND = Kind(
    "median",
    "Medians: the median salary.",
    english={"median": ("median", "median of")},
    indonesian={"median": ("median", "nilai tengah", "nilai median", "mediannya")},
    rules=(
        Rule("median of a noun", ("median", NOUN), _median),
        Rule("noun, median", (NOUN, "median"), _median, cost=0.02),
    ),
)
