"""Cadence: when the next batch is signalled, so that a session has few signals.

A replay of a workflow takes about a second at 700 signals, and at 5,000 it exceeds the timeout of a
workflow task, so that the worker can no longer make progress. So a sender has at most one signal in
flight, and pauses for `max(interval, age / 120)` before the next. That makes some 530 signals in 15
minutes and some 1,100 in a day, however many events the agent sends.

These numbers are for a session, not for a sender. A bridge signals for all of a session's producers
at once. Producers that signal by themselves know nothing of each other, so each of them multiplies
its pause by how many of them there may be: itself, and the activities beside it.
"""

from typing import Final

from kai_flow.stream.backoff import Backoff
from kai_flow.stream.batches import FLUSH_BYTES, MAX_BATCH_EVENTS

AGE_SHARE: Final = 120
MAX_RETRY_SECONDS: Final = 5.0


def is_full(events: int, size: int) -> bool:
    """Whether so many events, of `size` bytes in all, are a full batch."""
    return events >= MAX_BATCH_EVENTS or size >= FLUSH_BYTES


class Cadence:
    """The times of one session's signals. Times are seconds of any monotonic clock.

    `interval` is the least pause between two signals. `age` is for how long the session has been
    streaming, including the time before this attempt or bridge existed. `beside` is how many
    activities were under way beside the sender's own when that was scheduled.
    """

    def __init__(self, interval: float, now: float, age: float = 0.0, *, beside: int = 0) -> None:
        self.interval = interval
        self.beside = beside
        self._began = now - age
        self._in_flight = False
        self._not_before = now  # earliest next signal: some periods after the last acknowledgement
        self._failures = 0  # in a row

    def due(self, events: int, size: int, *, flush: bool) -> float | None:
        """When the waiting events may be signalled; None: nothing waits, or a signal is in flight.

        `events` of them wait, of `size` bytes in all. `flush`: they are to be signalled without a
        pause. A full batch is signalled without one, too. After a failure the pause always counts.
        """
        if self._in_flight or not events:
            return None
        if (flush or is_full(events, size)) and not self._failures:
            return self._began
        return self._not_before

    def age(self, now: float) -> float:
        """For how many seconds the session has been streaming at `now`."""
        return now - self._began

    def learn_age(self, age: float, now: float) -> None:
        """Another program reports the age. The greatest age that was reported counts."""
        self._began = min(self._began, now - age)

    def period(self, now: float) -> float:
        """Seconds between two signals of the session, at the age of `now`."""
        return max(self.interval, self.age(now) / AGE_SHARE)

    def sent(self) -> None:
        """A signal was sent: it is in flight until `acknowledged` or `failed`."""
        self._in_flight = True

    def acknowledged(self, now: float) -> None:
        """The server has stored the signal. The next one waits a period for each sender.

        The pause begins at the acknowledgement, so a slow server gets fewer signals.
        """
        self._in_flight = False
        self._failures = 0
        self._not_before = now + (1 + self.beside) * self.period(now)

    def failed(self, now: float) -> None:
        """It is unknown whether the signal arrived: it is sent again, after a growing pause."""
        self._in_flight = False
        self._failures += 1
        backoff = Backoff(2 * self.interval, MAX_RETRY_SECONDS)
        self._not_before = now + backoff.pause(self._failures)
