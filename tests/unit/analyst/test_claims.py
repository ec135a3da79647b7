"""Questions that claim something of each of many rows, or of one end, role or whole of them."""

import pytest

from kai_flow.analyst.query.printing import printed
from kai_flow.analyst.reading.reader import Declined, Understood
from kai_flow.analyst.semantics.model import SemanticModel
from tests.unit.analyst.asking import outcome, text
from tests.unit.analyst.claim_models import SALES, SHOP, UNIONS
from tests.unit.analyst.scanned import model_of


@pytest.mark.parametrize(
    "question", ["orders from London to Leeds", "revenue of orders from Leeds to London in 2024"]
)
def test_both_ends_of_a_way_are_no_two_other_things(question: str) -> None:
    """Where orders are sent, and where who placed them lives, are not the ends of one way."""
    assert isinstance(outcome(SHOP, question), Declined)


def test_a_verb_says_which_place_is_meant() -> None:
    """Where it is said what is sent where, both places are read."""
    found = text(SHOP, "orders from Leeds shipped to London")
    assert "customers.city = 'Leeds' and ship_city = 'London'" in found


@pytest.mark.parametrize(
    "question",
    [
        "customers who order in 2024",
        "which customers order in 2024",
        "pelanggan yang order di 2024",
        "how many customers order in 2024",
    ],
)
def test_a_noun_may_be_a_verb(question: str) -> None:
    """Customers who order are customers, and no orders."""
    found = text(SHOP, question)
    assert " from customers where any (<orders.customer_id where orders.order_date" in found


def test_a_clause_is_about_the_noun_before_it() -> None:
    """Customers whose orders went somewhere are listed, and not their orders."""
    found = text(SHOP, "customers in London whose orders were shipped to Leeds")
    assert found.startswith("list customer_name")


@pytest.mark.parametrize(
    "question",
    ["how many customers made a return", "how many customers made a return each month"],
)
def test_how_many_customers_is_no_number_of_returns(question: str) -> None:
    """The noun after "how many" is counted, and no word of what they did is dropped."""
    found = outcome(SHOP, question)
    assert not isinstance(found, Understood) or "from returns" not in printed(found.query)
    assert not isinstance(found, Understood) or "returns" in printed(found.query)


def test_the_cheapest_of_those_often_ordered_has_its_own_price() -> None:
    """What a product costs is its price, and not the average of what was paid."""
    found = text(SHOP, "cheapest product ordered more than 100 times")
    assert found.startswith("min(product_id> products.price) from order_items")


@pytest.mark.parametrize(
    "question",
    ["orders above 100 by city", "cities with more than 9 orders by payment method"],
)
def test_a_limit_before_groups_is_asked_back(question: str) -> None:
    """A limit of rows, of the first groups or of the last ones: the question has to say."""
    found = outcome(SHOP, question)
    assert isinstance(found, Declined)
    assert found.reason.key == "rows_or_totals"


@pytest.mark.parametrize(
    "question",
    [
        "provinces with a negative surplus",
        "islands with a negative surplus in 2022",
        "how many provinces have a negative surplus",
        "provinsi dengan surplus negatif",
    ],
)
def test_a_number_below_zero_far_down_is_asked_back(question: str) -> None:
    """A province may have a negative total, or any report of a cooperative there below zero."""
    found = outcome(UNIONS, question)
    assert isinstance(found, Declined)
    assert found.reason.key == "rows_or_totals"


@pytest.mark.parametrize(
    "question",
    ["provinces with a negative total surplus", "provinces whose total surplus is minus"],
)
def test_a_negative_total_is_one_of_groups(question: str) -> None:
    """A total below zero is that of each group."""
    assert "having sum(surplus) < 0" in text(UNIONS, question)


@pytest.mark.parametrize(
    "question",
    [
        "which cities have orders of an amount above 50 in total",
        "which cities have orders with an amount above 50 altogether",
    ],
)
def test_a_limit_of_all_together_is_none_of_single_rows(question: str) -> None:
    """Where a limit is one of all rows together, no single row is limited."""
    found = outcome(SHOP, question)
    assert not isinstance(found, Understood) or "having" in printed(found.query)


@pytest.mark.parametrize(
    ("model", "question", "columns"),
    [
        (UNIONS, "what is the island of each province", "province_name, island"),
        (SHOP, "what is the category of each product", "product_name, "),
        (SHOP, "what's the city of every customer", "customer_name, city"),
    ],
)
def test_what_each_has_is_listed(model: SemanticModel, question: str, columns: str) -> None:
    """What a property of each is asks for no number."""
    assert text(model, question).startswith(f"list {columns}")


@pytest.mark.parametrize(
    "question",
    [
        "average sales amount of the top 3 stores",
        "average sales amount of the 3 biggest stores",
        "rata-rata nilai penjualan 3 toko teratas",
    ],
)
def test_an_average_of_the_first_is_asked_back(question: str) -> None:
    """What makes stores the first is not said by the average that is asked of them."""
    found = outcome(SALES, question)
    assert isinstance(found, Declined)
    assert found.reason.key == "ranked_by_what"


