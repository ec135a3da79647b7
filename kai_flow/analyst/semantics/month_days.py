"""Days of the month by their numbers, which are no days of the week whatever they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kai_flow.analyst.semantics.entries import Entry
    from kai_flow.analyst.semantics.model import Attribute

__all__ = ["without_weekdays"]

DAYS_OF_A_WEEK = 7


def without_weekdays(attribute: Attribute, named: Iterable[Entry]) -> Iterator[Entry]:
    """The names of a column; of numbers of days that pass 7, without the meaning of weekdays.

    In Indonesian, ``hari`` means either.
    """
    high = attribute.high
    monthly = attribute.part == "day" and high is not None and high > DAYS_OF_A_WEEK
    for entry in named:
        kept = tuple(bag for bag in entry.bags if bag != ("weekday",))
        yield replace(entry, bags=kept) if monthly else entry
