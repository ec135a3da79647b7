"""Checks conditions, periods and paths against the model."""

import math
from collections.abc import Sequence
from datetime import date

from kai_flow.analyst.query.aggregates import REPEATABLE
from kai_flow.analyst.query.faults import Fault, IllTyped
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
    Grain,
    Lapse,
    Node,
    Not,
    Number,
    Operator,
    PeriodGroup,
    Recurring,
    Related,
    Tally,
    TimeGroup,
    Unit,
)
from kai_flow.analyst.query.times import RECURRING
from kai_flow.analyst.query.value_types import Quantity, Type, fits, is_time, quantity, type_of
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.model import Axis, Role, SemanticModel

__all__ = ["FilterGate", "arity"]

_AVERAGED = {Quantity.AMOUNT, Quantity.RATE}
_GRAINS = [Grain.DAY, Grain.WEEK, Grain.MONTH, Grain.QUARTER, Grain.YEAR]
"""From the finest to the coarsest."""
_PARTS = {"month": 12, "quarter": 4, "weekday": 7, "day": 31}
"""The parts that recur, and the greatest value of each."""
_PART_GRAINS = {"month": Grain.MONTH, "quarter": Grain.QUARTER}
_STARTS = {
    Grain.MONTH: ("01",),
    Grain.QUARTER: ("01-01", "04-01", "07-01", "10-01"),
    Grain.YEAR: ("01-01",),
}
"""How a day ends on which a unit starts."""


