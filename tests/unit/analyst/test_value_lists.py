"""Lists of values that many tables have."""

from collections.abc import Callable, Sequence
from datetime import date

import pytest

from kai_flow.analyst.query.nodes import Condition, Filter, Not
from kai_flow.analyst.reading.chart import BEAM
from kai_flow.analyst.reading.parts import Column, Item, Part, Rows, Sign, Values, leaf
from kai_flow.analyst.reading.reader import Understood, read
from kai_flow.analyst.reading.value_lists import FEWEST, with_lists
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.index import Index
from tests.unit.analyst.scanned import model_of

TABLES = (
    *("customers", "depots", "stores", "offices", "plants", "studios", "mills", "farms", "ports"),
)

MODEL = model_of(
    "".join(
        f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, name TEXT, city TEXT);"
        f"INSERT INTO {table} VALUES (1, '{table} A', 'Medan'), (2, '{table} B', 'Bogor'),"
        f" (3, '{table} C', 'Padang'), (4, '{table} D', 'Malang'), (5, '{table} E', 'Bogor');"
        for table in TABLES
    )
)


@pytest.mark.parametrize("last", ["and", "or"])
def test_a_list_of_values_is_read_however_many_columns_have_them(last: str) -> None:
    """Other readings of a list do not push out the plain one: any of its values."""
    assert len(TABLES) > BEAM
    asked = f"customers in Medan, Bogor {last} Padang"
    found = read(asked, MODEL, Index(MODEL), date(2025, 1, 1))[0]
    assert isinstance(found, Understood), found
    where = found.query.where
    assert isinstance(where, Condition)
    assert where.values == ("Medan", "Bogor", "Padang")


CITIES = ("Medan", "Bogor", "Padang", "Malang")

CITY = Column(ColumnRef("customers", "city"))


@pytest.mark.parametrize(
    ("asked", "where"),
    [
        (
            "customers in Medan, Bogor, Padang or Malang",
            lambda found: isinstance(found, Condition) and found.values,
        ),
        (
            "berapa pelanggan di Medan, Bogor, Padang dan Malang",
            lambda found: isinstance(found, Condition) and found.values,
        ),
        (
            "how many customers are not in Medan, Bogor, Padang or Malang",
            lambda found: (
                isinstance(found, Not) and isinstance(found.part, Condition) and found.part.values
            ),
        ),
        (
            "compare the number of customers in Medan, Bogor, Padang and Malang",
            lambda found: isinstance(found, Condition) and found.values,
        ),
    ],
)
def test_a_long_list_is_all_of_its_values(
    asked: str, where: Callable[[Filter | None], object]
) -> None:
    """Four values of a column are one filter: of rows, of what is counted, compared or left out."""
    found = read(asked, MODEL, Index(MODEL), date(2025, 1, 1))[0]
    assert isinstance(found, Understood), found
    assert where(found.query.where) == CITIES


def words(*parts: Part) -> list[Item]:
    """A leaf for each word."""
    return [leaf(at, at + 1, part, 0.1) for at, part in enumerate(parts)]


def listing(values: Sequence[str], *joints: str) -> list[Item]:
    """Values of a column with signs between them."""
    parts: list[Part] = [Values(CITY, (values[0],))]
    for value, joint in zip(values[1:], joints, strict=True):
        parts += [Sign(joint), Values(CITY, (value,))]
    return words(*parts)


@pytest.mark.parametrize(("last", "listed"), [("and", True), ("or", False)])
def test_a_long_list_is_one_leaf(last: str, *, listed: bool) -> None:
    """The chart is given the list that it would have built, at the same cost, and no word of it."""
    (whole,) = with_lists(listing(CITIES, "and", "and", last))
    assert whole.part == Values(CITY, CITIES, listed)
    assert whole.words == tuple(range(7))
    assert whole.cost == pytest.approx(0.7)


@pytest.mark.parametrize(
    "leaves",
    [
        listing(CITIES[: FEWEST - 1], "and", "or"),
        listing(("Medan", "Bogor", "Padang", "Medan"), "and", "and", "or"),
        listing(CITIES, "and", "versus", "and"),
        [*listing(CITIES, "and", "and", "or"), leaf(2, 3, Rows("depots"), 0.1)],
        [*listing(CITIES, "and", "and", "or"), leaf(6, 8, Values(CITY, ("Malang Raya",)), 0.1)],
        words(
            *(Values(CITY, ("Medan",)), Sign("and"), Values(CITY, ("Bogor",)), Sign("and")),
            *(Values(CITY, ("Padang",)), Sign("or")),
            Values(Column(ColumnRef("customers", "name")), ("Malang",)),
        ),
    ],
    ids=["short", "repeated", "compared", "a table too", "a longer value", "another column"],
)
def test_what_may_be_no_list_is_left_to_the_chart(leaves: Sequence[Item]) -> None:
    """Few values, a repeated one, and words that mean something else stay as they are."""
    assert with_lists(leaves) == leaves
