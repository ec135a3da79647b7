"""Periods that no number of the data is of: they are asked about, and never left out silently."""

from datetime import date

import pytest

from kai_flow.analyst.answer.outcomes import choices, reason, undated
from kai_flow.analyst.query.printing import printed
from kai_flow.analyst.reading.reader import Declined, Outcome, Unclear, Understood, read
from kai_flow.analyst.semantics.index import Index
from tests.unit.analyst.scanned import model_of

STAFF = model_of(
    """
    CREATE TABLE employees (id INTEGER PRIMARY KEY, name TEXT, city TEXT, salary INTEGER,
      hire_date TEXT);
    INSERT INTO employees VALUES (1, 'Ani', 'Bandung', 9, '2020-01-01'),
      (2, 'Budi', 'Bandung', 5, '2021-01-01'), (3, 'Cici', 'Medan', 6, '2022-02-02');
    """
)


def outcome(question: str) -> Outcome:
    """What a question about the staff means."""
    return read(question, STAFF, Index(STAFF), date(2026, 1, 1))[0]


@pytest.mark.parametrize(
    "question",
    [
        "average salary per city in 2021",
        "total salary of employees in Bandung in 2021",
        "highest salary in 2021",
        "employees with the highest salary in 2021",
        "top 2 cities by salary in 2021",
        "rata-rata gaji karyawan tahun 2021",
    ],
)
def test_a_number_without_a_time_is_not_taken_for_one_of_a_period(question: str) -> None:
    """Salaries are known once: those of who was hired in 2021 are offered, and all of them."""
    found = outcome(question)
    assert isinstance(found, Unclear)
    hired, whatever = (printed(each.query) for each in found.readings if each.query)
    assert "2021" in hired
    assert "2021" not in whatever
    assert undated(found.readings, STAFF, "en")
    assert choices(found.readings, STAFF, "en")[1] == "whatever the time"


def test_the_pay_of_somebody_in_a_month_is_not_known() -> None:
    """No period chooses among the rows that are named, so the reason is told instead."""
    found = outcome("What was the salary of Budi in January 2021?")
    assert isinstance(found, Declined)
    said = "The data does not record the salary over time. Ask without a period."
    assert reason(found.reason, STAFF, "en") == said


@pytest.mark.parametrize(
    "question",
    ["how many employees were hired in 2021", "average salary of employees hired in 2021"],
)
def test_a_time_that_is_named_is_no_question(question: str) -> None:
    """Who says that people were hired in a year means these people."""
    assert isinstance(outcome(question), Understood)
