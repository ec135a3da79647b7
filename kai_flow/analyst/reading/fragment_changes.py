"""The changes that the parts of a fragment may be, in each table that they may be about."""

from collections.abc import Iterator, Sequence

from kai_flow.analyst.query.change_nodes import (
    AddFilter,
    AddGroup,
    AddMeasure,
    AsShare,
    Change,
    SetFunction,
    SetGroups,
    SetHaving,
    SetLimit,
    SetMeasures,
    SetOrder,
)
from kai_flow.analyst.query.filters import parts_of
from kai_flow.analyst.query.nodes import Group, Query, TimeGroup, Words, bare
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.assembler import Assembler
from kai_flow.analyst.reading.bag import Bag
from kai_flow.analyst.reading.choices import Choice, combined
from kai_flow.analyst.reading.filtering import filters
from kai_flow.analyst.reading.fragments import BESIDE, DIRECTIONS, FUNCTIONS, MORE
from kai_flow.analyst.reading.orders import LISTED
from kai_flow.analyst.reading.resolving import Resolver

__all__ = ["facts_of", "options_of", "signs_of"]


def facts_of(a: Assembler, bag: Bag, base: Query) -> tuple[str, ...]:
    """The tables whose rows the changed query may be about."""
    named = [set(facts) for measure, _ in bag.measures if (facts := a.facts(measure))]
    named += [
        set(a.facts(p.Amount(None, column))) for column, _ in bag.columns if a.numeric(column)
    ]
    if not named:
        return (base.fact,)
    common = set.intersection(*named)
    return (base.fact,) if base.fact in common else tuple(sorted(common))


def options_of(
    a: Assembler, bag: Bag, base: Query, fact: str, marks: frozenset[str]
) -> list[Sequence[Choice[object]]] | None:
    """The choices for each change; None if a part has no meaning in this table."""
    resolver = a.resolver(fact, bag)
    options: list[Sequence[Choice[object]]] = [
        *_measures(a, resolver, bag, base, marks),
        *([_filters(resolver, bag)] if bag.tests else []),
        *_groups(a, resolver, bag, base, marks),
        *(_having(a, resolver, *having) for having in bag.havings),
        *_ranks(a, resolver, bag, base),
    ]
    if bag.share is not None:
        options.append([Choice(AsShare(words=bag.share))])
    if bag.limit is not None:
        options.append([Choice(SetLimit(count=bag.limit))])
    for sort, words in bag.sorts:
        if sort.by is not None or sort.descending is None:
            return None
        options.append([Choice(SetOrder(descending=sort.descending, words=words))])
    others = [table for table, _ in bag.rows if table != fact]
    return None if others or not all(options) else options


def _measures(
    a: Assembler, resolver: Resolver, bag: Bag, base: Query, marks: frozenset[str]
) -> list[Sequence[Choice[object]]]:
    """Other numbers in place of those before, or beside them."""
    named: list[tuple[p.Measured, Words]] = list(bag.measures)
    for column, words in bag.columns:
        if not a.numeric(column):
            return [[]]
        named.append((p.Amount(None, column), words))
    if not named:
        return []
    fact = "" if resolver.fact == base.fact else resolver.fact
    beside = bool(marks & BESIDE) and not fact
    found = combined([a.measure(resolver, measure, words) for measure, words in named])

    def change(measures: tuple[object, ...]) -> object:
        if beside:
            return tuple(AddMeasure(measure=each) for each in measures)  # type: ignore[arg-type]
        return SetMeasures(measures=measures, fact=fact)  # type: ignore[arg-type]

    return [[each.map(change) for each in found]]


def _filters(resolver: Resolver, bag: Bag) -> Sequence[Choice[object]]:
    return [
        each.map(lambda part: tuple(AddFilter(part=one) for one in parts_of(part)))
        for each in filters(resolver, bag.tests)
    ]


def _groups(
    a: Assembler, resolver: Resolver, bag: Bag, base: Query, marks: frozenset[str]
) -> list[Sequence[Choice[object]]]:
    """One more group after "and", or another unit of time; else other groups."""
    if not bag.groups:
        return []
    found = combined([a.groups(resolver, of, words) for of, words in bag.groups])
    timed = any(isinstance(group, TimeGroup) for group in base.groups)
    units = all(isinstance(of, p.Calendar) for of, _ in bag.groups)
    if bool(marks & MORE) or not base.groups or (timed and units):
        return [[each.map(lambda v: tuple(AddGroup(group=group) for group in v)) for each in found]]
    return [[each.map(lambda v: SetGroups(groups=v)) for each in found]]


def _having(
    a: Assembler, resolver: Resolver, having: p.Having, words: Words
) -> Sequence[Choice[object]]:
    return [
        each.map(lambda one: SetHaving(having=one)) for each in a.having(resolver, having, words)
    ]


def _ranked(group: Group, limit: SetLimit, base: Query) -> tuple[Change, ...]:
    """The limit, and the group if it is another one."""
    if (bare(group),) == bare(base.groups):
        return (limit,)
    return (SetGroups(groups=(group,)), limit)


def _ranks(
    a: Assembler, resolver: Resolver, bag: Bag, base: Query
) -> list[Sequence[Choice[object]]]:
    """The first or last of the groups, or of other groups."""
    options: list[Sequence[Choice[object]]] = []
    for rank, words in bag.ranks:
        if rank.by is not None or rank.each:
            return [[]]
        count = rank.count or base.limit or base.each or (LISTED if rank.whole else 1)
        limit = SetLimit(count=count, descending=rank.descending, words=words)
        if rank.of is None:
            options.append([Choice(limit)])
            continue
        found = a.groups(resolver, rank.of, words)
        options.append(
            [Choice(_ranked(each.value, limit, base), each.cost, each.notes) for each in found]
        )
    return options


def signs_of(special: dict[str, Words]) -> Iterator[Change]:
    """Another function, or another direction, of what is there."""
    for name, words in special.items():
        if name in FUNCTIONS:
            yield SetFunction(function=FUNCTIONS[name], words=words)
        else:
            yield SetOrder(descending=DIRECTIONS[name], words=words)
