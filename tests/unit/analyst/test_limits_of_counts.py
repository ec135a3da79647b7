"""What limits of numbers are said of: of the rows that are counted, of one number, or of groups."""

import pytest

from kai_flow.analyst.query.printing import printed
from kai_flow.analyst.reading.reader import Declined, Unclear, Understood
from tests.unit.analyst.asking import outcome, text
from tests.unit.analyst.claim_models import SALES, SHOP, UNIONS
from tests.unit.analyst.scanned import model_of


@pytest.mark.parametrize(
    ("question", "counted"),
    [
        (
            "how many provinces have more than 5 cooperatives founded in 2023",
            "<cooperatives.province_id count(* where founded_on in [2023-01-01, 2024-01-01))) > 5",
        ),
        (
            "how many provinces have more than 5 active cooperatives",
            "<cooperatives.province_id count(* where status = 'active')) > 5",
        ),
        (
            "berapa provinsi yang punya lebih dari 5 koperasi aktif",
            "<cooperatives.province_id count(* where status = 'active')) > 5",
        ),
    ],
)
def test_what_is_said_of_rows_is_said_of_those_that_are_counted(
    question: str, counted: str
) -> None:
    """More than 5 active cooperatives are 5 active ones, and not 5 of which one is active."""
    unions = model_of(
        """
        CREATE TABLE provinces (id INTEGER PRIMARY KEY, province_name TEXT, since TEXT);
        CREATE TABLE cooperatives (id INTEGER PRIMARY KEY, cooperative_name TEXT, province_id
          INTEGER REFERENCES provinces(id), status TEXT, founded_on TEXT);
        INSERT INTO provinces VALUES (1, 'Bali', '1958-01-01'), (2, 'Banten', '2000-01-01');
        INSERT INTO cooperatives VALUES (1, 'Maju', 1, 'active', '2023-01-02'),
          (2, 'Jaya', 2, 'inactive', '2022-02-03'), (3, 'Raya', 2, 'active', '2021-02-03');
        """
    )
    found = text(unions, question).replace("cooperatives.founded_on", "founded_on")
    assert found == f"count(*) from provinces where ({counted}"


def test_a_second_limit_without_a_noun_is_of_the_same_number() -> None:
    """Priced above 20 but below 30 is a price between both."""
    found = text(SHOP, "products priced above 20 but below 35")
    assert "where (price > 20 and price < 35)" in found


@pytest.mark.parametrize(
    "question",
    [
        "which product sold more in 2024 than in 2023",
        "who ordered more, Tono or Wati",
        "which customer ordered more, Tono or Wati",
    ],
)
def test_which_did_more_is_neither_a_year_nor_one_of_each(question: str) -> None:
    """Two years do not tell a product, and each customer is one."""
    assert isinstance(outcome(SHOP, question), Declined)


def test_the_week_of_a_day_is_no_day() -> None:
    """Orders in the week of a date are not those of that date alone."""
    found = outcome(SHOP, "orders in the week of 5 March 2024")
    assert not isinstance(found, Understood)


@pytest.mark.parametrize(
    "question", ["how many islands have no cooperatives", "islands without cooperatives"]
)
def test_an_island_without_cooperatives_has_none_in_any_province(question: str) -> None:
    """That one of its provinces has none does not say so."""
    assert not isinstance(outcome(UNIONS, question), Understood)


def test_revenue_above_a_limit_may_be_of_each_report() -> None:
    """Provinces with a revenue above a limit, by island: in one report, or in all?"""
    found = outcome(UNIONS, "provinces with revenue above 50 in 2023 by island")
    assert isinstance(found, Declined)
    assert found.reason.key == "rows_or_totals"


@pytest.mark.parametrize(
    "question", ["orders by city except London", "jumlah pesanan per kota kecuali London"]
)
def test_what_is_left_out_of_groups_is_one_of_them(question: str) -> None:
    """London is no group any more, whichever city is meant."""
    found = outcome(SHOP, question)
    assert isinstance(found, Understood | Unclear)
    several = found.readings if isinstance(found, Unclear) else (found,)
    queries = [printed(each.query) for each in several if each.query]
    assert queries
    for query in queries:
        column = "customers.city" if "by customer_id> customers.city" in query else "ship_city"
        assert f"{column} = 'London'" in query


@pytest.mark.parametrize(
    "question",
    [
        "how many cooperatives have a report for every year",
        "number of cooperatives that reported a loss every year",
    ],
)
def test_every_year_is_asked_of_each(question: str) -> None:
    """Who did something in every year is no number of those who did so in each."""
    assert isinstance(outcome(UNIONS, question), Declined)


def test_two_years_are_no_amounts() -> None:
    """A difference of two shops in two years has no sale between 2,023 and 2,024."""
    found = outcome(SALES, "selisih penjualan mall dan street di 2023 dan 2024")
    assert not isinstance(found, Understood)


@pytest.mark.parametrize(
    "question",
    [
        "customers with an amount above 20 in a single order",
        "pelanggan dengan total amount di atas 20 dalam satu pesanan",
    ],
)
def test_a_limit_of_one_order_is_none_of_all(question: str) -> None:
    """What somebody spent in one order is not what they spent altogether."""
    found = outcome(SHOP, question)
    assert not isinstance(found, Understood) or not found.query.having


def test_over_a_number_says_neither_when_nor_how_many() -> None:
    """Of "orders over 900, oldest first", not the first 900 are shown, and nothing lasts."""
    found = outcome(SHOP, "list the orders over 900, oldest first")
    assert not isinstance(found, Understood) or found.query.limit != 900


@pytest.mark.parametrize("question", ["number of orders over 12 months", "orders above 3 years"])
def test_no_amount_is_more_than_some_months(question: str) -> None:
    """A number in a unit of time is compared with nothing that is no time."""
    assert isinstance(outcome(SHOP, question), Declined)
