"""Builds larger constituents from smaller ones by the rules of all kinds, bottom-up with a beam."""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence
from operator import attrgetter, itemgetter
from typing import Any, Final, TypeAlias, cast

from msgspec.structs import replace

from kai_flow.analyst.kinds.kind import Rule, heads
from kai_flow.analyst.query.nodes import Function, Operator
from kai_flow.analyst.reading.chart import (
    Chart,
    Ends,
    Head,
    Meaning,
    Tail,
    meaning_of,
)
from kai_flow.analyst.reading.choices import ROUNDING
from kai_flow.analyst.reading.generation import Bars, BarsOf, Generation
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

Aside: TypeAlias = tuple[Test, tuple[int, ...]]
"""A filter that stands within a constituent, and its words."""


_COST_OF_ITEM: Final = attrgetter("cost")


def grow(chart: Chart, leaves: Iterable[Item], rules: ByHeads) -> bool:
    """Fill the chart with the leaves and what the rules build from them; False: that is too much.

    Constituents are built from the last first token to the first: when those that begin at a
    token are built, all that begin later are complete, and only their own starts are repeated.
    """
    tries = 0
    by_start: defaultdict[int, list[tuple[Item, Meaning]]] = defaultdict(list)
    signs: set[str] = set()
    for leaf in sorted(leaves, key=_COST_OF_ITEM):
        by_start[leaf.first].append((leaf, meaning_of(leaf)))
        if isinstance(leaf.part, Sign):
            signs.add(leaf.part.name)
    onward = Onward(chart, rules, signs)
    for start in range(chart.length - 1, -1, -1):
        agenda = by_start[start]
        while agenda:
            fresh = [item for item, meaning in agenda if chart.add(item, meaning)]
            built = Generation(chart, start)
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


def _build(onward: Onward, first: Item, built: Generation) -> None:
    """Add what rules build that begins with a constituent."""
    for rule in onward.alone(first):
        _apply(rule, (first,), rule.cost + first.cost, built)
        built.tries += 1
    for rule, gap, ends in onward.after(first):
        built.tries += len(ends.tails)
        _build_all(rule, first, gap, ends, built)


def _build_all(rule: Rule, first: Item, gap: float, ends: Ends, built: Generation) -> None:
    """Add what a rule builds of a constituent and, after a gap, each of what may come then.

    What the chart has no room for is not even tried, if that is known before it is built.
    """
    if rule.makes is None:
        for tail in ends.tails:
            _apply(rule, (first, *tail[0]), _cost_with(rule, first, gap, tail), built)
        return
    bars = built.bars[rule.makes]
    spent = rule.cost + gap + first.cost - ROUNDING
    for at in _in_reach(ends, spent, bars):
        tail = ends.tails[at]
        cost = _cost_with(rule, first, gap, tail)
        if cost < bars[tail[0][-1].last]:
            _apply(rule, (first, *tail[0]), cost, built)


def _in_reach(ends: Ends, spent: float, bars: Bars) -> Sequence[int]:
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


def _apply(rule: Rule, items: Sequence[Item], cost: float, generation: Generation) -> None:
    """Add what a rule builds of constituents, at a cost."""
    aside: tuple[Aside, ...] = ()
    words: tuple[int, ...] = ()
    own: list[Part] = []
    for item in items:
        words += item.words
        own.append(item.part)
        if item.aside:
            aside += item.aside
    if aside and _barred(rule, items, aside):
        return
    scoped = rule.scoped and aside
    if scoped:
        own = [_scoped(item) for item in items]
    built = rule.build(*own)
    if built is None:
        return
    if scoped and items[-1].aside and len(aside) == len(items[-1].aside):
        cost += LAST_COST
    last = items[-1].last
    parts = _wanted(built, cost, last, generation.bars)
    if not parts:
        return
    within = () if rule.scoped or not (aside or rule.aside) else _aside(rule, items, aside)
    for part in parts if len(within) <= MOST_ASIDE else ():
        if isinstance(part, Narrowed):
            narrowed = (*within, (part.test, words))
            generation.add(Item(items[0].first, last, part.rows, cost, words, narrowed))
        else:
            generation.add(Item(items[0].first, last, part, cost, words, within))


def _wanted(
    built: "Part | Narrowed | Iterable[Part | Narrowed]", cost: float, last: int, bars: BarsOf
) -> "Sequence[Part | Narrowed]":
    """What was built, as far as the chart has room for it at this cost."""
    if isinstance(built, _SEVERAL):
        return [part for part in built if cost < bars[_kind(part)][last]]
    one = cast("Part | Narrowed", built)
    return (one,) if cost < bars[_kind(one)][last] else ()


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
    if rule.plain:
        return True
    if rule.scoped and [i for i in items if i.aside and not isinstance(i.part, _NUMBERS)]:
        return True
    first = items[0].part
    done_to = isinstance(first, Sign) and first.name in DONE_TO
    if done_to and any(isinstance(test, Has) for test, _ in aside):
        return True
    if not rule.unlimited:
        return False
    own = [item.part for item in items]
    return any(
        isinstance(test, Compared) and test.of in own and test.operator is not Operator.EQUAL
        for test, _ in aside
    )


def _aside(rule: Rule, items: Sequence[Item], aside: Sequence[Aside]) -> tuple[Aside, ...]:
    """The filters of the whole question that stand within what a rule builds."""
    if rule.aside:
        for item in reversed(items):
            if isinstance(item.part, Where):
                aside = ((item.part.test, item.words), *aside)
    if len(aside) < 2:
        return tuple(aside)
    found = dict.fromkeys(aside)
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
