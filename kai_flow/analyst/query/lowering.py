"""A query as one SELECT in the SQL of a database; joins follow the query's paths, and no other.

No row is counted twice: see ``predicates`` for conditions on child rows, ``grouping`` for groupings
by them. Empty values come last; equal ones in the order of the groups, or of the first column.
"""

from dataclasses import dataclass

from sqlglot import exp

from kai_flow.analyst.query.grouped import Grouped
from kai_flow.analyst.query.joins import Names, Scope, Tables
from kai_flow.analyst.query.measure import Measure
from kai_flow.analyst.query.naming import Results
from kai_flow.analyst.query.nodes import Field, Group, Query, bare
from kai_flow.analyst.query.ordering import finished, ordered
from kai_flow.analyst.query.predicates import predicate
from kai_flow.analyst.query.quotients import of_sums
from kai_flow.analyst.query.trees import Unlowerable, column
from kai_flow.analyst.semantics.model import SemanticModel

__all__ = ["Output", "Statement", "Unlowerable", "lower"]


@dataclass(frozen=True)
class Output:
    """One column of the result."""

    name: str
    node: Group | Measure | Field


@dataclass(frozen=True)
class Statement:
    """A query as SQL."""

    tree: exp.Query
    dialect: str
    """sqlglot's name of the SQL that the engine understands."""
    outputs: tuple[Output, ...]
    """The columns of the result: groups, then measures; or the listed columns."""

    @property
    def text(self) -> str:
        """The SQL."""
        return self.tree.sql(dialect=self.dialect, identify=True, comments=False)


def lower(query: Query, model: SemanticModel) -> Statement:
    """The statement of a query; ``Unlowerable`` when there is none that is right."""
    names = Names(model.schema.tables)
    tables = Tables(model, names, query.fact)
    results = Results(model, query.fact)
    if query.columns:
        return _listing(query, tables, results)
    grouped = Grouped(of_sums(query), tables, results)
    outputs = tuple(Output(name, node) for name, node in grouped.outputs)
    return Statement(grouped.tree(), model.schema.dialect, outputs)


def _listing(query: Query, tables: Tables, results: Results) -> Statement:
    """Columns of single rows."""
    scope = Scope(tables)
    dialect = tables.model.schema.dialect
    if query.distinct:
        for field in query.columns:
            scope.force(field.path)
    clauses = [] if query.where is None else [predicate(query.where, scope, sure=True)]
    outputs = tuple(Output(results.field(field), field) for field in query.columns)
    columns = [
        exp.alias_(scope.column(f.path, f.column), o.name, quoted=True)
        for f, o in zip(query.columns, outputs, strict=True)
    ]
    named = {bare(each.node): column(each.name) for each in outputs}
    order = []
    for each in query.order:
        if not isinstance(each.by, Field):
            raise Unlowerable("single rows are sorted by columns")
        by = named.get(bare(each.by))
        if by is None:
            by = scope.column(each.by.path, each.by.column)
        order.append(ordered(by, descending=each.descending, dialect=dialect))
    sorted_by = {bare(each.by) for each in query.order}
    if query.distinct:
        ties = [by for node, by in named.items() if node not in sorted_by]
    elif query.order:
        ties = [column(outputs[0].name)] if bare(query.columns[0]) not in sorted_by else []
    else:
        ties = [column(name, tables.alias) for name in tables.model.entities[query.fact].key]
    order += [
        ordered(by, dialect=dialect, nullable=query.distinct or bool(query.order)) for by in ties
    ]
    select = tables.source(exp.select(*columns)).where(*clauses, copy=False)
    if query.distinct:
        select = select.distinct(copy=False)
    return Statement(finished(select, order, query.limit), dialect, outputs)
