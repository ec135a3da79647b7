"""Two numbers of a row that are compared: stock below the reorder level."""

import pytest

from kai_flow.analyst.answer.filters import Filters
from kai_flow.analyst.answer.naming import Names
from kai_flow.analyst.query.lowering import lower
from kai_flow.analyst.reading.reader import Understood
from tests.unit.analyst.asking import outcome, text
from tests.unit.analyst.scanned import model_of

STOCK = model_of(
    """
    CREATE TABLE depots (id INTEGER PRIMARY KEY, depot TEXT, space_kg INTEGER);
    CREATE TABLE items (id INTEGER PRIMARY KEY, item TEXT, depot_id INTEGER REFERENCES depots(id),
      stock INTEGER, reorder_level INTEGER, weight_kg INTEGER, price INTEGER);
    INSERT INTO depots VALUES (1, 'Tegal', 900), (2, 'Brebes', 30);
    INSERT INTO items VALUES (1, 'Tea', 1, 4, 9, 70, 1200), (2, 'Rice', 1, 80, 20, 50, 14000),
      (3, 'Salt', 2, 7, 9, 44, 800);
    """
)


@pytest.mark.parametrize(
    ("question", "condition"),
    [
        ("Items with stock below the reorder level", '"stock" - "items"."reorder_level" < 0'),
        ("Barang yang stoknya di bawah reorder level", '"stock" - "items"."reorder_level" < 0'),
        (
            "How many items have a stock of at least their reorder level?",
            '"stock" - "items"."reorder_level" >= 0',
        ),
        (
            "Which items are heavier than the space of their depot?",
            '"weight_kg" - "depots"."space_kg" > 0',
        ),
    ],
)
def test_two_numbers_of_a_row_are_compared(question: str, condition: str) -> None:
    """A row is found if its one number is on the asked side of its other one."""
    found = outcome(STOCK, question)
    assert isinstance(found, Understood), found
    assert condition in lower(found.query, STOCK).text


def test_the_reading_names_both_numbers() -> None:
    """The sentence says which number is compared with which, and not that a difference is."""
    found = outcome(STOCK, "Items with stock below the reorder level")
    assert isinstance(found, Understood)
    words = Filters(Names(STOCK, "en"), "items").parts(found.query.where)
    assert words == ("the stock is less than the reorder level",)


def test_a_list_shows_both_numbers() -> None:
    """Who asks which rows are above the number of another table sees both."""
    listed, _, _rest = text(STOCK, "Items heavier than the space of their depot").partition(
        " from "
    )
    assert {"weight_kg", "depot_id> depots.space_kg"} <= set(listed.split(", "))


@pytest.mark.parametrize(
    "question",
    ["Items with stock below the weight", "Depots with stock below the reorder level"],
)
def test_what_cannot_be_compared_is_no_query(question: str) -> None:
    """Numbers in other units, and the sums of groups, are not compared row by row."""
    assert not isinstance(outcome(STOCK, question), Understood)
