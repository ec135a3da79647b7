"""Which of many equal covers of a question are assembled."""

from kai_flow.analyst.reading.cover import Cover
from kai_flow.analyst.reading.nearness import TWINS, nearest
from kai_flow.analyst.reading.parts import Column, Rows, leaf
from kai_flow.analyst.schema import ColumnRef
from tests.unit.analyst.scanned import model_of

FAR = TWINS + 5

MODEL = model_of(
    "CREATE TABLE cities (id INTEGER PRIMARY KEY, name TEXT);"
    "CREATE TABLE orders (id INTEGER PRIMARY KEY, city_id INTEGER REFERENCES cities);"
    + "".join(f"CREATE TABLE far{n} (id INTEGER PRIMARY KEY, name TEXT);" for n in range(FAR))
)


def cover(table: str, cost: float) -> Cover:
    """Orders, and the name of another table."""
    of = leaf(1, 2, Column(ColumnRef(table, "name")), 0.0)
    return Cover((leaf(0, 1, Rows("orders"), 0.0), of), cost)


def test_of_many_covers_those_with_the_nearest_tables_are_assembled() -> None:
    """Whatever many tables have the same column, that of a related table is tried."""
    far = [cover(f"far{n}", 0.5) for n in range(FAR)]
    near = cover("cities", 0.5)
    found = nearest([*far, near], MODEL)
    assert found == [*far[: TWINS - 1], near]


def test_a_cheaper_cover_comes_before_a_nearer_one() -> None:
    """What the words say counts more than how near the tables are."""
    cheap = [cover(f"far{n}", 0.2) for n in range(FAR)]
    assert nearest([*cheap, cover("cities", 0.5)], MODEL) == cheap[:TWINS]
