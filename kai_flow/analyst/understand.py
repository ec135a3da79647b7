"""Makes the plan of a question: what is measured, grouped, filtered and ranked.

Deterministic and without I/O. Where several readings are possible, the rules below choose the most
likely one, and the agent's `thinking` event states it.
"""

from dataclasses import dataclass, field, replace

from kai_flow.analyst import alternatives, ranking, subjects
from kai_flow.analyst import conditions as filters
from kai_flow.analyst.errors import UnclearQuestion
from kai_flow.analyst.gate import admit
from kai_flow.analyst.language import Sign
from kai_flow.analyst.linking import Mention, TargetKind
from kai_flow.analyst.measures import Found, count_of, find_counted, find_measured, measure_of
from kai_flow.analyst.messages import say
from kai_flow.analyst.plan import (
    Aggregate,
    Condition,
    Dimension,
    Having,
    Measure,
    Operator,
    Order,
    Plan,
)
from kai_flow.analyst.question import Question
from kai_flow.analyst.refusals import refuse_unanswerable, refuse_unknown
from kai_flow.analyst.schema import ColumnRef, Kind
from kai_flow.analyst.timeline import time_column

__all__ = ["MAX_LISTED_COLUMNS", "understand"]

MAX_LISTED_COLUMNS = 8
"""Columns shown when rows are listed."""


@dataclass
class _Draft:
    """A plan in the making: what has been found so far."""

    years: list[filters.YearFilter]
    comparisons: list[filters.Comparison]
    values: list[Condition]
    subject: subjects.Subject
    having: list[filters.Comparison] = field(default_factory=list)
    measured: list[Found] = field(default_factory=list)
    loose_or: bool = False


def understand(question: Question) -> Plan:
    """The plan for a question; raises ``UnclearQuestion`` when something is missing."""
    refuse_unanswerable(question)
    draft = _read(question)
    plan = _planned(question, draft)
    return admit(question, replace(plan, loose_or=draft.loose_or))


def _planned(question: Question, draft: _Draft) -> Plan:
    """The plan for what was found."""
    if draft.measured:
        rows = _ranked_rows(question, draft)
        if rows is not None:
            return _checked(question, rows)
        return _checked(question, _grouped(question, draft, [f.measure for f in draft.measured]))
    counted = find_counted(question, draft.subject.mentions)
    if counted is None and draft.having:
        counted = measure_of(question, draft.having[0].mention)
    if counted is not None:
        return _checked(question, _grouped(question, draft, [counted]))
    return _checked(question, _without_measure(question, draft))


def _read(question: Question) -> _Draft:
    """Find filters first (their parts are no measures), then subjects, then measures."""
    draft = _Draft(
        years=filters.year_filters(question),
        comparisons=filters.comparisons(question),
        values=filters.value_filters(question),
        subject=subjects.Subject(),
    )
    for comparison in draft.comparisons:
        if subjects.is_aggregated(question, comparison.mention):
            draft.having.append(comparison)
        else:
            question.used.add(comparison.mention)
    draft.subject = subjects.find(
        question, filtered=bool(draft.comparisons), by_group=bool(draft.having)
    )
    if not draft.subject.mentions and not draft.subject.by_year:
        draft.subject.groups.extend(subjects.compared(question, draft.values))
    refuse_unknown(question)
    draft.measured = find_measured(question, ranking.extreme(question, draft.subject))
    tables = [found.measure.table for found in draft.measured]
    draft.measured = [found for found in draft.measured if found.measure.table == tables[0]]
    return draft


def _ranked_rows(question: Question, draft: _Draft) -> Plan | None:
    """The plan that lists rows by a column of their own: "10 toko dengan X terbesar"."""
    first = draft.measured[0]
    entity = draft.subject.entity
    if any(found.explicit for found in draft.measured) or draft.subject.groups:
        return None
    if entity is not None:
        target = question.meaning[entity]
        if target.kind is not TargetKind.TABLE or target.table != first.measure.table:
            return None
    elif draft.subject.by_year or not (
        draft.subject.limit is not None or subjects.sorted_by(question, first.mention)
    ):
        return None
    fact = first.measure.table
    label = question.schema.tables[fact].label
    columns = [ColumnRef(fact, label.name)] if label else []
    columns += [ref for found in draft.measured if (ref := found.measure.ref) is not None]
    limit: int | None = None  # sorted, not ranked
    ours = False
    if ranking.has_end(question) or draft.subject.limit is not None:
        limit, ours = ranking.limit(question, draft.subject)
    return Plan(
        fact,
        columns=tuple(columns),
        conditions=_conditions(question, draft, fact, ()),
        order=Order(columns[1 if label else 0], descending=not ranking.ascending(question)),
        limit=limit,
        default_limit=ours,
    )


