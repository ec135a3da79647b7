"""Averages."""

from kai_flow.analyst.kinds.building import NOUN, aggregate
from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.query.nodes import Function
from kai_flow.analyst.reading.parts import Amount, Column, Computed, Sign


def _average(*parts: Sign | Column | Computed) -> Amount | None:
    noun = next(part for part in parts if not isinstance(part, Sign))
    return aggregate(Function.AVERAGE, noun)


def _average_number(_sign: Sign, _count: Sign, noun: Column | Computed) -> Amount | None:
    """The words "Average number of nights"."""
    return _average(noun) if not isinstance(noun, Column) or noun.number else None


KIND = Kind(
    "average",
    "Averages: the average price.",
    english={"average": ("average", "avg", "mean", "on average", "average of", "typical")},
    indonesian={
        "average": ("rata-rata", "rerata", "rata2", "rata rata", "rataan", "rata-ratanya", "mean"),
    },
    rules=(
        Rule("average of a noun", ("average", NOUN), _average),
        Rule("noun, averaged", (NOUN, "average"), _average, cost=0.02),
        Rule("average of a count", ("average", "count", NOUN), _average_number, cost=0.05),
        Rule("total of an average", ("count", "average", NOUN), _average, cost=0.1),
    ),
    samples=(
        Sample(
            "en", "What is the average founding capital?", "SELECT AVG(modal_awal) FROM koperasi"
        ),
        Sample(
            "id", "Berapa rata-rata modal awal koperasi?", "SELECT AVG(modal_awal) FROM koperasi"
        ),
    ),
)
