"""The best of things, whatever makes them the best; and further ways to say what comes first."""

from collections.abc import Callable

from msgspec.structs import replace

from kai_flow.analyst.kinds.building import amount
from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.kinds.ranking import plain, whole
from kai_flow.analyst.query.nodes import Function
from kai_flow.analyst.reading.parts import (
    ITS_NUMBER,
    MOST_OF,
    Amount,
    Ask,
    Calendar,
    Clock,
    Column,
    Compared,
    Figure,
    Has,
    Implied,
    Rank,
    Rows,
    Sign,
    Where,
    Within,
)

_PERFORM = ("performance", "performance overall")
_DOING = ("performing", "doing", "performs", "performed", "does", "did")
_KINERJA = (
    *("kinerja", "kinerjanya", "performa", "performanya", "prestasi", "prestasinya"),
    *("kerjanya", "hasil kerjanya", "pekerjaannya", "hasilnya", "pencapaiannya"),
)
_OKE = ("oke", "baik", "bagus", "hebat", "top", "unggul", "mantap", "keren", "kece", "moncer")
_TER = ("terbaik", "terbagus", "terhebat", "terunggul")
_PARAH = ("buruk", "jelek", "parah", "payah")

SCALES = {  # "how heavy is the heaviest": the adjective, and the number that both are of
    "how heavy": "weight",
    "how expensive": "price",
    "how far": "distance",
}


def _scaled(concept: str) -> Callable[..., Rank | None]:
    def build(_sign: Sign, rank: Rank) -> Rank | None:
        same = isinstance(rank.by, Amount) and rank.by.of == Implied(concept)
        return rank if same else None

    return build


def _often(sign: Sign, done: Where) -> Rank | None:
    """The words “Most often returned”: by the number of returns."""
    if not isinstance(done.test, Has):
        return None
    counted = Amount(Function.COUNT, None, done.test.table)
    return Rank(sign.name == "most frequent", by=counted)


def _most_that(sign: Sign, where: Where) -> Rank | None:
    """The words “The most damaged ones”: by the number of rows that are damaged."""
    if not isinstance(where.test, Compared):
        return None
    return Rank(sign.name.startswith("most"), by=MOST_OF)


def _on_average(rank: Rank, _sign: Sign) -> Rank | None:
    """The words “The most members on average”."""
    by = rank.by
    if not isinstance(by, Amount) or by.function not in {None, Function.SUM} or by.of is None:
        return None
    return replace(rank, by=replace(by, function=Function.AVERAGE))


def _unit_within(unit: Calendar, where: Where) -> Calendar | None:
    """The words “The month in 2024”."""
    return unit if isinstance(where.test, Within) else None


def _any_one(rank: Rank, *rest: Sign | Column | Rows) -> Rank | None:
    """The words “Highest revenue of a single cooperative”: that of the first of them."""
    of = next(part for part in rest if not isinstance(part, Sign))
    if rank.of is not None or not plain(rank):
        return None
    return replace(rank, of=of, count=1)


def _top(rank: Rank) -> Rank | None:
    """The words “Peringkat 5 besar”: no more than the first five."""
    return rank if rank.count is not None and rank.by is None and rank.descending else None


def _in_order(rank: Rank) -> Rank | None:
    """The words “Rank the members by loans”: all of them."""
    known = rank.by is not None and rank.of is not None and rank.count is None
    return replace(rank, whole=True) if known else None


def _most_of_kind(descending: bool) -> Callable[..., Rank]:
    """The words “Most diagnoses”: the diagnosis that is most frequent."""

    def build(*parts: Sign | Column) -> Rank:
        of = next(each for each in parts if isinstance(each, Column))
        return Rank(descending, by=Amount(Function.COUNT), of=of)

    return build


def _places(figure: Figure, _sign: Sign) -> Rank | None:
    """The words “5 besar”: the first five."""
    return Rank(descending=True, count=int(figure.value)) if whole(figure) else None


