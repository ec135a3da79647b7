"""The events that an outbox holds: consecutive, numbered, and limited in number and in bytes."""

from collections.abc import Iterator

from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.ids import EventId


class HeldEvents:
    """Consecutive events of one attempt, up to the newest."""

    def __init__(self, start: EventId, max_events: int, max_bytes: int) -> None:
        self.max_events = max_events
        self.max_bytes = max_bytes
        self.bytes = 0  # of all held events
        self.last = start  # the newest event ever put in
        self._events: dict[int, NumberedEvent] = {}  # by seq, consecutive, oldest first

    @property
    def base(self) -> EventId:
        """The oldest event held; the next one to come if none is held."""
        return self.last.offset(1 - len(self._events))

    def __len__(self) -> int:
        return len(self._events)

    def has_room(self, events: int, size: int) -> bool:
        """Whether so many events of `size` bytes in all fit. If none are held, any event fits."""
        if not self._events:
            return True
        return len(self._events) + events <= self.max_events and self.bytes + size <= self.max_bytes

    def put(self, kind: str, data: bytes) -> NumberedEvent:
        """Number an event and hold it, whether it fits or not."""
        self.last = self.last.offset(1)
        event = NumberedEvent(self.last, kind, data)
        self._events[self.last.seq] = event
        self.bytes += len(data)
        return event

    def after(self, cursor: EventId, through: EventId | None = None) -> Iterator[NumberedEvent]:
        """The held events after `cursor`, oldest first, up to `through` or to the newest."""
        last = self.last if through is None else through
        start = max(cursor.seq + 1, self.base.seq)
        return (self._events[seq] for seq in range(start, last.seq + 1))

    def drop(self, through: EventId) -> Iterator[int]:
        """Drop the events up to `through`; yields their seqs."""
        for seq in range(self.base.seq, through.seq + 1):
            self.bytes -= len(self._events.pop(seq).data)
            yield seq
