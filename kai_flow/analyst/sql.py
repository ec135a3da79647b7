"""Builds the statement of a plan, joining tables only along foreign keys.

Rows are never counted twice: a filter on child rows becomes EXISTS, and a grouping by something in
child rows aggregates over distinct (group, fact row) pairs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from kai_flow.analyst.expressions import (
    aggregate,
    column_of,
    group_filter,
    group_key,
    join_on,
    row_filter,
    table_of,
)
from kai_flow.analyst.language import Language
from kai_flow.analyst.plan import Aggregate, Dimension, Measure, Plan
from kai_flow.analyst.schema import ColumnRef, Kind, Schema, Step

__all__ = ["Statement", "build", "measure_name"]


@dataclass(frozen=True)
class Statement:
    """A query and the roles of its columns."""

    tree: exp.Select
    dialect: str
    """sqlglot's name of the SQL that the engine understands."""
    names: tuple[str, ...]
    """Result columns: dimensions (or listed columns) first, then measures."""
    measures: tuple[str, ...]
    """The result columns that are measures."""

    @property
    def text(self) -> str:
        """The SQL."""
        return self.tree.sql(dialect=self.dialect, identify=True, comments=False)


_PREFIX: dict[Aggregate, tuple[str, str]] = {
    Aggregate.AVERAGE: ("rata_rata", "average"),
    Aggregate.SUM: ("total", "total"),
    Aggregate.COUNT: ("jumlah", "number_of"),
    Aggregate.MINIMUM: ("terendah", "lowest"),
    Aggregate.MAXIMUM: ("tertinggi", "highest"),
}


def measure_name(measure: Measure, language: Language) -> str:
    """The name of a measure's result column, e.g. ``average_price``."""
    prefix = _PREFIX[measure.aggregate][language == "en"]
    name = measure.column or measure.table
    return name if name.casefold().startswith(f"{prefix}_") else f"{prefix}_{name}"


def build(plan: Plan, schema: Schema, language: Language) -> Statement:
    """The query for a plan, in the SQL of the schema's database."""
    if plan.columns:
        return _rows(plan, schema)
    widened = [d for d in plan.dimensions if _widens(schema, plan.fact, d.column.table)]
    names = _unique([d.column.column for d in plan.dimensions], plan, language)
    measures = names[len(plan.dimensions) :]
    outer = _Distinct(plan, schema) if widened else _Plain(schema)
    groups = [outer.dimension(d) for d in plan.dimensions]
    query = exp.select(
        *(exp.alias_(g, n, quoted=True) for g, n in zip(groups, names, strict=False)),
        *(
            exp.alias_(outer.measure(m), n, quoted=True)
            for m, n in zip(plan.measures, measures, strict=True)
        ),
    )
    query = outer.source(query, plan)
    keys = [outer.column(key) for d in plan.dimensions for key in d.keys]
    if groups:
        query = query.group_by(*(each.copy() for each in [*keys, *groups]))
    for having in plan.having:
        query = query.having(group_filter(having, outer.measure(having.measure)))
    query = _ordered(query, plan, names, measures)
    return Statement(query, schema.dialect, tuple(names), tuple(measures))


