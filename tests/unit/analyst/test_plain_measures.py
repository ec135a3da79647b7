"""Measures that a pair of columns makes plain."""

import pytest

from kai_flow.analyst.query.nodes import Aggregate, Function, Query
from kai_flow.analyst.query.printing import printed
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


@pytest.mark.parametrize(
    ("discount", "price", "formula", "before"),
    [
        (10, 15_000, "((quantity * price) * (1 - (discount / 100)))", []),
        (0.2, 15_000, "((quantity * price) * (1 - discount))", []),
        (10, 15, "(quantity * price)", ["discount"]),
        (2_000, 15_000, "(quantity * price)", ["discount"]),
    ],
)
def test_a_discount_is_taken_off_where_its_numbers_are_plain(
    discount: float, price: int, formula: str, before: list[str]
) -> None:
    """Ten off 15,000 is a percentage; where it may be an amount as well, it is left out."""
    model = model_of(
        f"""
        CREATE TABLE orders (quantity INT, price INT, discount REAL);
        INSERT INTO orders VALUES (1, {price}, {discount}), (2, {price}, 0);
        """
    )
    (revenue,) = model.derived
    total = Aggregate(function=Function.SUM, of=revenue.expression)
    assert printed(Query(fact="orders", measures=(total,))) == f"sum({formula}) from orders"
    assert [ref.column for ref in revenue.before] == before


@pytest.mark.parametrize(
    ("table", "measure", "formula"),
    [
        ("bookings (nights INT, guests INT, price_per_night INT)", "revenue", "nights * price_per"),
        ("sewa (jumlah_hari INT, harga_per_hari INT)", "revenue", "jumlah_hari * harga_per"),
        ("stocks (item TEXT, stock INT, price INT)", "stock_value", "stock * price"),
        ("stocks (item TEXT, stock INT, unit_cost INT)", "stock_value", "stock * unit_cost"),
    ],
)
def test_a_price_is_that_of_one_of_what_it_names(table: str, measure: str, formula: str) -> None:
    """A price per night is of nights, not of guests; a stock without a price is worth its cost."""
    (derived,) = model_of(f"CREATE TABLE {table};").derived
    total = Aggregate(function=Function.SUM, of=derived.expression)
    assert derived.name == measure
    assert printed(Query(fact=derived.table, measures=(total,))).startswith(f"sum(({formula}")
