"""Last sentences that say what to count, thanks that ask nothing, and numbers of single orders."""

from datetime import date
from functools import partial

import pytest

from kai_flow.analyst.reading.reader import Declined
from tests.unit.analyst import asking
from tests.unit.analyst.scanned import model_of

SHOP = model_of(
    """
    CREATE TABLE orders (order_id INTEGER PRIMARY KEY, order_date TEXT, status TEXT, city TEXT,
      jumlah INTEGER);
    CREATE TABLE order_items (item_id INTEGER PRIMARY KEY,
      order_id INTEGER REFERENCES orders(order_id), quantity INTEGER, unit_price REAL);
    INSERT INTO orders VALUES (1, '2024-01-05', 'cancelled', 'Leeds', 2),
      (2, '2024-02-05', 'delivered', NULL, 1), (3, '2024-02-06', 'pending', 'York', 4),
      (4, '2024-02-07', 'delivered', 'Leeds', 4);
    INSERT INTO order_items VALUES (1, 1, 2, 5.5), (2, 1, 1, 4), (3, 2, 3, 5.5), (4, 3, 1, 2);
    """
)


outcome = partial(asking.outcome, SHOP, today=date(2024, 12, 31))
text = partial(asking.text, SHOP, today=date(2024, 12, 31))


@pytest.mark.parametrize(
    "question",
    [
        "How many orders per city? Do not count cancelled orders.",
        "How many orders per city? Don't include the cancelled ones please.",
        "How many orders per city? Cancelled ones should not be counted.",
        "How many orders per city? Leave the cancelled ones out.",
        "How many orders per city? Please ignore cancelled orders.",
        "Ada berapa order per city? Order yang dibatalkan jangan dihitung.",
        "Ada berapa order per city? Yang dibatalkan tidak usah dihitung ya.",
        "Ada berapa order per city, yang dibatalkan abaikan aja",
        "Ada berapa order per city? Jangan hitung yang dibatalkan.",
    ],
)
def test_what_a_last_sentence_leaves_out_is_a_filter(question: str) -> None:
    """Not to count cancelled orders is to count all others."""
    found = text(question)
    assert found.startswith("count(*) from orders by city where not status = 'cancelled'"), found


def test_a_period_that_is_left_out_is_that_of_the_last_sentence_only() -> None:
    """The year of the question stays, and only what the sentence names is left out."""
    found = text("How many orders in 2024? Don't count cancelled orders.")
    assert "order_date in [2024-01-01, 2025-01-01)" in found
    assert "not status = 'cancelled'" in found


@pytest.mark.parametrize(
    "question",
    [
        "How many orders are not in Leeds? Please count the ones with no city recorded as well.",
        "How many orders are not in Leeds? Include those without a city.",
        "Ada berapa order yang bukan di Leeds? Yang city kosong juga dihitung ya.",
    ],
)
def test_rows_without_a_value_count_as_they_do_anyway(question: str) -> None:
    """What is not in Leeds includes what is in no city: to say so adds no filter."""
    assert text(question) == text("How many orders are not in Leeds?")


@pytest.mark.parametrize(
    "question",
    [
        "How many orders are in Leeds? Cancelled ones count too.",
        "How many orders are in Leeds? Also count those without a city.",
        "Ada berapa order di Leeds? Yang dibatalkan juga dihitung.",
    ],
)
def test_other_rows_that_count_as_well_are_declined_by_name(question: str) -> None:
    """What else counts is never taken for a further filter."""
    found = outcome(question)
    assert isinstance(found, Declined)
    assert found.reason.key == "not_understood"


@pytest.mark.parametrize(
    "words",
    [
        *("Sip, mantap, makasih banyak ya!", "Thanks a lot, very helpful!", "Nice work"),
        *("Keren banget kak, terima kasih banyak", "Halo, selamat pagi semuanya", "Well done!"),
    ],
)
def test_thanks_and_praise_ask_nothing(words: str) -> None:
    """Courtesies alone are no question, whatever columns their words may name."""
    found = outcome(words)
    assert isinstance(found, Declined)
    assert found.reason.key == "nothing_known"


@pytest.mark.parametrize(
    "question",
    [
        "What is the median revenue per order?",
        "Highest revenue per order",
        "Berapa median omzet per pesanan?",
        "Median revenue of each order",
    ],
)
def test_a_number_of_each_order_is_not_that_of_its_lines(question: str) -> None:
    """The median over what orders are worth is no query: neither is it a list of medians."""
    assert isinstance(outcome(question), Declined)


@pytest.mark.parametrize(
    "opening",
    [
        *("For the audit file: ", "To settle a bet: ", "For the annual award: "),
        *("I have to name one for the annual meeting: ", "For tomorrow's meeting: "),
    ],
)
def test_a_clause_before_a_colon_that_says_why_is_set_aside(opening: str) -> None:
    """What the answer is for changes nothing."""
    question = "how many orders are in Leeds?"
    assert text(opening + question) == text(question)


def test_a_number_beside_a_share_is_of_its_part_where_that_is_named_between() -> None:
    """How many were cancelled, and what percentage that is, are the cancelled ones both times."""
    found = text("How many orders were cancelled, and what percentage is that of all orders?")
    assert found.count("status = 'cancelled'") > 1
    whole = text("How many orders are there, and what percentage were cancelled?")
    assert whole.startswith("count(*),")


@pytest.mark.parametrize(
    "question",
    [
        "Berapa total quantity, dan berapa persen dari jumlah?",
    ],
)
def test_a_share_beside_another_number_is_no_share_of_its_own(question: str) -> None:
    """A percentage after one number and of another one is that ratio, which is not read."""
    assert isinstance(outcome(question), Declined)
