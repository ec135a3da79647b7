"""How many: rows of a table, or the different values of a column."""

from kai_flow.analyst.kinds.building import count
from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.query.nodes import Function
from kai_flow.analyst.reading.parts import Amount, Column, Computed, Rows, Sign


def _of_column(_sign: Sign, column: Column) -> Amount:
    """How many of what a column has: its sum, or its different values; its role decides."""
    return Amount(Function.COUNT, column)


def _of_computed(_sign: Sign, computed: Computed) -> Amount:
    return Amount(Function.SUM, computed)


KIND = Kind(
    "count",
    "How many rows there are: cooperatives, orders, customers.",
    english={
        "count": (
            *("how many", "number of", "the number of", "count of", "count", "total number of"),
            *("amount of", "nr of", "no of", "quantity of", "how many total"),
        ),
    },
    indonesian={
        "count": (
            *("berapa banyak", "berapa jumlah", "berapakah jumlah", "jumlah", "banyaknya"),
            *("berapa", "jml", "cacah", "hitung", "hitung jumlah", "total jumlah", "ada berapa"),
            *("ada berapa banyak", "berapa total jumlah", "jumlahnya", "banyak", "berapa total"),
        ),
    },
    rules=(
        Rule("count rows", ("count", Rows), lambda _sign, rows: count(rows)),
        Rule("rows count", (Rows, "count"), lambda rows, _sign: count(rows), cost=0.05),
        Rule("count of a column", ("count", Column), _of_column, cost=0.02),
        Rule("count of a computed number", ("count", Computed), _of_computed, cost=0.05),
    ),
    samples=(
        Sample("id", "Ada berapa koperasi?", "SELECT COUNT(*) FROM koperasi"),
        Sample("en", "How many cooperatives are there?", "SELECT COUNT(*) FROM koperasi"),
    ),
)
