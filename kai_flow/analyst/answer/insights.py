"""One to three remarks that the rows of a result support, computed from them alone.

Nothing is said about rows that were cut off, and only what may be added is added.
"""

from collections.abc import Iterator
from itertools import islice
from statistics import quantiles
from typing import Final, NamedTuple

from kai_flow.analyst.answer import remarks
from kai_flow.analyst.answer.cells import shown
from kai_flow.analyst.answer.formats import day, number, percent
from kai_flow.analyst.answer.shape import (
    adds_up,
    figure,
    is_quantity,
    is_time,
    is_whole,
    nature_of,
    runs,
)
from kai_flow.analyst.answer.spans import covered, last_day
from kai_flow.analyst.answer.story import Story
from kai_flow.analyst.engines.contract import Cell
from kai_flow.analyst.query.calculation import Nature
from kai_flow.analyst.query.nodes import PeriodGroup

__all__ = ["MAX_INSIGHTS", "insights"]

MAX_INSIGHTS: Final = 3
"""Remarks on one result at most."""

TOP: Final = 3
"""Groups whose part of the whole is stated."""

LEAST_GROUPS: Final = 6
"""With fewer groups, that three have most of the whole says nothing."""

LEAST_FOR_OUTLIERS: Final = 8
"""With fewer values, none is plainly out of line."""


class Point(NamedTuple):
    """A group and its number."""

    label: str
    value: float
    key: Cell
    """The group's cell."""


def insights(story: Story) -> tuple[str, ...]:
    """What stands out; empty when nothing does."""
    query, rows = story.query, story.rows
    if not query.measures or len(query.groups) != 1 or rows.truncated or len(rows.data) < 2:
        return ()
    points = _points(story)
    if len(points) < 2:
        return ()
    found = _over_time(story, points) if _in_time(story) else _by_parts(story, points)
    return tuple(islice(found, MAX_INSIGHTS))


def _points(story: Story) -> list[Point]:
    """The groups that have a number for the first measure."""
    group, names = story.query.groups[0], story.names
    return [
        Point(shown(row[0], group, names), value, row[0])
        for row in story.rows.data
        if (value := figure(story.measured(row))) is not None
    ]


def _in_time(story: Story) -> bool:
    group = story.query.groups[0]
    return (is_time(group, story) and runs(story) != 0) or (
        isinstance(group, PeriodGroup) and not story.query.order
    )


def _shown(story: Story, value: float) -> str:
    return shown(value, story.query.measures[0], story.names)


# Over time


def _over_time(story: Story, points: list[Point]) -> Iterator[str]:
    """The change, the peak, and whether the last period is complete."""
    if runs(story) < 0:
        points.reverse()
    ends = last_day(story, points[-1].key)
    if ends is not None:
        final = day(ends, story.language)
        yield remarks.INCOMPLETE.say(story.language, day=final, period=points[-1].label)
        points = points[:-1]
    points = [point for point in points if covered(story, point.key)]
    if len(points) < 2:
        return
    if nature_of(story.query.measures[0]) is Nature.CHANGE:
        yield _ups(story, points)
    elif change := _change(story, points[0], points[-1]):
        yield change
    if len(points) > 2:
        yield _extremes(story, points)
        yield from _outliers(story, points)


def _change(story: Story, first: Point, last: Point) -> str:
    """From the first period to the last; empty when a percentage would have no meaning."""
    if first.value <= 0 or last.value < 0 or not is_quantity(story.query.measures[0], story):
        return ""
    ends = f"({_shown(story, first.value)} → {_shown(story, last.value)})"
    if first.value == last.value:
        return story.pick(
            f"Nilai {last.label} sama dengan nilai {first.label}: {_shown(story, last.value)}.",
            f"{last.label} has the same value as {first.label}: {_shown(story, last.value)}.",
        )
    rate = percent(abs(last.value / first.value - 1) * 100, story.language)
    rose = last.value > first.value
    return story.pick(
        f"Dari {first.label} sampai {last.label} nilainya {'naik' if rose else 'turun'} {rate}"
        f" {ends}.",
        f"From {first.label} to {last.label} it {'rose' if rose else 'fell'} by {rate} {ends}.",
    )


