"""Who did something, what changed, what was lost, and what is worth something."""

from datetime import date

import pytest

from kai_flow.analyst.query.printing import printed
from kai_flow.analyst.reading.reader import Declined, Outcome, Understood, read
from kai_flow.analyst.semantics.index import Index
from kai_flow.analyst.semantics.model import SemanticModel
from tests.unit.analyst.scanned import model_of

SHOP = model_of(
    """
    CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, city TEXT);
    CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT, category TEXT, price INTEGER,
      stock INTEGER);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers(id),
      product_id INTEGER REFERENCES products(id), order_date TEXT, quantity INTEGER);
    CREATE TABLE returns (id INTEGER PRIMARY KEY, order_id INTEGER REFERENCES orders(id),
      returned_at TEXT);
    INSERT INTO customers VALUES (1, 'Tono', 'Solo'), (2, 'Wati', 'Medan');
    INSERT INTO products VALUES (1, 'Arabika', 'Kopi', 9, 3), (2, 'Melati', 'Teh', 7, 5);
    INSERT INTO orders VALUES (1, 1, 1, '2020-01-02', 2), (2, 2, 2, '2024-12-04', 3);
    INSERT INTO returns VALUES (1, 1, '2020-02-02');
    """
)
FIRMS = model_of(
    """
    CREATE TABLE companies (id INTEGER PRIMARY KEY, name TEXT);
    CREATE TABLE reports (id INTEGER PRIMARY KEY, company_id INTEGER REFERENCES companies(id),
      year INTEGER, profit INTEGER);
    INSERT INTO companies VALUES (1, 'Maju'), (2, 'Jaya');
    INSERT INTO reports VALUES (1, 1, 2023, -4), (2, 2, 2023, 7), (3, 1, 2024, 2);
    """
)
SALES = model_of(
    """
    CREATE TABLE penjualan (tanggal TEXT, sales TEXT, produk TEXT, jumlah INTEGER, harga INTEGER);
    INSERT INTO penjualan VALUES ('2024-01-02', 'Ayu', 'Kopi', 2, 90), ('2024-02-03', 'Budi',
      'Teh', 1, 80), ('2024-02-04', 'Ayu', 'Teh', 3, 80);
    """
)


def outcome(model: SemanticModel, question: str) -> Outcome:
    """What a question means, on the last day of 2024."""
    return read(question, model, Index(model), date(2024, 12, 31))[0]


def text(model: SemanticModel, question: str) -> str:
    """The one query that a question means, in one line."""
    found = outcome(model, question)
    assert isinstance(found, Understood), found
    return printed(found.query)


@pytest.mark.parametrize(
    ("question", "grouped"),
    [
        ("number of orders placed by customers", False),
        ("number of orders placed by each customer", True),
        ("quantity sold by categories", True),
        ("quantity sold by category", True),
    ],
)
def test_doers_are_no_groups_and_kinds_are(question: str, grouped: bool) -> None:
    """People do something; a category only tells things apart."""
    assert (" by " in text(SHOP, question)) is grouped


def test_what_was_returned_restricts_what_is_counted() -> None:
    """A participle is neither the rows of its table nor a piece of a name."""
    found = text(SHOP, "customers with more than 1 returned orders")
    assert "returns" in found
    assert found.startswith("count(*) from orders")


@pytest.mark.parametrize(
    "question", ["companies that made a loss in 2023", "companies yang rugi tahun 2023"]
)
def test_a_loss_is_a_profit_below_zero(question: str) -> None:
    """The one number of what is left over says who made a loss."""
    assert "profit < 0" in text(FIRMS, question)


@pytest.mark.parametrize("question", ["stock value by category", "nilai stok per kategori"])
def test_the_value_of_a_stock_is_no_number_of_pieces(question: str) -> None:
    """What is in stock is worth its price; a quantity that has none is not worth itself."""
    assert "(stock * price)" in text(SHOP, question)
    assert isinstance(outcome(SHOP, "quantity value by customer"), Declined)


def test_a_trend_is_shown_in_units_of_its_period() -> None:
    """Half a year is shown by month, though the data goes over several years."""
    assert "month" in text(SHOP, "order trend over the last 6 months")
    assert "year" in text(SHOP, "order trend")


def test_how_something_changed_changes_nothing() -> None:
    """A question about a change is answered; a wish to change something is not."""
    assert "growth" in text(SHOP, "how have orders changed since 2020?")
    wish = outcome(SHOP, "change the price of Arabika")
    assert isinstance(wish, Declined)
    assert wish.reason.key == "write"


@pytest.mark.parametrize(
    "question", ["sales yang omzetnya di atas 100", "siapa sales dengan omzet tertinggi?"]
)
def test_sales_are_people_where_a_column_names_them(question: str) -> None:
    """Indonesian calls those who sell "sales"; their revenue is that of all they sold."""
    assert " by sales" in text(SALES, question)


def test_an_order_goes_by_the_number_that_limits_a_list() -> None:
    """The words “Lowest first” need no number where the list is limited by one."""
    assert "order by stock" in text(SHOP, "products with stock under 50, lowest first")


def test_the_lowest_of_rows_and_of_units_is_not_told_apart() -> None:
    """Where each row is of one year, the lowest of a year may be that of a row."""
    assert isinstance(outcome(FIRMS, "lowest yearly profit"), Declined)
    assert "year" in text(FIRMS, "lowest yearly profit of the company Maju")
