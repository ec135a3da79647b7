"""The first of an order that a bag may ask for."""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from kai_flow.analyst.kinds.ranking import plain
from kai_flow.analyst.query.nodes import Function, Operator, Words, bare
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.assembler import Assembler
from kai_flow.analyst.reading.bag import Bag
from kai_flow.analyst.reading.extremes import superlative
from kai_flow.analyst.reading.orders import EARLIEST
from kai_flow.analyst.reading.ranking_numbers import (
    born,
    by_age,
    how_often,
    is_time,
    numbers_about,
    numbers_done,
    ranked_by,
    table_of,
    units_done,
)
from kai_flow.analyst.reading.ranking_queries import rank_groups, rank_rows
from kai_flow.analyst.reading.reading import Reading
from kai_flow.analyst.reading.subjects import first_dimension, is_column, named
from kai_flow.analyst.schema import ColumnRef

AFTER_COST: Final = 0.5
"""Of "the lowest price of any product" as a ranking: it asks for the price."""

VALUE_COST: Final = 0.2
"""Of "what is the smallest order amount" as a ranking: it asks how much, not which."""

_ADDED: Final = frozenset([Function.SUM, Function.AVERAGE, Function.MEDIAN])
"""Functions of what several rows have together."""


def ranked(a: Assembler, bag: Bag) -> Iterator[Reading]:
    """Rankings: of single rows, or of groups."""
    if len(bag.ranks) > 2 or bag.versus or bag.sorts:
        return
    rank, words = _one_rank(bag.ranks)
    if rank is None or (rank.by is not None and _greatest_besides(bag)):
        return
    rank, words, rest = _of_what(rank, words, bag)
    rank = by_age(a, rank)
    births = born(a, rank)
    times = () if births is None else (births, p.Clock(EARLIEST))
    for each in [replace(rank, by=time) for time in times] or [rank]:
        own = replace(rest, rows=list(rest.rows), columns=list(rest.columns))
        yield from _ranked(a, bag, each, words, own)


def _ranked(a: Assembler, bag: Bag, rank: p.Rank, words: Words, rest: Bag) -> Iterator[Reading]:
    """Rankings by what the words of a rank say; ``rest``: what is left of the bag."""
    unsaid = rank.by is None
    rank = _by_count(a, rank, rest)
    if rank.by is None:
        by = ranked_by(a, rest, rank, words)
        done = numbers_done(a, rest, rank.of, words)
        if by is None and len(done) != 1:
            yield from _open(a, rest, rank, words, done)
            return
        by = by or done[0]
        rank = replace(rank, by=by)
    if _nested(rank, rest, words) or _against(rank) or (unsaid and _of_another(rank)):
        a.troubles.add("no_reading")
        return
    rank, words = _of_groups(_said_twice(rank), rest, words)
    if rank.of is None and not rest.groups:
        rank, words = _of_first(rank, rest, words)
        if rank.of is None:
            return
    rank = by_age(a, rank)
    if rest.somes or rest.clocks or rest.share is not None or rest.change:
        return
    rest.cost += VALUE_COST * _how_much(bag, rank)
    yield from _first(a, rest, rank, words, either=bag.twins and unsaid)


def _by_count(a: Assembler, rank: p.Rank, bag: Bag) -> p.Rank:
    """The rank by what "most often" counts, or what there is most of."""
    units = units_done(a, bag) if rank.by == p.MOST_OF else None
    if units is not None:
        return replace(rank, by=units)
    counted = rank.by in {p.MOST_OF, p.Amount(Function.COUNT)}
    return replace(rank, by=how_often(a, bag, rank)) if counted else rank


def _first(
    a: Assembler, bag: Bag, rank: p.Rank, words: Words, *, either: bool
) -> Iterator[Reading]:
    """Rows or groups in the order of a rank; ``either``: of any number that is shown."""
    for found in (*rank_rows(a, bag, rank, words), *rank_groups(a, bag, rank, words)):
        yield found
        if either:
            yield from _by_the_other(a, found)


