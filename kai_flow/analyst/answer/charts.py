"""The chart that fits a result: a line over time, bars of parts; none for a number or a list."""

from typing import Any, Final

from kai_flow.analyst.answer.cells import shown_plain
from kai_flow.analyst.answer.finding import header
from kai_flow.analyst.answer.shape import figure, is_time, runs
from kai_flow.analyst.answer.story import Story
from kai_flow.analyst.answer.units import unit_of
from kai_flow.analyst.engines.contract import Cell

__all__ = ["MAX_BARS", "MAX_POINTS", "MAX_SERIES", "chart"]

MAX_BARS: Final = 60
"""Bars of a chart at most: more could not be told apart."""

MAX_POINTS: Final = 400
"""Points of a line at most: a year of days."""

MAX_SERIES: Final = 10
"""Lines, or bars side by side, at most."""

Row = dict[str, Cell]


def chart(story: Story) -> dict[str, Any] | None:
    """The fields of a ``chart_config`` event; None when a chart would not help.

    Several series are columns of the data, and ``y_axis_key`` is the list of them.
    """
    query, rows = story.query, story.rows
    if not query.measures or rows.truncated or not 1 <= len(query.groups) <= 2:
        return None
    if len(query.groups) == 2:
        return _series(story)
    lines = is_time(query.groups[0], story) and runs(story) != 0
    keys = _alike(story)
    data = [
        {rows.columns[0]: shown_plain(row[0], query.groups[0], story.names)}
        | {key: figure(row[rows.columns.index(key)]) for key in keys}
        for row in (reversed(rows.data) if lines and runs(story) < 0 else rows.data)
    ]
    if not lines:
        data = [row for row in data if any(row[key] is not None for key in keys)]
    if not keys or not 2 <= len(data) <= (MAX_POINTS if lines else MAX_BARS):
        return None
    title = " / ".join(header(story, rows.columns.index(key)) for key in keys)
    return _config(story, lines, f"{title} – {header(story, 0)}", data, rows.columns[0], keys)


def _series(story: Story) -> dict[str, Any] | None:
    """Two groupings: one is the axis, and each value of the other is a series."""
    groups, rows = story.query.groups, story.rows
    times = [is_time(group, story) and runs(story) != 0 for group in groups]
    across = _axis(story, times)
    lines, key = times[across], rows.columns[across]
    labels: dict[Cell, str] = {}
    found: dict[str, Row] = {}
    for row in reversed(rows.data) if lines and runs(story) < 0 else rows.data:
        place = shown_plain(row[across], groups[across], story.names)
        label = shown_plain(row[1 - across], groups[1 - across], story.names)
        labels.setdefault(row[1 - across], label if label != key else f"{label} ")
        line = found.setdefault(place, {key: place})
        line[labels[row[1 - across]]] = figure(story.measured(row))
    names = list(dict.fromkeys(labels.values()))
    if not 2 <= len(found) <= (MAX_POINTS if lines else MAX_BARS):
        return None
    if not 1 <= len(names) <= MAX_SERIES or len(names) != len(labels):
        return None
    data = [{key: line[key]} | {name: line.get(name) for name in names} for line in found.values()]
    title = f"{header(story, 2)} – {header(story, across)}, {header(story, 1 - across)}"
    return _config(story, lines, title, data, key, names)


def _axis(story: Story, times: list[bool]) -> int:
    """Which grouping is the axis: time, or else the one with more values."""
    if any(times):
        return times.index(True)
    sizes = [len({row[at] for row in story.rows.data}) for at in (0, 1)]
    return 0 if sizes[0] >= sizes[1] else 1


def _alike(story: Story) -> list[str]:
    """The measures that can share an axis with the first: numbers of the same unit."""
    first = story.query.measures[0]
    start = len(story.query.groups)
    unit = unit_of(first, story.names)
    return [
        story.rows.columns[start + at]
        for at, measure in enumerate(story.query.measures)
        if (type(measure), unit_of(measure, story.names)) == (type(first), unit)
        and any(figure(story.measured(row, at)) is not None for row in story.rows.data)
    ]


def _config(
    story: Story, lines: bool, title: str, data: list[Row], key: str, series: list[str]
) -> dict[str, Any]:
    unit = unit_of(story.query.measures[0], story.names)
    return {
        "widget_type": "line" if lines else "bar",
        "widget_title": f"{title} ({unit})" if unit not in {"", "%"} else title,
        "widget_data": data,
        "x_axis_key": key,
        "y_axis_key": series[0] if len(series) == 1 else series,
    }
