"""How a follow-up ranks, sorts and limits the rows of a query."""

from collections.abc import Sequence

import msgspec

from kai_flow.analyst.query.change_nodes import SetLimit, SetOrder
from kai_flow.analyst.query.measure import Measure, Sortable
from kai_flow.analyst.query.nodes import (
    Field,
    FieldGroup,
    Having,
    Operator,
    Order,
    PeriodGroup,
    Query,
    TimeGroup,
    bare,
)
from kai_flow.analyst.query.refusals import CannotChange, Reason

__all__ = ["have", "order", "rank"]

_LOWER = (Operator.ABOVE, Operator.AT_LEAST)
_UPPER = (Operator.BELOW, Operator.AT_MOST)


def have(query: Query, new: Sequence[Having]) -> Query:
    """Conditions on groups; one replaces those on its measure, but a lower bound no upper one."""
    if not query.groups:
        raise CannotChange(Reason.NEEDS_GROUP)
    kept = list(query.having)
    for having in new:
        kept = [each for each in kept if not _replaces(having, each)]
        kept.append(having)
    return msgspec.structs.replace(query, having=tuple(kept))


def _replaces(new: Having, old: Having) -> bool:
    if bare(new.measure) != bare(old.measure):
        return False
    pair = (new.operator, old.operator)
    return not any(low in _LOWER and high in _UPPER for low, high in (pair, (pair[1], pair[0])))


def order(query: Query, change: SetOrder) -> Query:
    """The query sorted as the change says."""
    if query.measures and not query.groups:
        raise CannotChange(Reason.NEEDS_GROUP)
    by = _ranked_by(query) if change.by is None else _sortable(query, change.by)
    new = Order(words=change.words, by=by, descending=change.descending)
    return msgspec.structs.replace(query, order=(new,))


def rank(query: Query, change: SetLimit) -> Query:
    """The query with the limit, and sorted if the change says which end counts."""
    if change.count is None:
        return msgspec.structs.replace(query, limit=None, each=None)
    if change.count < 1:
        raise CannotChange(Reason.BAD_LIMIT)
    if query.measures and not query.groups:
        raise CannotChange(Reason.NEEDS_GROUP)
    if len(query.groups) > 1 and query.limit is None and query.each is None:
        raise CannotChange(Reason.WHICH_GROUP)
    if change.descending is not None:
        by = _measured_by(query) if query.measures else _ranked_by(query)
        first = Order(words=change.words, by=by, descending=change.descending)
        rest = query.order[1:] if query.order and bare(query.order[0].by) == bare(by) else ()
        query = msgspec.structs.replace(query, order=(first, *rest))
    if query.each is not None:
        return msgspec.structs.replace(query, each=change.count)
    return msgspec.structs.replace(query, limit=change.count)


def _ranked_by(query: Query) -> Sortable:
    """What the query is sorted by; else its only measure."""
    if query.order:
        return query.order[0].by
    return _measured_by(query)


def _measured_by(query: Query) -> Measure:
    """The measure that the query is sorted by; else its only one."""
    if query.order and isinstance(query.order[0].by, Measure):
        return query.order[0].by
    if len(query.measures) != 1:
        raise CannotChange(Reason.WHICH_MEASURE)
    return query.measures[0]


def _sortable(query: Query, by: Sortable) -> Sortable:
    """What the rows can be sorted by; a column that the query is grouped by means that group."""
    groups = {bare(group): group for group in query.groups}
    if isinstance(by, FieldGroup | TimeGroup | PeriodGroup):
        if bare(by) not in groups:
            raise CannotChange(Reason.NEEDS_GROUP)
        return by
    if isinstance(by, Field) and query.measures:
        if bare(FieldGroup(field=by)) not in groups:
            raise CannotChange(Reason.NEEDS_GROUP)
        return FieldGroup(words=by.words, field=by)
    return by
