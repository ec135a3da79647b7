"""Whether numbers in groups make sense: no row is counted for several, or averaged by itself."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date, timedelta
from typing import Final

from msgspec import structs

from kai_flow.analyst.lexicon.calendar_days import unit_start
from kai_flow.analyst.query.calculation import Calculation, Nature
from kai_flow.analyst.query.filters import parts_of
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
    Query,
    Related,
    TimeGroup,
    Words,
    bare,
)
from kai_flow.analyst.query.ratio import Ratio
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.bag import Bag
from kai_flow.analyst.reading.comparisons import ORDERED
from kai_flow.analyst.reading.resolving import Resolver
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.model import Attribute, SemanticModel

COUNTING: Final = frozenset([Function.COUNT, Function.DISTINCT, Function.MINIMUM, Function.MAXIMUM])
"""Functions whose result no join can multiply."""

ROWS_LOST_COST: Final = 0.8
"""Of the highest number of each group, where the rows that have it are named before it."""

OF_GROUP_COST: Final = 1.2
"""Of comparing rows where groups are counted: "cities with a revenue above 100"."""

ONE_GROUP_COST: Final = 0.5
"""Of groups of which a filter leaves one."""


NEAR: Final = 3
"""How many words after groups begins what is left out of them."""

DAYS: Final = {Grain.DAY: 1, Grain.WEEK: 7, Grain.MONTH: 28, Grain.QUARTER: 90, Grain.YEAR: 365}
"""Days of each unit at least."""


def unsound(resolver: Resolver, measures: Sequence[Measure], groups: Sequence[Group]) -> bool:
    """Whether a row would be shared out to several of its children, or averaged by itself."""
    wide = any(
        resolver.widens(g.field.path if isinstance(g, FieldGroup) else g.path) for g in groups
    )
    if wide and any(not counts(measure) for measure in measures):
        return True
    return _single(resolver, measures, groups, {Function.AVERAGE, Function.MEDIAN})


def of_single_rows(
    resolver: Resolver, measures: Sequence[Measure], groups: Sequence[Group]
) -> bool:
    """Whether the lowest is that of one row: "the lowest price per category and product"."""
    extremes = {Function.MINIMUM, Function.MAXIMUM}
    return of_own_time(measures, groups) or _single(resolver, measures, groups, extremes)


def _single(
    resolver: Resolver,
    measures: Sequence[Measure],
    groups: Sequence[Group],
    functions: Collection[Function],
) -> bool:
    """Whether one of these functions would be of single rows."""
    return any(_each_row(resolver, g) for g in groups) and any(
        m.function in functions or _of_rows(m)
        if isinstance(m, Aggregate)
        else any(map(_of_rows, m.aggregates))  # of each row, the share of it that is cancelled
        for m in measures
    )


def _of_rows(measure: Aggregate) -> bool:
    """Whether it is the number of all rows of a group."""
    return measure.function is Function.COUNT and measure.of is None and measure.where is None


def _each_row(resolver: Resolver, group: Group) -> bool:
    """Whether every row is a group of its own: an average is its value, and a count is one."""
    return (
        isinstance(group, FieldGroup)
        and not group.field.path
        and resolver.model.entities[resolver.fact].label == group.field.column
        and resolver.model.attributes[ColumnRef(resolver.fact, group.field.column)].unique
    )


def lone_unit(query: Query) -> bool:
    """Whether groups by a unit of time are made within one such unit: one row is no trend."""
    return any(
        unit_start(grain, date.fromisoformat(start))
        == unit_start(grain, date.fromisoformat(end) - timedelta(days=1))
        for grain, start, end in _grouped_within(query)
    )


def without_another(
    model: SemanticModel,
    groups: Sequence[tuple[p.Dimension, Words]],
    tests: Sequence[tuple[p.Test, Words]],
) -> bool:
    """Whether what is left out right after groups would be no group: "per city, except London".

    Orders that are not sent to London may be of customers there.
    """
    return any(
        isinstance(by, p.Column)
        and _left_out(test, by)
        and any(0 < min(words) - at <= NEAR for at in said)
        and _has_all(model.attributes[by.ref], test)
        for by, said in groups
        for test, words in tests
        if words
    )


def _left_out(test: p.Test, by: p.Column) -> bool:
    part = test.part if isinstance(test, p.Negated) else None
    of = part.of if isinstance(part, p.Compared) and part.operator is Operator.EQUAL else None
    return isinstance(of, p.Column) and of.ref != by.ref


def _has_all(attribute: Attribute, test: p.Test) -> bool:
    """Whether a column has some of the values that are left out."""
    part = test.part if isinstance(test, p.Negated) else test
    values = part.values if isinstance(part, p.Compared) else ()
    return bool(values) and not {each.value for each in attribute.values}.isdisjoint(values)


def within_a_part(query: Query) -> bool:
    """Whether groups are by a longer unit than the period: by week on the 5th of March."""
    return any(_days(start, end) * 2 < DAYS[grain] for grain, start, end in _grouped_within(query))


def _grouped_within(query: Query) -> Iterator[tuple[Grain, str, str]]:
    """The unit of time of groups, and both ends of the period of the same time that limits them."""
    for group in query.groups:
        for part in parts_of(query.where):
            if (
                isinstance(group, TimeGroup)
                and not group.recurring
                and isinstance(part, During)
                and (group.axis, group.path) == (part.axis, part.path)
                and part.start is not None
                and part.end is not None
            ):
                yield group.grain, part.start, part.end


def _days(start: str, end: str) -> int:
    return (date.fromisoformat(end[:10]) - date.fromisoformat(start[:10])).days


def counts(measure: Measure) -> bool:
    """Whether a measure only counts rows or values, which no join can multiply."""
    return all(each.function in COUNTING for each in measure.aggregates)


def of_own_time(measures: Sequence[Measure], groups: Sequence[Group]) -> bool:
    """Whether the first or last time is grouped by itself: the earliest year of each year."""
    times = [group.axis for group in groups if isinstance(group, TimeGroup)]
    return any(
        f"{measure.of.table}.{measure.of.column}" in times
        for measure in measures
        if isinstance(measure, Aggregate) and isinstance(measure.of, Field)
    )


def one_group(groups: Sequence[Group], where: Filter | None) -> bool:
    """Whether the filter leaves one group only: appointments by room in room 101."""
    fields = [bare(group.field) for group in groups if isinstance(group, FieldGroup)]
    values = [bare(test.of) for test in equalities(where) if len(test.values) == 1]
    return bool(fields) and len(fields) == len(groups) and all(f in values for f in fields)


def idle(measure: Measure, groups: Sequence[Group], where: Filter | None) -> bool:
    """Whether a number is the same whatever the data: all of all, or a value's kinds of it."""
    if isinstance(measure, Calculation):
        return (measure.nature is Nature.PART and not groups) or _all_of_all(measure, where)
    if not isinstance(measure, Aggregate) or measure.function is not Function.DISTINCT:
        return False
    own = [bare(group.field) for group in groups if isinstance(group, FieldGroup)]
    own += [bare(test.of) for test in equalities(where) if isinstance(test.of, Field)]
    return isinstance(measure.of, Field) and bare(measure.of) in own


