"""From when to when there is data."""

from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.reading.parts import Ask

KIND = Kind(
    "extent",
    "From when to when there is data: what dates the orders cover.",
    english={
        "extent": (
            *("from when to when", "date range", "time range", "time span", "period covered"),
            *("what period", "which period", "what time period", "which time period"),
            *("what dates", "which dates", "how far back", "what date range", "what time range"),
        ),
    },
    indonesian={
        "extent": (
            *("mulai tanggal berapa sampai tanggal berapa", "dari kapan sampai kapan"),
            *("dari tanggal berapa sampai tanggal berapa", "mulai kapan sampai kapan"),
            *("rentang waktu", "rentang tanggal", "periode apa", "sejak kapan sampai kapan"),
            *("tanggal berapa sampai tanggal berapa", "kurun waktu"),
        ),
    },
    rules=(
        Rule("extent", ("extent",), lambda _sign: Ask("extent")),
        Rule("extent of the data", ("extent", "rows"), lambda *_signs: Ask("extent")),
        Rule("the data's extent", ("rows", "extent"), lambda *_signs: Ask("extent")),
    ),
    samples=(
        Sample(
            "en",
            "What is the date range of the annual reports?",
            "SELECT MIN(tahun_buku), MAX(tahun_buku) FROM laporan_tahunan",
        ),
        Sample(
            "id",
            "Laporan tahunan dari kapan sampai kapan?",
            "SELECT MIN(tahun_buku), MAX(tahun_buku) FROM laporan_tahunan",
        ),
    ),
)
