"""Rows of which one number is above or below another one: stock below the minimum."""

from collections.abc import Callable, Iterable

from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.kinds.numbers import COMPARATIVES, OPERATORS
from kai_flow.analyst.query.nodes import Operator
from kai_flow.analyst.reading.parts import Column, Implied, Paired, Sign, Where


def _pair(operator: Operator) -> Callable[..., Where | None]:
    """The words "Assets below founding capital"."""

    def build(of: Column, _sign: Sign, than: Column) -> Where | None:
        numbers = of.number and than.number and of.ref != than.ref
        return Where(Paired(of, operator, than)) if numbers else None

    return build


def _implied(concept: str, operator: Operator) -> Callable[..., Where | None]:
    """The words "Heavier than the capacity"."""

    def build(_sign: Sign, than: Column) -> Where | None:
        return Where(Paired(Implied(concept), operator, than)) if than.number else None

    return build


def _rules() -> Iterable[Rule]:
    for sign, operator in OPERATORS.items():
        if operator is not Operator.EQUAL:
            yield Rule(f"number {sign} another", (Column, sign, Column), _pair(operator))
    for sign, (concept, operator) in COMPARATIVES.items():
        yield Rule(f"{sign} than a number", (sign, Column), _implied(concept, operator))


KIND = Kind(
    "pairs",
    "Rows of which one number is above or below another one: stock below the minimum.",
    rules=tuple(_rules()),
    samples=(
        Sample(
            "en",
            "How many cooperatives have total assets above their founding capital?",
            "SELECT COUNT(*) FROM koperasi WHERE total_aset > modal_awal",
        ),
        Sample(
            "id",
            "Pengiriman yang beratnya melebihi kapasitas kendaraannya",
            """SELECT nomor_resi, berat, kapasitas FROM pengiriman p
            JOIN kendaraan k ON k.kendaraan_id = p.kendaraan_id WHERE berat > kapasitas""",
            schema="logistics",
        ),
    ),
)
