"""Orders of everything that is listed: sorted from the oldest, cheapest first, from A to Z."""

from dataclasses import replace

from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.reading.parts import Part, Rank, Sign, Sort


def _all_of(*parts: Part) -> Rank | None:
    """The words “Sorted from the oldest”: all of them, and not the oldest alone."""
    rank = next(part for part in parts if isinstance(part, Rank))
    return replace(rank, whole=True) if rank.by is not None and rank.count is None else None


def _up_to(rank: Rank, _sign: Sign, last: Rank) -> Rank | None:
    """The words “From the oldest to the youngest”: the second end adds nothing."""
    opposite = rank.descending != last.descending and rank.count is None and last.count is None
    return _all_of(rank) if opposite else None


def _names(sign: Sign) -> Sort:
    return Sort(None, sign.name == "backwards", names=True)


_SORTING = ("urutkan", "diurutkan", "urut", "terurut", "urutan", "urutannya", "disusun")
_FROM = ("dari", "dari yang", "mulai dari", "mulai dari yang", "dimulai dari yang", "mulai yang")

KIND = Kind(
    "orders",
    "The order of a list: sorted from the oldest, cheapest first, from A to Z.",
    english={
        "sorting": (
            *("sorted", "ordered", "arranged", "listed", "sort", "order", "arrange", "ordering"),
            *("sorted by", "ordered by", "order by", "sort by", "sort them", "sort it"),
            *("sorted from", "ordered from", "sort from", "sort them by", "sort it by"),
            *("sorted from the", "ordered from the", "sorted by the", "ordered by the"),
            *("sort by the", "order by the", "in order from the", "in order from", "ranked from"),
            *("arranged from", "arranged by", "ranked from the", "ranked by", "sorting by"),
        ),
        "starting": (
            *("starting with", "starting with the", "starting from", "starting from the"),
            *("beginning with", "beginning with the", "starting at", "starting at the"),
        ),
        "put first": ("first", "on top", "at the top", "come first", "comes first", "up top"),
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
        "starting": (*_FROM[1:], "dimulai dari", "dimulai yang"),
        "put first": (
            *("dulu", "duluan", "dahulu", "terlebih dahulu", "lebih dulu", "lebih dahulu"),
            *("di atas", "paling atas", "di urutan pertama", "di urutan teratas", "di awal"),
        ),
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
        Rule("starting with", ("starting", Rank), _all_of),
        Rule("put first", (Rank, "put first"), _all_of, cost=0.02, tight=True),
        Rule("from one end to the other", (Rank, "far end", Rank), _up_to, cost=-0.05),
        Rule("alphabetical", ("alphabetical",), _names),
        Rule("backwards", ("backwards",), _names),
        Rule("names, sorted", ("sorting", Sort), lambda _s, sort: sort if sort.names else None),
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
