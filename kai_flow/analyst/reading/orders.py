"""In which order rows are listed, and the columns that it goes by."""

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from msgspec.structs import replace

from kai_flow.analyst.query.nodes import Aggregate, FieldGroup, Function, Group, Order, Words
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.assembler import NUMBERS, Assembler
from kai_flow.analyst.reading.bag import Bag
from kai_flow.analyst.reading.choices import Choice, combined
from kai_flow.analyst.reading.comparisons import ORDERED
from kai_flow.analyst.reading.concepts import means, of_birth
from kai_flow.analyst.reading.resolving import Resolver
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.model import Role

LISTED: Final = 100
"""Rows of a listing when the question gives no number."""

EARLIEST: Final = "^"
"""In place of an axis: any but that of a birth."""

PAID: Final = ("fee", "rate_price", "fare", "amount", "cost", "total")
"""Concepts of what is paid for something that has no price."""

BY_GROUP_COST: Final = 0.15
"""Of listing the rows of each group: "products by category" may as well be their numbers."""

SUMMED: Final = frozenset([None, Function.SUM])
"""Functions of a number that nothing but its name asks for."""

_SHOWN: Final[list[tuple[p.Shown, Words]]] = [(p.Shown(()), ())]
"""Columns are shown beside the rows."""

_Columns: TypeAlias = Sequence[tuple[p.Column, Words]]
Sorted: TypeAlias = tuple[p.Column, p.Sort, Words]
"""A column that rows are sorted by, what the question says of it, and where."""


def said_once(a: Assembler, bag: Bag) -> Bag:
    """A bag without an order that only repeats its rank: "the 10 largest, from the largest on".

    Without a number, the order says that all are asked for; and it says which way those go that
    are put in order: "rank the products by price, lowest first".
    """
    if len(bag.sorts) != 1 or not bag.ranks or bag.sorts[0][0].names:
        return bag
    (sort, said), (rank, words) = bag.sorts[0], bag.ranks[-1]
    if not isinstance(rank.by, p.Amount | None) or not _same_number(a, sort.by, rank.by):
        return bag
    counted = bool(bag.limit or bag.somes) or any(each.count for each, _ in bag.ranks)
    by = rank.by
    if by is None and isinstance(sort.by, p.Column | p.Amount):
        by = sort.by if isinstance(sort.by, p.Amount) else p.Amount(None, sort.by)
    descending = rank.descending if sort.descending is None else sort.descending
    if descending != rank.descending and (counted or not rank.whole or len(bag.ranks) > 1):
        return bag
    new = replace(rank, by=by, descending=descending, whole=rank.whole or not counted)
    return replace(bag, sorts=[], ranks=[*bag.ranks[:-1], (new, tuple(sorted({*words, *said})))])


def put_in_order(a: Assembler, bag: Bag) -> Bag:
    """A bag with the order that its verb asks for: "sort the provinces by number of members".

    The number or time that is named is what the order goes by, and the rows are what is ordered.
    """
    bag = _by_number_of_each(a, _by_tested(a, bag))
    if not any(ask.in_order for ask in bag.asks) or bag.versus:
        return bag
    bag = _by_label(a, bag)
    if bag.ranks and not (bag.limit or bag.somes or any(rank.count for rank, _ in bag.ranks)):
        return replace(bag, ranks=[(replace(rank, whole=True), words) for rank, words in bag.ranks])
    if not bag.rows or bag.ranks or not all(sort.then for sort, _ in bag.sorts):
        return bag
    if bag.measures and not bag.sorts:
        of: list[tuple[p.Dimension, Words]] = [(p.Rows(table), words) for table, words in bag.rows]
        way = (p.Sort(None, None), bag.measures[0][1])
        return bag if bag.groups else replace(bag, rows=[], groups=of, sorts=[way])
    named = [(c, w) for c, w in bag.columns if isinstance(c, p.Column) and in_order(a, c)]
    by = [*((of, w) for of, w in bag.groups if isinstance(of, p.Column)), *named]
    if len(by) != 1 or len(bag.groups) > len(by) - len(named):
        return bag
    return replace(bag, groups=[], sorts=[(p.Sort(by[0][0], None), by[0][1]), *bag.sorts])


def _by_number_of_each(a: Assembler, bag: Bag) -> Bag:
    """A bag in whose order rows are by what each has in number.

    As in "customers sorted by number of orders", which no column of theirs says.
    """
    others = (bag.measures, bag.groups, bag.ranks, bag.havings, bag.versus, bag.which, bag.change)
    if any(others) or bag.share is not None or len(bag.sorts) != 1:
        return bag
    things: list[tuple[p.Dimension, Words]] = [(p.Rows(table), words) for table, words in bag.rows]
    things += [(c, w) for c, w in bag.columns if isinstance(c, p.Column) and not a.numeric(c)]
    sort, words = bag.sorts[0]
    if len(things) != 1 or len(bag.columns) + len(bag.rows) != 1:
        return bag
    ((thing, there),) = things
    own = thing.table if isinstance(thing, p.Rows) else _named_by(a, thing)
    if not isinstance(sort.by, p.Amount) or own in a.facts(sort.by):
        return bag
    rank = p.Rank(sort.descending is not False, bag.limit, sort.by, thing, whole=True)
    return replace(
        bag, rows=[], columns=[], sorts=[], ranks=[(rank, tuple(sorted({*words, *there})))]
    )


