"""The signals that a producer sends by itself, where no bridge does it (§6.12).

A producer that signals beside a bridge would store events twice. So it leaves a bridge that
answers its time, and stops again when one proves that it signals.
"""

from math import inf
from typing import Final

from kai_flow.stream.cadence import Cadence
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.ids import EventId
from kai_flow.stream.outbox import Outbox
from kai_flow.stream.signaller_choice import SIGNALLER_SECONDS

# On top of the cadence's period, which grows with the session's age: no bridge is late before that.
STALL_SECONDS: Final = 5.0  # without progress of `durable` before the producer signals by itself


class OwnSignals:
    """When and what one attempt's producer signals. Times are seconds of any monotonic clock."""

    def __init__(self, outbox: Outbox, cadence: Cadence, *, active: bool) -> None:
        self.active = active  # the producer signals: at the next due time, not after a standstill
        self.waiting_since: float | None = None  # since when `durable` has owed progress
        self._outbox = outbox
        self._cadence = cadence

    def appended(self, now: float) -> None:
        """An event was put into the outbox."""
        if self.waiting_since is None or self._outbox.pending == 1:
            self.waiting_since = now

    def progressed(self, durable: EventId, now: float) -> None:
        """All that is to be stored is durable up to `durable`, by a signal of any sender."""
        if self._outbox.acknowledge(durable):
            self.waiting_since = now
        if not self._outbox.pending:
            self.waiting_since = None

    def standstill(self, now: float) -> float:
        """For how many seconds the bridges have owed progress; infinite while they are replaced."""
        if self.active:
            return inf
        return 0.0 if self.waiting_since is None else now - self.waiting_since

    def due_at(self, *, finished: bool, bridge_answers: bool) -> float | None:
        """When the next signal is due; None: not before something is reported."""
        flush = finished or self._outbox.half_full
        waiting, size = self._outbox.waiting, self._outbox.waiting_bytes
        due = self._cadence.due(waiting, size, flush=flush)
        if due is None or self.waiting_since is None:
            return due
        if self.active and not bridge_answers:
            return due
        # A bridge that answers gets time, also one that is to take signalling over again. It gets
        # less at the end: an attempt that fails leaves before STALL_SECONDS have passed.
        allowed = SIGNALLER_SECONDS if self.active or finished else STALL_SECONDS
        if not finished:
            allowed += self._cadence.period(self.waiting_since)
        return max(due, self.waiting_since + allowed)

    def next(self) -> tuple[NumberedEvent, ...]:
        """The events to signal now that it is due; from here on a signal is in flight."""
        self.active = True
        self._cadence.sent()
        return self._outbox.undurable()

    def acknowledged(self, through: EventId, now: float) -> None:
        """The server acknowledged the signal in flight."""
        self._cadence.acknowledged(now)
        self.progressed(through, now)

    def failed(self, now: float) -> None:
        """The signal in flight may or may not have arrived."""
        self._cadence.failed(now)
