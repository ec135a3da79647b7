"""The days of a period in a result, and whether the data or a filter covers only part of them."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import assert_never

from kai_flow.analyst.answer.story import Story
from kai_flow.analyst.engines.contract import Cell
from kai_flow.analyst.query.nodes import All, During, Filter, Grain, TimeGroup
from kai_flow.analyst.semantics.model import SemanticModel

__all__ = ["covered", "last_day", "outside", "periods", "span"]

MOST_MISSING = 0.2
"""Part of a period after the last day of the data from which the period counts as incomplete.

The last day of a complete month may well have no rows.
"""


def span(key: Cell, grain: Grain) -> tuple[date, date] | None:
    """First day, and day after the last, of a period as a result names it; None if unreadable."""
    text = str(key)
    try:
        match grain:
            case Grain.YEAR:
                first, months = date(int(float(text)), 1, 1), 12
            case Grain.QUARTER:
                year, at = text.split("-Q")
                first, months = date(int(year), int(at) * 3 - 2, 1), 3
            case Grain.MONTH:
                first, months = date.fromisoformat(f"{text[:7]}-01"), 1
            case Grain.WEEK | Grain.DAY:
                first = date.fromisoformat(text[:10])
                return first, first + timedelta(days=7 if grain is Grain.WEEK else 1)
            case _:
                assert_never(grain)
    except ValueError:
        return None
    return first, _later(first, months)


def _later(first: date, months: int) -> date:
    """The first day of a month, that many months later."""
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, 1)


def last_day(story: Story, key: Cell) -> date | None:
    """The last day of the data, if the period of a group goes on long after it; else None."""
    group = story.query.groups[0]
    if not isinstance(group, TimeGroup) or group.recurring:
        return None
    axis = story.model.axes[group.axis]
    found = span(key, group.grain)
    if found is None or axis.last is None or axis.finest not in {Grain.DAY, Grain.WEEK}:
        return None
    try:
        ends = date.fromisoformat(axis.last[:10])
    except ValueError:
        return None
    first, after = found
    missing = (after - ends).days - 1
    return ends if first <= ends and missing > MOST_MISSING * (after - first).days else None


def covered(story: Story, key: Cell) -> bool:
    """Whether the filters leave the whole period of a group."""
    group = story.query.groups[0]
    if not isinstance(group, TimeGroup) or group.recurring:
        return True
    found = span(key, group.grain)
    if found is None:
        return True
    first, after = (day.isoformat() for day in found)
    return all(
        (each.start is None or each.start <= first) and (each.end is None or each.end >= after)
        for each in periods(story.query.where)
        if each.axis == group.axis
    )


def outside(where: Filter | None, model: SemanticModel) -> During | None:
    """A period of the filters in which the data has no days at all; None if there is none."""
    for each in periods(where):
        axis = model.axes[each.axis]
        late = axis.last is not None and each.start is not None and each.start > axis.last[:10]
        early = axis.first is not None and each.end is not None and each.end <= axis.first[:10]
        if (late or early) and axis.first is not None and axis.last is not None:
            return each
    return None


def periods(where: Filter | None) -> Iterator[During]:
    """The periods to which all rows belong."""
    if isinstance(where, During):
        yield where
    elif isinstance(where, All):
        for part in where.parts:
            yield from periods(part)
