"""Numbers, groups, filters and conditions on groups, in every combination that a bag may mean."""

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from kai_flow.analyst.query.nodes import Words
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.assembler import Assembler
from kai_flow.analyst.reading.choices import ROUNDING, Choice, cheapest, combined
from kai_flow.analyst.reading.dimensions import least_of
from kai_flow.analyst.reading.filtering import filters, too_dear
from kai_flow.analyst.reading.resolving import Resolver

Tests = Sequence[tuple[p.Test, Words]]


class Wanted(Struct, frozen=True, gc=False, cache_hash=True):
    """What a query is made of."""

    measures: Sequence[tuple[p.Measured, Words]]
    groups: Sequence[tuple[p.Dimension, Words]]
    tests: Tests
    havings: Sequence[tuple[p.Having, Words]]
    part_of: tuple[tuple[p.Test, Words], ...] = ()
    """The filters that make the part of a share."""


def grouped_numbers(
    a: Assembler, resolver: Resolver, wanted: Wanted, spent: float, gain: float = 0.0
) -> Iterator[Choice[tuple[Any, ...]]]:
    """Measures, groups, the filter and conditions on groups, while no likelier reading is known.

    They cost more than what is ``spent``; the reading may cost less again, by ``gain`` at most.
    The filter, which is the dearest to find, is not looked for where something else is missing, nor
    anything else where the filter costs too much at least.
    """
    # groups of time may cost less than nothing
    timeless = all(isinstance(by, p.Rows) for by, _ in wanted.groups)
    if timeless and too_dear(resolver, wanted.tests, a.most - spent):
        return
    numbers = [
        a.measure(resolver, of, words, wanted.part_of, across=True) for of, words in wanted.measures
    ]
    if not wanted.havings and _groups_too_far(resolver, wanted.groups, numbers, a.most - spent):
        return
    groups = [a.groups(resolver, by, words) for by, words in wanted.groups]
    havings = [a.having(resolver, having, words) for having, words in wanted.havings]
    found: list[Sequence[Choice[Any]]] = [*numbers, *groups, *havings]
    if not all(found):
        return
    left = a.most - spent - sum(map(cheapest, found))
    met = filters(resolver, wanted.tests, left)
    if not met:
        return
    options: list[Sequence[Choice[Any]]] = [combined(numbers), combined(groups), met]
    options.append(combined(havings))
    for choice in combined(options, most=a.most - spent):
        if spent + choice.cost - gain > a.most:
            return
        yield choice


def _groups_too_far(
    resolver: Resolver,
    groups: Sequence[tuple[p.Dimension, Words]],
    numbers: Sequence[Sequence[Choice[Any]]],
    most: float,
) -> bool:
    """Whether groups certainly cost more than is left beside numbers, by how far away they are.

    What cannot be reached at all is not too far: it is a reason for the answer.
    """
    if not groups or not all(numbers):
        return False
    least = [least_of(resolver, dimension) for dimension, _ in groups]
    numbers_least = sum(map(cheapest, numbers))
    return None not in least and numbers_least + sum(filter(None, least)) > most + ROUNDING
