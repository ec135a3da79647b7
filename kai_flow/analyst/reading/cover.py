"""The cheapest sequences of constituents that leave no word of the question out."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from heapq import heapify, heappop, heapreplace
from typing import Final

from msgspec import Struct

from kai_flow.analyst.reading.chart import Chart
from kai_flow.analyst.reading.parts import (
    IN_SUM,
    Beside,
    Figure,
    Functions,
    Implied,
    Item,
    Part,
    Role,
    Sign,
    Time,
    Values,
)

BEAM: Final = 60
"""Partial covers that are kept at each token."""

HARMLESS: Final = frozenset(
    [
        *("compare", "during", "only", "apart", "between", "side by side"),
        *("more", "apiece", "together", "difference", "how much more", "how much less"),
        *("recorded", "than", "dearer", "higher", "each one", "percent more"),
        *("below them", "its number"),
    ]
)
"""Signs that no rule needs to use: they stress what others say, or tell what to do with values."""

ASKING: Final = frozenset(
    [
        *("difference", "how much more", "how much less", "percent more", "compare", "apiece"),
        *("more", "higher", "dearer", "than"),
    ]
)
"""Signs that say what is asked for."""

APART: Final = "on average"
"""A sign that the number of the question takes, wherever it stands."""

PART_COST: Final = 0.05
"""Of each constituent of a cover: one that explains more words is better than two."""

SIGN_COST: Final = 0.25
"""Of a word of analysis that no rule has used: the assembly may still know what to do with it."""


DEPENDENT: Final = frozenset([Time, Figure, Values, Role, Beside, Implied, Functions])
"""Classes of parts that a rule must use."""


def _stands_alone(part: Part, signs: Collection[str]) -> bool:
    """Whether a query can have a place for a part that no rule has used."""
    if isinstance(part, Sign):
        return part.name in {"and", APART, IN_SUM} or part.name in HARMLESS or part.name in signs
    return type(part) not in DEPENDENT


class Cover(Struct, frozen=True, gc=False, cache_hash=True):
    """Constituents, in the order of the question, and what they cost together."""

    items: tuple[Item, ...]
    cost: float


class _Partial(Struct, frozen=True, gc=False):
    """Constituents of the first words of a question."""

    meaning: int
    """The number of what they mean together, in their order."""
    cost: float
    before: "_Partial | None" = None
    item: Item | None = None
    """The last of them, after those before."""

    def items(self) -> tuple[Item, ...]:
        """All of them."""
        found: list[Item] = []
        partial: _Partial | None = self
        while partial is not None:
            if partial.item is not None:
                found.append(partial.item)
            partial = partial.before
        return tuple(reversed(found))


class _Step(Struct, frozen=True, gc=False):
    """A constituent, or a word that is stepped over, after each of some partial covers."""

    before: Sequence[_Partial]
    """The cheapest first."""
    cost: float
    extra: float = 0.0
    """What it costs as one more constituent."""
    item: Item | None = None
    meaning: int = -1
    """The number of what the constituent means."""

    def after(self, at: int) -> float:
        """What one of the partial covers costs with it."""
        return self.before[at].cost + self.cost + self.extra


def covers(chart: Chart, signs: Collection[str] = ()) -> tuple[Cover, ...]:
    """The cheapest covers of the whole question, cheapest first; empty when a word has no part.

    ``signs`` are those that may stand without a rule that uses them: in a follow-up, "average".
    """
    numbers: dict[tuple[object, ...], int] = {}
    steps: defaultdict[int, list[_Step]] = defaultdict(list)
    together: dict[tuple[int, int], int] = {}
    found: list[_Partial] = [_Partial(0, 0.0)]
    for position in range(chart.length):
        if position:
            found = _cheapest(steps.pop(position, []), together)
        if not found:
            continue
        if position in chart.glue:
            steps[position + 1].append(_Step(found, chart.glue[position]))
        for item in chart.starting(position):
            if not _stands_alone(item.part, signs):
                continue
            unused = isinstance(item.part, Sign) and item.part.name not in ASKING
            own = PART_COST + (SIGN_COST if unused else 0.0)
            meaning = numbers.setdefault((item.part, item.aside), len(numbers))
            steps[item.last].append(_Step(found, item.cost, own, item, meaning))
    if chart.length:
        found = _cheapest(steps[chart.length], together)
    return tuple(Cover(each.items(), each.cost) for each in found)


def _cheapest(steps: Sequence[_Step], together: dict[tuple[int, int], int]) -> list[_Partial]:
    """The cheapest partial covers that steps lead to, each meaning once.

    Each step's are in order of their costs: only so many of them are made as are kept. Of those
    that cost the same, those of an earlier step come first. ``together``: the number of what a
    constituent means after those before, counted from 1.
    """
    found: dict[int, _Partial] = {}
    queue = [(step.after(0), number, 0) for number, step in enumerate(steps)]
    heapify(queue)
    while queue:
        cost, number, at = queue[0]
        step = steps[number]
        before = step.before[at]
        if at + 1 < len(step.before):
            heapreplace(queue, (step.after(at + 1), number, at + 1))
        else:
            heappop(queue)
        meaning = before.meaning
        if step.item is not None:
            meaning = together.setdefault((meaning, step.meaning), len(together) + 1)
        if meaning not in found:
            found[meaning] = _Partial(meaning, cost, before, step.item)
            if len(found) >= BEAM:
                break
    return list(found.values())


def uncovered(chart: Chart) -> tuple[int, ...]:
    """The tokens that no constituent stands for."""
    known = {
        word
        for start in range(chart.length)
        for item in chart.starting(start)
        for word in range(item.first, item.last)
    }
    return tuple(at for at in range(chart.length) if at not in known and at not in chart.glue)
