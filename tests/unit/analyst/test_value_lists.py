"""Lists of values that many tables have."""

from datetime import date

import pytest

from kai_flow.analyst.query.nodes import Condition
from kai_flow.analyst.reading.chart import BEAM
from kai_flow.analyst.reading.reader import Understood, read
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
