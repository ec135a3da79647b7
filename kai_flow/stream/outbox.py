"""The outbox: the events that one attempt may have to send again.

An event is numbered when it comes in, and stays until it is durable: a receiver that has lost its
memory gets it again from here. If the receiver never answers `durable`, the event stays until it is
durable *and* either delivered or given up.

An attempt may store a limited number of bytes. Before the event that would exceed the limit comes
`unstored`, the last event that is stored. Later events are live only. They leave when everything
that is to be stored is durable and they were shown.

These invariants hold between any two calls:

- The held events are consecutive, from `base` to `last`.
- `durable` and `last` never go back.
- `posted` may go back, but never before `base`: what left cannot be sent again.
- `sent` counts an event once, also when it is delivered again, or after it has left.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from kai_flow.stream.batches import take
from kai_flow.stream.errors import OutboxFull
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.ids import EventId
from kai_flow.stream.wire_names import UNSTORED

MAX_EVENTS: Final = 4_000  # at least twice the events that are signalled at once
MAX_BYTES: Final = 2 * 1024 * 1024
MAX_STORED_BYTES: Final = 32 * 1024 * 1024  # in a session; at 50 MiB the server terminates it

_WRAPPING: Final = len(b'{"event":},')  # the bytes of a batch around an event
_MARK: Final = b'{"type":"unstored"}'


class Outbox:
    """The events of one attempt, from the oldest that is still needed to the newest.

    `max_events` and `max_bytes` bound what is held, `max_stored` what is stored, in bytes.
    """

    def __init__(
        self,
        producer: int,
        attempt: int,
        *,
        max_events: int = MAX_EVENTS,
        max_bytes: int = MAX_BYTES,
        max_stored: int = MAX_STORED_BYTES,
    ) -> None:
        self.max_events = max_events
        self.max_bytes = max_bytes
        self.stored: EventId | None = None  # the last event to be stored, once there is one
        self._storable = max_stored  # bytes that may still be stored
        self.bytes = 0  # of all held events
        self.waiting_bytes = 0  # of the events that wait to become durable
        self.sent = 0  # events whose POST has succeeded, each counted once
        self.must_deliver = False  # an event stays until it is also delivered or given up
        self.last = EventId(producer, attempt, 0)  # the newest event ever put in
        self.durable = self.last  # everything to be stored up to here is in the history
        self.posted = self.last  # the POST cursor: the next POST begins after it
        self._settled = self.last  # everything up to here was delivered or given up at least once
        self._released = self.last  # live-only events up to here are not needed any more
        self._unsent: set[int] = set()  # seqs never delivered, of held events and those in flight
        self._in_flight = range(0)  # seqs of the last POST, whose answer may still come
        self._held: dict[int, NumberedEvent] = {}  # by seq, consecutive, oldest first

    @property
    def base(self) -> EventId:
        """The oldest event held; the next one to come if none is held."""
        return self.last.offset(1 - len(self._held))

    def __len__(self) -> int:
        return len(self._held)

    def has_room(self, size: int) -> bool:
        """Whether an event of `size` bytes fits now; an empty outbox accepts any event."""
        if not self._held:
            return True
        if self._exceeds(size):
            size += len(_MARK)
            if len(self._held) + 1 == self.max_events:
                return False
        return len(self._held) < self.max_events and self.bytes + size <= self.max_bytes

    @property
    def waiting(self) -> int:
        """How many events wait to become durable."""
        last = self.last if self.stored is None else self.stored
        return max(0, last.seq - self.durable.seq)

    @property
    def pending(self) -> int:
        """How many events are neither durable nor, if they are live only, released."""
        return self.last.seq - self.durable.seq

    @property
    def half_full(self) -> bool:
        """Whether so much is not durable that it has to be signalled at once.

        Events that only wait for delivery do not count: a signal would not make room for others.
        """
        return 2 * self.waiting >= self.max_events or 2 * self.waiting_bytes >= self.max_bytes

    def append(self, kind: str, data: bytes) -> NumberedEvent:
        """Number an event and keep it. Raises OutboxFull, without a change, if it does not fit."""
        if not self.has_room(len(data)):
            raise OutboxFull(f"the outbox holds {len(self._held)} events, {self.bytes} bytes")
        if self._exceeds(len(data)):
            self.stored = self._put(UNSTORED, _MARK).id
            self.waiting_bytes += len(_MARK)
        if self.stored is None:
            self._storable -= len(data) + _WRAPPING
            self.waiting_bytes += len(data)
        return self._put(kind, data)

    def _exceeds(self, size: int) -> bool:
        """Whether `unstored` has to come before the next event. Never before the first event."""
        beyond = size + _WRAPPING > self._storable
        return beyond and self.stored is None and self.last.seq > 0

    def _put(self, kind: str, data: bytes) -> NumberedEvent:
        self.last = self.last.offset(1)
        event = NumberedEvent(self.last, kind, data)
        self._held[self.last.seq] = event
        self._unsent.add(self.last.seq)
        self.bytes += len(data)
        return event

    def unposted(self, max_events: int) -> tuple[NumberedEvent, ...]:
        """The next events to POST, from the POST cursor on, within the limits of a batch."""
        self._unsent.difference_update(seq for seq in self._in_flight if seq < self.base.seq)
        events = take(islice(self._from(self.posted), max_events))
        self._in_flight = range(events[0].id.seq, events[-1].id.seq + 1) if events else range(0)
        return events

    def undurable(self) -> tuple[NumberedEvent, ...]:
        """The next events to signal: the oldest that wait, within the limits of a batch."""
        return take(islice(self._from(self.durable), self.waiting))

    def delivered(self, events: Sequence[NumberedEvent]) -> None:
        """The receiver has these events of `unposted`. Some of them may have left meanwhile."""
        seqs = {event.id.seq for event in events}
        self.sent += len(seqs & self._unsent)
        self._unsent -= seqs
        if self.must_deliver:
            self.release(events[-1].id)
        self._pass(events[-1].id)

    def give_up(self, through: EventId) -> None:
        """The events up to `through` are not POSTed again: they count as failed, not as sent."""
        self.release(through)
        self._pass(through)

    def release(self, through: EventId) -> bool:
        """Live-only events up to `through` need not be held; True when some leave by that.

        They stay until everything that is to be stored is durable.
        """
        self._released = max(self._released, min(through, self.last))
        if self.stored is None or not self.stored <= self.durable < self._released:
            return False
        self._advance(self._released)
        return True

    def move_to(self, expected: EventId) -> None:
        """Let the next POST begin with `expected`, or with `base` if that is later.

        An id of another attempt, or of an event that was never sent, changes nothing.
        """
        if expected.attempt_key == self.last.attempt_key and expected.seq <= self.last.seq + 1:
            self.posted = max(expected, self.base).offset(-1)

    def acknowledge(self, through: EventId) -> bool:
        """Everything up to `through` is durable; True if that was not known."""
        if not self.is_news(through):
            return False
        self._advance(through)
        return True

    def is_news(self, through: EventId) -> bool:
        """Whether `through` is later than what is known to be durable.

        An id of another attempt, or of an event that was never sent, acknowledges nothing.
        """
        return through.attempt_key == self.last.attempt_key and self.durable < through <= self.last

    def _advance(self, through: EventId) -> None:
        if self.stored is not None and through >= self.stored:
            through = max(through, self._released)
        for seq in range(self.durable.seq + 1, through.seq + 1):
            if self.stored is None or seq <= self.stored.seq:
                self.waiting_bytes -= len(self._held[seq].data)
        self.durable = through
        self.trim()

    def trim(self) -> None:
        """Drop the events that are not needed any more."""
        limit = min(self.durable, self._settled) if self.must_deliver else self.durable
        for seq in range(self.base.seq, limit.seq + 1):
            self.bytes -= len(self._held.pop(seq).data)
            if seq not in self._in_flight:
                self._unsent.discard(seq)
        self.posted = max(self.posted, self.base.offset(-1))

    def _pass(self, through: EventId) -> None:
        self.posted = max(self.posted, through)
        self._settled = max(self._settled, through)
        self.trim()

    def _from(self, cursor: EventId) -> Iterator[NumberedEvent]:
        start = max(cursor.seq + 1, self.base.seq)
        return (self._held[seq] for seq in range(start, self.last.seq + 1))
