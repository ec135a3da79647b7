"""Filters that say the same words twice, and numbers of rows that the whole question excludes."""

import pytest

from kai_flow.analyst.reading.reader import Understood
from tests.unit.analyst.asking import outcome, text
from tests.unit.analyst.scanned import model_of

ORDERS = model_of(
    """
    CREATE TABLE orders (id INTEGER PRIMARY KEY, order_date DATE, payment TEXT, amount INTEGER);
    INSERT INTO orders VALUES (1, '2024-01-06', 'Transfer Bank', 5), (2, '2024-01-08', 'QRIS', 7),
      (3, '2024-02-02', 'Tunai', 4), (4, '2024-02-04', 'Transfer Bank', 9);
    """
)


@pytest.mark.parametrize(
    "question",
    [
        "how many orders have QRIS or bank transfer as their payment",
        "how many orders by QRIS or bank transfer",
        "how many orders with payment QRIS or Transfer Bank",
    ],
)
def test_a_value_of_a_list_is_not_asked_for_again(question: str) -> None:
    """A list of values, and one of them a second time, is the list; in either order of words."""
    assert text(ORDERS, question) == text(
        ORDERS, "how many orders with payment QRIS or “Transfer Bank”"
    )


@pytest.mark.parametrize(
    "question",
    [
        "selisih total amount hari kerja (Senin-Jumat) dengan akhir pekan",
        "difference of total amount between weekdays (Monday to Friday) and the weekend in 2024",
    ],
)
def test_a_part_that_the_whole_excludes_is_no_reading(question: str) -> None:
    """One side of a difference without any rows is not what is meant."""
    found = outcome(ORDERS, question)
    where = found.query.where if isinstance(found, Understood) else None
    assert "weekday" not in str(where)


@pytest.mark.parametrize(
    ("question", "end"),
    [
        ("difference of amount between Q1 2024 and Q1 2023", "2023-04-01"),
        ("selisih amount antara Januari 2024 dan Januari 2023", "2023-02-01"),
    ],
)
def test_the_second_part_of_a_year_keeps_its_own_year(question: str, end: str) -> None:
    """Two quarters of different years are both quarters, and none is a whole year."""
    found = text(ORDERS, question)
    assert end in found, found
