"""Gaps: which events are missing, as ranges of ids."""

from typing import NamedTuple

from kai_flow.stream.ids import EventId


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


def _text(event_id: EventId | None) -> str | None:
    return None if event_id is None else str(event_id)
