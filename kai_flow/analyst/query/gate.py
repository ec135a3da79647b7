"""Checks whether a query makes sense on its model, before it is lowered.

Names exist and paths hold together; amounts are summed and rates are not; periods are no finer
than their axis; constants have the type of what they are compared with.
"""

import math

from kai_flow.analyst.query.aggregates import measures_of
from kai_flow.analyst.query.calculation import Calculation, Nature
from kai_flow.analyst.query.faults import Fault, IllTyped
from kai_flow.analyst.query.gate_filters import FilterGate, arity
from kai_flow.analyst.query.gate_groups import alike, check_groups
from kai_flow.analyst.query.measure import Measure
from kai_flow.analyst.query.nodes import (
    Aggregate,
    Field,
    FieldGroup,
    Function,
    Group,
    Having,
    Operator,
    Order,
    Over,
    Query,
    bare,
)
from kai_flow.analyst.query.value_types import Quantity
from kai_flow.analyst.semantics.model import SemanticModel

__all__ = ["Fault", "IllTyped", "check"]

_AVERAGED = {Quantity.AMOUNT, Quantity.RATE}


def check(query: Query, model: SemanticModel) -> None:
    """``IllTyped`` for a query that makes no sense."""
    if query.fact not in model.schema.tables:
        raise IllTyped(Fault.NO_TABLE, query)
    _Gate(query, model).check()


class _Gate:
    def __init__(self, query: Query, model: SemanticModel) -> None:
        self._query = query
        self._model = model
        self._rows = FilterGate(model, query.fact)

    def check(self) -> None:
        query = self._query
        if bool(query.measures) == bool(query.columns) or (query.groups and query.columns):
            raise IllTyped(Fault.NOTHING_ASKED, query)
        if query.where is not None:
            self._rows.filter(query.where)
        check_groups(query.groups, self._rows, query)
        for field in query.columns:
            self._rows.field(field, single=not query.distinct)
        for measure in measures_of(query):
            self._measure(measure)
        for having in query.having:
            self._having(having)
        for order in query.order:
            self._order(order)
        self._limits()

    def _limits(self) -> None:
        query = self._query
        if any(most is not None and most < 1 for most in (query.limit, query.each)):
            raise IllTyped(Fault.BAD_LIMIT, query)
        if query.each is not None and len(query.groups) < 2:
            raise IllTyped(Fault.EACH_WITHOUT_GROUPS, query)

    def _measure(self, measure: Measure) -> None:
        for aggregate in measure.aggregates:
            self._aggregate(aggregate)
            if isinstance(measure, Calculation) and not self._is_number(aggregate):
                raise IllTyped(Fault.NOT_A_NUMBER, measure)
        fault = measure.lacks(self._query.groups)
        if fault is not None:
            raise IllTyped(fault, measure)
        if isinstance(measure, Calculation) and measure.nature is Nature.PART:
            self._divisible(measure)

    def _divisible(self, measure: Calculation) -> None:
        """Whether the groups are parts of a whole: their numbers add up, and no row is in two."""
        paths = [g.field.path if isinstance(g, FieldGroup) else g.path for g in self._query.groups]
        adding = all(each.function in {Function.COUNT, Function.SUM} for each in measure.aggregates)
        if not adding or any(self._rows.widens(path) for path in paths):
            raise IllTyped(Fault.NOT_DIVISIBLE, measure)

    def _aggregate(self, aggregate: Aggregate) -> None:
        rows = self._rows if aggregate.over is None else self._over(aggregate.over)
        rows.aggregate(aggregate)

    def _over(self, over: Over) -> FilterGate:
        """The other table, which must have the same groups."""
        if over.fact not in self._model.schema.tables:
            raise IllTyped(Fault.NO_TABLE, over)
        rows = FilterGate(self._model, over.fact)
        check_groups(over.groups, rows, over)
        if over.where is not None:
            rows.filter(over.where)
        others = {bare(a.over) for m in measures_of(self._query) for a in m.aggregates if a.over}
        if len(others) > 1 or not alike(self._query.groups, over.groups):
            raise IllTyped(Fault.DIFFERENT_GROUPS, over)
        return rows

    def _is_number(self, aggregate: Aggregate) -> bool:
        """Whether one can calculate with an aggregate: not with the latest date."""
        rows = (
            self._rows if aggregate.over is None else FilterGate(self._model, aggregate.over.fact)
        )
        return rows.is_number(aggregate)

    def _having(self, having: Having) -> None:
        arity(having.operator, len(having.values), having)
        if having.operator in {Operator.CONTAINS, Operator.EMPTY, Operator.PRESENT}:
            raise IllTyped(Fault.BAD_OPERATOR, having)
        numbers = all(self._is_number(each) for each in having.measure.aggregates)
        if not numbers or not all(map(math.isfinite, having.values)):
            raise IllTyped(Fault.BAD_VALUE, having)

    def _order(self, order: Order) -> None:
        query, by = self._query, order.by
        if isinstance(by, Field):
            if not query.columns or (query.distinct and bare(by) not in bare(query.columns)):
                raise IllTyped(Fault.BAD_ORDER, order)
            self._rows.field(by, single=not query.distinct)
        elif query.columns or (isinstance(by, Group) and bare(by) not in bare(query.groups)):
            raise IllTyped(Fault.BAD_ORDER, order)