def _named_by(a: Assembler, thing: p.Dimension) -> str | None:
    """The table whose rows a column names."""
    if not isinstance(thing, p.Column):
        return None
    table = thing.ref.table
    return table if a.model.entities[table].label == thing.ref.column else None


def _by_tested(a: Assembler, bag: Bag) -> Bag:
    """A bag whose order goes by the one number that rows are limited by, where it names none.

    As in "products with a stock under 50, lowest first".
    """
    if bag.measures or bag.groups or bag.havings:
        return bag
    tested = [
        test.of
        for test, _ in bag.tests
        if isinstance(test, p.Compared)
        and test.operator in ORDERED
        and isinstance(test.of, p.Column)
        and a.numeric(test.of)
    ]
    if len(tested) != 1:
        return bag
    (of,) = tested
    sorts = [
        (replace(sort, by=of) if sort.by is None and not sort.names else sort, words)
        for sort, words in bag.sorts
    ]
    ranks = [
        (
            replace(rank, by=p.Amount(None, of)) if rank.by is None and rank.whole else rank,
            words,
        )
        for rank, words in bag.ranks
    ]
    return replace(bag, sorts=sorts, ranks=ranks)


def _by_label(a: Assembler, bag: Bag) -> Bag:
    """A bag with the rows of the only column that is named, if it names the rows of its table."""
    columns = [(c, w) for c, w in bag.columns if isinstance(c, p.Column)]
    if bag.rows or bag.measures or bag.ranks or len(columns) != 1 or len(bag.columns) > 1:
        return bag
    ((column, words),) = columns
    if a.model.entities[column.ref.table].label != column.ref.column:
        return bag
    return replace(bag, rows=[(column.ref.table, words)], columns=[])


def as_rank(bag: Bag) -> Bag | None:
    """An order of rows by no number as their rank, which is asked back: "orders, largest first"."""
    if len(bag.sorts) != 1 or len(bag.rows) != 1 or bag.columns or bag.measures or bag.groups:
        return None
    (sort, words), (table, there) = bag.sorts[0], bag.rows[0]
    if sort.by is not None or sort.names or sort.descending is None or bag.asked("count"):
        return None
    rank = p.Rank(sort.descending, bag.limit, None, p.Rows(table), whole=True)
    return replace(bag, rows=[], sorts=[], ranks=[(rank, tuple(sorted({*words, *there})))])


def _same_number(a: Assembler, by: object, other: "p.Amount | None") -> bool:
    """Whether what an order goes by is the number of a rank, or none is named."""
    if by is None or by == other:
        return True
    column = by.of if isinstance(by, p.Amount) and by.function in SUMMED else by
    if isinstance(column, p.Column) and not a.numeric(column):
        return False
    if other is None:
        return isinstance(by, p.Column | p.Amount)
    of = other.of if other.function in SUMMED else None
    match column, of:
        case p.Column() as one, p.Column() as two:
            return one.ref == two.ref
        case (p.Implied(concept), p.Column() as one) | (p.Column() as one, p.Implied(concept)):
            return means(a.model.attributes[one.ref], concept)
        case _:
            return False


def whole_as_sort(bag: Bag) -> Bag | None:
    """A rank that only says in which order all come, as the order of a list."""
    if len(bag.ranks) != 1 or not bag.ranks[0][0].whole or bag.sorts:
        return None
    rank, words = bag.ranks[0]
    times = [group for group, _ in bag.groups if isinstance(group, p.Calendar)]
    by = times[0] if isinstance(rank.by, p.Clock) and times else rank.by
    new: dict[str, object] = {"ranks": [], "sorts": [(p.Sort(by, rank.descending), words)]}
    match rank.of:
        case p.Rows(table):
            new["rows"] = [*bag.rows, (table, words)]
        case p.Column() as column:
            new["columns"] = [(column, words), *bag.columns]
        case p.Calendar():
            return None
        case None:
            pass
    new["limit"] = rank.count or bag.limit
    return replace(bag, **new)


