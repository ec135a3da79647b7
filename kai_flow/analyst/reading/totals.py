"""Numbers, grouped or not, that a bag of constituents may ask for."""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from kai_flow.analyst.query.nodes import Function, Words
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.aggregating import MONEY, MONEY_COUNTED
from kai_flow.analyst.reading.assembler import Assembler
from kai_flow.analyst.reading.bag import Bag
from kai_flow.analyst.reading.changing import changed, in_units
from kai_flow.analyst.reading.concepts import means
from kai_flow.analyst.reading.extremes import superlative
from kai_flow.analyst.reading.fitting_units import over_time_once
from kai_flow.analyst.reading.number_queries import numbers_of
from kai_flow.analyst.reading.portions import rows_shared, share_of_another
from kai_flow.analyst.reading.reading import Reading
from kai_flow.analyst.reading.sold import units_of
from kai_flow.analyst.reading.subjects import each_once, first_dimension
from kai_flow.analyst.reading.whole_limits import limited_before, limits_others
from kai_flow.analyst.semantics.model import Role
from kai_flow.analyst.semantics.paths import leads_to_one

APART_COST: Final = 0.9
"""Of a second number that no "and" joins to the first."""

REST_COST: Final = 0.4
"""Of grouping by a column that only stands beside a number."""

COUNT_COST: Final = 0.2
"""Of counting rows where the question does not say so: "cooperatives per province"."""

CHARGES: Final = ("discount", "tax", "fee", "shipping")
"""Concepts of what is taken off or added to what something is sold for."""

WHICH_COST: Final = 0.12
"""Of "which branches" as all of them, each with a number."""

UNITS_GAIN: Final = 0.3
"""Of the units that were sold, as likely as the different products that were."""

AFTER_ROWS_COST: Final = 0.12
"""Of a number that is named after its rows: "berapa transaksi" may as well count these."""

RESTRICTED_COST: Final = 0.1
"""Of a noun that only says of what a filter is, where it may be grouped by as well."""
ELSEWHERE_COST: Final = 0.2
"""Of counting rows of a table among those of another one."""


def _beside(bag: Bag, groups: Sequence[object], rest: Sequence[object]) -> float:
    """What it costs to group by columns beside a number, without a "per"."""
    if not rest:
        return 0.0
    return REST_COST if not groups or bag.joints else 2 * REST_COST


_TOTALS: Final = frozenset([Function.SUM, Function.AVERAGE, Function.MEDIAN])
"""What a question says in so many words of a number beside what it counts."""


def totalled(a: Assembler, bag: Bag) -> Iterator[Reading]:
    """Numbers over all rows, or over groups of them."""
    measures = [*bag.measures]
    nouns = [(p.Amount(None, c), w) for c, w in bag.columns if a.numeric(c)]
    rest = [(c, w) for c, w in bag.columns if isinstance(c, p.Column) and not a.numeric(c)]
    measures += nouns
    asked = bag.which or bag.asked("which") or bag.asked("when") or bag.combination
    if asked and any(superlative(m) for m, _ in bag.measures):
        return  # "which has the highest": not how high it is
    groups, rows, cost = [*bag.groups, *bag.which], list(bag.rows), bag.cost
    told = [] if asked or _each_asked(bag) else [n for n in rest if _restricted(n, bag, nouns)]
    cost += RESTRICTED_COST * len(told)
    rest = [each for each in rest if each not in told]
    after = _after_rows(bag, nouns) or _count_lost(bag)
    if (bag.which and not (measures or bag.havings)) or (after and bag.asked("count")):
        return  # "how many orders got a discount": the number only tells which
    if bag.havings and not groups:
        subject = first_dimension(rows, [each for each in rest if not _flag(a, each[0])])
        if subject is None or _own_number(subject[0], bag.havings):
            return
        groups.append(subject)
        rows = [each for each in rows if (p.Rows(each[0]), each[1]) != subject]
        rest = [each for each in rest if each != subject]
    apart = rest and bag.joints and not groups  # "orders and customers" are no orders by customer
    timed = _has_time(a, rest) and not asked
    if apart or timed or _unclear(a, bag, bool(measures), [*groups, *rest]):
        return
    cost += 0.2 * bool(bag.havings and bag.asked("how much"))  # "how many … more than 15 times"
    cost += _beside(bag, groups, rest) + WHICH_COST * bool(bag.which and not bag.havings)
    cost += AFTER_ROWS_COST * (after and bag.asked("value"))
    cost += _money_counted(a, bag)
    groups = over_time_once(a.model, each_once([*groups, *rest]))
    if not measures and bag.havings and bag.share is None:
        having, words = bag.havings[0]
        measures = [(having.average or having.amount, words)]
    if measures:
        yield from _named(a, bag, measures, groups, rows, cost)
    elif bag.asked("how much"):
        yield from _how_much(a, bag, groups, rows, cost)
    elif groups or bag.share is not None or bag.change:
        yield from _counted(a, bag, groups, rows, cost)


