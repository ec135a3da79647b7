"""Differences of two numbers: of two columns, or of one for two groups or periods."""

from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar

from msgspec import structs
from msgspec.structs import replace
from sqlglot import exp

from kai_flow.analyst.kinds.building import NOUN, NUMBER, SIDE, mixed, two_amounts
from kai_flow.analyst.kinds.comparing import Side, filters_apart, numbers_apart
from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.query.calculation import Calculation
from kai_flow.analyst.query.measure import Asking, Measure, Saying
from kai_flow.analyst.query.naming import Results
from kai_flow.analyst.query.nodes import Aggregate, Filter, Function
from kai_flow.analyst.query.trees import divided
from kai_flow.analyst.query.units import same
from kai_flow.analyst.query.window import Window
from kai_flow.analyst.reading.parts import Amount, Column, Computed, Gap, Sign, Versus, Where


class Difference(Calculation, frozen=True, tag=True, kw_only=True):
    """One aggregate minus another."""

    left: Aggregate
    right: Aggregate
    percent: bool = False
    """In percent of ``right``: how much more the left one is."""

    signed: ClassVar[bool] = True

    def number(self, found: Sequence[exp.Expr], window: Window) -> exp.Expr:
        gap = exp.Sub(this=found[0], expression=found[1])
        return divided(gap, found[1].copy(), window.dialect, 100) if self.percent else gap

    def name(self, names: Results) -> str:
        name = f"difference_in_{names.what(self.left)}"
        return f"{name}_in_percent" if self.percent else name

    def printed(self, aggregate: Callable[[Aggregate], str]) -> str:
        percent = "percent " if self.percent else ""
        return f"{percent}{aggregate(self.left)} - {aggregate(self.right)}"

    def said(self, say: Saying) -> str:
        left, right = say.aggregate(self.left), say.aggregate(self.right)
        if not self.percent:
            return f"{left} {say.pick('dikurangi', 'minus')} {right}"
        return say.pick(
            f"selisih {left} terhadap {right} (dalam persen)",
            f"change from the {right} to the {left} (in percent)",
        )

    def asked(self, ask: Asking) -> str:
        left, right = ask.aggregate(self.left), ask.aggregate(self.right)
        text = ask.pick(f"selisih {left} dan {right}", f"difference between {left} and {right}")
        return f"{text} {ask.pick('dalam persen', 'in percent')}" if self.percent else text

    def unit(self, units: Sequence[str]) -> str:
        return "%" if self.percent else same(*units)

    def in_percent(self) -> Measure:
        return structs.replace(self, percent=True)

    def as_amount(self) -> tuple[Measure, Filter | None]:
        return structs.replace(self, percent=False), None


LESS = numbers_apart(gap="how much more")
"""Builds the sides of "orders from Bali minus orders from Banten"."""


def _gap(left: Side, sign: Sign, right: Side) -> Gap | None:
    """Revenue minus cost; two sides of one number are a comparison."""
    found = two_amounts((left, right))
    if len(found) != 2 or found[0] == found[1] or mixed(*found):
        return None
    if LESS(left, sign, right) is not None or _lopsided(*found):
        return None
    one, other = found
    return Gap(one, other if other.where else replace(other, where=one.where))


def _lopsided(left: Amount, right: Amount) -> bool:
    """Whether one number is restricted, and the other one is the same of everything."""
    plain = replace(left, where=()) == replace(right, where=())
    return plain and bool(left.where) is not bool(right.where)


def _subtracted(_sign: Sign, less: Side, sign: Sign, whole: Side) -> Versus | Gap | None:
    """Subtract last year's orders from this year's."""
    return LESS(whole, sign, less) or _gap(whole, sign, less)


def _more_than(sign: Sign, left: Side, _than: Sign, right: Side) -> Versus | Gap | None:
    """How many more orders than customers there are."""
    sides = numbers_apart(gap=sign.name)(left, sign, right)
    if sides is not None or sign.name == "percent more":
        return sides
    return _gap(right, sign, left) if sign.name == "how much less" else _gap(left, sign, right)


def _of_sides(sign: Sign, sides: Versus) -> Versus | None:
    return (
        None if sides.gap or len(sides.sides) != 2 else replace(sides, gap=sign.name, loose=False)
    )


def _extremes(*parts: "Sign | Column | Computed") -> Gap | None:
    """The difference between the highest and the lowest price."""
    of = next(part for part in parts if not isinstance(part, Sign))
    return Gap(Amount(Function.MAXIMUM, of), Amount(Function.MINIMUM, of))


def _same_extremes(*parts: "Sign | Column | Computed") -> Gap | None:
    nouns = [part for part in parts if not isinstance(part, Sign)]
    return _extremes(nouns[0]) if nouns[0] == nouns[1] else None


