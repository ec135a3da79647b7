"""What one of several things has: assets per member, units per order, on average or not."""

from collections.abc import Iterable

from kai_flow.analyst.kinds.building import NOUN, NUMBER, SINGLE, amount, count
from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.query.nodes import Function
from kai_flow.analyst.reading.parts import (
    Amount,
    Column,
    Computed,
    Implied,
    Measured,
    Quotient,
    Rows,
    Sign,
)


def _count_per(top: Amount, rows: Rows) -> Quotient | None:
    """The average number of orders per customer: orders by customers that have some."""
    if top.function is not Function.COUNT or top.of is not None or top.table == rows.table:
        return None
    return Quotient(top, Amount(Function.DISTINCT, None, rows.table))


def _per_column(*parts: Sign | Column | Computed | Measured) -> Quotient | None:
    """Assets per member, average assets per member: all assets by all members."""
    of, column = (part for part in parts if not isinstance(part, Sign))
    top = amount(of)
    if not isinstance(top, Amount) or top.function in SINGLE:
        return None
    return Quotient(top, Amount(None, column)) if isinstance(column, Column) else None


def _count_per_value(*parts: Sign | Amount | Column) -> Quotient | None:
    """The average number of customers per city: by the cities that there are."""
    top, column = (part for part in parts if not isinstance(part, Sign))
    if not isinstance(top, Amount) or top.function is not Function.COUNT or top.of is not None:
        return None
    if not isinstance(column, Column) or column.number or column.role:
        return None
    return Quotient(top, Amount(Function.DISTINCT, column))


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


def _worth(*parts: Sign | Rows) -> Quotient:
    """The average order value, where no column holds what an order is worth."""
    rows = next(part for part in parts if isinstance(part, Rows))
    of = Amount(None, Implied("revenue"))
    return Quotient(of, Amount(Function.COUNT, None, rows.table), each=True)


def _number(noun: Column | Computed, _sign: Sign) -> Column | Computed | None:
    """The words "Total assets value": the value of a number is the number."""
    return None if isinstance(noun, Column) and not noun.number else noun


def _rules() -> Iterable[Rule]:
    """What one of some rows has on average: "how many units does an order contain"."""
    counted = (Amount, Rows)
    for name, of, cost in (("count", counted, -0.1), ("number", NOUN, -0.05)):
        yield Rule(f"average {name} per", ("average", of, "per", Rows), _average_per, cost)
        yield Rule(f"{name} per, on average", (of, "per", Rows, "average"), _average_per, cost)
        yield Rule(f"{name} averaged, per", (of, "average", "per", Rows), _average_per, cost)
    yield Rule("rows per value", ("average", Amount, "per", Column), _count_per_value, 0.2)
    yield Rule(
        "rows averaged, per value", (Amount, "average", "per", Column), _count_per_value, 0.2
    )
    yield Rule(
        "rows per value, averaged", (Amount, "per", Column, "average"), _count_per_value, 0.2
    )
    yield Rule("average value", ("average", Rows, "worth"), _worth)
    yield Rule("average value of rows", ("average", "worth", Rows), _worth)
    yield Rule("value of rows, averaged", ("worth", Rows, "average"), _worth)
    yield Rule("value on average", (Rows, "worth", "average"), _worth)
    yield Rule("value of a number", (NOUN, "worth"), _number, cost=0.1)
    yield Rule("number per", (NOUN, "per", Rows), _average_per, cost=0.25)
    yield Rule("count per", (counted, "per", Rows), _average_per, cost=0.4)
    for place, has in (("", ()), (" that has", ("contain",))):
        for name, pattern in (
            (f"how many in one{place}", (counted, "one", Rows, *has, "average")),
            (f"average in one{place}", ("average", counted, "one", Rows, *has)),
            (f"one on average{place}", ("one", Rows, "average", *has, counted)),
            (f"on average one{place}", ("average", "one", Rows, *has, counted)),
        ):
            yield Rule(name, pattern, _in_one, cost=-0.1)
    yield Rule("average of one", ("average", Column, "one", Rows), _of_one)
    yield Rule("average worth of one", ("average", Computed, "one", Rows), _average_of_one, -0.05)


def _of_one(_average: Sign, of: Column, _one: Sign, rows: Rows) -> Quotient | None:
    """The words "The average cost of a visit", if its cost is that of several treatments."""
    if not of.adds or of.ref.table == rows.table:
        return None
    return _average_per(of, rows)


def _average_of_one(_average: Sign, of: Computed, _one: Sign, rows: Rows) -> Quotient | None:
    """The words "The average revenue of an order", which is that of all its lines."""
    return _average_per(of, rows)


def _in_one(*parts: Sign | Column | Computed | Rows) -> Quotient | None:
    """What one order has on average, whichever is named first."""
    at = next(at for at, part in enumerate(parts) if part == Sign("one"))
    rows = parts[at + 1]
    of = next(part for part in parts if not isinstance(part, Sign) and part is not rows)
    return _average_per(of, rows)


KIND = Kind(
    "per",
    "What one of several things has: assets per member, units per order.",
    english={
        "worth": ("value", "worth"),
        "one": ("a", "an", "one", "each", "every", "a single"),
        "contain": (
            *("contain", "contains", "have", "has", "hold", "holds", "include", "includes"),
            *("consist of", "consists of", "comprise", "place", "places", "bring in", "bring"),
        ),
    },
    indonesian={
        "worth": ("nilai", "nilainya"),
        "one": ("satu", "sebuah", "seorang", "setiap", "tiap", "suatu"),
        "contain": ("berisi", "memuat", "terdiri dari", "punya", "memiliki", "mempunyai", "isinya"),
    },
    rules=(
        Rule("per", (NUMBER, "per", Column), _per_column, cost=0.08),
        Rule("average per column", ("average", NUMBER, "per", Column), _per_column, cost=0.05),
        Rule("averaged, per column", (NUMBER, "average", "per", Column), _per_column, cost=0.05),
        *_rules(),
    ),
    samples=(
        Sample(
            "en",
            "Total assets per member by type",
            """SELECT jenis_koperasi, 1.0 * SUM(total_aset) / SUM(jumlah_anggota)
            FROM koperasi GROUP BY 1""",
        ),
        Sample(
            "en",
            "average number of cooperatives per island",
            """SELECT 1.0 * COUNT(*) / COUNT(DISTINCT p.pulau) FROM koperasi k
            JOIN provinsi p ON p.provinsi_id = k.provinsi_id""",
        ),
        Sample(
            "id",
            "Total aset per anggota menurut jenis koperasi",
            """SELECT jenis_koperasi, 1.0 * SUM(total_aset) / SUM(jumlah_anggota)
            FROM koperasi GROUP BY 1""",
        ),
    ),
)