def _all_of_all(measure: Calculation, where: Filter | None) -> bool:
    """Whether a part of a number is limited by nothing that its whole is not limited by too."""
    if len(measure.aggregates) != 2:
        return False
    top, bottom = measure.aggregates
    if bare(structs.replace(top, where=None)) != bare(structs.replace(bottom, where=None)):
        return False
    everywhere = {bare(part) for part in (*parts_of(where), *parts_of(bottom.where))}
    return {bare(part) for part in parts_of(top.where)} <= everywhere


def of_other_rows(measure: Measure, where: Filter | None) -> bool:
    """Whether part and whole of a ratio would ask for several related rows, perhaps not the same.

    In "the percentage with a loss in 2023", the loss is that of 2023.
    """
    asked = [part.path for part in parts_of(where) if isinstance(part, Related)]
    return isinstance(measure, Ratio) and any(
        isinstance(part, Related) and part.path in asked for part in parts_of(measure.top.where)
    )


def equalities(where: Filter | None) -> list[Condition]:
    """The conditions that all rows have certain values."""
    tests = where.parts if isinstance(where, All) else (where,)
    return [t for t in tests if isinstance(t, Condition) and t.operator is Operator.EQUAL]


def extreme_of_rows(bag: Bag, fact: str, measures: Sequence[tuple[p.Measured, Words]]) -> bool:
    """Whether the rows with the highest number are asked for, and not that number alone."""
    return all(
        isinstance(measure, p.Amount)
        and measure.function in {Function.MAXIMUM, Function.MINIMUM}
        and rows_before(bag, fact, words)
        for measure, words in measures
    )


def rows_before(bag: Bag, fact: str, words: Words) -> bool:
    """Whether rows are named before a number of each group: "orders with the highest fee by city".

    What is said before a question, as in "for active products, what is the lowest price", is no
    part of it.
    """
    asked = any(bag.asked(what) for what in ("value", "when", "count", "how much"))
    named = any(table == fact and row < words for table, row in bag.rows)
    return named and bool(bag.groups) and not asked


def of_group(
    model: SemanticModel, measures: Sequence[Measure], tests: Sequence[tuple[p.Test, Words]]
) -> bool:
    """Whether values are counted by a number of theirs, which is of all rows that have the value.

    "How many cities have a revenue above 100": no single sale has to be that much.
    """
    counted = any(
        isinstance(measure, Aggregate)
        and measure.function is Function.DISTINCT
        and isinstance(measure.of, Field)
        and not model.attributes[ColumnRef(measure.of.table, measure.of.column)].unique
        for measure in measures
    )
    return counted and any(
        isinstance(test, p.Compared)
        and isinstance(test.of, p.Column)
        and test.of.adds
        and test.operator in ORDERED
        for test, _ in tests
    )
