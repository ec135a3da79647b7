"""Rows whose number is above or below the average of all: products that cost more than average."""

from collections.abc import Callable, Iterable

from kai_flow.analyst.kinds.building import NOUN
from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.kinds.numbers import COMPARATIVES, OPERATORS
from kai_flow.analyst.query.nodes import Function, Operator
from kai_flow.analyst.reading.parts import (
    Amount,
    Beyond,
    Column,
    Computed,
    Implied,
    Lasting,
    Noun,
    Sign,
    Where,
)

COMPARED = {sign: by for sign, by in OPERATORS.items() if by in {Operator.ABOVE, Operator.BELOW}}


def _noun(operator: Operator) -> Callable[..., Where]:
    """The words "Assets above average"."""

    def build(*parts: Sign | Noun) -> Where:
        of = next(part for part in parts if isinstance(part, Column | Computed | Lasting))
        return Where(Beyond(of, operator))

    return build


def _same(operator: Operator) -> Callable[..., Where | None]:
    """The words "Salary above the average salary"."""

    def build(of: Noun, _sign: Sign, average: Amount) -> Where | None:
        same = average.function is Function.AVERAGE and average.of == of and not average.where
        return Where(Beyond(of, operator)) if same else None

    return build


def _implied(concept: str, operator: Operator) -> Callable[..., Where]:
    """The words "Heavier than average"."""
    return lambda *_signs: Where(Beyond(Implied(concept), operator))


def _named(operator: Operator) -> Callable[..., Where | None]:
    """The words "Earn more than the average salary"."""

    def build(_sign: Sign, average: Amount) -> Where | None:
        plain = average.function is Function.AVERAGE and not average.where
        of = average.of if plain and isinstance(average.of, Column) else None
        return None if of is None else Where(Beyond(of, operator))

    return build


def _rules() -> Iterable[Rule]:
    for sign, operator in COMPARED.items():
        yield Rule(f"number {sign} average", (NOUN, sign, "average"), _noun(operator))
        yield Rule(f"{sign} average number", (sign, "average", NOUN), _noun(operator), cost=0.05)
        yield Rule(f"number {sign} its average", (NOUN, sign, Amount), _same(operator))
    for sign, (concept, way) in COMPARATIVES.items():
        yield Rule(f"{sign} than average", (sign, "average"), _implied(concept, way))
        yield Rule(f"{sign} than an average", (sign, Amount), _named(way))


KIND = Kind(
    "beyond",
    "Rows whose number is above or below the average: products that cost more than the average.",
    rules=tuple(_rules()),
    samples=(
        Sample(
            "en",
            "How many cooperatives have total assets above the average?",
            """SELECT COUNT(*) FROM koperasi
            WHERE total_aset > (SELECT AVG(total_aset) FROM koperasi)""",
        ),
        Sample(
            "id",
            "Berapa koperasi yang modal awalnya di bawah rata-rata?",
            """SELECT COUNT(*) FROM koperasi
            WHERE modal_awal < (SELECT AVG(modal_awal) FROM koperasi)""",
        ),
    ),
)
