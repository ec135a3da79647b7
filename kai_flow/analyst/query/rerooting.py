"""Moves what a query says to another fact table: "and how many payments?" after a sum of orders.

Only many-to-one joins are followed. A filter or group that the rows of the new table do not
determine is refused, because keeping it would count rows twice or mean something else.
"""

from typing import TypeVar

import msgspec

from kai_flow.analyst.query.nodes import (
    Against,
    During,
    Field,
    Node,
    PeriodGroup,
    Query,
    Recurring,
    Related,
    Tally,
    TimeGroup,
    Unit,
)
from kai_flow.analyst.query.refusals import CannotChange, Reason
from kai_flow.analyst.semantics.model import SemanticModel

__all__ = ["reroot"]

MAX_JOINS = 4

Steps = tuple[str, ...]
Reached = Field | During | Recurring | TimeGroup | PeriodGroup | Related | Tally | Unit
T = TypeVar("T")


def reroot(query: Query, fact: str, model: SemanticModel) -> Query:
    """The same filters, groups and columns, reached from the table ``fact``."""
    if query.having:
        raise CannotChange(Reason.UNREACHABLE, query.fact)
    return msgspec.structs.replace(
        _moved(msgspec.structs.replace(query, measures=()), query.fact, fact, model),
        fact=fact,
        measures=query.measures,
    )


def _moved(node: T, old: str, new: str, model: SemanticModel) -> T:
    """A node with its paths from ``old`` replaced by paths from ``new``."""
    if isinstance(node, tuple):
        return tuple(_moved(part, old, new, model) for part in node)  # type: ignore[return-value]
    if isinstance(node, Against):  # it compares with all rows of the table before
        raise CannotChange(Reason.UNREACHABLE, old)
    if isinstance(node, Reached):
        path = _path(node, old, new, model)
        return msgspec.structs.replace(node, path=path)
    if isinstance(node, Node):
        fields = {
            name: _moved(getattr(node, name), old, new, model) for name in node.__struct_fields__
        }
        return msgspec.structs.replace(node, **fields)
    return node


def _path(node: Reached, old: str, new: str, model: SemanticModel) -> Steps:
    """The joins from the new fact table to what the node means."""
    to_old = _upwards(model, new, old)
    if len(to_old) == 1:
        return to_old[0] + node.path
    target = model.joins[node.path[-1]].target if node.path else old
    to_target = _upwards(model, new, target)
    if isinstance(node, Related | Tally) or len(to_target) != 1:
        raise CannotChange(Reason.UNREACHABLE, _name(node))
    return to_target[0]


def _upwards(model: SemanticModel, source: str, target: str) -> list[Steps]:
    """Every many-to-one path between two tables that visits no table twice."""
    found: list[Steps] = []
    open_ends: list[tuple[str, Steps, frozenset[str]]] = [(source, (), frozenset({source}))]
    while open_ends:
        table, path, seen = open_ends.pop()
        if table == target:
            found.append(path)
            continue
        if len(path) < MAX_JOINS:
            open_ends += [
                (join.target, (*path, join.id), seen | {join.target})
                for join in model.joins.values()
                if join.source == table and not join.widens and join.target not in seen
            ]
    return found


def _name(node: Reached) -> str:
    match node:
        case Field(table=table, column=column):
            return f"{table}.{column}"
        case Related(path=path) | Tally(path=path):
            return path[-1]
        case _:
            return node.axis
