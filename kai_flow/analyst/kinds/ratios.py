"""Ratios of two numbers."""

from msgspec.structs import replace

from kai_flow.analyst.kinds.building import SIDE, count, mixed, two_amounts
from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.query.nodes import Function
from kai_flow.analyst.reading.parts import (
    Amount,
    Column,
    Compared,
    Computed,
    Measured,
    Quotient,
    Rows,
    Sign,
    Where,
)
from kai_flow.analyst.reading.sides import told_apart


def _ratio(*parts: "Sign | Column | Computed | Measured | Rows") -> Quotient | None:
    found = two_amounts(parts)
    if len(found) != 2 or found[0] == found[1] or mixed(*found) or _averaged(*found):
        return None
    return Quotient(found[0], found[1])


def _averaged(top: Amount, bottom: Amount) -> bool:
    """Whether one of both is an average, and the other one only counts rows."""
    sides = {top.function, bottom.function}
    return bool(sides & {Function.AVERAGE, Function.MEDIAN}) and Function.COUNT in sides


def _ratio_of_parts(_s: Sign, one: Where, _to: Sign, other: Where, rows: Rows) -> Quotient:
    """The ratio of paid to unpaid orders."""
    top, bottom = (Amount(Function.COUNT, None, rows.table, (part.test,)) for part in (one, other))
    return Quotient(top, bottom)


def _ratio_of_values(*parts: Sign | Where) -> Quotient | None:
    """The ratio of boys to girls: of the rows of the table that has this column."""
    tests = [part.test for part in parts if isinstance(part, Where)]
    columns = [test.of for test in tests if isinstance(test, Compared)]
    if len(columns) != 2 or columns[0] != columns[1] or not isinstance(columns[0], Column):
        return None
    table = columns[0].ref.table
    top, bottom = (Amount(Function.COUNT, None, table, (test,)) for test in tests)
    return None if columns[0].role else Quotient(top, bottom)


def _ratio_of_ones(_s: Sign, rows: Amount | Rows, _to: Sign, ones: Where) -> Quotient | None:
    """The ratio of paid orders to unpaid ones: of the same rows."""
    top = count(rows) if isinstance(rows, Rows) else rows
    if top.function is not Function.COUNT or top.of is not None or len(top.where) != 1:
        return None
    if not told_apart(top.where[0], ones.test):
        return None
    return Quotient(top, replace(top, where=(ones.test,)))


def _same_sort(*parts: "Sign | Column | Computed | Measured | Rows") -> Quotient | None:
    """The ratio of two amounts, or of two numbers of rows: no return is a part of revenue."""
    found = _ratio(*parts)
    if found is None or (found.top.of is None) is not (found.bottom.of is None):
        return None
    return found


def _of_totals(_sign: Sign, of: Quotient) -> Quotient | None:
    """An average of ratios is the ratio of totals, if they are no averages themselves."""
    plain = {of.top.function, of.bottom.function} <= {None, Function.SUM, Function.COUNT}
    return of if plain and not of.each else None


def _percentage(*parts: "Sign | Column | Computed | Measured | Rows") -> Quotient | None:
    found = _same_sort(*parts)
    return None if found is None else replace(found, percent=True)


KIND = Kind(
    "ratio",
    "Ratios of two numbers: revenue divided by members.",
    english={
        "in percent of": (
            *("as a percentage of", "as a percent of", "as percentage of", "as a share of"),
            *("in percent of", "as a proportion of", "as % of", "out of all", "out of the"),
            *("as a fraction of", "as percent of", "as share of", "in % of", "as a % of"),
        ),
        "ratio": ("ratio of", "ratio", "ratio between"),
        "divided by": ("divided by", "over", "/", "relative to", "as a ratio of"),
    },
    indonesian={
        "in percent of": (
            "sebagai persentase dari",
            *("dalam persen dari", "sebagai persen dari", "dalam % dari", "sebagai bagian dari"),
            "dibanding dengan persen",
        ),
        "ratio": ("rasio", "perbandingan", "rasio antara", "perbandingan antara"),
        "divided by": ("dibagi", "dibagi dengan", "/", "terhadap", "thd", "trhdp"),
    },
    rules=(
        Rule("ratio", ("ratio", SIDE, "to", SIDE), _ratio, scoped=True),
        Rule("average of a ratio", ("average", Quotient), _of_totals, cost=0.1),
        Rule("ratio after", (SIDE, "to", SIDE, "ratio"), _same_sort, cost=0.05, scoped=True),
        Rule("percentage of", (SIDE, "in percent of", SIDE), _percentage, scoped=True),
        Rule("ratio of parts", ("ratio", Where, "to", Where, Rows), _ratio_of_parts),
        Rule("ratio of ones", ("ratio", (Amount, Rows), "to", Where), _ratio_of_ones, scoped=True),
        Rule("ratio of two values", ("ratio", Where, "to", Where), _ratio_of_values, cost=0.05),
        Rule("two values' ratio", (Where, "to", Where, "ratio"), _ratio_of_values, cost=0.05),
        Rule("divided", (SIDE, "divided by", SIDE), _ratio, scoped=True),
    ),
    samples=(
        Sample(
            "en",
            "Total assets divided by number of members",
            "SELECT 1.0 * SUM(total_aset) / SUM(jumlah_anggota) FROM koperasi",
        ),
        Sample(
            "id",
            "Rasio total aset terhadap jumlah anggota",
            "SELECT 1.0 * SUM(total_aset) / SUM(jumlah_anggota) FROM koperasi",
        ),
    ),
)
