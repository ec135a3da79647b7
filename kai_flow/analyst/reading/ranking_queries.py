"""Queries that rank single rows, or groups."""

import itertools
from collections.abc import Iterator, Sequence
from typing import Final

from kai_flow.analyst.query.nodes import (
    Function,
    Order,
    Query,
    Words,
    bare,
    joins_of,
)
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.across import completed
from kai_flow.analyst.reading.all_of import reached
from kai_flow.analyst.reading.asides import beside
from kai_flow.analyst.reading.assembler import Assembler
from kai_flow.analyst.reading.averages import of_events
from kai_flow.analyst.reading.bag import Bag
from kai_flow.analyst.reading.choices import Note, combined
from kai_flow.analyst.reading.concepts import undoes
from kai_flow.analyst.reading.day_names import with_named_days
from kai_flow.analyst.reading.filtering import filters, with_values
from kai_flow.analyst.reading.grouped_numbers import Wanted, grouped_numbers
from kai_flow.analyst.reading.listed_columns import telling
from kai_flow.analyst.reading.orders import LISTED, row_number
from kai_flow.analyst.reading.paces import of_single_rows
from kai_flow.analyst.reading.playing import both, playing
from kai_flow.analyst.reading.ranking_numbers import belong, is_time
from kai_flow.analyst.reading.reading import Reading
from kai_flow.analyst.reading.same_rows import of_the_same_rows
from kai_flow.analyst.reading.soundness import (
    ROWS_LOST_COST,
    lone_unit,
    of_own_time,
    rows_before,
    unsound,
)
from kai_flow.analyst.reading.subjects import each_once, is_column, unique
from kai_flow.analyst.reading.undated import asked_if_undated
from kai_flow.analyst.semantics.model import Role
from kai_flow.analyst.semantics.paths import leads_to_one

MORE_COST: Final = 0.35
"""Of a further number that no "and" joins: "the most members on average" is one number."""

LEFT_COST: Final = 0.22
"""Of rows that are named beside a ranking of groups, and not ranked."""

OWN_NUMBER_COST: Final = 0.12
"""Of a condition on the sum of a number of single rows: "the most books over 300 pages"."""

TIME_COST: Final = 0.6
"""Of a column of times as what is ranked, as "who borrowed most" does not ask when; and of the
best year of one year.
"""

NESTED_COST: Final = 0.8
"""Of "the average of the 10 largest", which asks for one number, as a ranking."""

ELSEWHERE_COST: Final = 0.5
"""Of the price of something else, where what is ranked has a price."""

SEVERAL: Final = 10
"""Places of a ranking when several are asked for without a number."""


def _places(a: Assembler, rank: p.Rank, words: Words) -> tuple[int, tuple[Note, ...]]:
    """How many places a ranking shows."""
    if rank.count is not None:
        return rank.count, ()
    if rank.whole:
        return LISTED, ()
    if rank.of is not None and a.plural(words, _names(a, rank.of)):
        return SEVERAL, (Note("default_places", (("count", str(SEVERAL)),)),)
    return 1, ()


def _names(a: Assembler, of: p.Dimension) -> frozenset[str]:
    """The words that may name what is ranked."""
    if isinstance(of, p.Calendar):
        return frozenset([str(of.grain)])
    names = list(a.model.entities[of.table if isinstance(of, p.Rows) else of.ref.table].names)
    if isinstance(of, p.Column):
        names = list(a.model.attributes[of.ref].names)
    return frozenset(word for name in names for word in name.words)


def rank_rows(a: Assembler, bag: Bag, rank: p.Rank, words: Words) -> Iterator[Reading]:
    """Single rows in the order of a column of theirs."""
    computed = any(not isinstance(column, p.Column) for column, _ in bag.columns)
    if bag.groups or bag.havings or bag.measures or computed:
        return
    if bag.asked("when") and any(isinstance(test, p.Has) for test, _ in bag.tests):
        return  # when something was done first, and not what is the first of all with that done
    of, by = rank.of, rank.by
    table = of.table if isinstance(of, p.Rows) else _labelled(a, of)
    if table is None:
        return
    resolver = a.resolver(table, bag)
    label = resolver.label(table)
    if label is None and isinstance(by, p.Amount) and by.of == p.Implied("quantity"):
        return  # what sells best is no line of an order
    played = playing(a.model, of, table, words)
    for column, extra in row_number(a, table, by, descending=rank.descending):
        others = [c for c, _ in bag.columns if isinstance(c, p.Column) and c.ref != column.ref]
        shown = [column, *others]
        if label is not None and label.ref not in [c.ref for c in shown]:
            shown = [p.Column(label.ref), *shown]
        nameless = label is None or (label.role is Role.KEY and isinstance(by, p.Clock))
        if nameless and not others:
            shown += telling(a, table, shown)
        if not a.context(resolver, bag.rows) or not reached(a, resolver, bag):
            continue
        options = combined([resolver.fields(c, words) for c in shown])
        for choice in combined([options, filters(resolver, bag.tests)]):
            fields, where = choice.value
            key = next(f for f in fields if f.column == column.ref.column)
            places, notes = _places(a, rank, words)
            query = Query(
                fact=table,
                columns=tuple(fields),
                where=both(where, played.value) if played else where,
                order=(Order(by=key, descending=rank.descending, words=words),),
                limit=places,
                words=words,
            )
            cost = bag.cost + extra + beside(a.model, query, bag.rows) + choice.cost
            cost += played.cost if played else 0.0
            reading = Reading(query, cost, (*choice.notes, *notes))
            yield from asked_if_undated(a, reading)


