"""Rankings: the top 5, the cheapest, which has the most."""

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from kai_flow.analyst.kinds.building import DIMENSION, NUMBER, amount, count
from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.query.nodes import Function
from kai_flow.analyst.reading.parts import (
    Amount,
    Calendar,
    Clock,
    Column,
    Computed,
    Dimension,
    Figure,
    Implied,
    Limit,
    Measured,
    Rank,
    Rows,
    Sign,
    Some,
)

IMPLIED = {  # sign: (concept, descending)
    "cheapest": ("price", False),
    "most expensive": ("price", True),
    "best-selling": ("quantity", True),
    "worst-selling": ("quantity", False),
    "youngest": ("age", False),
    "oldest in years": ("age", True),
    "heaviest": ("weight", True),
    "lightest": ("weight", False),
    "farthest": ("distance", True),
    "nearest": ("distance", False),
    "highest paid": ("salary", True),
    "most profitable": ("profit", True),
}


def _some(figure: Figure, of: Dimension) -> Some | None:
    """A whole number of things; a year or a price before a noun is no number of things."""
    return Some(of, int(figure.value)) if whole(figure) else None


def _one(figure: Figure, rows: Rows) -> Rows | None:
    """The words “One order”; the first order is a certain one."""
    return rows if figure.value == 1 and not figure.ordinal else None


def whole(figure: Figure) -> bool:
    """Whether a figure can be a number of places."""
    plain = not (figure.percent or figure.unit or figure.ordinal)
    return plain and figure.value == int(figure.value) and 1 <= figure.value <= 1000


def _top(descending: bool) -> Callable[..., Rank | None]:
    def build(*parts: Sign | Some | Figure | Column | Rows) -> Rank | None:
        thing = next((part for part in parts if not isinstance(part, Sign)), None)
        if isinstance(thing, Some):
            return Rank(descending, thing.count, None, thing.of)
        if isinstance(thing, Figure):
            return Rank(descending, int(thing.value)) if whole(thing) else None
        return Rank(descending, None, None, thing)

    return build


def _counted(figure: Figure, rank: Rank) -> Rank | None:
    if rank.count is not None or not whole(figure):
        return None
    return replace(rank, count=int(figure.value))


def plain(rank: Rank) -> bool:
    """Whether a rank is no more than "the highest" of a number that a row or group has."""
    return (
        rank.count is None
        and isinstance(rank.by, Amount)
        and rank.by.function in {None, Function.COUNT, Function.SUM}
        and isinstance(rank.by.of, Column | Computed)
    )


def _after(rank: Rank, of: Dimension) -> Rank | None:
    """The highest price of any product asks for the price, and is no rank."""
    return None if plain(rank) else _of(rank, of)


def _of(rank: Rank, of: Dimension) -> Rank | None:
    if isinstance(rank.by, Clock) and isinstance(of, Calendar):
        return None  # "last month" is a period
    return replace(rank, of=of) if rank.of is None else None


def _of_some(rank: Rank, some: Some) -> Rank | None:
    if rank.of is not None or rank.count is not None:
        return None
    if isinstance(rank.by, Clock) and isinstance(some.of, Calendar):
        return None
    return replace(rank, of=some.of, count=some.count)


def _limit(_sign: Sign, figure: Figure) -> Limit | None:
    """So many rows; "only 2024" is a year."""
    return None if 1900 <= figure.value <= 2100 else Limit(int(figure.value))


def rank_by(rank: Rank, *rest: "Sign | Column | Computed | Measured | Rows") -> Rank | None:
    """The rank by a number that is named after it; None if it goes by another one."""
    by = rest[-1]
    if isinstance(by, Sign) or not (rank.by is None or _implied_only(rank)):
        return None
    sold = rank.by == amount(Implied("quantity"))
    return replace(rank, by=count(by) if isinstance(by, Rows) else amount(by), sold=sold)


def _implied_only(rank: Rank) -> bool:
    """Whether an adjective alone says what it goes by: "best-selling", which may be by revenue."""
    return isinstance(rank.by, Amount) and isinstance(rank.by.of, Implied)


