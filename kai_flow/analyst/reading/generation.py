"""What the rules build of the constituents that begin at one token, before the chart has it."""

from functools import partial
from operator import itemgetter
from typing import Any, Final, TypeAlias

from kai_flow.analyst.reading.chart import BEAM, DEARER, Chart, Meaning, meaning_of
from kai_flow.analyst.reading.parts import Item, Sign

Space: TypeAlias = tuple[int, type[Any]]
"""Where parts of one class are, up to a token."""


class Bars(dict[int, float]):
    """What a part of one class must cost less than, up to each token, for the chart to keep it."""

    def __init__(self, chart: Chart, first: int, kind: type[Any]) -> None:
        super().__init__()
        self._room = partial(chart.bar, first, kind)

    def __missing__(self, last: int) -> float:
        bar = self[last] = self._room(last)
        return bar


class BarsOf(dict[type[Any], Bars]):
    """The same, by the classes of parts."""

    def __init__(self, chart: Chart, first: int) -> None:
        super().__init__()
        self._made = partial(Bars, chart, first)

    def __missing__(self, kind: type[Any]) -> Bars:
        bars = self[kind] = self._made(kind)
        return bars


class Generation:
    """What the rules build of constituents with the same first token, the cheapest first.

    What the chart has no room for is not even collected: most is. There is none in a room that is
    full, or that will be full once those are added that were built before and cost as little.
    """

    def __init__(self, chart: Chart, first: int) -> None:
        self.tries = 0
        self.bars = BarsOf(chart, first)
        self._built: list[tuple[Item, Meaning]] = []
        self._rooms: dict[Space, dict[Meaning, float]] = {}

    def add(self, item: Item) -> None:
        """Collect what was built."""
        kind, last, meaning = type(item.part), item.last, meaning_of(item)
        self._built.append((item, meaning))
        better = self._rooms.get((last, kind))
        if better is None:
            better = self._rooms[last, kind] = {}
        known = better.get(meaning)
        if kind is Sign or (known is not None and known <= item.cost):
            return
        better[meaning] = item.cost
        if len(better) > BEAM:
            del better[max(better.items(), key=_COST)[0]]
        bars = self.bars[kind]
        bar = item.cost + DEARER
        if len(better) == BEAM:
            bar = min(bar, max(better.values()))
        bars[last] = min(bars[last], bar)

    def cheapest_first(self) -> list[tuple[Item, Meaning]]:
        """All that was built, with what it means."""
        self._built.sort(key=_cost_of_built)
        return self._built


_COST: Final = itemgetter(1)


def _cost_of_built(built: tuple[Item, Meaning]) -> float:
    return built[0].cost
