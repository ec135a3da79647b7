"""Sayings, units and growth as people say them: each means the same as a plain question."""

from datetime import date
from functools import partial

import pytest

from kai_flow.analyst.lexicon.tokens import tokenize
from kai_flow.analyst.query.printing import printed
from kai_flow.analyst.reading.reader import Declined, Understood, read
from kai_flow.analyst.reading.sayings import plainly
from kai_flow.analyst.semantics.index import Index
from tests.unit.analyst import asking
from tests.unit.analyst.scanned import model_of

SHOP = model_of(
    """
    CREATE TABLE products (id INTEGER PRIMARY KEY, product_name TEXT, price INTEGER, stock INTEGER);
    CREATE TABLE staff (id INTEGER PRIMARY KEY, staff_name TEXT, job_title TEXT, salary INTEGER,
      manager_id INTEGER REFERENCES staff(id));
    CREATE TABLE orders (id INTEGER PRIMARY KEY, order_date TEXT, status TEXT, city TEXT,
      shipping_fee INTEGER);
    CREATE TABLE order_lines (id INTEGER PRIMARY KEY, order_id INTEGER REFERENCES orders(id),
      product_id INTEGER REFERENCES products(id), quantity INTEGER, sales_amount INTEGER);
    CREATE TABLE shipments (id INTEGER PRIMARY KEY, order_id INTEGER REFERENCES orders(id),
      sent_on TEXT, weight INTEGER, distance INTEGER, cost INTEGER);
    CREATE TABLE returns (id INTEGER PRIMARY KEY, order_id INTEGER REFERENCES orders(id),
      return_date TEXT, quantity INTEGER, reason TEXT);
    INSERT INTO products VALUES (1, 'Kite', 20, 5), (2, 'Tea', 4, 80), (3, 'Lamp', 90, 7);
    INSERT INTO staff VALUES (1, 'Agus', 'Direktur', 90, NULL), (2, 'Budi', 'Manajer', 50, 1),
      (3, 'Cici', 'Sopir', 20, 2);
    INSERT INTO orders VALUES (1, '2023-01-02', 'paid', 'Leeds', 3),
      (2, '2023-05-02', 'cancelled', 'York', 4), (3, '2024-02-02', 'paid', 'Leeds', 5);
    INSERT INTO order_lines VALUES (1, 1, 1, 2, 40), (2, 2, 2, 1, 4), (3, 3, 3, 1, 90);
    INSERT INTO shipments VALUES (1, 1, '2023-01-03', 12, 300, 700), (2, 3, '2024-02-04', 60, 9, 8);
    INSERT INTO returns VALUES (1, 1, '2023-02-02', 1, 'damaged'), (2, 2, '2023-06-02', 2, 'late');
    """
)
INDEX = Index(SHOP)


outcome = partial(asking.outcome, SHOP, today=date(2024, 12, 31))
text = partial(asking.text, SHOP, today=date(2024, 12, 31))


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("How many orders were called off?", "How many orders were cancelled?"),
        ("How many items were sent back in 2023?", "How many items were returned in 2023?"),
        ("How many items came back because they were damaged?", "How many items returned damaged?"),
        ("Largest quantity handed back in 2023", "Largest quantity returned in 2023"),
        (
            "How many products have under 50 left in stock?",
            "Products with under 50 in stock, how many?",
        ),
        (
            "On average, how many units go out in one order?",
            "On average, how many units per order?",
        ),
        ("Total sales amount of our shop in 2024", "Total sales amount in 2024"),
        (
            "perjalanan sales amount per bulan di 2024",
            "perkembangan sales amount per bulan di 2024",
        ),
        ("total sales amount toko kita per city", "total sales amount per city"),
        ("produk yang di gudang stoknya di bawah 10", "produk yang stoknya di bawah 10"),
        ("What was the highest shipping fee ever set?", "What was the highest shipping fee?"),
        ("siapa yang atasannya langsung Direktur?", "siapa yang atasannya Direktur?"),
    ],
)
def test_a_saying_means_what_its_plain_words_mean(said: str, plain: str) -> None:
    """Several words that people say for one are read as that one."""
    assert text(said) == text(plain)


def test_who_does_something_is_told_by_by() -> None:
    """After what is done, "sama" is by whom, and joins no second group."""
    words = [token.word for token in plainly(tokenize("barang dibalikin sama pelanggan"), INDEX)]
    assert words == ["barang", "dikembalikan", "oleh", "pelanggan"]
    both = [token.word for token in plainly(tokenize("stok sama harga"), INDEX)]
    assert both == ["stok", "sama", "harga"]


