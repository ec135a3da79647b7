"""When two results count as the same."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.evals.compare import same_rows

Rows = list[tuple[Any, ...]]


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ([(1,)], [(1.0000000001,)]),
        ([(0.1 + 0.2,)], [(Decimal("0.3"),)]),
        ([("a", 1), ("b", 2)], [("b", 2), ("a", 1)]),
        ([("a", 1)], [(1, "extra", "a")]),
        ([("a", None)], [("a", None)]),
        ([(True,)], [(1,)]),
        ([(1, 1), (2, 2)], [(2, 2), (1, 1)]),
        ([(None, 5), ("x", 5)], [("x", 5), (None, 5)]),
        ([("2025-03",)], [("2025-03-01",)]),
        ([("2025-03",)], [(date(2025, 3, 1),)]),
        ([("2025-03",)], [(datetime(2025, 3, 1),)]),  # noqa: DTZ001 -- databases have no zone
        ([("2025-03",), ("2025-04",)], [(202504,), (202503,)]),
        ([("2025-03", 9)], [(2025, 3, 9)]),
        ([("2025-Q2", 9)], [(2025, 2, 9)]),
        ([("2025-Q2",)], [("2025-04-01",)]),
        ([("Mall", 1), ("Mall", 2)], [("Mall", "2024-Q2"), ("Mall", "2024-Q1")]),
        ([(3, 9), (11, 8)], [("2024-03", 9), ("2024-11", 8)]),
        ([("2025-Q2",)], [("Q2 2025",)]),
        ([("2025-03",), ("2025-12",)], [("Maret 2025",), ("December 2025",)]),
        ([("2025-03", 5), ("2025-12", 3)], [(12, 3), (3, 5)]),
        ([(2024, 5), (2025, 3)], [("2025", 3), ("2024-01-01", 5)]),
        ([("2024", 5), (None, 3)], [(2024, 5), (None, 3)]),
        ([("2025-03-10",)], [("2025-W11",)]),
        ([("2025-03-15",)], [("2025-03-15 00:00:00",)]),
        ([("2025-03-15",)], [(20250315,)]),
        ([], []),
    ],
)
def test_the_same_result_in_another_form_is_the_same(expected: Rows, found: Rows) -> None:
    """Order, further columns, types of numbers and the spelling of periods make no difference."""
    assert same_rows(expected, found)


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ([(1,)], [(1.00001,)]),
        ([(1,)], [(1,), (1,)]),
        ([("a", 1), ("b", 2)], [("a", 2), ("b", 1)]),
        ([("a", "a")], [("a", "b")]),
        ([(1, 1)], [(1, 2)]),
        ([(5,)], [("5",)]),
        ([(0,)], [(None,)]),
        ([("a",), ("a",), ("b",)], [("a",), ("b",), ("b",)]),
        ([(1, 9), (2, 8)], [("2024-Q1", 9), ("2025-Q2", 8)]),
        ([("2025-03",)], [("2025-04-01",)]),
        ([("2025-03",)], [("2025-03-15",)]),
        ([("2025-03",)], [(4,)]),
        ([("2024-03",), ("2025-03",)], [(3,), (3,)]),
        ([("2025-Q2",)], [("2025-05-01",)]),
        ([("a", 1)], [("a",)]),
        ([], [(1,)]),
        ([(1,)], []),
    ],
)
def test_another_result_is_not_the_same(expected: Rows, found: Rows) -> None:
    """A wrong number, a missing column, and pairs that do not belong together are noticed."""
    assert not same_rows(expected, found)


def test_the_order_counts_where_it_was_asked_for() -> None:
    """A ranking in another order is another answer."""
    rows = [("a", 2), ("b", 1)]
    assert same_rows(rows, rows, ordered=True)
    assert not same_rows(rows, rows[::-1], ordered=True)
