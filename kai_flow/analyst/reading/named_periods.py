"""Periods side by side: groups with a label for each."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Final

from msgspec import structs

from kai_flow.analyst.lexicon.periods import Days, resolve
from kai_flow.analyst.lexicon.periods import Part as PeriodPart
from kai_flow.analyst.lexicon.recurring import WEEKEND, WORKDAYS
from kai_flow.analyst.query.nodes import Grain, Group, PeriodGroup, TimeGroup, Words
from kai_flow.analyst.reading.choices import Choice
from kai_flow.analyst.reading.parts import Column, Time
from kai_flow.analyst.reading.resolving import Resolver
from kai_flow.analyst.semantics.model import Role

WEEKENDS: Final = frozenset(["weekend", "akhir pekan", "akhir minggu"])
"""Names of columns that tell weekends from working days."""

YEAR_NAME: Final = len("2024")
"""Characters of the name of a period that is one year."""


def period_groups(
    resolver: Resolver, times: Sequence[Time], words: Words
) -> Iterator[Choice[Group]]:
    """The periods of each axis that may be meant; parts that recur are no such groups."""
    named = {time.axis for time in times if time.axis}
    if len(named) > 1:
        return
    for choice in resolver.axes(next(iter(named), None)):
        axis, path = choice.value
        periods = []
        for time in times:
            period = time.period
            if isinstance(period, PeriodPart):
                return
            if not isinstance(period, Days):
                period = resolve(period, resolver.anchor(axis))
            periods.append((label(period.start, period.end), period.start, period.end))
        group = PeriodGroup(axis=axis.id, path=path, periods=tuple(periods), words=words)
        yield Choice(group, choice.cost, choice.notes)


def weekends(resolver: Resolver, times: Sequence[Time]) -> Column | None:
    """The column that tells weekends from working days, if the times are both of these."""
    days = {part.values for time in times if isinstance(part := time.period, PeriodPart)}
    if days != {WEEKEND, WORKDAYS}:
        return None
    return next(
        (
            Column(attribute.ref)
            for attribute in resolver.model.attributes.values()
            if attribute.role is Role.FLAG
            and any(WEEKENDS & {" ".join(name.words), *name.words} for name in attribute.names)
            and resolver.ways(attribute.table)
        ),
        None,
    )


def label(start: str | None, end: str | None) -> str:
    """A short name: ``2024``, ``2024-Q2``, ``2024-03``, ``≥ 2024``, or the first and last day."""
    if start is None or end is None:
        return "" if start == end else f"≥ {_unit(start)}" if start else f"≤ {_last(str(end))}"
    year, month = int(start[:4]), int(start[5:7])
    if start[8:] == "01" and end[8:] == "01":
        months = (int(end[:4]) - year) * 12 + int(end[5:7]) - month
        if months == 12 and month == 1:
            return str(year)
        if months == 3 and month % 3 == 1:
            return f"{year}-Q{(month + 2) // 3}"
        if months == 1:
            return start[:7]
    return f"{start}/{end}"


def _unit(start: str) -> str:
    """The year, month or day that begins then."""
    return start[:4] if start[5:] == "01-01" else start[:7] if start[8:] == "01" else start


def _last(end: str) -> str:
    """The year, month or day that ends just before."""
    before = (date.fromisoformat(end) - timedelta(days=1)).isoformat()
    return before[: len(_unit(end))]


def within_each(group: Group, side: Group) -> Group:
    """Quarters of 2023 beside those of 2024 are the quarters of a year."""
    if not isinstance(group, TimeGroup) or not isinstance(side, PeriodGroup):
        return group
    same = (group.axis, group.path) == (side.axis, side.path)
    years = all(len(name) == YEAR_NAME for name, _, _ in side.periods)
    recurs = same and years and group.grain in {Grain.MONTH, Grain.QUARTER}
    return structs.replace(group, recurring=True) if recurs else group
