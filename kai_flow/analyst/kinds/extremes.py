"""The least and the greatest value: maximum, minimum, and superlatives of a number."""

from collections.abc import Callable, Iterable
from typing import Any

from kai_flow.analyst.kinds.building import DIMENSION, MEASURED, NOUN, NUMBER, aggregate, amount
from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.query.nodes import Function
from kai_flow.analyst.reading.parts import Column, Computed, Dimension, Measured, Part, Rank, Sign


def _superlative(*, descending: bool) -> Callable[..., Any]:
    """The words “The highest price” is a value; "the product with the highest price" is a rank."""

    def build(*parts: Sign | Column | Computed) -> Iterable[Part]:
        noun = next(part for part in parts if not isinstance(part, Sign))
        value = aggregate(Function.MAXIMUM if descending else Function.MINIMUM, noun)
        rank = Rank(descending, by=amount(noun))
        return (rank,) if value is None else (value, rank)

    return build


def _longest(*parts: Sign | Column | Computed) -> Iterable[Part]:
    """The words “The longest delivery time”; of a date nothing is long."""
    noun = next(part for part in parts if not isinstance(part, Sign))
    long = not isinstance(noun, Column) or noun.number
    return _superlative(descending=True)(*parts) if long else ()


def _rank(*, descending: bool) -> Callable[..., Any]:
    def build(*parts: Sign | Measured) -> Rank:
        return Rank(descending, by=next(part for part in parts if not isinstance(part, Sign)))

    return build


def _rank_of(*, descending: bool) -> Callable[..., Rank]:
    """The words “The best sales” ask for no single sale, but whose they are."""

    def build(*parts: Sign | Column | Computed | Measured) -> Rank:
        noun = next(part for part in parts if not isinstance(part, Sign))
        return Rank(descending, by=amount(noun))

    return build


def _thing(*, descending: bool) -> Callable[..., Rank]:
    """The words “Highest spending department” ask for a department: the last noun is meant."""

    def build(_sign: Sign, by: Column | Computed | Measured, of: Dimension) -> Rank:
        return Rank(descending, by=amount(by), of=of)

    return build


def _rules() -> Iterable[Rule]:
    for sign, function in (("maximum", Function.MAXIMUM), ("minimum", Function.MINIMUM)):
        value = _superlative(descending=function is Function.MAXIMUM)
        yield Rule(f"{sign} of a noun", (sign, NOUN), value)
        yield Rule(f"noun, {sign}", (NOUN, sign), value, cost=0.02)
    for sign, descending in (("highest", True), ("lowest", False)):
        value, rank = _superlative(descending=descending), _rank(descending=descending)
        yield Rule(f"{sign} noun", (sign, NOUN), value)
        yield Rule(f"noun {sign}", (NOUN, sign), value)
        yield Rule(f"{sign} number", (sign, MEASURED), rank)
        yield Rule(f"number {sign}", (MEASURED, sign), rank)
        yield Rule(
            f"{sign} number thing",
            (sign, NUMBER, DIMENSION),
            _thing(descending=descending),
            cost=-0.15,
            tight=True,
            plain=True,
        )
    for sign, descending in (("best", True), ("worst", False)):
        rank = _rank_of(descending=descending)
        yield Rule(f"{sign} noun", (sign, NUMBER), rank)
        yield Rule(f"noun {sign}", (NUMBER, sign), rank)
    yield Rule("longest noun", ("longest", NOUN), _longest)
    yield Rule("noun longest", (NOUN, "longest"), _longest)
    yield Rule("longest number", ("longest", MEASURED), _rank(descending=True))
    yield Rule("number longest", (MEASURED, "longest"), _rank(descending=True))


KIND = Kind(
    "extremes",
    "The greatest and the least value: the highest price.",
    english={
        "maximum": ("maximum", "max", "maximal"),
        "minimum": ("minimum", "min", "minimal"),
        "most": ("most",),
        "fewest": ("fewest", "least"),
        "highest": (
            *("highest", "largest", "biggest", "greatest", "most", "the higher", "top"),
            *("strongest", "longest", "peak", "heaviest", "high"),
        ),
        "lowest": (
            *("lowest", "smallest", "least", "fewest", "weakest"),
            *("shortest", "lightest", "low"),
        ),
    },
    indonesian={
        "maximum": ("maksimum", "maksimal", "maks", "max"),
        "minimum": ("minimum", "minimal", "min"),
        "most": ("terbanyak", "paling banyak"),
        "fewest": ("tersedikit", "paling sedikit"),
        "highest": (
            *("tertinggi", "terbesar", "terbanyak", "paling tinggi", "paling besar", "teratas"),
            *(
                "paling banyak",
                "terpanjang",
                "terberat",
                "tinggi",
            ),
            *("terjauh", "paling berat", "terluas", "paling panjang", "paling luas"),
        ),
        "longest": ("terlama", "paling lama"),
        "lowest": (
            *("terendah", "terkecil", "paling rendah", "paling kecil", "paling sedikit"),
            *("tersedikit", "terpendek", "tercepat", "teringan", "terbawah"),
            *("terdekat", "paling singkat", "paling pendek", "paling cepat", "tersingkat"),
        ),
    },
    rules=tuple(_rules()),
    samples=(
        Sample(
            "en", "What is the highest founding capital?", "SELECT MAX(modal_awal) FROM koperasi"
        ),
        Sample("id", "Berapa modal awal terendah?", "SELECT MIN(modal_awal) FROM koperasi"),
    ),
)