def _grouped(question: Question, draft: _Draft, measures: list[Measure]) -> Plan:
    """The plan for measures, grouped or over everything."""
    fact = measures[0].table
    dimensions = subjects.dimensions(question, draft.subject, fact)
    ranked = ranking.is_ranking(question, draft.subject, draft.measured) and bool(dimensions)
    temporal = any(dimension.temporal for dimension in dimensions)
    order: Order | None = None
    limit, ours = ranking.limit(question, draft.subject) if ranked else (None, False)
    if dimensions:
        order = (
            Order(next(d for d in dimensions if d.temporal), descending=False)
            if temporal and not ranked
            else Order(measures[0], descending=not ranking.ascending(question))
        )
    return Plan(
        fact,
        tuple(dict.fromkeys(measures)),
        dimensions,
        conditions=_conditions(question, draft, fact, dimensions),
        having=tuple(
            Having(measure_of(question, each.mention), each.operator, each.values)
            for each in draft.having
        ),
        order=order,
        limit=limit,
        default_limit=ours,
    )


def _without_measure(question: Question, draft: _Draft) -> Plan:
    """A question that names no number: a count per group, a ranking by age, or a list of rows."""
    subject = draft.subject
    grouping = [m for m in subject.mentions if m is not subject.entity or _is_text(question, m)]
    if grouping or subject.by_year:
        table = _main_table(question, draft, grouping)
        return _grouped(question, draft, [Measure(Aggregate.COUNT, table)])
    texts = question.free(Kind.TEXT)
    if texts and not question.free(TargetKind.TABLE) and subject.entity is None:
        counted = count_of(question, texts[0])
        if counted is not None and not draft.values and not draft.years:
            subject.groups.append(texts[0])
            return _grouped(question, draft, [Measure(Aggregate.COUNT, counted.table)])
    table = _main_table(question, draft, [])
    if question.has(Sign.QUANTITY, Sign.ASK):
        return _grouped(question, draft, [Measure(Aggregate.COUNT, table)])
    return _listed(question, draft, table)


def _listed(question: Question, draft: _Draft, table: str) -> Plan:
    """Rows as they are, newest or oldest first when asked for, largest first when that is clear."""
    order: Order | None = None
    limit, ours = draft.subject.limit, False
    if question.has(Sign.NEWEST, Sign.OLDEST):
        order = Order(time_column(question, table), descending=not ranking.ascending(question))
        limit, ours = ranking.limit(question, draft.subject)
    elif ranking.is_ranking(question, draft.subject, draft.measured) and ranking.has_end(question):
        numbers = [c for c in question.schema.tables[table].columns if c.kind is Kind.NUMBER]
        if not numbers:
            raise UnclearQuestion(say(question.language, "ranked_by_what", table=table))
        order = Order(ColumnRef(table, numbers[0].name), descending=not ranking.ascending(question))
        limit, ours = ranking.limit(question, draft.subject)
    return Plan(
        table,
        columns=subjects.listed_columns(question.schema, table, MAX_LISTED_COLUMNS),
        conditions=_conditions(question, draft, table, ()),
        order=order,
        limit=limit,
        default_limit=ours,
    )


def _main_table(question: Question, draft: _Draft, grouping: list[Mention]) -> str:
    """The table whose rows are meant when none is measured."""
    tables = [m for m in question.free(TargetKind.TABLE) if m not in grouping]
    entity = draft.subject.entity
    if entity is not None and entity not in grouping:
        return question.meaning[entity].table
    if tables:
        return question.meaning[tables[0]].table
    for mention in [*grouping, *question.mentions]:
        return question.meaning[mention].table
    raise UnclearQuestion(say(question.language, "nothing_known"))


def _is_text(question: Question, mention: Mention) -> bool:
    """Whether a mention is a column with names or kinds of things."""
    return question.kind(mention) is not TargetKind.TABLE


def _conditions(
    question: Question, draft: _Draft, fact: str, dimensions: tuple[Dimension, ...]
) -> tuple[Condition, ...]:
    """Every filter on rows, years with the column they are about."""
    found = [alternatives.Placed(each, _places(question, each)) for each in draft.values]
    for each in draft.years:
        column = subjects.year_column(question, each.start, fact, dimensions)
        condition = Condition(column, each.operator, each.years, temporal=True)
        found.append(alternatives.Placed(condition, each.at))
    for comparison in draft.comparisons:
        if comparison not in draft.having:
            ref = question.meaning[comparison.mention].ref
            condition = Condition(ref, comparison.operator, comparison.values)
            found.append(alternatives.Placed(condition, comparison.at))
    conditions, draft.loose_or = alternatives.join(question, found)
    return tuple(dict.fromkeys([*conditions, *filters.quoted_texts(question, fact)]))


def _places(question: Question, condition: Condition) -> tuple[int, ...]:
    """The tokens that name a condition's values."""
    return tuple(
        mention.start
        for mention in question.mentions
        if (target := question.meaning[mention]).kind is TargetKind.VALUE
        and target.ref == condition.column
        and target.value in condition.values
    )


def _checked(question: Question, plan: Plan) -> Plan:
    """The plan, if foreign keys connect everything in it."""
    refs = [dimension.column for dimension in plan.dimensions]
    refs += [condition.column for condition in plan.conditions]
    for ref in refs:
        if question.schema.path(plan.fact, ref.table) is None:
            raise UnclearQuestion(
                say(question.language, "unconnected", table=plan.fact, other=ref.table)
            )
    for condition in plan.conditions:
        if condition.operator is Operator.BETWEEN and len(condition.values) != 2:
            raise UnclearQuestion(say(question.language, "nothing_known"))
    return plan
