"""Ratios and differences of two numbers."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import ClassVar

from msgspec import structs
from sqlglot import exp

from kai_flow.analyst.kinds.building import NOUN, NUMBER, amount, count
from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.query.calculation import Calculation
from kai_flow.analyst.query.measure import Measure, Saying
from kai_flow.analyst.query.naming import Results
from kai_flow.analyst.query.nodes import Aggregate, Filter, Function, Operator
from kai_flow.analyst.query.trees import divided
from kai_flow.analyst.query.units import same
from kai_flow.analyst.query.window import Window
from kai_flow.analyst.reading.parts import (
    Amount,
    Column,
    Compared,
    Computed,
    Gap,
    Measured,
    Quotient,
    Rows,
    Sign,
    Values,
    Where,
)

SIDE = (*NUMBER, Rows)


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

    def unit(self, units: Sequence[str]) -> str:
        return "%" if self.percent else same(*units)

    def in_percent(self) -> Measure:
        return structs.replace(self, percent=True)

    def as_amount(self) -> tuple[Measure, Filter | None]:
        return structs.replace(self, percent=False), None


def _two(parts: "tuple[Sign | Column | Computed | Measured | Rows, ...]") -> list[Amount]:
    sides = [part for part in parts if not isinstance(part, Sign)]
    numbers = [count(part) if isinstance(part, Rows) else amount(part) for part in sides]
    return [number for number in numbers if isinstance(number, Amount)]


def _ratio(*parts: "Sign | Column | Computed | Measured | Rows") -> Quotient | None:
    found = _two(parts)
    if len(found) != 2 or found[0] == found[1] or _mixed(*found):
        return None
    return Quotient(found[0], found[1])


def _ratio_of_parts(_s: Sign, one: Where, _to: Sign, other: Where, rows: Rows) -> Quotient:
    """The ratio of paid to unpaid orders."""
    top, bottom = (Amount(Function.COUNT, None, rows.table, (part.test,)) for part in (one, other))
    return Quotient(top, bottom)


def _percentage(*parts: "Sign | Column | Computed | Measured | Rows") -> Quotient | None:
    found = _ratio(*parts)
    return None if found is None else replace(found, percent=True)


def _gap(*parts: "Sign | Column | Computed | Measured | Rows") -> Gap | None:
    found = _two(parts)
    if len(found) != 2 or found[0] == found[1] or _mixed(*found):
        return None
    return Gap(found[0], found[1])


def _mixed(left: Amount, right: Amount) -> bool:
    """Whether only one of two columns is averaged or the like: "average assets minus capital"."""
    sides = {left.function, right.function}
    plain = left.of is not None and right.of is not None and None in sides
    return plain and bool(sides & {Function.AVERAGE, Function.MEDIAN})


def _count_per(top: Amount, rows: Rows) -> Quotient | None:
    """The average number of orders per customer: orders by customers that have some."""
    if top.function is not Function.COUNT or top.of is not None or top.table == rows.table:
        return None
    return Quotient(top, Amount(Function.DISTINCT, None, rows.table))


def _per_column(*parts: Sign | Column | Computed | Measured) -> Quotient | None:
    """Assets per member, average assets per member: all assets by all members."""
    of, column = (part for part in parts if not isinstance(part, Sign))
    top = amount(of)
    if not isinstance(top, Amount) or top.function in {Function.AVERAGE, Function.MEDIAN}:
        return None
    return Quotient(top, Amount(None, column)) if isinstance(column, Column) else None


def _average_per(*parts: Sign | Column | Computed | Amount | Rows) -> Quotient | None:
    """Average revenue per order: all revenue by all orders, if an order is what it is made of."""
    of, rows = (part for part in parts if not isinstance(part, Sign))
    if not isinstance(rows, Rows):
        return None
    if isinstance(of, Rows | Amount) and not (isinstance(of, Amount) and of.of is not None):
        return _count_per(count(of) if isinstance(of, Rows) else of, rows)
    if isinstance(of, Amount):
        adds = of.function in {None, Function.SUM, Function.COUNT}
        top = of if adds else None
    else:
        top = Amount(None, of)
    below = Amount(Function.COUNT, None, rows.table)
    return None if top is None else Quotient(top, below, each=True)


def _extremes(*parts: "Sign | Column | Computed") -> Gap | None:
    """The difference between the highest and the lowest price."""
    of = next(part for part in parts if not isinstance(part, Sign))
    return Gap(Amount(Function.MAXIMUM, of), Amount(Function.MINIMUM, of))


def _gap_of_values(*parts: "Sign | Column | Computed | Measured | Rows | Values") -> Gap | None:
    """The difference in units between Bandung and Bogor."""
    *_, values = parts
    found = _two(tuple(part for part in parts if not isinstance(part, Values)))
    if not isinstance(values, Values) or len(values.values) != 2 or len(found) != 1:
        return None
    sides = [
        replace(found[0], where=(*found[0].where, Compared(values.column, Operator.EQUAL, (one,))))
        for one in values.values
    ]
    return Gap(sides[0], sides[1])


def _per_rules() -> Iterable[Rule]:
    """What one of some rows has on average: "how many units does an order contain"."""
    counted = (Amount, Rows)
    for name, of, cost in (("count", counted, -0.1), ("number", NOUN, -0.05)):
        yield Rule(f"average {name} per", ("average", of, "per", Rows), _average_per, cost)
        yield Rule(f"{name} per, on average", (of, "per", Rows, "average"), _average_per, cost)
        yield Rule(f"{name} averaged, per", (of, "average", "per", Rows), _average_per, cost)
    for place, has in (("", ()), (" that has", ("contain",))):
        some = ("count", (*NOUN, Rows))
        for name, pattern in (
            (f"how many in one{place}", (*some, "one", Rows, *has, "average")),
            (f"average in one{place}", ("average", *some, "one", Rows, *has)),
            (f"one on average{place}", ("one", Rows, "average", *has, *some)),
            (f"on average one{place}", ("average", "one", Rows, *has, *some)),
        ):
            yield Rule(name, pattern, _in_one, cost=-0.1)


def _in_one(*parts: Sign | Column | Computed | Rows) -> Quotient | None:
    """What one order has on average, whichever is named first."""
    at = next(at for at, part in enumerate(parts) if part == Sign("one"))
    rows = parts[at + 1]
    of = next(part for part in parts if not isinstance(part, Sign) and part is not rows)
    return _average_per(of, rows)


def _difference_rules() -> Iterable[Rule]:
    """Differences of extremes, of the same number for two filters, and of two values."""
    for high, low in (("highest", "lowest"), ("maximum", "minimum")):
        for one, other in ((high, low), (low, high)):
            for link in ("range", "and"):
                name = f"{one} {link} {other}"
                yield Rule(name, ("difference", one, link, other, NOUN), _extremes)
                yield Rule(f"{name} after", ("difference", NOUN, one, link, other), _extremes)
                both = ("difference", one, NOUN, link, other, NOUN)
                yield Rule(f"{name} of both", both, _same_extremes)
    for link in ("range", "and", "versus"):
        yield Rule(
            f"difference, {link}", ("difference", SIDE, Where, link, Where), _gap_of, cost=0.02
        )
        yield Rule(
            f"difference apart, {link}",
            ("difference", SIDE, "apart", Where, link, Where),
            _gap_of,
        )
    yield Rule("difference of values", ("difference", SIDE, "apart", Values), _gap_of_values)
    yield Rule("difference of two values", ("difference", SIDE, Values), _gap_of_values, 0.02)


def _same_extremes(*parts: "Sign | Column | Computed") -> Gap | None:
    nouns = [part for part in parts if not isinstance(part, Sign)]
    return _extremes(nouns[0]) if nouns[0] == nouns[1] else None


def _gap_of(_sign: Sign, of: Column | Computed | Amount | Rows, *rest: Sign | Where) -> Gap | None:
    """The difference in revenue between 2023 and 2024: the first named minus the second."""
    left, right = (part.test for part in rest if isinstance(part, Where))
    number = count(of) if isinstance(of, Rows) else amount(of)
    if not isinstance(number, Amount):
        return None
    return Gap(
        Amount(number.function, number.of, number.table, (*number.where, left)),
        Amount(number.function, number.of, number.table, (*number.where, right)),
    )


KIND = Kind(
    "ratio",
    "Ratios and differences of two numbers: revenue divided by members.",
    english={
        "in percent of": (
            *("as a percentage of", "as a percent of", "as percentage of", "as a share of"),
            *("in percent of", "as a proportion of", "as % of"),
        ),
        "ratio": ("ratio of", "ratio", "ratio between"),
        "divided by": ("divided by", "over", "/", "relative to", "as a ratio of"),
        "difference": (
            "difference between",
            "difference",
            "difference in",
            "gap between",
            "gap in",
        ),
        "minus": ("minus", "less", "-"),
        "apart": ("between", "from"),
        "one": ("a", "an", "one", "each", "every", "a single"),
        "contain": (
            *("contain", "contains", "have", "has", "hold", "holds", "include", "includes"),
            *("consist of", "consists of", "comprise", "place", "places", "bring in", "bring"),
        ),
    },
    indonesian={
        "in percent of": (
            "sebagai persentase dari",
            "dalam persen dari",
            "dibanding dengan persen",
        ),
        "ratio": ("rasio", "perbandingan", "rasio antara", "perbandingan antara"),
        "divided by": ("dibagi", "dibagi dengan", "/", "terhadap"),
        "difference": ("selisih", "selisih antara", "perbedaan", "perbedaan antara", "beda"),
        "minus": ("dikurangi", "minus", "-"),
        "apart": ("antara", "dari"),
        "one": ("satu", "sebuah", "seorang", "setiap", "tiap", "suatu"),
        "contain": ("berisi", "memuat", "terdiri dari", "punya", "memiliki", "mempunyai", "isinya"),
    },
    rules=(
        Rule("ratio", ("ratio", SIDE, "to", SIDE), _ratio, scoped=True),
        Rule("percentage of", (SIDE, "in percent of", SIDE), _percentage, scoped=True),
        Rule("ratio of parts", ("ratio", Where, "to", Where, Rows), _ratio_of_parts),
        Rule("divided", (SIDE, "divided by", SIDE), _ratio, scoped=True),
        Rule("difference", ("difference", NUMBER, "range", NUMBER), _gap, scoped=True),
        Rule("minus", (NUMBER, "minus", NUMBER), _gap, cost=0.02, scoped=True),
        Rule("per", (NUMBER, "per", Column), _per_column, cost=0.08),
        Rule("average per column", ("average", NUMBER, "per", Column), _per_column, cost=0.05),
        *_per_rules(),
        *_difference_rules(),
    ),
    samples=(
        Sample(
            "en",
            "Total assets divided by number of members",
            "SELECT 1.0 * SUM(total_aset) / SUM(jumlah_anggota) FROM koperasi",
        ),
        Sample(
            "id",
            "Selisih pendapatan tahun 2024 dan 2023",
            """SELECT SUM(CASE tahun_buku WHEN 2024 THEN pendapatan ELSE -pendapatan END)
            FROM laporan_tahunan WHERE tahun_buku IN (2023, 2024)""",
        ),
    ),
)
