"""What it costs that a question names tables besides the parts of its query."""

from collections.abc import Sequence
from typing import Final, TypeGuard

from kai_flow.analyst.query.nodes import (
    Aggregate,
    All,
    Condition,
    During,
    Field,
    Function,
    Node,
    Query,
    Recurring,
    Related,
    Words,
    joins_of,
    tables_of,
)
from kai_flow.analyst.reading.comparisons import ORDERED
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.model import Path, Role, SemanticModel
from kai_flow.analyst.semantics.paths import keeps_rows, paths

PASSED_COST: Final = 0.25
"""Of naming a table that a join of the query only passes through."""

CONTEXT_COST: Final = 0.02
"""Of naming a table that a filter, group or number is of as well: "in the province of Bali"."""

UNUSED_COST: Final = 0.25
"""Of naming a table that nothing in the query uses: "revenue of cooperatives"."""

SINGLE_COST: Final = 0.4
"""Of comparing single rows of a period instead of their total."""

LOST_COST: Final = 2.0
"""Of naming rows that the query should ask about and does not: too much to be believed."""


def beside(model: SemanticModel, query: Query, rows: Sequence[tuple[str, Words]]) -> float:
    """What it costs that a question names tables besides the parts of its query."""
    others = {table for table, _ in rows if table != query.fact}
    if not others:
        return 0.0
    timeless = _timeless(query)
    used = {model.joins[join].target for join in joins_of(timeless)}
    cost = 0.0
    for table in others:
        if table in used:
            asked = table in tables_of(timeless) or table in _restricted(model, query)
            cost += CONTEXT_COST if asked else PASSED_COST
            continue
        found = paths(model, query.fact, table)
        timed = used | {model.joins[j].target for j in joins_of((query.where, query.order))}
        if table not in timed and (_extreme(query) or _optional(model, found)):
            cost += LOST_COST  # "the hotel with the highest score" is a hotel, not a score
        elif table in timed or any(map(keeps_rows, found)):
            cost += UNUSED_COST
        else:  # rows that nothing is asked of, though they would restrict what is
            cost += LOST_COST
    return cost


def of_list(model: SemanticModel, query: Query, rows: Sequence[tuple[str, Words]]) -> float:
    """What speaks against a list: tables that it does not use, and rows that it does not name."""
    return beside(model, query, rows) + _of_single(model, query, rows)


def _of_single(model: SemanticModel, query: Query, rows: Sequence[tuple[str, Words]]) -> float:
    """What it costs that single rows of a period are compared, which the question does not name.

    "Stores with sales below 100 million in 2024" are told by their totals.
    """
    where = query.where.parts if isinstance(query.where, All) else (query.where,)
    inner = [part.where for part in where if isinstance(part, Related)]
    named = {table for table, _ in rows}
    parts = [each.parts for each in inner if isinstance(each, All)]
    timed = [each for each in parts if any(_of_a_time(model, part) for part in each)]
    compared = [part.of for each in timed for part in each if _ordered(part)]
    single = [
        of
        for of in compared
        if isinstance(of, Field)
        and of.table not in named
        and model.attributes[ColumnRef(of.table, of.column)].role is Role.ADDITIVE
    ]
    return SINGLE_COST if single else 0.0


def _of_a_time(model: SemanticModel, part: Node) -> bool:
    """Whether a filter is of a period in which there may be several rows: no year of reports."""
    if not isinstance(part, During):
        return False
    axis = model.axes[part.axis]
    column = model.attributes[ColumnRef(axis.table, axis.columns[0])]
    return bool(part.path) or column.role is Role.TIME


def _ordered(part: Node) -> TypeGuard[Condition]:
    """Whether a filter asks for more or less than a number."""
    return isinstance(part, Condition) and part.operator in ORDERED


def _optional(model: SemanticModel, ways: Sequence[Path]) -> bool:
    """Whether not every row has one of these rows: "orders with a coupon" are not all orders."""
    up = [way for way in ways if way and keeps_rows(way)]
    return bool(up) and all(
        any(
            model.attributes[ColumnRef(join.source, own)].nullable
            for join in way
            for own, _ in join.pairs
        )
        for way in up
    )


def _extreme(query: Query) -> bool:
    """Whether a query is only the greatest or least value of a number."""
    return bool(query.measures) and all(
        isinstance(measure, Aggregate) and measure.function in {Function.MAXIMUM, Function.MINIMUM}
        for measure in query.measures
    )


def _restricted(model: SemanticModel, query: Query) -> frozenset[str]:
    """The tables that filters lead through: "customers of the gold group" are restricted."""
    where = query.where.parts if isinstance(query.where, All) else (query.where,)
    plain = tuple(part for part in where if isinstance(part, Condition))
    return frozenset(model.joins[join].target for join in joins_of(plain))


def _timeless(query: Query) -> tuple[object, ...]:
    """A query without its periods: a table that has only the time is not what is talked about."""
    where = query.where.parts if isinstance(query.where, All) else (query.where,)
    plain = tuple(part for part in where if not isinstance(part, During | Recurring))
    return (query.measures, query.groups, query.columns, query.having, plain)