class _Plain:
    """Where columns come from when no join multiplies the fact's rows."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    def column(self, ref: ColumnRef) -> exp.Expr:
        return column_of(ref)

    def dimension(self, dimension: Dimension) -> exp.Expr:
        return group_key(dimension, self._schema)

    def measure(self, measure: Measure) -> exp.Expr:
        return aggregate(measure, None if measure.ref is None else column_of(measure.ref))

    def source(self, query: exp.Select, plan: Plan) -> exp.Select:
        tables = [ref.table for d in plan.dimensions for ref in (d.column, *d.keys)]
        tables += [having.measure.table for having in plan.having]
        return _from(query, plan, self._schema, tables)


class _Distinct:
    """The same when a dimension is in child rows: aggregate over a subquery of distinct pairs."""

    def __init__(self, plan: Plan, schema: Schema) -> None:
        self._schema = schema
        refs: list[ColumnRef] = [key for d in plan.dimensions for key in d.keys]
        refs += [ColumnRef(plan.fact, name) for name in schema.tables[plan.fact].primary_key]
        refs += [ref for m in plan.measures if (ref := m.ref) is not None]
        self._inner = {ref: f"c{number}" for number, ref in enumerate(dict.fromkeys(refs))}
        self._groups = {d: f"g{number}" for number, d in enumerate(plan.dimensions)}

    def column(self, ref: ColumnRef) -> exp.Expr:
        return exp.column(self._inner[ref], quoted=True)

    def dimension(self, dimension: Dimension) -> exp.Expr:
        return exp.column(self._groups[dimension], quoted=True)

    def measure(self, measure: Measure) -> exp.Expr:
        ref = measure.ref
        return aggregate(measure, None if ref is None else self.column(ref))

    def source(self, query: exp.Select, plan: Plan) -> exp.Select:
        pairs = exp.select(
            *(
                exp.alias_(group_key(d, self._schema), name, quoted=True)
                for d, name in self._groups.items()
            ),
            *(exp.alias_(column_of(ref), name, quoted=True) for ref, name in self._inner.items()),
        ).distinct()
        tables = [d.column.table for d in plan.dimensions]
        inner = _from(pairs, plan, self._schema, tables)
        return query.from_(inner.subquery(exp.to_identifier("pairs", quoted=True)))


def _rows(plan: Plan, schema: Schema) -> Statement:
    """Rows as they are."""
    names = _unique([ref.column for ref in plan.columns], plan, "en")
    query = exp.select(
        *(
            exp.alias_(column_of(r), n, quoted=True)
            for r, n in zip(plan.columns, names, strict=True)
        )
    )
    tables = [ref.table for ref in plan.columns]
    if plan.order and isinstance(plan.order.by, ColumnRef):
        tables.append(plan.order.by.table)
    query = _ordered(_from(query, plan, schema, tables), plan, names, [])
    by = plan.order.by if plan.order else None
    kinds = [schema.column(ref).kind for ref in plan.columns]
    ranked = [
        n
        for r, n, k in zip(plan.columns, names, kinds, strict=True)
        if k is Kind.NUMBER and (r == by or len(plan.columns) <= 3)
    ]
    return Statement(query, schema.dialect, tuple(names), tuple(ranked))


def _from(query: exp.Select, plan: Plan, schema: Schema, tables: Sequence[str]) -> exp.Select:
    """FROM the fact, joins to these tables, and the plan's conditions."""
    query = query.from_(table_of(plan.fact, schema))
    joined = {plan.fact}
    # A filter with alternatives must not drop rows by an inner join, so it becomes EXISTS.
    needed = [c.column.table for c in plan.conditions if not c.alternative]
    direct = [table for table in needed if not _widens(schema, plan.fact, table)]
    for table in [*tables, *direct]:
        for step in schema.path(plan.fact, table) or ():
            if step.target not in joined:
                joined.add(step.target)
                query = query.join(table_of(step.target, schema), on=join_on(step))
    clauses = []
    for group in plan.alternatives:
        parts = []
        for condition in group:
            clause = row_filter(condition, schema)
            if condition.column.table not in joined:
                path = schema.path(plan.fact, condition.column.table) or ()
                clause = _exists(clause, path, schema)
            parts.append(clause)
        clauses.append(exp.or_(*parts))
    return query.where(*clauses) if clauses else query


def _exists(clause: exp.Expr, path: Sequence[Step], schema: Schema) -> exp.Expr:
    """Whether any row at the end of a path meets a clause."""
    first, *rest = path
    query = exp.select(exp.Literal.number(1)).from_(table_of(first.target, schema))
    for step in rest:
        query = query.join(table_of(step.target, schema), on=join_on(step))
    return exp.Exists(this=query.where(join_on(first), clause))


def _ordered(
    query: exp.Select, plan: Plan, names: Sequence[str], measures: Sequence[str]
) -> exp.Select:
    """ORDER BY and LIMIT; empty values last, ties in the order of the first column."""
    if plan.order is not None:
        by = plan.order.by
        if isinstance(by, ColumnRef):
            key = column_of(by)
        elif isinstance(by, Measure):
            key = exp.column(measures[plan.measures.index(by)], quoted=True)
        else:
            key = exp.column(names[plan.dimensions.index(by)], quoted=True)
        query = query.order_by(exp.Ordered(this=key, desc=plan.order.descending, nulls_first=False))
        for name in names[: len(plan.dimensions) or 1]:
            tie = exp.column(name, quoted=True)
            if tie != key:
                query = query.order_by(exp.Ordered(this=tie, desc=False, nulls_first=True))
    return query.limit(plan.limit) if plan.limit is not None else query


def _widens(schema: Schema, fact: str, table: str) -> bool:
    """Whether joining a table multiplies the fact's rows."""
    return any(step.widens for step in schema.path(fact, table) or ())


def _unique(names: list[str], plan: Plan, language: Language) -> list[str]:
    """Names of the result's columns, numbered where two would be the same."""
    wanted = [*names, *(measure_name(measure, language) for measure in plan.measures)]
    found: list[str] = []
    for name in wanted:
        number, chosen = 2, name
        while chosen.casefold() in {other.casefold() for other in found}:
            chosen, number = f"{name}_{number}", number + 1
        found.append(chosen)
    return found
