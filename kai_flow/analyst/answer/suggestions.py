"""Follow-up questions: small changes of the query that was answered, worded as questions.

A question is suggested only if the reader reads it as the query that it was made from.
"""

from collections.abc import Callable, Iterator
from typing import Final

from msgspec import structs

from kai_flow.analyst.answer.asking import asked
from kai_flow.analyst.answer.spans import outside
from kai_flow.analyst.kinds.growth import Growth
from kai_flow.analyst.lexicon.data import Language
from kai_flow.analyst.query.calculation import Calculation
from kai_flow.analyst.query.measure import Measure
from kai_flow.analyst.query.nodes import (
    Aggregate,
    All,
    Condition,
    During,
    Field,
    FieldGroup,
    Filter,
    Function,
    Grain,
    Group,
    Operator,
    Order,
    Query,
    TimeGroup,
    bare,
)
from kai_flow.analyst.query.share import Share
from kai_flow.analyst.semantics.model import Attribute, Role, SemanticModel

__all__ = ["MAX_SUGGESTIONS", "Read", "same", "starters", "suggestions"]

MAX_SUGGESTIONS: Final = 3
"""Questions suggested at most."""

MAX_READ: Final = 16
"""Questions given to the reader at most: each takes milliseconds."""

TOP: Final = 5
"""Places of a suggested ranking."""

MAX_NAMES: Final = 100
"""Rows of a table at most, for its names to make readable groups."""

Read = Callable[[str], Query | None]
"""The query that the reader takes a question for; None if it does not answer it."""


def suggestions(
    query: Query, model: SemanticModel, language: Language, read: Read
) -> tuple[tuple[Query, str], ...]:
    """Questions close to the one that was answered, and the queries that they mean."""
    return _readable(_changes(query, model), query, model, language, read)


def starters(model: SemanticModel, language: Language, read: Read) -> tuple[tuple[Query, str], ...]:
    """First questions about a database, for someone whose question was not understood."""
    tables = sorted(
        (entity for entity in model.entities.values() if not entity.bridge),
        key=lambda entity: -entity.rows,
    )
    drafts = (draft for entity in tables[:5] for draft in _firsts(entity.table, model))
    return _readable(drafts, None, model, language, read)


def _readable(
    drafts: Iterator[Query],
    query: Query | None,
    model: SemanticModel,
    language: Language,
    read: Read,
) -> tuple[tuple[Query, str], ...]:
    """The first drafts that are read as what they mean."""
    found: dict[str, Query] = {}
    tried = 0
    for draft in drafts:
        if query is not None and _core(draft) == _core(query):
            continue
        for text in asked(draft, model, language):
            if len(found) == MAX_SUGGESTIONS or tried == MAX_READ:
                return tuple((taken, text) for text, taken in found.items())
            taken = read(text)
            tried += 1
            if taken is not None and same(taken, draft):
                found[text] = taken
                break
    return tuple((taken, text) for text, taken in found.items())


def same(one: Query | None, other: Query) -> bool:
    """Whether two queries ask for the same, but for order and limit that the reader adds."""
    return one is not None and _core(one) == _core(other)


def _core(query: Query) -> tuple[object, ...]:
    """What a query asks for, without the order and the limit that the reader adds by itself."""
    wanted = [each for each in query.measures if isinstance(each, Calculation) and each.beside]
    shown = [each for each in query.measures if each not in wanted]
    limit = query.limit if query.order and query.limit and query.limit <= TOP else None
    return bare(
        (query.fact, tuple(wanted or shown), query.groups, query.where, query.having, limit)
    ) + bare((query.columns, query.distinct))


def _firsts(table: str, model: SemanticModel) -> Iterator[Query]:
    """One question of each sort about a table."""
    count = Aggregate(function=Function.COUNT)
    query = Query(fact=table, measures=(count,))
    for group in _groups(query, model):
        yield structs.replace(query, groups=(group,))
        break
    for measure in _numbers(table, model):
        yield Query(fact=table, measures=(measure,))
        break


def _changes(query: Query, model: SemanticModel) -> Iterator[Query]:
    """Small changes of a query, the most useful first."""
    measure = query.measures[0] if query.measures else Aggregate(function=Function.COUNT)
    if isinstance(measure, Calculation) and measure.beside:
        (measure,) = measure.aggregates
    if not isinstance(measure, Aggregate):
        return
    if outside(query.where, model) is not None:  # there is nothing to look at more closely
        query = structs.replace(query, where=None)
        yield Query(fact=query.fact, measures=(measure,), groups=query.groups)
    start = Query(fact=query.fact, measures=(measure,), where=query.where)
    timed = any(isinstance(group, TimeGroup) for group in query.groups)
    fields = [group for group in query.groups if isinstance(group, FieldGroup)]
    others = list(_groups(query, model))
    if timed and not fields:
        yield structs.replace(start, measures=(Growth(of=measure),), groups=query.groups)
    yield from (structs.replace(start, groups=(group,)) for group in others[:1])
    if not timed and not _short(query.where):
        yield from (structs.replace(start, groups=(each,)) for each in _trends(query.fact, model))
    yield from _among(start, measure, fields)
    yield from (structs.replace(start, groups=(group,)) for group in others[1:])
    yield from _elsewhere(query, measure, model)


