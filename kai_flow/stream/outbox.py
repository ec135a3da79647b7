"""The outbox: the events that one attempt may have to send again.

An event is numbered when it comes in, and stays until it is durable: a receiver that has lost its
memory gets it again from here. If the receiver never answers `durable`, the event stays until it is
durable *and* either delivered or given up. What is live only is decided by `storage`.

These invariants hold between any two calls:

- The held events are consecutive, from `base` to `last`.
- `durable` and `last` never go back.
- `posted` may go back, but never before `base`: what left cannot be sent again.
- `sent` counts an event once, also when it is delivered again, or after it has left.
"""

from collections.abc import Sequence
from itertools import islice
from typing import Final

from kai_flow.stream.batches import take
from kai_flow.stream.deliveries import Deliveries
from kai_flow.stream.errors import OutboxFull
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.held_events import HeldEvents
from kai_flow.stream.ids import EventId
from kai_flow.stream.storage import MAX_STORED_BYTES, UNSTORED_DATA, Storage
from kai_flow.stream.wire_names import UNSTORED

MAX_EVENTS: Final = 4_000  # at least twice the events that are signalled at once
MAX_BYTES: Final = 2 * 1024 * 1024


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
        start = EventId(producer, attempt, 0)
        self.held = HeldEvents(start, max_events, max_bytes)
        self.storage = Storage(max_stored, start)
        self.must_deliver = False  # an event stays until it is also delivered or given up
        self.durable = start  # everything to be stored up to here is in the history
        self.posted = start  # the POST cursor: the next POST begins after it
        self.deliveries = Deliveries(start)

    def __len__(self) -> int:
        return len(self.held)

    @property
    def base(self) -> EventId:
        """The oldest event held; the next one to come if none is held."""
        return self.held.base

    @property
    def last(self) -> EventId:
        """The newest event ever put in."""
        return self.held.last

    @property
    def stored(self) -> EventId | None:
        """The last event to be stored, once there is one."""
        return self.storage.last

    @property
    def sent(self) -> int:
        """How many events' POST has succeeded, each counted once."""
        return self.deliveries.count

    @property
    def waiting(self) -> int:
        """How many events wait to become durable."""
        return max(0, (self.stored or self.last).seq - self.durable.seq)

    @property
    def waiting_bytes(self) -> int:
        """The bytes of the events that wait to become durable."""
        return self.storage.waiting_bytes

    @property
    def pending(self) -> int:
        """How many events are neither durable nor, if they are live only, released."""
        return self.last.seq - self.durable.seq

    @property
    def half_full(self) -> bool:
        """Whether so much is not durable that it has to be signalled at once.

        Events that only wait for delivery do not count: a signal would not make room for others.
        """
        waiting, size, held = self.waiting, self.waiting_bytes, self.held
        return 2 * waiting >= held.max_events or 2 * size >= held.max_bytes

    def has_room(self, size: int) -> bool:
        """Whether an event of `size` bytes fits now; an empty outbox accepts any event."""
        if self.storage.is_unstored_due(size, self.last):
            return self.held.has_room(2, size + len(UNSTORED_DATA))
        return self.held.has_room(1, size)

    def append(self, kind: str, data: bytes) -> NumberedEvent:
        """Number an event and keep it. Raises OutboxFull, without a change, if it does not fit."""
        if not self.has_room(len(data)):
            raise OutboxFull(f"the outbox holds {len(self)} events, {self.held.bytes} bytes")
        if self.storage.is_unstored_due(len(data), self.last):
            self.storage.end(self._put(UNSTORED, UNSTORED_DATA))
        event = self._put(kind, data)
        self.storage.add(event)
        return event

    def _put(self, kind: str, data: bytes) -> NumberedEvent:
        event = self.held.put(kind, data)
        self.deliveries.add(event)
        return event

    def unposted(self, max_events: int) -> tuple[NumberedEvent, ...]:
        """The next events to POST, from the POST cursor on, within the limits of a batch."""
        events = take(islice(self.held.after(self.posted), max_events))
        self.deliveries.post(events, self.base)
        return events

    def undurable(self) -> tuple[NumberedEvent, ...]:
        """The next events to signal: the oldest that wait, within the limits of a batch."""
        return take(islice(self.held.after(self.durable), self.waiting))

    def delivered(self, events: Sequence[NumberedEvent]) -> None:
        """The receiver has these events of `unposted`. Some of them may have left meanwhile."""
        self.deliveries.delivered(events)
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
        self.storage.release(min(through, self.last))
        if self.storage.done_with(self.durable) == self.durable:
            return False
        self._advance(self.durable)
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

    def trim(self) -> None:
        """Drop the events that are not needed any more."""
        settled = self.deliveries.settled
        for seq in self.held.drop(
            min(self.durable, settled) if self.must_deliver else self.durable
        ):
            self.deliveries.drop(seq)
        self.posted = max(self.posted, self.base.offset(-1))

    def _advance(self, durable: EventId) -> None:
        through = self.storage.done_with(durable)
        for event in self.held.after(self.durable, through):
            self.storage.became_durable(event)
        self.durable = through
        self.trim()

    def _pass(self, through: EventId) -> None:
        self.posted = max(self.posted, through)
        self.deliveries.settle(through)
        self.trim()
