"""Rows, their paths and filters in Python, for the oracle of queries.

A *view* of a row is a choice of one row for every path that was walked so far.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from statistics import median
from typing import Any

from kai_flow.analyst.query.lapses import SECONDS
from kai_flow.analyst.query.nodes import (
    Against,
    Aggregate,
    All,
    Condition,
    During,
    Either,
    Expression,
    Field,
    Filter,
    Formula,
    Function,
    Lapse,
    Not,
    Number,
    Operator,
    Recurring,
    Related,
    Tally,
    Unit,
    bare,
)
from kai_flow.analyst.semantics.model import Axis, AxisForm, SemanticModel
from tests.engines.naive_times import part_of

Row = Mapping[str, Any]
View = dict[tuple[str, ...], Row]
Database = Mapping[str, Sequence[Row]]


class Views:
    """Evaluates filters over rows in memory."""

    def __init__(self, database: Database, model: SemanticModel) -> None:
        self._database = database
        self._model = model

    def _holds(self, node: Filter, view: View) -> bool:
        match node:
            case Either():
                return any(self._holds(part, view) for part in node.parts)
            case Not():
                return not self._holds(node.part, view)
            case Related():
                ends = self._ends(view[()], node.path)
                return any(node.where is None or self._holds(node.where, {(): e}) for e in ends)
            case Tally() | Against():
                return self._measured(node, view)
            case _:
                return self._all(_flat(node), view)

    def _measured(self, node: Tally | Against, view: View) -> bool:
        if isinstance(node, Tally):
            ends: list[View] = [{(): end} for end in self._ends(view[()], node.path)]
            return compared(self.total(node.of, ends), node.operator, node.values)
        [table] = [t for t in self._database.values() if any(row is view[()] for row in t)]
        than = self.total(node.than, [{(): row} for row in table])
        return than is not None and compared(self._value(node.of, view), node.operator, (than,))

    def total(self, aggregate: Aggregate, views: Sequence[View]) -> Any:
        """The aggregate of rows."""
        where = aggregate.where
        found = [view for view in views if where is None or self._holds(where, view)]
        if aggregate.function is Function.COUNT:
            return len(found)
        assert aggregate.of is not None
        assert not isinstance(aggregate.of, Unit)
        values = [v for view in found if (v := self._value(aggregate.of, view)) is not None]
        if aggregate.function is Function.DISTINCT:
            return len(set(values))
        return _FUNCTIONS[aggregate.function](values) if values else None

    def _all(self, parts: Sequence[Filter], view: View) -> bool:
        by_child: dict[tuple[str, ...], list[Any]] = {}
        for part in parts:
            child = None
            if isinstance(part, Condition | During | Recurring):
                child = self._child(_path(part), view)
                if child is None and not self._met(part, view):
                    return False
                if child is not None:
                    by_child.setdefault(child, []).append(part)
            elif not self._holds(part, view):
                return False
        return all(self._one_row(leaves, view) for leaves in by_child.values())

    def _one_row(self, leaves: list[Any], view: View) -> bool:
        """Whether one related row meets all, or one for each of several values of a column."""
        for leaf in leaves:
            rivals = [other for other in leaves if other is not leaf and _rival(leaf, other)]
            together = [other for other in leaves if other not in rivals and not any(
                _rival(other, third) for third in leaves if third is not other and other is not leaf
            )]  # fmt: skip
            views = self._walk([view], [_path(each) for each in together])
            if not any(all(self._met(each, found) for each in together) for found in views):
                return False
        return True

    def _met(self, leaf: Condition | During | Recurring, view: View) -> bool:
        if isinstance(leaf, Condition):
            value = self._value(leaf.of, view)
            if leaf.operator is Operator.NOT_EQUAL:
                return value is None or value not in leaf.values
            return compared(value, leaf.operator, leaf.values)
        day = self._day(leaf.axis, leaf.path, view)
        if day is None:
            return False
        if isinstance(leaf, During):
            iso = day.isoformat()
            return (leaf.start or "") <= iso and (leaf.end is None or iso < leaf.end)
        return part_of(leaf.part, day) in leaf.values

    def _walk(self, views: Iterable[View], paths: Iterable[tuple[str, ...]]) -> list[View]:
        found = list(views)
        for path in paths:
            for end in range(1, len(path) + 1):
                here, before = path[:end], path[: end - 1]
                found = [
                    further for view in found for further in self._steps(view, here, before, path)
                ]
        return found

    def _steps(
        self, view: View, here: tuple[str, ...], before: tuple[str, ...], path: tuple[str, ...]
    ) -> list[View]:
        """A view with one more row; as it is where a row points to nothing at all."""
        if here in view:
            return [view]
        rows = self._next(view[before], here[-1]) if before in view else []
        widens = any(self._model.joins[join].widens for join in path)
        return [{**view, here: row} for row in rows] or ([] if widens else [view])

    def _next(self, row: Row, join_id: str) -> list[Row]:
        join = self._model.joins[join_id]
        return [
            other
            for other in self._database[join.target]
            if all(row[a] is not None and row[a] == other[b] for a, b in join.pairs)
        ]

    def _ends(self, row: Row, path: Sequence[str]) -> list[Row]:
        rows = [row]
        for each in path:
            rows = [found for here in rows for found in self._next(here, each)]
        return rows

    def _child(self, path: tuple[str, ...], view: View) -> tuple[str, ...] | None:
        for end in range(1, len(path) + 1):
            if path[:end] not in view and self._model.joins[path[end - 1]].widens:
                return path[:end]
        return None

    def _row(self, path: tuple[str, ...], view: View) -> Row | None:
        if path in view:
            return view[path]
        above = self._row(path[:-1], view)
        rows = [] if above is None else self._next(above, path[-1])
        return rows[0] if rows else None

    def _value(self, of: Expression, view: View) -> Any:
        match of:
            case Number():
                return of.value
            case Field():
                row = self._row(of.path, view)
                return None if row is None else row[of.column]
            case Formula():
                left, right = self._value(of.left, view), self._value(of.right, view)
                if left is None or right is None:
                    return None
                return _ARITHMETIC[of.operator](left, right)
            case Lapse():
                start = self._moment(of.start, view)
                end = self._moment(of.end, view) if of.end else datetime.fromisoformat(of.day)
                if start is None or end is None:
                    return None
                return (end - start).total_seconds() / SECONDS[of.unit]

    def _moment(self, field: Field, view: View) -> datetime | None:
        written = self._value(field, view)
        if isinstance(written, int):
            written = f"{written // 10_000}-{written // 100 % 100:02}-{written % 100:02}"
        return None if written is None else datetime.fromisoformat(written)

    def _day(self, axis_id: str, path: tuple[str, ...], view: View) -> date | None:
        axis = self._model.axes[axis_id]
        row = self._row(path, view)
        if row is None or any(row[name] is None for name in axis.columns):
            return None
        return _date(axis, *(row[name] for name in axis.columns))


def _date(axis: Axis, first: Any, second: int = 1) -> date:
    """The first day of what an axis names."""
    if axis.form in {AxisForm.DATE, AxisForm.TEXT}:
        return date.fromisoformat(first[:10])
    if axis.form is AxisForm.NUMBER_DAY:
        return date(first // 10000, first // 100 % 100, first % 100)
    if axis.form is AxisForm.NUMBER_MONTH:
        return date(first // 100, first % 100, 1)
    month = second * 3 - 2 if axis.form is AxisForm.YEAR_QUARTER else second
    return date(first, month, 1)


def _flat(node: Filter) -> list[Filter]:
    if isinstance(node, All):
        return [each for part in node.parts for each in _flat(part)]
    return [node]


def _path(leaf: Any) -> tuple[str, ...]:
    if not isinstance(leaf, Condition):
        return tuple(leaf.path)
    return max(_paths(leaf.of), key=len, default=())


def _paths(of: Expression) -> list[tuple[str, ...]]:
    match of:
        case Field():
            return [of.path]
        case Formula():
            return _paths(of.left) + _paths(of.right)
        case Lapse():
            return _paths(of.start) + (_paths(of.end) if of.end else [])
        case Number():
            return []


def _rival(leaf: Any, other: Any) -> bool:
    """Whether two conditions ask one column for equality."""
    return all(
        isinstance(each, Condition) and each.operator is Operator.EQUAL for each in (leaf, other)
    ) and bool(bare(leaf.of) == bare(other.of))


def compared(value: Any, operator: Operator, values: Sequence[Any]) -> bool:
    if operator is Operator.EMPTY:
        return value is None
    if operator is Operator.PRESENT:
        return value is not None
    if value is None:
        return False
    return bool(_OPERATORS[operator](value, values))


def divided(top: Any, bottom: Any) -> Any:
    return None if top is None or not bottom else top / bottom


_OPERATORS: dict[Operator, Any] = {
    Operator.EQUAL: lambda value, values: value in values,
    Operator.NOT_EQUAL: lambda value, values: value not in values,
    Operator.ABOVE: lambda value, values: value > values[0],
    Operator.AT_LEAST: lambda value, values: value >= values[0],
    Operator.BELOW: lambda value, values: value < values[0],
    Operator.AT_MOST: lambda value, values: value <= values[0],
    Operator.BETWEEN: lambda value, values: values[0] <= value <= values[1],
    Operator.CONTAINS: lambda value, values: any(v.lower() in value.lower() for v in values),
}


_ARITHMETIC: dict[str, Any] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": divided,
}


_FUNCTIONS: dict[Function, Any] = {
    Function.SUM: sum,
    Function.AVERAGE: lambda values: sum(values) / len(values),
    Function.MINIMUM: min,
    Function.MAXIMUM: max,
    Function.MEDIAN: median,
}
