"""Ratios and differences of two numbers."""

from kai_flow.analyst.kinds.building import NUMBER, amount, count
from kai_flow.analyst.kinds.kind import Kind, Rule
from kai_flow.analyst.query.nodes import Function
from kai_flow.analyst.reading.parts import (
    Amount,
    Column,
    Computed,
    Gap,
    Measured,
    Quotient,
    Rows,
    Sign,
    Where,
)

SIDE = (*NUMBER, Rows)


def _two(parts: "tuple[Sign | Column | Computed | Measured | Rows, ...]") -> list[Amount]:
    sides = [part for part in parts if not isinstance(part, Sign)]
    numbers = [count(part) if isinstance(part, Rows) else amount(part) for part in sides]
    return [number for number in numbers if isinstance(number, Amount)]


def _ratio(*parts: "Sign | Column | Computed | Measured | Rows") -> Quotient | None:
    found = _two(parts)
    return Quotient(found[0], found[1]) if len(found) == 2 and found[0] != found[1] else None


def _gap(*parts: "Sign | Column | Computed | Measured | Rows") -> Gap | None:
    found = _two(parts)
    return Gap(found[0], found[1]) if len(found) == 2 and found[0] != found[1] else None


def _per(_sign: Sign, top: Amount, _per: Sign, rows: Rows) -> Quotient | None:
    """The average number of orders per customer: orders by customers that have some."""
    if top.function is not Function.COUNT or top.of is not None or top.table == rows.table:
        return None
    return Quotient(top, Amount(Function.DISTINCT, None, rows.table))


def _per_column(of: Column | Computed | Measured, _per: Sign, column: Column) -> Quotient | None:
    """Assets per member: all assets by all members."""
    top = amount(of)
    return Quotient(top, Amount(None, column)) if isinstance(top, Amount) else None


def _gap_of(_sign: Sign, of: Column | Computed | Amount, *rest: Sign | Where) -> Gap | None:
    """The difference in revenue between 2023 and 2024: the first named minus the second."""
    left, right = (part.test for part in rest if isinstance(part, Where))
    number = amount(of)
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
    },
    indonesian={
        "ratio": ("rasio", "perbandingan", "rasio antara", "perbandingan antara"),
        "divided by": ("dibagi", "dibagi dengan", "/", "terhadap"),
        "difference": ("selisih", "selisih antara", "perbedaan", "perbedaan antara", "beda"),
        "minus": ("dikurangi", "minus", "-"),
        "apart": ("antara", "dari"),
    },
    rules=(
        Rule("ratio", ("ratio", SIDE, "to", SIDE), _ratio, scoped=True),
        Rule("divided", (SIDE, "divided by", SIDE), _ratio, scoped=True),
        Rule("difference", ("difference", NUMBER, "range", NUMBER), _gap, scoped=True),
        Rule("minus", (NUMBER, "minus", NUMBER), _gap, cost=0.02, scoped=True),
        Rule("per", (NUMBER, "per", Column), _per_column, cost=0.08),
        Rule("average count per", ("average", Amount, "per", Rows), _per, cost=-0.1),
        Rule("difference of", ("difference", NUMBER, "apart", Where, "range", Where), _gap_of),
    ),
)
