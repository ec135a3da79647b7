"""The order of rows in Python, for the oracle of queries: empty values last."""

from dataclasses import dataclass
from typing import Any

from kai_flow.analyst.query.nodes import PeriodGroup


@dataclass
class Chunk:
    """Rows that may come in any order, of which some are taken."""

    rows: list[tuple[Any, ...]]
    take: int


def key_of(value: Any, descending: bool = False) -> tuple[Any, ...]:
    """Sorts a value; None last."""
    if value is None:
        return (1, 0)
    return (0, _Reversed(value)) if descending else (0, value)


@dataclass(frozen=True)
class _Reversed:
    value: Any

    def __lt__(self, other: "_Reversed") -> bool:
        return bool(other.value < self.value)


def place_of(group: Any, label: Any) -> Any:
    """Named periods are sorted as they were named."""
    if not isinstance(group, PeriodGroup):
        return label
    return [each for each, _, _ in group.periods].index(label)
