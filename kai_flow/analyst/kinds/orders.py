"""Orders of everything that is listed: sorted from the oldest, cheapest first, from A to Z."""

from itertools import product

from msgspec.structs import replace

from kai_flow.analyst.kinds.building import DIMENSION, MEASURED, NUMBER, amount
from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.query.nodes import Function
from kai_flow.analyst.reading.parts import (
    MOST_OF,
    Amount,
    Clock,
    Column,
    Computed,
    Dimension,
    Implied,
    Measured,
    Part,
    Rank,
    Sign,
    Some,
    Sort,
)


def _all_of(*parts: Part) -> Rank | None:
    """The words “Sorted from the oldest”: all of them, and not the oldest alone."""
    rank = next(part for part in parts if isinstance(part, Rank))
    plain = rank.by in {None, MOST_OF} or rank.count is not None
    return None if plain else replace(rank, whole=True)


def _put_first(rank: Rank, _sign: Sign) -> Rank | None:
    """The words “Most expensive first”; in “units sold, most first”, no unit is a maximum."""
    extreme = isinstance(rank.by, Amount) and rank.by.function in {
        Function.MAXIMUM,
        Function.MINIMUM,
    }
    return None if extreme else _all_of(rank)


def _set_in_order(_sign: Sign, rank: Rank) -> Rank | None:
    """The words “Order newest first”; an order that is the newest is a row."""
    return rank if rank.whole else None


def _in_order_of(
    _verb: Sign, of: Dimension | Some, _by: Sign, number: "Rank | Measured"
) -> Rank | None:
    """The words “Sort the stores by number of sales”, “Sort the stores by highest sales”."""
    rank = number if isinstance(number, Rank) else Rank(descending=True, by=number)
    if rank.by is None or rank.count is not None or rank.of is not None:
        return None
    if isinstance(of, Some):
        return replace(rank, of=of.of, count=of.count)
    return replace(rank, of=of, whole=True)


def _whole_way(rank: Rank, sort: Sort) -> Rank | None:
    """The words “Rank the regions from worst to best”, before what that goes by."""
    if rank.by is not None or rank.count is not None or sort.by is not None or sort.names:
        return None
    return (
        None if sort.descending is None else replace(rank, descending=sort.descending, whole=True)
    )


def _by_highest(
    _verb: Sign, of: Dimension, _by: Sign, *parts: "Sign | Column | Computed | Measured"
) -> Rank:
    """The words “Sort the stores by highest sales”: by all of them, and by no single sale."""
    noun = next(part for part in parts if not isinstance(part, Sign))
    way = next(part for part in parts if isinstance(part, Sign))
    return Rank(way.name in UP, by=amount(noun), of=of, whole=True)


def _up_to(rank: Rank, _sign: Sign, last: Rank) -> Rank | None:
    """The words “From the oldest to the youngest”: the second end adds nothing."""
    opposite = rank.descending != last.descending and rank.count is None and last.count is None
    return _all_of(rank) if opposite else None


def _price(sign: Sign) -> Sort:
    return Sort(amount(Implied("price")), sign.name == "dear to cheap")


def _age(sign: Sign) -> Rank:
    return Rank(sign.name == "new to old", by=Clock(""), whole=True)


def _way(_sorting: Sign, way: Sign) -> Sort:
    """The words “Sorted from the largest”."""
    return Sort(None, way.name in UP)


def _ends(*parts: Sign) -> Sort | None:
    """The words “From most to fewest”."""
    first, last = (part.name in UP for part in parts if part.name in {*UP, *DOWN})
    return Sort(None, first) if first != last else None


def _first(*parts: Sign | Some) -> Some | None:
    """The words “The first 20 customers”, where an order is said apart."""
    some = next(part for part in parts if isinstance(part, Some))
    return replace(some, first=True)


def _names(sign: Sign) -> Sort:
    return Sort(None, sign.name == "backwards", names=True)


UP = ("highest", "most")
DOWN = ("lowest", "fewest")

_SORTING = (
    *("urutkan", "diurutkan", "urut", "terurut", "urutan", "urutannya", "disusun", "urutin"),
    *("diurutin", "diurut", "sortir", "disortir", "urutkanlah"),
)
_FROM = ("dari", "dari yang", "mulai dari", "mulai dari yang", "dimulai dari yang", "mulai yang")


