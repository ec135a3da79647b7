"""Metrics of a program: tables of numbers, which are read when they are asked for.

Nothing here runs unless a port is set. Each `Metric` lists every value that its labels may have, so
no label can grow with the sessions, and none can name one. `runtime.metrics_port` serves them.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import product
from typing import Any, Final, Literal, NamedTuple

from kai_flow.stream.tally import Histogram

OTHER: Final = "other"
"""The value of a label in place of one that it may not have."""

Labelled = Mapping[Any, float]
"""Numbers by the value of the one label, or by those of all of them as a tuple."""


Look = Callable[[], Awaitable[None]]
"""Counts what is to be read next."""


async def no_look() -> None:
    """Nothing has to be counted."""


class Metric(NamedTuple):
    """A number, or several with labels, or a histogram."""

    name: str
    """As it is exported; a counter's ends with `_total`."""
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    read: Callable[[], float | Histogram | Labelled]
    """Reads it now: a number without labels, a histogram, or numbers by labels."""
    labels: Mapping[str, tuple[str, ...]] = {}
    """Every value that each label may have."""

    def samples(self) -> dict[tuple[str, ...], float]:
        """The numbers by their labels' values: also those that are 0, and no others."""
        found = self.read()
        if isinstance(found, int | float):
            return {(): found}
        numbers = dict.fromkeys(product(*self.labels.values()), 0.0)
        allowed = list(self.labels.values())
        for key, number in found.items() if not isinstance(found, Histogram) else ():
            values = (key,) if isinstance(key, str) else key
            bounded = tuple(
                value if value in may else OTHER for value, may in zip(values, allowed, strict=True)
            )
            numbers[bounded] = numbers.get(bounded, 0.0) + number
        return numbers


class Metrics:
    """The metrics of all parts of a program that run now."""

    def __init__(self) -> None:
        self._parts: list[tuple[list[Metric], Look]] = []

    @contextmanager
    def of(self, table: Iterable[Metric], look: Look = no_look) -> Iterator[None]:
        """Include the metrics of a part while the block runs; `look` is awaited before a reading.

        What takes long to count is counted there, with pauses for the event loop.
        """
        mine = (list(table), look)
        self._parts.append(mine)
        try:
            yield
        finally:
            self._parts.remove(mine)

    async def look(self) -> None:
        """Let each part count what it counts only when it is asked."""
        for _, look in list(self._parts):
            await look()

    def __iter__(self) -> Iterator[Metric]:
        for table, _ in self._parts:
            yield from table