def test_what_sells_least_goes_by_what_sells_best_goes_by() -> None:
    """The fewest that were sold are units, as the most are."""
    assert text("produk yang paling sedikit terjual") == text("produk yang paling tidak laku")


def test_what_sells_best_is_no_line_of_an_order() -> None:
    """A ranking by what was sold is of products, though a line has a quantity too."""
    assert "product_name" in text("barang apa yang paling laku?")


def test_rows_are_not_counted_for_units() -> None:
    """Rows that have quantities are no number of pieces that were sold."""
    model = model_of(
        """
        CREATE TABLE sales (id INTEGER PRIMARY KEY, category TEXT, quantity INTEGER, price INTEGER);
        INSERT INTO sales VALUES (1, 'Kopi', 3, 10), (2, 'Teh', 5, 8), (3, 'Kopi', 2, 10);
        """
    )
    for question in ("How much Kopi did we sell?", "kopi terjual berapa?"):
        found = read(question, model, Index(model), date(2024, 12, 31))[0]
        assert not isinstance(found, Understood) or "count(*)" not in printed(found.query)


def test_a_saying_that_is_a_name_here_stays_as_it_is() -> None:
    """Nothing is replaced that the database has as a value, and no warehouse is left out."""
    model = model_of(
        """
        CREATE TABLE parcels (id INTEGER PRIMARY KEY, status TEXT, gudang TEXT);
        INSERT INTO parcels VALUES (1, 'Sent Back', 'Utara'), (2, 'Open', 'Timur');
        """
    )
    index = Index(model)
    for question in ("How many parcels are sent back?", "berapa parcels di gudang Utara?"):
        tokens = tokenize(question)
        assert plainly(tokens, index) == tokens


def test_to_set_something_is_still_declined() -> None:
    """A command to change data is one, though targets that "were set" are none."""
    found = outcome("Set the price of Tea to 5")
    assert isinstance(found, Declined)
    assert found.reason.key == "write"


@pytest.mark.parametrize(
    ("limit", "plain"),
    [
        ("How many shipments over 50 kg?", "How many shipments with a weight over 50?"),
        ("Berapa shipments di bawah 100 km?", "Berapa shipments dengan distance di bawah 100?"),
        ("How many products above $50?", "How many products with a price above 50?"),
        ("How many products above £50?", "How many products with a price above 50?"),
        ("Berapa produk di atas 50 dolar?", "Berapa produk dengan price di atas 50?"),
    ],
)
def test_a_unit_tells_which_number_a_limit_is_of(limit: str, plain: str) -> None:
    """Kilograms are of a weight, kilometres of a distance, and money is what a thing is worth."""
    assert text(limit) == text(plain)


def test_a_fee_is_not_what_an_order_is_worth() -> None:
    """An order above an amount of money is none whose shipping fee is above it."""
    assert isinstance(outcome("How many orders above $50 do we have?"), Declined)


@pytest.mark.parametrize(
    ("question", "plain"),
    [
        ("Average salary (Rp) by job title", "Average salary by job title"),
        ("Total weight (in kg) by order city", "Total weight by order city"),
        (
            "Total cost divided by total distance (Rp per km)",
            "Total cost divided by total distance",
        ),
    ],
)
def test_a_unit_in_brackets_is_a_remark(question: str, plain: str) -> None:
    """A unit in brackets, that the number is in, changes nothing."""
    assert text(question) == text(plain)


def test_a_unit_in_brackets_that_the_number_is_not_in_is_declined() -> None:
    """Nothing is converted: tons are no kilograms, and kilometres per rupiah no rupiah per km."""
    for question in ("Total weight (tons)", "Total cost divided by total distance (km per Rp)"):
        assert isinstance(outcome(question), Declined), question


@pytest.mark.parametrize(
    "question",
    [
        "By what percentage did sales amount grow in 2024 compared with 2023?",
        "Sales amount 2024 naik berapa persen dibanding 2023?",
        "Dibanding 2023, sales amount 2024 naik berapa persen?",
        "Sales amount 2024 naik atau turun berapa persen dari 2023?",
        "By what percent did the sales amount go up in 2024 over 2023?",
        "Sales amount grew by how many percent from 2023 to 2024?",
    ],
)
def test_growth_against_a_period_that_is_named(question: str) -> None:
    """Two periods that are named are the sides of one change in percent."""
    assert text(question) == text("By what percentage did sales amount grow from 2023 to 2024?")


def test_either_direction_is_growth() -> None:
    """Whether something rose or fell each year tells the sign of the number."""
    plain = text("pertumbuhan sales amount per tahun")
    assert text("sales amount naik atau turun berapa persen tiap tahun?") == plain