def _rules() -> Iterable[Rule]:
    for sign, descending in (("top", True), ("bottom", False)):
        build = _top(descending)
        yield Rule(f"{sign} things", (sign, Some), build)
        yield Rule(f"{sign} number", (sign, Figure), build, cost=0.02)
        yield Rule(f"{sign} thing", (sign, DIMENSION), build, cost=0.02)
        yield Rule(f"things {sign}", (Some, sign), build)
        yield Rule(f"number {sign}", (Figure, sign), build, cost=0.05)
        yield Rule(f"thing {sign}", (DIMENSION, sign), build, cost=0.05)
    for sign, descending in (("highest", True), ("lowest", False)):
        build = _top(descending)
        yield Rule(f"{sign} things", (sign, Some), build, cost=0.02)
        yield Rule(f"{sign} rows", (sign, Rows), build, cost=0.05)
        yield Rule(f"rows {sign}", (Rows, sign), build, cost=0.1)
        yield Rule(f"{sign} number", (sign, Figure), build, cost=0.1)
        yield Rule(f"some {sign}", (Some, sign), build, cost=0.1)
    for sign, descending in (("most", True), ("fewest", False)):
        yield Rule(f"{sign} rows", (sign, Rows), _most(descending))
        yield Rule(f"rows, {sign}", (Rows, sign), _most(descending), tight=True)
    for sign, (concept, descending) in IMPLIED.items():
        yield Rule(sign, (sign,), _implied(concept, descending))
    for sign, descending in (("most frequent", True), ("least frequent", False)):
        yield Rule(sign, (sign,), _frequent(descending))
    for sign, descending in (("newest", True), ("oldest", False)):
        yield Rule(sign, (sign,), _timed(descending))


def _most(descending: bool) -> Callable[..., Rank]:
    """The words “The most cooperatives”: by their number."""

    def build(*parts: Sign | Rows) -> Rank:
        return Rank(descending, by=count(next(each for each in parts if isinstance(each, Rows))))

    return build


def _implied(concept: str, descending: bool) -> Callable[..., Rank]:
    def build(_sign: Sign) -> Rank:
        return Rank(descending, by=amount(Implied(concept)))

    return build


def _frequent(descending: bool) -> Callable[..., Rank]:
    def build(_sign: Sign) -> Rank:
        return Rank(descending, by=Amount(Function.COUNT))

    return build


def _timed(descending: bool) -> Callable[..., Rank]:
    def build(_sign: Sign) -> Rank:
        return Rank(descending, by=Clock(""))

    return build


