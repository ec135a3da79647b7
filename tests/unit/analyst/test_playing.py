"""What a question names by a role, by a key, or side by side."""

from datetime import date

import pytest

from kai_flow.analyst.kinds.growth import Growth
from kai_flow.analyst.query.nodes import FieldGroup, Query, Related
from kai_flow.analyst.reading.reader import Understood, read
from kai_flow.analyst.semantics.index import Index
from tests.unit.analyst.scanned import model_of

MODEL = model_of(
    """
    CREATE TABLE employees (employee_id INTEGER PRIMARY KEY, employee_name TEXT, salary REAL);
    CREATE TABLE deliveries (delivery_id INTEGER PRIMARY KEY, delivery_date TEXT, weight_kg REAL,
      product TEXT, category TEXT, driver_id INTEGER REFERENCES employees);
    INSERT INTO employees VALUES (1, 'Tono', 900), (2, 'Wati', 800), (3, 'Sri', 700);
    INSERT INTO deliveries VALUES (1, '2023-03-01', 5, 'Gayo', 'coffee', 2),
      (2, '2024-03-02', 6, 'Toraja', 'coffee', 2), (3, '2024-04-03', 7, 'Sencha', 'tea', 3),
      (4, '2024-05-04', 5, 'Gayo', 'coffee', 3), (5, '2024-06-04', 8, 'Oolong', 'tea', 2);
    """
)
INDEX = Index(MODEL)


def query(question: str) -> Query:
    """What a question means, which must be plain."""
    found = read(question, MODEL, INDEX, date(2024, 12, 31))[0]
    assert isinstance(found, Understood), found
    return found.query


@pytest.mark.parametrize(
    "question", ["Who is the highest paid driver?", "Which driver has the highest salary?"]
)
def test_the_first_of_those_who_play_a_role_plays_it(question: str) -> None:
    """A superlative of drivers is among those who drive, and not among all employees."""
    found = query(question)
    assert found.fact == "employees"
    assert isinstance(found.where, Related)
    assert found.where.path == ("employees<deliveries.driver_id",)


@pytest.mark.parametrize(
    "question",
    [
        "number of deliveries per month and the growth compared to the month before",
        "deliveries per year and its growth",
        "total weight per year and the growth",
    ],
)
def test_growth_may_be_asked_for_beside_its_number(question: str) -> None:
    """Growth that stands after an "and" is that of the number before it."""
    assert [type(measure) for measure in query(question).measures][1:] == [Growth]


def test_nouns_side_by_side_are_one() -> None:
    """The words "product categories" are one column, and no list of both."""
    (group,) = query("Which product categories do we have in this data?").groups
    assert isinstance(group, FieldGroup)
    assert group.field.column == "category"
