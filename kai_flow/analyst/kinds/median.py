"""Medians."""

from kai_flow.analyst.kinds.building import NOUN, aggregate
from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.query.nodes import Function
from kai_flow.analyst.reading.parts import Amount, Column, Computed, Sign


def _median(*parts: Sign | Column | Computed) -> Amount | None:
    noun = next(part for part in parts if not isinstance(part, Sign))
    return aggregate(Function.MEDIAN, noun)


MEDIAN_MEMBERS = """
    WITH ranked AS (
        SELECT jumlah_anggota AS n, ROW_NUMBER() OVER (ORDER BY jumlah_anggota) AS place,
        COUNT(*) OVER () AS many FROM koperasi WHERE jumlah_anggota IS NOT NULL)
    SELECT AVG(n) FROM ranked WHERE place IN ((many + 1) / 2, (many + 2) / 2)"""

KIND = Kind(
    "median",
    "Medians: the median salary.",
    english={"median": ("median", "median of")},
    indonesian={"median": ("median", "nilai tengah", "nilai median", "mediannya")},
    rules=(
        Rule("median of a noun", ("median", NOUN), _median),
        Rule("noun, median", (NOUN, "median"), _median, cost=0.02),
    ),
    samples=(
        Sample("en", "What is the median number of members?", MEDIAN_MEMBERS),
        Sample("id", "Berapa median jumlah anggota?", MEDIAN_MEMBERS),
    ),
)
