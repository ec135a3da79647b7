"""The groups of a query, and the rows that are aggregated.

A grouping by something in child rows multiplies the fact's rows. Then either the aggregates are
such that repetition changes nothing, or they work on a subquery of distinct (group, fact row)
pairs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from sqlglot import exp

from kai_flow.analyst.query.aggregates import REPEATABLE, aggregated, merged_number
from kai_flow.analyst.query.expressions import clock, value
from kai_flow.analyst.query.joins import Scope, Tables
from kai_flow.analyst.query.naming import Results
from kai_flow.analyst.query.nodes import (
    Aggregate,
    Field,
    FieldGroup,
    Function,
    Group,
    Measure,
    PeriodGroup,
    Query,
    TimeGroup,
)
from kai_flow.analyst.query.ordering import ordered
from kai_flow.analyst.query.predicates import predicate
from kai_flow.analyst.query.times import RECURRING
from kai_flow.analyst.query.trees import Unlowerable, any_of, case, column, literal, shown
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.model import SemanticModel

__all__ = ["Part", "Rows", "rows_of"]


@dataclass(frozen=True)
class Part:
    """One group as SQL."""

    node: Group
    name: str
    """Of its result column."""
    label: exp.Expr
    keys: tuple[tuple[str, exp.Expr], ...] = ()
    """What else tells its values apart: names for a subquery's columns, and expressions."""
    nullable: bool = True

    @property
    def expressions(self) -> list[exp.Expr]:
        """What is grouped by."""
        return [self.label.copy(), *(each.copy() for _, each in self.keys)]

    @property
    def aliased(self) -> list[exp.Expr]:
        """The same as columns of a subquery."""
        return [
            shown(self.label, self.name),
            *(shown(each, name) for name, each in self.keys),
        ]

    def lifted(self) -> "Part":
        """The group outside of that subquery."""
        keys = tuple((name, column(name)) for name, _ in self.keys)
        return replace(self, label=column(self.name), keys=keys)


@dataclass
class Rows:
    """The rows that are aggregated: where they come from, and how each aggregate sees them."""

    parts: list[Part]
    inputs: dict[Aggregate, exp.Expr | None]
    source: Callable[[exp.Select], exp.Select]
    dialect: str
    distinct: bool = False
    """Whether rows may repeat, so that counts are of different keys."""
    ranks: dict[Aggregate, tuple[exp.Expr, exp.Expr]] = field(default_factory=dict)
    merged: bool = False
    """Whether the inputs are numbers of groups already, of which each is in one row."""

    @property
    def values(self) -> dict[Measure, exp.Expr]:
        """Every aggregate's number."""
        if self.merged:
            return {
                each: merged_number(each, found, grouped=bool(self.parts))
                for each, found in self.inputs.items()
                if found is not None
            }
        return {
            each: aggregated(
                each, found, self.dialect, distinct=self.distinct, rank=self.ranks.get(each)
            )
            for each, found in self.inputs.items()
        }

    def grouped(self) -> list[exp.Expr]:
        """GROUP BY, by the number of the result column where it is calculated."""
        found: list[exp.Expr] = []
        for at, part in enumerate(self.parts, start=1):
            plain = isinstance(part.label, exp.Column)
            found.append(part.label.copy() if plain else exp.Literal.number(at))
            found += [key.copy() for _, key in part.keys]
        return found


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
    parts = [_part(group, scope, results) for group in query.groups]
    clauses += [_in_a_period(each, scope) for each in query.groups if isinstance(each, PeriodGroup)]
    once = len(key) == 1 and all(each.function in {Function.COUNT, *REPEATABLE} for each in wanted)
    inputs = {each: _input(each, scope, key[0] if once else None) for each in wanted}

    def source(select: exp.Select) -> exp.Select:
        return tables.source(select).where(*(each.copy() for each in clauses), copy=False)

    rows = Rows(parts, inputs, source, dialect, distinct=once)
    if widened and not once:
        rows = _pairs(rows, key, tables, results)
    medians = [each for each in wanted if each.function is Function.MEDIAN]
    if medians and dialect in {"sqlite", "mysql"}:
        rows = _ranked(rows, medians, tables, results)
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


def _part(group: Group, scope: Scope, results: Results) -> Part:
    name = results.group(group)
    match group:
        case FieldGroup():
            return _field_part(group, name, scope, results)
        case TimeGroup():
            found = clock(group.axis, group.path, scope)
            if not group.recurring:
                return Part(group, name, found.label(group.grain))
            if group.grain not in RECURRING:
                raise Unlowerable(f"a {group.grain} does not recur")
            return Part(group, name, found.part(RECURRING[group.grain]))
        case PeriodGroup():
            found = clock(group.axis, group.path, scope)
            branches = [
                (found.during(start, end), literal(label)) for label, start, end in group.periods
            ]
            return Part(group, name, case(*branches), nullable=False)