KIND = Kind(
    "ranking",
    "The first of an order: the top 5 provinces by revenue, the cheapest product.",
    english={
        "top": ("top", "the top", "rank", "best", "leading", "highest ranking", "most"),
        "bottom": ("bottom", "worst"),
        "cheapest": ("cheapest", "least expensive", "lowest priced"),
        "most expensive": ("most expensive", "priciest", "dearest", "costliest"),
        "best-selling": ("best-selling", "best selling", "most sold", "bestselling", "top selling"),
        "worst-selling": ("worst-selling", "worst selling", "least sold", "slowest selling"),
        "youngest": ("youngest",),
        "heaviest": ("heaviest",),
        "lightest": ("lightest",),
        "farthest": ("farthest", "furthest"),
        "nearest": ("nearest", "closest"),
        "highest paid": ("highest paid", "best paid", "top earning"),
        "most profitable": ("most profitable",),
        "newest": ("newest", "latest", "most recent", "last"),
        "oldest": ("oldest", "earliest"),
        "most frequent": (
            *("most frequent", "most common", "most often", "most frequently", "most commonly"),
            "commonest",
            *("most popular", "favourite", "favorite", "most used", "most widely used"),
            *("busiest", "most active"),
            *("used most", "used the most", "chosen most", "most chosen", "chosen the most"),
        ),
        "least frequent": (
            "least popular",
            "least frequent",
            *("quietest", "least busy", "least active", "least used"),
            "least common",
            "least often",
            "rarest",
        ),
        "ranked by": ("by", "ranked by", "in terms of", "with", "according to", "based on", "for"),
        "rows": ("rows", "records", "results", "entries"),
        "limit": ("limit", "limit to", "only", "first"),
    },
    indonesian={
        "top": (
            "top",
            "teratas",
            "terbaik",
            "paling baik",
            "paling bagus",
            "terhebat",
            "peringkat",
            "tertinggi",
            "utama",
            "ranking",
        ),
        "bottom": ("terbawah", "terburuk", "paling buruk", "terjelek", "terendah", "bottom"),
        "cheapest": ("termurah", "paling murah"),
        "most expensive": ("termahal", "paling mahal"),
        "best-selling": (
            *("terlaris", "paling laris", "paling laku", "terlaku", "paling banyak terjual"),
            *("terjual paling banyak", "paling banyak dijual", "terbanyak terjual"),
        ),
        "worst-selling": (
            *("paling tidak laku", "kurang laku", "paling tidak laris", "paling sedikit terjual"),
            *("terjual paling sedikit", "paling sedikit dijual", "paling sedikit laku"),
            *("tersedikit terjual", "paling sepi peminat"),
        ),
        "youngest": ("termuda", "paling muda"),
        "oldest in years": ("paling tua",),
        "heaviest": ("terberat", "paling berat"),
        "lightest": ("teringan", "paling ringan"),
        "farthest": ("terjauh", "paling jauh"),
        "nearest": ("terdekat", "paling dekat"),
        "highest paid": ("bergaji tertinggi", "gaji tertinggi"),
        "most profitable": ("paling menguntungkan",),
        "newest": ("terbaru", "paling baru", "terakhir", "paling akhir"),
        "oldest": ("tertua", "paling awal", "pertama"),
        "most frequent": (
            "paling populer",
            "terpopuler",
            "terfavorit",
            "paling sering",
            "tersering",
            "paling umum",
            "paling kerap",
            *("paling sibuk", "tersibuk", "paling ramai", "teramai", "paling aktif", "teraktif"),
            *("paling banyak digunakan", "paling banyak dipakai", "paling banyak dipilih"),
            *("terbanyak digunakan", "terbanyak dipakai", "paling diminati", "paling digemari"),
        ),
        "least frequent": ("paling jarang", "terjarang", "paling sepi", "tersepi"),
        "ranked by": ("berdasarkan", "menurut", "dengan", "dari segi", "dari sisi", "dalam hal"),
        "rows": ("baris", "data", "datanya"),
        "limit": ("batasi", "hanya"),
    },
    rules=(
        Rule("some", (Figure, DIMENSION), _some),
        Rule("one", (Figure, Rows), _one),
        *_rules(),
        Rule("so many of a rank", (Figure, Rank), _counted),
        Rule("rank so many", (Rank, Figure), lambda rank, f: _counted(f, rank), cost=0.2),
        Rule("rank of", (Rank, DIMENSION), _after),
        Rule("of the rank", (DIMENSION, Rank), lambda of, rank: _of(rank, of)),
        Rule("rank of some", (Rank, Some), _of_some),
        Rule("some of the rank", (Some, Rank), lambda some, rank: _of_some(rank, some)),
        Rule("rank by", (Rank, "ranked by", NUMBER), rank_by),
        Rule("rank by rows", (Rank, "ranked by", Rows), rank_by, cost=0.1),
        Rule("rank by, plain", (Rank, NUMBER), rank_by, cost=0.1),
        Rule("limit", ("limit", Figure), _limit, cost=0.1),
        Rule("limit rows", (Figure, "rows"), lambda f, _s: Limit(int(f.value))),
    ),
    samples=(
        Sample(
            "id",
            "Tampilkan top 5 provinsi dengan rata-rata modal awal koperasi tertinggi",
            (
                "SELECT p.nama_provinsi, AVG(k.modal_awal) FROM koperasi k"
                " JOIN provinsi p ON p.provinsi_id = k.provinsi_id"
                " GROUP BY 1 ORDER BY 2 DESC LIMIT 5"
            ),
            ordered=True,
        ),
        Sample(
            "en",
            "Which province has the most cooperatives?",
            (
                "SELECT p.nama_provinsi, COUNT(*) FROM koperasi k"
                " JOIN provinsi p ON p.provinsi_id = k.provinsi_id"
                " GROUP BY 1 ORDER BY 2 DESC LIMIT 1"
            ),
        ),
    ),
)