def _unclear(
    a: Assembler, bag: Bag, measured: bool, groups: Sequence[tuple[p.Dimension, Words]]
) -> bool:
    """Whether a number may be limited in each row as well: "sales above 1 million by channel".

    A limit of no number that is named, after the groups, may be one of rows or of groups as well.
    """
    late = any(
        isinstance(test, p.Compared)
        and isinstance(test.of, p.Implied)
        and test.of.concept == p.ANY_NUMBER
        and any(said < words for _, said in bag.groups)
        for test, words in bag.tests
    )
    parted = bool(bag.groups and bag.rows) and not measured and limits_others(bag)
    if late or parted or limited_before(bag):
        a.troubles.add("rows_or_totals")
        return True
    if measured or not bag.havings or bag.share is not None or bag.which or not groups:
        return False
    having, words = bag.havings[0]
    others = [said for each in (bag.rows, bag.columns, groups) for _, said in each]
    unclear = having.amount.function is None and all(words < said for said in others)
    if unclear:
        a.troubles.add("rows_or_totals")
    return unclear


def _count_lost(bag: Bag) -> bool:
    """Whether rows are to be counted, and are not: "number of orders with their total value"."""
    amounts = [(of, words) for of, words in bag.measures if isinstance(of, p.Amount)]
    if len(amounts) < len(bag.measures) or not bag.asked("count") or bag.ranks:
        return False
    plain = all(of.function in _TOTALS for of, _ in amounts)
    return plain and bool(amounts) and _after_rows(bag, amounts)


def _each_asked(bag: Bag) -> bool:
    """Whether a question is asked of each of several things."""
    return bag.apiece or bag.asked("list") or bag.asked("who")


def _restricted(
    noun: tuple[p.Column, Words], bag: Bag, numbers: Sequence[tuple[p.Amount, Words]]
) -> bool:
    """Whether a noun only says of what a filter is: "the revenue of shops in Medan"."""
    column, words = noun
    if not bag.measures and any(number > words for _, number in numbers):
        return False  # "shops in Medan: name and revenue"
    return any(
        isinstance(test, p.Compared)
        and isinstance(test.of, p.Column)
        and test.of.ref.table == column.ref.table
        and test.of.ref != column.ref
        and bool(said)
        and set(said) < set(words)
        for test, said in bag.tests
    )


def _named(
    a: Assembler,
    bag: Bag,
    measures: Sequence[tuple[p.Measured, Words]],
    groups: Sequence[tuple[p.Dimension, Words]],
    rows: Sequence[tuple[str, Words]],
    cost: float,
) -> Iterator[Reading]:
    """The numbers that are named; of products that were sold also the units."""
    yield from _numbers(a, bag, measures, groups, rows, cost)
    for units in units_of(a, bag, measures):
        yield from _numbers(a, bag, [units], groups, rows, cost - UNITS_GAIN)


def _after_rows(bag: Bag, nouns: Sequence[tuple[object, Words]]) -> bool:
    """Whether rows are named before the number of theirs."""
    rows = min((words for _, words in bag.rows), default=None)
    number = min((words for _, words in nouns), default=None)
    return rows is not None and number is not None and rows < number


def _money_counted(a: Assembler, bag: Bag) -> float:
    """What speaks against an amount of money where a question counts: "number of sales"."""
    columns = [column for column, _ in bag.columns if isinstance(column, p.Column)]
    known = [a.model.attributes[column.ref] for column in columns] if bag.asked("count") else []
    return MONEY_COUNTED * any(means(each, money) for each in known for money in MONEY)


def _counted(
    a: Assembler,
    bag: Bag,
    groups: Sequence[tuple[p.Dimension, Words]],
    rows: Sequence[tuple[str, Words]],
    cost: float,
) -> Iterator[Reading]:
    """Rows are counted where no other number is named."""
    shared = rows_shared(bag, rows)
    for at, (table, words) in enumerate(rows):
        if shared not in {None, words}:
            continue
        others = [*rows[:at], *rows[at + 1 :]]
        count = p.Amount(Function.COUNT, None, table)
        free = bag.share is not None or bag.change or bag.asked("count")
        more = 0.0 if free else COUNT_COST
        yield from _numbers(a, bag, [(count, words)], groups, others, cost + more)


