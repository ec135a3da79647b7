"""The times of tables: their forms, bounds and order."""

from kai_flow.analyst.query.nodes import Grain
from kai_flow.analyst.semantics.model import AxisForm
from tests.unit.analyst.scanned import model_of

ORDERS = """
CREATE TABLE orders (
    id INTEGER PRIMARY KEY, created_at TIMESTAMP, customer_birth_date DATE, shipped_at TIMESTAMP,
    order_date DATE, due_date DATE
);
INSERT INTO orders VALUES
    (1, '2024-01-02 03:04:05', '1980-05-05', NULL, '2024-01-02', '2024-02-01');
"""


def test_the_most_usual_time_comes_first() -> None:
    """A question about time means when the thing happened, not when its row was written."""
    model = model_of(ORDERS)
    assert [axis.columns[0] for axis in model.axes_of("orders")] == [
        "order_date", "shipped_at", "due_date", "customer_birth_date", "created_at",
    ]  # fmt: skip


def test_dates_have_their_first_and_last_day() -> None:
    """Days are ISO dates, also of timestamps; a column without a value has none."""
    axes = model_of(ORDERS).axes
    created, shipped = axes["orders.created_at"], axes["orders.shipped_at"]
    assert (created.first, created.last) == ("2024-01-02", "2024-01-02")
    assert (shipped.first, shipped.last) == (None, None)
    assert created.finest is Grain.DAY


def test_dates_as_text_and_as_integers_are_axes() -> None:
    """Each form of a date is told apart, with its bounds."""
    model = model_of(
        """CREATE TABLE a (tanggal TEXT);
        INSERT INTO a VALUES ('2024-01-31'), ('2025-06-30');
        CREATE TABLE b (date_key INTEGER); INSERT INTO b VALUES (20240229), (20250101);
        CREATE TABLE c (period INTEGER); INSERT INTO c VALUES (202402), (202412);"""
    )
    assert [(a.form, a.first, a.last) for a in model.axes.values()] == [
        (AxisForm.TEXT, "2024-01-31", "2025-06-30"),
        (AxisForm.NUMBER_DAY, "2024-02-29", "2025-01-01"),
        (AxisForm.NUMBER_MONTH, "2024-02-01", "2024-12-31"),
    ]


def test_a_year_goes_with_its_month_or_quarter() -> None:
    """A year alone, with a month, with a quarter; the month of another date stays apart."""
    model = model_of(
        """CREATE TABLE a (tahun INT, bulan INT, n INT);
        INSERT INTO a VALUES (2024, 1, 1), (2025, 12, 2);
        CREATE TABLE b (year INT, quarter INT); INSERT INTO b VALUES (2024, 1), (2025, 4);
        CREATE TABLE c (birth_year INT, report_year INT, report_month INT);
        INSERT INTO c VALUES (1990, 2024, 5), (2001, 2025, 6);"""
    )
    assert [(a.columns, a.form) for a in model.axes.values()] == [
        (("tahun", "bulan"), AxisForm.YEAR_MONTH),
        (("year", "quarter"), AxisForm.YEAR_QUARTER),
        (("report_year", "report_month"), AxisForm.YEAR_MONTH),
        (("birth_year",), AxisForm.YEAR),
    ]
    assert model.axes["a.tahun"].finest is Grain.MONTH
    assert model.axes["c.birth_year"].first == "1990-01-01"


STAR = """
CREATE TABLE dim_date (
    date_key INTEGER PRIMARY KEY, year INT, quarter INT, month INT, month_name TEXT, holiday INT
);
INSERT INTO dim_date VALUES
    (20240101, 2024, 1, 1, 'January', 1), (20241231, 2024, 4, 12, 'December', 0);
CREATE TABLE fact_sales (
    sale_key INTEGER PRIMARY KEY, date_key INTEGER REFERENCES dim_date, revenue REAL
);
INSERT INTO fact_sales VALUES (1, 20240101, 5), (2, 20241231, 6);
"""


def test_a_date_dimension_is_one_axis_and_nothing_to_ask_about() -> None:
    """Its key is a day; its parts only repeat that, and the facts reach it by a join."""
    model = model_of(STAR)
    assert model.entities["dim_date"].bridge
    assert not model.entities["fact_sales"].bridge
    [axis] = model.axes.values()
    assert (axis.id, axis.form) == ("dim_date.date_key", AxisForm.NUMBER_DAY)
    assert (axis.first, axis.last) == ("2024-01-01", "2024-12-31")


def test_a_date_dimension_of_numbered_months_is_an_axis_of_months() -> None:
    """Where the key is only a number, year and month are the time."""
    model = model_of(STAR.replace("20240101", "1").replace("20241231", "2"))
    [axis] = model.axes.values()
    assert (axis.columns, axis.form) == (("year", "month"), AxisForm.YEAR_MONTH)
