"""How many different values a column has, and which."""

from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.query.nodes import Function
from kai_flow.analyst.reading.parts import Amount, Column, Rows, Sign


def _distinct(*parts: Sign | Column | Rows) -> Amount | None:
    thing = next(part for part in parts if not isinstance(part, Sign))
    if isinstance(thing, Rows):
        return Amount(Function.DISTINCT, None, thing.table)
    return Amount(Function.DISTINCT, thing)


KIND = Kind(
    "distinct",
    "How many different values there are.",
    english={"distinct": ("distinct", "different", "unique")},
    indonesian={"distinct": ("berbeda", "unik", "macam", "yang berbeda", "beda")},
    rules=(
        Rule("count distinct", ("count", "distinct", (Column, Rows)), _distinct),
        Rule("count things that differ", ("count", Column, "distinct"), _distinct),
        Rule("count rows that differ", ("count", Rows, "distinct"), _distinct, plain=True),
        Rule("distinct things", ("distinct", Column), _distinct, cost=0.2),
    ),
    samples=(
        Sample(
            "en",
            "How many different types of cooperatives are there?",
            "SELECT COUNT(DISTINCT jenis_koperasi) FROM koperasi",
        ),
        Sample(
            "id",
            "Berapa jenis koperasi yang berbeda?",
            "SELECT COUNT(DISTINCT jenis_koperasi) FROM koperasi",
        ),
    ),
)
