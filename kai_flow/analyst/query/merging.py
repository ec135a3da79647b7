"""Numbers of two tables for the same groups: each table is aggregated alone, then put together.

Joining the tables would count the rows of one for every row of the other.
"""

from collections.abc import Sequence

from sqlglot import exp

from kai_flow.analyst.query.grouping import rows_of
from kai_flow.analyst.query.joins import Names, Tables
from kai_flow.analyst.query.naming import Results
from kai_flow.analyst.query.nodes import Aggregate, Over, Query, bare
from kai_flow.analyst.query.row_sets import Rows
from kai_flow.analyst.query.trees import Unlowerable, column, shown

__all__ = ["all_rows"]


def all_rows(query: Query, wanted: Sequence[Aggregate], tables: Tables, results: Results) -> Rows:
    """The rows of a query's groups, from its fact and from another table if it has one."""
    mine = [each for each in wanted if each.over is None]
    rows = rows_of(query, mine, tables, results)
    others = {bare(each.over) for each in wanted if each.over is not None}
    if not others:
        return rows
    if len(others) > 1:
        raise Unlowerable("more than two tables are aggregated")
    [over] = others
    theirs = [each for each in wanted if each.over is not None]
    names = Results(tables.model, query.fact)
    for part in rows.parts:
        for name in (part.name, *(key for key, _ in part.keys)):
            names.unique(name)
    named = {each: names.measure(each) for each in wanted}
    first = _numbers(rows, named)
    second = _numbers(_their_rows(over, theirs, tables), named)
    if len(first.expressions) != len(second.expressions):
        raise Unlowerable("the groups of the two tables have different keys")
    both = exp.union(first, second, distinct=False, copy=False)
    alias = exp.to_identifier(tables.names.other("merged"), quoted=True)

    def source(select: exp.Select) -> exp.Select:
        return select.from_(both.subquery(alias), copy=False)

    inputs: dict[Aggregate, exp.Expr | None] = {each: column(named[each]) for each in wanted}
    parts = [part.lifted() for part in rows.parts]
    return Rows(parts, inputs, source, rows.dialect, merged=True)


def _their_rows(over: Over, wanted: Sequence[Aggregate], tables: Tables) -> Rows:
    model = tables.model
    names = Names(model.schema.tables)
    query = Query(fact=over.fact, groups=over.groups, where=over.where)
    return rows_of(query, wanted, Tables(model, names, over.fact), Results(model, over.fact))


def _numbers(rows: Rows, named: dict[Aggregate, str]) -> exp.Select:
    """The groups of one table with its own numbers, and nothing where the other's belong."""
    values = rows.values
    select = rows.source(exp.select(*(each for part in rows.parts for each in part.aliased)))
    if rows.parts:
        select = select.group_by(*rows.grouped(), copy=False)
    numbers = [shown(values.get(each, exp.null()), name) for each, name in named.items()]
    return select.select(*numbers, copy=False)
