"""Measures that a pair of columns makes plain."""

import pytest

from tests.unit.analyst.scanned import model_of


@pytest.mark.parametrize(
    ("table", "measure"),
    [
        ("orders (quantity INT, unit_price INT)", "revenue"),
        ("data (quantity INT, unit_price INT, customer TEXT)", "revenue"),
        ("ekspor (terjual INT, harga INT)", "revenue"),
        ("data (quantity INT, unit_price INT)", "value"),
        ("purchases (quantity INT, unit_price INT, customer TEXT)", "value"),
    ],
)
def test_quantity_times_price_is_revenue_where_things_are_sold(table: str, measure: str) -> None:
    """The name of the table or a column with a buyer tells; elsewhere it is only a value."""
    assert [derived.name for derived in model_of(f"CREATE TABLE {table};").derived] == [measure]
