"""Changes a query as a follow-up asks: "only for Java", "and by year?", "top 10 instead".

The rule: `apply` keeps everything that no change names. Only what can no longer hold goes with what
is replaced: an order by a measure or group that is no longer there, and the limit of that order.

What is kept has no words: they belong to the question before. A change that cannot be made raises
`CannotChange`; no change is made in part. The order in which the changes are given does not matter,
except among several filters, groups or measures, which are added in that order.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

import msgspec

from kai_flow.analyst.query.change_checks import consistent, filters_inside, require_compatible
from kai_flow.analyst.query.change_nodes import (
    AddFilter,
    AddGroup,
    AddMeasure,
    AsAmount,
    AsShare,
    Change,
    DropFilter,
    ListRows,
    ReplaceFilter,
    SetFunction,
    SetGroups,
    SetHaving,
    SetLimit,
    SetMeasures,
    SetOrder,
    SetPeriod,
)
from kai_flow.analyst.query.change_order import have, order, rank
from kai_flow.analyst.query.change_shares import amounts, refunction, shares
from kai_flow.analyst.query.change_time import on_axis, period_of, same_time, with_period
from kai_flow.analyst.query.filters import about, merge, parts_of, subjects, where_of
from kai_flow.analyst.query.measure import Measure
from kai_flow.analyst.query.nodes import (
    Filter,
    Group,
    PeriodGroup,
    Query,
    TimeGroup,
    bare,
)
from kai_flow.analyst.query.refusals import CannotChange, Reason
from kai_flow.analyst.query.rerooting import reroot
from kai_flow.analyst.semantics.model import SemanticModel

__all__ = ["MAX_GROUPS", "apply"]

MAX_GROUPS: Final = 2

T = TypeVar("T")


def apply(query: Query, changes: Sequence[Change], model: SemanticModel) -> Query:
    """The query with these changes; `CannotChange` says why one cannot be made."""
    require_compatible(changes)
    before = after = bare(query)
    for kind, step in _STEPS.items():
        some = [change for change in changes if isinstance(change, kind)]
        if some:
            after = step(after, some, model)
    return consistent(before, after)


def _set_measures(query: Query, changes: Sequence[SetMeasures], model: SemanticModel) -> Query:
    (change,) = changes
    if change.fact and change.fact != query.fact:
        query = reroot(query, change.fact, model)
    if query.columns:  # rows become numbers: the limit was that of the list
        query = msgspec.structs.replace(
            query, columns=(), distinct=False, order=(), limit=None, each=None
        )
    renamed = {
        old: change.measures[min(at, len(change.measures) - 1)]
        for at, old in enumerate(query.measures)
        if old not in {bare(new) for new in change.measures}
    }
    return _renamed(msgspec.structs.replace(query, measures=change.measures), renamed)


def _add_measures(query: Query, changes: Sequence[AddMeasure], _: SemanticModel) -> Query:
    _require_measures(query)
    there = {bare(measure) for measure in query.measures}
    new = tuple(each.measure for each in changes if bare(each.measure) not in there)
    return msgspec.structs.replace(query, measures=query.measures + new)


def _set_function(query: Query, changes: Sequence[SetFunction], _: SemanticModel) -> Query:
    _require_measures(query)
    return _measured(query, lambda measure: refunction(measure, changes[0]))


def _list_rows(query: Query, changes: Sequence[ListRows], _: SemanticModel) -> Query:
    (change,) = changes
    inside = {subject for part in filters_inside(query) for subject in subjects(part)}
    if inside or query.having:
        raise CannotChange(Reason.ENTANGLED, *(about(inside) or (query.fact,)))
    return msgspec.structs.replace(
        query,
        words=change.words,
        measures=(),
        groups=(),
        columns=change.columns,
        distinct=change.distinct,
        limit=change.limit,
        each=None,
    )


def _drop_filters(query: Query, changes: Sequence[DropFilter], _: SemanticModel) -> Query:
    parts = parts_of(query.where)
    for change in changes:
        wanted = None if change.of is None else frozenset({("field", bare(change.of))})
        kept = []
        for part in parts:
            own = subjects(part)
            if wanted is not None and wanted & own and own != wanted:
                raise CannotChange(Reason.ENTANGLED, *about(wanted))
            if own != wanted and (wanted is not None or period_of(part) is not None):
                kept.append(part)
        if len(kept) == len(parts):
            if wanted is None:
                raise CannotChange(Reason.NO_FILTER)
            raise CannotChange(Reason.NO_SUCH_FILTER, *about(wanted))
        parts = tuple(kept)
    return msgspec.structs.replace(query, where=where_of(parts))


def _filter(
    query: Query, changes: Sequence[AddFilter | ReplaceFilter], model: SemanticModel
) -> Query:
    periods = [each for each in changes if period_of(each.part) is not None]
    given = [each for each in changes if each not in periods]
    old = parts_of(query.where)
    inside = {subject for part in filters_inside(query) for subject in subjects(part)}
    for change in given:
        shared = inside & subjects(change.part)
        if shared:
            raise CannotChange(Reason.ENTANGLED, *about(shared))
        if isinstance(change, ReplaceFilter):
            _require_filtered(old, change.part)
    new = [part for change in given for part in parts_of(change.part)]
    query = msgspec.structs.replace(query, where=where_of(merge(old, new)))
    return _set_period(query, [SetPeriod(period=period_of(each.part)) for each in periods], model)


def _require_filtered(old: Sequence[Filter], new: Filter) -> None:
    for part in parts_of(new):
        if all(subjects(each) != subjects(part) for each in old):
            raise CannotChange(Reason.NO_SUCH_FILTER, *about(subjects(part)))


def _set_period(query: Query, changes: Sequence[SetPeriod], model: SemanticModel) -> Query:
    old = parts_of(query.where)
    given = [on_axis(each.period, query, model) for each in changes if each.period is not None]
    for period in given:
        if any(isinstance(each, PeriodGroup) and same_time(each, period) for each in query.groups):
            raise CannotChange(Reason.COMPARES_PERIODS)
    if len(given) < len(changes):
        kept = tuple(part for part in old if period_of(part) is None)
        if given or len(kept) == len(old):
            raise CannotChange(Reason.CONTRADICTS if given else Reason.NO_FILTER)
        return msgspec.structs.replace(query, where=where_of(kept))
    return msgspec.structs.replace(query, where=where_of(with_period(old, given)))


def _set_groups(query: Query, changes: Sequence[SetGroups], model: SemanticModel) -> Query:
    _require_measures(query)
    groups = tuple(_placed(group, query, model) for group in changes[0].groups)
    if len(groups) > MAX_GROUPS:
        raise CannotChange(Reason.TOO_MANY_GROUPS)
    same_first = bare(groups[:1]) == query.groups[:1] and len(groups) == MAX_GROUPS
    return msgspec.structs.replace(query, groups=groups, each=query.each if same_first else None)


def _add_groups(query: Query, changes: Sequence[AddGroup], model: SemanticModel) -> Query:
    _require_measures(query)
    groups = list(query.groups)
    for change in changes:
        new = _placed(change.group, query, model)
        at = [n for n, old in enumerate(groups) if bare(old) == bare(new) or _finer(old, new)]
        if at:
            groups[at[0]] = new
        elif groups and (query.limit is not None or query.each is not None):
            raise CannotChange(Reason.RANKED)
        else:
            groups.append(new)
    if len(groups) > MAX_GROUPS:
        raise CannotChange(Reason.TOO_MANY_GROUPS)
    renamed = dict(zip(query.groups, groups, strict=False))
    return _renamed(msgspec.structs.replace(query, groups=tuple(groups)), renamed)


def _finer(old: Group, new: Group) -> bool:
    """Whether both are units of one time, of which a query is grouped by one."""
    return isinstance(old, TimeGroup) and isinstance(new, TimeGroup) and same_time(old, new)


def _placed(group: Group, query: Query, model: SemanticModel) -> Group:
    """The group on the axis that it means."""
    return on_axis(group, query, model) if isinstance(group, TimeGroup | PeriodGroup) else group


def _have(query: Query, changes: Sequence[SetHaving], _: SemanticModel) -> Query:
    return have(query, [change.having for change in changes])


def _share(query: Query, _changes: Sequence[AsShare], _: SemanticModel) -> Query:
    _require_measures(query)
    new, where = shares(query)
    return _renamed(
        msgspec.structs.replace(query, measures=new, where=where),
        dict(zip(query.measures, new, strict=True)),
    )


def _amount(query: Query, _changes: Sequence[AsAmount], _: SemanticModel) -> Query:
    _require_measures(query)
    new, where = amounts(query)
    return _renamed(
        msgspec.structs.replace(query, measures=new, where=where),
        dict(zip(query.measures, new, strict=True)),
    )


def _order(query: Query, changes: Sequence[SetOrder], _: SemanticModel) -> Query:
    return order(query, changes[0])


def _limit(query: Query, changes: Sequence[SetLimit], _: SemanticModel) -> Query:
    return rank(query, changes[0])


def _require_measures(query: Query) -> None:
    if not query.measures:
        raise CannotChange(Reason.LISTING)


def _measured(query: Query, change: Callable[[Measure], Measure]) -> Query:
    """The query with every measure changed, also where it is sorted by."""
    renamed = {measure: change(measure) for measure in query.measures}
    new = tuple(dict.fromkeys(renamed.values()))  # two may have become one
    return _renamed(msgspec.structs.replace(query, measures=new), renamed)


def _renamed(query: Query, renamed: Mapping[Any, Any]) -> Query:
    """The query sorted by what has replaced that which it was sorted by."""
    new = {bare(old): by for old, by in renamed.items()}
    orders = tuple(
        msgspec.structs.replace(each, by=new.get(bare(each.by), each.by)) for each in query.order
    )
    return msgspec.structs.replace(query, order=orders)


_STEPS: Final[Mapping[Any, Callable[[Query, Any, SemanticModel], Query]]] = {
    SetMeasures: _set_measures,
    AddMeasure: _add_measures,
    SetFunction: _set_function,
    ListRows: _list_rows,
    DropFilter: _drop_filters,
    AddFilter | ReplaceFilter: _filter,
    SetPeriod: _set_period,
    SetGroups: _set_groups,
    AddGroup: _add_groups,
    SetHaving: _have,
    AsAmount: _amount,
    AsShare: _share,
    SetOrder: _order,
    SetLimit: _limit,
}
"""How each kind of change is made, in this order: a filter is for the new measure, a ranking for
the new groups."""