@pytest.mark.parametrize(
    "question", ["top 3 stores by average sales amount", "average sales amount by store, top 3"]
)
def test_the_first_by_an_average_are_ranked(question: str) -> None:
    """An average that is said to be the order is one."""
    assert "top 3 order by avg(sales_amount)" in text(SALES, question)


@pytest.mark.parametrize(
    "question", ["weekday and weekend sales amount", "nilai penjualan hari kerja dan akhir pekan"]
)
def test_all_days_are_no_filter(question: str) -> None:
    """Weekdays and weekends are two numbers: together they are all days."""
    found = text(SALES, question)
    assert found.count("sum(sales_amount") == 2


def test_what_tells_rows_is_shown_with_their_names() -> None:
    """A column with another value in each row is listed with the names of the rows."""
    members = model_of(
        """
        CREATE TABLE members (id INTEGER PRIMARY KEY, member_name TEXT, email TEXT, city TEXT);
        INSERT INTO members VALUES (1, 'Ann', 'a@b.org', 'Bonn'), (2, 'Bob', 'b@b.org', 'Bonn'),
          (3, 'Cid', 'c@b.org', 'Kiel');
        """
    )
    assert text(members, "emails in Bonn").startswith("list member_name, email")


def test_a_limit_of_a_total_is_none_of_single_rows() -> None:
    """The total of a city is no single sale of a store there."""
    found = outcome(SALES, "cities with total sales above 100 by store type")
    assert isinstance(found, Declined)


@pytest.mark.parametrize(
    "question",
    [
        "how many orders have customers only placed by card",
        "customers who only paid by card",
    ],
)
def test_only_is_never_dropped(question: str) -> None:
    """Who did nothing else is not told by some row."""
    found = outcome(SHOP, question)
    assert isinstance(found, Declined)
    assert found.reason.key == "only_ever"


def test_products_above_the_average_of_their_category() -> None:
    """The average of each group is not the average of all."""
    for question in (
        "produk yang harganya di atas rata-rata kategorinya",
        "products with a price above the average of their category",
    ):
        assert not isinstance(outcome(SHOP, question), Understood)


def test_the_busiest_month_of_several_things_is_asked_back() -> None:
    """Orders and returns both happen in a month."""
    assert not isinstance(outcome(SHOP, "busiest month of 2024"), Understood)


@pytest.mark.parametrize(
    "question",
    ["how many cooperatives made a loss each year", "jumlah koperasi yang rugi per tahun"],
)
def test_groups_and_filters_are_of_the_same_rows(question: str) -> None:
    """Who made a loss in a year did so in that year, and not in any."""
    found = text(UNIONS, question)
    assert found.startswith("distinct(cooperative_id> cooperatives.id) from reports")
    assert "by year of reports.financial_year where surplus < 0" in found


@pytest.mark.parametrize(
    "question",
    [
        "cooperatives that reported a loss every year",
        "koperasi yang rugi setiap tahun",
        "koperasi dengan pendapatan naik tiap tahun",
    ],
)
def test_what_is_so_every_year_is_not_counted_by_year(question: str) -> None:
    """Who did something in all years is not told by how many did so in each."""
    assert isinstance(outcome(UNIONS, question), Declined)


def test_things_that_belong_to_one_group_are_not_ranked_for_each() -> None:
    """Each cooperative is on one island: the most members per cooperative are an average."""
    found = outcome(UNIONS, "which island has the most members per cooperative")
    assert not isinstance(found, Understood) or "each" not in printed(found.query)


def test_two_lists_are_compared_with_each_other() -> None:
    """Years that are listed besides are no single sum."""
    found = text(UNIONS, "compare revenue of Bali and Banten in 2022 and 2023")
    assert "provinces.province_name, " in found
    assert "2022" in found.split(" where ")[0]


def test_a_difference_of_two_lists_is_not_answered() -> None:
    """Nothing says which of four numbers is taken from which."""
    question = "difference in revenue between Bali and Banten in 2022 and 2023"
    assert isinstance(outcome(UNIONS, question), Declined)


@pytest.mark.parametrize(
    ("question", "before"),
    [
        ("growth of sales amount in March 2025", "[2025-02-01, 2025-03-01)"),
        ("growth of sales amount in Q1 2025", "[2024-10-01, 2025-01-01)"),
        ("growth of sales amount in 2024", "[2023-01-01, 2024-01-01)"),
        ("year over year growth of sales amount in March 2025", "[2024-03-01, 2024-04-01)"),
        ("pertumbuhan nilai penjualan bulan Maret 2025", "[2025-02-01, 2025-03-01)"),
    ],
)
def test_growth_in_a_period_is_against_the_one_before(question: str, before: str) -> None:
    """The growth of a month is one number, and not the growth of each of its days."""
    found = text(SALES, question)
    assert before in found
    assert " by " not in found


def test_the_part_of_a_percentage_is_named_before_it() -> None:
    """Returns are no share of the units that were sold within each group alone."""
    found = outcome(SALES, "returns as a percentage of units sold by store type")
    assert not isinstance(found, Understood) or "share(" not in printed(found.query)
