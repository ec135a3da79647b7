"""Compares the rows of a database with those that an evaluation in Python expects."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from tests.engines.naive_order import Chunk

__all__ = ["assert_answers", "plain"]


def assert_answers(found: Sequence[Sequence[Any]], expected: Sequence[Chunk], about: str) -> None:
    """The rows are the expected ones, in an order that is allowed."""
    rows = [plain(row) for row in found]
    wanted = [[plain(row) for row in chunk.rows] for chunk in expected]
    assert len(rows) == sum(chunk.take for chunk in expected), (about, rows, wanted)
    at = 0
    for chunk, among in zip(expected, wanted, strict=True):
        for row in rows[at : at + chunk.take]:
            assert row in among, (about, row, among, rows, wanted)
            among.remove(row)
        at += chunk.take


def plain(row: Sequence[Any]) -> tuple[Any, ...]:
    """Numbers as exact as every database calculates them, dates as text."""
    return tuple(_plain(value) for value in row)


def _plain(value: Any) -> Any:
    if isinstance(value, str) or value is None:
        return value
    if isinstance(value, bool | int | float | Decimal):
        return float(f"{float(value):.9g}")
    return str(value)
