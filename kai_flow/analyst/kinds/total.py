"""Sums of quantities and amounts."""

from kai_flow.analyst.kinds.building import NOUN, aggregate, count
from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.query.nodes import Function
from kai_flow.analyst.reading.parts import (
    BILLED,
    Amount,
    Ask,
    Column,
    Computed,
    Implied,
    Rows,
    Sign,
)


def _sum(_sign: Sign, noun: Column | Computed) -> Amount | None:
    return aggregate(Function.SUM, noun)


def _of_all(_sign: Sign, noun: Column | Computed, _all: Sign, of: Column) -> Amount | None:
    """The words "Combined target of all regions": nothing is asked of each."""
    plain = not of.number and of.role is None and of != noun
    return aggregate(Function.SUM, noun) if plain else None


def _worth_of(_sign: Sign, rows: Rows) -> Amount:
    """The words "Total payments", whose rows are money themselves."""
    return Amount(Function.SUM, Implied(BILLED, rows.table))


def _of_sum(_sign: Sign, of: Amount) -> Amount | None:
    """A total of what is added up already; there is no total of averages."""
    return of if of.function in {None, Function.COUNT, Function.SUM} else None


KIND = Kind(
    "total",
    "Sums: total revenue, total members.",
    english={
        "how much": ("how much", "how much money"),
        "in money": (
            *("in rupiah", "in dollars", "in euros", "in money", "in value", "by value"),
            *("in monetary terms", "in idr", "in usd"),
        ),
        "all told": ("total", "sum of", "total of", "totals"),
        "combined": ("combined", "the combined", "combined total", "total combined"),
        "of all": ("of all", "across all", "over all", "for all", "from all", "of all the"),
        "total": (
            "total",
            "sum",
            "sum of",
            "total of",
            "overall",
            "how much",
            "totals",
            *("add up", "adds up", "added up", "add up to", "adds up to", "adding up"),
            *("sum up to", "sums up to", "come to in total", "comes to in total", "amount to"),
            *("amounts to", "add up to in total", "amount to in total", "total up to"),
            *("add up to altogether", "come to altogether", "come to", "comes to"),
        ),
    },
    indonesian={
        "how much": ("seberapa banyak", "berapa banyak", "berapa banyak uang", "berapa uang"),
        "in money": ("dalam rupiah", "dalam uang", "dalam nilai", "senilai rupiah"),
        "combined": ("gabungan", "total gabungan", "gabungan total"),
        "of all": ("semua", "seluruh", "dari semua", "dari seluruh", "di semua", "di seluruh"),
        "all told": ("total", "totalnya", "berapa total", "total semua", "total jumlah"),
        "total": (
            *("total", "jumlah", "jumlah total", "total jumlah", "keseluruhan", "berapa total"),
            *(
                "berapa jumlah",
                "seberapa banyak",
                "akumulasi",
                "jumlahkan",
                *(
                    f"{kalau}{added}"
                    for kalau in ("", "kalau ", "jika ", "bila ", "apabila ")
                    for added in ("dijumlah", "dijumlahkan", "ditotal", "ditotalkan")
                ),
                "berapa",
                "brp",
                "totalnya",
                "brp total",
            ),
        ),
    },
    rules=(
        Rule("money", (NOUN, "in money"), lambda noun, _sign: noun, cost=-0.3),
        Rule("how much", ("how much",), lambda _sign: Ask("how much"), cost=0.1),
        Rule("sum of a noun", ("total", NOUN), _sum),
        Rule("combined", ("combined", NOUN), _sum, tight=True),
        Rule("combined of all", ("combined", NOUN, "of all", Column), _of_all, cost=-0.1),
        Rule(
            "all, combined",
            (NOUN, "combined", "of all", Column),
            lambda n, s, a, c: _of_all(s, n, a, c),
        ),
        Rule(
            "noun, summed",
            (NOUN, "total"),
            lambda noun, sign: _sum(sign, noun),
            cost=0.05,
            tight=True,
        ),
        Rule("total rows", ("total", Rows), lambda _sign, rows: count(rows), cost=0.1),
        Rule("total of documents", ("all told", Rows), _worth_of, cost=0.02),
        Rule("total of a count", ("total", Amount), _of_sum, cost=0.02),
    ),
    samples=(
        Sample("en", "What is the total revenue?", "SELECT SUM(pendapatan) FROM laporan_tahunan"),
        Sample("id", "Total aset seluruh koperasi", "SELECT SUM(total_aset) FROM koperasi"),
    ),
)