def _among(start: Query, measure: Aggregate, fields: list[FieldGroup]) -> Iterator[Query]:
    """The same groups by their part of the whole, or only the first of them."""
    if fields and measure.function in {Function.COUNT, Function.SUM}:
        yield structs.replace(start, measures=(Share(of=measure),), groups=(fields[0],))
    if fields:
        order = Order(by=measure, descending=True)
        yield structs.replace(start, groups=(fields[0],), order=(order,), limit=TOP)


def _elsewhere(query: Query, measure: Aggregate, model: SemanticModel) -> Iterator[Query]:
    """Another number for the same groups, and the same number for one value of a category."""
    start = Query(fact=query.fact, measures=(measure,), where=query.where)
    for number in _numbers(query.fact, model):
        if number != measure:
            yield structs.replace(start, measures=(number,), groups=query.groups[:1])
    if query.where is None:
        for where in _values(query, model):
            yield structs.replace(start, where=where)


def _groups(query: Query, model: SemanticModel) -> Iterator[Group]:
    """Columns by which the rows can be grouped: those of the table, then one join away."""
    fixed = list(_fixed(bare(query.where)))
    used = {group.field for group in bare(query.groups) if isinstance(group, FieldGroup)} | {*fixed}
    rows = {of.path for of in fixed if of.path and model.entities[of.table].label == of.column}
    ways = [(query.fact, ())] + [
        (join.target, (join.id,))
        for join in model.joins.values()
        if join.source == query.fact and not join.widens and not join.guessed
    ]
    for table, path in ways:
        if path in rows:  # only one row of that table is left
            continue
        for attribute in model.of(table):
            field = Field(table=table, column=attribute.column, path=path)
            if _parts(attribute, model, bool(path)) and field not in used:
                yield FieldGroup(field=field)


def _fixed(where: Filter | None) -> Iterator[Field]:
    """What the filters leave only one value of."""
    if isinstance(where, All):
        for part in where.parts:
            yield from _fixed(part)
    elif (
        isinstance(where, Condition)
        and where.operator is Operator.EQUAL
        and len(where.values) == 1
        and isinstance(where.of, Field)
    ):
        yield where.of


def _parts(attribute: Attribute, model: SemanticModel, joined: bool) -> bool:
    """Whether a column makes good groups: a category, or the name of a row elsewhere."""
    if attribute.role is Role.NAME:
        entity = model.entities[attribute.table]
        return joined and entity.label == attribute.column and entity.rows <= MAX_NAMES
    return attribute.role is Role.CATEGORY and len(attribute.values) != 1


def _trends(fact: str, model: SemanticModel) -> Iterator[TimeGroup]:
    """Groups by the usual time of a table, at a grain that gives a handful of periods."""
    for axis in model.axes_of(fact)[:1]:
        grain = Grain.YEAR if axis.finest is Grain.YEAR else Grain.MONTH
        if axis.first and axis.last and int(axis.last[:4]) - int(axis.first[:4]) > 3:
            grain = Grain.YEAR
        yield TimeGroup(axis=axis.id, grain=grain)


def _short(where: Filter | None) -> bool:
    """Whether the filters leave too few days for a trend."""
    parts = where.parts if isinstance(where, All) else (where,)
    return any(
        isinstance(part, During)
        and part.start is not None
        and part.end is not None
        and part.start[:4] == part.end[:4]
        and int(part.end[5:7]) - int(part.start[5:7]) < 3
        for part in parts
    )


def _numbers(fact: str, model: SemanticModel) -> Iterator[Measure]:
    """Totals of what adds up, averages of what does not."""
    for derived in model.derived:
        if derived.table == fact and derived.role is Role.ADDITIVE:
            yield Aggregate(function=Function.SUM, of=derived.expression, derived=derived.name)
    for attribute in model.of(fact):
        of = Field(table=fact, column=attribute.column)
        if attribute.role is Role.ADDITIVE:
            yield Aggregate(function=Function.SUM, of=of)
        elif attribute.role is Role.RATE:
            yield Aggregate(function=Function.AVERAGE, of=of)


def _values(query: Query, model: SemanticModel) -> Iterator[Condition]:
    """Filters for one value of a category of the table."""
    for attribute in model.of(query.fact):
        texts = [each.value for each in attribute.values if isinstance(each.value, str)]
        if attribute.role is Role.CATEGORY and len(texts) > 1:
            of = Field(table=query.fact, column=attribute.column)
            yield Condition(of=of, operator=Operator.EQUAL, values=(texts[0],))
