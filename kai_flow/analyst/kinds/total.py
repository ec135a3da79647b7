"""Sums of quantities and amounts."""

from kai_flow.analyst.kinds.building import NOUN, aggregate, count
from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.query.nodes import Function
from kai_flow.analyst.reading.parts import (
    BILLED,
    IN_SUM,
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


_IF_ADDED = (
    *(
        f"{when} {whom} {verb}"
        for when in ("if", "when")
        for whom in ("we", "you", "i", "one")
        for verb in ("add up", "add together", "sum up", "sum", "total up", "total", "add")
    ),
    *("adding up", "adding together", "summing up", "summing"),
)
"""Clauses that add up what follows: "if you add up the assets, how much is that"."""

_KALAU_DIJUMLAH = tuple(
    f"{kalau} {kita}{verb}"
    for kalau in ("kalau", "jika", "bila", "apabila")
    for kita in ("kita ", "saya ", "")
    for verb in ("jumlahkan", "menjumlahkan", "totalkan", "menjumlah")
)
"""The same in Indonesian."""

KIND = Kind(
    "total",
    "Sums: total revenue, total members.",
    english={
        "added up": ("added up", "added together", "summed up", "summed", "totalled", "totaled"),
        "makes": tuple(
            f"{comma}{what}"
            for comma in (", ", "")
            for what in (
                *("what is the total", "what total do you get", "what is the sum", "what is it"),
                *("what do you get", "what do we get", "how much is that", "how much is it"),
                *("what does that come to", "what does it come to", "how much does it come to"),
                *("how much would that be", "what would the total be", "how much in total"),
                *("what does that make", "how much does that make", "how much do you get"),
                *("how much is that in total", "how much is it in total", "what is that in total"),
                *("how many is that", "how many are there", "how many are there in total"),
            )
        ),
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
            *_IF_ADDED,
        ),
    },
    indonesian={
        "added up": tuple(
            f"{kalau}{added}"
            for kalau in ("", "kalau ", "jika ", "bila ", "apabila ")
            for added in (
                *("dijumlah", "dijumlahkan", "ditotal", "ditotalkan", "diakumulasi"),
                *("diakumulasikan", "dijumlah semua", "dijumlahkan semua", "digabung"),
                *("dijumlahkan semuanya", "ditotal semua", "digabungkan"),
            )
        ),
        "makes": tuple(
            f"{comma}{what}"
            for comma in (", ", "")
            for what in (
                *("totalnya berapa", "berapa totalnya", "jumlahnya berapa", "berapa jumlahnya"),
                *("hasilnya berapa", "berapa hasilnya", "jadi berapa", "jadinya berapa"),
                *("totalnya jadi berapa", "total berapa", "jadi berapa totalnya", "ketemu berapa"),
                *("berapa", "jadi berapa semuanya", "nilainya berapa", "berapa nilainya"),
                *("hasilnya jadi berapa", "jumlahnya jadi berapa", "berapa total semuanya"),
            )
        ),
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
                *_KALAU_DIJUMLAH,
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
        Rule("added up, it makes", ("added up", "makes"), lambda *_signs: Sign(IN_SUM)),
        Rule("it makes", ("makes",), lambda _sign: Ask("value"), cost=0.1),
        Rule("total of a count", ("total", Amount), _of_sum, cost=0.02),
    ),
    samples=(
        Sample("en", "What is the total revenue?", "SELECT SUM(pendapatan) FROM laporan_tahunan"),
        Sample("id", "Total aset seluruh koperasi", "SELECT SUM(total_aset) FROM koperasi"),
    ),
)
