"""Storage: what one attempt stores, and what it sends live only (§6.15).

A run may store MAX_STORED_BYTES of events, whoever sends them. An attempt knows how much that
leaves for it from the size of the run's history, which it reads again after every READ_AGAIN_BYTES
that it stores, because other producers store beside it. Before the event that would exceed the
limit comes `unstored`, the last event that is stored. What follows is live only.

Live-only events are released when they were shown, or are not waited for any more. They leave the
outbox once everything that is to be stored is durable.
"""

from typing import Final

from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.ids import EventId

MAX_STORED_BYTES: Final = 32 * 1024 * 1024  # in a run; at 50 MiB the server terminates it
READ_AGAIN_BYTES: Final = 256 * 1024  # stored by one attempt, before it reads the history's size

UNSTORED_DATA: Final = b'{"type":"unstored"}'
_WRAPPING: Final = len(b'{"event":},')  # the bytes of a batch around an event


def storable_beside(history_bytes: int | None) -> int:
    """How many bytes an attempt may store when the history has this size; None: it is unknown.

    With what is allowed then, three attempts stay well below the size at which the server
    terminates the run.
    """
    if history_bytes is None:
        return MAX_STORED_BYTES // 4
    return max(0, MAX_STORED_BYTES - history_bytes)


class Allowance:
    """How many bytes one attempt may store, which each new size of the history changes."""

    def __init__(self, storable: int) -> None:
        self.limit = storable  # of `spent`; it only moves by readings of the history's size
        self.spent = 0  # bytes of all events that are to be stored, as if no tokens were merged
        self._asked_at = 0  # `spent` when the size was last asked for
        self._contained: int | None = (
            None  # while it is asked for: of `spent`, surely in its answer
        )

    def admits(self, size: int) -> bool:
        """Whether an event of `size` bytes may be stored."""
        return self.spent + size + _WRAPPING <= self.limit

    def spend(self, size: int) -> None:
        """An event of `size` bytes is to be stored."""
        self.spent += size + _WRAPPING

    @property
    def reading_due(self) -> bool:
        """Whether so much was stored that the history's size has to be read again."""
        return self._contained is None and self.spent - self._asked_at >= READ_AGAIN_BYTES

    def ask(self, waiting: int, waiting_bytes: int) -> None:
        """The size is asked for now, while events wait to become durable.

        Those, and later ones, may be missing in the answer. All others are in it.
        """
        self._asked_at = self.spent
        self._contained = self.spent - waiting_bytes - _WRAPPING * waiting

    def history_read(self, size: int | None) -> None:
        """The answer to `ask`. None: there is none, and the limit stays until the next reading.

        What is to be stored already stays so, even if the history has no room for it.
        """
        if self._contained is not None and size is not None:
            self.limit = max(self.spent, self._contained + storable_beside(size))
        self._contained = None


class Storage:
    """What one attempt stores, until its allowance is used up."""

    def __init__(self, storable: int, start: EventId) -> None:
        self.last: EventId | None = None  # `unstored`, the last event that is stored
        self.waiting_bytes = 0  # of the events that wait to become durable
        self._allowance = Allowance(storable)
        self._released = start  # live-only events up to here are not needed any more

    def is_unstored_due(self, size: int, newest: EventId) -> bool:
        """Whether `unstored` comes before an event of `size` bytes, which follows `newest`.

        The first event of an attempt is stored in any case.
        """
        return self.last is None and newest.seq > 0 and not self._allowance.admits(size)

    def add(self, event: NumberedEvent) -> None:
        """An event was numbered. It is to be stored, unless `unstored` precedes it."""
        if self.last is None:
            self._allowance.spend(len(event.data))
            self.waiting_bytes += len(event.data)

    def end(self, unstored: NumberedEvent) -> None:
        """`unstored` was numbered. It does not count against the allowance."""
        self.last = unstored.id
        self.waiting_bytes += len(unstored.data)

    def is_stored(self, event_id: EventId) -> bool:
        """Whether that event is to be stored, and not live only."""
        return self.last is None or event_id <= self.last

    def became_durable(self, event: NumberedEvent) -> None:
        """An event is in the history, or was released."""
        if self.is_stored(event.id):
            self.waiting_bytes -= len(event.data)

    # Live-only events

    def release(self, through: EventId) -> None:
        """Live-only events up to `through` are not needed any more."""
        self._released = max(self._released, through)

    def done_with(self, durable: EventId) -> EventId:
        """Up to where events are done with, when everything is durable up to `durable`."""
        if self.last is None or durable < self.last:
            return durable
        return max(durable, self._released)

    # The size of the history

    def next_reading(self, waiting: int) -> bool:
        """Whether to read the size of the history now, while `waiting` events are not durable.

        If so, `history_read` has to be called with the answer.
        """
        due = self.reading_due
        if due:
            self._allowance.ask(waiting, self.waiting_bytes)
        return due

    @property
    def reading_due(self) -> bool:
        """Whether the size of the history is to be read, as far as anything more is stored."""
        return self.last is None and self._allowance.reading_due

    def history_read(self, size: int | None) -> None:
        """The history has this size; None: it could not be read."""
        self._allowance.history_read(size)
