"""The cheapest sequences of constituents that leave no word of the question out."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from kai_flow.analyst.reading.chart import Chart
from kai_flow.analyst.reading.parts import (
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


def _stands_alone(part: Part, signs: Collection[str]) -> bool:
    """Whether a query can have a place for a part that no rule has used."""
    if isinstance(part, Sign):
        return part.name in {"and", APART} or part.name in HARMLESS or part.name in signs
    return not isinstance(part, Time | Figure | Values | Role | Beside | Implied | Functions)


@dataclass(frozen=True)
class Cover:
    """Constituents, in the order of the question, and what they cost together."""

    items: tuple[Item, ...]
    cost: float


def covers(chart: Chart, signs: Collection[str] = ()) -> tuple[Cover, ...]:
    """The cheapest covers of the whole question, cheapest first; empty when a word has no part.

    ``signs`` are those that may stand without a rule that uses them: in a follow-up, "average".
    """
    at: defaultdict[int, list[Cover]] = defaultdict(list)
    at[0] = [Cover((), 0.0)]
    for position in range(chart.length):
        here = _pruned(at[position])
        if not here:
            continue
        if position in chart.glue:
            at[position + 1] += [Cover(c.items, c.cost + chart.glue[position]) for c in here]
        for item in chart.starting(position):
            if not _stands_alone(item.part, signs):
                continue
            unused = isinstance(item.part, Sign) and item.part.name not in ASKING
            own = PART_COST + (SIGN_COST if unused else 0.0)
            at[item.last] += [Cover((*c.items, item), c.cost + item.cost + own) for c in here]
    return tuple(_pruned(at[chart.length]))


def _pruned(found: list[Cover]) -> list[Cover]:
    """The cheapest, each meaning once."""
    best: dict[tuple[object, ...], Cover] = {}
    for cover in sorted(found, key=lambda cover: cover.cost):
        best.setdefault(tuple((item.part, item.aside) for item in cover.items), cover)
        if len(best) >= BEAM:
            break
    return list(best.values())


def uncovered(chart: Chart) -> tuple[int, ...]:
    """The tokens that no constituent stands for."""
    known = {
        word
        for start in range(chart.length)
        for item in chart.starting(start)
        for word in range(item.first, item.last)
    }
    return tuple(at for at in range(chart.length) if at not in known and at not in chart.glue)
