"""Formulas in words: quantity times unit price."""

from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.reading.parts import Amount, Column, Sign, Times


def _times(left: Column, _sign: Sign, right: Column) -> Amount | None:
    """The sum of the products of every row."""
    together = left.ref.table == right.ref.table and left.ref != right.ref
    return Amount(None, Times(left, right)) if together and left.number and right.number else None


KIND = Kind(
    "formulas",
    "One number of a row times another: quantity times unit price.",
    english={"times": ("times", "multiplied by", "x", "*")},
    indonesian={"times": ("dikali", "kali", "dikalikan", "dikalikan dengan", "x", "*")},
    rules=(Rule("times", (Column, "times", Column), _times),),
    samples=(
        Sample(
            "en",
            "total assets times number of members by type",
            "SELECT jenis_koperasi, SUM(total_aset * jumlah_anggota) FROM koperasi GROUP BY 1",
        ),
        Sample(
            "id",
            "Total aset kali jumlah anggota per jenis koperasi",
            "SELECT jenis_koperasi, SUM(total_aset * jumlah_anggota) FROM koperasi GROUP BY 1",
        ),
    ),
)
