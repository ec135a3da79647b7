"""Charts: a line over time, bars of parts, one series for each value of a second grouping."""

import pytest

from kai_flow.analyst.answer.charts import MAX_BARS, MAX_SERIES, chart
from kai_flow.analyst.query.nodes import Grain, Order, Query
from tests.unit.analyst.stories import (
    AVERAGE,
    BY_CITY,
    BY_STATUS,
    COUNT,
    LARGEST,
    STATUS,
    TOTAL,
    by_time,
    orders,
    story,
)


def test_a_number_over_time_is_a_line() -> None:
    """A trend is drawn as a line from the first period to the last, with its unit."""
    assert chart(story(orders(by_time()), ("2025-01", 5.0), ("2025-02", None))) == {
        "widget_type": "line",
        "widget_title": "Total amount – Month (order date) (USD)",
        "widget_data": [{"c0": "January 2025", "c1": 5.0}, {"c0": "February 2025", "c1": None}],
        "x_axis_key": "c0",
        "y_axis_key": "c1",
    }


def test_time_runs_forward_in_a_chart() -> None:
    """A table with the newest first is drawn with the oldest first."""
    query = orders(by_time(), order=(Order(by=by_time(), descending=True),))
    drawn = chart(story(query, ("2025-02", 2.0), ("2025-01", 1.0), language="id"))
    assert drawn is not None
    assert [row["c0"] for row in drawn["widget_data"]] == ["Januari 2025", "Februari 2025"]


def test_months_in_the_order_of_their_size_are_bars() -> None:
    """A ranking of months is no trend."""
    query = orders(by_time(), order=(LARGEST,))
    drawn = chart(story(query, ("2025-02", 2.0), ("2025-01", 1.0)))
    assert drawn is not None
    assert drawn["widget_type"] == "bar"


def test_parts_are_bars_and_those_without_a_number_are_left_out() -> None:
    """Groups of a column are bars, in the order of the table."""
    rows = (("Bandung", 3.0), (None, 2.0), ("Solo", None))
    drawn = chart(story(orders(BY_CITY), *rows))
    assert drawn is not None
    assert drawn["widget_type"] == "bar"
    assert drawn["widget_data"] == [{"c0": "Bandung", "c1": 3.0}, {"c0": "(none)", "c1": 2.0}]


def test_a_second_grouping_is_drawn_as_series_along_time() -> None:
    """Two groupings: time is the axis, the other one has a line for each of its values."""
    rows = (("P", "2025-01", 1.0), ("P", "2025-02", 2.0), ("X", "2025-02", 3.0))
    drawn = chart(story(orders(BY_STATUS, by_time()), *rows))
    assert drawn is not None
    assert drawn["widget_type"] == "line"
    assert drawn["widget_title"] == "Total amount – Month (order date), Status (USD)"
    assert drawn["widget_data"] == [
        {"c1": "January 2025", "P": 1.0, "X": None},
        {"c1": "February 2025", "P": 2.0, "X": 3.0},
    ]
    assert drawn["y_axis_key"] == ["P", "X"]


def test_measures_of_one_unit_share_a_chart_and_others_do_not() -> None:
    """Two amounts of money are drawn together; a count beside them is not."""
    rows = (("Bandung", 3.0, 1.5, 2), ("Solo", 4.0, 2.0, 2))
    drawn = chart(story(orders(BY_CITY, of=(TOTAL, AVERAGE, COUNT)), *rows))
    assert drawn is not None
    assert drawn["y_axis_key"] == ["c1", "c2"]
    assert drawn["widget_title"] == "Total amount / Average amount – Customer’s city (USD)"


@pytest.mark.parametrize(
    ("query", "rows", "truncated"),
    [
        (orders(of=(COUNT,)), [(5,)], False),
        (orders(BY_CITY), [("Bandung", 5.0)], False),
        (orders(BY_CITY), [("Bandung", 5.0), ("Solo", 2.0)], True),
        (Query(fact="orders", columns=(STATUS,)), [("P",), ("X",)], False),
        (orders(BY_CITY), [(f"city {at}", 1.0) for at in range(MAX_BARS + 1)], False),
        (
            orders(by_time(), BY_CITY),
            [(f"2025-0{m}", f"city {at}", 1.0) for m in (1, 2) for at in range(MAX_SERIES + 1)],
            False,
        ),
        (orders(BY_CITY, BY_STATUS, by_time()), [("a", "P", "2025-01", 1.0)] * 2, False),
    ],
    ids=["number", "one group", "cut", "list", "too many bars", "too many series", "three"],
)
def test_a_chart_that_would_not_help_is_not_drawn(
    query: Query, rows: list[tuple[str | float, ...]], truncated: bool
) -> None:
    """One number, a list, rows that were cut, and what nobody could tell apart have no chart."""
    assert chart(story(query, *rows, truncated=truncated)) is None


def test_weekdays_are_bars_with_their_names() -> None:
    """Parts of the calendar of any year are compared, not followed."""
    drawn = chart(story(orders(by_time(Grain.DAY, recurring=True)), (1, 5.0), (7, 2.0)))
    assert drawn is not None
    assert drawn["widget_type"] == "bar"
    assert [row["c0"] for row in drawn["widget_data"]] == ["Monday", "Sunday"]
