"""The constituents of a question: where they begin, what they are, and how many are kept."""

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from msgspec import Struct

from kai_flow.analyst.kinds.kind import Element, heads
from kai_flow.analyst.reading.choices import ROUNDING
from kai_flow.analyst.reading.parts import Item, Part, Sign, Test

BEAM: Final = 8
"""Different parts of one class that are kept for the same tokens; the cheapest stay."""

DEARER: Final = 0.9
"""What a part may cost more than the cheapest of its class for the same tokens. One that costs more
is hardly ever meant, but would be put together with all that stands beside it.
"""

MOST_ITEMS: Final = 4_000
"""Constituents of a question at most. A question that has more is not read to the end."""


Meaning: TypeAlias = tuple[Part, tuple[Test, ...]]
"""A part, and the filters within it."""

Head: TypeAlias = "str | type[Any]"
"""What rules know a part by: the name of a sign, or the class of another part."""

Same: TypeAlias = tuple[Callable[[Item], Hashable | None], Hashable]
"""What the constituents of a rule have in common: what finds it, and what it is."""

Shelf: TypeAlias = "tuple[int, Head, Same | None]"
"""Where constituents begin, what rules know them by, and perhaps what these must have in common."""

Room: TypeAlias = tuple[int, int, type[Any]]
"""Where parts of one class are, between two tokens."""


Tail: TypeAlias = tuple[tuple[Item, ...], float]
"""The last constituents of a rule, and what the words skipped between them cost."""

_NO_TAIL: Final[Sequence[Tail]] = (((), 0.0),)


class Ends(Struct, frozen=True, gc=False):
    """All that a rule may end with, after its first constituent."""

    tails: Sequence[Tail]
    upto: Mapping[int, Sequence[tuple[float, int]]]
    """By their last token: what they cost, the cheapest first, and their place among the tails."""


def _upto(tails: Iterable[Tail]) -> dict[int, list[tuple[float, int]]]:
    found: defaultdict[int, list[tuple[float, int]]] = defaultdict(list)
    for at, (items, cost) in enumerate(tails):
        for item in items:
            cost += item.cost  # noqa: PLW2901 -- with the gaps
        found[items[-1].last].append((cost, at))
    for each in found.values():
        if len(each) > 1:
            each.sort()
    return dict(found)


class _Kept(Struct):
    """Parts of one class that are kept between two tokens."""

    costs: dict[Meaning, float]
    least: float
    """What the cheapest of them costs."""

    def bar(self) -> float:
        """What a further part must cost less than to be kept as well; there may be no room."""
        return -math.inf if len(self.costs) >= BEAM else self.least + DEARER


class Chart:
    """All constituents of a question, by their first token."""

    def __init__(self, length: int, glue: Mapping[int, float]) -> None:
        """``glue``: positions of words that may be stepped over, and what each of them costs."""
        self.length = length
        self.glue = glue
        self._starting: defaultdict[int, list[Item]] = defaultdict(list)
        self._by_head: list[dict[Head, list[Item]]] = [{} for _ in range(length)]
        self._alike: dict[tuple[object, ...], Mapping[Hashable | None, Sequence[Item]]] = {}
        self._rooms: dict[Room, _Kept] = {}
        self._ends: dict[tuple[object, ...], Ends] = {}
        self._size = 0

    def starting(self, at: int) -> Sequence[Item]:
        """The constituents whose first token is ``at``."""
        return self._starting[at]

    def ends(self, shelf: Shelf, elements: Sequence[Element], *, tight: bool) -> Ends:
        """How a rule may end: with a constituent on a shelf, and others that fit its last places.

        All constituents that begin there, and after that, must be known already.
        """
        key = (shelf, elements, tight)
        known = self._ends.get(key)
        if known is None:
            tails = [
                ((item, *others), skipped)
                for item in self._on(shelf)
                for others, skipped in (
                    self._tails(elements, item.last, shelf[2], tight=tight)
                    if elements
                    else _NO_TAIL
                )
            ]
            known = self._ends[key] = Ends(tails, _upto(tails))
        return known

    def _tails(
        self, elements: Sequence[Element], after: int, same: Same | None, *, tight: bool
    ) -> Sequence[Tail]:
        """Constituents from ``after`` on that fit elements of a rule, with what the gaps cost."""
        return [
            (items, skipped + gap)
            for at, gap in self.next_starts(after)
            if at == after or not tight
            for head in heads(elements[0])
            for items, skipped in self.ends((at, head, same), elements[1:], tight=tight).tails
        ]

    def _on(self, shelf: Shelf) -> Sequence[Item]:
        """The constituents on a shelf."""
        at, head, same = shelf
        found: Sequence[Item] = self._by_head[at].get(head, ())
        if same is None or isinstance(head, str) or not found:
            return found
        find, what = same
        alike = self._alike.get((at, head, find))
        if alike is None:
            alike = self._alike[at, head, find] = _by_likeness(found, find)
        return alike.get(what, ())

    def heads(self, at: int) -> Iterable[Head]:
        """What rules know those by."""
        return self._by_head[at]

    def bar(self, first: int, kind: type[Any], last: int) -> float:
        """What a part of a class must cost less than to be kept between two tokens."""
        room = self._rooms.get((first, last, kind))
        return room.bar() if room is not None and kind is not Sign else math.inf

    def add(self, item: Item, meaning: Meaning) -> bool:
        """Keep a constituent; False when it is there already as cheaply, or the beam is full."""
        place = (item.first, item.last, type(item.part))
        room = self._rooms.get(place)
        known = None if room is None else room.costs.get(meaning)
        if known is not None and known <= item.cost + ROUNDING:
            return False
        if known is None:
            if room is not None and item.cost >= room.bar() and not isinstance(item.part, Sign):
                return False
            if self._size >= MOST_ITEMS:
                return False
            self._size += 1
        if room is None:
            room = self._rooms[place] = _Kept({}, item.cost)
        room.costs[meaning] = item.cost
        room.least = min(room.least, item.cost)
        self._shelve(item, meaning, again=known is not None)
        return True

    def _shelve(self, item: Item, meaning: Meaning, *, again: bool) -> None:
        """Put a constituent where it is looked for, in place of the one that costs more."""
        head = head_of(item.part)
        for shelf in (self._starting[item.first], self._by_head[item.first].setdefault(head, [])):
            if again:
                same = (item.last, meaning)
                shelf[:] = [each for each in shelf if (each.last, meaning_of(each)) != same]
            shelf.append(item)

    def next_starts(self, after: int) -> Iterator[tuple[int, float]]:
        """Where a constituent may begin after ``after``, and what the words between cost."""
        at, cost = after, 0.0
        while at < self.length:
            yield at, cost
            if at not in self.glue:
                return
            at, cost = at + 1, cost + self.glue[at]


def meaning_of(item: Item) -> Meaning:
    """What a constituent means, whatever it costs."""
    return item.part, tuple([test for test, _ in item.aside]) if item.aside else ()


def _by_likeness(
    items: Iterable[Item], find: Callable[[Item], Hashable | None]
) -> Mapping[Hashable | None, Sequence[Item]]:
    """Constituents by what they have in common with others."""
    found: defaultdict[Hashable | None, list[Item]] = defaultdict(list)
    for item in items:
        found[find(item)].append(item)
    return found


def head_of(part: Part) -> Head:
    """What rules know a part by."""
    return part.name if isinstance(part, Sign) else type(part)
