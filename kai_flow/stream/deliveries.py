"""What was delivered of an attempt's events: each event counts once, also when it is sent again."""

from collections.abc import Sequence

from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.ids import EventId


class Deliveries:
    """Counts the events of one attempt whose POST has succeeded.

    An event may leave the outbox while its POST is in flight, so events in flight are remembered
    until the next POST.
    """

    def __init__(self, start: EventId) -> None:
        self.count = 0  # events whose POST has succeeded, each counted once
        self.settled = start  # everything up to here was delivered or given up at least once
        self._missing: set[int] = set()  # seqs never delivered, of held events and those in flight
        self._in_flight = range(0)  # seqs of the last POST, whose answer may still come

    def add(self, event: NumberedEvent) -> None:
        """An event was numbered."""
        self._missing.add(event.id.seq)

    def post(self, events: Sequence[NumberedEvent], base: EventId) -> None:
        """These events are POSTed next, while `base` is the oldest event held."""
        self._missing.difference_update(seq for seq in self._in_flight if seq < base.seq)
        self._in_flight = range(events[0].id.seq, events[-1].id.seq + 1) if events else range(0)

    def delivered(self, events: Sequence[NumberedEvent]) -> None:
        """The receiver has these events of the last POST."""
        seqs = {event.id.seq for event in events}
        self.count += len(seqs & self._missing)
        self._missing -= seqs

    def settle(self, through: EventId) -> None:
        """Everything up to `through` was delivered or given up."""
        self.settled = max(self.settled, through)

    def drop(self, seq: int) -> None:
        """An event has left the outbox."""
        if seq not in self._in_flight:
            self._missing.discard(seq)
