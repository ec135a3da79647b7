"""Units of the number that is asked for, how many times as much, superiors, limits of groups."""

from datetime import date
from functools import partial

import pytest

from kai_flow.analyst.reading.reader import Declined, Unclear, Understood
from tests.unit.analyst import asking
from tests.unit.analyst.scanned import model_of

STORES = model_of(
    """
    CREATE TABLE stores (id INTEGER PRIMARY KEY, store_name TEXT, city TEXT, floor_area INTEGER);
    CREATE TABLE staff (id INTEGER PRIMARY KEY, staff_name TEXT, salary INTEGER,
      manager_id INTEGER REFERENCES staff(id));
    CREATE TABLE orders (id INTEGER PRIMARY KEY, store_id INTEGER REFERENCES stores(id),
      order_date TEXT, payment TEXT, channel TEXT, distance INTEGER, amount INTEGER);
    INSERT INTO stores VALUES (1, 'Kuta', 'Solo', 300), (2, 'Ubud', 'Medan', 400),
      (3, 'Sanur', 'Solo', 350);
    INSERT INTO staff VALUES (1, 'Ann', 900, NULL), (2, 'Bob', 500, 1), (3, 'Cid', 400, 1);
    INSERT INTO orders VALUES (1, 1, '2024-01-02', 'card', 'Shop', 12, 5000),
      (2, 2, '2024-02-02', 'cash', 'Online', 7, 7000), (3, 3, '2024-02-03', 'paypal', 'Shop', 3, 9),
      (4, 1, '2024-02-02', 'card', 'Online', 8, 7100), (5, 3, '2024-02-03', 'cash', 'Phone', 4, 90);
    """
)


outcome = partial(asking.outcome, STORES, today=date(2024, 12, 31))
text = partial(asking.text, STORES, today=date(2024, 12, 31))


@pytest.mark.parametrize(
    ("question", "plain"),
    [
        ("Average floor area of the stores in square metres", "Average floor area of the stores"),
        ("Rata-rata luas toko dalam meter persegi", "Rata-rata luas toko"),
        ("Total order amount in rupiah by city", "Total order amount by city"),
        ("Nilai order yang paling besar itu berapa rupiah?", "Nilai order yang paling besar?"),
        ("Total distance of the orders in kilometres", "Total distance of the orders"),
    ],
)
def test_a_unit_that_fits_is_stepped_over(question: str, plain: str) -> None:
    """The unit of the column, or one that its name suggests, changes nothing."""
    assert text(question) == text(plain)


@pytest.mark.parametrize(
    "question",
    [
        "Average floor area of the stores in kg",
        "Rata-rata luas toko dalam rupiah",
        "Total order amount in square metres",
        "Total order amount in dollars",
        "Total distance of the orders in tons",
    ],
)
def test_a_unit_that_does_not_fit_is_told(question: str) -> None:
    """No number is given in a unit that it is not known to be in."""
    found = outcome(question)
    assert isinstance(found, Declined)
    assert found.reason.key == "other_unit"


@pytest.mark.parametrize(
    "question",
    [
        "How many times as many orders have the channel Shop as Online?",
        "Jumlah order lewat channel Shop berapa kali lipat dari yang Online?",
    ],
)
def test_how_many_times_is_a_ratio(question: str) -> None:
    """One number over another, of which the second may name only what tells it apart."""
    assert text(question).startswith(
        "count(* where channel = 'Shop') / count(* where channel = 'Online') from orders"
    ), text(question)


def test_an_adjective_asks_for_a_size_of_the_named_rows() -> None:
    """How big a store is on average is its floor area; orders have none."""
    assert text("How big is a store on average?") == text("Average floor area of the stores")
    assert not isinstance(outcome("How big is an order on average?"), Understood)


@pytest.mark.parametrize(
    "question",
    [
        "Which store has the best performance?",
        "Which store performs best?",
        "Toko mana yang kinerjanya paling oke?",
        "Toko mana yang performanya paling bagus?",
    ],
)
def test_performance_is_asked_back(question: str) -> None:
    """What the performance is, only who asks can say."""
    assert isinstance(outcome(question), Unclear)


def test_who_is_the_best_store_is_not_who_has_most_stores() -> None:
    """A thing that comes first is no number of things."""
    assert not isinstance(outcome("Who is the best store?"), Understood)


@pytest.mark.parametrize(
    "question",
    [
        "List all staff with the name of the person they report to",
        "List all staff with the person they report to; include the one who reports to nobody",
        "List all staff and their managers, including those without a manager",
        "Tampilkan semua staff beserta nama orang yang membawahi mereka",
    ],
)
def test_whom_somebody_reports_to_is_the_manager(question: str) -> None:
    """A list keeps those who report to nobody, whether the question says so or not."""
    assert text(question) == text("List all staff with the name of their manager")


def test_those_without_a_manager_are_in_no_list_of_some() -> None:
    """Where rows are left out, nothing says that these are kept."""
    assert isinstance(
        outcome(
            "List staff with salary above 400 and their managers, including those without a boss"
        ),
        Declined,
    )


def test_two_lists_are_not_crossed() -> None:
    """No choice has a part that the rest of the question excludes."""
    said = "How many orders with channel Shop or Online were paid by card or PayPal?"
    assert text(said).endswith(
        "where (channel = 'Shop' or 'Online' and payment = 'card' or 'paypal')"
    )


@pytest.mark.parametrize("words", ["altogether", "in total", "combined"])
def test_a_limit_altogether_is_of_groups(words: str) -> None:
    """All rows of a group have it together."""
    assert "having sum(amount) > 5000" in text(
        f"Which cities have an order amount of more than 5,000 {words}?"
    )


def test_a_verb_names_a_column_by_what_it_measures() -> None:
    """What travelled more than 10 km has a greater distance."""
    assert "distance > 10" in text("How many orders travelled more than 10 km?")


def test_the_unit_of_a_quotient_is_told_after_it() -> None:
    """How many rupiah per km says the unit of an amount divided by a distance, and no other."""
    plain = text("per payment, total amount divided by total distance")

    assert (
        text("per payment, total amount divided by total distance comes to how many rupiah per km?")
        == plain
    )
    assert (
        text("per payment, total amount dibagi total distance jadi berapa rupiah per km?") == plain
    )
    assert isinstance(
        outcome(
            "per payment, total distance divided by total amount comes to how many rupiah per km?"
        ),
        Declined,
    )


def test_people_who_report_to_somebody_are_counted_as_subordinates() -> None:
    """At least two people reporting directly to them are at least two subordinates."""
    plain = text("which staff have at least 2 direct reports?")

    assert "having count(*) >= 2" in plain
    for people in ("people reporting directly to them", "people who report to them"):
        assert text(f"which staff have at least two {people}?") == plain
    assert text("which staff have minimal 2 orang yang melapor kepadanya?") == plain


def test_a_salary_beside_a_number_of_subordinates_is_not_that_of_them_all() -> None:
    """The salary of somebody with two subordinates is not limited by the total of theirs."""
    question = "which staff have at least 2 direct reports and a salary above 450?"

    assert not isinstance(outcome(question), Understood)
