"""Cadence: when the next batch is signalled, so that a session's signals stay few.

A replay costs about a second at 700 signals and wedges the worker at 5,000. So at most one signal
is under way, and a batch goes after `max(interval, age / 120)`: some 530 signals in 15 minutes,
some 1,100 in a day, however fast the agent talks.
"""

from typing import Final

from kai_flow.stream.backoff import Backoff
from kai_flow.stream.batches import FLUSH_BYTES, MAX_BATCH_EVENTS

AGE_SHARE: Final = 120
MAX_RETRY_SECONDS: Final = 5.0


class Cadence:
    """The clock of one session's signals. Times are seconds of any monotonic clock.

    `age` is how long the session has been streaming: also before this attempt, and this bridge.
    """

    def __init__(self, interval: float, now: float, age: float = 0.0) -> None:
        self.interval = interval
        self._began = now - age
        self._in_flight = False
        self._not_before = now  # earliest next signal: one period after the last acknowledgement
        self._failures = 0  # in a row

    def due(self, events: int, size: int, *, flush: bool) -> float | None:
        """When what waits (`events` of `size` bytes) may go; None: not now, or nothing waits.

        `flush` is the sender's word that no more will come: the wait is cut short.
        """
        if self._in_flight or not events:
            return None
        full = events >= MAX_BATCH_EVENTS or size >= FLUSH_BYTES
        if (flush or full) and not self._failures:
            return self._began
        return self._not_before

    def age(self, now: float) -> float:
        """Seconds that the session has been streaming by `now`."""
        return now - self._began

    def learn_age(self, age: float, now: float) -> None:
        """Somebody knows that the session has been streaming for `age` seconds, or even longer."""
        self._began = min(self._began, now - age)

    def period(self, now: float) -> float:
        """Seconds between an acknowledgement and the next signal, at the age reached by `now`."""
        return max(self.interval, self.age(now) / AGE_SHARE)

    def sent(self) -> None:
        """A signal went out."""
        self._in_flight = True

    def acknowledged(self, now: float) -> None:
        """The server has it; the next waits a period from now, so signalling clocks itself."""
        self._in_flight = False
        self._failures = 0
        self._not_before = now + self.period(now)

    def failed(self, now: float) -> None:
        """It is unknown whether it arrived; the same batch goes again after a growing pause."""
        self._in_flight = False
        self._failures += 1
        backoff = Backoff(2 * self.interval, MAX_RETRY_SECONDS)
        self._not_before = now + backoff.pause(self._failures)
