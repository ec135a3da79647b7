"""What a ranking goes by, where its own words do not say so."""

from collections.abc import Sequence

from msgspec.structs import replace

from kai_flow.analyst.query.nodes import Function, Words
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.assembler import NUMBERS, Assembler
from kai_flow.analyst.reading.bag import Bag
from kai_flow.analyst.reading.concepts import means, of_birth, of_joining, undoes
from kai_flow.analyst.reading.people import is_person
from kai_flow.analyst.reading.remembering import remembered
from kai_flow.analyst.reading.subjects import first_dimension, is_column
from kai_flow.analyst.semantics.model import Role
from kai_flow.analyst.semantics.paths import leads_to_one


def by_age(a: Assembler, rank: p.Rank) -> p.Rank:
    """The oldest is the one with the earliest date, where no column holds an age."""
    if rank.by != p.Amount(None, p.Implied("age")) or rank.of is None:
        return rank
    table = table_of(rank.of)
    if table is None or any(means(each, "age") for each in a.model.of(table)):
        return rank
    axes = a.model.axes_of(table)
    birth = next((axis.id for axis in axes if of_birth(axis)), None)
    if birth is None and axes and of_joining(axes[0]):
        return rank  # nobody is as old as his contract
    return replace(rank, by=p.Clock(birth or ""), descending=not rank.descending)


def born(a: Assembler, rank: p.Rank) -> p.Clock | None:
    """The time of birth, if the oldest of people may as well be those whose rows come first.

    Visits have a time of their own beside the year of birth of their patients.
    """
    table = table_of(rank.of)
    if rank.by != p.Clock("") or rank.descending or table is None or rank.of is None:
        return None
    axes = a.model.axes_of(table)
    birth = next((axis.id for axis in axes if of_birth(axis)), None)
    own = isinstance(rank.of, p.Column) and is_person(a.model, rank.of)
    return p.Clock(birth) if birth and own and len(axes) > 1 else None


def how_often(a: Assembler, bag: Bag, rank: p.Rank) -> p.Amount | None:
    """What "most often" counts: the rows that have the value, or what was done with it."""
    done = [test.table for test, _ in bag.tests if isinstance(test, p.Has)]
    subject = first_dimension([], [c for c in bag.columns if is_column(c[0])])
    of = rank.of or (subject[0] if subject else None)
    if isinstance(of, p.Column) and a.numeric(of):
        of = None  # the most members are no number of members that is the most frequent
    if done:
        return p.Amount(Function.COUNT, None, done[0])
    between = _between(a, bag, of)
    if between is not None:
        return p.Amount(Function.COUNT, None, between)
    if isinstance(of, p.Column):
        return p.Amount(Function.COUNT, None, of.ref.table)
    if isinstance(of, p.Calendar):
        return _in_time(a, bag)
    pointing = {
        j.source for j in a.model.joins.values() if not j.widens and j.target == table_of(of)
    }
    if len(pointing) == 1:  # ways to pay: the orders that were paid so
        return p.Amount(Function.COUNT, None, pointing.pop())
    return None


def _in_time(a: Assembler, bag: Bag) -> p.Amount | None:
    """What the busiest month has most of: what is named, or all that happens."""
    timed = [
        table
        for table in a.model.entities
        if any(not (of_joining(axis) or of_birth(axis)) for axis in a.model.axes_of(table))
    ]
    tables = [table for table, _ in bag.rows] or timed
    return p.Amount(Function.COUNT, None, tables[0]) if len(tables) == 1 else None


def belong(a: Assembler, table: str, to: str | None) -> bool:
    """Whether rows belong to others, which are ranked by how many they have: hotels, bookings."""
    return to is not None and table != to and leads_to_one(a.model, table, to)


def _between(a: Assembler, bag: Bag, of: p.Dimension | None) -> str | None:
    """The rows that tell how often: of "the method that customers use most", the orders."""
    table = table_of(of)
    if table is None or not bag.rows:
        return None
    ends = {table, *(each for each, _ in bag.rows)}
    found = [
        other.table
        for other in a.model.entities.values()
        if all(leads_to_one(a.model, other.table, end) for end in ends)
    ]
    nearest = [each for each in found if each in ends] or found
    return nearest[0] if len(nearest) == 1 else None


