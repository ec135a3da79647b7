"""The signals that a producer sends by itself, where no bridge does it (§6.12).

A producer that signals beside a bridge would store events twice. So it leaves a bridge that
answers its time, and stops again when one proves that it signals.
"""

from collections.abc import Mapping
from math import inf
from typing import Final, NamedTuple

from kai_flow.stream.bridge_pace import MAX_PACE_SECONDS, BridgePace
from kai_flow.stream.cadence import Cadence, is_full
from kai_flow.stream.election import SIGNALLER_SECONDS
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.ids import EventId
from kai_flow.stream.outbox import Outbox
from kai_flow.stream.table_key import TableKey

# On top of the cadence's period, which grows with the session's age, and of the pace that the
# bridge reports: no bridge is late before that.
STALL_SECONDS: Final = 5.0  # without progress of `durable` before the producer signals by itself
# Of the pace, when an attempt has not ended well. With SIGNALLER_SECONDS, this leaves time for a
# signal of the producer's own before the attempt is left, after LEAVE_SECONDS.
LEAVING_PACE_SECONDS: Final = 1.5


class Duty(TableKey):
    """Who is to signal."""

    STANDBY = "a bridge, or a receiver that may turn out to be one"
    HAND_BACK = "the producer, until the bridge that answers takes signalling over"
    ALONE = "the producer, because no bridge answers"


class Grace(NamedTuple):
    """For how many seconds a bridge may owe progress of `durable` before the producer signals.

    The pace that the bridge reports comes on top.
    """

    open: float
    """While the agent runs; a period of the cadence comes on top, too."""
    finished: float
    """After the agent has ended: an attempt that fails leaves before STALL_SECONDS have passed."""


GRACE: Final[Mapping[Duty, Grace | None]] = {
    Duty.STANDBY: Grace(open=STALL_SECONDS, finished=SIGNALLER_SECONDS),
    Duty.HAND_BACK: Grace(open=SIGNALLER_SECONDS, finished=SIGNALLER_SECONDS),
    Duty.ALONE: None,
}


class OwnSignals:
    """When and what one attempt's producer signals. Times are seconds of any monotonic clock."""

    def __init__(self, outbox: Outbox, cadence: Cadence, *, active: bool) -> None:
        self.active = active  # the producer signals: at the next due time, not after a standstill
        self.waiting_since: float | None = None  # since when `durable` has owed progress
        self.cadence = cadence
        self.pace = BridgePace()  # of the signaller
        self._outbox = outbox

    def appended(self, now: float) -> None:
        """An event was put into the outbox."""
        if self.waiting_since is None or self._outbox.pending == 1:
            self.waiting_since = now

    @property
    def is_brought_forward(self) -> bool:
        """Whether the last event that was appended may have brought the next signal forward."""
        waiting, size = self._outbox.waiting, self._outbox.waiting_bytes
        return waiting <= 1 or is_full(waiting, size) or self._outbox.half_full

    def progressed(self, durable: EventId, now: float) -> None:
        """All that is to be stored is durable up to `durable`, by a signal of any sender."""
        if self._outbox.acknowledge(durable):
            self.waiting_since = now
        if not self._outbox.pending:
            self.waiting_since = None

    def released(self, now: float) -> None:
        """Live-only events have left the outbox: that is progress, too."""
        self.waiting_since = now

    def take_over(self) -> None:
        """The receiver does not signal: the producer does."""
        self.active = True

    def hand_over(self) -> None:
        """A bridge has proved that it signals."""
        self.active = False

    def standstill(self, now: float) -> float:
        """For how many seconds the bridges have owed progress; infinite while they are replaced."""
        if self.active:
            return inf
        return 0.0 if self.waiting_since is None else now - self.waiting_since

    def due_at(
        self, *, finished: bool, bridge_answers: bool, leaving: bool = False
    ) -> float | None:
        """When the next signal is due; None: not before something is reported.

        `finished`: no more events will come. `leaving`: the attempt is left after LEAVE_SECONDS.
        """
        flush = finished or self._outbox.half_full
        waiting, size = self._outbox.waiting, self._outbox.waiting_bytes
        due = self.cadence.due(waiting, size, flush=flush)
        grace = GRACE[self.duty(bridge_answers=bridge_answers)]
        if due is None or self.waiting_since is None or grace is None:
            return due
        allowed = grace.finished if finished else grace.open + self._bridge_period()
        most = LEAVING_PACE_SECONDS if leaving else MAX_PACE_SECONDS
        return max(due, self.pace.late_at(self.waiting_since, allowed, most))

    def duty(self, *, bridge_answers: bool) -> Duty:
        """Who is to signal, when the last POST was answered by a bridge or was not."""
        if not self.active:
            return Duty.STANDBY
        return Duty.HAND_BACK if bridge_answers else Duty.ALONE

    def next(self) -> tuple[NumberedEvent, ...]:
        """The events to signal now that it is due; from here on a signal is in flight."""
        self.active = True
        self.cadence.sent()
        return self._outbox.undurable()

    def acknowledged(self, through: EventId, now: float) -> None:
        """The server acknowledged the signal in flight."""
        self.cadence.acknowledged(now)
        self.progressed(through, now)

    def failed(self, now: float) -> None:
        """The signal in flight may or may not have arrived."""
        self.cadence.failed(now)

    def _bridge_period(self) -> float:
        return 0.0 if self.waiting_since is None else self.cadence.period(self.waiting_since)
