"""Words that are a status and something else: "shipments that have arrived"."""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.reading.parts import Clock, Column, Item, Rows, Sign, Time, Values

STATED_COST: Final = 0.6
"""Of a time where the same word says that something has happened: "shipments that have arrived"."""

OFTEN_COST: Final = 0.3
"""Of "most active" where customers follow some of whom are active."""

_OFTEN: Final = (Sign("most frequent"), Sign("least frequent"))

PERFECT: Final = frozenset(
    ["have", "has", "had", "been", "were", "was", "are", "is", "already", "sudah", "telah"]
)
"""Words before what has happened."""

GOES_ON: Final = frozenset(
    [
        *("in", "on", "at", "from", "to", "by", "before", "after", "since", "between", "until"),
        *(
            "during",
            "within",
            "over",
            "throughout",
            "late",
            "early",
            "date",
            "time",
            "than",
            "last",
        ),
        *("this", "for", "per", "di", "pada", "dari", "ke", "oleh", "sebelum", "setelah", "sejak"),
        *("sampai", "antara", "selama", "dalam", "untuk", "lebih", "tanggal", "bulan", "tahun"),
    ]
)
"""What follows what has happened and says more of it: when, where, by whom."""


def _rows_that_are(item: Item, found: Sequence[Item]) -> bool:
    """Whether the last word is a value of the rows after it: "the most | active customers"."""
    if item.last - item.first < 2 or item.part not in _OFTEN:
        return False
    after = [each.part for each in found if each.first == item.last]
    rows = {part.table for part in after if isinstance(part, Rows)}
    return any(
        isinstance(each.part, Values)
        and (each.first, each.last) == (item.last - 1, item.last)
        and each.part.column.ref.table in rows
        for each in found
    )


def stated(found: Sequence[Item], tokens: Sequence[Token]) -> tuple[Item, ...]:
    """A time costs more where the same word is a status: "shipments that have arrived"."""
    often = any(isinstance(item.part, Sign) and item.part in _OFTEN for item in found)
    if not often and PERFECT.isdisjoint([token.word for token in tokens]):
        return tuple(found)
    statuses = {(item.first, item.last) for item in found if isinstance(item.part, Values)}
    times = {item.first for item in found if isinstance(item.part, Time)}
    return tuple(
        replace(item, cost=item.cost + OFTEN_COST)
        if _rows_that_are(item, found)
        else replace(item, cost=item.cost + STATED_COST)
        if (item.first, item.last) in statuses
        and isinstance(item.part, Clock | Column)
        and item.last not in times
        and _told(item, tokens)
        else item
        for item in found
    )


def _told(item: Item, tokens: Sequence[Token]) -> bool:
    """Whether a word only says that something has happened, and not when or where."""
    after = tokens[item.last].word if item.last < len(tokens) else ""
    return item.first > 0 and tokens[item.first - 1].word in PERFECT and after not in GOES_ON
