"""The SELECT of measures, grouped or not.

One SELECT is enough as a rule. A measure like growth reads the groups' numbers as the rows of a
subquery, and a condition on what a window function calculates is put around another one.
"""

from collections.abc import Mapping, Sequence

from sqlglot import exp

from kai_flow.analyst.query.aggregates import aggregates, measures_of
from kai_flow.analyst.query.group_columns import Part
from kai_flow.analyst.query.joins import Tables
from kai_flow.analyst.query.measure import Measure
from kai_flow.analyst.query.merging import all_rows
from kai_flow.analyst.query.naming import Results
from kai_flow.analyst.query.nodes import (
    Aggregate,
    Function,
    Group,
    PeriodGroup,
    Query,
    TimeGroup,
    bare,
)
from kai_flow.analyst.query.ordering import finished, ordered
from kai_flow.analyst.query.trees import Unlowerable, both, case, column, compared, literal, shown
from kai_flow.analyst.query.window import Window

__all__ = ["Grouped"]

Numbers = Mapping[Measure, exp.Expr]


class Grouped:
    """Builds it, level by level, from the inside."""

    def __init__(self, query: Query, tables: Tables, results: Results) -> None:
        self._query = query
        self._tables = tables
        self._dialect = tables.model.schema.dialect
        self._rows = all_rows(query, aggregates(query), tables, results)
        self._parts = self._rows.parts
        self.outputs: list[tuple[str, Group | Measure]] = [
            *((part.name, part.node) for part in self._parts),
            *((results.measure(each), each) for each in query.measures),
        ]
        """The names of the result's columns, and what they show."""
        self._named = {bare(node): name for name, node in self.outputs}
        self._results = results

    def tree(self) -> exp.Select:
        """The SELECT."""
        query = self._query
        everything = list(measures_of(query))
        windows = any(each.windows for each in everything)
        late = windows and (query.each is not None or bool(query.having))
        rows_first = self._shuffled or any(each.rows_first for each in everything)
        select = self._rows.source(exp.select())
        values: Numbers = self._rows.values
        if self._parts:
            select = select.group_by(*self._rows.grouped(), copy=False)
        if rows_first:
            select, values = self._inside(select, values, "totals")
        numbers: Numbers = {bare(each): self._number(each, values) for each in everything}
        if late:
            select, numbers = self._inside(select, numbers, "measured")
        if query.having:
            clauses = [
                compared(numbers[bare(each.measure)].copy(), each.operator, _literals(each.values))
                for each in query.having
            ]
            where = select.where if late or rows_first else select.having
            select = where(both(*clauses), copy=False)
        if query.each is not None:
            return self._each(select, numbers, query.each)
        select = select.select(*self._shown(numbers), copy=False)
        return finished(select, self._order(numbers, outside=False), query.limit)

    def _inside(
        self, select: exp.Select, numbers: Numbers, wanted: str
    ) -> tuple[exp.Select, dict[Measure, exp.Expr]]:
        """The groups and these numbers as a subquery, and the numbers as its columns."""
        names = {
            each: self._named.get(each) or self._results.measure(each)
            for each in dict.fromkeys(numbers)
        }
        inner = select.select(
            *(each for part in self._parts for each in part.aliased),
            *(
                exp.alias_(numbers[each].copy(), alias, quoted=True)
                for each, alias in names.items()
            ),
            copy=False,
        )
        self._parts = [part.lifted() for part in self._parts]
        return self._from(inner, wanted), {each: column(name) for each, name in names.items()}

    def _each(self, select: exp.Select, numbers: Numbers, most: int) -> exp.Select:
        """The first rows of every value of the first group."""
        first = self._parts[0]
        place = self._results.unique("place")
        window = exp.Window(
            this=exp.RowNumber(),
            partition_by=first.expressions,
            order=exp.Order(expressions=self._order(numbers, outside=True)),
            over="OVER",
        )
        inner = select.select(
            *self._shown(numbers),
            *first.aliased[1:],
            exp.alias_(window, place, quoted=True),
            copy=False,
        )
        shown = [column(name) for name, _ in self.outputs]
        outer = self._from(inner, "placed").select(*shown, copy=False)
        outer = outer.where(exp.LTE(this=column(place), expression=literal(most)), copy=False)
        self._parts = [part.lifted() for part in self._parts]
        keys = [column(name) for name, _ in first.keys]
        order = [
            self._sorted(self._parts[0]),
            *(ordered(each, dialect=self._dialect) for each in keys),
        ]
        order.append(ordered(column(place), dialect=self._dialect, nullable=False))
        return finished(outer, order, self._query.limit)

    def _from(self, inner: exp.Select, name: str) -> exp.Select:
        alias = exp.to_identifier(self._tables.names.other(name), quoted=True)
        return exp.select().from_(inner.subquery(alias), copy=False)

    def _shown(self, numbers: Numbers) -> list[exp.Expr]:
        """The result's columns."""
        return [
            *(shown(part.label, part.name) for part in self._parts),
            *(
                shown(numbers[bare(node)], name)
                for name, node in self.outputs[len(self._parts) :]
                if not isinstance(node, Group)
            ),
        ]

    def _number(self, measure: Measure, values: Numbers) -> exp.Expr:
        """A measure from its aggregates, and from those of other groups."""
        found = [values[bare(each)].copy() for each in measure.aggregates]
        first = tuple(self._parts[0].expressions) if self._parts else ()
        times = [(p.label, p.node) for p in self._parts if isinstance(p.node, TimeGroup)]
        if len(times) != 1:
            return measure.number(found, Window(self._dialect, first))
        [(label, time)] = times
        others = [each for p in self._parts if p.node is not time for each in p.expressions]
        window = Window(self._dialect, first, tuple(others), label, time.grain)
        return measure.number(found, window)

    def _order(self, numbers: Numbers, *, outside: bool) -> list[exp.Expr]:
        """The sort keys asked for, then the groups. ``outside``: by expressions, not by names."""
        found: list[exp.Expr] = []
        done = set()
        groups: dict[object, Part] = {bare(part.node): part for part in self._parts}
        for order in self._query.order:
            by = bare(order.by)
            done.add(by)
            if by in groups:
                found.append(self._sorted(groups[by], order.descending, outside=outside))
                continue
            if not isinstance(by, Measure):
                raise Unlowerable("groups are sorted by groups and measures of the query")
            key = numbers[by].copy()
            if by in self._named and not outside:
                key = column(self._named[by])
            nullable = not (isinstance(by, Aggregate) and by.function in _COUNTS)
            found.append(
                ordered(key, descending=order.descending, dialect=self._dialect, nullable=nullable)
            )
        ties = [part for node, part in groups.items() if node not in done]
        return [*found, *(self._sorted(part, outside=outside) for part in ties)]

    def _sorted(
        self, part: Part, descending: bool = False, *, outside: bool = False
    ) -> exp.Ordered:
        """A group as a sort key; named periods in the order of the question."""
        key = part.label.copy() if outside else column(part.name)
        if isinstance(part.node, PeriodGroup) and (labels := _labels(part.node)) != sorted(labels):
            key = case(
                *(
                    (exp.EQ(this=key.copy(), expression=literal(label)), literal(at))
                    for at, label in enumerate(labels, start=1)
                )
            )
        return ordered(key, descending=descending, dialect=self._dialect, nullable=part.nullable)

    @property
    def _shuffled(self) -> bool:
        """Whether named periods are sorted otherwise than by their names: by an expression, which
        PostgreSQL takes of a subquery's columns alone.
        """
        periods = [_labels(p.node) for p in self._parts if isinstance(p.node, PeriodGroup)]
        return any(labels != sorted(labels) for labels in periods)


def _labels(group: PeriodGroup) -> list[str]:
    return [label for label, _, _ in group.periods]


_COUNTS = {Function.COUNT, Function.DISTINCT}


def _literals(values: Sequence[float]) -> list[exp.Expr]:
    return [literal(each) for each in values]
