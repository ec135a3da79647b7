"""Lists of values of one column as one leaf: "Bandung, Jakarta, Surabaya or Medan".

The chart would build the same list, and besides each part of it, and of each column that has these
values: many constituents, of which none is ever meant where all values go together.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Final, TypeAlias

from kai_flow.analyst.reading.chart import BEAM, DEARER
from kai_flow.analyst.reading.parts import Column, Item, Sign, Values, leaf

FEWEST: Final = 4
"""Values of a list at least: two or three may belong to different things."""

JOINTS: Final = frozenset(["and", "or"])
"""Signs between the values of a list."""

_COST: Final = attrgetter("cost")

Run: TypeAlias = tuple[list[list[Item]], list[Item]]
"""All that each value of a list may be of, one after the other, and the signs between them."""


def with_lists(found: Sequence[Item]) -> Sequence[Item]:
    """The leaves of a question, with one in place of all those of the words of a long list."""
    values: defaultdict[int, list[Item]] = defaultdict(list)
    for item in found:
        if isinstance(item.part, Values):
            values[item.first].append(item)
    if len(values) < FEWEST:
        return found
    joints = {
        item.first: item
        for item in sorted(found, key=_COST, reverse=True)
        if isinstance(item.part, Sign) and item.part.name in JOINTS and item.last in values
    }
    leaves, reached = found, 0
    for first in sorted(values):
        run = _run(first, values, joints) if first >= reached else ([], [])
        if len(run[0]) >= FEWEST:
            reached = run[0][-1][0].last
            leaves = _with_list(leaves, run)
    return leaves


def _run(first: int, values: Mapping[int, Sequence[Item]], joints: Mapping[int, Item]) -> Run:
    """The values that follow each other, from one of them on."""
    sides: list[list[Item]] = []
    between: list[Item] = []
    while True:
        here = sorted(values[first], key=_COST)
        last = here[0].last
        if any(item.last != last for item in here):
            return [], []
        sides.append(here)
        joint = joints.get(last)
        if joint is None:
            return sides, between
        between.append(joint)
        first = joint.last


def _with_list(leaves: Sequence[Item], run: Run) -> Sequence[Item]:
    """The leaves with a list in place of its words, if these mean nothing else."""
    sides, between = run
    first, last = sides[0][0].first, sides[-1][0].last
    within = [item for item in leaves if item.first < last and first < item.last]
    lists = _lists(sides, between)
    if not lists or not all(_of_list(item, sides, first, last) for item in within):
        return leaves
    others = [item for item in leaves if item.last <= first or last <= item.first]
    return [*others, *lists]


def _of_list(item: Item, sides: Sequence[Sequence[Item]], first: int, last: int) -> bool:
    """Whether a leaf is a value of a list, or a sign that is no likelier than the value there."""
    if item.first < first or last < item.last:
        return False
    own = [side[0] for side in sides if item.first < side[0].last and side[0].first < item.last]
    if isinstance(item.part, Values):
        return [(item.first, item.last)] == [(value.first, value.last) for value in own]
    return isinstance(item.part, Sign) and all(value.cost < item.cost for value in own)


def _lists(sides: Sequence[Sequence[Item]], between: Sequence[Item]) -> list[Item]:
    """The list, of each column that the chart would keep for all its values."""
    options = [_kept(side) for side in sides]
    found = []
    for column in options[0]:
        if not all(column in kept for kept in options):
            continue
        items = [kept[column] for kept in options]
        values = tuple(value for item in items for value in _values(item))
        if len(set(values)) < len(items) or len(values) > len(items):
            return []
        listed = all(joint.part == Sign("and") for joint in between)
        cost = items[-1].cost
        for item, joint in zip(reversed(items[:-1]), reversed(between), strict=True):
            cost += item.cost + joint.cost
        part = Values(column, values, listed)
        found.append(leaf(items[0].first, items[-1].last, part, cost))
    return found


def _kept(side: Sequence[Item]) -> dict[Column, Item]:
    """What a value may be of, as far as the chart would keep it, by its column."""
    kept = [item for item in side if item.cost < side[0].cost + DEARER][:BEAM]
    return {item.part.column: item for item in kept if isinstance(item.part, Values)}


def _values(item: Item) -> Sequence[str | float | bool]:
    return item.part.values if isinstance(item.part, Values) else ()
