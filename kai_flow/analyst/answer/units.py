"""Units of the columns of a result: a sum has its column's unit, a count none."""

from typing import assert_never

from kai_flow.analyst.answer.naming import Names
from kai_flow.analyst.query.nodes import (
    Aggregate,
    Difference,
    Expression,
    Field,
    FieldGroup,
    Formula,
    Function,
    Group,
    Growth,
    Measure,
    PeriodGroup,
    Ratio,
    Share,
    TimeGroup,
)
from kai_flow.analyst.schema import ColumnRef

__all__ = ["unit_of"]


def unit_of(node: Group | Measure | Field, names: Names) -> str:
    """The unit of a column of the result; empty when it has none."""
    match node:
        case TimeGroup() | PeriodGroup():
            return ""
        case FieldGroup(field=field):
            return _expression(field, names)
        case Field():
            return _expression(node, names)
        case _:
            return _measure(node, names)


def _measure(measure: Measure, names: Names) -> str:
    match measure:
        case Aggregate():
            unit = _aggregate(measure, names)
        case Share():
            unit = "%"
        case Growth(of=of, absolute=absolute):
            unit = _aggregate(of, names) if absolute else "%"
        case Ratio(top=top, bottom=bottom, percent=percent):
            unit = "%" if percent else _per(_aggregate(top, names), _aggregate(bottom, names))
        case Difference(left=left, right=right, percent=percent):
            unit = "%" if percent else _same(_aggregate(left, names), _aggregate(right, names))
        case _:
            assert_never(measure)
    return unit


def _aggregate(measure: Aggregate, names: Names) -> str:
    if measure.function in {Function.COUNT, Function.DISTINCT}:
        return ""
    taught = (each.unit for each in names.model.derived if each.name == measure.derived)
    return next(taught, "") or _expression(measure.of, names)


def _expression(of: Expression | None, names: Names) -> str:
    if isinstance(of, Field):
        return names.model.attributes[ColumnRef(of.table, of.column)].unit
    if not isinstance(of, Formula):
        return ""
    left, right = _expression(of.left, names), _expression(of.right, names)
    match of.operator:
        case "*":
            return "" if left and right else left or right
        case "/":
            return _per(left, right)
        case _:
            return _same(left, right)


def _per(top: str, bottom: str) -> str:
    if not bottom:
        return top
    return "" if top == bottom or not top else f"{top}/{bottom}"


def _same(left: str, right: str) -> str:
    return left if left == right else ""
