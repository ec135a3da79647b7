"""Builds larger constituents from smaller ones by the rules of all kinds, bottom-up with a beam."""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias

from kai_flow.analyst.kinds.kind import Element, Rule, heads
from kai_flow.analyst.query.nodes import Function
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

BEAM: Final = 8
"""Different parts of one class that are kept for the same tokens; the cheapest stay."""

MOST_ITEMS: Final = 4_000
"""Constituents of a question at most. A question that has more is not read to the end."""


MOST_ASIDE: Final = 3
"""Filters within one constituent at most."""

LAST_COST: Final = 0.2
"""Of a filter that restricts only the last number: "the ratio of A to B in 2023" is of 2023."""

DONE_TO: Final = frozenset(["not", "most", "fewest"])
"""Signs that concern what is done: "the most ordered products" are not most products."""

ByHeads: TypeAlias = Mapping[tuple[object, ...], Sequence[Rule]]
"""Rules by the classes, or the signs, of their first two elements, or of their only one."""

_Key = tuple[int, int, Part, tuple[Test, ...]]


class Chart:
    """All constituents of a question, by their first token."""

    def __init__(self, length: int, glue: Mapping[int, float]) -> None:
        """``glue``: positions of words that may be stepped over, and what each of them costs."""
        self.length = length
        self.glue = glue
        self._starting: defaultdict[int, list[Item]] = defaultdict(list)
        self._by_head: list[dict[object, list[Item]]] = [{} for _ in range(length)]
        self._best: dict[_Key, float] = {}
        self._crowd: defaultdict[tuple[int, int, type[Any]], int] = defaultdict(int)
        self.full = False

    def starting(self, at: int) -> Sequence[Item]:
        """The constituents whose first token is ``at``."""
        return self._starting[at]

    def fitting(self, at: int, element: Element) -> Iterator[Item]:
        """Those of them that are what a rule expects at a place."""
        for head in heads(element):
            yield from self._by_head[at].get(head, ())

    def by_head(self, at: int) -> Mapping[object, Sequence[Item]]:
        """The constituents whose first token is ``at``, by what rules know them by."""
        return self._by_head[at]

    def add(self, item: Item) -> bool:
        """Keep a constituent; False when it is there already as cheaply, or the beam is full."""
        key = _key(item)
        known = self._best.get(key)
        if known is not None and known <= item.cost + 1e-9:
            return False
        room = (item.first, item.last, type(item.part))
        if known is None:
            if self._crowd[room] >= BEAM and not isinstance(item.part, Sign):
                return False
            if len(self._best) >= MOST_ITEMS:
                self.full = True
                return False
            self._crowd[room] += 1
        self._best[key] = item.cost
        alike = self._by_head[item.first].setdefault(_head(item.part), [])
        for shelf in self._starting[item.first], alike:
            if known is not None:
                shelf[:] = [each for each in shelf if _key(each) != key]
            shelf.append(item)
        return True

    def next_starts(self, after: int) -> Iterator[tuple[int, float]]:
        """Where a constituent may begin after ``after``, and what the words between cost."""
        at, cost = after, 0.0
        while at < self.length:
            yield at, cost
            if at not in self.glue:
                return
            at, cost = at + 1, cost + self.glue[at]


def _key(item: Item) -> _Key:
    return item.first, item.last, item.part, tuple(test for test, _ in item.aside)


def grow(chart: Chart, leaves: Iterable[Item], rules: ByHeads) -> None:
    """Fill the chart with the leaves and with all that the rules build from them.

    Constituents are built from the last first token to the first: when those that begin at a
    token are built, all that begin later are complete, and only their own starts are repeated.
    """
    by_start: defaultdict[int, list[Item]] = defaultdict(list)
    for leaf in sorted(leaves, key=lambda leaf: leaf.cost):
        by_start[leaf.first].append(leaf)
    for start in range(chart.length - 1, -1, -1):
        agenda = by_start[start]
        while agenda:
            fresh = [item for item in agenda if chart.add(item)]
            agenda = sorted(
                (built for item in fresh for built in _built(chart, rules, item)),
                key=lambda built: built.cost,
            )


def _head(part: Part) -> object:
    """What rules know a part by."""
    return part.name if isinstance(part, Sign) else type(part)


def by_heads(rules: Sequence[Rule]) -> ByHeads:
    """The rules by what their first two elements are, or their only one is."""
    index: defaultdict[tuple[object, ...], list[Rule]] = defaultdict(list)
    for rule in rules:
        for key in itertools.product(*(heads(element) for element in rule.pattern[:2])):
            index[key].append(rule)
    return index


def _built(chart: Chart, rules: ByHeads, first: Item) -> Iterator[Item]:
    """What rules build that begins with a constituent."""
    head = _head(first.part)
    for rule in rules.get((head,), ()):
        yield from _applied(rule, (first,), 0.0)
    for at, gap in chart.next_starts(first.last):
        for next_head, seconds in chart.by_head(at).items():
            for rule in rules.get((head, next_head), ()):
                if rule.tight and at != first.last:
                    continue
                for second in seconds:
                    rest = _match(chart, rule.pattern[2:], second.last, tight=rule.tight)
                    for others, skipped in rest:
                        yield from _applied(rule, (first, second, *others), gap + skipped)


def _applied(rule: Rule, items: Sequence[Item], skipped: float) -> Iterator[Item]:
    """What a rule builds of constituents; ``skipped``: the cost of the words between them."""
    if _head(items[0].part) in DONE_TO and _with_others(items):
        return  # "never borrowed a book" is not: no book, and one borrowed
    if rule.plain and any(item.aside for item in items):
        return
    built = rule.build(*(_scoped(item) if rule.scoped else item.part for item in items))
    if built is None:
        return
    parts = built if isinstance(built, list | tuple) else (built,)
    cost = rule.cost + skipped + sum(item.cost for item in items)
    words = tuple(word for item in items for word in item.words)
    aside = () if rule.scoped else _aside(rule, items)
    if rule.scoped and items[-1].aside and not any(item.aside for item in items[:-1]):
        cost += LAST_COST
    for part in parts if len(aside) <= MOST_ASIDE else ():
        if isinstance(part, Narrowed):
            within = (*aside, (part.test, words))
            yield Item(items[0].first, items[-1].last, part.rows, cost, words, within)
        else:
            yield Item(items[0].first, items[-1].last, part, cost, words, aside)


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
    tests = tuple(test for test, _ in item.aside)
    if not tests:
        return item.part
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
    chart: Chart, pattern: Sequence[Element], after: int, *, tight: bool = False
) -> Iterator[tuple[tuple[Item, ...], float]]:
    """Sequences of constituents from ``after`` on that fit a pattern, and the cost of gaps."""
    if not pattern:
        yield (), 0.0
        return
    for at, gap in chart.next_starts(after):
        if tight and at != after:
            continue
        for item in chart.fitting(at, pattern[0]):
            for rest, cost in _match(chart, pattern[1:], item.last, tight=tight):
                yield (item, *rest), cost + gap
