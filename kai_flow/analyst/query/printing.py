"""A query as one line of text, for people who look for mistakes.

For example ``avg(price) from products by category where <items.product_id items.quantity > 2``: a
column of another table is shown behind the joins to it, ``column>`` towards a parent and
``<table.column`` towards children.
"""

import re

from kai_flow.analyst.query.measure import Measure
from kai_flow.analyst.query.nodes import (
    Against,
    Aggregate,
    All,
    Condition,
    During,
    Either,
    Expression,
    Field,
    FieldGroup,
    Filter,
    Formula,
    Function,
    Group,
    Having,
    Lapse,
    Not,
    Number,
    Operator,
    Order,
    PeriodGroup,
    Query,
    Recurring,
    Related,
    Tally,
    TimeGroup,
    Unit,
)

__all__ = ["printed"]

_FUNCTIONS = {
    Function.AVERAGE: "avg",
    Function.MINIMUM: "min",
    Function.MAXIMUM: "max",
}


def printed(query: Query) -> str:
    """A query on one line."""
    if query.columns:
        distinct = "distinct " if query.distinct else ""
        what = f"list {distinct}{', '.join(map(_expression, query.columns))}"
    else:
        what = ", ".join(map(_measure, query.measures))
    parts = [what, f"from {query.fact}"]
    if query.groups:
        parts.append(f"by {', '.join(map(_group, query.groups))}")
    if query.where is not None:
        parts.append(f"where {_filter(query.where)}")
    if query.having:
        parts.append(f"having {' and '.join(map(_having, query.having))}")
    parts += _cut(query)
    return " ".join(parts)


def _cut(query: Query) -> list[str]:
    """The order, and how many rows."""
    found = []
    if query.each is not None:
        found.append(f"top {query.each} of each")
    if query.limit is not None:
        found.append(f"top {query.limit}" if query.order else f"limit {query.limit}")
    if query.order:
        found.append(f"order by {', '.join(map(_order, query.order))}")
    return found


def _expression(of: Expression | Unit) -> str:
    match of:
        case Unit():
            return f"{of.grain} of {_axis(of.axis, of.path)}"
        case Field():
            return f"{_way(of.path)}{of.table}.{of.column}" if of.path else of.column
        case Number():
            return f"{of.value:g}"
        case Lapse():
            end = of.day if of.end is None else _expression(of.end)
            return f"({of.unit}s from {_expression(of.start)} to {end})"
        case Formula():
            return f"({_expression(of.left)} {of.operator} {_expression(of.right)})"


def _way(path: tuple[str, ...]) -> str:
    """Joins, without the tables that they are between."""
    return "".join(f"{_step(each)} " for each in path)


def _step(join: str) -> str:
    up = re.fullmatch(r"[^<>]*?\.([^<>]+>)[^<>]*", join)
    return up[1] if up else re.sub(r"^[^<>]*<", "<", join)


def _measure(measure: Measure) -> str:
    return measure.printed(_aggregate)


def _aggregate(aggregate: Aggregate) -> str:
    name = _FUNCTIONS.get(aggregate.function, aggregate.function.value)
    of = "*" if aggregate.of is None else _expression(aggregate.of)
    if aggregate.derived:
        of = f"{aggregate.derived} = {of}"
    where = "" if aggregate.where is None else f" where {_filter(aggregate.where)}"
    return f"{name}({of}{where}{_over(aggregate)})"


def _over(aggregate: Aggregate) -> str:
    if (over := aggregate.over) is None:
        return ""
    groups = f" by {', '.join(map(_group, over.groups))}" if over.groups else ""
    where = "" if over.where is None else f" where {_filter(over.where)}"
    return f" from {over.fact}{groups}{where}"


def _group(group: Group) -> str:
    match group:
        case FieldGroup():
            return _expression(group.field)
        case TimeGroup():
            every = "every " if group.recurring else ""
            return f"{every}{group.grain} of {_axis(group.axis, group.path)}"
        case PeriodGroup():
            periods = ", ".join(f"{label} = {a} to {b}" for label, a, b in group.periods)
            return f"periods of {_axis(group.axis, group.path)} ({periods})"


def _axis(axis: str, path: tuple[str, ...]) -> str:
    return f"{_way(path)}{axis}"


def _filter(node: Filter) -> str:
    match node:
        case All() | Either():
            word = " and " if isinstance(node, All) else " or "
            return f"({word.join(map(_filter, node.parts))})"
        case Not():
            return f"not {_filter(node.part)}"
        case Related():
            where = "" if node.where is None else f" where {_filter(node.where)}"
            return f"any ({_way(node.path).rstrip()}{where})"
        case Condition() | Tally() | Against():
            return _compared(node)
        case During() | Recurring():
            return _time(node)


def _compared(node: Condition | Tally | Against) -> str:
    match node:
        case Condition():
            return _comparison(_expression(node.of), node.operator, node.values)
        case Tally():
            of = f"({_way(node.path)}{_aggregate(node.of)})"
            return _comparison(of, node.operator, node.values)
        case Against():
            return f"{_expression(node.of)} {node.operator} {_aggregate(node.than)} of all"


def _time(node: During | Recurring) -> str:
    axis = _axis(node.axis, node.path)
    if isinstance(node, During):
        return f"{axis} in [{node.start or ''}, {node.end or ''})"
    return f"{node.part} of {axis} = {', '.join(map(str, node.values))}"


def _having(having: Having) -> str:
    return _comparison(_measure(having.measure), having.operator, having.values)


def _comparison(left: str, operator: Operator, values: tuple[str | float | bool, ...]) -> str:
    shown = " or ".join(f"{each:g}" if isinstance(each, float) else repr(each) for each in values)
    if operator is Operator.BETWEEN:
        shown = shown.replace(" or ", " and ")
    return f"{left} {operator} {shown}".rstrip()


def _order(order: Order) -> str:
    match order.by:
        case Field():
            by = _expression(order.by)
        case FieldGroup() | TimeGroup() | PeriodGroup():
            by = _group(order.by)
        case Measure():
            by = _measure(order.by)
        case _:
            raise TypeError(order.by)
    return f"{by} descending" if order.descending else by
