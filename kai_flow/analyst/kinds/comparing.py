"""Comparisons: two groups, or two periods, side by side."""

from collections.abc import Callable, Hashable, Iterable
from typing import Literal

from msgspec.structs import replace

from kai_flow.analyst.kinds.building import SIDE, amount, count
from kai_flow.analyst.kinds.kind import Element, Kind, Rule, Sample
from kai_flow.analyst.query.nodes import Function
from kai_flow.analyst.reading.parts import (
    Amount,
    Column,
    Compared,
    Computed,
    Item,
    Joined,
    Measured,
    Negated,
    Rows,
    Sign,
    Versus,
    Where,
    Within,
)
from kai_flow.analyst.reading.sides import contrast, sides_of, told_apart

Side = Column | Computed | Measured | Rows


def number_of(side: Side) -> Amount | None:
    """The number that a side names; rows are counted."""
    number = count(side) if isinstance(side, Rows) else amount(side)
    return number if isinstance(number, Amount) else None


def plain_count(number: Amount) -> bool:
    """Whether only rows are named: "orders from Jakarta"."""
    return number.function is Function.COUNT and number.of is None


def base(left: Amount, right: Amount) -> Amount | None:
    """The number that two sides share; the second one may name its rows only."""
    alike = _same(left) == _same(right)
    return replace(left, where=()) if alike or plain_count(right) else None


def subject(item: Item) -> Hashable | None:
    """What a filter is of, which two filters that are told apart have in common."""
    test = item.part.test if isinstance(item.part, Where) else None
    if isinstance(test, Negated):
        test = test.part
    match test:
        case Compared(Column(ref)):
            return ref
        case Compared(of):
            return of
        case Within():
            return Within
        case _:
            return None


def restricted(item: Item) -> Literal[True] | None:
    """Whether there are filters of its own on what may be one side of a comparison."""
    own = isinstance(item.part, Amount) and item.part.where
    return True if own or item.aside else None


def number_restricted(item: Item) -> Hashable | None:
    """The number that may be one side of a comparison, if there are filters of its own on it."""
    number = number_of(item.part) if restricted(item) and isinstance(item.part, Side) else None
    return None if number is None else _same(number)


def _same(number: Amount) -> Hashable:
    """What two numbers have in common that differ in nothing but their filters."""
    return number.function, number.of, number.table


def _axis(where: Where) -> str | None:
    """The time that a period is of, where words say so."""
    return where.test.time.axis if isinstance(where.test, Within) else None


def filters_apart(*, gap: str = "") -> Callable[..., Versus | None]:
    """Builds the sides of paid against unpaid, of Jakarta, Bandung and Medan."""

    def build(left: Where, *rest: Sign | Where) -> Versus | None:
        right = rest[-1]
        if not isinstance(right, Where) or not told_apart(left.test, right.test):
            return None
        if _axis(right) and not _axis(left):
            return None  # "paid orders in 2023 against orders in 2024"
        return Versus((left.test, right.test), gap=gap)

    return build


def _further(versus: Versus, _sign: Sign, more: Where) -> Versus | None:
    if not all(told_apart(side, more.test) for side in versus.sides):
        return None
    return replace(versus, sides=(*versus.sides, more.test))


def numbers_apart(*, loose: bool = False, gap: str = "") -> Callable[..., Versus | None]:
    """Builds the sides of orders paid in cash against orders paid by card."""

    def build(left: Side, *rest: Sign | Side) -> Versus | None:
        right = rest[-1]
        if isinstance(right, Sign):
            return None
        mine, theirs = number_of(left), number_of(right)
        if mine is None or theirs is None or not (mine.where and theirs.where):
            return None  # nothing tells the sides apart
        of = base(mine, theirs)
        if of is None:
            return None
        short = of != replace(theirs, where=())
        found = contrast(mine.where, theirs.where, short=short)
        if found is None:
            return None
        sides, shared = found
        return Versus(sides, replace(of, where=shared), loose=loose, gap=gap, twice=not short)

    return build


def _of_their_rows(build: Callable[..., Versus | None]) -> Callable[..., Versus | None]:
    """Builds the same sides where the second one names only the rows of the first one's number."""

    def built(left: Side, *rest: Sign | Rows | Amount) -> Versus | None:
        right = rest[-1]
        mine, theirs = number_of(left), None if isinstance(right, Sign) else number_of(right)
        if mine is None or theirs is None or not plain_count(theirs):
            return None
        return build(left, *rest) if _same(mine) != _same(theirs) else None

    return built


def _sides(
    name: str, signs: tuple[str, ...], build: Callable[..., Versus | None], cost: float = 0.0
) -> Iterable[Rule]:
    """Two sides of one number, with signs between them."""
    two: tuple[Element, ...] = (SIDE, *signs, SIDE)
    rows: tuple[Element, ...] = (SIDE, *signs, (Rows, Amount))
    of_rows = _of_their_rows(build)
    yield Rule(name, two, build, cost=cost, scoped=True, same=number_restricted)
    yield Rule(f"{name}, rows", rows, of_rows, cost=cost, scoped=True, same=restricted)


def _elliptic(left: Where, of: Side, _sign: Sign, right: Where) -> Versus | None:
    """The words "Jakarta stores versus Bandung"."""
    number = number_of(of)
    if number is None or not told_apart(left.test, right.test):
        return None
    return Versus((left.test, right.test), number)


def _several(_sign: Sign, where: Where) -> Versus | None:
    sides = sides_of(where.test)
    return Versus(sides) if sides else None


