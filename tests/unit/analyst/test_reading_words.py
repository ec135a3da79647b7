"""What words mean wherever they stand in a question: on average, kemarin, never, a dash."""

import pytest

from kai_flow.analyst.query.nodes import (
    Aggregate,
    During,
    Field,
    FieldGroup,
    Function,
    Not,
    Related,
)
from tests.unit.analyst.test_reading_rules import COUNT, equal, query

YEAR = During(axis="loans.loan_date", start="2024-01-01", end="2025-01-01")


@pytest.mark.parametrize(
    "question",
    [
        "On average, what is the fee of a loan?",
        "What is the fee of loans on average?",
        "Secara rata-rata, berapa fee dari loans?",
    ],
)
def test_on_average_may_stand_anywhere(question: str) -> None:
    """The number of the question is averaged, whether that is said first or last."""
    fee = Field(table="loans", column="fee")
    assert query(question).measures == (Aggregate(function=Function.AVERAGE, of=fee),)


def test_a_dash_is_a_pause() -> None:
    """A dash between words joins no range."""
    found = query("loans that are open - how many?")
    assert (found.measures, found.where) == ((COUNT,), equal("loans", "state", "open"))


@pytest.mark.parametrize("past", ["kemarin", "lalu"])
def test_a_year_that_is_over_is_the_year(past: str) -> None:
    """In “tahun 2024 kemarin”, the last word is no day."""
    assert query(f"berapa loans di tahun 2024 {past}?").where == YEAR


def test_the_amount_of_a_year_is_no_amount() -> None:
    """The total fee of 2024 is that of the year, and not of loans whose fee is 2024."""
    assert query("total fee of 2024").where == YEAR


@pytest.mark.parametrize(
    "question", ["Which members have never borrowed a book?", "members who never borrowed books"]
)
def test_what_was_never_done_to_something_was_never_done(question: str) -> None:
    """Nobody is listed who did it to something else, and what is named first is listed."""
    found = query(question)
    assert found.fact == "members"
    assert isinstance(found.where, Not)
    assert isinstance(found.where.part, Related)
    assert found.where.part.path[0] == "members<loans.member_id"


def test_a_combination_is_two_groups() -> None:
    """Each combination of two columns is a group."""
    found = query("number of loans for each combination of payment method and state")
    assert [group.field.column for group in found.groups if isinstance(group, FieldGroup)] == [
        "payment_method",
        "state",
    ]