def _labelled(a: Assembler, of: p.Dimension | None) -> str | None:
    """The table whose rows a name column names."""
    if isinstance(of, p.Column) and a.model.entities[of.ref.table].label == of.ref.column:
        return of.ref.table
    return None


def rank_groups(a: Assembler, bag: Bag, rank: p.Rank, words: Words) -> Iterator[Reading]:
    """Groups in the order of a number."""
    by = _of_each(a, bag, rank)
    beside_it = [(c, w) for c, w in bag.columns if is_column(c) and not a.numeric(c)]
    if by is None or any(not _told_by(a, rank.of, c) for c, _ in beside_it):
        return
    extra = [*bag.measures, *((p.Amount(None, c), w) for c, w in bag.columns if a.numeric(c))]
    groups: list[tuple[p.Dimension, Words]] = [*bag.groups]
    if rank.of is not None:
        groups.append((rank.of, words))
    groups = each_once([*groups, *beside_it])
    each = bool(bag.groups) and rank.of is not None and len(groups) > 1 and not bag.combination
    ways = itertools.product(_facts(a, bag, rank, by), _parted(by, bag.tests))
    for fact, (part_of, tests) in ways:
        if isinstance(rank.of, p.Rows) and _plain_count(by) and _single_one(a, rank.of.table, fact):
            continue
        resolver = a.resolver(fact, bag)
        if not a.context(resolver, bag.rows) or not reached(a, resolver, bag):
            continue
        asked = Wanted([(by, words), *extra], groups, tests, bag.havings, part_of)
        for choice in grouped_numbers(a, resolver, asked, bag.cost):
            whole, made, where, having = with_named_days(a.model, choice.value)
            raw = completed(a, bag, whole, groups, tests)
            if raw is None:
                continue
            measures = list({bare(measure): measure for measure in raw}.values())
            if (
                unsound(resolver, measures, made)
                or of_own_time(measures, made)
                or (rank.paced and of_single_rows(a.model, fact, made, where))
                or (_open_end(rank) and any(of_events(a.model, fact, each) for each in made))
            ):
                continue
            places, notes = _places(a, rank, words)
            query = Query(
                fact=fact,
                measures=tuple(measures),
                groups=unique(made),
                where=with_values(a.model, where, made),
                having=tuple(having),
                order=(Order(by=measures[0], descending=rank.descending, words=words),),
                limit=None if each or _open_end(rank) else places,
                each=(rank.count or 1) if each and len(unique(made)) > 1 else None,
            )
            same = _labelled(a, rank.of) == fact or (
                isinstance(rank.of, p.Rows) and rank.of.table == fact
            )
            cost = bag.cost + beside(a.model, query, bag.rows) + choice.cost
            cost += _rows_left(a, query, rank, bag) + ROWS_LOST_COST * _rows_first(
                bag, rank, fact, words
            )
            cost += MORE_COST * max(0, len(measures) - 1 - bag.joints)
            cost += ELSEWHERE_COST * (rank.sold and undoes(a.model, fact))
            cost += OWN_NUMBER_COST * any(_of_row(h.amount, fact) for h, _ in bag.havings)
            cost += TIME_COST * (_is_time(a, rank) or lone_unit(query))
            cost += 0.3 if same and _summed(by) else 0.0
            cost += ELSEWHERE_COST * (_has_own(a, rank) and not same)
            cost += NESTED_COST if same and _of_one(rank.by) else 0.0
            if _open_end(rank):
                # "the highest price per category" is a price, and "which is the highest" is one
                cost += 0.2 + 0.15 * bag.asked("which")
            reading = Reading(query, cost, (*choice.notes, *(() if each else notes)))
            yield from of_the_same_rows(a, reading, bag.rows)


def _is_time(a: Assembler, rank: p.Rank) -> bool:
    """Whether a time is ranked."""
    return rank.of is not None and is_time(a, rank.of)


def _open_end(rank: p.Rank) -> bool:
    """Whether nothing says of what there is a first one, nor how many."""
    return rank.of is None and rank.count is None and not rank.whole


_Tests = Sequence[tuple[p.Test, Words]]


