"""The first of an order that a bag may ask for."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from kai_flow.analyst.kinds.ranking import plain
from kai_flow.analyst.query.nodes import (
    Function,
    Order,
    Query,
    Words,
)
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.assembler import NUMBERS, Assembler
from kai_flow.analyst.reading.bag import Bag
from kai_flow.analyst.reading.choices import Note, combined
from kai_flow.analyst.reading.concepts import means, of_birth
from kai_flow.analyst.reading.filtering import filters, with_values
from kai_flow.analyst.reading.reading import Reading
from kai_flow.analyst.reading.subjects import each_once, first_dimension, is_column, named, unique
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.model import Role
from kai_flow.analyst.semantics.paths import paths

AFTER_COST: Final = 0.5
"""Of "the lowest price of any product" as a ranking: it asks for the price."""

LEFT_COST: Final = 0.22
"""Of rows that are named beside a ranking of groups, and not ranked."""

VALUE_COST: Final = 0.2
"""Of "what is the smallest order amount" as a ranking: it asks how much, not which."""

NESTED_COST: Final = 0.8
"""Of "the average of the 10 largest", which asks for one number, as a ranking."""

SEVERAL: Final = 10
"""Places of a ranking when several are asked for without a number."""


def ranked(a: Assembler, bag: Bag) -> Iterator[Reading]:
    """Rankings: of single rows, or of groups."""
    if len(bag.ranks) > 2 or bag.versus:
        return
    rank, words = _one_rank(bag.ranks)
    if rank is None:
        return
    rank, words, rest = _of_what(rank, words, bag)
    rank = _by_age(a, rank)
    if rank.by == p.Amount(Function.COUNT):
        rank = replace(rank, by=_how_often(a, rest, rank))
    if rank.by is None:
        by = _ranked_by(a, rest)
        if by is None:
            yield from _open(a, rest, rank, words)
            return
        rank = replace(rank, by=by)
    if rank.of is None and not rest.groups:
        subject = first_dimension(
            rest.rows, [c for c in rest.columns if isinstance(c[0], p.Column)]
        )
        if subject is None:
            return
        if subject[1] > words and plain(rank):
            rest.cost += AFTER_COST
        rank = replace(rank, of=subject[0])
        words = (*words, *subject[1])
        rest.rows = [r for r in rest.rows if (p.Rows(r[0]), r[1]) != subject]
        rest.columns = [c for c in rest.columns if c != subject]
    if rest.somes or rest.clocks or rest.share is not None or rest.change:
        return
    rest.cost += VALUE_COST * _how_much(bag, rank)
    yield from _rank_rows(a, rest, rank, words)
    yield from _rank_groups(a, rest, rank, words)


def _how_much(bag: Bag, rank: p.Rank) -> bool:
    """Whether a question is how much the first of an order is, not which it is."""
    return bag.asked("value") and not (rank.count or bag.which or bag.asked("which"))


def _by_age(a: Assembler, rank: p.Rank) -> p.Rank:
    """The oldest is the one with the earliest date, where no column holds an age."""
    if rank.by != p.Amount(None, p.Implied("age")) or rank.of is None:
        return rank
    table = _table_of(rank.of)
    if table is None or any(means(each, "age") for each in a.model.of(table)):
        return rank
    return replace(rank, by=p.Clock(""), descending=not rank.descending)


def _of_what(rank: p.Rank, words: Words, bag: Bag) -> tuple[p.Rank, Words, Bag]:
    """The rank of what is asked for by name or number, and what is left of the bag."""
    if rank.of is None and bag.which:
        (of, more), *others = bag.which
        rank, words = replace(rank, of=of), tuple(sorted({*words, *more}))
        bag = Bag(**{**vars(bag), "which": others, "asks": [*bag.asks, p.Ask("which")]})
    bag = named(bag)
    rest = Bag(**{**vars(bag), "rows": list(bag.rows), "columns": list(bag.columns)})
    if rank.of is None and bag.somes and rank.count in {None, bag.somes[0][0].count}:
        some, _ = bag.somes[0]
        rank = replace(rank, of=some.of, count=some.count)
        rest.somes = bag.somes[1:]
    return rank, words, rest


def _how_often(a: Assembler, bag: Bag, rank: p.Rank) -> p.Amount | None:
    """What "most often" counts: the rows that have the value, or what was done with it."""
    done = [test.table for test, _ in bag.tests if isinstance(test, p.Has)]
    subject = first_dimension([], [c for c in bag.columns if is_column(c[0])])
    of = rank.of or (subject[0] if subject else None)
    if done:
        return p.Amount(Function.COUNT, None, done[0])
    between = _between(a, bag, of)
    if between is not None:
        return p.Amount(Function.COUNT, None, between)
    if isinstance(of, p.Column):
        return p.Amount(Function.COUNT, None, of.ref.table)
    return None


def _between(a: Assembler, bag: Bag, of: p.Dimension | None) -> str | None:
    """The rows that tell how often: of "the method that customers use most", the orders."""
    table = _table_of(of)
    if table is None or not bag.rows:
        return None
    ends = {table, *(each for each, _ in bag.rows)}
    found = [
        other.table
        for other in a.model.entities.values()
        if all(
            any(not any(j.widens for j in way) for way in paths(a.model, other.table, end))
            for end in ends
        )
    ]
    nearest = [each for each in found if each in ends] or found
    return nearest[0] if len(nearest) == 1 else None


def _open(a: Assembler, bag: Bag, rank: p.Rank, words: Words) -> Iterator[Reading]:
    """A ranking by nothing in particular: every number that it may go by is offered."""
    a.troubles.add("ranked_by_what", table=_table_of(rank.of) or "")
    if rank.of is None:
        subject = first_dimension([*bag.rows], [c for c in bag.columns if is_column(c[0])])
        if subject is None:
            return
        rank = replace(rank, of=subject[0])
        bag.rows = [r for r in bag.rows if (p.Rows(r[0]), r[1]) != subject]
        bag.columns = [c for c in bag.columns if c != subject]
    table = _table_of(rank.of)
    if table is None or rank.of is None or _timed(a, rank.of):
        return  # "pays the most" does not ask when
    bag.cost += 0.6
    for number in _numbers_about(a, table):
        open_ = replace(rank, by=number)
        offered = (*_rank_rows(a, bag, open_, words), *_rank_groups(a, bag, open_, words))
        yield from (replace(each, open=True) for each in offered)


def _timed(a: Assembler, of: p.Dimension) -> bool:
    """Whether what is ranked is a time."""
    return isinstance(of, p.Column) and a.model.attributes[of.ref].role is Role.TIME


def _numbers_about(a: Assembler, table: str) -> list[p.Measured]:
    """Numbers that the rows of a table may be ranked by."""
    found: list[p.Measured] = []
    for other in a.model.entities.values():
        ways = paths(a.model, other.table, table)
        if other.bridge or not any(not any(join.widens for join in way) for way in ways):
            continue
        found += [
            p.Amount(None, p.Column(attribute.ref))
            for attribute in a.model.of(other.table)
            if attribute.role in NUMBERS
        ]
        found += [
            p.Amount(None, p.Computed(derived.name, derived.table))
            for derived in a.model.derived
            if derived.table == other.table
        ]
        if other.table != table:
            found.append(p.Amount(Function.COUNT, None, other.table))
    return found[:6]


def _ranked_by(a: Assembler, bag: Bag) -> "p.Measured | None":
    """What a ranking goes by when its own words do not say so; taken out of the bag."""
    if bag.measures:
        measure, _ = bag.measures[0]
        bag.measures = bag.measures[1:]
        return measure
    for at, (group, _words) in enumerate(bag.groups):  # "top 2 … by units"
        if isinstance(group, p.Column) and a.numeric(group):
            bag.groups = bag.groups[:at] + bag.groups[at + 1 :]
            return p.Amount(None, group)
    for at, (column, _words) in enumerate(bag.columns):
        if a.numeric(column):
            bag.columns = bag.columns[:at] + bag.columns[at + 1 :]
            return p.Amount(None, column)
    return None


def _places(a: Assembler, rank: p.Rank, words: Words) -> tuple[int, tuple[Note, ...]]:
    """How many places a ranking shows."""
    if rank.count is not None:
        return rank.count, ()
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


def _rank_rows(a: Assembler, bag: Bag, rank: p.Rank, words: Words) -> Iterator[Reading]:
    """Single rows in the order of a column of theirs."""
    if bag.groups or bag.havings or bag.measures:
        return
    of, by = rank.of, rank.by
    table = of.table if isinstance(of, p.Rows) else _labelled(a, of)
    if table is None:
        return
    resolver = a.resolver(table, bag)
    label = resolver.label(table)
    for column, extra in _row_number(a, table, by, descending=rank.descending):
        shown = [column, *(c for c, _ in bag.columns if isinstance(c, p.Column))]
        if label is not None and label.ref not in [c.ref for c in shown]:
            shown = [p.Column(label.ref), *shown]
        if not a.context(resolver, bag.rows):
            continue
        options = combined([resolver.fields(c, words) for c in shown])
        for choice in combined([options, filters(resolver, bag.tests)]):
            fields, where = choice.value
            key = next(f for f in fields if f.column == column.ref.column)
            places, notes = _places(a, rank, words)
            query = Query(
                fact=table,
                columns=tuple(fields),
                where=where,
                order=(Order(by=key, descending=rank.descending, words=words),),
                limit=places,
                words=words,
            )
            cost = bag.cost + extra + a.beside(query, bag.rows) + choice.cost
            yield Reading(query, cost, (*choice.notes, *notes))


def _labelled(a: Assembler, of: p.Dimension | None) -> str | None:
    """The table whose rows a name column names."""
    if isinstance(of, p.Column) and a.model.entities[of.ref.table].label == of.ref.column:
        return of.ref.table
    return None


def _row_number(
    a: Assembler, table: str, by: "p.Measured | p.Clock | None", *, descending: bool
) -> Iterator[tuple[p.Column, float]]:
    """The columns of a table that single rows may be ranked by."""
    match by:
        case p.Clock(axis):
            for place, known in enumerate(a.model.axes_of(table)):
                if axis == known.id or (not axis and not (descending and of_birth(known))):
                    yield p.Column(ColumnRef(table, known.columns[0])), 0.3 * place
        case p.Amount(None | Function.SUM, p.Column(ref) as column, _, ()) if (
            ref.table == table and a.numeric(column)
        ):
            yield column, 0.0
        case p.Amount(None, p.Implied(concept), _, ()):
            for attribute in a.model.of(table):
                if attribute.role in NUMBERS and means(attribute, concept):
                    yield p.Column(attribute.ref), 0.0
        case _:  # a number of groups
            return


def _rank_groups(a: Assembler, bag: Bag, rank: p.Rank, words: Words) -> Iterator[Reading]:
    """Groups in the order of a number."""
    by = rank.by
    if by is None or isinstance(by, p.Clock):
        return
    extra = [(m, w) for m, w in bag.measures]
    extra += [(p.Amount(None, c), w) for c, w in bag.columns if a.numeric(c)]
    groups: list[tuple[p.Dimension, Words]] = []
    if rank.of is not None:
        groups.append((rank.of, words))
    groups = [*bag.groups, *groups]
    groups = each_once(groups)
    each = bool(bag.groups) and rank.of is not None and len(groups) > 1
    for fact in a.facts(by):
        if isinstance(rank.of, p.Rows) and rank.of.table == fact and _plain_count(by):
            continue
        resolver = a.resolver(fact, bag)
        if not a.context(resolver, bag.rows):
            continue
        for choice in combined(
            [
                combined([a.measure(resolver, m, w) for m, w in [(by, words), *extra]]),
                combined([a.groups(resolver, g, w) for g, w in groups]),
                filters(resolver, bag.tests),
                combined([a.having(resolver, h, w) for h, w in bag.havings]),
            ]
        ):
            measures, made, where, having = choice.value
            if a.unsound(resolver, measures, made):
                continue
            places, notes = _places(a, rank, words)
            query = Query(
                fact=fact,
                measures=tuple(measures),
                groups=unique(made),
                where=with_values(a.model, where, made),
                having=tuple(having),
                order=(Order(by=measures[0], descending=rank.descending, words=words),),
                limit=None if each or (rank.of is None and rank.count is None) else places,
                each=places if each and len(unique(made)) > 1 else None,
            )
            same = _labelled(a, rank.of) == fact or (
                isinstance(rank.of, p.Rows) and rank.of.table == fact
            )
            cost = bag.cost + a.beside(query, bag.rows) + choice.cost
            cost += LEFT_COST * bool(bag.rows)
            cost += 0.3 if same and _summed(by) else 0.0
            cost += NESTED_COST if same and _averaged(by) else 0.0
            if rank.of is None and rank.count is None:
                cost += 0.2  # "the highest price per category" is a price
            yield Reading(query, cost, (*choice.notes, *notes))


def _one_rank(ranks: Sequence[tuple[p.Rank, Words]]) -> tuple[p.Rank | None, Words]:
    """Two parts of one ranking as one: "top 5 … highest average capital"."""
    (rank, words), *rest = ranks
    for other, more in rest:
        if rank.descending != other.descending:
            return None, ()
        if any(
            left is not None and right is not None and left != right
            for left, right in (
                (rank.count, other.count),
                (rank.by, other.by),
                (rank.of, other.of),
            )
        ):
            return None, ()
        rank = replace(
            rank,
            count=rank.count or other.count,
            by=rank.by or other.by,
            of=rank.of or other.of,
        )
        words = tuple(sorted({*words, *more}))
    return rank, words


def _plain_count(by: object) -> bool:
    return isinstance(by, p.Amount) and by.function is Function.COUNT and by.of is None


def _table_of(dimension: p.Dimension | None) -> str | None:
    """The table of what is ranked."""
    if isinstance(dimension, p.Column):
        return dimension.ref.table
    return dimension.table if isinstance(dimension, p.Rows) else None


def _averaged(by: object) -> bool:
    """Whether a number is an average: of one row it would be nothing but its value."""
    return isinstance(by, p.Amount) and by.function in {Function.AVERAGE, Function.MEDIAN}


def _summed(by: object) -> bool:
    """Whether a number has only one row in each group, if the groups are its own rows."""
    return isinstance(by, p.Amount) and by.function in {None, Function.SUM}
