"""How many rows have so many related rows: "how many customers have more than 3 orders"."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeGuard

from msgspec.structs import replace

from kai_flow.analyst.query.filters import parts_of
from kai_flow.analyst.query.nodes import (
    Aggregate,
    All,
    Filter,
    Function,
    Query,
    Related,
    Tally,
    Words,
)
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.assembler import Assembler
from kai_flow.analyst.reading.bag import Bag
from kai_flow.analyst.reading.choices import Choice, combined
from kai_flow.analyst.reading.filtering import filters
from kai_flow.analyst.reading.reading import Reading
from kai_flow.analyst.reading.resolving import Resolver
from kai_flow.analyst.reading.units import limits

__all__ = ["counts_of_groups", "tallied"]


def counts_of_groups(bag: Bag) -> bool:
    """Whether the number of those that meet a condition on groups is asked for, not a list."""
    limited = [having.amount for having, _ in bag.havings]
    counts = any(
        isinstance(m, p.Amount)
        and m.function in {Function.COUNT, Function.DISTINCT}
        and m not in limited  # "customers with more than 20 orders, with the number of orders"
        for m, _ in bag.measures
    ) or any(  # "how many cities have more than 2 …" is no number of each one's cities
        isinstance(amount.of, p.Column) and amount.function is Function.COUNT for amount in limited
    )
    asked = bag.asked("count") or (bag.asked("value") and not bag.measures)
    return bool(bag.havings) and not bag.groups and (asked or counts)


def tallied(a: Assembler, bag: Bag) -> Iterator[Reading]:
    """The number of rows with enough related rows; nothing where no rows but values are counted."""
    named = [(m.table, w) for m, w in bag.measures if isinstance(m, p.Amount) and _counted(m)]
    subjects = named or bag.rows[:1]
    others = [each for each in bag.rows if each not in subjects]
    if len(subjects) != 1 or len(bag.measures) > len(named) or bag.columns or others:
        return
    ((table, words),) = subjects
    if table is None:
        return
    resolver = a.resolver(table, bag)
    last = min(there for _, there in bag.havings)
    later = [each for each in bag.tests if isinstance(each[0], p.Within) and each[1] > last]
    rest = [each for each in bag.tests if each not in later]
    options = [_tallies(a, resolver, having, there, later) for having, there in bag.havings]
    for choice in combined([combined(options), filters(resolver, rest)]):
        tallies, where = choice.value
        parts = _of_such(tallies, where)
        if parts is None:
            continue
        query = Query(
            fact=table,
            measures=(Aggregate(function=Function.COUNT, words=words),),
            where=parts[0] if len(parts) == 1 else All(parts=parts),
        )
        yield Reading(query, bag.cost + choice.cost, choice.notes)


def _of_such(tallies: Sequence[Tally], where: Filter | None) -> tuple[Filter, ...] | None:
    """All conditions, those of related rows within the number of these that is limited.

    "More than 50 active cooperatives" are 50 that are active; that some are does not say so. None
    if they are asked of other rows on the same way, which the number does not tell.
    """
    parts, made = list(parts_of(where)), []
    for tally in tallies:
        of = tally.of
        for part in [each for each in parts if _beside(each, tally)]:
            if part.path != tally.path or part.where is None or of.where is not None:
                return None
            of = replace(of, where=part.where)
            parts.remove(part)
        made.append(replace(tally, of=of))
    return (*parts, *made)


def _beside(part: Filter, tally: Tally) -> TypeGuard[Related]:
    """Whether a filter asks for such rows as a number counts, and is said of these."""
    return (
        isinstance(part, Related)
        and part.path[: len(tally.path)] == tally.path
        and part.words[:1] > tally.words[:1]
    )


def _counted(measure: object) -> bool:
    """Whether a number is that of the rows of a table."""
    return (
        isinstance(measure, p.Amount)
        and measure.function is Function.COUNT
        and measure.of is None
        and not measure.where
    )


def _tallies(
    a: Assembler,
    resolver: Resolver,
    having: p.Having,
    words: Words,
    periods: Sequence[tuple[p.Test, Words]],
) -> list[Choice[Tally]]:
    """The conditions on related rows that a condition on groups may be.

    ``periods``: those that are named after it, in which these rows are: "10 orders in 2024".
    """
    found = []
    values = limits(having, a.model)
    other = values is None or having.average is not None or a.beyond(having)
    for fact in () if other else a.facts(having.amount):
        for way in resolver.ways(fact):
            if not way.value or not way.value[0].widens:
                continue
            inner = Resolver(a.model, fact, a.today)
            options: list[Sequence[Choice[Any]]] = [
                a.amount(inner, having.amount, words),
                filters(inner, periods),
            ]
            for each in combined(options):
                of, where = each.value
                tally = Tally(
                    path=tuple(join.id for join in way.value),
                    of=replace(of, where=where) if of.where is None else of,
                    operator=having.operator,
                    values=values or (),
                    words=words,
                )
                found.append(Choice(tally, way.cost + each.cost, each.notes))
    return found
