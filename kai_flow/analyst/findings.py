"""What stands out in a result, and how to draw it."""

from typing import Any

from kai_flow.analyst.engines.contract import Cell, Rows
from kai_flow.analyst.explain import Story, with_unit
from kai_flow.analyst.numbers import format_number
from kai_flow.analyst.plan import Aggregate

__all__ = ["MAX_CHART_POINTS", "chart", "insights"]

MAX_CHART_POINTS = 60
"""Bars or points of a chart at most: more could not be distinguished."""


def chart(story: Story, rows: Rows) -> dict[str, Any] | None:
    """A bar or line chart of the first measure, when a chart helps; else None."""
    if not story.statement.measures or not 2 <= len(rows.data) <= MAX_CHART_POINTS:
        return None
    axis, value = rows.columns[0], story.statement.measures[0]
    if len(story.plan.dimensions) > 1 or axis == value:
        return None
    temporal = any(dimension.temporal for dimension in story.plan.dimensions)
    title = f"{story.header(value)} – {story.header(axis)}"
    if story.unit(value):
        title += f" ({story.unit(value)})"
    return {
        "widget_type": "line" if temporal else "bar",
        "widget_title": title,
        "widget_data": [dict(zip(rows.columns, row, strict=True)) for row in rows.data],
        "x_axis_key": axis,
        "y_axis_key": value,
    }


def insights(story: Story, rows: Rows) -> list[str]:
    """One or two sentences computed from the rows that are shown."""
    measures = story.statement.measures
    if not measures or len(rows.data) < 2 or rows.truncated:
        return []
    at = rows.columns.index(measures[0])
    points = [(row[0], value) for row in rows.data if _number(value := row[at])]
    if len(points) < 2 or at == 0:
        return []
    if any(dimension.temporal for dimension in story.plan.dimensions):
        return [_change(story, points)] if len(story.plan.dimensions) == 1 else []
    return _spread(story, points, measures[0]) if len(story.plan.dimensions) <= 1 else []


def _number(value: Cell) -> bool:
    """Whether a cell is a number."""
    return isinstance(value, int | float)


def _change(story: Story, points: list[tuple[Cell, Any]]) -> str:
    """From the first to the last year."""
    (first, old), (last, new) = points[0], points[-1]
    peak, most = max(points, key=lambda point: point[1])
    column = story.statement.measures[0]
    text = story.pick(
        f"Puncaknya pada {peak}: {story.value(most, column)}.",
        f"The peak was in {peak}: {story.value(most, column)}.",
    )
    if old <= 0 or new < 0:
        return text
    change = format_number(abs(new / old - 1) * 100, story.language, 1)
    way = story.pick("naik", "rose") if new >= old else story.pick("turun", "fell")
    return (
        text
        + " "
        + story.pick(
            f"Dari {first} sampai {last} nilainya {way} {change}%.",
            f"From {first} to {last} it {way} by {change}%.",
        )
    )


def _spread(story: Story, points: list[tuple[Cell, Any]], column: str) -> list[str]:
    """The ratio of the first and the last row shown; their sum, where a sum makes sense."""
    (top, high), (low_name, low) = (
        max(points, key=lambda point: point[1]),
        min(points, key=lambda point: point[1]),
    )
    found = []
    if low > 0 and high > low:
        times = format_number(high / low, story.language)
        found.append(
            story.pick(
                f"Nilai {top} {times} kali nilai {low_name}, yang terendah dalam daftar ini.",
                f"The value of {top} is {times} times that of {low_name}, the lowest in this list.",
            )
        )
    summable = story.plan.measures and story.plan.measures[0].aggregate in {
        Aggregate.SUM,
        Aggregate.COUNT,
    }
    if (summable and story.plan.measures[0].column is None) or (
        summable and story.plan.measures[0].aggregate is Aggregate.SUM
    ):
        total = with_unit(
            format_number(sum(value for _, value in points), story.language), story.unit(column)
        )
        found.append(
            story.pick(
                f"Jumlah semua yang ditampilkan: {total}.",
                f"The sum of the values shown is {total}.",
            )
        )
    return found
