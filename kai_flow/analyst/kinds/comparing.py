"""Comparisons: two groups, or two periods, side by side."""

from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.reading.parts import Sign, Time, Values, Versus


def _values(left: Values, _sign: Sign, right: Values) -> Versus | None:
    if left.column != right.column or set(left.values) & set(right.values):
        return None
    return Versus(values=(left, right))


def _times(left: Time, _sign: Sign, right: Time) -> Versus | None:
    return Versus(times=(left, right)) if left.period != right.period else None


def _several(_sign: Sign, values: Values) -> Versus | None:
    if len(values.values) < 2:
        return None
    return Versus(values=tuple(Values(values.column, (value,)) for value in values.values))


KIND = Kind(
    "compare",
    "Side by side: Bali and Jawa Barat, 2023 against 2024.",
    english={
        "compare": ("compare", "comparison of", "comparison", "compare between", "contrast"),
        "side by side": ("between", "compare between"),
    },
    indonesian={
        "compare": ("bandingkan", "perbandingan", "banding", "membandingkan", "komparasi"),
        "side by side": ("antara", "di antara"),
    },
    rules=(
        Rule("values", (Values, "versus", Values), _values),
        Rule("times", (Time, "versus", Time), _times),
        Rule("times and", (Time, "and", Time), _times, cost=0.05),
        Rule("between values", ("side by side", Values), _several),
    ),
    samples=(
        Sample(
            "en",
            "Compare the number of cooperatives in Bali and Banten",
            """SELECT p.nama_provinsi, COUNT(*) FROM koperasi k
            JOIN provinsi p ON p.provinsi_id = k.provinsi_id
            WHERE p.nama_provinsi IN ('Bali', 'Banten') GROUP BY 1""",
        ),
        Sample(
            "id",
            "Bandingkan total pendapatan tahun 2022 dengan 2023",
            """SELECT tahun_buku, SUM(pendapatan) FROM laporan_tahunan
            WHERE tahun_buku IN (2022, 2023) GROUP BY 1""",
        ),
    ),
)
