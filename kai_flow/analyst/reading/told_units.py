"""Units that a question says of the number it asks for: "in square metres", "berapa rupiah".

They are stepped over, and the number that is found must be in that unit.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from kai_flow.analyst.lexicon.data import UNITS
from kai_flow.analyst.lexicon.lexicon import concepts
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.query.measure import Measure
from kai_flow.analyst.query.nodes import (
    Aggregate,
    Expression,
    Field,
    Formula,
    Function,
    Query,
    Unit,
)
from kai_flow.analyst.query.ratio import Ratio
from kai_flow.analyst.reading.concepts import means
from kai_flow.analyst.reading.money import WORTHY
from kai_flow.analyst.reading.unit_names import MEASURED, unit_at
from kai_flow.analyst.reading.units import SPELLED
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.model import Attribute, Role, SemanticModel

__all__ = ["misfit", "told_units"]

SAYING: Final = frozenset(["in", "dalam", "pakai"])
"""Words before a unit that say nothing themselves."""

ASKING: Final = frozenset(["berapa", "brp", "satuan", "many", "much"])
"""Words before a unit that mean something."""

PER: Final = frozenset(["per", "/"])
"""Words between two units of which one is divided by the other."""

COINS: Final = {"rp": "Rp", "idr": "Rp", "$": "USD", "€": "EUR", "£": "GBP"}
"""How currencies are written beside their names."""

MONEY: Final = {
    "Rp": "Rp",
    "IDR": "Rp",
    "USD": "USD",
    "$": "USD",
    "EUR": "EUR",
    "€": "EUR",
    "GBP": "GBP",
    "£": "GBP",
}
"""Currencies, and how they are told apart."""

HOME: Final = "Rp"
"""The currency that money may be in where nothing says its currency."""

WORTH: Final = WORTHY | {
    *("price", "revenue", "amount", "expense", "operating_cost", "ad_spend", "profit", "loss"),
    *("gross_profit", "margin", "room_rate", "ticket_price", "fare", "purchase_price", "discount"),
    *("consultation_fee", "toll", "rent", "rate_price", "tuition", "goods_value", "balance"),
    *("payment_amount", "capital", "working_capital", "founding_capital", "asset", "liability"),
    *("receivable", "loan_amount", "outstanding_loan", "surplus", "budget", "realisation", "aid"),
    *("gross_salary", "net_salary", "base_salary", "refund_amount", "selling_price", "interest"),
}
"""Concepts of money."""

NO_MONEY: Final = frozenset([*MEASURED.values(), "quantity", "units_sold", "stock", "age", "score"])
"""Concepts of numbers that are no money, whatever a word of their name is as well."""

COUNTED: Final = frozenset(["count_of", "percentage"])
"""Concepts of words that make a number no money: the number of payments."""

UNSAID: Final = frozenset(["kg", "km", "m2", "ha"])
"""Units that a column is taken to be in when its name says what is measured, and nothing how."""

_Told = tuple[int, int, str]
"""Where the words of a unit stand, and the unit."""


def told_units(tokens: Sequence[Token], model: SemanticModel) -> list[_Told]:
    """The units that a question says; not those that the data has as values."""
    return [each for each in _units(tokens) if not _is_value(each[2], model)]


def _units(tokens: Sequence[Token]) -> Iterator[_Told]:
    for at in range(1, len(tokens)):
        if _bracketed(tokens, at):
            yield from _in_brackets(tokens, at)
            continue
        unit, end = unit_at(tokens, at)
        before = tokens[at - 1].word
        if unit not in MONEY and (unit not in MEASURED or unit in {"min", "h"}):
            continue
        if before in SAYING:
            yield at - 1, end, unit
        elif before in ASKING:
            end, unit = _divided(tokens, at, end, unit)
            yield at, end, unit


def _divided(tokens: Sequence[Token], at: int, end: int, unit: str) -> tuple[int, str]:
    """A unit per another at the end of what is divided: "divided by weight, how many Rp per kg".

    Elsewhere it is no unit that is said besides, but what is asked for.
    """
    spoken = [token.word for token in tokens[:at]]
    if end + 1 >= len(tokens) or tokens[end].word not in PER or not _divides(spoken):
        return end, unit
    other, after = _unit(tokens, end + 1)
    return (after, f"{unit}/{other}") if other and after == len(tokens) else (end, unit)


def _divides(spoken: Sequence[str]) -> bool:
    """Whether words say that something is divided."""
    return "dibagi" in spoken or ("divided", "by") in pairwise(spoken)


def _bracketed(tokens: Sequence[Token], at: int) -> bool:
    """Whether a bracket, which is no token, may open there: "salary (Rp)"."""
    return tokens[at].start - tokens[at - 1].end > 1


def _in_brackets(tokens: Sequence[Token], at: int) -> Iterator[_Told]:
    """A unit in brackets, or one per another: "(Rp)", "(in kg)", "(Rp per km)"."""
    start = at
    at += tokens[at].word in SAYING
    unit, end = _unit(tokens, at)
    if unit and end + 1 < len(tokens) and tokens[end].word in PER:
        other, after = _unit(tokens, end + 1)
        unit, end = (f"{unit}/{other}", after) if other else (unit, end)
    closed = end == len(tokens) or _bracketed(tokens, end)
    if unit and (closed or at > start):
        yield start, end, unit


def _unit(tokens: Sequence[Token], at: int) -> tuple[str, int]:
    """The unit there, of money too, and where it ends; empty if it is none."""
    unit, end = unit_at(tokens, at) if at < len(tokens) else ("", at)
    unit = COINS.get(tokens[at].word, unit) if at < len(tokens) else ""
    return (unit if unit in MONEY or unit in MEASURED else ""), end


def _is_value(unit: str, model: SemanticModel) -> bool:
    """Whether rows are told apart by a unit, so that it may pick some of them."""
    words = {word for word, known in UNITS.items() if known == unit} | {unit.casefold()}
    return any(
        str(value.value).casefold() in words
        for attribute in model.attributes.values()
        for value in attribute.values
    )


def misfit(tokens: Sequence[Token], query: Query, model: SemanticModel) -> bool:
    """Whether the numbers of a query are not known to be in the units that a question says."""
    return any(not _fits(unit, query, model) for _, _, unit in told_units(tokens, model))


def _fits(unit: str, query: Query, model: SemanticModel) -> bool:
    if not query.measures:
        shown = [model.attributes[ColumnRef(f.table, f.column)] for f in query.columns]
        return any(_is_in(each, unit, model) for each in shown)
    if "/" in unit:
        parts = unit.split("/")
        numbers = [each for measure in query.measures for each in measure.aggregates]
        return len(numbers) == len(parts) and all(
            _in_unit(each, part, model) for each, part in zip(numbers, parts, strict=True)
        )
    if unit in MONEY and all(isinstance(m, Ratio) and m.percent for m in query.measures):
        return False
    numbers = [each for measure in query.measures for each in _said(measure)]
    return all(_in_unit(each, unit, model) for each in numbers if not _counts(each)) and not all(
        map(_counts, numbers)
    )


def _said(measure: Measure) -> Sequence[Aggregate]:
    """The numbers that a unit is said of: of "how many rupiah per member", those above."""
    if isinstance(measure, Ratio) and not measure.percent:
        return (measure.top,)
    return measure.aggregates


def _counts(number: Aggregate) -> bool:
    return number.function in {Function.COUNT, Function.DISTINCT}


def _in_unit(number: Aggregate, unit: str, model: SemanticModel) -> bool:
    return any(
        _is_in(model.attributes[ColumnRef(field.table, field.column)], unit, model)
        for field in _fields(number.of)
    )


def _fields(of: Expression | Unit | None) -> Iterator[Field]:
    match of:
        case Field():
            yield of
        case Formula(left=left, right=right):
            yield from (*_fields(left), *_fields(right))
        case _:
            return


def _is_in(attribute: Attribute, unit: str, model: SemanticModel) -> bool:
    """Whether a column is in a unit, as it says or as its name suggests."""
    if attribute.role not in {Role.ADDITIVE, Role.RATE}:
        return False
    own = attribute.unit.replace("²", "2")
    if own:
        return MONEY.get(own, SPELLED.get(own, own)) == MONEY.get(unit, unit)
    if unit not in MONEY:
        return unit in UNSAID and means(attribute, MEASURED[unit])
    if attribute.high is not None and attribute.high <= 1:
        return False  # a discount of 0.1 is no money
    others = {MONEY[each.unit] for each in model.attributes.values() if each.unit in MONEY}
    return _is_money(attribute) and MONEY[unit] in (others or {HOME}) and len(others) < 2


def _is_money(attribute: Attribute) -> bool:
    """Whether the name of a column says that it is money."""
    whole = frozenset().union(*(concepts(name.words) for name in attribute.names))
    if not whole.isdisjoint(NO_MONEY) or not attribute.concepts.isdisjoint(COUNTED):
        return False
    return not attribute.concepts.isdisjoint(WORTH)
