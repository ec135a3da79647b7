"""The rows of the groups of a query.

A grouping by something in child rows multiplies the fact's rows. Then either the aggregates are
such that repetition changes nothing, or they work on a subquery of distinct (group, fact row)
pairs.
"""

from collections.abc import Sequence

from sqlglot import exp

from kai_flow.analyst.query.aggregates import REPEATABLE
from kai_flow.analyst.query.expressions import clock, value
from kai_flow.analyst.query.group_columns import group_part
from kai_flow.analyst.query.joins import Scope, Tables
from kai_flow.analyst.query.naming import Results
from kai_flow.analyst.query.nodes import Aggregate, FieldGroup, Function, Group, PeriodGroup, Query
from kai_flow.analyst.query.predicates import predicate
from kai_flow.analyst.query.row_sets import Rows, distinct_pairs, with_ranks
from kai_flow.analyst.query.trees import Unlowerable, any_of, case, column, literal
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.model import SemanticModel

__all__ = ["rows_of"]


def rows_of(query: Query, wanted: Sequence[Aggregate], tables: Tables, results: Results) -> Rows:
    """The rows of a query's groups."""
    scope = Scope(tables)
    model = tables.model
    dialect = model.schema.dialect
    widened = any(_widens(group, model) for group in query.groups)
    key = _key(query.fact, tables) if widened else []
    for group in query.groups:
        if _widens(group, model):
            scope.force(_path(group))
        else:  # rows that point to nothing are a group as well: no row may be lost
            scope.reach(_path(group), inner=_pointing(_path(group), model))
    clauses = [] if query.where is None else [predicate(query.where, scope, sure=True)]
    parts = [group_part(group, scope, results) for group in query.groups]
    clauses += [_in_a_period(each, scope) for each in query.groups if isinstance(each, PeriodGroup)]
    once = len(key) == 1 and all(each.function in {Function.COUNT, *REPEATABLE} for each in wanted)
    inputs = {each: _input(each, scope, key[0] if once else None) for each in wanted}

    def source(select: exp.Select) -> exp.Select:
        return tables.source(select).where(*(each.copy() for each in clauses), copy=False)

    rows = Rows(parts, inputs, source, dialect, distinct=once)
    if widened and not once:
        rows = distinct_pairs(rows, key, tables, results)
    medians = [each for each in wanted if each.function is Function.MEDIAN]
    if medians and dialect in {"sqlite", "mysql"}:
        rows = with_ranks(rows, medians, tables, results)
    return rows


def _widens(group: Group, model: SemanticModel) -> bool:
    """Whether a row may be in several groups."""
    return any(model.joins[each].widens for each in _path(group))


def _pointing(path: Sequence[str], model: SemanticModel) -> bool:
    """Whether every row points to one: declared, without gaps, and seen in a scan of all rows."""
    return all(
        not join.guessed
        and not model.entities[join.source].sampled
        and not any(model.attributes[ColumnRef(join.source, a)].nullable for a, _ in join.pairs)
        for join in (model.joins[each] for each in path)
    )


def _input(aggregate: Aggregate, scope: Scope, key: exp.Expr | None = None) -> exp.Expr | None:
    """What is aggregated of a row; None: the row itself. ``key``: what identifies a row."""
    found: exp.Expr | None
    if aggregate.function is Function.COUNT:
        found = key.copy() if key is not None else None
    else:
        if aggregate.of is None:
            raise Unlowerable(f"{aggregate.function} of nothing")
        found = value(aggregate.of, scope)
    if aggregate.where is None:
        return found
    return case((predicate(aggregate.where, scope), literal(1) if found is None else found))


def _path(group: Group) -> tuple[str, ...]:
    return group.field.path if isinstance(group, FieldGroup) else group.path


def _key(fact: str, tables: Tables) -> list[exp.Expr]:
    """What identifies a row of the fact: its key, or a number that it is given."""
    entity, declared = tables.model.entities[fact], tables.model.schema.tables[fact].primary_key
    names = declared if entity.sampled else entity.key  # a sample may not show that a value repeats
    if not names:
        tables.numbered = tables.names.other("row_number")
        names = (tables.numbered,)
    return [column(name, tables.alias) for name in names]


def _in_a_period(group: PeriodGroup, scope: Scope) -> exp.Expr:
    found = clock(group.axis, group.path, scope)
    return any_of(*(found.during(start, end) for _, start, end in group.periods))
