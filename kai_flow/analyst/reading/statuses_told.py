"""Statuses and events that words name as well when, or where, something was: what they cost."""

from collections.abc import Collection, Sequence
from typing import Final

from msgspec.structs import replace

from kai_flow.analyst.query.nodes import Grain
from kai_flow.analyst.reading.parts import (
    Beside,
    Clock,
    Has,
    Item,
    Part,
    Rows,
    Sign,
    Time,
    Values,
    Where,
)
from kai_flow.analyst.semantics.index import Index

NEAR: Final = 2
"""How many words may stand between what happened and the period in which it did."""

FAR: Final = 5
"""The same after a verb: "closed the most tickets last month", and not "closed tickets"."""

STATUS_COST: Final = 0.3
"""Of a status that is as well the event that a period is of."""

SENT_COST: Final = 0.5
"""Of a status that says as well of what a place is: "shipped to London"."""

_UNITS: Final = tuple(Sign(grain.value) for grain in Grain)
"""By which rows are counted: "closed per month"."""

_Place = tuple[int, int, str]
"""Where words stand, with the table that they are about."""


def of_places(found: Sequence[Item]) -> Sequence[Item]:
    """A status costs more where the same word says of what a place is: "shipped to London"."""
    verbs = [(item, item.part) for item in found if isinstance(item.part, Beside)]
    if not verbs:
        return found
    places = {(item.first, item.part.column.ref) for item in found if isinstance(item.part, Values)}
    said = {
        (item.first, item.last)
        for item, verb in verbs
        if any((item.last + gap, verb.column.ref) in places for gap in range(NEAR))
    }
    return [
        replace(item, cost=item.cost + SENT_COST)
        if (item.first, item.last) in said and isinstance(item.part, Values)
        else item
        for item in found
    ]


def of_times(found: Sequence[Item], index: Index) -> Sequence[Item]:
    """A status costs more where the same word says of what a period is: "arrived in January"."""
    starts = {item.first for item in found if isinstance(item.part, Time) or item.part in _UNITS}
    if not starts:
        return found
    clocks = {item.first for item in found if isinstance(item.part, Clock)}
    nouns = {item.first for item in found if isinstance(item.part, Rows)}
    said = {
        (item.first, item.last, index.model.axes[item.part.axis].table)
        for item in found
        if isinstance(item.part, Clock)
        and any(
            item.last <= start <= item.last + (NEAR if item.last in nouns else FAR)
            and not any(item.last <= other < start for other in clocks)
            for start in starts
        )
    }
    if not said:
        return found
    later = _later(said, found, index)
    denied = {item.last for item in found if item.part == Sign("not")}
    return [
        replace(item, cost=item.cost + STATUS_COST)
        if _said_again(item, said, later, index, denied=item.first in denied)
        else item
        for item in found
    ]


def _said_again(
    item: Item,
    said: Collection[_Place],
    later: Collection[_Place],
    index: Index,
    *,
    denied: bool,
) -> bool:
    """Whether the words of a status or of what was done name a time that a period is of."""
    if (item.first, item.last, _event_table(item.part, index, denied=denied)) in said:
        return True
    test = item.part.test if isinstance(item.part, Where) else None
    return isinstance(test, Has) and (item.first, item.last, test.table) in later


def _later(said: Collection[_Place], found: Sequence[Item], index: Index) -> Collection[_Place]:
    """Where words do not name the first time of a table: "stayed" of a booking, not "ordered"."""
    named = {
        (item.first, item.last, item.part.axis) for item in found if isinstance(item.part, Clock)
    }
    return frozenset(
        (first, last, table)
        for first, last, table in said
        if not any((first, last, axis.id) in named for axis in index.model.axes_of(table)[:1])
    )


def _event_table(part: Part, index: Index, *, denied: bool) -> str | None:
    """The table of a status, or of an event that is denied: "not cancelled in January"."""
    match part:
        case Values(column) if not denied:
            return column.ref.table
        case Clock(axis) if denied:
            return index.model.axes[axis].table
        case _:
            return None
