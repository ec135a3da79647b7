"""From when to when there is data."""

from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.reading.parts import Ask, Clock

_UNITS = ("date", "day", "month", "year", "point in time")
_BEGINS = ("start", "begin", "starts", "begins", "started", "began")
_ENDS = (
    *("end", "and end", "and when do they end", "and when does it end", "and when did it end"),
    *("and when do they stop", "and when does it stop", "and until when", "and finish"),
    *("and when it ends", "and when they end", "and stop", "and where does it end"),
)
_BOTH = tuple(
    f"{first} {link} {last}"
    for link in ("and", "and the", "to", "through", "until")
    for first, last in (
        *(("first", "last"), ("earliest", "latest"), ("oldest", "newest")),
        *(("oldest", "most recent"), ("first", "most recent"), ("earliest", "most recent")),
        *(("first", "latest"), ("beginning", "end"), ("start", "end")),
    )
)
_GOING_BY = ("going by", "judging by", "judged by", "based on", "measured by", "according to")
_MOMENTS = ("the time", "the date", "the day", "the moment", "when", "the time when")
_SINCE = ("dari", "mulai", "sejak", "antara", "dr", "")
_UNTIL = ("sampai", "hingga", "sampai dengan", "s/d", "sd", "s.d.", "ke", "sampe")
_WHEN = ("tanggal berapa", "tgl berapa", "kapan", "tahun berapa", "bulan berapa", "hari apa")
_EARLY = ("paling awal", "paling lama", "pertama", "terawal", "terlama", "awal")
_LATE = ("paling akhir", "paling baru", "terakhir", "terbaru", "akhir")

KIND = Kind(
    "extent",
    "From when to when there is data: what dates the orders cover.",
    english={
        "extent": (
            *("from when to when", "date range", "time range", "time span", "period covered"),
            *("what period", "which period", "what time period", "which time period"),
            *("what dates", "which dates", "how far back", "what date range", "what time range"),
            *("from when until when", "since when and until when", "what range of dates"),
            *("what time frame", "which time frame", "what timeframe", "which date range"),
            *("what span of time", "range of dates", "and until when", ", and until when"),
            *("what years are covered", "which years are covered", "time period covered"),
            *("dates covered", "years covered", "months covered", "what time span"),
            *(
                f"from {which} {unit} {until} {which} {unit}"
                for which in ("which", "what")
                for unit in _UNITS
                for until in ("to", "until", "through")
            ),
            *(f"{begin} {end}" for begin in _BEGINS for end in _ENDS),
            *_BOTH,
        ),
        "going by": (
            *("going by", "judging by", "judged by", "by the time", "by when"),
            *(f"{by} {moment}" for by in _GOING_BY for moment in _MOMENTS),
        ),
        "covers": (
            *("cover", "covers", "covered", "span", "spans", "run", "runs", "go", "goes"),
            *("reach", "reaches", "extend", "extends", "stretch", "encompass", "range"),
            *("available", "recorded", "have data for", "go back", "include", "includes"),
        ),
    },
    indonesian={
        "extent": (
            *(
                f"{since} {one} {until} {one}".strip()
                for since in _SINCE
                for one in _WHEN
                for until in _UNTIL
            ),
            *("rentang waktu", "rentang tanggal", "rentang tahun", "rentang bulan", "kurun waktu"),
            *("rentang periode", "cakupan waktu", "cakupan tanggal", "cakupan tahun"),
            *("periode apa", "periode berapa", "berapa sampai berapa", "berapa hingga berapa"),
            *("periode mana", "jangkauan waktu", "dan sampai kapan", ", dan sampai kapan"),
            *(f"{one} {link} {other}" for one in _EARLY for other in _LATE for link in ("dan",)),
        ),
        "covers": (
            *("mencakup", "meliputi", "tersedia", "tercakup", "tercatat", "periode", "mulai"),
            *("terekam", "dicatat", "ada", "dimulai", "merentang", "memuat"),
        ),
    },
    rules=(
        Rule("extent", ("extent",), lambda _sign: Ask("extent")),
        Rule("extent of the data", ("extent", "rows"), lambda *_signs: Ask("extent")),
        Rule("the data's extent", ("rows", "extent"), lambda *_signs: Ask("extent")),
        Rule("going by a time", ("going by", Clock), lambda _sign, clock: clock),
        Rule("what is covered", ("covers",), lambda _sign: Ask("covers"), cost=0.1),
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