def _extremes(story: Story, points: list[Point]) -> str:
    """The highest and the lowest period."""
    high = max(points, key=lambda point: point.value)
    low = min(points, key=lambda point: point.value)
    if high.value == low.value:
        return story.pick(
            f"Nilainya sama di semua periode: {_shown(story, high.value)}.",
            f"It is the same in all periods: {_shown(story, high.value)}.",
        )
    return story.pick(
        f"Tertinggi pada {high.label} ({_shown(story, high.value)}), terendah pada {low.label}"
        f" ({_shown(story, low.value)}).",
        f"The highest was {high.label} ({_shown(story, high.value)}), the lowest {low.label}"
        f" ({_shown(story, low.value)}).",
    )


def _ups(story: Story, points: list[Point]) -> str:
    """How often it grew."""
    ups = sum(point.value > 0 for point in points)
    return story.pick(
        f"Naik dalam {ups} dari {len(points)} periode.",
        f"It rose in {ups} of {len(points)} periods.",
    )


# By parts


def _by_parts(story: Story, points: list[Point]) -> Iterator[str]:
    """How much the first ones have of the whole, how far apart the ends are, who is out of line."""
    ranked = sorted(points, key=lambda point: -point.value)
    yield from _concentration(story, ranked)
    yield from _distance(story, ranked)
    yield from _outliers(story, points)


def _concentration(story: Story, ranked: list[Point]) -> Iterator[str]:
    """What part of the whole the first groups have, if that is much."""
    measure = story.query.measures[0]
    if not (is_whole(story) and adds_up(measure, story)) or ranked[-1].value < 0:
        return
    total = sum(point.value for point in ranked)
    count = len(ranked)
    if total <= 0 or count < 3:
        return
    first = ranked[0].value / total
    part = sum(point.value for point in ranked[:TOP]) / total
    whole = 100.0
    if first >= 0.5 and nature_of(measure) is not Nature.PART:
        rate = percent(first * whole, story.language)
        yield story.pick(
            f"{ranked[0].label} mencakup {rate} dari keseluruhan.",
            f"{ranked[0].label} accounts for {rate} of the whole.",
        )
    elif count >= LEAST_GROUPS and part >= max(0.4, 1.5 * TOP / count):
        rate = percent(part * whole, story.language)
        many = number(count, story.language)
        yield story.pick(
            f"{TOP} teratas dari {many} mencakup {rate} dari keseluruhan.",
            f"The top {TOP} of {many} account for {rate} of the whole.",
        )


def _distance(story: Story, ranked: list[Point]) -> Iterator[str]:
    """How the highest compares with the lowest."""
    high, low = ranked[0], ranked[-1]
    if high.value == low.value:
        yield story.pick(
            f"Semua nilainya sama: {_shown(story, high.value)}.",
            f"All have the same value: {_shown(story, high.value)}.",
        )
        return
    measure = story.query.measures[0]
    times = high.value / low.value if low.value > 0 else 0.0
    if is_quantity(measure, story) and times >= 1.1 and nature_of(measure) is not Nature.PART:
        ratio = number(round(times, 1), story.language)
        yield story.pick(
            f"Nilai {high.label} adalah {ratio} kali nilai {low.label}{_lowest(story, 'id')}.",
            f"The value of {high.label} is {ratio} times that of {low.label}"
            f"{_lowest(story, 'en')}.",
        )
    elif len(ranked) > 2 and is_whole(story):
        yield story.pick(
            f"Tertinggi: {high.label} ({_shown(story, high.value)}); terendah: {low.label}"
            f" ({_shown(story, low.value)}).",
            f"The highest is {high.label} ({_shown(story, high.value)}), the lowest {low.label}"
            f" ({_shown(story, low.value)}).",
        )


def _lowest(story: Story, language: str) -> str:
    """What is said of the lowest: that it is the lowest, of all or only of those shown."""
    if len(story.rows.data) < 3:
        return ""
    if is_whole(story):
        return ", yang terendah" if language == "id" else ", the lowest"
    return (
        ", yang terendah di antara yang ditampilkan"
        if language == "id"
        else (", the lowest of those shown")
    )


def _outliers(story: Story, points: list[Point]) -> Iterator[str]:
    """Values far beyond the middle half of all: three times its width."""
    if len(points) < LEAST_FOR_OUTLIERS or not is_whole(story):
        return
    low, _, high = quantiles((point.value for point in points), n=4)
    room = 3 * (high - low)
    far = [p for p in points if not low - room <= p.value <= high + room]
    if room <= 0 or len(far) != 1:
        return
    value = _shown(story, far[0].value)
    yield story.pick(
        f"{far[0].label} jauh di luar kisaran yang lain: {value}.",
        f"{far[0].label} is far outside the range of the others: {value}.",
    )
