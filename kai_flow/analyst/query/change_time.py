"""Which axis a follow-up means by "in 2024" or "by year", and what a new period replaces."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

import msgspec

from kai_flow.analyst.query.filters import subjects
from kai_flow.analyst.query.nodes import (
    During,
    Filter,
    Node,
    PeriodGroup,
    Query,
    Recurring,
    TimeGroup,
    Unit,
    bare,
)
from kai_flow.analyst.query.refusals import CannotChange, Reason
from kai_flow.analyst.semantics.model import SemanticModel

__all__ = ["on_axis", "period_of", "same_time", "with_period"]

Timed = During | Recurring | TimeGroup | PeriodGroup | Unit
T = TypeVar("T", During | Recurring, TimeGroup | PeriodGroup)


def period_of(part: Filter) -> During | Recurring | None:
    """The filter, if it is a period."""
    return part if isinstance(part, During | Recurring) else None


def same_time(one: Timed, other: Timed) -> bool:
    """Whether both are about the same axis, reached in the same way."""
    return (one.axis, one.path) == (other.axis, other.path)


def on_axis(node: T, query: Query, model: SemanticModel) -> T:
    """The node; without an axis, on the one that the query uses, or the only one of its table."""
    if node.axis:
        return node
    used = sorted(set(_used((query.groups, query.where))))
    if not used:
        used = [(axis.id, ()) for axis in model.axes_of(query.fact)]
    if not used:
        raise CannotChange(Reason.NO_TIME, query.fact)
    if len(used) > 1:
        raise CannotChange(Reason.AMBIGUOUS_TIME, *(axis for axis, _ in used))
    axis, path = used[0]
    return msgspec.structs.replace(node, axis=axis, path=path)


def _used(node: object) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every axis with its path in a node and its parts."""
    if isinstance(node, tuple):
        for part in node:
            yield from _used(part)
    elif isinstance(node, Timed):
        yield node.axis, node.path
    elif isinstance(node, Node):
        for name in node.__struct_fields__:
            yield from _used(getattr(node, name))


def with_period(old: Sequence[Filter], new: Sequence[During | Recurring]) -> tuple[Filter, ...]:
    """The old filters with the new periods in place of those that they replace."""
    for at, period in enumerate(new):
        for other in new[:at]:
            if same_time(period, other) and not _inside(period, other):
                raise CannotChange(Reason.CONTRADICTS, period.axis)
    merged = list(old)
    for period in new:
        merged = _with_one(merged, period)
    return tuple(merged)


def _with_one(old: list[Filter], new: During | Recurring) -> list[Filter]:
    own, place = subjects(new), None
    merged: list[Filter] = []
    for part in old:
        shared = subjects(part) & own
        if shared and subjects(part) != own:
            raise CannotChange(Reason.ENTANGLED, new.axis)
        before = period_of(part)
        if shared and not (before is not None and _inside(before, new)):
            place = len(merged) if place is None else place
        else:
            merged.append(part)
    merged.insert(len(merged) if place is None else place, new)
    return merged


def _inside(one: During | Recurring, other: During | Recurring) -> bool:
    """Whether both hold together: a part of the year, and a period that has all of its parts."""
    match one, other:
        case (During() as period, Recurring()) | (Recurring(), During() as period):
            return _a_year_or_more(period)
        case (Recurring(part=part), Recurring(part=another)):
            return part != another and bare(one) != bare(other)
        case _:
            return False


def _a_year_or_more(period: During) -> bool:
    if period.start is None or period.end is None:
        return True
    return f"{int(period.start[:4]) + 1:04}{period.start[4:]}" <= period.end
