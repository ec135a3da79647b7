"""Converts the values of every driver to JSON, and truncates rows at their limits."""

import datetime as dt
import json
import math
from collections.abc import Iterable
from decimal import Decimal

from kai_flow.analyst.engines.contract import Cell, Limits, Rows

__all__ = ["MAX_TEXT", "Collector", "cell"]

MAX_TEXT = 1_000
"""Characters of one text cell at most."""


class Collector:
    """Collects rows up to the limits. The first row that does not fit shows that there are more."""

    def __init__(self, columns: Iterable[str], limits: Limits) -> None:
        self._columns = tuple(columns)
        self._limits = limits
        self._data: list[tuple[Cell, ...]] = []
        self._bytes = 0
        self.full = False
        """Whether a row did not fit."""

    def add(self, raw: Iterable[object]) -> bool:
        """Keep a row; False when it does not fit, and no more rows are needed."""
        row = tuple(cell(value) for value in raw)
        self._bytes += len(json.dumps(row))
        self.full = len(self._data) >= self._limits.rows or self._bytes > self._limits.bytes
        if not self.full:
            self._data.append(row)
        return not self.full

    def rows(self) -> Rows:
        """The rows that were kept."""
        return Rows(self._columns, tuple(self._data), truncated=self.full)


def cell(value: object) -> Cell:
    """A value for JSON; long texts are cut, and of bytes only the number is kept."""
    found: Cell
    match value:
        case bool():
            found = "true" if value else "false"
        case None | int():
            found = value
        case float():
            found = value if math.isfinite(value) else None
        case Decimal():
            found = _decimal(value)
        case bytes() | bytearray() | memoryview():
            found = f"({len(value)} bytes)"
        case dt.datetime() | dt.date() | dt.time():
            found = value.isoformat()
        case list() | tuple() | dict() | set() | frozenset():
            found = _cut(json.dumps(_plain(value), ensure_ascii=False, default=str))
        case _:
            found = _cut(str(value))
    return found


def _decimal(value: Decimal) -> int | float | None:
    """An integer if it has no decimals: a sum of integers must not end in ".0"."""
    if not value.is_finite():
        return None
    exponent = value.as_tuple().exponent
    return int(value) if isinstance(exponent, int) and exponent >= 0 else float(value)


def _plain(value: object) -> object:
    """A nested value with JSON's keys and lists."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each) for each in value]
    return value


def _cut(text: str) -> str:
    """The text, cut to `MAX_TEXT` characters."""
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "…"
