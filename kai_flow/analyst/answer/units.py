"""Units of the columns of a result: a sum has its column's unit, a count none."""

from kai_flow.analyst.answer.naming import UNITS, Names
from kai_flow.analyst.query.measure import Measure
from kai_flow.analyst.query.nodes import (
    Aggregate,
    Expression,
    Field,
    FieldGroup,
    Formula,
    Function,
    Group,
    Lapse,
    PeriodGroup,
    TimeGroup,
    Unit,
)
from kai_flow.analyst.query.units import per, same
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
            return node.unit([_aggregate(each, names) for each in node.aggregates])


def _aggregate(measure: Aggregate, names: Names) -> str:
    if measure.function in {Function.COUNT, Function.DISTINCT}:
        return ""
    taught = (each.unit for each in names.model.derived if each.name == measure.derived)
    return next(taught, "") or _expression(measure.of, names)


def _expression(of: Expression | Unit | None, names: Names) -> str:
    if isinstance(of, Field):
        return names.model.attributes[ColumnRef(of.table, of.column)].unit
    if isinstance(of, Lapse):
        return names.pick(*UNITS[of.unit])
    if not isinstance(of, Formula):
        return ""
    left, right = _expression(of.left, names), _expression(of.right, names)
    match of.operator:
        case "*":
            return "" if left and right else left or right
        case "/":
            return per(left, right)
        case _:
            return same(left, right)
