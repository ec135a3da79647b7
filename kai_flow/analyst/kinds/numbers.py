"""Comparisons with numbers: of single rows, or of groups."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from msgspec.structs import replace

from kai_flow.analyst.kinds.building import COUNTED, MEASURED, NOUN, count
from kai_flow.analyst.kinds.duration_rules import in_unit
from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.lexicon.numbers import LIKE_YEARS
from kai_flow.analyst.query.nodes import Function, Operator
from kai_flow.analyst.reading.parts import (
    ANY_NUMBER,
    Amount,
    Column,
    Compared,
    Computed,
    Figure,
    Has,
    Having,
    Implied,
    Joined,
    Measured,
    Noun,
    Part,
    Quotient,
    Rows,
    Sign,
    Values,
    Where,
)

OPERATORS = {
    "above": Operator.ABOVE,
    "at least": Operator.AT_LEAST,
    "below": Operator.BELOW,
    "at most": Operator.AT_MOST,
    "equals": Operator.EQUAL,
}

PIECES = "pcs"
"""The unit of figures that count things."""


WEIGHTS_AND_WAYS = frozenset(["kg", "g", "t", "km"])
"""Units that hardly anything is in but a weight or a distance."""

_OTHERS = tuple(each for each in MEASURED if each is not Quotient)
"""Complete numbers that are no average: "monthly sales amount above …" is not taken apart."""


def compared_with(
    of: Noun | Measured, operator: Operator, figures: tuple[Figure, ...]
) -> Iterator[Part]:
    """A condition on rows, and the same on groups where the number is or may be aggregated."""
    of, figures = in_unit(of, figures)
    values = tuple(figure.value for figure in figures)
    unit = unit_of(figures)
    if operator is Operator.BETWEEN and not unit and all(value in LIKE_YEARS for value in values):
        if isinstance(of, Noun):
            yield Where(Compared(of, operator, values, unit))
        return  # "quarterly sales for 2023 and 2024" are no totals between these numbers
    if isinstance(of, Noun):
        yield Where(Compared(of, operator, values, unit))
        yield Having(Amount(None, of), operator, values, unit)
    elif isinstance(of, Amount):
        yield Having(of, operator, values, unit)
    elif isinstance(of, Quotient) and of.each:
        yield Having(_added(of.top), operator, values, unit, of)


def _added(top: Amount) -> Amount:
    """What an average is of, which is no number of a single row."""
    return replace(top, function=top.function or Function.SUM)


def unit_of(figures: Sequence[Figure]) -> str:
    """The unit of figures: that of one of them is meant of both."""
    units = [figure.unit for figure in figures if figure.unit]
    return "%" if any(figure.percent for figure in figures) else units[0] if units else ""


def _rules() -> Iterable[Rule]:
    for sign, operator in OPERATORS.items():

        def noun_first(
            of: Column, _sign: Sign, figure: Figure, operator: Operator = operator
        ) -> list[Part]:
            return list(compared_with(of, operator, (figure,)))

        def noun_last(
            _sign: Sign, figure: Figure, of: Column, operator: Operator = operator
        ) -> list[Part]:
            return list(compared_with(of, operator, (figure,)))

        def rows_last(
            _sign: Sign, figure: Figure, rows: Rows, operator: Operator = operator
        ) -> Part | None:
            return so_many(rows, operator, figure)

        def rows_first(
            rows: Rows, _sign: Sign, figure: Figure, operator: Operator = operator
        ) -> Part | None:
            return so_many(rows, operator, figure)

        if operator is Operator.AT_LEAST:
            yield Rule("at least one", (sign, Figure, Rows), _some_rows, cost=-0.1)
            yield Rule("at least one such", (sign, Figure, Values), _some_value)
        yield Rule(f"number {sign}", (NOUN, sign, Figure), noun_first)
        yield Rule(f"measure {sign}", (_OTHERS, sign, Figure), noun_first, cost=0.2)
        yield Rule(f"average {sign}", (Quotient, sign, Figure), noun_first, cost=-0.05)
        if operator is not Operator.EQUAL:
            yield Rule(f"{sign}, of any number", (sign, Figure), any_number(operator), cost=0.4)
            yield Rule(f"{sign}, of what a unit measures", (sign, Figure), measured(operator), 0.2)
            yield Rule(f"{sign} number", (sign, Figure, NOUN), noun_last, cost=0.08)
            yield Rule(f"{sign} rows", (sign, Figure, Rows), rows_last)
            yield Rule(f"rows {sign}", (Rows, sign, Figure), rows_first, cost=0.45)
            yield Rule(
                f"rows {sign}, counted", (Rows, sign, Figure), counted_heads(operator), cost=0.05
            )
            yield Rule(f"{sign}, again", (Where, sign, Figure), _again(operator))
        else:
            yield Rule(f"{sign} rows", (sign, Figure, Rows), rows_last, cost=0.05)


def so_many(rows: Rows, operator: Operator, figure: Figure) -> Having | None:
    """More than 3 orders; an amount of money or a weight is no number of rows."""
    if figure.unit not in COUNTED:
        return None
    return Having(count(rows), operator, (figure.value,))


def counted_heads(operator: Operator) -> Callable[..., Part | None]:
    """The words "Yang tamunya lebih dari 20 orang": the unit says that they are counted."""
    return lambda rows, _sign, figure: so_many(rows, operator, figure) if figure.unit else None


def _some_rows(_sign: Sign, figure: Figure, rows: Rows) -> Where | None:
    """At least one product: there is some."""
    return Where(Has(rows.table)) if figure.value == 1 else None


def _some_value(_sign: Sign, figure: Figure, values: Values) -> Where | None:
    """The words "With at least one laptop", where a laptop is a value of related rows."""
    one = figure.value == 1 and len(values.values) == 1
    return Where(Compared(values.column, Operator.EQUAL, values.values)) if one else None


def _again(operator: Operator) -> Callable[..., Any]:
    """The words “Price above 10 and below 20”: the second comparison is of the same number."""

    def build(where: Where, _sign: Sign, figure: Figure) -> Part | None:
        test = where.test
        if not isinstance(test, Compared) or test.operator not in OPERATORS.values():
            return None
        if test.operator is Operator.EQUAL or test == Compared(test.of, Operator.BELOW, (0.0,)):
            return None  # "a surplus that is negative by more than 10" is not above 10
        unit = unit_of((figure,))
        if unit and unit != test.unit:
            return None  # parcels above 10 kg and over a million rupiah are not that heavy
        second = Compared(test.of, operator, (figure.value,), unit)
        return Where(Joined((test, second), either=False))

    return build


COMPARATIVES = {  # sign: (concept, operator)
    "bigger": ("area_size", Operator.ABOVE),
    "smaller": ("area_size", Operator.BELOW),
    "heavier": ("weight", Operator.ABOVE),
    "lighter": ("weight", Operator.BELOW),
    "dearer": ("price", Operator.ABOVE),
    "cheaper": ("price", Operator.BELOW),
    "older": ("age", Operator.ABOVE),
    "younger": ("age", Operator.BELOW),
    "farther": ("distance", Operator.ABOVE),
    "nearer": ("distance", Operator.BELOW),
    "earning more": ("salary", Operator.ABOVE),
    "earning less": ("salary", Operator.BELOW),
}


def _implied(concept: str, operator: Operator) -> Callable[..., Any]:
    """Heavier than 50: the weight is above 50."""

    def build(_sign: Sign, figure: Figure) -> Where:
        return Where(Compared(Implied(concept), operator, (figure.value,), unit_of((figure,))))

    return build


def any_number(operator: Operator) -> Callable[..., Any]:
    """Orders above 1 million: the amount that an order has."""

    def build(_sign: Sign, figure: Figure) -> Where | None:
        if figure.percent or figure.ordinal or (not figure.unit and 1900 <= figure.value <= 2100):
            return None  # a year
        return Where(Compared(Implied(ANY_NUMBER), operator, (figure.value,), unit_of((figure,))))

    return build


def measured(operator: Operator) -> Callable[..., Any]:
    """Shipments over 50 kg: their weight, as only that is in kilograms."""
    any_ = any_number(operator)
    return lambda sign, figure: any_(sign, figure) if figure.unit in WEIGHTS_AND_WAYS else None


def _between(of: Column | Computed | Measured, *rest: object) -> list[Part]:
    low, high = (part for part in rest if isinstance(part, Figure))
    return list(compared_with(of, Operator.BETWEEN, (low, high))) if low.value <= high.value else []


def _between_last(*parts: object) -> list[Part]:
    """The words "10 to 20 units": the noun comes last."""
    noun = parts[-1]
    return _between(noun, *parts[:-1]) if isinstance(noun, Column | Computed) else []


KIND = Kind(
    "numbers",
    "Comparisons: a price above 100, provinces with more than 100 cooperatives.",
    english={
        "above": (
            *(">", "above", "over", "more than", "greater than", "higher than", "exceeding"),
            *("larger than", "bigger than", "exceeds", "exceed", "in excess of", "is over"),
        ),
        "at least": (">=", "≥", "at least", "minimum", "no less than", "not less than", "from"),
        "below": (
            *("<", "below", "under", "less than", "fewer than", "lower than", "smaller than"),
            *("cheaper than",),
        ),
        "at most": ("<=", "≤", "at most", "up to", "maximum", "no more than", "not more than"),
        "equals": ("=", "equal to", "equals", "of exactly", "exactly", "is", "of"),
        "bigger": ("bigger than", "larger than"),
        "smaller": ("smaller than",),
        "heavier": ("heavier than", "weighing more than", "weigh more than", "weighing over"),
        "lighter": ("lighter than", "weighing less than", "weigh less than", "weighing under"),
        "dearer": ("more expensive than", "cost more than", "costing more than", "priced above"),
        "cheaper": ("cheaper than", "cost less than", "costing less than", "priced below"),
        "older": ("older than",),
        "younger": ("younger than",),
        "farther": ("farther than", "further than", "longer than"),
        "nearer": ("nearer than", "closer than", "shorter than"),
        "earning more": ("earn more than", "earning more than", "who earn over", "paid more than"),
        "earning less": ("earn less than", "earning less than", "paid less than"),
        "where": ("where", "where the", "in which", "in which the", "for which", "for which the"),
        "between": ("between", "from", "in the range"),
        "range": ("and", "to", "-", "–"),
    },
    indonesian={
        "above": (
            *(
                "lebih dari",
                "di atas",
                "diatas",
                "lebih besar dari",
                "melebihi",
                "lebih tinggi dari",
            ),
            *("lebih besar daripada", "lebih banyak dari", "lebih dr", "lebih", "melampaui"),
        ),
        "at least": (
            *("paling sedikit", "minimal", "sekurang-kurangnya", "setidaknya", "sedikitnya"),
            *("tidak kurang dari", "mulai dari", "minimum"),
        ),
        "below": (
            *("kurang dari", "di bawah", "dibawah", "lebih kecil dari", "lebih rendah dari"),
            *("lebih sedikit dari", "kurang dr"),
        ),
        "at most": (
            *("paling banyak", "maksimal", "tidak lebih dari", "hingga", "sampai", "maksimum"),
            *("sampai dengan",),
        ),
        "equals": ("sama dengan", "sebesar", "sebanyak", "tepat", "senilai", "persis"),
        "bigger": ("lebih luas dari", "lebih luas daripada", "lebih besar dari"),
        "smaller": ("lebih sempit dari", "lebih kecil dari"),
        "heavier": ("lebih berat dari", "lebih berat daripada", "beratnya lebih dari"),
        "lighter": ("lebih ringan dari", "lebih ringan daripada", "beratnya kurang dari"),
        "dearer": ("lebih mahal dari", "lebih mahal daripada"),
        "cheaper": ("lebih murah dari", "lebih murah daripada"),
        "older": ("lebih tua dari", "lebih tua daripada"),
        "younger": ("lebih muda dari", "lebih muda daripada"),
        "farther": ("lebih jauh dari", "lebih jauh daripada"),
        "nearer": ("lebih dekat dari", "lebih dekat daripada"),
        "earning more": ("bergaji lebih dari", "bergaji di atas", "gajinya lebih dari"),
        "earning less": ("bergaji kurang dari", "bergaji di bawah", "gajinya kurang dari"),
        "where": ("di mana", "dimana", "yang mana"),
        "between": ("antara", "dari", "di antara", "diantara", "berkisar"),
        "range": ("dan", "sampai", "hingga", "-", "–", "s/d", "sd", "sampai dengan"),
    },
    rules=(
        *_rules(),
        *(Rule(sign, (sign, Figure), _implied(*how)) for sign, how in COMPARATIVES.items()),
        Rule("where", ("where", (Where, Having)), lambda _sign, limit: limit),
        Rule("between", ((*NOUN, *MEASURED), "between", Figure, "range", Figure), _between),
        Rule("range of", (Figure, "range", Figure, NOUN), _between_last, cost=0.05),
        Rule("between of", ("between", Figure, "range", Figure, NOUN), _between_last),
        Rule("range", ((*NOUN, *MEASURED), Figure, "range", Figure), _between, cost=0.1),
    ),
    samples=(
        Sample(
            "en",
            "Provinces with more than 100 cooperatives",
            (
                "SELECT nama_provinsi, COUNT(*) FROM koperasi k"
                " JOIN provinsi p ON p.provinsi_id = k.provinsi_id"
                " GROUP BY 1 HAVING COUNT(*) > 100"
            ),
        ),
        Sample(
            "id",
            "Berapa koperasi dengan modal awal di atas 50 juta?",
            "SELECT COUNT(*) FROM koperasi WHERE modal_awal > 50000000",
        ),
    ),
)
