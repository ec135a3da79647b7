"""All of something is one number; no group and no number of a question is lost."""

from datetime import date
from functools import partial

import pytest

from kai_flow.analyst.query.printing import printed
from kai_flow.analyst.reading.reader import Declined, Unclear, Understood, read
from kai_flow.analyst.semantics.index import Index
from tests.unit.analyst import asking
from tests.unit.analyst.scanned import model_of

SALES = model_of(
    """
    CREATE TABLE products (product_id INTEGER PRIMARY KEY, product_name TEXT, category TEXT,
      price REAL);
    CREATE TABLE sales (sale_id INTEGER PRIMARY KEY, sale_date TEXT, region TEXT, channel TEXT,
      product_id INTEGER REFERENCES products(product_id), quantity INTEGER, amount REAL);
    INSERT INTO products VALUES (1, 'Tea', 'Drinks', 3), (2, 'Cake', 'Food', 9),
      (3, 'Bun', 'Food', 4);
    INSERT INTO sales VALUES (1, '2023-01-05', 'Bali', 'Shop', 1, 2, 60),
      (2, '2024-02-05', 'Java', 'Online', 2, 1, 900), (3, '2024-02-09', 'Bali', 'Shop', 3, 3, 120),
      (4, '2024-05-01', 'Java', 'Shop', 1, 4, 120), (5, '2024-06-02', 'Bali', 'Online', 2, 2, 1800);
    """
)


outcome = partial(asking.outcome, SALES, today=date(2024, 12, 31))
text = partial(asking.text, SALES, today=date(2024, 12, 31))


@pytest.mark.parametrize(
    ("question", "plain"),
    [
        ("Total amount across all regions", "Total amount"),
        ("Total amount of all regions by month in 2024", "Total amount by month in 2024"),
        ("In all channels, what is the total amount?", "What is the total amount?"),
        ("How many sales were made in all regions in 2024?", "How many sales were made in 2024?"),
        ("Total amount semua wilayah per bulan 2024", "Total amount per bulan 2024"),
        ("Untuk seluruh wilayah, berapa total quantity?", "Berapa total quantity?"),
        ("Total amount of all the channels per region", "Total amount per region"),
        ("Which product sold the most units in all regions?", "Which product sold the most units?"),
    ],
)
def test_all_of_something_makes_no_groups(question: str, plain: str) -> None:
    """What is said of all regions is one number, as if they were not named."""
    assert text(question) == text(plain)


def test_the_price_across_all_rows_is_that_of_these_rows() -> None:
    """The median price across all products is that of the products, each once."""
    assert text("What's the median price across all products?") == "median(price) from products"


@pytest.mark.parametrize(
    ("question", "plain"),
    [
        ("Show all regions with their total amount", "Total amount by region"),
        ("Total amount for each region", "Total amount by region"),
        ("Total amount across regions", "Total amount by region"),
    ],
)
def test_all_that_is_listed_or_each_is_a_group(question: str, plain: str) -> None:
    """All regions "with" something are a list; each region and "across regions" are groups."""
    assert text(question) == text(plain)


@pytest.mark.parametrize(
    "question", ["Show the total amount of all regions", "Tampilkan amount semua wilayah"]
)
def test_a_list_of_all_is_asked_back(question: str) -> None:
    """To show the sales of all regions may be one number or a list of them."""
    assert isinstance(outcome(question), Unclear)


def test_two_developments_are_one() -> None:
    """A trend "from date to date" has its groups, although it is said twice."""
    found = text("Development of the total amount from sale date to sale date")
    assert found.startswith("sum(amount) from sales by month of sales.sale_date")


def test_an_average_does_not_take_the_place_of_another_number() -> None:
    """Where "on average" is said of one of two numbers, neither is dropped."""
    found = outcome("rata-rata amount price per bulan")
    assert not isinstance(found, Understood) or found.query.groups
    assert isinstance(found, Understood | Unclear | Declined)


def test_a_number_before_rows_is_of_these() -> None:
    """In Indonesian the number comes first: the amount of sales per year is no list of sales."""
    assert " by year of " in text("amount sales per tahun")


SHOP = model_of(
    """
    CREATE TABLE kelompok (kelompok_id INTEGER PRIMARY KEY, nama_kelompok TEXT);
    CREATE TABLE pelanggan (pelanggan_id INTEGER PRIMARY KEY, nama_pelanggan TEXT,
      kelompok_id INTEGER REFERENCES kelompok(kelompok_id));
    CREATE TABLE pesanan (pesanan_id INTEGER PRIMARY KEY, tanggal TEXT, nilai_total REAL,
      pelanggan_id INTEGER REFERENCES pelanggan(pelanggan_id));
    INSERT INTO kelompok VALUES (1, 'Gold'), (2, 'Silver');
    INSERT INTO pelanggan VALUES (1, 'Ana', 1), (2, 'Budi', 2), (3, 'Citra', 2);
    INSERT INTO pesanan VALUES (1, '2024-01-05', 60, 1), (2, '2024-02-05', 90, 2),
      (3, '2024-02-06', 20, 3), (4, '2024-03-06', 30, 1);
    """
)


@pytest.mark.parametrize(
    "question",
    [
        "How many orders per customer group?",
        "Average order total for each customer group",
        "Total order amount by customer group",
        "Median order amount per customer group",
        "jumlah pesanan per kelompok pelanggan",
    ],
)
def test_a_group_of_other_things_is_named_in_either_language(question: str) -> None:
    """A customer group is a group, though the tables are called "pelanggan" and "kelompok"."""
    found = read(question, SHOP, Index(SHOP), date(2024, 12, 31))[0]
    assert isinstance(found, Understood), found
    assert " by pelanggan_id> kelompok_id> kelompok.nama_kelompok" in printed(found.query)


@pytest.mark.parametrize(
    "question",
    [
        "Sepanjang tahun 2024, ada berapa pelanggan berbeda yang memesan?",
        "How many different customers ordered in 2024?",
        "How many different customers placed an order in 2024?",
    ],
)
def test_different_things_that_did_something_are_counted_once(question: str) -> None:
    """The customers who ordered are the different ones of the orders: nothing is asked back."""
    found = read(question, SHOP, Index(SHOP), date(2024, 12, 31))[0]
    assert isinstance(found, Understood), found
    assert printed(found.query).startswith(("count(*) from pelanggan", "distinct(pelanggan_id"))
