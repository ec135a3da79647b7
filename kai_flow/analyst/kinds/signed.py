"""Numbers below, above and at zero: a negative surplus, and how far below zero it is."""

from collections.abc import Callable, Iterable, Sequence

from msgspec.structs import replace

from kai_flow.analyst.kinds.building import NOUN
from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.kinds.numbers import OPERATORS, compared_with, unit_of
from kai_flow.analyst.query.nodes import Operator
from kai_flow.analyst.reading.parts import (
    Amount,
    Column,
    Compared,
    Computed,
    Figure,
    Having,
    Joined,
    Noun,
    Part,
    Sign,
    Where,
)

SIGNED = {
    "negative": Operator.BELOW,
    "positive": Operator.ABOVE,
    "zero": Operator.EQUAL,
}

MIRRORED = {
    Operator.ABOVE: Operator.BELOW,
    Operator.AT_LEAST: Operator.AT_MOST,
    Operator.BELOW: Operator.ABOVE,
    Operator.AT_MOST: Operator.AT_LEAST,
}
"""What a comparison of an amount below zero is for the number itself."""


def _signed(operator: Operator) -> Callable[..., Where]:
    """A negative surplus is one below zero."""

    def build(*parts: Sign | Column | Computed) -> Where:
        of = next(part for part in parts if not isinstance(part, Sign))
        return Where(Compared(of, operator, (0.0,)))

    return build


def _total(operator: Operator) -> Callable[..., Having | None]:
    """A negative total surplus is a total below zero; of how many rows there are nothing is."""

    def build(*parts: Sign | Amount) -> Having | None:
        of = next(part for part in parts if isinstance(part, Amount))
        return None if of.of is None else Having(of, operator, (0.0,))

    return build


def _below_zero_by(operator: Operator) -> Callable[..., Sequence[Part]]:
    """A surplus that is negative by more than 10 million is below -10 million."""

    def build(of: Noun, _sign: Sign, _compared: Sign, figure: Figure) -> Sequence[Part]:
        mirrored = replace(figure, value=-figure.value)
        if operator in {Operator.ABOVE, Operator.AT_LEAST}:
            return list(compared_with(of, MIRRORED[operator], (mirrored,)))
        below = Compared(of, Operator.BELOW, (0.0,))
        far = Compared(of, MIRRORED[operator], (mirrored.value,), unit_of((figure,)))
        return [Where(Joined((below, far), either=False))]

    return build


def _rules() -> Iterable[Rule]:
    for sign, operator in SIGNED.items():
        yield Rule(f"{sign} number", (sign, NOUN), _signed(operator))
        yield Rule(f"{sign} after", (NOUN, sign), _signed(operator))
        yield Rule(f"{sign} total", (sign, Amount), _total(operator))
        yield Rule(f"total, {sign}", (Amount, sign), _total(operator))
    for sign, operator in OPERATORS.items():
        if operator in MIRRORED:
            build = _below_zero_by(operator)
            yield Rule(f"negative by {sign}", (NOUN, "negative", sign, Figure), build, cost=-0.05)


KIND = Kind(
    "signed",
    "Numbers below, above and at zero: a negative surplus.",
    english={
        "negative": ("negative", "below zero", "less than zero", "negative by", "below zero by"),
        "positive": ("positive", "above zero", "more than zero"),
        "zero": ("zero", "is zero", "are zero", "of zero", "equal to zero", "out of", "run out of"),
    },
    indonesian={
        "negative": ("negatif", "di bawah nol", "minus"),
        "positive": ("positif", "di atas nol"),
        "zero": ("nol", "habis", "sama dengan nol", "sudah habis"),
    },
    rules=tuple(_rules()),
    samples=(
        Sample(
            "id",
            "Berapa laporan tahunan yang sisa hasil usahanya minus lebih dari 10 juta?",
            "SELECT COUNT(*) FROM laporan_tahunan WHERE sisa_hasil_usaha < -10000000",
        ),
        Sample(
            "en",
            "How many annual reports have a surplus that is negative by at most 5 million?",
            """SELECT COUNT(*) FROM laporan_tahunan
            WHERE sisa_hasil_usaha < 0 AND sisa_hasil_usaha >= -5000000""",
        ),
    ),
)
