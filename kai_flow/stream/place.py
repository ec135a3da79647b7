"""Places: what a reader of a session has seen, among any number of producers at once.

Producers run beside each other, so one event id does not tell what a reader has. A place lists the
newest producer of which the reader has seen anything, and every producer that was under way beside
it. The reader has seen everything of the lower producers that are not listed, and nothing of higher
ones. This is enough because a producer is scheduled only after all events of those not beside it
are durable. So a place is as small as the number of activities under way at once.

Producer 0 is the workflow itself. It is listed as soon as something of it was seen.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from kai_flow.stream.errors import InvalidId
from kai_flow.stream.ids import EventId

MAX_PARTS: Final = 64  # of what is listed as beside a producer
MAX_CURSOR_PARTS: Final = 1_024  # one for each producer under way that streams: 12 KB of headers
MAX_LISTED: Final = 4_096  # producers in all parts; the server limits pending activities to 2,000

Position = tuple[int, int]
"""The attempt and seq of the last event seen of one producer."""

NOTHING: Final[Position] = (0, 0)
"""The position in a producer of which nothing was seen."""

_INCARNATION = re.compile(r"[0-9a-f]{8}")
_NUMBER = r"(?:0|[1-9][0-9]{0,15})"
_RANGE = re.compile(rf"({_NUMBER})-({_NUMBER})\.0\.0")
_SEPARATOR: Final = ","  # `+` would become a space in a query string that is not encoded
_END: Final = "end"


class Place:
    """What a reader has seen: a set of events that contains each event's causes. Immutable."""

    __slots__ = ("_others", "newest", "positions")

    def __init__(
        self, positions: Mapping[int, Position] | None = None, newest: int | None = None
    ) -> None:
        """`newest`: the highest of the positions, if that is known."""
        self.positions: Final = dict(positions or {})
        self._others: tuple[int, str] | None = None  # a producer, and the text of all the others
        self.newest: Final = max(self.positions, default=0) if newest is None else newest
        """The highest producer that is listed; 0 before the first."""

    @classmethod
    def before(cls, producer: int, spoken: int = 0) -> "Place":
        """Everything of the producers below `producer`, and `spoken` events of the workflow."""
        voice = {0: (1, spoken)} if spoken else {}
        return cls({**voice, producer: NOTHING} if producer > 1 else voice)

    def listed(self) -> Iterator[int]:
        """The producers that are listed, in rising order, without the workflow."""
        return (producer for producer in sorted(self.positions) if producer)

    def position(self, producer: int) -> EventId:
        """The last event seen of a producer that is listed or higher than all that are."""
        return EventId(producer, *self.positions.get(producer, NOTHING))

    def covers(self, event: EventId) -> bool:
        """Whether the reader has seen this event, or one that replaces it."""
        position = self.positions.get(event.producer)
        if position is not None:
            return event[1:] <= position
        return 0 < event.producer < self.newest

    def follows(self, event: EventId) -> bool:
        """Whether no event of the same producer is missing before `event`, which is not covered.

        True for the next event of the same attempt, and for the first event of a later attempt,
        which replaces what lies between.
        """
        attempt, seq = self.positions.get(event.producer, NOTHING)
        return event.seq == (seq + 1 if event.attempt == attempt else 1)

    def advance(self, event: EventId, beside: Iterable[int] = ()) -> "Place":
        """The place after `event`, which must not be covered.

        `beside`: the producers beside its producer. They count when this is the first event that is
        seen of the newest producer.
        """
        if event.producer <= self.newest:
            place = Place(self.positions, self.newest)
            place.positions[event.producer] = event[1:]
            if self._others is not None and self._others[0] == event.producer:
                place._others = self._others  # of hundreds it takes longer than all the rest
            return place
        kept = {0, *beside}
        positions = {p: at for p, at in self.positions.items() if p in kept}
        # One that is not listed and lower than the newest was seen whole: it stays unlisted.
        positions |= {p: NOTHING for p in kept if p > self.newest}
        return Place({**positions, event.producer: event[1:]})

    def withdraw(self, last: EventId) -> "Place":
        """The place of a reader who learns that the events after `last` never counted."""
        return Place({**self.positions, last.producer: last[1:]})

    def join(self, begins: "Place") -> "Place":
        """The place of a reader who has this, and everything before a run (see `before`)."""
        if self.includes(begins):
            return self
        spoken = max(place.positions.get(0, NOTHING) for place in (self, begins))
        ahead = self if self.newest >= begins.newest else begins
        return Place({**ahead.positions, **({} if spoken == NOTHING else {0: spoken})})

    def includes(self, other: "Place") -> bool:
        """Whether everything that `other` covers is covered here too."""
        mine, theirs = self.positions, other.positions
        return (
            self.newest >= other.newest
            and all(at == NOTHING or self.covers(EventId(p, *at)) for p, at in theirs.items())
            # `other` covers the whole of what it does not list below its newest producer.
            and all(p in theirs for p in mine if 0 < p < other.newest)
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Place) and self.positions == other.positions

    def __hash__(self) -> int:
        return hash(frozenset(self.positions.items()))

    def __str__(self) -> str:
        return _SEPARATOR.join(_parts(self.positions))

    def text(self, leading: int) -> str:
        """`str`, with the part of the producer `leading` in front.

        So the id of an event in a stream begins with the event's own id, whatever else it lists.
        """
        own = str(self.position(leading))
        if len(self.positions) == (leading in self.positions):
            return own
        if self._others is None or self._others[0] != leading:
            positions = {p: at for p, at in self.positions.items() if p != leading}
            self._others = leading, _SEPARATOR.join(_parts(positions))
        return f"{own}{_SEPARATOR}{self._others[1]}"

    def __repr__(self) -> str:
        return f"Place({str(self)!r})"

    @classmethod
    def parse(cls, text: str) -> "Place":
        """Read a place as `str` or `text` writes it. Raises InvalidId."""
        positions: dict[int, Position] = {}
        parts = text.split(_SEPARATOR)
        if len(parts) > MAX_CURSOR_PARTS:
            raise InvalidId(f"a cursor has at most {MAX_CURSOR_PARTS:,} parts, not {len(parts):,}")
        newest = -1  # of the parts after the leading one
        leading = 0, -1  # the producers of that one
        for index, part in enumerate(parts):
            first, last, position = _read_part(part)
            if first <= newest or (first <= leading[1] and leading[0] <= last):
                raise InvalidId(
                    f"{text[:60]!r}: each producer of a cursor is there once, and those after the "
                    "first one are in rising order"
                )
            if index:
                newest = last
            else:
                leading = first, last
            if len(positions) + last - first >= MAX_LISTED:
                raise InvalidId(f"a cursor lists at most {MAX_LISTED:,} producers")
            positions.update(dict.fromkeys(range(first, last + 1), position))
        if positions == {0: NOTHING}:
            return cls()
        if positions.get(0, (1, 1))[0] != 1:
            raise InvalidId(
                f"{text[:60]!r}: an event of the workflow itself is '0.1.' and a number"
            )
        return cls(positions)


