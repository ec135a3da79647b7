"""What people say beside a question: "I mean", "including those without", "how much each made"."""

from datetime import date
from functools import partial

import pytest

from kai_flow.analyst.query.printing import printed
from kai_flow.analyst.reading.reader import Declined, Understood, read
from kai_flow.analyst.semantics.index import Index
from tests.unit.analyst import asking
from tests.unit.analyst.scanned import model_of

SHOP = model_of(
    """
    CREATE TABLE products (product_id INTEGER PRIMARY KEY, product_name TEXT UNIQUE, price REAL,
      stock INTEGER, discontinued BOOLEAN);
    CREATE TABLE orders (order_id INTEGER PRIMARY KEY, order_date TEXT, status TEXT, city TEXT,
      email TEXT);
    CREATE TABLE order_items (item_id INTEGER PRIMARY KEY,
      order_id INTEGER REFERENCES orders(order_id),
      product_id INTEGER REFERENCES products(product_id), quantity INTEGER, unit_price REAL);
    INSERT INTO products VALUES (1, 'Kite', 9.5, 3, 0), (2, 'Rope', 4, 30, 1), (3, 'Map', 7, 8, 0);
    INSERT INTO orders VALUES (1, '2024-01-05', 'cancelled', 'Leeds', 'a@b.example'),
      (2, '2024-02-05', 'delivered', NULL, NULL), (3, '2023-02-06', 'pending', 'York', NULL);
    INSERT INTO order_items VALUES (1, 1, 1, 2, 5.5), (2, 1, 2, 1, 4), (3, 2, 1, 3, 5.5),
      (4, 3, 3, 1, 2);
    """
)

LINES = model_of(
    """
    CREATE TABLE orders (order_id INTEGER PRIMARY KEY, order_date TEXT, shipping_fee REAL);
    CREATE TABLE order_items (order_id INTEGER REFERENCES orders(order_id), product_id INTEGER,
      quantity INTEGER, unit_price REAL);
    INSERT INTO orders VALUES (1, '2024-01-05', 1.5), (2, '2024-02-05', 2.5);
    INSERT INTO order_items VALUES (1, 1, 2, 5.5), (1, 2, 1, 4), (2, 1, 3, 5.5);
    """
)


outcome = partial(asking.outcome, SHOP, today=date(2024, 12, 31))
text = partial(asking.text, SHOP, today=date(2024, 12, 31))


@pytest.mark.parametrize(
    ("question", "plain"),
    [
        ("How many orders last year, 2023 I mean?", "How many orders in 2023?"),
        (
            "How many orders last year, I mean 2023, per city?",
            "How many orders in 2023 per city?",
        ),
        ("How many orders in 2024, I mean, per city?", "How many orders in 2024 per city?"),
        ("Ada berapa order tahun lalu, maksudku 2024?", "Ada berapa order tahun 2024?"),
        (
            "Ada berapa order tahun 2024, maksud saya 2023, per city?",
            "Ada berapa order tahun 2023 per city?",
        ),
        ("What I mean is how many orders per city", "how many orders per city"),
    ],
)
def test_i_mean_puts_a_period_right_and_asks_no_average(question: str, plain: str) -> None:
    """The period that "I mean" says is meant, and the one before it is not."""
    assert text(question) == text(plain)


@pytest.mark.parametrize(
    "question",
    [
        "How many orders per city, I mean per status, in 2024?",
        "How many orders in January 2024, I mean 2023?",
        "How many orders from 2022 to 2023, I mean 2024?",
        "How many orders in January 2024, 2023 I mean?",
    ],
)
def test_what_i_mean_is_not_guessed_elsewhere(question: str) -> None:
    """Where no period of the same kind is put right, the question is not answered."""
    assert isinstance(outcome(question), Declined)


@pytest.mark.parametrize(
    "end",
    [
        ", including those without a city",
        ", including the ones with no city",
        " (including blanks)",
        ", even those without one",
        ", including orders without a city",
        ", termasuk yang city-nya kosong",
        ", termasuk yang kosong",
        ", termasuk yang tidak ada city-nya",
    ],
)
def test_those_without_a_value_are_a_group_anyway(end: str) -> None:
    """Groups have a row for no value, so to include it changes nothing."""
    question = "jumlah order per city" if "termasuk" in end else "number of orders per city"
    assert text(question + end) == text("number of orders per city")


@pytest.mark.parametrize(
    "question",
    [
        "number of orders in Leeds, including those without a city",
        "number of orders per status, including those without a city",
        "number of orders per city, including products without orders",
        "jumlah order per status, termasuk yang city-nya kosong",
    ],
)
def test_those_without_a_value_are_never_the_only_ones(question: str) -> None:
    """Where the clause is about something else than the groups, it is not answered as a filter."""
    assert isinstance(outcome(question), Declined)