def _by_the_other(a: Assembler, reading: Reading) -> Iterator[Reading]:
    """The same by another number that is shown: "top 2 regions by revenue and discount"."""
    query = reading.query
    if query is None or len(query.order) != 1:
        return
    (order,) = query.order
    numbers = [f for f in query.columns if a.numeric(p.Column(ColumnRef(f.table, f.column)))]
    for by in (*query.measures, *numbers):
        if bare(by) != bare(order.by):
            swapped = replace(query, order=(replace(order, by=by),))
            yield replace(reading, query=swapped)


def _of_first(rank: p.Rank, rest: Bag, words: Words) -> tuple[p.Rank, Words]:
    """The rank of what is named first, which is taken out of the bag."""
    subject = first_dimension(rest.rows, [c for c in rest.columns if isinstance(c[0], p.Column)])
    if subject is None:
        table = _restricted(rest, words)
        if table is None or table != _table(rank.by):
            return rank, words
        return replace(rank, of=p.Rows(table)), words
    if subject[1] > words and plain(rank):
        rest.cost += AFTER_COST
    rest.rows = [r for r in rest.rows if (p.Rows(r[0]), r[1]) != subject]
    rest.columns = [c for c in rest.columns if c != subject]
    return replace(rank, of=subject[0]), (*words, *subject[1])


def _restricted(bag: Bag, words: Words) -> str | None:
    """The table whose rows are named by a value, before their rank: "eye doctors with …"."""
    tests = [(test.of, there) for test, there in bag.tests if isinstance(test, p.Compared)]
    tables = {of.ref.table for of, there in tests if isinstance(of, p.Column) and there < words}
    return tables.pop() if len(tables) == 1 else None


def _nested(rank: p.Rank, bag: Bag, words: Words) -> bool:
    """Whether one number of the first is asked for: "average price of the 5 cheapest products"."""
    averages = [(m, there) for m, there in bag.measures if rank.count is not None]
    averages += [(h.amount, there) for h, there in bag.havings if h.operator is Operator.EQUAL]
    return not bag.joints and any(
        there < words
        for measure, there in averages
        if isinstance(measure, p.Amount) and measure.function in {Function.AVERAGE, Function.MEDIAN}
    )


def _of_groups(rank: p.Rank, bag: Bag, words: Words) -> tuple[p.Rank, Words]:
    """The rank of groups, where the words after it name the rows that they are of.

    The island whose cooperatives have the most members on average is the first of the islands: a
    row by itself has no average.
    """
    if bag.combination and rank.of is None:
        *bag.groups, (of, more) = bag.groups
        count = rank.count or (None if bag.combination.many else 1)
        return replace(rank, of=of, count=count), (*words, *more)
    before = [c for c, there in bag.columns if is_column(c) and there < words]
    averaged = isinstance(rank.by, p.Amount) and rank.by.function in {
        Function.AVERAGE,
        Function.MEDIAN,
    }
    if before and averaged and isinstance(rank.of, p.Rows) and _table(rank.by) == rank.of.table:
        return replace(rank, of=None), words
    return rank, words


def _how_much(bag: Bag, rank: p.Rank) -> bool:
    """Whether a question is how much the first of an order is, not which it is."""
    return bag.asked("value") and not (rank.count or rank.whole or bag.which or bag.asked("which"))


def _of_what(rank: p.Rank, words: Words, bag: Bag) -> tuple[p.Rank, Words, Bag]:
    """The rank of what is asked for by name or number, and what is left of the bag."""
    if rank.of is None and bag.which:
        (of, more), *others = bag.which
        rank, words = replace(rank, of=of), tuple(sorted({*words, *more}))
        bag = replace(bag, which=others, asks=[*bag.asks, p.Ask("which")])
    elif isinstance(rank.of, p.Rows) and _of_their_total(rank, words, bag):
        (of, more), *others = bag.which
        rows = [*bag.rows, (rank.of.table, words)]
        bag = replace(bag, which=others, asks=[*bag.asks, p.Ask("which")], rows=rows)
        rank, words = replace(rank, of=of), tuple(sorted({*words, *more}))
    bag = named(bag)
    rest = replace(bag, rows=list(bag.rows), columns=list(bag.columns))
    if rank.of is None and bag.somes and rank.count in {None, bag.somes[0][0].count}:
        some, _ = bag.somes[0]
        rank = replace(rank, of=some.of, count=some.count)
        rest.somes = bag.somes[1:]
    return rank, words, rest