def _rules() -> Iterable[Rule]:
    for high, low in (("highest", "lowest"), ("maximum", "minimum")):
        for one, other in ((high, low), (low, high)):
            for link in ("range", "and"):
                name = f"{one} {link} {other}"
                yield Rule(name, ("difference", one, link, other, NOUN), _extremes)
                yield Rule(f"{name} after", ("difference", NOUN, one, link, other), _extremes)
                both = ("difference", one, NOUN, link, other, NOUN)
                yield Rule(f"{name} of both", both, _same_extremes)
    for link in ("range", "versus"):
        yield Rule(
            f"difference, {link}",
            ("difference", NUMBER, link, NUMBER),
            lambda _sign, left, link, right: _gap(left, link, right),
            scoped=True,
        )
    for sign in ("difference", "how much more", "how much less", "percent more"):
        yield Rule(f"{sign}, sides", (sign, Versus), _of_sides)
    for sign in ("how much more", "how much less", "percent more"):
        wheres, sides = filters_apart(gap=sign), numbers_apart(gap=sign)
        yield Rule(f"{sign} of both", (sign, SIDE, "than", SIDE), _more_than, scoped=True)
        yield Rule(f"filters, {sign}", (Where, sign, Where), wheres, cost=0.1)
        yield Rule(f"filters, {sign} than", (Where, sign, "versus", Where), wheres)
        yield Rule(f"sides, {sign}", (SIDE, sign, SIDE), sides, cost=0.1, scoped=True)
        yield Rule(f"sides, {sign} than", (SIDE, sign, "versus", SIDE), sides, scoped=True)
    yield Rule("subtract", ("subtract", SIDE, "apart", SIDE), _subtracted, scoped=True)
    yield Rule("minus", (NUMBER, "minus", NUMBER), _gap, cost=0.02, scoped=True)
    yield Rule("sides, minus", (SIDE, "minus", SIDE), LESS, cost=-0.1, scoped=True)
    yield Rule(
        "filters, minus", (Where, "minus", Where), filters_apart(gap="how much more"), cost=-0.3
    )


KIND = Kind(
    "difference",
    "Differences: revenue minus cost, how many more orders in 2024 than in 2023.",
    english={
        "difference": (
            *("difference between", "difference", "difference in", "gap between", "gap in", "gap"),
            *("difference of", "differential between", "spread between"),
        ),
        "how much more": (
            *(
                "how many more",
                "how much more",
                "how much higher",
                "how much larger",
                "by how much",
            ),
            *("how much greater", "how much bigger", "by how much more", "by how many more"),
            *("by how many",),
        ),
        "how much less": (
            *("how many fewer", "how much less", "how much lower", "how much smaller"),
            *("how many less", "by how much less"),
        ),
        "percent more": (
            *("how many percent more", "what percentage higher", "by what percentage"),
            *("by how many percent", "how many percent higher", "what percent higher"),
            *("what percentage more", "by what percent", "how much percent more"),
        ),
        "minus": ("minus", "less", "-"),
        "subtract": ("subtract", "deduct", "take"),
        "apart": ("between", "from"),
    },
    indonesian={
        "difference": (
            *("selisih", "selisih antara", "perbedaan", "perbedaan antara", "beda", "bedanya"),
            *("selisihnya", "beda antara", "berapa selisih", "berapa beda", "berapa bedanya"),
            *("berapa selisihnya", "selisih berapa", "beda berapa"),
        ),
        "how much more": (
            *("berapa lebih banyak", "lebih banyak berapa", "berapa lebih besar"),
            *("berapa lebih tinggi", "lebih besar berapa", "lebih tinggi berapa"),
            *("seberapa lebih banyak", "seberapa lebih besar", "berapa banyak lebih banyak"),
        ),
        "how much less": (
            *("berapa lebih sedikit", "lebih sedikit berapa", "berapa lebih kecil"),
            *("berapa lebih rendah", "lebih rendah berapa", "lebih kecil berapa"),
        ),
        "percent more": (
            *("berapa persen lebih banyak", "lebih banyak berapa persen", "berapa persen lebih"),
            *("berapa persen lebih tinggi", "lebih tinggi berapa persen", "selisih persentase"),
            *("berapa persen lebih besar", "lebih besar berapa persen", "selisih berapa persen"),
        ),
        "minus": ("dikurangi", "minus", "-", "dikurangi dengan", "kurang"),
        "subtract": ("kurangkan", "kurangi"),
        "apart": ("antara", "dari"),
    },
    rules=tuple(_rules()),
    samples=(
        Sample(
            "id",
            "Selisih pendapatan tahun 2024 dan 2023",
            """SELECT SUM(CASE tahun_buku WHEN 2024 THEN pendapatan ELSE -pendapatan END)
            FROM laporan_tahunan WHERE tahun_buku IN (2023, 2024)""",
        ),
        Sample(
            "en",
            "How many more cooperatives are there in Banten than in Bali?",
            """SELECT SUM(nama_provinsi = 'Banten') - SUM(nama_provinsi = 'Bali')
            FROM koperasi k JOIN provinsi p ON p.provinsi_id = k.provinsi_id""",
        ),
    ),
)
