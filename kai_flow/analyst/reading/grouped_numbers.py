"""Numbers, groups, filters and conditions on groups, in every combination that a bag may mean."""

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from kai_flow.analyst.query.nodes import Words
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.assembler import Assembler
from kai_flow.analyst.reading.choices import Choice, cheapest, combined
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
    measures = combined(numbers)
    groups = combined([a.groups(resolver, by, words) for by, words in wanted.groups])
    havings = combined([a.having(resolver, having, words) for having, words in wanted.havings])
    if not (measures and groups and havings):
        return
    left = a.most - spent - sum(map(cheapest, (measures, groups, havings)))
    met = filters(resolver, wanted.tests, left)
    options: list[Sequence[Choice[Any]]] = [measures, groups, met, havings]
    for choice in combined(options, most=a.most - spent):
        if spent + choice.cost - gain > a.most:
            return
        yield choice
