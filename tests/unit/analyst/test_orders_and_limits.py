"""Orders by what each has in number, limits of rows or of groups, and words for nothing else."""

from datetime import date

import pytest

from kai_flow.analyst.query.printing import printed
from kai_flow.analyst.reading.reader import Declined, Outcome, Understood, read
from kai_flow.analyst.semantics.index import Index
from kai_flow.analyst.semantics.model import SemanticModel
from tests.unit.analyst.scanned import model_of

SHOP = model_of(
    """
    CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, city TEXT, joined_on TEXT);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers(id),
      order_date TEXT, status TEXT, channel TEXT, revenue INTEGER);
    CREATE TABLE returns (id INTEGER PRIMARY KEY, order_id INTEGER REFERENCES orders(id),
      reason TEXT);
    INSERT INTO customers VALUES (1, 'Tono', 'Solo', '2019-01-01'),
      (2, 'Wati', 'Medan', '2021-02-02');
    INSERT INTO orders VALUES (1, 1, '2020-01-02', 'delivered', 'Store', 20),
      (2, 2, '2024-12-04', 'cancelled', 'Online', 30),
      (3, 2, '2024-12-05', 'delivered', 'Store', 9);
    INSERT INTO returns VALUES (1, 1, 'too late'), (2, 3, 'damaged');
    """
)
TRUCKS = model_of(
    """
    CREATE TABLE employees (id INTEGER PRIMARY KEY, name TEXT, hired_on TEXT);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, driver_id INTEGER REFERENCES employees(id),
      sent_on TEXT);
    INSERT INTO employees VALUES (1, 'Tono', '2019-01-01'), (2, 'Wati', '2021-02-02');
    INSERT INTO orders VALUES (1, 1, '2023-01-02'), (2, 2, '2024-12-04');
    """
)
FIRMS = model_of(
    """
    CREATE TABLE companies (id INTEGER PRIMARY KEY, name TEXT);
    CREATE TABLE reports (id INTEGER PRIMARY KEY, company_id INTEGER REFERENCES companies(id),
      year INTEGER, profit INTEGER);
    INSERT INTO companies VALUES (1, 'Maju'), (2, 'Jaya');
    INSERT INTO reports VALUES (1, 1, 2023, -4), (2, 2, 2023, 7), (3, 1, 2024, 2), (4, 2, 2024, 9);
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


def reason(model: SemanticModel, question: str) -> str:
    """Why a question is declined."""
    found = outcome(model, question)
    assert isinstance(found, Declined), found
    return found.reason.key


@pytest.mark.parametrize(
    "question",
    [
        "customers sorted by number of orders",
        "list customers ordered by number of orders",
        "customers diurutkan menurut jumlah orders",
    ],
)
def test_rows_are_put_in_the_order_of_what_each_has(question: str) -> None:
    """An order by a number of other rows shows that number of each."""
    found = text(SHOP, question)
    assert found.startswith("count(*) from orders by ")
    assert "order by count(*)" in found


@pytest.mark.parametrize("question", ["customers by number of orders", "cities by total revenue"])
def test_no_number_is_asked_for_by_a_number(question: str) -> None:
    """Before a number, "by" is never stepped over: one number of all is no answer."""
    found = outcome(SHOP, question)
    assert not isinstance(found, Understood) or " by " in printed(found.query)


@pytest.mark.parametrize(
    "question",
    [
        *("revenue above 25 by channel", "revenue di atas 25 per channel"),
        *("revenue above 25 by city", "orders per channel above 25"),
    ],
)
def test_a_limit_of_rows_or_of_totals_is_not_guessed(question: str) -> None:
    """A number that is limited before its groups may be that of a row or of a group."""
    assert reason(SHOP, question) == "rows_or_totals"


def test_a_limit_of_totals_that_says_so_is_read() -> None:
    """With "total", or with the groups first, it is the number of each group."""
    assert "having" in text(SHOP, "total revenue above 25 by channel")
    assert "having" in text(SHOP, "channels with revenue above 25")


@pytest.mark.parametrize(
    "question",
    [
        "customers who only ordered in 2024",
        "customers who placed orders only in 2024",
        "how many customers have only ordered in 2024?",
    ],
)
def test_nothing_else_is_no_query(question: str) -> None:
    """Who has some such rows need not have those alone."""
    assert reason(SHOP, question) == "only_ever"


def test_only_some_rows_are_still_asked_for() -> None:
    """Before the rows, "only" limits what is shown."""
    assert "orders" in text(SHOP, "show only customers who ordered in 2024")


@pytest.mark.parametrize("question", ["orders delivered late", "how many orders were late?"])
def test_how_something_was_done_is_no_reason(question: str) -> None:
    """An adverb is no part of a reason; the whole reason is."""
    assert isinstance(outcome(SHOP, question), Declined)
    assert "too late" in text(SHOP, "how many returns because too late")


@pytest.mark.parametrize(
    "question",
    [
        "which companies' profit rose from 2023 to 2024?",
        "companies whose profit rose from 2023 to 2024",
        "companies yang profit-nya naik dari 2023 ke 2024",
    ],
)
def test_who_grew_are_not_all(question: str) -> None:
    """The change of all does not tell whose number rose."""
    assert isinstance(outcome(FIRMS, question), Declined)
    assert "profit" in text(FIRMS, "profit growth from 2023 to 2024")


def test_who_returned_something_is_no_list_of_returns() -> None:
    """A participle after people is what they did, and not the rows of its table."""
    found = outcome(SHOP, "which customers returned items?")
    assert not isinstance(found, Understood) or "from customers" in printed(found.query)


def test_where_something_went_is_not_stepped_over() -> None:
    """What was sent to a column of other rows is not listed beside it."""
    assert isinstance(outcome(SHOP, "orders delivered to the customer's city"), Declined)


def test_the_only_unit_of_a_period_has_no_growth() -> None:
    """One quarter alone has none before it that it could be compared with."""
    found = outcome(SHOP, "revenue growth per quarter in Q1 2024")
    assert not isinstance(found, Understood)


@pytest.mark.parametrize(
    "question",
    ["orders of drivers hired after 2020", "orders handled by drivers hired after 2020"],
)
def test_a_period_is_of_the_time_right_before_it(question: str) -> None:
    """The time of people in a role is theirs, and not that of the rows that they handled."""
    found = text(TRUCKS, question)
    assert "hired_on in [2021" in found
    assert "sent_on in" not in found


def test_what_came_back_is_not_divided_by_those_that_had_any() -> None:
    """Most orders have no returns, and count in the ratio all the same."""
    assert isinstance(outcome(SHOP, "ratio of returns to orders by reason"), Declined)
    assert "from orders by channel" in text(SHOP, "ratio of returns to orders by channel")