def is_time(a: Assembler, of: p.Dimension) -> bool:
    """Whether what is ranked is a time."""
    return isinstance(of, p.Column) and a.model.attributes[of.ref].role is Role.TIME


@remembered
def numbers_about(a: Assembler, table: str) -> Sequence[p.Measured]:
    """Numbers that the rows of a table may be ranked by."""
    found: list[p.Measured] = []
    for other in a.model.entities.values():
        if other.bridge or not leads_to_one(a.model, other.table, table):
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


def numbers_done(a: Assembler, bag: Bag, of: p.Dimension | None, words: Words) -> list[p.Measured]:
    """How often, or with how many units, the things ranked had something done: "most borrowed".

    "Who borrowed the most books" ranks who did something, and not what it was done to.
    """
    found: list[p.Measured] = []
    done = [(test, at) for test, at in bag.tests if isinstance(test, p.Has) and at > words]
    for table in dict.fromkeys(test.table for test, _ in done):
        lines = [other for other in a.model.entities if belong(a, other, table)]
        found.append(p.Amount(Function.COUNT, None, table))
        found += [
            p.Amount(Function.SUM, p.Column(each.ref))
            for line in (table, *(line for line in lines if belong(a, line, table_of(of))))
            for each in a.model.of(line)
            if each.role is Role.ADDITIVE and means(each, "quantity")
        ]
    return found


def units_done(a: Assembler, bag: Bag) -> p.Measured | None:
    """How many units something was done with: "sold the most Green Tea" counts its packs."""
    done = {test.table for test, _ in bag.tests if isinstance(test, p.Has)}
    lines = {other for table in done for other in a.model.entities if belong(a, other, table)}
    found = [
        p.Amount(Function.SUM, p.Column(each.ref))
        for line in sorted(done | lines)
        for each in a.model.of(line)
        if each.role is Role.ADDITIVE and means(each, "quantity") and not undoes(a.model, line)
    ]
    return found[0] if len(found) == 1 else None


def ranked_by(a: Assembler, bag: Bag, rank: p.Rank, words: Words) -> "p.Measured | None":
    """What a ranking goes by when its own words do not say so; taken out of the bag."""
    if bag.measures:
        measure, _ = bag.measures[0]
        bag.measures = bag.measures[1:]
        return measure
    for at, (group, _words) in enumerate(bag.groups):  # "top 2 … by units"
        if isinstance(group, p.Column) and a.numeric(group):
            bag.groups = bag.groups[:at] + bag.groups[at + 1 :]
            return p.Amount(None, group)
        if isinstance(group, p.Rows) and belong(a, group.table, table_of(rank.of)):
            bag.groups = bag.groups[:at] + bag.groups[at + 1 :]
            return p.Amount(Function.COUNT, None, group.table)
    for at, (column, _words) in enumerate(bag.columns):
        if a.numeric(column):
            bag.columns = bag.columns[:at] + bag.columns[at + 1 :]
            return p.Amount(None, column)
    last = len(bag.rows) == 1 and bag.rows[0][1] < words
    if rank.of is None and rank.count and bag.groups and last:  # "loans per member, top 5"
        return p.Amount(Function.COUNT, None, bag.rows.pop()[0])
    return None


def table_of(dimension: p.Dimension | None) -> str | None:
    """The table of what is ranked."""
    if isinstance(dimension, p.Column):
        return dimension.ref.table
    return dimension.table if isinstance(dimension, p.Rows) else None


def with_its_number(bag: Bag) -> bool:
    """Whether "… and how many" can ask for the number by which something comes first."""
    asked = {ask.what for ask in bag.asks}.intersection(p.ITS_NUMBER)
    numbers = [rank.by for rank, _ in bag.ranks if isinstance(rank.by, p.Amount)]
    counts = all(by.function is Function.COUNT for by in numbers)
    return not asked or (
        len(numbers) == len(bag.ranks) == 1 and (counts or "and how many" not in asked)
    )
