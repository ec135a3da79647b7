"""What a question puts side by side, taken out of its filters."""

from itertools import combinations
from typing import Final

from msgspec.structs import replace

from kai_flow.analyst.query.nodes import Words
from kai_flow.analyst.reading.bag import Bag
from kai_flow.analyst.reading.ends import adjacent, ends
from kai_flow.analyst.reading.parts import Column, Compared, Dimension, Rows, Test, Versus, Within
from kai_flow.analyst.reading.sides import listed, sides_of, told_apart
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.model import SemanticModel

AGAIN_COST: Final = 0.2
"""What groups that name the sides of a comparison make another meaning of them dearer."""

Found = tuple[tuple[Test, ...], tuple[int, ...]]
"""Sides, and the places of the filters that they come from."""


def compared(bag: Bag) -> Bag:
    """The same with what the question compares taken out of its tests: values or periods."""
    found = [*_listed(bag), *_one_by_one(bag), *_ranges(bag)]
    if not found or bag.versus:
        return bag
    sides, places = found[0]
    words: Words = tuple(sorted({word for at in places for word in bag.tests[at][1]}))
    tests = [test for at, test in enumerate(bag.tests) if at not in places]
    return replace(bag, tests=tests, versus=[(Versus(sides), words)])


def named_once(model: SemanticModel, bag: Bag) -> Bag:
    """The bag without groups that only name what its sides are: "A versus B: … of each type"."""
    columns = {
        side.of.ref
        for versus, _ in bag.versus
        for side in versus.sides
        if isinstance(side, Compared) and isinstance(side.of, Column)
    }
    again = [each for each in bag.groups if columns & _told_by(model, each[0])]
    if not again or len(bag.versus) != 1:
        return bag
    (versus, words) = bag.versus[0]
    said = tuple(sorted({*words, *(at for _, there in again for at in there)}))
    groups = [each for each in bag.groups if each not in again]
    return replace(bag, groups=groups, versus=[(versus, said)], cost=bag.cost - AGAIN_COST)


def _told_by(model: SemanticModel, of: Dimension) -> frozenset[ColumnRef]:
    """The column that a group is of, or that names its rows."""
    if isinstance(of, Column):
        return frozenset([of.ref])
    label = model.entities[of.table].label if isinstance(of, Rows) else None
    return frozenset([ColumnRef(of.table, label)] if isinstance(of, Rows) and label else [])


def _listed(bag: Bag) -> list[Found]:
    """One filter of several values or periods; those that "and" joins come first."""
    found = [(sides_of(test), (at,)) for at, (test, _) in enumerate(bag.tests)]
    return sorted(
        (each for each in found if each[0]), key=lambda each: not listed(bag.tests[each[1][0]][0])
    )


def _one_by_one(bag: Bag) -> list[Found]:
    """Filters that no row meets together: "more in Bali than in Banten"."""
    pairs = [
        (one, other)
        for one, other in combinations(range(len(bag.tests)), 2)
        if told_apart(bag.tests[one][0], bag.tests[other][0])
    ]
    if len(pairs) != 1 or not (bag.compare or bag.more or bag.gap):
        return []
    first, second = sorted(pairs[0], key=lambda at: _place(bag, at))
    return [((bag.tests[first][0], bag.tests[second][0]), (first, second))]


def _place(bag: Bag, at: int) -> int:
    """Where a filter stands. Its words include those of the filters within it."""
    words = set(bag.tests[at][1])
    within = [set(others) for _, others in bag.tests if set(others) < words]
    return max(words.difference(*within), default=0)


def _ranges(bag: Bag) -> list[Found]:
    """Both ends of a range of time: "the difference between 2023 and 2024".

    It is what the later one has more. Two periods that are no range stay in their order.
    """
    found: list[Found] = []
    for at, (test, _) in enumerate(bag.tests):
        both = ends(test.time) if isinstance(test, Within) else None
        if both is not None and (bag.gap or (bag.compare and adjacent(*both))):
            first, last = reversed(both) if bag.gap == "difference" else both
            found.append(((Within(first), Within(last)), (at,)))
    return found