def _of_their_total(rank: p.Rank, words: Words, bag: Bag) -> bool:
    """Whether what is the greatest is a total of rows, and which group it is of is asked for.

    "In which province is the total revenue of cooperatives the largest": no cooperative is.
    """
    if rank.by is not None or rank.count or rank.whole or len(bag.which) != 1 or bag.groups:
        return False
    asked = bag.which[0][0]
    totals = [m for m, there in bag.measures if there[-1] < words[0]]
    return asked != rank.of and any(
        isinstance(total, p.Amount) and total.function in _ADDED for total in totals
    )


def _open(
    a: Assembler, bag: Bag, rank: p.Rank, words: Words, done: Sequence[p.Measured]
) -> Iterator[Reading]:
    """A ranking by nothing in particular: every number that it may go by is offered."""
    a.troubles.add("ranked_by_what", table=table_of(rank.of) or "")
    if rank.of is None:
        subject = first_dimension([*bag.rows], [c for c in bag.columns if is_column(c[0])])
        if subject is None:
            return
        rank = replace(rank, of=subject[0])
        bag.rows = [r for r in bag.rows if (p.Rows(r[0]), r[1]) != subject]
        bag.columns = [c for c in bag.columns if c != subject]
    table = table_of(rank.of)
    if table is None or rank.of is None or is_time(a, rank.of):
        return  # "pays the most" does not ask when
    bag.cost += 0.6
    for number in done or numbers_about(a, table):
        open_ = replace(rank, by=number)
        offered = (*rank_rows(a, bag, open_, words), *rank_groups(a, bag, open_, words))
        yield from (replace(each, open=True) for each in offered)


def _one_rank(ranks: Sequence[tuple[p.Rank, Words]]) -> tuple[p.Rank | None, Words]:
    """Two parts of one ranking as one: "top 5 … highest average capital"."""
    (rank, words), *rest = ranks
    for other, more in rest:
        if rank.descending != other.descending or _each_the_first(rank, other):
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
            whole=rank.whole or other.whole,
        )
        words = tuple(sorted({*words, *more}))
    return rank, words


def _each_the_first(rank: p.Rank, other: p.Rank) -> bool:
    """Whether two are the first of something else: the largest on the island with the most."""
    plain = not any(each.count or each.whole for each in (rank, other))
    return plain and (rank.by is None or other.by is None)


def _said_twice(rank: p.Rank) -> p.Rank:
    """The best product with the highest price is the one with the highest price."""
    by = rank.by
    if not _of_another(rank) or not isinstance(by, p.Amount) or _against(rank):
        return rank
    own = isinstance(rank.of, p.Rows) and _table(by) == rank.of.table
    return replace(rank, by=p.Amount(None, by.of, None, by.where)) if own else rank


def _against(rank: p.Rank) -> bool:
    """Whether the best is said to be the lowest, of which only the question knows the meaning."""
    lowest = isinstance(rank.by, p.Amount) and rank.by.function is Function.MINIMUM
    return _of_another(rank) and lowest == rank.descending


def _of_another(rank: p.Rank) -> bool:
    """Whether something is the first by a number that it is not said of.

    "The store with the highest sales in the province with the most stores" is of that province.
    """
    return superlative(rank.by) and not (rank.count or rank.whole)


def _greatest_besides(bag: Bag) -> bool:
    """Whether the greatest of another number is named, and "and" does not join it."""
    greatest = any(superlative(measure) for measure, _ in bag.measures)
    return greatest and len(bag.measures) > bag.joints


def _table(by: object) -> str | None:
    """The table of the column that a ranking goes by."""
    column = by.of if isinstance(by, p.Amount) else None
    return column.ref.table if isinstance(column, p.Column) else None