def _from(superlatives: tuple[str, ...]) -> tuple[str, ...]:
    sorting = ("", *(f"{each} " for each in _SORTING), "mulai ", "dimulai ")
    return tuple(f"{each}dari yang {most}" for each in sorting for most in superlatives)


KIND = Kind(
    "orders",
    "The order of a list: sorted from the oldest, cheapest first, from A to Z.",
    english={
        "sorting": (
            *("sorted", "ordered", "arranged", "listed", "sort", "arrange", "ordering"),
            *("sorted by", "ordered by", "order by", "sort by", "sort them", "sort it"),
            *("sorted from", "ordered from", "sort from", "sort them by", "sort it by"),
            *("sorted from the", "ordered from the", "sorted by the", "ordered by the"),
            *("sort by the", "order by the", "in order from the", "in order from", "ranked from"),
            *("arranged from", "arranged by", "ranked from the", "ranked by", "sorting by"),
        ),
        "set in order": ("order",),
        "in order of": ("by", "by the", "according to", "based on", "from", "from the"),
        "starting": (
            *("starting with", "starting with the", "starting from", "starting from the"),
            *("beginning with", "beginning with the", "starting at", "starting at the"),
        ),
        "put first": ("first", "on top", "at the top", "come first", "comes first", "up top"),
        "descending": (
            *("from high to low", "high to low", "from big to small", "big to small"),
            *("from most to least", "most to least", "in descending order", "descending order"),
            *("in decreasing order", "decreasing", "from large to small", "largest to smallest"),
        ),
        "ascending": (
            *("from low to high", "low to high", "from small to big", "small to big"),
            *("from least to most", "least to most", "in ascending order", "ascending order"),
            *("in increasing order", "increasing", "from small to large"),
        ),
        "new to old": (
            *("from new to old", "new to old", "newest to oldest", "latest to earliest"),
            *("in reverse chronological order", "reverse chronological order"),
        ),
        "old to new": ("from old to new", "old to new", "oldest to newest", "earliest to latest"),
        "from": ("from", "from the"),
        "far end": ("to", "to the", "down to", "down to the", "up to the"),
        "alphabetical": (
            *("alphabetically", "in alphabetical order", "alphabetical order", "alphabetical"),
            *("sorted alphabetically", "ordered alphabetically", "listed alphabetically"),
            *("from a to z", "a to z", "a-z", "a - z", "sorted a to z", "sorted from a to z"),
            *("by alphabet", "in order of name", "sorted a-z", "alphabetised", "alphabetized"),
        ),
        "backwards": (
            *("in reverse alphabetical order", "reverse alphabetical order", "from z to a"),
            *("z to a", "z-a", "z - a", "reverse alphabetically"),
        ),
    },
    indonesian={
        "sorting": (
            *_SORTING,
            *(f"{sorting} {start}" for sorting in _SORTING for start in _FROM),
            *("urut berdasarkan", "diurutkan berdasarkan", "urutkan berdasarkan yang"),
            *("diurutkan berdasarkan yang", "diurutkan menurut yang", "urutkan yang"),
        ),
        "from": _FROM,
        "in order of": ("berdasarkan", "menurut", "berdasar", *_FROM),
        "starting": (*_FROM[1:], "dimulai dari", "dimulai yang"),
        "put first": (
            *("dulu", "duluan", "dahulu", "terlebih dahulu", "lebih dulu", "lebih dahulu"),
            *("di atas", "paling atas", "di urutan pertama", "di urutan teratas", "di awal"),
        ),
        "descending": (
            *("dari besar ke kecil", "besar ke kecil", "dari tinggi ke rendah", "tinggi ke rendah"),
            *("dari banyak ke sedikit", "secara menurun", "dari yang besar ke yang kecil"),
        ),
        "ascending": (
            *("dari kecil ke besar", "kecil ke besar", "dari rendah ke tinggi", "rendah ke tinggi"),
            *("dari sedikit ke banyak", "secara menaik", "dari yang kecil ke yang besar"),
        ),
        "dear to cheap": (
            *_from(("termahal", "paling mahal")),
            *("dari mahal ke murah", "dari yang mahal ke yang murah", "dari yang mahal"),
        ),
        "cheap to dear": (
            *_from(("termurah", "paling murah")),
            *("dari murah ke mahal", "dari yang murah ke yang mahal", "dari yang murah"),
        ),
        "new to old": ("dari baru ke lama", "dari yang baru ke yang lama", "baru ke lama"),
        "old to new": ("dari lama ke baru", "dari yang lama ke yang baru", "lama ke baru"),
        "far end": (
            *("ke", "ke yang", "sampai", "sampai yang", "hingga", "hingga yang", "sampai ke"),
            *("sampai ke yang", "hingga ke yang"),
        ),
        "alphabetical": (
            *("sesuai abjad", "menurut abjad", "berdasarkan abjad", "urut abjad", "secara abjad"),
            *("diurutkan sesuai abjad", "diurutkan menurut abjad", "diurutkan berdasarkan abjad"),
            *("urutkan sesuai abjad", "urutkan menurut abjad", "urutkan berdasarkan abjad"),
            *("sesuai urutan abjad", "dari a sampai z", "dari a ke z", "a sampai z", "a-z"),
            *("urut alfabet", "sesuai alfabet", "menurut alfabet", "secara alfabetis", "abjad"),
            *("berdasarkan alfabet", "urutan abjad", "dari a hingga z", "diurutkan dari a ke z"),
            *("diurutkan dari a sampai z", "urutkan dari a sampai z", "urutkan dari a ke z"),
            *("a - z", "diurutkan a-z", "urut a-z", "diurutkan secara alfabetis", "alfabetis"),
        ),
        "backwards": ("dari z sampai a", "dari z ke a", "z-a", "z - a", "dari z hingga a"),
    },
    rules=(
        Rule("sorted from", ("sorting", Rank), _all_of, cost=-0.05),
        Rule("set in order", ("set in order", Rank), _set_in_order, cost=-0.05),
        Rule("starting with", ("starting", Rank), _all_of),
        Rule(
            "in order of",
            ("put in order", (*DIMENSION, Some), "in order of", Rank),
            _in_order_of,
            cost=-0.1,
        ),
        Rule(
            "in order of so many",
            ("put in order", DIMENSION, "in order of", MEASURED),
            _in_order_of,
        ),
        *(
            Rule(
                f"in order of the {way}",
                ("put in order", DIMENSION, "in order of", *number),
                _by_highest,
                cost=-0.4,
            )
            for way in (*UP, *DOWN)
            for number in ((way, NUMBER), (NUMBER, way))
        ),
        Rule("ranked in a direction", (Rank, Sort), _whole_way),
        Rule("put first", (Rank, "put first"), _put_first, cost=-0.15, tight=True),
        *(
            Rule(f"sorted from the {sign}", ("sorting", sign), _way, tight=True)
            for sign in (*UP, *DOWN)
        ),
        *(
            Rule(f"from {one} to {other}", (*start, one, "far end", other), _ends, tight=True)
            for one, other in (*product(UP, DOWN), *product(DOWN, UP))
            for start in (("sorting",), ("from",), ())
        ),
        *(Rule(sign, (sign,), _price) for sign in ("dear to cheap", "cheap to dear")),
        *(Rule(sign, (sign,), _age) for sign in ("new to old", "old to new")),
        Rule("the first so many", ("came first", Some), _first, cost=0.1, tight=True),
        Rule("so many, first", (Some, "came first"), _first, cost=0.1, tight=True),
        Rule("from one end to the other", (Rank, "far end", Rank), _up_to, cost=-0.05),
        Rule("alphabetical", ("alphabetical",), _names),
        Rule("backwards", ("backwards",), _names),
        *(
            Rule(f"names, {sign}", (sign, Sort), lambda _s, sort: sort if sort.names else None)
            for sign in ("sorting", "set in order")
        ),
    ),
    samples=(
        Sample(
            "en",
            "List the cooperatives in Bali founded after 2020, newest first",
            (
                "SELECT k.nama_koperasi, k.tahun_berdiri FROM koperasi k"
                " JOIN provinsi p ON p.provinsi_id = k.provinsi_id"
                " WHERE p.nama_provinsi = 'Bali' AND k.tahun_berdiri > 2020"
                " ORDER BY 2 DESC, 1"
            ),
        ),
        Sample(
            "id",
            "Daftar provinsi di Sumatra, urut abjad",
            "SELECT nama_provinsi FROM provinsi WHERE pulau = 'Sumatra' ORDER BY 1",
            ordered=True,
        ),
    ),
)