def _field_part(group: FieldGroup, name: str, scope: Scope, results: Results) -> Part:
    """A column, and the key of the row that it names."""
    field = group.field
    alias = scope.reach(field.path)
    names = _named_by(field, scope)
    keys = tuple((results.unique(f"{field.table}_{each}"), column(each, alias)) for each in names)
    attribute = scope.model.attributes.get(ColumnRef(field.table, field.column))
    nullable = attribute is None or attribute.nullable
    return Part(group, name, column(field.column, alias), keys, nullable)


def _named_by(field: Field, scope: Scope) -> tuple[str, ...]:
    """The key of the rows that a column names, if two of them may have one name."""
    entity = scope.model.entities[field.table]
    attribute = scope.model.attributes.get(ColumnRef(field.table, field.column))
    unique = attribute is not None and attribute.unique and not entity.sampled
    if not field.path or entity.label != field.column or unique:
        return ()
    last = scope.model.joins[field.path[-1]]
    referenced = () if last.widens else tuple(right for _, right in last.pairs)
    return tuple(each for each in entity.key or referenced if each != field.column)


def _in_a_period(group: PeriodGroup, scope: Scope) -> exp.Expr:
    found = clock(group.axis, group.path, scope)
    return any_of(*(found.during(start, end) for _, start, end in group.periods))


def _pairs(rows: Rows, key: list[exp.Expr], tables: Tables, results: Results) -> Rows:
    """Every (group, fact row) once, with the inputs of the aggregates.

    An input that is limited by a condition may be there and missing for the same pair, when the
    condition is about the group's own child rows: then it is there.
    """
    keys = [shown(each, results.unique(each.name)) for each in key]
    inputs, columns = _carried(rows.inputs, results)
    groups = [each for part in rows.parts for each in part.aliased]
    limited = any(each.where is not None for each in rows.inputs)
    if limited:
        plain = [each for each in columns if isinstance(each.unalias(), exp.Column)]
        by = [*rows.grouped(), *(each.unalias().copy() for each in (*keys, *plain))]
        found = [each if each in plain else _any_of_pair(each) for each in columns]
        select = exp.select(*groups, *keys, *found).group_by(*by, copy=False)
    else:
        select = exp.select(*groups, *keys, *columns).distinct(copy=False)
    return Rows(
        [part.lifted() for part in rows.parts],
        inputs,
        _from(rows.source(select), tables.names.other("pairs")),
        rows.dialect,
    )


def _any_of_pair(aliased: exp.Expr) -> exp.Expr:
    return exp.alias_(exp.Max(this=aliased.unalias().copy()), aliased.alias, quoted=True)


def _ranked(rows: Rows, medians: Sequence[Aggregate], tables: Tables, results: Results) -> Rows:
    """Every row with the rank of its values in its group, for databases without medians."""
    groups = [each for part in rows.parts for each in part.expressions]
    inputs, columns = _carried(rows.inputs, results)
    ranks: dict[Aggregate, tuple[exp.Expr, exp.Expr]] = {}
    for each in medians:
        found = rows.inputs[each]
        if found is None:
            raise Unlowerable("the median of nothing")
        order = exp.Order(expressions=[ordered(found.copy(), dialect=rows.dialect)])
        count = exp.Count(this=found.copy())
        by = [group.copy() for group in groups]
        windows = (
            exp.Window(this=exp.RowNumber(), partition_by=by, order=order, over="OVER"),
            exp.Window(this=count, partition_by=[group.copy() for group in by], over="OVER"),
        )
        names = [results.unique(f"{what}_of_value") for what in ("rank", "count")]
        columns += [
            exp.alias_(window, name, quoted=True)
            for window, name in zip(windows, names, strict=True)
        ]
        ranks[each] = (column(names[0]), column(names[1]))
    select = exp.select(*(each for part in rows.parts for each in part.aliased), *columns)
    return Rows(
        [part.lifted() for part in rows.parts],
        inputs,
        _from(rows.source(select), tables.names.other("ranked")),
        rows.dialect,
        ranks=ranks,
    )


def _carried(
    inputs: dict[Aggregate, exp.Expr | None], results: Results
) -> tuple[dict[Aggregate, exp.Expr | None], list[exp.Expr]]:
    """The inputs as columns of a subquery: how they are read outside, and written inside."""
    outside: dict[Aggregate, exp.Expr | None] = {}
    inside: dict[exp.Expr, str] = {}
    for aggregate, found in inputs.items():
        if found is None:
            outside[aggregate] = None
            continue
        if found not in inside:
            inside[found] = _carried_name(found, results)
        outside[aggregate] = column(inside[found])
    return outside, [shown(each, name) for each, name in inside.items()]


def _carried_name(found: exp.Expr, results: Results) -> str:
    if not isinstance(found, exp.Column):
        return results.unique("value")
    return results.unique(found.name) if found.table else found.name


def _from(inner: exp.Select, name: str) -> Callable[[exp.Select], exp.Select]:
    """Puts a subquery behind FROM."""

    def source(select: exp.Select) -> exp.Select:
        return select.from_(inner.subquery(exp.to_identifier(name, quoted=True)), copy=False)

    return source
