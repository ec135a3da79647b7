"""Questions that were once answered with a word dropped, over small schemas of their own."""

from datetime import date

import pytest

from kai_flow.analyst.query.printing import printed
from kai_flow.analyst.reading.reader import Declined, Outcome, Unclear, Understood, read
from kai_flow.analyst.semantics.index import Index
from kai_flow.analyst.semantics.model import SemanticModel
from tests.unit.analyst.scanned import model_of

STAFF = model_of(
    """
    CREATE TABLE employees (id INTEGER PRIMARY KEY, name TEXT, manager_id INTEGER REFERENCES
      employees(id), job_title TEXT, salary INTEGER, hire_date TEXT, termination_date TEXT,
      status TEXT);
    CREATE TABLE leave_requests (id INTEGER PRIMARY KEY, employee_id INTEGER REFERENCES
      employees(id), days INTEGER);
    INSERT INTO employees VALUES (1, 'Ani', NULL, 'Manager', 9, '2020-01-01', NULL, 'active'),
      (2, 'Budi', 1, 'Staff', 5, '2021-01-01', '2024-05-05', 'resigned'),
      (3, 'Cici', 1, 'Staff', 6, '2022-02-02', NULL, 'on leave');
    INSERT INTO leave_requests VALUES (1, 1, 2), (2, 2, 4);
    """
)
BANK = model_of(
    """
    CREATE TABLE accounts (id INTEGER PRIMARY KEY, kind TEXT, balance INTEGER, currency TEXT);
    INSERT INTO accounts VALUES (1, 'saving', 100, 'IDR'), (2, 'giro', 7, 'USD'),
      (3, 'giro', 9, 'USD');
    """
)
SHOP = model_of(
    """
    CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT);
    CREATE TABLE coupons (id INTEGER PRIMARY KEY, percent_off INTEGER);
    CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT, kind TEXT, score INTEGER);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers(id),
      coupon_id INTEGER REFERENCES coupons(id), order_date TEXT);
    CREATE TABLE order_items (order_id INTEGER REFERENCES orders(id), product_id INTEGER
      REFERENCES products(id), quantity INTEGER, unit_price INTEGER,
      PRIMARY KEY (order_id, product_id));
    CREATE TABLE returns (id INTEGER PRIMARY KEY, product_id INTEGER REFERENCES products(id),
      quantity INTEGER, returned_at TEXT);
    CREATE TABLE reviews (id INTEGER PRIMARY KEY, product_id INTEGER REFERENCES products(id),
      rating INTEGER);
    INSERT INTO customers VALUES (1, 'Tono'), (2, 'Wati');
    INSERT INTO coupons VALUES (1, 10);
    INSERT INTO products VALUES (1, 'Kopi', 'minuman', 1), (2, 'Teh', 'minuman', 2),
      (3, 'Gula', 'pangan', 3);
    INSERT INTO orders VALUES (1, 1, 1, '2024-01-02'), (2, 2, NULL, '2024-03-04');
    INSERT INTO order_items VALUES (1, 1, 2, 5), (1, 2, 1, 4), (2, 3, 6, 3);
    INSERT INTO returns VALUES (1, 1, 1, '2024-02-02');
    INSERT INTO reviews VALUES (1, 1, 4), (2, 2, 5);
    """
)
SCHOOL = model_of(
    """
    CREATE TABLE siswa (id INTEGER PRIMARY KEY, nama TEXT, tingkat INTEGER);
    CREATE TABLE nilai (id INTEGER PRIMARY KEY, siswa_id INTEGER REFERENCES siswa(id),
      nilai INTEGER);
    CREATE TABLE absensi (id INTEGER PRIMARY KEY, siswa_id INTEGER REFERENCES siswa(id),
      tanggal TEXT, keterangan TEXT);
    INSERT INTO siswa VALUES (1, 'Andi', 10), (2, 'Sari', 11);
    INSERT INTO nilai VALUES (1, 1, 70), (2, 1, 80), (3, 2, 90);
    INSERT INTO absensi VALUES (1, 1, '2024-01-02', 'hadir'), (2, 2, '2024-01-02', 'sakit');
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
    ("question", "currency"),
    [("total balance in USD", "USD"), ("total saldo dalam rupiah", "IDR")],
)
def test_a_currency_that_the_data_tells_apart_is_a_filter(question: str, currency: str) -> None:
    """Amounts of several currencies are never added up for a question about one of them."""
    assert text(BANK, question) == f"sum(balance) from accounts where currency = '{currency}'"


def test_an_order_with_a_coupon_is_not_any_order() -> None:
    """Rows that not every row points to restrict a listing."""
    assert "where coupon_id present" in text(SHOP, "orders with a coupon")


def test_what_was_returned_did_not_sell() -> None:
    """The best-selling product is found among sales, by units and never by returns."""
    found = text(SHOP, "best selling product in 2024")
    assert found.startswith("sum(quantity) from order_items by product_id> products.name")


def test_the_product_with_the_highest_rating_is_a_product() -> None:
    """A superlative of other rows does not lose what it is asked for."""
    found = text(SHOP, "produk dengan rating tertinggi")
    assert "by product_id> products.name top 1" in found


@pytest.mark.parametrize(
    "question", ["customers who bought Kopi and Teh", "pelanggan yang membeli Kopi dan Teh"]
)
def test_having_bought_two_things_is_asked_back(question: str) -> None:
    """Both, or one of both: two values of related rows have two meanings."""
    found = outcome(SHOP, question)
    assert isinstance(found, Unclear)
    assert {" or 'Teh'" in printed(each.query) for each in found.readings if each.query} == {
        True,
        False,
    }


def test_kinds_of_a_kind_are_not_counted_per_kind() -> None:
    """No number is shown that is one in every group whatever the data."""
    assert text(SHOP, "berapa jenis kind produk") == "distinct(kind) from products"


def test_a_value_after_by_is_no_filter_where_it_names_rows() -> None:
    """The words “Salary by manager” group; they do not ask for the salary of managers."""
    found = outcome(STAFF, "salary by manager")
    assert isinstance(found, Understood | Unclear)
    several = found.readings if isinstance(found, Unclear) else (found,)
    assert all("job_title" not in printed(each.query) for each in several if each.query)


def test_who_left_came_before() -> None:
    """The newest of employees was hired last, and is not who left last."""
    assert "order by hire_date descending" in text(STAFF, "newest employee")


def test_never_took_leave_is_not_only_a_status() -> None:
    """A piece of a value does not hide the table that has the very name."""
    found = outcome(STAFF, "how many employees never took leave")
    assert not isinstance(found, Understood) or "leave_requests" in printed(found.query)


def test_a_number_without_a_noun_is_none_that_no_row_comes_near() -> None:
    """The words “more than 5 people” are no salary above 5 where the least is in thousands."""
    staff = model_of(
        """
        CREATE TABLE employees (id INTEGER PRIMARY KEY, name TEXT, salary INTEGER, bonus INTEGER);
        INSERT INTO employees VALUES (1, 'Ani', 9000, 700), (2, 'Budi', 5000, 800);
        """
    )
    assert isinstance(outcome(staff, "employees with more than 5"), Declined)
    assert not isinstance(outcome(staff, "employees with more than 700"), Declined)


def test_left_is_no_leave() -> None:
    """Who left is not on leave."""
    found = outcome(STAFF, "how many employees left in 2024")
    assert not isinstance(found, Understood) or "on leave" not in printed(found.query)


def test_a_length_of_time_is_no_group() -> None:
    """The words “More than 2 days” say how long something took, and not how many a day."""
    assert isinstance(outcome(SHOP, "orders that took more than 2 days"), Declined)


def test_marks_are_averaged() -> None:
    """Marks of a table of marks are a rate: their sum means nothing."""
    assert text(SCHOOL, "nilai Andi").startswith("avg(nilai) from nilai")


@pytest.mark.parametrize("question", ["persentase kehadiran", "jumlah ketidakhadiran per siswa"])
def test_a_percentage_of_nothing_is_declined(question: str) -> None:
    """All of all is no answer, and attendance is not absence."""
    assert isinstance(outcome(SCHOOL, question), Declined)


@pytest.mark.parametrize(
    ("model", "question"),
    [
        (STAFF, "employee who left the most"),
        (BANK, "accounts over 1 million giro"),
    ],
)
def test_what_fits_nowhere_is_not_answered(model: SemanticModel, question: str) -> None:
    """A value has its place, and a time is not ranked for want of something else."""
    assert not isinstance(outcome(model, question), Understood)


def test_a_number_after_with_says_how_many_there_are() -> None:
    """It is no limit of a list: "customers with two orders" have two."""
    found = outcome(SHOP, "customers with two orders")
    assert isinstance(found, Understood)
    assert [(having.operator, having.values) for having in found.query.having] == [("=", (2.0,))]


def test_the_pay_of_managers_is_not_added_for_each_employee() -> None:
    """A sum never has a row of a parent once for each of its children."""
    found = outcome(STAFF, "total gaji manajer")
    assert isinstance(found, Understood | Unclear)
    several = found.readings if isinstance(found, Unclear) else (found,)
    assert all("sum(manager_id>" not in printed(each.query) for each in several if each.query)


def test_a_table_of_nothing_but_keys_is_read() -> None:
    """A question about a table of two keys ends with an answer or a reason."""
    pairs = model_of(
        """
        CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT);
        CREATE TABLE tags (id INTEGER PRIMARY KEY, name TEXT);
        CREATE TABLE product_tags (product_id INTEGER REFERENCES products(id),
          tag_id INTEGER REFERENCES tags(id));
        INSERT INTO products VALUES (1, 'Kopi'); INSERT INTO tags VALUES (1, 'baru');
        INSERT INTO product_tags VALUES (1, 1);
        """
    )
    for question in ("products with two tags", "list product tags", "2 product tags"):
        assert outcome(pairs, question) is not None


@pytest.mark.parametrize(
    "question", ["total count", "list table", "order by order", "sum of sum", "nilai?", "%", "x"]
)
def test_odd_names_do_not_break_a_reading(question: str) -> None:
    """Names that are keywords, signs or nothing at all end with an answer or a reason."""
    odd = model_of(
        """
        CREATE TABLE "table" ("table" TEXT, "count" INTEGER, "sum" INTEGER, "" TEXT);
        CREATE TABLE "order" ("order" INTEGER PRIMARY KEY, "group" TEXT, "%" INTEGER,
          "nilai?" INTEGER);
        INSERT INTO "table" VALUES ('x', 1, 2, ''); INSERT INTO "order" VALUES (1, 'a', 3, 4);
        """
    )
    assert outcome(odd, question) is not None
