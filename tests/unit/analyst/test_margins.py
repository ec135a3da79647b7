"""Margins: profit in percent of sales, and never an amount."""

from datetime import date

import pytest

from kai_flow.analyst.query.printing import printed
from kai_flow.analyst.reading.reader import Understood, read
from kai_flow.analyst.semantics.index import Index
from tests.unit.analyst.scanned import model_of

SALES = model_of(
    """
    CREATE TABLE products (id INTEGER PRIMARY KEY, product_name TEXT, brand TEXT, category TEXT);
    CREATE TABLE sales (id INTEGER PRIMARY KEY, product_id INTEGER REFERENCES products(id),
      sale_date TEXT, quantity INTEGER, sales_amount INTEGER, cost_amount INTEGER);
    INSERT INTO products VALUES (1, 'Kite', 'Axio', 'Toys'), (2, 'Tea', 'Nordik', 'Food'),
      (3, 'Lamp', 'Axio', 'Home');
    INSERT INTO sales VALUES (1, 1, '2024-01-02', 2, 40, 30), (2, 2, '2024-02-02', 1, 4, 3),
      (3, 3, '2024-02-03', 1, 90, 50);
    """
)


def plain(question: str) -> str:
    """The one query that a question means, in one line; empty if it means none."""
    found = read(question, SALES, Index(SALES), date(2024, 12, 31))[0]
    return printed(found.query) if isinstance(found, Understood) else ""


@pytest.mark.parametrize(
    "question",
    [
        "gross margin by brand",
        "Gross margin of each brand as a percentage of its sales",
        "margin kotor per brand",
        "Margin laba kotor tiap brand berapa persen dari penjualannya?",
        "margin laba per brand dalam persen",
        "profit margin per brand",
    ],
)
def test_a_margin_is_profit_in_percent_of_sales(question: str) -> None:
    """A margin of groups is their total profit as a percentage of their total sales."""
    expected = plain("gross profit as a percentage of sales by brand")

    assert "percent" in expected.lower() or "100" in expected
    assert plain(question) == expected


@pytest.mark.parametrize(
    "question",
    [
        "total gross margin by brand",
        "average gross margin by brand",
        "net profit margin by brand",
        "margin laba bersih per brand",
        "gross margin in rupiah by brand",
        "what share of gross margin comes from each brand?",
        "what percent of gross margin is from Axio?",
        "how much gross margin did each brand earn?",
        "berapa persen margin kotor yang berasal dari Axio?",
        "highest gross margin sale",
        "brands with gross margin over 100 million",
    ],
)
def test_another_margin_is_no_percentage_of_sales(question: str) -> None:
    """Amounts, net margins, means and shares of margins are not answered with a percentage."""
    assert plain(question) == ""
