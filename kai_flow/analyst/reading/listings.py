"""Rows as they are, or the values of columns, that a bag may ask for."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Final

from msgspec import structs
from msgspec.structs import replace

from kai_flow.analyst.query.nodes import (
    Aggregate,
    Function,
    Operator,
    Order,
    Query,
    Words,
)
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.asides import of_list
from kai_flow.analyst.reading.assembler import ASSUMED_COST, Assembler
from kai_flow.analyst.reading.bag import Bag
from kai_flow.analyst.reading.choices import Choice, cheapest, combined
from kai_flow.analyst.reading.filtering import filters, too_dear, with_values
from kai_flow.analyst.reading.first_named import in_clause, late, other_things_first, pointed_to
from kai_flow.analyst.reading.listed_columns import (
    by_code,
    codes,
    nameless,
    of_each_row,
    of_rows,
    once_each,
    repeats,
    several,
    usual,
    with_tested,
)
from kai_flow.analyst.reading.orders import LISTED, Sorted, by_group, order_of_values, sorted_by
from kai_flow.analyst.reading.reading import Reading
from kai_flow.analyst.reading.resolving import Resolver
from kai_flow.analyst.reading.shared_names import names_many
from kai_flow.analyst.reading.soundness import ONE_GROUP_COST, one_group
from kai_flow.analyst.reading.whole_limits import limits_others
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.model import Role

COMPOUND_COST: Final = 0.15
"""Of columns without a word between: "product categories" are the categories of products."""

MOST_VALUES: Final = 2
"""Columns at most of which the different values are listed; more are columns of rows."""


LATER_COST: Final = 0.3
"""Of listing rows that are named after others: "pilots of flights in May" are pilots."""

CLAUSE_COST: Final = 0.6
"""Of listing rows that only a relative clause names: "customers whose orders were late" are
customers.
"""

LIST_COST: Final = 0.08
"""Of listing rows where the question does not say so: "active cooperatives"."""


TWICE_COST: Final = 0.3
"""Of a column that is named twice: "product categories and products" are two columns."""

VALUES_COST: Final = 0.03
"""Of values with the number of rows of each."""

ROLE_COST: Final = 0.25
"""Of listing rows by whom they point to: "which customers placed orders" asks for customers."""

NAMELESS_COST: Final = 0.2
"""Of listing numbers of rows without names, which the question does not name either."""


def _each_listed(bag: Bag) -> Bag:
    """The words "Show me every brand" list brands: they are no groups of something else."""
    things = [(by, words) for by, words in bag.groups if isinstance(by, p.Column | p.Rows)]
    if not bag.asked("list") or bag.columns or bag.rows or len(things) != len(bag.groups):
        return bag
    rows = [(by.table, words) for by, words in things if isinstance(by, p.Rows)]
    columns = [(by, words) for by, words in things if isinstance(by, p.Column)]
    return replace(bag, groups=[], rows=rows, columns=columns)


def _no_list(bag: Bag) -> bool:
    """Whether a question asks for numbers, or for so many of something beside other rows."""
    numbers = bag.measures or bag.havings or bag.groups or bag.share is not None or bag.change
    counted = bag.asked("count") or bag.asked("how much")
    several = bag.somes and bag.rows  # "orders with 2 items": no list of 2 items
    first = any(some.first for some, _ in bag.somes) and not bag.sorts  # the first of what order?
    return bool(numbers or counted or several or first or late(bag))


def listed(a: Assembler, bag: Bag) -> Iterator[Reading]:
    """Rows, or the values of a column."""
    limited = bool(bag.groups) and limits_others(bag)
    bag = by_group(a, _each_listed(bag))
    if limited or _no_list(bag):
        return
    asked = any(bag.asked(what) for what in ("list", "which", "when", "value"))
    numbers = any(a.numeric(c) for c, _ in bag.columns)
    named = any(isinstance(c, p.Column) and c.role in a.model.joins for c, _ in bag.columns)
    if bag.asked("value") and not numbers and (named or not (bag.columns and _singled(a, bag))):
        return  # "how many": not a list
    cost = bag.cost + (0.0 if asked else LIST_COST)
    if any(a.numeric(c) for c, _ in bag.columns) and not bag.asked("list"):
        cost += 0.15
    computed = [w for test, w in bag.tests if isinstance(getattr(test, "of", None), p.Computed)]
    beyond = any(words > first for words in computed for _, first in bag.shown)
    cost += LATER_COST * beyond  # "for sold items, which products have a value of more than 20"
    if bag.asked("value") and numbers and not _singled(a, bag):
        return  # "what are the total assets of …" is one number
    somes = [(some.of.table, words) for some, words in bag.somes if isinstance(some.of, p.Rows)]
    limit = bag.limit or (bag.somes[0][0].count if bag.somes else None)
    rows = [*bag.rows, *somes]
    columns = [(c, w) for c, w in bag.columns if isinstance(c, p.Column)]
    if len(columns) != len(bag.columns) or len(bag.somes) != len(somes):
        return
    if (
        rows
        and not somes
        and any(_category(a, c) and words < rows[0][1] for c, words in columns[:1])
    ):
        cost += 0.15  # "the types of cooperatives" are types
    if bag.asked("which") and pointed_to(bag, rows, columns):
        cost += ROLE_COST
    cost += LATER_COST * other_things_first(a, bag, rows, columns)
    for clock, words in bag.clocks:
        axis = a.model.axes[clock.axis]
        columns.append((p.Column(ColumnRef(axis.table, axis.columns[0])), words))
    columns.sort(key=lambda each: each[1])
    tables = [t for t, _ in rows if t in bag.wanted or not bag.wanted]
    for table in dict.fromkeys(tables or [c.ref.table for c, _ in columns[:1]]):
        later = LATER_COST * (table != tables[0] if tables else 0)
        later += CLAUSE_COST * in_clause(a.clauses, bag, rows, table)
        yield from _rows_of(a, bag, table, rows, columns, limit=limit, cost=cost + later)


def _singled(a: Assembler, bag: Bag) -> bool:
    """Whether a filter names single rows."""
    return any(
        isinstance(test, p.Compared)
        and isinstance(test.of, p.Column)
        and test.operator in {Operator.EQUAL, Operator.CONTAINS}
        and a.model.entities[test.of.ref.table].label == test.of.ref.column
        for test, _ in bag.tests
    )


def _category(a: Assembler, column: p.Column) -> bool:
    """Whether a column has a few values, which a listing of rows would repeat."""
    return a.model.attributes[column.ref].role in {Role.CATEGORY, Role.FLAG}


def _rows_of(
    a: Assembler,
    bag: Bag,
    table: str,
    rows: Sequence[tuple[str, Words]],
    columns: Sequence[tuple[p.Column, Words]],
    *,
    limit: int | None,
    cost: float,
) -> Iterator[Reading]:
    resolver = a.resolver(table, bag)
    if not a.context(resolver, rows):
        return
    if not columns and too_dear(resolver, bag.tests, a.most - cost):
        return
    words = next((w for t, w in rows if t == table), ())
    label = resolver.label(table)
    shown = list(columns)
    spoken = any(t == table for t, _ in rows)
    named = spoken or any(a.numeric(c) for c, _ in columns)
    named |= of_each_row(a, table, columns) and not _singled(a, bag)
    if (
        columns
        and not (bag.shown and spoken)
        and all(not a.numeric(c) for c, _ in columns)
        and not (len(columns) == 1 and not bag.asked("value") and _tells_rows(a, columns[0][0]))
        and (not spoken or (all(_category(a, c) for c, _ in columns) and columns[0][1] < words))
        and not of_each_row(a, table, columns)
    ):
        yield from _values(a, bag, resolver, columns, limit, cost - 0.15 * spoken)
        if not spoken and len(columns) <= MOST_VALUES:
            return
    if label is not None and named and all(c != p.Column(label.ref) for c, _ in columns):
        shown = [(p.Column(label.ref), words), *codes(a, table, label, columns), *columns]
    details = not columns or by_code(a, table, columns)
    shown += [(column, ()) for column in usual(a, table, label)] if details else []
    shown += [(c, ()) for c in several(bag, resolver) if all(c != known for known, _ in shown)]
    cost += TWICE_COST * (len({column for column, _ in columns}) < len(columns))
    cost += 0.0 if spoken else 0.05 + NAMELESS_COST * nameless(a, table, columns)
    for sorts in sorted_by(a, bag, resolver, shown, columns) if shown else ():
        every = _each_once([*shown, *((by, w) for by, _, w in sorts.value)])
        for choice, query in _queries(
            a, bag, resolver, every, sorts.value, spoken=spoken, details=details, most=a.most - cost
        ):
            more = of_list(a.model, query, rows) + _doubt(a, table, columns, choice) + sorts.cost
            full = structs.replace(query, limit=limit or LISTED, words=words)
            yield Reading(full, cost + more + choice.cost, choice.notes)


def _each_once(columns: Sequence[tuple[p.Column, Words]]) -> list[tuple[p.Column, Words]]:
    """Every column once, with the words that name it first."""
    found: dict[object, tuple[p.Column, Words]] = {}
    for column, words in columns:
        found.setdefault((column.ref, column.role), (column, words))
    return list(found.values())


def _queries(
    a: Assembler,
    bag: Bag,
    resolver: Resolver,
    shown: Sequence[tuple[p.Column, Words]],
    sorts: Sequence[Sorted],
    *,
    spoken: bool,
    details: bool,
    most: float,
) -> Iterator[tuple[Choice[tuple[Any, ...]], Query]]:
    """The lists of rows with these columns, in this order."""
    once = repeats(a, resolver.fact, shown, spoken=spoken)
    options = combined([resolver.fields(c, w) for c, w in shown])
    met = filters(resolver, bag.tests, most - cheapest(options)) if options else ()
    for choice in combined([options, met], most=most):
        fields, where = choice.value
        if any(resolver.widens(field.path) for field in fields):
            continue
        at = {(c.ref, c.role): field for (c, _), field in zip(shown, fields, strict=True)}
        order = tuple(
            Order(by=at[by.ref, by.role], descending=bool(sort.descending), words=w)
            for by, sort, w in sorts
        )
        yield (
            choice,
            Query(
                fact=resolver.fact,
                columns=once_each(fields)
                if once
                else with_tested(a.model, fields, where, details=details),
                distinct=once,
                where=where,
                order=order or (Order(by=fields[0]),),
            ),
        )


def _doubt(
    a: Assembler,
    table: str,
    columns: Sequence[tuple[p.Column, Words]],
    choice: Choice[tuple[Any, ...]],
) -> float:
    """What speaks against showing numbers: they are another row's, or of another time."""
    numbers = [column for column, _ in columns if a.numeric(column)]
    assumed = any(note.key == "axis_assumed" for note in choice.notes)
    other = any(column.ref.table != table for column in numbers)
    return 0.3 * other + ASSUMED_COST * (assumed and bool(numbers))


