"""Builds larger constituents from smaller ones by the rules of all kinds, bottom-up with a beam."""

import itertools
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Final, TypeAlias

from msgspec.structs import replace

from kai_flow.analyst.kinds.kind import Rule, heads
from kai_flow.analyst.query.nodes import Function
from kai_flow.analyst.reading.chart import (
    BEAM,
    Chart,
    Meaning,
    Room,
    column_of,
    head_of,
    meaning_of,
    room_of,
)
from kai_flow.analyst.reading.parts import (
    Amount,
    Column,
    Computed,
    Has,
    Item,
    Lasting,
    Narrowed,
    Part,
    Rows,
    Sign,
    Test,
    Where,
)
from kai_flow.analyst.schema import ColumnRef

MOST_ASIDE: Final = 3
"""Filters within one constituent at most."""

MOST_TRIES: Final = 60_000
"""Applications of rules in a question at most, about a third of a second of work: ten times what
most questions of 30 words need. Of more, too much would be left out to tell what is meant.
"""

LAST_COST: Final = 0.2
"""Of a filter that restricts only the last number: "the ratio of A to B in 2023" is of 2023."""

DONE_TO: Final = frozenset(["not", "most", "fewest"])
"""Signs that concern what is done: "the most ordered products" are not most products."""

ByHeads: TypeAlias = Mapping[tuple[object, ...], Sequence[Rule]]
"""Rules by the classes, or the signs, of their first two elements, or of their only one."""


class _Generation:
    """What the rules build of some constituents, the cheapest first.

    What the chart has no room for is not even collected: most is. There is none for a part that
    costs as much as all that is in its room if that is full, now or once those are added that were
    built before.
    """

    def __init__(self, chart: Chart) -> None:
        self._chart = chart
        self.tries = 0
        self._built: list[Item] = []
        self._rooms: defaultdict[Room, dict[Meaning, float]] = defaultdict(dict)
        self._bars: dict[Room, float] = {}

    def has_room(self, room: Room, cost: float) -> bool:
        """Whether the chart may keep a part at that cost."""
        bar = self._bars.get(room)
        if bar is None:
            bar = self._bars[room] = self._bar(room)
        return cost < bar

    def _bar(self, room: Room) -> float:
        """What a part must cost less than."""
        if room[2] is Sign:
            return math.inf
        count, dearest = self._chart.dearest(room)
        better = self._rooms.get(room, {})
        if count < BEAM and len(better) < BEAM:
            return math.inf
        return max(dearest, max(better.values()) if count < BEAM else -math.inf)

    def add(self, item: Item) -> None:
        """Collect what was built."""
        self._built.append(item)
        room, meaning = room_of(item), meaning_of(item)
        better = self._rooms[room]
        better[meaning] = min(item.cost, better.get(meaning, item.cost))
        if len(better) > BEAM:
            del better[max(better.items(), key=itemgetter(1))[0]]
        if len(better) == BEAM:
            self._bars[room] = self._bar(room)

    def cheapest_first(self) -> list[Item]:
        """All that was built."""
        return sorted(self._built, key=lambda built: built.cost)


def grow(chart: Chart, leaves: Iterable[Item], rules: ByHeads) -> bool:
    """Fill the chart with the leaves and what the rules build from them; False: that is too much.

    Constituents are built from the last first token to the first: when those that begin at a
    token are built, all that begin later are complete, and only their own starts are repeated.
    """
    tries = 0
    by_start: defaultdict[int, list[Item]] = defaultdict(list)
    for leaf in sorted(leaves, key=lambda leaf: leaf.cost):
        by_start[leaf.first].append(leaf)
    for start in range(chart.length - 1, -1, -1):
        agenda = by_start[start]
        while agenda:
            fresh = [item for item in agenda if chart.add(item)]
            built = _Generation(chart)
            for item in fresh:
                _build(chart, rules, item, built)
                if tries + built.tries > MOST_TRIES:
                    return False
            tries += built.tries
            agenda = built.cheapest_first()
    return True


