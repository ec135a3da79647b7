"""Durations whose end is no time of the database: "from order date to shipped date"."""

from collections.abc import Sequence
from typing import Final

from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.query.nodes import Grain
from kai_flow.analyst.reading.cover import Cover
from kai_flow.analyst.reading.parts import (
    Amount,
    Bound,
    Calendar,
    Compared,
    Groups,
    Item,
    Lasting,
    Where,
)

_DATES: Final = frozenset(["date", "dates", "tanggal", "tgl"])
_FROM: Final = frozenset(["from", "dari", "the"])
_TO: Final = frozenset(["to", "until", "till", "ke", "sampai", "hingga"])


def endless(found: Sequence[Cover], tokens: Sequence[Token]) -> list[Cover]:
    """The covers that take the end of a duration for something else, or two times for one.

    Covers have most parts in common, so each part is looked at once.
    """
    items = {id(item): item for cover in found for item in cover.items}
    two = {at for at, item in items.items() if _of_two(item, tokens)}
    lasting = {at for at, item in items.items() if _lasts(item)}
    if not (two or lasting):
        return []
    stray = {at for at, item in items.items() if _no_time(item, tokens) or _stray(item, tokens)}
    wrong = []
    for cover in found:
        own = set(map(id, cover.items))
        if own & two or (own & lasting and own & stray):
            wrong.append(cover)
    return wrong


def _lasts(item: Item) -> bool:
    """Whether it is about how long something took."""
    part = item.part
    return isinstance(part, Lasting | Bound) or (
        isinstance(part, Amount) and isinstance(part.of, Lasting)
    )


def _no_time(item: Item, tokens: Sequence[Token]) -> bool:
    """Whether a status would be a filter that stands beside "date": "to shipped date"."""
    if not isinstance(item.part, Where) or not isinstance(item.part.test, Compared):
        return False
    near = tokens[max(0, item.first - 1) : item.last + 1]
    return any(token.word in _DATES for token in near)


def _stray(item: Item, tokens: Sequence[Token]) -> bool:
    """Whether the "date" of such an end would be days to group by."""
    day = isinstance(item.part, Calendar) and item.part.grain is Grain.DAY
    return day and any(token.word in _DATES for token in tokens[item.first : item.last])


def _of_two(item: Item, tokens: Sequence[Token]) -> bool:
    """Whether groups would be from one time to another: each must be named by the same words."""
    if not isinstance(item.part, Groups):
        return False
    if not any(isinstance(by, Calendar) and by.grain is None and by.axis for by in item.part.by):
        return False
    said = [token.word for token in tokens[item.first : item.last]]
    to = next((at for at, word in enumerate(said) if word in _TO), None)
    if to is None:
        return False
    start, end = (
        [word for word in side if word not in _FROM] for side in (said[:to], said[to + 1 :])
    )
    return start[-len(end) :] != end
