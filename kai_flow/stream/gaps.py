"""Gaps: which events are missing, as ranges of ids."""

from typing import NamedTuple

from kai_flow.stream.ids import EventId
from kai_flow.stream.place import NOTHING, Place


class Missing(NamedTuple):
    """The missing events strictly between two ids."""

    after: EventId | None
    """None: from the beginning of the stream. Its `seq` is 0 when it is no event itself."""
    before: EventId | None
    """None: up to whatever comes."""


class Gap(NamedTuple):
    """What a reader misses: one range for each stretch of the stream, in the order of the ids."""

    missing: tuple[Missing, ...]

    def to_json(self) -> list[dict[str, str | None]]:
        """The ranges as they are written to readers and in pages."""
        return [
            {"after": _text(missing.after), "before": _text(missing.before)}
            for missing in self.missing
        ]


def missing_before(place: Place, begins: Place) -> tuple[Missing, ...]:
    """What `begins`, the beginning of a run, covers and `place` does not.

    Of a producer that is listed, the rest may be missing; nothing of the later ones was seen.
    """
    missing: list[Missing] = []
    spoken, seen = (one.positions.get(0, NOTHING)[1] for one in (begins, place))
    if seen < spoken:
        missing.append(Missing(EventId(0, 1, seen) if seen else None, EventId(0, 1, spoken + 1)))
    if place.newest < begins.newest:
        listed = list(place.listed())
        # An id whose seq is 0 is before everything of its producer, as in a place.
        after: list[EventId | None] = [place.position(producer) for producer in listed]
        before = [EventId(producer + 1, 0, 0) for producer in listed[:-1]]
        if not listed:
            after = [EventId(1, 0, 0) if spoken else None]
        missing += map(Missing, after, [*before, EventId(begins.newest, 0, 0)])
    return tuple(missing)


def _text(event_id: EventId | None) -> str | None:
    return None if event_id is None else str(event_id)
