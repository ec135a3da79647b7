"""Queries for numbers of one fact table, grouped or not."""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import structs

from kai_flow.analyst.query.calculation import Calculation, Nature
from kai_flow.analyst.query.measure import Measure
from kai_flow.analyst.query.nodes import (
    Aggregate,
    FieldGroup,
    Function,
    Group,
    Lapse,
    Query,
    Unit,
    Words,
    bare,
)
from kai_flow.analyst.query.ratio import Ratio
from kai_flow.analyst.query.share import Share
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.across import completed
from kai_flow.analyst.reading.all_of import reached
from kai_flow.analyst.reading.asides import beside
from kai_flow.analyst.reading.assembler import Assembler
from kai_flow.analyst.reading.averages import (
    counted_singly,
    dropped,
    listed_events,
    nested,
    without_own,
)
from kai_flow.analyst.reading.bag import Bag
from kai_flow.analyst.reading.concepts import undoes
from kai_flow.analyst.reading.filtering import with_values
from kai_flow.analyst.reading.fitting_units import fitted
from kai_flow.analyst.reading.grouped_numbers import Wanted, grouped_numbers
from kai_flow.analyst.reading.number_orders import orders_of, told_beside
from kai_flow.analyst.reading.portions import of_the_part, split_for_share
from kai_flow.analyst.reading.reading import Reading
from kai_flow.analyst.reading.same_rows import of_the_same_rows
from kai_flow.analyst.reading.soundness import (
    OF_GROUP_COST,
    ONE_GROUP_COST,
    ROWS_LOST_COST,
    extreme_of_rows,
    idle,
    lone_unit,
    of_group,
    of_other_rows,
    of_single_rows,
    one_group,
    unsound,
    within_a_part,
    without_another,
)
from kai_flow.analyst.reading.subjects import unique

PACE_GAIN: Final = 0.2
"""Of what a month has on average, beside groups: "the average target per month of each region"."""

TOTALLED_COST: Final = 0.15
"""Of the total of a number that each row has: "cooperatives with fewer than 100 members"."""

OWN_ROWS_COST: Final = 0.16
"""Of naming the very rows beside a number of theirs, where they may have been counted."""


SAME_COST: Final = 0.3
"""Of the total of a number by which the rows are told: "sales with a revenue above 1,000" are rows.
"""

UNIT_COST: Final = 0.6
"""Of groups by a unit of time within one such unit: "by year in 2015" has one row."""


def numbers_of(
    a: Assembler,
    bag: Bag,
    fact: str,
    measures: Sequence[tuple[p.Measured, Words]],
    groups: Sequence[tuple[p.Dimension, Words]],
    *,
    rows: Sequence[tuple[str, Words]],
    cost: float,
) -> Iterator[Reading]:
    """The readings of numbers in one fact table, each with its cost."""
    resolver = a.resolver(fact, bag)
    if cost > a.most or not a.context(resolver, rows) or not reached(a, resolver, bag):
        return
    if _beside_value(groups, bag.tests) or without_another(a.model, groups, bag.tests):
        return
    kept = without_own(a.model, fact, measures, groups)
    cost, groups = cost + dropped(groups, kept), kept
    for part_of, base, extra in split_for_share(a, bag, measures, groups):
        asked = of_the_part(Wanted(measures, groups, base, bag.havings, part_of), bag.share)
        for choice in grouped_numbers(a, resolver, asked, cost + extra, PACE_GAIN):
            raw, wanted, where, having = choice.value
            whole = completed(a, bag, raw, groups, base)
            if whole is None:
                continue
            made, by = _within(bag, groups, whole, fitted(a.model, groups, wanted, where))
            if unsound(resolver, made, by) or _repeated(made):
                continue
            constant = any(idle(measure, by, where) for measure in made)
            lone = bool(bag.sorts) and not by  # one number is in no order
            numbers = _shown(made)
            order = orders_of(a, bag, numbers, by)
            constant |= any(of_other_rows(m, where) for m in made) or nested(
                a.model, fact, made, by
            )
            constant |= undoes(a.model, fact) and any(map(_per_different, made))
            if constant or lone or order is None or of_single_rows(resolver, made, by):
                continue
            query = Query(
                fact=fact,
                measures=numbers,
                groups=unique(by),
                where=with_values(a.model, where, by) if having else where,
                having=tuple(having),
                order=order,
                limit=bag.limit,
            )
            lone = lone_unit(query)
            if lone and (any(map(_changes, made)) or within_a_part(query)):
                continue  # the only quarter has none before it
            more = extra + beside(a.model, query, rows) + listed_events(a.model, made, by)
            more += UNIT_COST * lone
            more += ONE_GROUP_COST * one_group(by, where)
            more -= PACE_GAIN * (bool(by) and any(map(_paced, made)))
            more += counted_singly(a.model, fact, numbers, by)
            singly = _by_own_name(a, fact, by)
            more += TOTALLED_COST * any(
                _own_total(bag, fact, rows, h, singly=singly) for h, _ in bag.havings
            )
            if any(table == fact for table, _ in rows) and not any(map(_of_rows, made)):
                more += OWN_ROWS_COST
                more += ROWS_LOST_COST * extreme_of_rows(bag, fact, measures)
            more += SAME_COST * (not by and _of_itself(measures, base))
            more += OF_GROUP_COST * (not rows and of_group(a.model, made, base))
            reading = Reading(query, cost + more + choice.cost, choice.notes)
            yield from of_the_same_rows(a, reading, rows)