def _labels(a: Assembler, column: p.Column) -> bool:
    """Whether a column names the rows of its table."""
    return a.model.entities[column.ref.table].label == column.ref.column


def _tells_rows(a: Assembler, column: p.Column) -> bool:
    """Whether a column names single rows, and not many of them each time."""
    return _labels(a, column) and not names_many(a.model, column.ref)


def _values(
    a: Assembler,
    bag: Bag,
    resolver: Resolver,
    columns: Sequence[tuple[p.Column, Words]],
    limit: int | None,
    cost: float,
) -> Iterator[Reading]:
    """The different values of columns, with the number of rows of each."""
    if not columns or len(columns) > MOST_VALUES:
        return
    if any(_labels(a, column) for column, _ in columns) and len(columns) > 1:
        cost += 0.3  # names and addresses are columns of rows
    if any(left[-1:] == (right[0] - 1,) for (_, left), (_, right) in pairwise(columns) if right):
        cost += COMPOUND_COST
    if any(of_rows(a, test) for test, _ in bag.tests):
        cost += 0.2  # "products with a revenue above …": that of the product, not of a row
    options = combined([a.groups(resolver, c, w) for c, w in columns])
    most = a.most - cost - VALUES_COST
    met = filters(resolver, bag.tests, most - cheapest(options)) if options else ()
    for choice in combined([options, met], most=most):
        groups, where = choice.value
        count = Aggregate(function=Function.COUNT)
        order = order_of_values(a, bag, columns, groups, count)
        if order is None:
            continue
        query = Query(
            fact=resolver.fact,
            measures=(count,),
            groups=tuple(groups),
            where=with_values(a.model, where, groups),
            order=(order,),
            limit=limit,
        )
        more = VALUES_COST + ONE_GROUP_COST * one_group(query.groups, where)
        yield Reading(query, cost + more + choice.cost, choice.notes)
