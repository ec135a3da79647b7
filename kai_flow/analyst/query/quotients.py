"""Averages of a quotient as quotients of sums: a margin of many rows is not their mean margin."""

from collections.abc import Iterable

import msgspec

from kai_flow.analyst.query.measure import Measure
from kai_flow.analyst.query.nodes import (
    Aggregate,
    Expression,
    Field,
    Formula,
    Function,
    Having,
    Number,
    Order,
    Query,
    Unit,
)
from kai_flow.analyst.query.ratio import Ratio

__all__ = ["of_sums"]


def of_sums(query: Query) -> Query:
    """The query in which ``margin = profit / revenue`` is total profit over total revenue."""
    return msgspec.structs.replace(
        query,
        measures=tuple(map(_measure, query.measures)),
        having=tuple(map(_having, query.having)),
        order=tuple(map(_order, query.order)),
    )


def _measure(measure: Measure) -> Measure:
    """The measure; a ratio of sums if it is the average of a derived quotient."""
    if not (isinstance(measure, Aggregate) and measure.derived):
        return measure
    sides = _sides(measure.of) if measure.function is Function.AVERAGE else None
    if sides is None:
        return measure
    top, bottom = (
        msgspec.structs.replace(measure, function=Function.SUM, of=of, derived="") for of in sides
    )
    return Ratio(top=top, bottom=bottom, words=measure.words)


def _sides(of: Expression | Unit | None) -> tuple[Expression, Expression] | None:
    """What a quotient divides, and by what; None when it divides by a constant or not at all."""
    if not isinstance(of, Formula):
        return None
    if of.operator == "/" and _has_column([of.right]):
        return of.left, of.right
    inner = _sides(of.left)
    if of.operator in {"*", "/"} and isinstance(of.right, Number) and inner is not None:
        return Formula(operator=of.operator, left=inner[0], right=of.right), inner[1]
    return None


def _has_column(parts: Iterable[Expression]) -> bool:
    return any(
        isinstance(part, Field)
        or (isinstance(part, Formula) and _has_column((part.left, part.right)))
        for part in parts
    )


def _having(having: Having) -> Having:
    return msgspec.structs.replace(having, measure=_measure(having.measure))


def _order(order: Order) -> Order:
    by = order.by
    if not isinstance(by, Aggregate):
        return order
    return msgspec.structs.replace(order, by=_measure(by))
