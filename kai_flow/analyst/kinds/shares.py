"""Shares: what percentage of the whole a group has, or meets a condition."""

from kai_flow.analyst.kinds.building import NUMBER, amount, count
from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.reading.parts import Column, Computed, Measured, Portion, Rows, Sign


def _share(*parts: "Sign | Column | Computed | Measured | Rows") -> Portion | None:
    of = next(part for part in parts if not isinstance(part, Sign))
    number = count(of) if isinstance(of, Rows) else amount(of)
    return Portion(number) if type(number).__name__ == "Amount" else None  # type: ignore[arg-type]


KIND = Kind(
    "share",
    "Shares in percent: the share of each province, what percentage of orders is cancelled.",
    english={
        "share": (
            *("share of", "share", "percentage of", "percent of", "percentage", "percent", "%"),
            *("proportion of", "proportion", "contribution of", "contribution", "portion of"),
            *("what percentage of", "in percent", "as a percentage", "as percentage", "% of"),
        ),
    },
    indonesian={
        "share": (
            *("persentase", "persen", "proporsi", "porsi", "kontribusi", "pangsa", "bagian"),
            *("berapa persen", "dalam persen", "dalam persentase", "berapa persentase", "%"),
            *("persentase jumlah", "berapa persen dari", "prosentase"),
        ),
    },
    rules=(
        Rule("share", ("share",), lambda _sign: Portion(None)),
        Rule("share of a number", ("share", NUMBER), _share),
        Rule("share of rows", ("share", Rows), _share),
        Rule("number, as a share", (NUMBER, "share"), _share, cost=0.05),
    ),
    samples=(
        Sample(
            "en",
            "What percentage of cooperatives is active?",
            "SELECT 100.0 * SUM(status_koperasi = 'Aktif') / COUNT(*) FROM koperasi",
        ),
        Sample(
            "id",
            "Berapa persen koperasi yang aktif?",
            "SELECT 100.0 * SUM(status_koperasi = 'Aktif') / COUNT(*) FROM koperasi",
        ),
    ),
)