def by_group(a: Assembler, bag: Bag) -> Bag:
    """The words "List all products by category" may list them, one category after the other.

    Where they are many, or have no names, only their numbers are asked for.
    """
    if not bag.asked("list") or len(bag.rows) != 1 or not bag.groups or bag.sorts or bag.columns:
        return bag
    table = bag.rows[0][0]
    label = a.model.entities[table].label
    named = label is not None and a.model.attributes[ColumnRef(table, label)].role is Role.NAME
    count = a.model.schema.tables[table].row_count
    if not named or not 0 < count <= LISTED:
        return bag
    columns = [(by, words) for by, words in bag.groups if isinstance(by, p.Column)]
    for by, words in bag.groups:
        named_by = a.model.entities[by.table].label if isinstance(by, p.Rows) else None
        if isinstance(by, p.Rows) and named_by is not None:
            columns.append((p.Column(ColumnRef(by.table, named_by)), words))
    if len(columns) < len(bag.groups):
        return bag
    sorts = [(p.Sort(column, None), words) for column, words in columns]
    cost = bag.cost + BY_GROUP_COST
    listed = {"groups": [], "columns": columns, "sorts": sorts, "shown": _SHOWN, "cost": cost}
    return replace(bag, **listed)


def sorted_by(
    a: Assembler, bag: Bag, resolver: Resolver, shown: _Columns, named: _Columns
) -> list[Choice[tuple[Sorted, ...]]]:
    """The columns that rows may be sorted by; none if they do not have what an order names.

    ``shown``: what a list has; ``named``: those columns of it that the question names.
    """
    if len(bag.sorts) > 1 and any(sort.by is None for sort, _ in bag.sorts):
        return []
    options = [
        [
            Choice((column, sort, words), cost)
            for column, cost in _by(a, sort, resolver, shown if sort.names else named)
        ]
        for sort, words in bag.sorts
    ]
    return [
        choice
        for choice in combined(options)
        if len({(by.ref, by.role) for by, _, _ in choice.value}) == len(choice.value)
    ]


def _by(
    a: Assembler, sort: p.Sort, resolver: Resolver, shown: _Columns
) -> Iterator[tuple[p.Column, float]]:
    """What an order goes by: what it names, or a number or a time that is shown."""
    match sort.by:
        case p.Column() as column:
            yield column, 0.0
        case p.Calendar(_, str() as axis):
            known = a.model.axes[axis]
            yield p.Column(ColumnRef(known.table, known.columns[0])), 0.0
        case p.Calendar():
            yield from row_number(a, resolver.fact, p.Clock(""), descending=True)
        case p.Rows(table):
            label = a.model.entities[table].label
            yield from ((p.Column(ColumnRef(table, label)), 0.0),) if label else ()
        case p.Amount() | p.Clock() as by:
            yield from row_number(a, resolver.fact, by, descending=bool(sort.descending))
        case None if sort.names:
            yield from ((column, 0.0) for column, _ in shown[:1] if not a.numeric(column))
        case None:
            yield from ((column, 0.0) for column, _ in shown if in_order(a, column))
        case _:
            return


def order_of_values(
    a: Assembler,
    bag: Bag,
    columns: Sequence[tuple[p.Column, Words]],
    groups: Sequence[Group],
    count: Aggregate,
) -> Order | None:
    """The order of the different values of columns: the most frequent first, or as it is said.

    Prices that fall are in the order of the prices, and no time is the largest.
    """
    if not bag.sorts:
        return Order(by=count, descending=True)
    (sort, words), *others = bag.sorts
    found: list[Group | Aggregate] = [
        group
        for (column, _), group in zip(columns, groups, strict=True)
        if isinstance(sort.by, p.Column) and sort.by.ref == column.ref
    ]
    found += groups[:1] if sort.names else ()
    if sort.by is None and not sort.names:
        ordered = [group for (c, _), group in zip(columns, groups, strict=True) if in_order(a, c)]
        found += (
            [group for group in ordered if isinstance(group, FieldGroup)] if ordered else [count]
        )
    if others or not found:
        return None
    return Order(by=found[0], descending=bool(sort.descending), words=words)


def in_order(a: Assembler, column: p.Column) -> bool:
    """Whether a column is a number or a time."""
    return a.numeric(column) or a.model.attributes[column.ref].role in {Role.TIME, Role.TIME_PART}


def row_number(
    a: Assembler, table: str, by: "p.Measured | p.Clock | None", *, descending: bool
) -> Iterator[tuple[p.Column, float]]:
    """The columns of a table that single rows may be ranked by."""
    match by:
        case p.Clock(axis):
            for place, known in enumerate(a.model.axes_of(table)):
                any_time = not axis and not (descending and of_birth(known))
                if axis == known.id or any_time or (axis == EARLIEST and not of_birth(known)):
                    cost = 0.3 * place * (axis != known.id)
                    yield p.Column(ColumnRef(table, known.columns[0])), cost
        case p.Amount(None | Function.SUM, p.Column(ref) as column, _, ()) if (
            ref.table == table and a.numeric(column)
        ):
            yield column, 0.0
        case p.Amount(None, p.Implied(concept), _, ()):
            numbers = [each for each in a.model.of(table) if each.role in NUMBERS]
            found = [each for each in numbers if means(each, concept)]
            if concept == "price":  # the dearest visit is the one with the highest fee
                found = found or [e for e in numbers if any(means(e, c) for c in PAID)]
            yield from ((p.Column(each.ref), 0.0) for each in found)
        case _:  # a number of groups
            return