NOWHERE: Final = Place()
"""The place of a reader who has seen nothing."""


class Cursor(NamedTuple):
    """The last place that a subscriber has seen, as `6.1.3,4.1.12@4f3a9c1e` or `end@4f3a9c1e`.

    Subscribers store it and send it back. They may read the first id, which is that of the last
    event that they have seen, and interpret nothing else.
    """

    place: Place | None
    """What was seen; None: everything, and `done`."""
    incarnation: str | None
    """Which incarnation of the session id is meant (see `incarnation_of`); None: the newest."""
    leading: int | None = None
    """The producer of the last event seen: its part is written first. Parsing does not set it."""

    def __str__(self) -> str:
        if self.place is None:
            where = _END
        else:
            where = str(self.place) if self.leading is None else self.place.text(self.leading)
        return where if self.incarnation is None else f"{where}@{self.incarnation}"

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """Read a cursor, with or without `@incarnation`. Raises InvalidId."""
        where, at, incarnation = text.partition("@")
        if at and _INCARNATION.fullmatch(incarnation) is None:
            raise InvalidId(f"{text[:60]!r} is not a cursor: '@' is followed by 8 hex digits")
        return cls(None if where == _END else Place.parse(where), incarnation or None)

    def is_of(self, incarnation: str) -> bool:
        """Whether it is a place in this incarnation of the session id."""
        return self.incarnation in (None, incarnation)

    def is_end_of(self, incarnation: str) -> bool:
        """Whether the subscriber has seen the end of this incarnation of the session id."""
        return self.place is None and self.is_of(incarnation)


Ranges = list[int | tuple[int, int]]
"""Producers in rising order, as in `[2, [8, 207]]`: single ones, and ranges with both ends."""


def to_ranges(producers: Iterable[int]) -> Ranges:
    """Producers as ranges. The caller limits their number to MAX_PARTS."""
    return [first if first == last else (first, last) for first, last in _runs(sorted(producers))]


def from_ranges(ranges: Ranges, below: int) -> frozenset[int]:
    """The producers of `ranges`, which are all lower than `below`. Raises InvalidId."""
    if len(ranges) > MAX_PARTS:
        raise InvalidId(f"at most {MAX_PARTS} parts can be listed as beside a producer")
    producers: list[int] = []
    for item in ranges:
        first, last = (item, item) if isinstance(item, int) else item
        rising = (producers[-1] if producers else 0) < first <= last < below
        if not rising or len(producers) + last - first >= MAX_LISTED:
            raise InvalidId(
                f"the producers beside producer {below} are lower numbers from 1, in rising order, "
                f"at most {MAX_LISTED:,}: {ranges!r:.60} is not"
            )
        producers.extend(range(first, last + 1))
    return frozenset(producers)


def _runs(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """The runs of consecutive numbers among rising ones, as first and last."""
    run: tuple[int, int] | None = None
    for number in numbers:
        if run is not None and number == run[1] + 1:
            run = run[0], number
        else:
            if run is not None:
                yield run
            run = number, number
    if run is not None:
        yield run


def _parts(positions: Mapping[int, Position]) -> list[str]:
    parts: dict[int, str] = {
        producer: f"{producer}.{at[0]}.{at[1]}"
        for producer, at in positions.items()
        if at != NOTHING
    }
    for first, last in _runs(sorted(p for p, at in positions.items() if at == NOTHING)):
        parts[first] = f"{first}.0.0" if first == last else f"{first}-{last}.0.0"
    return [parts[first] for first in sorted(parts)] or ["0.0.0"]


def _read_part(part: str) -> tuple[int, int, Position]:
    """First and last producer of one part of a cursor, and the position in each of them."""
    if (match := _RANGE.fullmatch(part)) is not None:
        first, last = (EventId.parse(f"{number}.0.0").producer for number in match.groups())
        if first < 1 or last <= first:
            raise InvalidId(f"{part!r} is not a range of producers; one looks like '8-207.0.0'")
        return first, last, NOTHING
    producer, *position = EventId.parse(part)
    if position[0] == 0 and position[1] > 0:
        raise InvalidId(f"{part!r}: attempts are numbered from 1")
    return producer, producer, (position[0], position[1])