def _together(where: Where) -> Where | None:
    """In Bali and Banten combined: nothing is asked of each."""
    test = where.test
    if not isinstance(test, Compared | Joined) or not test.listed:
        return None
    return Where(replace(test, listed=False))


def _measured(*parts: Sign | Side | Versus | Where) -> Versus | None:
    """Bali against Banten in terms of total assets."""
    versus = next(part for part in parts if isinstance(part, Versus))
    of = next(number_of(p) for p in parts if not isinstance(p, Sign | Versus | Where))
    if of is None or (versus.of is not None and not plain_count(versus.of)):
        return None
    shared = versus.of.where if versus.of is not None else ()
    return replace(versus, of=replace(of, where=(*of.where, *shared)))


def _compared_in(_sign: Sign, where: Where, terms: Sign, of: Side) -> Versus | None:
    """Compare Bali and Banten in terms of total assets."""
    sides = sides_of(where.test)
    return _measured(Versus(sides), terms, of) if sides else None


def _rules() -> Iterable[Rule]:
    yield Rule("versus", (Where, "versus", Where), filters_apart(), same=subject)
    for asked in ("count", "value", "total"):
        yield Rule(f"and {asked}", (Where, "and", asked, Where), filters_apart(), same=subject)
    yield Rule("versus, again", (Versus, "versus", Where), _further)
    yield Rule("and versus", (Versus, "and", Where), _further)
    for sign, build, cost in (
        ("versus", numbers_apart(), 0.0),
        ("and", numbers_apart(), 0.3),
        ("or", numbers_apart(loose=True), 0.1),
    ):
        yield from _sides(f"numbers {sign}", (sign,), build, cost)
    yield Rule("noun between", (Where, SIDE, "versus", Where), _elliptic, cost=0.1, scoped=True)
    yield Rule("between", ("side by side", Where), _several)
    for sign in ("more", "higher", "dearer"):
        than = (sign, "versus")
        yield Rule(f"filters {sign} than", (Where, *than, Where), filters_apart(), same=subject)
        yield from _sides(f"sides {sign} than", than, numbers_apart())
    yield Rule("in terms of", (Versus, "in terms of", SIDE), _measured, cost=0.05)
    yield Rule("in a time, by", (Versus, Where, "in terms of", SIDE), _measured, 0.0, aside=True)
    yield Rule("terms first", ("in terms of", SIDE, Versus), _measured, cost=0.3)
    yield Rule("compared in", ("compare", Where, "in terms of", SIDE), _compared_in, scoped=True)
    yield Rule("how they did", ("how they did", Versus), lambda _sign, versus: versus, cost=-0.15)
    for sign in ("side by side", "apart", "between"):
        yield Rule(
            f"{sign} versus", (sign, Versus), lambda _s, versus: replace(versus, loose=False)
        )
        yield Rule(f"{sign}, rows", (sign, Rows), lambda _sign, rows: rows, cost=0.1)
    yield Rule("together", ("together", Where), lambda _sign, where: _together(where))
    yield Rule("values together", (Where, "together"), lambda where, _sign: _together(where))


KIND = Kind(
    "compare",
    "Side by side: Bali and Jawa Barat, 2023 against 2024.",
    english={
        "compare": (
            *("compare", "comparison of", "comparison", "compare between", "contrast"),
            *("side by side", "next to each other", "comparing"),
            *("comparison between",),
        ),
        "side by side": ("between", "compare between"),
        "how they did": ("how did", "how do", "how does", "how have", "how are", "how were"),
        "more": ("more", "fewer", "greater in number", "more numerous"),
        "higher": (
            *("higher", "larger", "greater", "bigger", "less", "lower", "smaller", "better"),
            "worse",
        ),
        "dearer": ("more expensive", "cheaper", "pricier", "costlier", "less expensive"),
        "each one": ("each", "of each", "for each"),
        "apiece": (
            *("respectively", "separately", "individually"),
            *("each one", "for both", "one by one"),
        ),
        "in terms of": (
            *("in terms of", "by", "based on", "according to", "as measured by", "measured by"),
            *("when it comes to", "with respect to", "with regard to", "regarding"),
        ),
        "together": ("together", "combined", "taken together", "in all", "in total", "altogether"),
    },
    indonesian={
        "compare": (
            *("bandingkan", "perbandingan", "banding", "membandingkan", "komparasi", "bandingin"),
            *("perbandingan antara", "berdampingan", "bandingkan antara"),
        ),
        "side by side": ("antara", "di antara"),
        "how they did": ("bagaimana", "bagaimana hasil", "bagaimana kinerja", "seperti apa"),
        "more": ("lebih banyak", "lebih sedikit", "lebih banyakan", "banyakan"),
        "higher": (
            *("lebih besar", "lebih tinggi", "lebih kecil", "lebih rendah", "lebih unggul"),
            *("lebih bagus", "lebih baik", "lebih gede", "lebih tinggian"),
        ),
        "dearer": ("lebih mahal", "lebih murah"),
        "apiece": (
            *("masing-masing", "masing masing", "masing-masingnya", "sendiri-sendiri"),
            *("secara terpisah", "satu per satu"),
        ),
        "in terms of": (
            *("berdasarkan", "menurut", "dari segi", "dari sisi", "dalam hal", "dilihat dari"),
            *("soal", "untuk urusan", "ditinjau dari", "dari"),
        ),
        "together": ("digabung", "gabungan", "bersama-sama", "secara gabungan", "kalau digabung"),
    },
    rules=tuple(_rules()),
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
