"""Which changes exclude each other, and what a changed query must have."""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from kai_flow.analyst.query.calculation import Calculation, Nature
from kai_flow.analyst.query.change_nodes import (
    AsAmount,
    AsShare,
    Change,
    ListRows,
    SetFunction,
    SetGroups,
    SetLimit,
    SetMeasures,
    SetOrder,
)
from kai_flow.analyst.query.faults import Fault
from kai_flow.analyst.query.filters import parts_of, subjects
from kai_flow.analyst.query.nodes import (
    Aggregate,
    FieldGroup,
    Filter,
    Node,
    Over,
    Query,
    bare,
)
from kai_flow.analyst.query.refusals import CannotChange, Reason

__all__ = ["consistent", "filters_inside", "require_compatible"]

_SLOTS: Final[Mapping[type, tuple[str, ...]]] = {
    SetMeasures: ("measures", "function"),
    ListRows: ("measures", "function", "groups", "limit"),
    SetFunction: ("function",),
    SetGroups: ("groups",),
    AsShare: ("form",),
    AsAmount: ("form",),
    SetLimit: ("limit",),
    SetOrder: ("order",),
}
"""What only one change of a follow-up may decide."""

_LACKS: Final[Mapping[Fault, Reason]] = {
    Fault.WITHOUT_TIME: Reason.NEEDS_TIME,
    Fault.WITHOUT_GROUPS: Reason.NEEDS_GROUP,
}
"""What a measure may lack, as the refusal of a change."""


def require_compatible(changes: Iterable[Change]) -> None:
    """Refuse two changes of which one would silently undo the other."""
    slots = [slot for change in changes for slot in _SLOTS.get(type(change), ())]
    if len(set(slots)) < len(slots):
        raise CannotChange(Reason.CONTRADICTS)


def filters_inside(node: object) -> Iterable[Filter]:
    """The filters inside the measures of a query."""
    if isinstance(node, Query):
        yield from filters_inside((node.measures, node.having))
    elif isinstance(node, tuple):
        for part in node:
            yield from filters_inside(part)
    elif isinstance(node, Aggregate):
        if node.where is not None:
            yield node.where
    elif isinstance(node, Node):
        for name in node.__struct_fields__:
            yield from filters_inside(getattr(node, name))


def _require_whole(query: Query) -> None:
    """Refuse shares of groups some of which a filter hides: 100 percent of what is then unclear."""
    grouped = {
        ("field", bare(group.field)) for group in query.groups if isinstance(group, FieldGroup)
    }
    hidden = any(subjects(part) & grouped for part in parts_of(query.where))
    parts = [m for m in query.measures if isinstance(m, Calculation) and m.nature is Nature.PART]
    if hidden and parts:
        raise CannotChange(Reason.OF_WHAT)


def _require_same_rows(before: Query, after: Query) -> None:
    """Refuse to change the groups or filters of one of two tables that stand side by side."""
    changed = (before.groups, before.where) != (bare(after.groups), bare(after.where))
    for over in _overs((after.measures, after.having)):
        unlike = (after.where is not None and over.where is None) or (
            len(over.groups) != len(after.groups)
        )
        if changed or unlike:
            raise CannotChange(Reason.ENTANGLED, over.fact)


def _overs(node: object) -> Iterable[Over]:
    """The other tables that are aggregated."""
    if isinstance(node, Over):
        yield node
    elif isinstance(node, tuple):
        for part in node:
            yield from _overs(part)
    elif isinstance(node, Node):
        for name in node.__struct_fields__:
            yield from _overs(getattr(node, name))


def consistent(before: Query, after: Query) -> Query:
    """Without orders by what is gone; refused where a measure lacks the groups that it needs."""
    if after.having and not after.groups:
        raise CannotChange(Reason.NEEDS_GROUP)
    for measure in after.measures:
        if (fault := measure.lacks(after.groups)) is not None:
            raise CannotChange(_LACKS.get(fault, Reason.COMPOSED))
    if (before.measures, before.where) != (bare(after.measures), bare(after.where)):
        _require_whole(after)
    _require_same_rows(before, after)
    shown = {bare(each) for each in (*after.measures, *after.groups, *after.columns)}
    gone = {each for each in (*before.measures, *before.groups) if each not in shown}
    kept = tuple(each for each in after.order if bare(each.by) not in gone)
    if after.order and not kept:
        limit = after.limit if after.columns else None
        return msgspec.structs.replace(after, order=(), limit=limit, each=None)
    return msgspec.structs.replace(after, order=kept)
