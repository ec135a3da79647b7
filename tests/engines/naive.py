"""What a query means, calculated row by row in Python: the oracle for its SQL.

Nothing is shared with the lowering but the nodes, and which aggregates a query has.
"""

from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from kai_flow.analyst.kinds.differences import Difference
from kai_flow.analyst.kinds.growth import Growth
from kai_flow.analyst.query.aggregates import measures_of
from kai_flow.analyst.query.measure import Measure
from kai_flow.analyst.query.nodes import (
    Aggregate,
    Field,
    FieldGroup,
    Function,
    Group,
    Order,
    Over,
    Query,
    TimeGroup,
    bare,
)
from kai_flow.analyst.query.ratio import Ratio
from kai_flow.analyst.query.share import Share
from kai_flow.analyst.schema import ColumnRef
from tests.engines.naive_order import Chunk, key_of, place_of
from tests.engines.naive_times import unit, unit_before
from tests.engines.naive_views import Row, View, Views, compared, divided


@dataclass
class _Group:
    """A group: its labels, its fact rows, and the views in which each is in it.

    ``theirs``: the rows of the other table, if the query has one.
    """

    identity: tuple[Any, ...]
    labels: tuple[Any, ...]
    views: dict[int, list[View]] = field(default_factory=dict)
    theirs: dict[int, list[View]] | None = None


