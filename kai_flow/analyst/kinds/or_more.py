"""Comparisons that follow their number: 20 or more, 5 and above, 100 ke bawah."""

from collections.abc import Iterable, Sequence

from kai_flow.analyst.kinds.building import MEASURED, NOUN
from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.kinds.numbers import OPERATORS as COMPARISONS
from kai_flow.analyst.kinds.numbers import any_number, compared_with, counted_heads, so_many
from kai_flow.analyst.kinds.often import so_often
from kai_flow.analyst.query.nodes import Operator
from kai_flow.analyst.reading.parts import (
    Column,
    Computed,
    Figure,
    Measured,
    Part,
    Rows,
    Sign,
    Where,
)

OPERATORS = {"or more": Operator.AT_LEAST, "or less": Operator.AT_MOST}


class _Tail:
    """Builds parts from a number and the sign after it."""

    def __init__(self, operator: Operator) -> None:
        self.operator = operator

    def compared(self, *parts: Sign | Figure | Column | Computed | Measured) -> Sequence[Part]:
        """A quantity of 20 or more."""
        figure = next(part for part in parts if isinstance(part, Figure))
        of = next(part for part in parts if not isinstance(part, Sign | Figure))
        return list(compared_with(of, self.operator, (figure,)))

    def rows(self, *parts: Sign | Figure | Rows) -> Part | None:
        """5 orders or more."""
        figure = next(part for part in parts if isinstance(part, Figure))
        rows = next(part for part in parts if isinstance(part, Rows))
        return so_many(rows, self.operator, figure)

    def people(self, rows: Rows, figure: Figure, sign: Sign) -> Part | None:
        """Tamunya 20 orang atau lebih."""
        return counted_heads(self.operator)(rows, sign, figure)

    def named_last(
        self, _sign: Sign, figure: Figure, _as: Sign, of: Column | Computed
    ) -> Part | None:
        """More than 1 million knocked off as discount."""
        return next(iter(compared_with(of, self.operator, (figure,))), None)

    def anything(self, figure: Figure, sign: Sign) -> Where | None:
        """Orders of 1 million or more."""
        where: Where | None = any_number(self.operator)(sign, figure)
        return where


def _rules() -> Iterable[Rule]:
    for sign, operator in OPERATORS.items():
        tail = _Tail(operator)
        yield Rule(f"number {sign}", (NOUN, Figure, sign), tail.compared)
        yield Rule(f"number is {sign}", (NOUN, "equals", Figure, sign), tail.compared)
        yield Rule(f"measure {sign}", (MEASURED, Figure, sign), tail.compared, cost=0.2)
        yield Rule(
            f"measure is {sign}", (MEASURED, "equals", Figure, sign), tail.compared, cost=0.2
        )
        yield Rule(f"{sign} number", (Figure, sign, NOUN), tail.compared, cost=0.08)
        yield Rule(f"of a number {sign}", (Figure, NOUN, sign), tail.compared, cost=0.08)
        yield Rule(f"{sign} rows", (Figure, sign, Rows), tail.rows)
        yield Rule(f"so many rows {sign}", (Figure, Rows, sign), tail.rows)
        yield Rule(f"rows {sign}", (Rows, Figure, sign), tail.rows, cost=0.45)
        yield Rule(f"rows {sign}, counted", (Rows, Figure, sign), tail.people, cost=0.05)
        yield Rule(f"{sign}, of any number", (Figure, sign), tail.anything, cost=0.4)
        often = so_often(operator)
        done = (Where, Rows)
        yield Rule(f"done times {sign}", (done, Figure, "times", sign), often)
        yield Rule(f"done {sign} times", (done, Figure, sign, "times"), often)
    for sign, operator in COMPARISONS.items():
        if operator is not Operator.EQUAL:
            pattern = (sign, Figure, "given as", NOUN)
            yield Rule(f"{sign} given as", pattern, _Tail(operator).named_last, cost=-0.3)


_TAKEN = ("knocked off", "taken off", "deducted", "given", "granted", "paid", "charged", "spent")

KIND = Kind(
    "or_more",
    "Comparisons that follow their number: 20 or more, 5 and below.",
    english={
        "given as": (
            *(
                f"{taken} {link}"
                for taken in _TAKEN
                for link in ("as", "as a", "as the", "for", "in")
            ),
            *("in the form of", "by way of", "as", "as a"),
        ),
        "or more": tuple(
            f"{joint} {word}"
            for joint in ("or", "and")
            for word in ("more", "above", "over", "higher", "greater", "up", "upwards", "larger")
        ),
        "or less": tuple(
            f"{joint} {word}"
            for joint in ("or", "and")
            for word in ("less", "fewer", "below", "under", "lower", "smaller")
        ),
    },
    indonesian={
        "given as": (
            *(
                f"{di} sebagai"
                for di in ("dipotong", "dikurangi", "diberikan", "dibayar", "keluar")
            ),
            *("dalam bentuk", "sebagai", "berupa", "dipotong untuk"),
        ),
        "or more": (
            *("atau lebih", "ke atas", "atau di atasnya", "dan di atasnya", "atau lebih besar"),
            *("atau lebih banyak", "atau lebih tinggi", "atau di atas itu", "keatas"),
        ),
        "or less": (
            *("atau kurang", "ke bawah", "atau di bawahnya", "dan di bawahnya", "kebawah"),
            *("atau lebih sedikit", "atau lebih rendah", "atau lebih kecil", "atau di bawah itu"),
        ),
    },
    rules=tuple(_rules()),
    samples=(
        Sample(
            "en",
            "How many cooperatives have a founding capital of 50 million or more?",
            "SELECT COUNT(*) FROM koperasi WHERE modal_awal >= 50000000",
        ),
        Sample(
            "id",
            "Provinsi dengan 100 koperasi atau lebih",
            (
                "SELECT p.nama_provinsi, COUNT(*) FROM koperasi k"
                " JOIN provinsi p ON p.provinsi_id = k.provinsi_id"
                " GROUP BY 1 HAVING COUNT(*) >= 100"
            ),
        ),
    ),
)