def _of_itself(
    measures: Sequence[tuple[p.Measured, Words]], tests: Sequence[tuple[p.Test, Words]]
) -> bool:
    """Whether a number that nothing says to add up is that of rows which are told by it."""
    tested = {
        test.of
        for test, _ in tests
        if isinstance(test, p.Compared) and isinstance(test.of, p.Column | p.Computed)
    }
    return any(
        isinstance(of, p.Amount) and of.function is None and of.of in tested for of, _ in measures
    )


def _repeated(measures: Sequence[Measure]) -> bool:
    """Whether two of the numbers are the same."""
    return len(measures) > 1 and len({bare(each) for each in measures}) < len(measures)


def _within(
    bag: Bag,
    groups: Sequence[tuple[p.Dimension, Words]],
    measures: Sequence[Measure],
    by: Sequence[Group],
) -> tuple[Sequence[Measure], Sequence[Group]]:
    """Shares in a group that is a whole: "for each city, the percentage of each status"."""
    wholes = [at for at, (group, _) in enumerate(groups) if group in bag.inside]
    if len(groups) != 2 or len(by) != 2 or len(wholes) != 1:
        return measures, by
    if not any(isinstance(measure, Share) for measure in measures):
        return measures, by
    first = wholes[0]
    shares = [structs.replace(m, within=True) if isinstance(m, Share) else m for m in measures]
    return shares, (by[first], by[1 - first])


def _beside_value(
    groups: Sequence[tuple[p.Dimension, Words]], tests: Sequence[tuple[p.Test, Words]]
) -> bool:
    """Whether a group is only the name before a value: "per city, but channel Online excluded".

    It is one beside others: what is left out of the only groups is one of these.
    """
    values = []
    for test, words in tests:
        inner = test.part if isinstance(test, p.Negated) and len(groups) > 1 else test
        if isinstance(inner, p.Compared) and isinstance(inner.of, p.Column) and words:
            values.append((inner.of.ref, min(words)))
    return any(
        isinstance(group, p.Column) and group.ref == ref and first - 1 in words
        for group, words in groups
        for ref, first in values
    )


def _by_own_name(a: Assembler, fact: str, groups: Sequence[Group]) -> bool:
    """Whether each group is one row of the fact table, or those of the same name."""
    label = a.model.entities[fact].label
    fields = [group.field for group in groups if isinstance(group, FieldGroup)]
    return any(not of.path and of.table == fact and of.column == label for of in fields)


def _own_total(
    bag: Bag, fact: str, rows: Sequence[tuple[str, Words]], having: p.Having, *, singly: bool
) -> bool:
    """Whether a condition on groups may as well be one on single rows, which are named."""
    of = having.amount.of if having.amount.function is None else None
    if not isinstance(of, p.Column) or of.ref.table != fact:
        return False
    counted = [h.amount for h, _ in bag.havings] + [m for m, _ in bag.measures]
    count = p.Amount(Function.COUNT, None, fact)
    return singly or count in counted or any(table == fact for table, _ in rows)


def _shown(measures: Sequence[Measure]) -> tuple[Measure, ...]:
    """A share or growth is shown beside the number that it is of."""
    found: list[Measure] = []
    for measure in measures:
        if told_beside(measure):
            found += measure.aggregates
        found.append(measure)
    return tuple(dict.fromkeys(found))


def _of_rows(measure: Measure) -> bool:
    """Whether a number is naturally one of rows that are named: their count, how long they took."""
    lasting = isinstance(measure, Aggregate) and isinstance(measure.of, Lapse)
    return lasting or _counted_rows(measure)


def _paced(measure: Measure) -> bool:
    """Whether a number is what a unit of time has on average."""
    return isinstance(measure, Ratio) and isinstance(measure.bottom.of, Unit)


def _per_different(measure: Measure) -> bool:
    """Whether a number is divided by different things: not all orders have something returned."""
    return isinstance(measure, Ratio) and measure.bottom.function is Function.DISTINCT


def _changes(measure: Measure) -> bool:
    """Whether a number is a change from one unit of time to the next."""
    return isinstance(measure, Calculation) and measure.nature is Nature.CHANGE


def _counted_rows(measure: Measure) -> bool:
    """Whether a number counts rows."""
    return isinstance(measure, Aggregate) and measure.function is Function.COUNT
