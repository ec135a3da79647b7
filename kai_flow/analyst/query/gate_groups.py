"""Checks the groups of a query against the model."""

from collections.abc import Sequence
from itertools import pairwise

from kai_flow.analyst.query.faults import Fault, IllTyped
from kai_flow.analyst.query.gate_filters import FilterGate
from kai_flow.analyst.query.nodes import FieldGroup, Group, Node, PeriodGroup, TimeGroup, bare

__all__ = ["alike", "check_groups"]


def check_groups(groups: Sequence[Group], rows: FilterGate, node: Node) -> None:
    """Groups that rows of a table can be in, each once."""
    for group in groups:
        match group:
            case FieldGroup():
                rows.field(group.field, single=False)
            case TimeGroup():
                rows.group_time(group)
            case PeriodGroup():
                _periods(group, rows)
    if len(set(bare(tuple(groups)))) < len(groups):
        raise IllTyped(Fault.REPEATED_GROUP, node)


def alike(mine: Sequence[Group], theirs: Sequence[Group]) -> bool:
    """Whether two tables have the same groups, however each reaches them."""
    return len(mine) == len(theirs) and all(map(_alike, mine, theirs))


def _alike(mine: Group, theirs: Group) -> bool:
    match mine, theirs:
        case FieldGroup(), FieldGroup():
            left, right = mine.field, theirs.field
            same = (left.table, left.column) == (right.table, right.column)
            return same or not (left.path or right.path)
        case TimeGroup(), TimeGroup():
            return (mine.grain, mine.recurring) == (theirs.grain, theirs.recurring)
        case PeriodGroup(), PeriodGroup():
            return mine.periods == theirs.periods
        case _:
            return False


def _periods(group: PeriodGroup, rows: FilterGate) -> None:
    axis = rows.axis(group)
    for _, start, end in group.periods:
        rows.period(start, end, axis, group)
    labels = {label for label, _, _ in group.periods}
    if not group.periods or len(labels) < len(group.periods):
        raise IllTyped(Fault.BAD_PERIOD, group)
    spans = sorted((start or "", end or "9999-99-99") for _, start, end in group.periods)
    if any(end > start for (_, end), (start, _) in pairwise(spans)):
        raise IllTyped(Fault.OVERLAPPING_PERIODS, group)