class FilterGate:
    """What rows are chosen by, from one table."""

    def __init__(self, model: SemanticModel, table: str) -> None:
        self._model = model
        self._table = table

    def end(self, path: Sequence[str], node: Node) -> str:
        """The table that a path leads to."""
        here = self._table
        for each in path:
            join = self._model.joins.get(each)
            if join is None or join.source != here:
                raise IllTyped(Fault.BROKEN_PATH, node)
            here = join.target
        return here

    def field(self, field: Field, *, single: bool = True) -> None:
        """A column that is there. ``single``: with one value for every row of the fact table."""
        if field.table not in self._model.schema.tables:
            raise IllTyped(Fault.NO_TABLE, field)
        if ColumnRef(field.table, field.column) not in self._model.attributes:
            raise IllTyped(Fault.NO_COLUMN, field)
        if self.end(field.path, field) != field.table:
            raise IllTyped(Fault.BROKEN_PATH, field)
        if single and self.widens(field.path):
            raise IllTyped(Fault.SEVERAL_ROWS, field)

    def widens(self, path: Sequence[str]) -> bool:
        """Whether a path leads to several rows."""
        return any(self._model.joins[each].widens for each in path)

    def expression(self, of: Expression, *, single: bool = True) -> None:
        """A column, or arithmetic on numbers."""
        match of:
            case Field():
                self.field(of, single=single)
            case Number():
                if not math.isfinite(of.value):
                    raise IllTyped(Fault.BAD_VALUE, of)
            case Lapse():
                self._lapse(of, single=single)
            case Formula():
                if of.operator not in {"+", "-", "*", "/"}:
                    raise IllTyped(Fault.BAD_FORMULA, of)
                self.expression(of.left, single=single)
                self.expression(of.right, single=single)
                if quantity(of, self._model) is Quantity.NONE:
                    raise IllTyped(Fault.NOT_A_NUMBER, of)

    def _lapse(self, of: Lapse, *, single: bool) -> None:
        """A duration between two times, of which each has days."""
        for field in (of.start,) if of.end is None else (of.start, of.end):
            self.field(field, single=single)
            axis = self._model.axes.get(f"{field.table}.{field.column}")
            if axis is None or axis.finest is not Grain.DAY:
                raise IllTyped(Fault.NO_AXIS, of)
        if of.end is None:
            try:
                date.fromisoformat(of.day)
            except ValueError:
                raise IllTyped(Fault.BAD_PERIOD, of) from None

    def filter(self, node: Filter) -> None:
        """A filter on rows of the table."""
        match node:
            case All() | Either():
                if not node.parts:
                    raise IllTyped(Fault.NOTHING_ASKED, node)
                for part in node.parts:
                    self.filter(part)
            case Not():
                self.filter(node.part)
            case Related():
                self._related(node)
            case During():
                self.period(node.start, node.end, self.axis(node), node)
            case Recurring():
                self._recurring(node)
            case Condition() | Tally() | Against():
                self._comparison(node)

    def aggregate(self, aggregate: Aggregate) -> None:
        """An aggregate of rows of the table that its column allows."""
        if (aggregate.of is None) is not (aggregate.function is Function.COUNT):
            raise IllTyped(Fault.NO_OPERAND, aggregate)
        if aggregate.where is not None:
            self.filter(aggregate.where)
        if aggregate.of is None:
            return
        if isinstance(aggregate.of, Unit):
            self._unit(aggregate.of, aggregate.function)
            return
        self.expression(aggregate.of)
        number = self.quantity(aggregate) in _AVERAGED
        match aggregate.function:
            case Function.SUM if self.quantity(aggregate) is not Quantity.AMOUNT:
                raise IllTyped(Fault.NOT_SUMMABLE, aggregate)
            case Function.AVERAGE | Function.MEDIAN if not number:
                raise IllTyped(Fault.NOT_A_NUMBER, aggregate)
            case Function.MINIMUM | Function.MAXIMUM if not number:
                if not (isinstance(aggregate.of, Field) and is_time(aggregate.of, self._model)):
                    raise IllTyped(Fault.NOT_ORDERED, aggregate)
            case _:
                pass

    def _unit(self, of: Unit, function: Function) -> None:
        """A unit of the calendar that an axis can tell apart; they are only counted."""
        self._fine_enough(of.grain, self.axis(of), of)
        if self.widens(of.path):
            raise IllTyped(Fault.SEVERAL_ROWS, of)
        if function is not Function.DISTINCT:
            raise IllTyped(Fault.NOT_A_NUMBER, of)

    def quantity(self, aggregate: Aggregate) -> Quantity:
        """What is known of a derived measure, else what its formula shows."""
        for derived in self._model.derived:
            if derived.name == aggregate.derived and derived.table == self._table:
                return Quantity.AMOUNT if derived.role is Role.ADDITIVE else Quantity.RATE
        return Quantity.NONE if aggregate.of is None else quantity(aggregate.of, self._model)

    def is_number(self, aggregate: Aggregate) -> bool:
        """Whether one can calculate with an aggregate: not with the latest date."""
        if aggregate.function not in {Function.MINIMUM, Function.MAXIMUM}:
            return True
        return self.quantity(aggregate) in _AVERAGED

    def axis(self, node: During | Recurring | TimeGroup | PeriodGroup | Unit) -> Axis:
        """The axis of a node, which its path must lead to."""
        axis = self._model.axes.get(node.axis)
        if axis is None:
            raise IllTyped(Fault.NO_AXIS, node)
        if self.end(node.path, node) != axis.table:
            raise IllTyped(Fault.BROKEN_PATH, node)
        return axis

    def period(self, start: str | None, end: str | None, axis: Axis, node: Node) -> None:
        """A period that an axis can tell from others."""
        if start is None and end is None:
            raise IllTyped(Fault.BAD_PERIOD, node)
        days = [day for day in (start, end) if day is not None]
        try:
            found = [date.fromisoformat(day).isoformat() for day in days]
        except ValueError:
            raise IllTyped(Fault.BAD_PERIOD, node) from None
        if found != days or sorted(set(days)) != days:
            raise IllTyped(Fault.BAD_PERIOD, node)
        starts = _STARTS.get(axis.finest, ("",))
        if not all(day.endswith(starts) for day in days):
            raise IllTyped(Fault.TOO_FINE, node)

    def group_time(self, node: TimeGroup) -> None:
        """A grouping by units that an axis can tell apart."""
        axis = self.axis(node)
        if node.recurring and node.grain not in RECURRING:
            raise IllTyped(Fault.BAD_PART, node)
        self._fine_enough(node.grain, axis, node)

    def _fine_enough(self, grain: Grain, axis: Axis, node: Node) -> None:
        if _GRAINS.index(grain) < _GRAINS.index(axis.finest):
            raise IllTyped(Fault.TOO_FINE, node)

    def _related(self, node: Related) -> None:
        if not node.path:
            raise IllTyped(Fault.BROKEN_PATH, node)
        inside = FilterGate(self._model, self.end(node.path, node))
        if node.where is not None:
            inside.filter(node.where)

    def _comparison(self, node: Condition | Tally | Against) -> None:
        match node:
            case Condition():
                self._condition(node)
            case Tally():
                self._tally(node)
            case Against():
                self._against(node)

    def _tally(self, node: Tally) -> None:
        inside = FilterGate(self._model, self.end(node.path, node))
        inside.aggregate(node.of)
        self._number(node, inside, node.of, node.values)
        widening = [self._model.joins[each].widens for each in node.path]
        if widening != sorted(widening) and node.of.function not in REPEATABLE:
            raise IllTyped(Fault.SEVERAL_ROWS, node)  # a parent of two children is met twice

    def _against(self, node: Against) -> None:
        self.expression(node.of)
        self.aggregate(node.than)
        self._number(node, self, node.than, (0,))
        if quantity(node.of, self._model) not in _AVERAGED:
            raise IllTyped(Fault.NOT_A_NUMBER, node)

    def _number(
        self,
        node: Tally | Against,
        rows: "FilterGate",
        aggregate: Aggregate,
        values: Sequence[float],
    ) -> None:
        """A number, compared with numbers."""
        arity(node.operator, len(values), node)
        if node.operator in {Operator.CONTAINS, Operator.EMPTY, Operator.PRESENT}:
            raise IllTyped(Fault.BAD_OPERATOR, node)
        if not all(map(math.isfinite, values)):
            raise IllTyped(Fault.BAD_VALUE, node)
        if aggregate.over is not None or not rows.is_number(aggregate):
            raise IllTyped(Fault.NOT_A_NUMBER, node)

    def _recurring(self, node: Recurring) -> None:
        axis = self.axis(node)
        most = _PARTS.get(node.part, 0)
        if not node.values or not all(1 <= each <= most for each in node.values):
            raise IllTyped(Fault.BAD_PART, node)
        self._fine_enough(_PART_GRAINS.get(node.part, Grain.DAY), axis, node)

    def _condition(self, node: Condition) -> None:
        self.expression(node.of, single=False)
        arity(node.operator, len(node.values), node)
        type_, declared = Type.NUMBER, ""
        if isinstance(node.of, Field):
            type_ = type_of(node.of, self._model)
            ref = ColumnRef(node.of.table, node.of.column)
            declared = self._model.schema.column(ref).type.upper()
        if not all(fits(each, type_, declared) for each in node.values):
            raise IllTyped(Fault.BAD_VALUE, node)
        text = type_ is Type.TEXT
        if text and node.operator in _ORDERING:
            raise IllTyped(Fault.BAD_OPERATOR, node)
        if node.operator is Operator.CONTAINS and (not text or "" in node.values):
            raise IllTyped(Fault.BAD_OPERATOR, node)


_ORDERING = {
    *(Operator.ABOVE, Operator.AT_LEAST, Operator.BELOW, Operator.AT_MOST),
    Operator.BETWEEN,
}


def arity(operator: Operator, values: int, node: Node) -> None:
    """As many values as the operator takes."""
    if operator in {Operator.EMPTY, Operator.PRESENT}:
        right = values == 0
    elif operator is Operator.BETWEEN:
        right = values == 2
    elif operator in _ORDERING:
        right = values == 1
    else:
        right = values > 0
    if not right:
        raise IllTyped(Fault.BAD_OPERATOR, node)