def by_heads(rules: Sequence[Rule]) -> ByHeads:
    """The rules by what their first two elements are, or their only one is."""
    index: defaultdict[tuple[object, ...], list[Rule]] = defaultdict(list)
    for rule in rules:
        for key in itertools.product(*(heads(element) for element in rule.pattern[:2])):
            index[key].append(rule)
    return index


def _build(chart: Chart, rules: ByHeads, first: Item, built: _Generation) -> None:
    """Add what rules build that begins with a constituent."""
    head = head_of(first.part)
    for rule in rules.get((head,), ()):
        _apply(rule, (first,), 0.0, built)
    for at, gap in chart.next_starts(first.last):
        for next_head in chart.heads(at):
            for rule in rules.get((head, next_head), ()):
                if rule.tight and at != first.last:
                    continue
                about = column_of(first.part) if rule.one_column else None
                for second in chart.fitting(at, next_head, about):
                    for others, skipped in _match(chart, rule, 2, second.last, about):
                        _apply(rule, (first, second, *others), gap + skipped, built)


def _apply(rule: Rule, items: Sequence[Item], skipped: float, generation: _Generation) -> None:
    """Add what a rule builds of constituents; ``skipped``: the cost of the words between them."""
    generation.tries += 1
    if head_of(items[0].part) in DONE_TO and _with_others(items):
        return  # "never borrowed a book" is not: no book, and one borrowed
    if rule.plain and any(item.aside for item in items):
        return
    first, last = items[0].first, items[-1].last
    cost = rule.cost + skipped + sum([item.cost for item in items])
    if rule.makes is not None and not generation.has_room((first, last, rule.makes), cost):
        return
    built = rule.build(*[_scoped(item) if rule.scoped else item.part for item in items])
    if built is None:
        return
    parts = built if isinstance(built, list | tuple) else (built,)
    if rule.scoped and items[-1].aside and not any(item.aside for item in items[:-1]):
        cost += LAST_COST
    kinds = {Rows if isinstance(part, Narrowed) else type(part) for part in parts}
    if not any(generation.has_room((first, last, kind), cost) for kind in kinds):
        return
    words = tuple([word for item in items for word in item.words])
    aside = () if rule.scoped else _aside(rule, items)
    for part in parts if len(aside) <= MOST_ASIDE else ():
        if isinstance(part, Narrowed):
            within = (*aside, (part.test, words))
            generation.add(Item(first, last, part.rows, cost, words, within))
        else:
            generation.add(Item(first, last, part, cost, words, aside))


def _with_others(items: Sequence[Item]) -> bool:
    """Whether rows of another table would be asked for beside what is built."""
    return any(isinstance(test, Has) for item in items for test, _ in item.aside)


def _aside(rule: Rule, items: Sequence[Item]) -> tuple[tuple[Test, tuple[int, ...]], ...]:
    """The filters of the whole question that stand within what a rule builds."""
    within = tuple(test for item in items for test in item.aside)
    own = tuple((i.part.test, i.words) for i in items if rule.aside and isinstance(i.part, Where))
    return tuple(sorted(dict.fromkeys((*own, *within)), key=lambda each: each[1]))


def _scoped(item: Item) -> Part:
    """A number with the filters that stand within it as its own."""
    if not item.aside:
        return item.part
    tests = tuple(test for test, _ in item.aside)
    match item.part:
        case Rows(table):
            return Amount(Function.COUNT, None, table, tests)
        case Column() | Computed() | Lasting():
            return Amount(None, item.part, None, tests)
        case Amount() as amount:
            return replace(amount, where=(*amount.where, *tests))
        case other:
            return other


def _match(
    chart: Chart, rule: Rule, place: int, after: int, about: ColumnRef | None
) -> Iterator[tuple[tuple[Item, ...], float]]:
    """Constituents from ``after`` on that fit the places of a rule, and the cost of gaps."""
    if place == len(rule.pattern):
        yield (), 0.0
        return
    for at, gap in chart.next_starts(after):
        if rule.tight and at != after:
            continue
        for item in chart.fitting(at, rule.pattern[place], about):
            for rest, cost in _match(chart, rule, place + 1, item.last, about):
                yield (item, *rest), cost + gap
