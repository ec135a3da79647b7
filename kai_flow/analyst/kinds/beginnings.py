"""When things began: new customers per year, who joined first, since when there is data."""

from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.reading.parts import Clock, New, Rank, Rows, Sign, Where


def _rows_first(rows: Rows, _with: Sign, *rest: Sign | Clock) -> Rank:
    """The words "Customers with the earliest registration date"."""
    axis = next(part.axis for part in rest if isinstance(part, Clock))
    newest = any(isinstance(part, Sign) and part.name == "newest" for part in rest)
    return Rank(newest, by=Clock(axis), of=rows)


_IN_ORDER = (
    *("sorted from", "ordered from", "arranged from", "listed from", "in order from"),
    *("sort from", "order from", "sorted starting from", "in order starting from"),
    *("in order starting with", "sort them from", "sorted by month from"),
)
_FROM_JANUARY = (
    *(
        f"{start} {month}"
        for start in ("starting with", "beginning with", *_IN_ORDER)
        for month in ("january", "jan", "the first month", "the month of january")
    ),
    *(
        f"{start} january {to} december"
        for start in _IN_ORDER
        for to in ("to", "through", "until", "down to")
    ),
)
"""An order of months from the first of a year on, which says no period."""

_DARI_JANUARI = tuple(
    f"{sorting} {start}{month}"
    for sorting in ("urut", "urutkan", "diurutkan", "terurut", "disusun", "diurut", "urutannya")
    for start in ("", "dari ", "mulai ", "mulai dari ", "dimulai dari ", "sejak ")
    for month in (
        *("januari", "bulan januari", "bulan pertama", "awal tahun"),
        *(
            f"{bulan}januari {sampai} {bulan}desember"
            for bulan in ("", "bulan ")
            for sampai in ("sampai", "hingga", "ke", "sampai ke")
        ),
    )
)
"""The same in Indonesian."""

KIND = Kind(
    "beginnings",
    "When things began: new customers per year, who joined first.",
    english={
        "new": ("new", "newly"),
        "newest": ("most recently", "last of all"),
        "oldest": ("very first", "first ever", "the very first"),
        "most frequent": ("busiest", "most active"),
        "old to new": _FROM_JANUARY,
    },
    indonesian={
        "new": ("baru",),
        "old to new": _DARI_JANUARI,
        "oldest": ("pertama kali", "paling pertama", "paling senior"),
        "most frequent": ("paling ramai", "teramai", "paling sibuk", "tersibuk", "paling padat"),
    },
    rules=(
        Rule("new", ("new",), lambda _sign: Where(New()), cost=0.15),
        *(
            rule
            for sign in ("newest", "oldest")
            for rule in (
                Rule(f"rows with {sign} time", (Rows, "having one", sign, Clock), _rows_first),
                Rule(f"rows with time {sign}", (Rows, "having one", Clock, sign), _rows_first),
            )
        ),
    ),
    samples=(
        Sample(
            "en",
            "New cooperatives per year since 2020",
            "SELECT tahun_berdiri, COUNT(*) FROM koperasi WHERE tahun_berdiri >= 2020 GROUP BY 1",
        ),
        Sample(
            "id",
            "Jumlah koperasi baru tahun 2023",
            "SELECT COUNT(*) FROM koperasi WHERE tahun_berdiri = 2023",
        ),
    ),
)