@pytest.mark.parametrize(
    "end",
    [
        ", and how much each one made?",
        ", and how much did each bring in?",
        " and how much did each of them make?",
    ],
)
def test_what_each_made_is_the_number_beside(end: str) -> None:
    """What each made is the revenue that the question ranks by."""
    assert text("Which 2 products brought in the most revenue" + end) == text(
        "Which 2 products brought in the most revenue?"
    )


@pytest.mark.parametrize(
    "question",
    [
        "Which 2 products have the highest price, and how much each one made?",
        "Which 2 products sold the most units, and how much did each one make?",
        "Which 2 cities have the most orders, and how much did each bring in?",
    ],
)
def test_what_each_made_is_no_other_number(question: str) -> None:
    """A price, a number of rows and units are not what something made."""
    assert isinstance(outcome(question), Declined)


@pytest.mark.parametrize(
    "question",
    [
        "How many products do we still sell?",
        "How many products are still sold?",
        "How many products are still for sale?",
        "Ada berapa produk yang masih dijual?",
        "Berapa produk yang masih kita jual?",
    ],
)
def test_what_is_still_sold_is_not_discontinued(question: str) -> None:
    """Being sold still is no matter of past sales."""
    found = text(question)
    assert "from products where" in found, found
    assert "discontinued" in found, found
    assert "order_items" not in found, found


@pytest.mark.parametrize(
    ("question", "plain"),
    [
        ("Of all the products, what's the highest price?", "what is the highest price of products"),
        (
            "Out of the discontinued products, what is the lowest price we have?",
            "what is the lowest price of the discontinued products",
        ),
        ("Dari semua produk, berapa harga tertinggi?", "what is the highest price of products"),
        ("Dari semua produk, harga tertinggi berapa?", "what is the highest price of products"),
        ("Di antara semua produk, berapa harga terendah?", "what is the lowest price of products"),
    ],
)
def test_the_lowest_of_what_is_said_before_is_one_number(question: str, plain: str) -> None:
    """Rows before a superlative are what it is of, and are not listed."""
    assert text(question) == text(plain)
    assert text(question).startswith(("max(", "min("))


@pytest.mark.parametrize(
    ("question", "plain"),
    [
        (
            "Kalau order yang bukan cancelled itu ada berapa?",
            "order yang bukan cancelled ada berapa",
        ),
        (
            "Kalau order yang tidak di Leeds, itu ada berapa?",
            "order yang tidak di Leeds ada berapa",
        ),
        (
            "If you take all cancelled orders together, how many units were sold?",
            "For all cancelled orders together, how many units were sold?",
        ),
    ],
)
def test_clauses_that_suppose_nothing_say_what_is_asked_about(question: str, plain: str) -> None:
    """What rows are anyway is no supposition."""
    assert text(question) == text(plain)


@pytest.mark.parametrize(
    "question",
    [
        "Kalau order yang cancelled jadi delivered itu berapa?",
        "If you take all cancelled orders out, how many orders are there?",
    ],
)
def test_what_is_not_so_is_not_answered(question: str) -> None:
    """A supposition that changes rows is declined."""
    assert isinstance(outcome(question), Declined)


@pytest.mark.parametrize(
    "question",
    [
        "What is the average revenue of an order?",
        "average revenue of one order",
        "rata-rata omzet satu order berapa?",
        "Kalau dirata-rata, satu order itu omzetnya berapa?",
    ],
)
def test_what_one_order_makes_is_that_of_all_its_lines(question: str) -> None:
    """The average of an order is no average of its lines."""
    found = read(question, LINES, Index(LINES), date(2024, 12, 31))[0]
    assert isinstance(found, Understood), found
    assert printed(found.query).startswith("sum(revenue = (quantity * unit_price)) / distinct(")


@pytest.mark.parametrize(
    ("question", "plain"),
    [
        (
            "How many products are there, even the discontinued ones?",
            "How many products are there?",
        ),
        (
            "How many products are there, including those discontinued?",
            "How many products are there?",
        ),
        ("Ada berapa order per city, termasuk yang cancelled?", "Ada berapa order per city?"),
        ("Ada berapa order termasuk yang sudah delivered?", "Ada berapa order?"),
    ],
)
def test_some_rows_that_count_as_well_are_not_the_only_ones(question: str, plain: str) -> None:
    """Cancelled orders are among all orders, so to include them limits nothing."""
    assert text(question) == text(plain)


def test_rows_that_belong_to_some_are_these_only() -> None:
    """After "yang", "termasuk" says what rows are."""
    assert "status = 'cancelled'" in text("Ada berapa order yang termasuk yang cancelled?")
