"""Differences of two numbers."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import ClassVar

from msgspec import structs
from sqlglot import exp

from kai_flow.analyst.kinds.building import NOUN, NUMBER, SIDE, amount, count, mixed, two_amounts
from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.query.calculation import Calculation
from kai_flow.analyst.query.measure import Asking, Measure, Saying
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
    Rows,
    Sign,
    Values,
    Where,
)


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


def _gap(*parts: "Sign | Column | Computed | Measured | Rows") -> Gap | None:
    found = two_amounts(parts)
    if len(found) != 2 or found[0] == found[1] or mixed(*found):
        return None
    return Gap(found[0], found[1])


def _extremes(*parts: "Sign | Column | Computed") -> Gap | None:
    """The difference between the highest and the lowest price."""
    of = next(part for part in parts if not isinstance(part, Sign))
    return Gap(Amount(Function.MAXIMUM, of), Amount(Function.MINIMUM, of))


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


def _gap_of_values(*parts: "Sign | Column | Computed | Measured | Rows | Values") -> Gap | None:
    """The difference in units between Bandung and Bogor."""
    *_, values = parts
    found = two_amounts(tuple(part for part in parts if not isinstance(part, Values)))
    if not isinstance(values, Values) or len(values.values) != 2 or len(found) != 1:
        return None
    sides = [
        replace(found[0], where=(*found[0].where, Compared(values.column, Operator.EQUAL, (one,))))
        for one in values.values
    ]
    return Gap(sides[0], sides[1])


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


KIND = Kind(
    "difference",
    "Differences of two numbers: the gap in revenue between 2023 and 2024.",
    english={
        "difference": (
            "difference between",
            "difference",
            "difference in",
            "gap between",
            "gap in",
        ),
        "minus": ("minus", "less", "-"),
        "apart": ("between", "from"),
    },
    indonesian={
        "difference": ("selisih", "selisih antara", "perbedaan", "perbedaan antara", "beda"),
        "minus": ("dikurangi", "minus", "-"),
        "apart": ("antara", "dari"),
    },
    rules=(
        Rule("difference", ("difference", NUMBER, "range", NUMBER), _gap, scoped=True),
        Rule("minus", (NUMBER, "minus", NUMBER), _gap, cost=0.02, scoped=True),
        *_difference_rules(),
    ),
    samples=(
        Sample(
            "en",
            "What is the difference between the highest and the lowest founding capital?",
            "SELECT MAX(modal_awal) - MIN(modal_awal) FROM koperasi",
        ),
        Sample(
            "id",
            "Selisih pendapatan tahun 2024 dan 2023",
            """SELECT SUM(CASE tahun_buku WHEN 2024 THEN pendapatan ELSE -pendapatan END)
            FROM laporan_tahunan WHERE tahun_buku IN (2023, 2024)""",
        ),
    ),
)