KIND = Kind(
    "best",
    "The best of things: of which number, is asked back. And the most frequent, the longest.",
    english={
        "and how many": ("and how many", "and how many times", "and how often"),
        "and how much": ("and how much", "and what is it", "and what", "and how much is it"),
        "best": (
            *("best", "top", "the top", "top performing", "best overall", "most successful"),
            *(f"{word} best" for word in _DOING),
            *(f"{word} the best" for word in _DOING),
            *("best performing", "best-performing", "top-performing", "the best overall"),
            *(f"{best} {word}" for best in ("best", "top", "strongest") for word in _PERFORM),
        ),
        "worst": (
            *("worst", "worst performing", "worst-performing", "least successful"),
            *(f"{word} worst" for word in _DOING),
            *(f"{word} the worst" for word in _DOING),
            *(f"{worst} {word}" for worst in ("worst", "weakest", "poorest") for word in _PERFORM),
        ),
        "longest serving": (
            *("longest serving", "longest-serving", "longest tenured", "most senior"),
            *("been here the longest", "been with us the longest", "worked here the longest"),
            *("with the company the longest", "in the company the longest"),
            *("working here the longest", "worked for us the longest", "with us the longest"),
            *("with us longest", "employed the longest", "worked the longest"),
        ),
        "how heavy": ("how heavy is", "how heavy was", "how heavy", "how much does"),
        "how expensive": ("how expensive is", "how expensive", "how much is", "how much does"),
        "how far": ("how far is", "how far was", "how far", "how long is"),
        "best rated": ("best rated", "highest rated", "top rated", "best-rated", "highest-rated"),
        "worst rated": ("worst rated", "lowest rated", "worst-rated", "lowest-rated"),
        "any one": ("a single", "any single", "any one", "any", "single", "one", "an individual"),
        "came first": ("first", "very first", "first ever"),
        "in order": ("rank", "rank all", "rank our", "ranking of", "sort", "sort all"),
        "came last": ("last", "latest", "most recently"),
        "on average": ("on average", "on the average"),
    },
    indonesian={
        "and how many": (
            *("dan berapa banyak", "dan berapa kali", "dan ada berapa", "n berapa banyak"),
            *("dan berapa jumlahnya", "dan jumlahnya berapa", "n jumlahnya", "n berapa kali"),
        ),
        "and how much": ("dan berapa", "dan berapa nilainya", "n berapa", "n berapa nilainya"),
        "best": (
            *("terbaik", "paling baik", "paling bagus", "terbagus", "terhebat", "paling hebat"),
            *("paling top", "paling oke", "paling unggul", "terunggul", "paling berprestasi"),
            *(f"paling {oke}" for oke in ("mantap", "keren", "kece", "moncer", "sukses")),
            *(f"{noun} paling {oke}" for noun in _KINERJA for oke in _OKE),
            *(f"paling {oke} {noun}" for noun in _KINERJA for oke in _OKE),
            *(f"{noun} {best}" for noun in _KINERJA for best in _TER),
            *(f"{best} {noun}" for noun in _KINERJA for best in _TER),
        ),
        "worst": (
            *("terburuk", "paling buruk", "terjelek", "paling jelek", "paling parah"),
            *(f"{noun} paling {bad}" for noun in _KINERJA for bad in _PARAH),
            *(f"paling {bad} {noun}" for noun in _KINERJA for bad in _PARAH),
            *(f"{noun} {worst}" for noun in _KINERJA for worst in ("terburuk", "terjelek")),
        ),
        "longest serving": (
            *("paling lama bekerja", "terlama bekerja", "bekerja paling lama", "paling senior"),
            *("masa kerjanya paling lama", "masa kerja terlama", "masa kerja paling lama"),
            *("kerja paling lama", "paling lama kerja", "yang paling lama bekerja"),
            *("kerjanya paling lama", "paling lama kerjanya", "bekerjanya paling lama"),
        ),
        "how heavy": ("seberapa berat", "berapa berat", "berapa kg", "beratnya berapa"),
        "how expensive": ("seberapa mahal",),
        "how far": ("seberapa jauh",),
        "great": ("besar",),
        "best rated": ("penilaian terbaik", "ulasan terbaik"),
        "worst rated": ("penilaian terburuk", "ulasan terburuk"),
        "longest ago": ("terlama", "paling lama"),
        "any one": ("satu", "salah satu"),
        "in order": ("urutkan", "peringkat", "ranking", "peringkatkan", "urutan"),
        "came first": ("pertama", "paling awal", "paling dulu", "pertama kali", "duluan"),
        "came last": ("terakhir", "paling akhir", "belakangan"),
        "on average": ("secara rata-rata", "rata-ratanya", "rata-rata"),
    },
    rules=(
        Rule("best", ("best",), lambda _sign: Rank(descending=True), cost=0.1),
        Rule("worst", ("worst",), lambda _sign: Rank(descending=False), cost=0.1),
        Rule(
            "longest serving",
            ("longest serving",),
            lambda _sign: Rank(descending=False, by=Clock("")),
        ),
        *(Rule(sign, (sign, Rank), _scaled(concept)) for sign, concept in SCALES.items()),
        *(
            Rule(f"{sign} done", (sign, Where), _often, cost=-0.1)
            for sign in ("most frequent", "least frequent")
        ),
        *(
            Rule(f"{sign} that", (sign, Where), _most_that, aside=True, tight=True)
            for sign in ("most", "fewest", "most frequent", "least frequent")
        ),
        Rule("top so many", ("top", Rank), lambda _s, rank: _top(rank), cost=0.02),
        Rule("first", ("came first",), lambda _sign: Rank(False, by=Clock("")), cost=0.15),
        Rule("in order", ("in order", Rank), lambda _sign, rank: _in_order(rank), cost=-0.05),
        Rule("longest ago done", ("longest ago", Clock), lambda _s, clock: Rank(False, by=clock)),
        Rule("done longest ago", (Clock, "longest ago"), lambda clock, _s: Rank(False, by=clock)),
        Rule("came first", (Clock, "came first"), lambda clock, _s: Rank(False, by=clock)),
        Rule("came last", (Clock, "came last"), lambda clock, _s: Rank(True, by=clock)),
        Rule("highest of any", (Rank, "any one", (Column, Rows)), _any_one, cost=0.1),
        *(
            rule
            for sign, descending in (("most", True), ("fewest", False))
            for rule in (
                Rule(f"{sign} of a kind", (sign, Column), _most_of_kind(descending), cost=0.25),
                Rule(  # "which city sells the most" is no city of which there are most
                    f"kind, {sign}",
                    (Column, sign),
                    _most_of_kind(descending),
                    cost=0.25,
                    plain=True,
                ),
            )
        ),
        Rule("best rated", ("best rated",), lambda _s: Rank(True, by=amount(Implied("score")))),
        Rule("worst rated", ("worst rated",), lambda _s: Rank(False, by=amount(Implied("score")))),
        Rule("longest ago", ("longest ago",), lambda _s: Rank(False, by=Clock("")), cost=0.1),
        Rule("so many great", (Figure, "great"), _places, tight=True),
        *(Rule(sign, (sign,), lambda sign: Ask(sign.name)) for sign in ITS_NUMBER),
        Rule("rank on average", (Rank, "on average"), _on_average),
        Rule("unit of a period", (Calendar, Where), _unit_within, cost=0.02, aside=True),
    ),
    samples=(
        Sample(
            "id",
            "Koperasi mana yang paling lama berdiri di Bali?",
            (
                "SELECT k.nama_koperasi FROM koperasi k"
                " JOIN provinsi p ON p.provinsi_id = k.provinsi_id"
                " WHERE p.nama_provinsi = 'Bali' ORDER BY k.tahun_berdiri, k.nama_koperasi LIMIT 1"
            ),
        ),
        Sample(
            "en",
            "Which island has the most members on average?",
            (
                "SELECT p.pulau FROM koperasi k JOIN provinsi p ON p.provinsi_id = k.provinsi_id"
                " GROUP BY 1 ORDER BY AVG(k.jumlah_anggota) DESC LIMIT 1"
            ),
        ),
    ),
)