def _how_much(
    a: Assembler,
    bag: Bag,
    groups: Sequence[tuple[p.Dimension, Words]],
    rows: Sequence[tuple[str, Words]],
    cost: float,
) -> Iterator[Reading]:
    """How much was sold: each number that adds up in the table of what was done."""
    done = [(test.table, words) for test, words in bag.tests if isinstance(test, p.Has)]
    for table, words in done[:1]:
        of: list[p.Column | p.Computed] = [
            p.Column(each.ref)
            for each in a.model.of(table)
            if each.role is Role.ADDITIVE and not any(means(each, what) for what in CHARGES)
        ]
        of += [p.Computed(each.name, table) for each in a.model.derived if each.table == table]
        for each in of:
            measure = p.Amount(Function.SUM, each)
            yield from _numbers(a, bag, [(measure, words)], groups, rows, cost + 0.2)


def _numbers(
    a: Assembler,
    bag: Bag,
    measures: Sequence[tuple[p.Measured, Words]],
    groups: Sequence[tuple[p.Dimension, Words]],
    rows: Sequence[tuple[str, Words]],
    cost: float,
) -> Iterator[Reading]:
    """Numbers of one fact table."""
    rates = all(
        isinstance(m, p.Amount) and isinstance(m.of, p.Column) and a.is_rate(m.of)
        for m, _ in measures
    )
    if bag.asked("list") and (rows or rates) and not (bag.measures or groups):
        cost += 0.3  # "list the products with their prices": no average price
    if bag.somes or bag.clocks or len(measures) > 3 or share_of_another(measures):
        return
    if bag.share is not None and not any(isinstance(m, p.Portion) for m, _ in measures):
        if any(_rows_by_amount(m) for m, _ in measures):
            return
        measures = [(_in_percent(m), w) for m, w in measures]
    if bag.change and not any(isinstance(m, p.Change) for m, _ in measures):
        change = bag.change[0]
        measures = [
            (replace(change, of=m), w) if isinstance(m, p.Amount) else (m, w) for m, w in measures
        ]
    if not any(isinstance(g, p.Calendar) for g, _ in groups):
        from_to = changed(bag, measures)
        if from_to is not None:
            bag, measures = from_to
    changes = [m for m, _ in measures if isinstance(m, p.Change)]
    changes += [bag.change[0]] if changes and bag.change else []
    timed = in_units(changes, groups)
    if timed is None:
        return
    groups = timed
    cost += APART_COST * max(0, len(measures) - 1 - bag.joints)
    own = a.facts(measures[0][0])
    for fact in _facts(a, bag, measures[0][0], rows):
        more = 0.0 if fact in own else ELSEWHERE_COST
        yield from numbers_of(a, bag, fact, measures, groups, rows=rows, cost=cost + more)


def _facts(
    a: Assembler, bag: Bag, measured: p.Measured, rows: Sequence[tuple[str, Words]]
) -> Iterator[str]:
    """The tables that a number may be of.

    Different customers are counted among their orders when orders are talked about.
    """
    yield from a.facts(measured)
    table = measured.table if isinstance(measured, p.Amount) else None
    if table is None or measured != p.Amount(Function.DISTINCT, None, table):
        return
    done = [test.table for test, _ in bag.tests if isinstance(test, p.Has)]
    for other in dict.fromkeys([*done, *(each for each, _ in rows)]):
        if other != table and leads_to_one(a.model, other, table):
            yield other


def _in_percent(measure: p.Measured) -> p.Measured:
    """A number as a share, a ratio in percent."""
    if isinstance(measure, p.Quotient):
        return replace(measure, percent=True)
    return p.Portion(measure) if isinstance(measure, p.Amount) else measure


def _rows_by_amount(measure: p.Measured) -> bool:
    """Whether rows are divided by an amount, or the other way round, which is no percentage."""
    match measure:
        case p.Quotient(top, bottom):
            return (top.of is None) is not (bottom.of is None)
        case _:
            return False


def _has_time(a: Assembler, columns: Sequence[tuple[p.Column, Words]]) -> bool:
    """Whether a time is named, which groups only after "by" or "per": "how many did we send"."""
    return any(a.model.attributes[column.ref].role is Role.TIME for column, _ in columns)


def _flag(a: Assembler, column: p.Column) -> bool:
    """Whether a column only says yes or no, which nobody counts rows by without saying so."""
    return a.model.attributes[column.ref].role is Role.FLAG


def _own_number(subject: p.Dimension, havings: Sequence[tuple[p.Having, Words]]) -> bool:
    """Whether a condition on groups is one on single rows: "cooperatives with assets above …"."""
    return isinstance(subject, p.Rows) and any(
        having.amount.function is None and _of_rows(having.amount.of, subject.table)
        for having, _ in havings
    )


def _of_rows(of: object, table: str) -> bool:
    """Whether each row of a table has a number."""
    return isinstance(of, p.Lasting) or (isinstance(of, p.Column) and of.ref.table == table)
