"""Shipments, staff and returns, as people ask about them in everyday words."""

from datetime import date
from functools import partial

import pytest

from kai_flow.analyst.reading.reader import Declined
from tests.unit.analyst import asking
from tests.unit.analyst.scanned import model_of

LOGISTICS = model_of(
    """
    CREATE TABLE cities (id INTEGER PRIMARY KEY, city_name TEXT);
    CREATE TABLE staff (id INTEGER PRIMARY KEY, staff_name TEXT, job_title TEXT, salary INTEGER,
      manager_id INTEGER REFERENCES staff(id));
    CREATE TABLE shipments (id INTEGER PRIMARY KEY, origin_city_id INTEGER REFERENCES cities(id),
      destination_city_id INTEGER REFERENCES cities(id), sent_at TEXT, arrived_at TEXT,
      status TEXT, payment_method TEXT, cost INTEGER);
    CREATE TABLE returns (id INTEGER PRIMARY KEY, shipment_id INTEGER REFERENCES shipments(id),
      return_date TEXT, reason TEXT, refund_amount INTEGER);
    INSERT INTO cities VALUES (1, 'Bandung'), (2, 'Medan'), (3, 'Solo');
    INSERT INTO staff VALUES (1, 'Agus', 'Director', 90, NULL), (2, 'Budi', 'Manager', 50, 1),
      (3, 'Cici', 'Driver', 20, 2), (4, 'Dedi', 'Driver', 22, 2);
    INSERT INTO shipments VALUES (1, 1, 2, '2023-01-02 08:00', '2023-01-03 09:00', 'arrived',
      'card', 900), (2, 2, 3, '2023-06-02 08:00', NULL, 'lost', 'cash', 800),
      (3, 3, 1, '2024-02-02 08:00', NULL, 'lost', 'card', 700);
    INSERT INTO returns VALUES (1, 1, '2023-01-09', 'damaged', 100), (2, 3, '2024-03-01', NULL, 50);
    """
)


outcome = partial(asking.outcome, LOGISTICS, today=date(2024, 12, 31))
text = partial(asking.text, LOGISTICS, today=date(2024, 12, 31))


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        (
            "Top 2 routes (origin city to destination city) by total cost",
            "Total cost by origin city and destination city, top 2",
        ),
        ("Total cost per route", "Total cost per combination of origin city and destination city"),
        ("total cost tiap rute", "Total cost per combination of origin city and destination city"),
    ],
)
def test_a_route_is_where_something_comes_from_and_goes_to(said: str, plain: str) -> None:
    """Where no table is called so, a route has two ends, which are told apart."""
    assert text(said) == text(plain)


def test_one_route_that_is_named_is_no_group() -> None:
    """The ends of a certain route would be read as any of several cities."""
    assert isinstance(outcome("How many shipments on the route Bandung to Medan?"), Declined)


@pytest.mark.parametrize(
    "question",
    [
        "How many shipments got lost in 2023 compared with 2024, going by the date they were sent?",
        "How many shipments were lost in 2023 compared with 2024, judging by the sent date?",
    ],
)
def test_what_periods_go_by_is_no_group(question: str) -> None:
    """A time that a comparison of periods goes by names its axis, and asks for no days."""
    assert text(question) == text("How many shipments were lost in 2023 compared with 2024?")


def test_a_period_goes_by_a_time() -> None:
    """The time after "going by" is that of the period before it."""
    found = text("How many shipments in 2023, going by the date they arrived?")
    assert found == text("How many shipments arrived in 2023?").replace("status = arrived and ", "")


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        (
            "rata-rata berapa jam dari barang dikirim sampai tiba",
            "rata-rata berapa jam dari sent sampai arrived",
        ),
        ("Berapa kali terjadi returns di 2023?", "Berapa returns di 2023?"),
        (
            "Berapa shipments yang pembayarannya bukan pakai card?",
            "Berapa shipments yang payment method bukan card?",
        ),
        (
            "How many shipments were paid, but not by card?",
            "Shipments with a payment method other than card, how many?",
        ),
        (
            "What percentage of total cost have we refunded?",
            "What percentage of total cost was refunded?",
        ),
    ],
)
def test_everyday_words_for_what_happened(said: str, plain: str) -> None:
    """Goods that nobody lists are what is sent; how often something happened is a count."""
    assert text(said) == text(plain)


def test_each_manager_has_subordinates() -> None:
    """Whoever reports to nobody is nobody's subordinate, and makes no group."""
    found = text("How many direct reports does each manager have?")
    assert "manager_id> staff.staff_name present" in found


@pytest.mark.parametrize(
    "question",
    [
        "What is the difference between the average salary of a manager and that of a driver?",
        "Selisih rata-rata salary Manager dan Driver berapa?",
    ],
)
def test_both_sides_of_a_difference_are_of_the_rows(question: str) -> None:
    """A manager is a job title here, as a driver is, and not the driver's manager."""
    found = text(question)
    assert found.count("job_title = ") == 2
    assert "manager_id" not in found
