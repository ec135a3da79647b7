"""A repeated preposition asks for a number of each side: "for tea and for coffee"."""

from datetime import date

import pytest

from kai_flow.analyst.lexicon.tokens import tokenize
from kai_flow.analyst.query.printing import printed
from kai_flow.analyst.reading.reader import Understood, read
from kai_flow.analyst.reading.said_twice import said_twice
from kai_flow.analyst.semantics.index import Index
from tests.unit.analyst.scanned import model_of

SALES = model_of(
    """
    CREATE TABLE customers (id INTEGER PRIMARY KEY, customer_name TEXT, segment TEXT);
    CREATE TABLE sales (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers(id),
      sale_date TEXT, sales_amount INTEGER, discount INTEGER);
    INSERT INTO customers VALUES (1, 'Ann', 'Corporate'), (2, 'Bob', 'Government'),
      (3, 'Cat', 'Retail'), (4, 'Dan', 'Corporate'), (5, 'Eve', 'Government');
    INSERT INTO sales VALUES (1, 1, '2023-01-02', 40, 2), (2, 2, '2023-02-02', 4, 1),
      (3, 3, '2024-02-03', 90, 9);
    """
)


def plain(question: str) -> str:
    """The one query that a question means, in one line; empty if it means none."""
    found = read(question, SALES, Index(SALES), date(2024, 12, 31))[0]
    return printed(found.query) if isinstance(found, Understood) else ""


@pytest.mark.parametrize(
    "question",
    [
        "What's the average sales amount per sale for Corporate and for Government customers?",
        "Average sales amount per sale for Corporate and Government customers",
        "Total sales amount for Corporate and for Government customers",
        "How many customers are in Corporate and in Government?",
        "Total sales amount per year for Corporate and for Government customers",
        "Berapa total sales amount untuk Corporate dan untuk Government?",
    ],
)
def test_each_side_has_a_number(question: str) -> None:
    """No number is over both sides where a preposition is repeated."""
    query = plain(question)

    assert "by" in query
    assert "segment" in query.partition(" where ")[0].partition(" by ")[2]


@pytest.mark.parametrize(
    "question",
    [
        "Total sales amount for Corporate and for Government customers together",
        "Total sales amount in Corporate and in Government combined",
    ],
)
def test_both_together_are_one_number(question: str) -> None:
    """Words that ask for both together are heard though a preposition is repeated."""
    assert plain(question) == plain("Total sales amount for Corporate and Government together")


def test_a_share_of_all_is_no_share_of_the_sides() -> None:
    """A share of both sides is that of everything, and not of the two sides alone."""
    once = plain("What share of total sales amount comes from Corporate and Government?")

    assert plain("What share of total sales amount comes from Corporate and from Government?") == (
        once
    )


def test_what_was_left_of_a_number_is_its_part() -> None:
    """What was left of one number as another is a share of it, of all rows taken together."""
    expected = plain("What percentage of sales amount was discount?")

    assert "percent" in expected
    assert plain("What percentage of sales amount was left as discount?") == expected
    assert (
        plain("Taking all customers together, what percentage of sales amount was discount?")
        == expected
    )


def test_the_growth_of_what_somebody_has_is_that_of_its_total() -> None:
    """The owner of a total that grows changes nothing: "the customers' total sales amount"."""
    expected = plain("Year-over-year growth of total sales amount")

    assert expected
    assert plain("Year-over-year growth of the customers' total sales amount") == expected
    assert plain("Year-over-year growth of the customers' sales amount") == expected


def test_a_time_beside_a_name_is_shown() -> None:
    """A time that "and" joins to a name is a column of the list, and ends nothing."""
    model = model_of(
        """
        CREATE TABLE firms (id INTEGER PRIMARY KEY, firm_name TEXT, city TEXT,
          founding_year INTEGER);
        INSERT INTO firms VALUES (1, 'Axio', 'Bonn', 2009), (2, 'Nordik', 'Bonn', 2012),
          (3, 'Kite', 'Riga', 2012);
        """
    )
    question = "List the firms founded after 2010 with name and founding year"
    found = read(question, model, Index(model), date(2024, 12, 31))[0]

    assert isinstance(found, Understood)
    assert [column.column for column in found.query.columns] == ["firm_name", "founding_year"]


def test_capitals_of_a_name_repeat_no_preposition() -> None:
    """The words "Bali dan DI Yogyakarta" are two provinces in one number, as two others are."""
    tokens = tokenize("Berapa koperasi di Bali dan DI Yogyakarta?")
    assert said_twice(tokens) == frozenset()
    assert said_twice(tokenize("Berapa koperasi di Bali dan di Yogyakarta?"))