def _parted(
    by: p.Measured, tests: _Tests
) -> Iterator[tuple[tuple[tuple[p.Test, Words], ...], _Tests]]:
    """What makes the part of a share, and the filters of all: the highest share of late orders.

    That is of the orders of each group, or of all late orders.
    """
    parts = [each for each in tests if not isinstance(each[0], p.Within)]
    if isinstance(by, p.Portion) and parts:
        last = max(parts, key=lambda each: each[1])
        yield (last,), [each for each in tests if each != last]
    yield (), tests


def _rows_left(a: Assembler, query: Query, rank: p.Rank, bag: Bag) -> float:
    """What it costs that rows are named besides, and not ranked."""
    passed = _passed(a, query) if rank.of is not None else frozenset()
    return LEFT_COST * any(table not in passed for table, _ in bag.rows)


def _rows_first(bag: Bag, rank: p.Rank, fact: str, words: Words) -> bool:
    """Whether rows are named before what they are ranked by: "orders with the highest fee"."""
    return rank.of is None and rows_before(bag, fact, words)


def _of_each(a: Assembler, bag: Bag, rank: p.Rank) -> "p.Measured | None":
    """What groups are ranked by; of single rows in each group, the number that a row has itself.

    A name that several rows share stands for the first of them.
    """
    if any(_tells(a, group, rank.of) for group, _ in bag.groups) and not bag.combination:
        return None
    table = rank.of.table if isinstance(rank.of, p.Rows) else _labelled(a, rank.of)
    limited = bool(bag.havings) and not bag.measures
    if isinstance(rank.by, p.Clock) or ((bag.groups or limited) and table is not None):
        own = row_number(a, table, rank.by, descending=rank.descending) if table else ()
        column = next((column for column, _ in own), None)
        if column is not None and (bag.groups or limited):
            function = Function.MAXIMUM if rank.descending else Function.MINIMUM
            return p.Amount(function, column)
    return _plain_by(rank)


def _facts(a: Assembler, bag: Bag, rank: p.Rank, by: p.Measured) -> Sequence[str]:
    """The tables whose rows are ranked: of things that are limited by others, these others."""
    limited = bool(bag.havings) and by != _plain_by(rank)
    return a.facts(bag.havings[0][0].amount if limited else by)


def _plain_by(rank: p.Rank) -> "p.Measured | None":
    """The number that the words of a ranking say; a time is none."""
    return None if isinstance(rank.by, p.Clock) else rank.by


def _tells(a: Assembler, group: p.Dimension, of: p.Dimension | None) -> bool:
    """Whether each group has one of the things ranked: a cooperative is on one island."""
    one = group.table if isinstance(group, p.Rows) else _labelled(a, group)
    other = (
        of.ref.table if isinstance(of, p.Column) else of.table if isinstance(of, p.Rows) else None
    )
    if one is None or other is None or group == of or (isinstance(of, p.Column) and of.role):
        return False
    return one == other or leads_to_one(a.model, one, other)


def _told_by(a: Assembler, of: p.Dimension | None, column: p.Column) -> bool:
    """Whether each of the things ranked has only one value of a column: a product, its brand."""
    table = of.table if isinstance(of, p.Rows) else _labelled(a, of)
    return table is not None and column.ref.table == table and column.role is None


def _has_own(a: Assembler, rank: p.Rank) -> bool:
    """Whether the things ranked have the number that an adjective means: products, a price."""
    table = rank.of.table if isinstance(rank.of, p.Rows) else _labelled(a, rank.of)
    if table is None or not isinstance(rank.by, p.Amount) or not isinstance(rank.by.of, p.Implied):
        return False
    return any(True for _ in row_number(a, table, rank.by, descending=rank.descending))


def _of_row(amount: p.Amount, fact: str) -> bool:
    """Whether nothing says that a number of single rows is added up."""
    of = amount.of
    return amount.function is None and isinstance(of, p.Column) and of.ref.table == fact


def _single_one(a: Assembler, table: str, fact: str) -> bool:
    """Whether each row has only one of what is counted: a booking, itself and its guest."""
    return table == fact or belong(a, table, fact)


def _plain_count(by: object) -> bool:
    return isinstance(by, p.Amount) and by.function is Function.COUNT and by.of is None


def _of_one(by: object) -> bool:
    """Whether a number would be nothing but the value of a single row: the average of one."""
    functions = {Function.AVERAGE, Function.MEDIAN, Function.MAXIMUM, Function.MINIMUM}
    return isinstance(by, p.Amount) and by.function in functions


def _passed(a: Assembler, query: Query) -> frozenset[str]:
    """The tables that the groups and filters of a query lead to."""
    joins = joins_of((query.groups, query.where))
    return frozenset(a.model.joins[join].target for join in joins)


def _summed(by: object) -> bool:
    """Whether a number has only one row in each group, if the groups are its own rows."""
    return isinstance(by, p.Amount) and by.function in {None, Function.SUM}
