"""The unit of time of a development, where the question limits it to a shorter period."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from msgspec import structs

from kai_flow.analyst.query.filters import parts_of
from kai_flow.analyst.query.nodes import During, Filter, Grain, Group, TimeGroup, Words
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.dimensions import coarser
from kai_flow.analyst.semantics.model import Axis, SemanticModel

__all__ = ["fitted", "over_time_once"]

A_MONTH: Final = 45
"""Days of a period at most that is shown by day."""

YEARS: Final = 3 * 366
"""Days of a period at most that is shown by month."""


PERIODS: Final = frozenset(
    ["year", "month", "quarter", "semester", "season", "period", "tahun", "bulan", "periode"]
)
"""Words in the names of columns of periods."""


def fitted(
    model: SemanticModel,
    asked: Sequence[tuple[p.Dimension, Words]],
    groups: Sequence[Group],
    where: Filter | None,
) -> Sequence[Group]:
    """The groups, those of a trend in a unit that fits its period: "the last 6 months" has months.

    ``asked``: what the question groups by. Without a period, the unit fits the whole of the data.
    """
    if not any(isinstance(by, p.Calendar) and by.grain is None for by, _ in asked):
        return groups
    return [
        _in_period(model.axes[group.axis], group, where)
        if isinstance(group, TimeGroup) and not group.recurring
        else group
        for group in groups
    ]


def over_time_once(
    model: SemanticModel, groups: Sequence[tuple[p.Dimension, Words]]
) -> list[tuple[p.Dimension, Words]]:
    """The groups without "over time" where a column of periods tells it: "each school year"."""
    periods = any(
        isinstance(of, p.Column)
        and any(not PERIODS.isdisjoint(name.words) for name in model.attributes[of.ref].names)
        for of, _ in groups
    )
    return [each for each in groups if not (periods and each[0] == p.Calendar(None))]


def _in_period(axis: Axis, group: TimeGroup, where: Filter | None) -> TimeGroup:
    periods = [
        part
        for part in parts_of(where)
        if isinstance(part, During) and (part.axis, part.path) == (group.axis, group.path)
    ]
    if len(periods) != 1 or periods[0].start is None:
        return group
    start, end = date.fromisoformat(periods[0].start), _end(axis, periods[0])
    if end is None or _whole_years(start, periods[0].end):
        return group
    days = (end - start).days
    wanted = Grain.DAY if days <= A_MONTH else Grain.MONTH if days <= YEARS else Grain.YEAR
    finer = wanted in coarser(axis) and group.grain in coarser(axis)[coarser(axis).index(wanted) :]
    return structs.replace(group, grain=wanted) if finer else group


def _whole_years(start: date, end: str | None) -> bool:
    """Whether a period is of several years, which are told apart: "from 2022 to 2024"."""
    last = None if end is None else date.fromisoformat(end)
    new_year = start == date(start.year, 1, 1) and (last is None or last == date(last.year, 1, 1))
    return new_year and (last is None or last.year - start.year > 1)


def _end(axis: Axis, period: During) -> date | None:
    """The day after the period, or after the data."""
    day = period.end or axis.last
    return date.fromisoformat(day[:10]) if day else None
