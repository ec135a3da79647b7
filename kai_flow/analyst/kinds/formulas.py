"""Formulas in words: quantity times unit price, assets minus founding capital."""

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from kai_flow.analyst.kinds.building import column_of
from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.query.nodes import Function
from kai_flow.analyst.reading.parts import (
    Amount,
    Column,
    Computed,
    Operation,
    Part,
    Quotient,
    Rows,
    Sign,
)

LINKS: Final = ("range", "to", "minus")
"""Signs between the two numbers of a difference."""


def _operation(parts: tuple[Part, ...], operator: str) -> Operation | None:
    """The formula of the two columns among some parts, if each row has both."""
    columns = [part for part in parts if isinstance(part, Column)]
    left, right = columns
    together = left.ref.table == right.ref.table and left.ref != right.ref
    return Operation(left, right, operator) if together and left.number and right.number else None


def _times(*parts: Part) -> Amount | None:
    """The sum of the products of every row."""
    of = _operation(parts, "*")
    return None if of is None else Amount(None, of)


def _plus(*parts: Part) -> Amount | None:
    """The sum of both: base pay plus allowances."""
    of = _operation(parts, "+")
    return None if of is None else Amount(None, of)


def _averaged(operator: str) -> Callable[..., Amount | None]:
    def build(*parts: Part) -> Amount | None:
        of = _operation(parts, operator)
        return None if of is None else Amount(Function.AVERAGE, of)

    return build


def _of_formula(_sign: Sign, of: Amount) -> Amount | None:
    """The average of a formula that stands there."""
    return replace(of, function=Function.AVERAGE) if _plain(of) else None


def _plain(of: Part) -> bool:
    """Whether it is a formula of which nothing says how it is aggregated."""
    return isinstance(of, Amount) and isinstance(of.of, Operation) and of.function is None


def _same_ratio(name: Quotient, formula: Quotient) -> Quotient | None:
    """Price per night (total price divided by nights)."""
    same = all(
        (one.of, one.table) == (other.of, other.table)
        and (one.function in {None, other.function} or other.function is None)
        for one, other in ((name.top, formula.top), (name.bottom, formula.bottom))
    )
    return formula if same else None


def _defined(*parts: Part) -> Amount | None:
    """Total revenue (quantity times unit price): what is meant by the number before."""
    name, of = parts[0], parts[-1]
    if not isinstance(of, Amount) or not isinstance(of.of, Operation) or not _plain(of):
        return None
    table = of.of.left.ref.table
    match name:
        case Computed() if name.table == table:
            return of
        case Rows() if name.table == table:
            return of
        case Amount(function, Computed(_, where)) if where == table:
            return replace(of, function=function)
        case _:
            return None


def _same(column: Column, other: Column) -> Column | None:
    """A column that is named twice: "jumlah (quantity)", "square metre of floor area"."""
    return column if column.ref == other.ref else None


def _unit_of(_sign: Sign, column: Column) -> Column | None:
    """A unit of floor area: one of what the column measures."""
    return column if column.number else None


def _difference_rules() -> list[Rule]:
    average = _averaged("-")
    return [
        rule
        for link in LINKS
        for rule in (
            Rule(
                f"average difference, {link}",
                ("average", "difference", Column, link, Column),
                average,
            ),
            Rule(
                f"average difference, {link}, apart",
                ("average", "difference", "apart", Column, link, Column),
                average,
            ),
            Rule(
                f"difference of averages, {link}",
                ("difference", "average", Column, link, Column),
                average,
                cost=0.02,
            ),
        )
    ]


KIND = Kind(
    "formulas",
    "One number of a row times or minus another: quantity times unit price.",
    english={
        "times": ("times", "multiplied by", "x", "*"),
        "plus": ("+", "added to", "plus"),
        "unit of": ("unit of", "one unit of"),
        "that is": ("i e", "that is", "namely", "=", "defined as", "calculated as", "meaning"),
    },
    indonesian={
        "times": ("dikali", "kali", "dikalikan", "dikalikan dengan", "x", "*"),
        "plus": ("+", "ditambah", "plus"),
        "unit of": ("satuan",),
        "that is": ("yaitu", "yakni", "artinya", "dihitung sebagai", "adalah", "alias"),
    },
    rules=(
        Rule("times", (Column, "times", Column), _times),
        Rule("plus", (Column, "plus", Column), _plus, cost=0.35),
        Rule("total plus", ("total", Column, "plus", Column), _plus),
        Rule("average plus", ("average", Column, "plus", Column), _averaged("+")),
        Rule("minus, averaged", (Column, "minus", Column, "average"), _averaged("-")),
        Rule("ratio named twice", (Quotient, Quotient), _same_ratio),
        Rule("ratio defined", (Quotient, "that is", Quotient), lambda n, _s, f: _same_ratio(n, f)),
        Rule("average of a formula", ("average", Amount), _of_formula),
        Rule(
            "formula, averaged", (Amount, "average"), lambda of, sign: _of_formula(sign, of), 0.02
        ),
        Rule("average, minus", ("average", Column, "minus", Column), _averaged("-")),
        *_difference_rules(),
        Rule("defined", ((Computed, Amount, Rows), Amount), _defined),
        Rule("defined as", ((Computed, Amount, Rows), "that is", Amount), _defined),
        Rule("unit of", ("unit of", Column), _unit_of, tight=True),
        Rule("named twice", (Column, Column), _same, makes=Column, same=column_of),
    ),
    samples=(
        Sample(
            "en",
            "total assets times number of members by type",
            "SELECT jenis_koperasi, SUM(total_aset * jumlah_anggota) FROM koperasi GROUP BY 1",
        ),
        Sample(
            "id",
            "Total aset kali jumlah anggota per jenis koperasi",
            "SELECT jenis_koperasi, SUM(total_aset * jumlah_anggota) FROM koperasi GROUP BY 1",
        ),
        Sample(
            "en",
            "average difference between total assets and founding capital by type",
            "SELECT jenis_koperasi, AVG(total_aset - modal_awal) FROM koperasi GROUP BY 1",
        ),
    ),
)