class Naive(Views):
    """Evaluates queries over rows in memory."""

    def answer(self, query: Query) -> list[Chunk]:
        """The rows of a query in order; equal ones in chunks."""
        rows = self._listed(query) if query.columns else self._grouped(query)
        chunks: list[Chunk] = []
        left = len(rows) if query.limit is None else query.limit
        for _, equal in groupby(rows, key=lambda row: row[0]):
            found = [(row, most) for _, row, most in equal]
            take = min(left, len(found), *(most for _, most in found))
            left -= take
            chunks.append(Chunk([row for row, _ in found], take))
        return chunks

    # listings

    def _listed(self, query: Query) -> list[tuple[Any, tuple[Any, ...], int]]:
        found = []
        for row in self._database[query.fact]:
            views: list[View] = [{(): row}]
            if query.distinct:
                paths = [each.path for each in query.columns]
                # The values of what is there: a row that points to nothing has none.
                views = [
                    view
                    for view in self._walk(views, paths)
                    if all(self._row(path, view) is not None for path in paths)
                ]
            for view in views:
                if query.where is None or self._holds(query.where, view):
                    values = tuple(self._value(each, view) for each in query.columns)
                    keys = [self._sorted(each, view) for each in query.order]
                    found.append((keys, values, self._tie(query, row, values)))
        if query.distinct:
            found = list({values: (keys, values, tie) for keys, values, tie in found}.values())
        found.sort(key=lambda each: (each[0], each[2]))
        return [((keys, tie), values, len(found)) for keys, values, tie in found]

    def _sorted(self, order: Order, view: View) -> tuple[Any, ...]:
        assert isinstance(order.by, Field)
        return key_of(self._value(order.by, view), order.descending)

    def _tie(self, query: Query, row: Row, values: tuple[Any, ...]) -> Any:
        if query.distinct:
            return [key_of(value) for value in values]
        if query.order:
            return [key_of(values[0])]
        return [key_of(row[name]) for name in self._model.entities[query.fact].key]

    # groups

    def _grouped(self, query: Query) -> list[tuple[Any, tuple[Any, ...], int]]:
        groups = self._groups(query)
        if (over := _over(query)) is not None:
            groups = self._merged(groups, over)
        numbers = {
            bare(measure): [self._number(measure, group, groups, query) for group in groups]
            for measure in (
                *query.measures,
                *(having.measure for having in query.having),
                *(o.by for o in query.order if isinstance(o.by, Measure)),
            )
        }
        found = []
        shown = bare(query.measures)
        for at, group in enumerate(groups):
            if all(
                compared(numbers[bare(each.measure)][at], each.operator, each.values)
                for each in query.having
            ):
                values = (*group.labels, *(numbers[each][at] for each in shown))
                found.append((self._sortkey_of(query, group, numbers, at), group, values))
        found.sort(key=lambda each: each[0])
        if query.each is None:
            return [(key, values, len(found)) for key, _, values in found]
        return self._each(query, found)

    def _each(self, query: Query, found: list[Any]) -> list[tuple[Any, tuple[Any, ...], int]]:
        assert query.each is not None
        first = query.groups[0]

        def leader(group: _Group) -> Any:
            return key_of(place_of(first, group.labels[0])), [
                key_of(each) for each in group.identity[0]
            ]

        result = []
        found.sort(key=lambda each: leader(each[1]))
        for lead, part in groupby(found, key=lambda each: leader(each[1])):
            left = query.each
            for key, equal in groupby(sorted(part, key=lambda e: e[0]), key=lambda e: e[0]):
                rows = list(equal)
                take = min(left, len(rows))
                left -= take
                result += [((lead, key), values, take) for _, _, values in rows if take]
        return result

    def _sortkey_of(self, query: Query, group: _Group, numbers: Any, at: int) -> list[Any]:
        nodes = {
            bare(node): (node, label)
            for node, label in zip(query.groups, group.labels, strict=True)
        }
        keys = []
        for order in query.order:
            by = bare(order.by)
            value = place_of(*nodes[by]) if by in nodes else numbers[by][at]
            keys.append(key_of(value, order.descending))
        done = {bare(order.by) for order in query.order}
        return keys + [key_of(place_of(*nodes[node])) for node in nodes if node not in done]

    def _groups(self, query: Query) -> list[_Group]:
        found: dict[Any, _Group] = {}
        if not query.groups:
            found[()] = _Group((), ())
        for at, row in enumerate(self._database[query.fact]):
            paths = [g.field.path if isinstance(g, FieldGroup) else g.path for g in query.groups]
            for view in self._walk([{(): row}], paths):
                if query.where is not None and not self._holds(query.where, view):
                    continue
                labels = tuple(self._label(group, view) for group in query.groups)
                if any(label is _NOWHERE for label, _ in labels):
                    continue
                identity = tuple((label, *key) for label, key in labels)
                group = found.setdefault(
                    identity, _Group(identity, tuple(label for label, _ in labels))
                )
                group.views.setdefault(at, []).append(view)
        return list(found.values())

    def _merged(self, mine: list[_Group], over: Over) -> list[_Group]:
        query = Query(fact=over.fact, groups=over.groups, where=over.where)
        found = {group.identity: group for group in mine}
        for group in found.values():
            group.theirs = {}
        for group in self._groups(query):
            both = found.setdefault(group.identity, _Group(group.identity, group.labels))
            both.theirs = group.views
        return list(found.values())

    def _label(self, group: Group, view: View) -> tuple[Any, tuple[Any, ...]]:
        if isinstance(group, FieldGroup):
            value = self._value(group.field, view)
            row = self._row(group.field.path, view) or {}
            return value, tuple(row.get(name) for name in self._named_by(group.field))
        day = self._day(group.axis, group.path, view)
        if isinstance(group, TimeGroup):
            return (None if day is None else unit(group, day)), ()
        for label, start, end in group.periods:
            if day is not None and (start or "") <= day.isoformat() < (end or "9999-99-99"):
                return label, ()
        return _NOWHERE, ()

    def _named_by(self, field: Field) -> tuple[str, ...]:
        entity = self._model.entities[field.table]
        unique = self._model.attributes[ColumnRef(field.table, field.column)].unique
        if not field.path or entity.label != field.column or unique:
            return ()
        join = self._model.joins[field.path[-1]]
        return entity.key or (() if join.widens else tuple(right for _, right in join.pairs))

    # measures

    def _number(self, measure: Measure, group: _Group, groups: list[_Group], query: Query) -> Any:
        match measure:
            case Aggregate():
                return self._aggregate(measure, group)
            case Ratio():
                top, bottom = (self._aggregate(m, group) for m in (measure.top, measure.bottom))
                return _times(100 if measure.percent else 1, divided(top, bottom))
            case Difference():
                left, right = (self._aggregate(m, group) for m in (measure.left, measure.right))
                gap = None if left is None or right is None else left - right
                return _times(100, divided(gap, right)) if measure.percent else gap
            case Share():
                peers = [
                    other
                    for other in groups
                    if not measure.within or other.identity[0] == group.identity[0]
                ]
                parts = [self._aggregate(measure.of, other) for other in peers]
                known = [part for part in parts if part is not None]
                total = sum(known) if known else None
                return _times(100, divided(self._aggregate(measure.of, group), total))
            case Growth():
                return self._growth(measure, group, groups, query)
            case _:
                raise TypeError(measure)

    def _growth(self, measure: Growth, group: _Group, groups: list[_Group], query: Query) -> Any:
        [at] = [i for i, each in enumerate(query.groups) if isinstance(each, TimeGroup)]
        time = query.groups[at]
        assert isinstance(time, TimeGroup)
        if group.labels[at] is None:
            return None
        before = unit_before(time.grain, group.labels[at])
        rest = [each for i, each in enumerate(group.identity) if i != at]
        for other in groups:
            others = [each for i, each in enumerate(other.identity) if i != at]
            if other.labels[at] == before and others == rest:
                now, then = (self._aggregate(measure.of, each) for each in (group, other))
                if now is None or then is None:
                    return None
                return now - then if measure.absolute else _times(100, divided(now - then, then))
        return None

    def _aggregate(self, aggregate: Aggregate, group: _Group) -> Any:
        where = aggregate.where
        rows = group.views if aggregate.over is None else group.theirs or {}
        chosen = [
            next((v for v in views if where is None or self._holds(where, v)), None)
            for views in rows.values()
        ]
        bare_aggregate = Aggregate(function=aggregate.function, of=aggregate.of)
        total = self.total(bare_aggregate, [view for view in chosen if view is not None])
        beside = where is not None or (group.theirs is not None and group.identity)
        if total is None and aggregate.function is Function.SUM and beside:
            return 0
        return total


def _over(query: Query) -> Over | None:
    """The other table of a query."""
    found = [
        each.over for m in measures_of(query) for each in m.aggregates if each.over is not None
    ]
    return found[0] if found else None


_NOWHERE = object()


def _times(factor: int, value: Any) -> Any:
    return None if value is None else factor * value
