"""How many: rows of a table, or the different values of a column."""

from typing import Final

from kai_flow.analyst.kinds.building import NOUN, count
from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.query.nodes import Function
from kai_flow.analyst.reading.parts import (
    Amount,
    Ask,
    Column,
    Computed,
    Implied,
    Lasting,
    Noun,
    Rows,
    Sign,
    Where,
)

FIGURES: Final = {"amount of": "worth", "quantity of": "quantity"}
"""Signs that name a number of rows, by its concept, and that some use for how many there are."""


def _of_column(_sign: Sign, column: Column) -> Amount:
    """How many of what a column has: its sum, or its different values; its role decides."""
    return Amount(Function.COUNT, column)


def _of_them(*parts: Sign | Where) -> Amount:
    """How many of the rows just counted meet a condition as well."""
    test = next(part.test for part in parts if isinstance(part, Where))
    return Amount(Function.COUNT, None, None, (test,))


def _loosely(_sign: Sign, rows: Rows) -> Amount:
    """How many rows, where they have no such number: "the amount of visits"."""
    return count(rows)


def _figure_of(sign: Sign, rows: Rows) -> Amount:
    """The number of rows that is called so: "the amount of payments" is money."""
    return Amount(None, Implied(FIGURES[sign.name], rows.table))


def _amount_of(_sign: Sign, noun: Noun) -> Amount | None:
    """The words "The amount of fees": a number that the rows have."""
    plain = isinstance(noun, Column) and not noun.number
    return None if plain or isinstance(noun, Lasting) else Amount(None, noun)


def _of_computed(_sign: Sign, computed: Computed) -> Amount:
    return Amount(Function.SUM, computed)


KIND = Kind(
    "count",
    "How many rows there are: cooperatives, orders, customers.",
    english={
        "of them": ("of them", "of those", "of these", "of which"),
        "count": (
            *("how many", "number of", "the number of", "count of", "count", "total number of"),
            *(
                "nr of",
                "no of",
                "how many total",
                "headcount of",
                "headcount",
                "head count",
                "tally of",
            ),
        ),
        "recorded": (
            *("registered", "are registered", "registered with us", "registered in our system"),
            *("on the books", "known to us", "on our books"),
        ),
        "counts": ("counts", "volume", "volumes"),
        "amount of": ("amount of",),
        "quantity of": ("quantity of",),
    },
    indonesian={
        "recorded": ("terdaftar", "yang terdaftar", "sudah terdaftar", "telah terdaftar"),
        "of them": ("di antaranya", "diantaranya", "dari jumlah itu", "dari antaranya"),
        "count": (
            *("berapa banyak", "berapa jumlah", "berapakah jumlah", "jumlah", "banyaknya"),
            *(
                "berapa",
                "brp",
                "jml",
                "cacah",
                "hitung",
                "hitung jumlah",
                "total jumlah",
                "ada berapa",
            ),
            *("berapa ekor", "berapa buah", "berapa biji", "berapa lembar", "ada berapa biji"),
            *("ada berapa banyak", "berapa total jumlah", "jumlahnya", "banyak", "berapa total"),
        ),
        "how many people": ("berapa orang", "ada berapa orang", "jumlah orang"),
    },
    rules=(
        Rule("people", ("how many people", Rows), lambda _s, rows: count(rows), tight=True),
        Rule("people of a column", ("how many people", Column), _of_column, cost=0.15, tight=True),
        Rule("so many people", ("how many people",), lambda _sign: Ask("people"), cost=0.1),
        Rule("count rows", ("count", Rows), lambda _sign, rows: count(rows)),
        *(Rule(f"{sign}, counted", (sign, Rows), _loosely, cost=0.2) for sign in FIGURES),
        *(Rule(f"{sign} rows", (sign, Rows), _figure_of) for sign in FIGURES),
        Rule("amount of a number", ("amount of", NOUN), _amount_of),
        Rule("rows count", (Rows, "count"), lambda rows, _sign: count(rows), cost=0.05),
        Rule("rows' counts", (Rows, "counts"), lambda rows, _sign: count(rows), cost=0.05),
        Rule("count of a column", ("count", Column), _of_column, cost=0.15),
        Rule("count of a computed number", ("count", Computed), _of_computed, cost=0.25),
        Rule("count of them", ("count", "of them", Where), _of_them),
        Rule("of them, count", ("of them", "count", Where), _of_them),
        Rule("so many", ("count",), lambda _sign: Ask("count"), cost=0.1),
    ),
    samples=(
        Sample("id", "Ada berapa koperasi?", "SELECT COUNT(*) FROM koperasi"),
        Sample("en", "How many cooperatives are there?", "SELECT COUNT(*) FROM koperasi"),
    ),
)
