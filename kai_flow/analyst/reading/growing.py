"""Builds larger constituents from smaller ones by the rules of all kinds, bottom-up with a beam."""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import partial
from operator import attrgetter, itemgetter
from typing import Any, Final, TypeAlias, cast

from msgspec.structs import replace

from kai_flow.analyst.kinds.kind import Rule, heads
from kai_flow.analyst.query.nodes import Function, Operator
from kai_flow.analyst.reading.chart import (
    BEAM,
    DEARER,
    Chart,
    Ends,
    Head,
    Meaning,
    Tail,
    meaning_of,
)
from kai_flow.analyst.reading.choices import ROUNDING
from kai_flow.analyst.reading.onward import ByHeads, Onward
from kai_flow.analyst.reading.parts import (
    Amount,
    Column,
    Compared,
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

MOST_ASIDE: Final = 3
"""Filters within one constituent at most."""

MOST_TRIES: Final = 60_000
"""Applications of rules in a question at most, about a third of a second of work: ten times what
most questions of 30 words need.
"""

LAST_COST: Final = 0.2
"""Of a filter that restricts only the last number: "the ratio of A to B in 2023" is of 2023."""

DONE_TO: Final = frozenset(["not", "most", "fewest"])
"""Signs that concern what is done: "the most ordered products" are not most products."""

_NUMBERS: Final = (Rows, Column, Computed, Lasting, Amount)
"""What may have filters of its own."""

Space: TypeAlias = tuple[int, type[Any]]
"""Where parts of one class are, up to a token."""

Aside: TypeAlias = tuple[Test, tuple[int, ...]]
"""A filter that stands within a constituent, and its words."""


class _Bars(dict[int, float]):
    """What a part of one class must cost less than, up to each token, for the chart to keep it."""

    def __init__(self, chart: Chart, first: int, kind: type[Any]) -> None:
        super().__init__()
        self._room = partial(chart.bar, first, kind)

    def __missing__(self, last: int) -> float:
        bar = self[last] = self._room(last)
        return bar


class _Generation:
    """What the rules build of constituents with the same first token, the cheapest first.

    What the chart has no room for is not even collected: most is. There is none in a room that is
    full, or that will be full once those are added that were built before and cost as little.
    """

    def __init__(self, chart: Chart, first: int) -> None:
        self._chart = chart
        self._first = first
        self.tries = 0
        self._built: list[Item] = []
        self._rooms: dict[Space, dict[Meaning, float]] = {}
        self._bars: dict[type[Any], _Bars] = {}

    def bars(self, kind: type[Any]) -> _Bars:
        """What parts of a class must cost less than."""
        known = self._bars.get(kind)
        if known is None:
            known = self._bars[kind] = _Bars(self._chart, self._first, kind)
        return known

    def add(self, item: Item) -> None:
        """Collect what was built."""
        self._built.append(item)
        kind, last, meaning = type(item.part), item.last, meaning_of(item)
        better = self._rooms.get((last, kind))
        if better is None:
            better = self._rooms[last, kind] = {}
        known = better.get(meaning)
        if kind is Sign or (known is not None and known <= item.cost):
            return
        better[meaning] = item.cost
        if len(better) > BEAM:
            del better[max(better.items(), key=_COST)[0]]
        bars = self.bars(kind)
        bar = item.cost + DEARER
        if len(better) == BEAM:
            bar = min(bar, max(better.values()))
        bars[last] = min(bars[last], bar)

    def cheapest_first(self) -> list[Item]:
        """All that was built."""
        return sorted(self._built, key=_COST_OF_ITEM)


_COST: Final = itemgetter(1)
_COST_OF_ITEM: Final = attrgetter("cost")


def grow(chart: Chart, leaves: Iterable[Item], rules: ByHeads) -> bool:
    """Fill the chart with the leaves and what the rules build from them; False: that is too much.

    Constituents are built from the last first token to the first: when those that begin at a
    token are built, all that begin later are complete, and only their own starts are repeated.
    """
    tries = 0
    by_start: defaultdict[int, list[Item]] = defaultdict(list)
    signs: set[str] = set()
    for leaf in sorted(leaves, key=_COST_OF_ITEM):
        by_start[leaf.first].append(leaf)
        if isinstance(leaf.part, Sign):
            signs.add(leaf.part.name)
    onward = Onward(chart, rules, signs)
    for start in range(chart.length - 1, -1, -1):
        agenda = by_start[start]
        while agenda:
            fresh = [item for item in agenda if chart.add(item)]
            built = _Generation(chart, start)
            for item in fresh:
                _build(onward, item, built)
                if tries + built.tries > MOST_TRIES:
                    return False
            tries += built.tries
            agenda = built.cheapest_first()
    return True


def by_heads(rules: Sequence[Rule]) -> ByHeads:
    """The rules by what their first two elements are, or their only one is."""
    index: defaultdict[Head, defaultdict[Head | None, list[Rule]]]
    index = defaultdict(lambda: defaultdict(list))
    for rule in rules:
        second: tuple[Head | None, ...] = heads(rule.pattern[1]) if rule.pattern[1:] else (None,)
        for first, then in itertools.product(heads(rule.pattern[0]), second):
            index[first][then].append(rule)
    return {first: dict(then) for first, then in index.items()}


def _build(onward: Onward, first: Item, built: _Generation) -> None:
    """Add what rules build that begins with a constituent."""
    for rule in onward.alone(first):
        _apply(rule, (first,), rule.cost + first.cost, built)
        built.tries += 1
    for rule, gap, ends in onward.after(first):
        built.tries += len(ends.tails)
        _build_all(rule, first, gap, ends, built)


def _build_all(rule: Rule, first: Item, gap: float, ends: Ends, built: _Generation) -> None:
    """Add what a rule builds of a constituent and, after a gap, each of what may come then.

    What the chart has no room for is not even tried, if that is known before it is built.
    """
    if rule.makes is None:
        for tail in ends.tails:
            _apply(rule, (first, *tail[0]), _cost_with(rule, first, gap, tail), built)
        return
    bars = built.bars(rule.makes)
    spent = rule.cost + gap + first.cost - ROUNDING
    for at in _in_reach(ends, spent, bars):
        tail = ends.tails[at]
        cost = _cost_with(rule, first, gap, tail)
        if cost < bars[tail[0][-1].last]:
            _apply(rule, (first, *tail[0]), cost, built)


def _in_reach(ends: Ends, spent: float, bars: _Bars) -> Sequence[int]:
    """The places of the tails, in their order, that cost less than what the chart has room for."""
    found: list[int] = []
    for last, tails in ends.upto.items():
        most = bars[last] - spent
        if tails[0][0] < most:
            for cost, at in tails:
                if cost >= most:
                    break
                found.append(at)
    found.sort()
    return found


def _cost_with(rule: Rule, first: Item, gap: float, tail: Tail) -> float:
    """What a rule builds of a constituent and a tail costs, with the words skipped."""
    others, skipped = tail
    cost = first.cost
    for item in others:
        cost += item.cost
    return cost + (rule.cost + (gap + skipped))


def _apply(rule: Rule, items: Sequence[Item], cost: float, generation: _Generation) -> None:
    """Add what a rule builds of constituents, at a cost."""
    aside: tuple[Aside, ...] = ()
    words: tuple[int, ...] = ()
    for item in items:
        words += item.words
        if item.aside:
            aside += item.aside
    if aside and _barred(rule, items, aside):
        return
    scoped = rule.scoped and aside
    built = rule.build(*[_scoped(item) if scoped else item.part for item in items])
    if built is None:
        return
    if scoped and items[-1].aside and len(aside) == len(items[-1].aside):
        cost += LAST_COST
    first, last = items[0].first, items[-1].last
    several = isinstance(built, _SEVERAL)
    parts = cast("Sequence[Part | Narrowed]", built if several else (built,))
    if several or cost >= generation.bars(_kind(parts[0]))[last]:
        parts = [part for part in parts if cost < generation.bars(_kind(part))[last]]
    within = () if rule.scoped or not parts else _aside(rule, items, aside)
    if len(within) > MOST_ASIDE:
        return
    for part in parts:
        if isinstance(part, Narrowed):
            narrowed = (*within, (part.test, words))
            generation.add(Item(first, last, part.rows, cost, words, narrowed))
        else:
            generation.add(Item(first, last, part, cost, words, within))


_SEVERAL: Final = (list, tuple)
"""In what a rule gives several parts that are possible."""


def _kind(part: Part | Narrowed) -> type[Any]:
    """The class of what the chart keeps of a part."""
    return Rows if isinstance(part, Narrowed) else type(part)


def _barred(rule: Rule, items: Sequence[Item], aside: Sequence[Aside]) -> bool:
    """Whether no filter, or none of these, may stand within what a rule builds.

    Filters of what is no number would be lost; "never borrowed a book" is not "borrowed one, and no
    book"; and "average monthly sales above 10" limits the average.
    """
    told = isinstance(items[0].part, Sign) and items[0].part.name in DONE_TO
    own = [item.part for item in items] if rule.unlimited else []
    lost = rule.scoped and any(i.aside and not isinstance(i.part, _NUMBERS) for i in items)
    return (
        rule.plain
        or lost
        or any(
            (told and isinstance(test, Has))
            or (
                isinstance(test, Compared)
                and test.of in own
                and test.operator is not Operator.EQUAL
            )
            for test, _ in aside
        )
    )


def _aside(rule: Rule, items: Sequence[Item], aside: Sequence[Aside]) -> tuple[Aside, ...]:
    """The filters of the whole question that stand within what a rule builds."""
    own = [(i.part.test, i.words) for i in items if isinstance(i.part, Where)] if rule.aside else []
    if len(own) + len(aside) < 2:
        return (*own, *aside)
    found = dict.fromkeys((*own, *aside))
    return tuple(sorted(found, key=_WORDS) if len(found) > 1 else found)


_WORDS: Final = itemgetter(1)


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
