"""When a producer may POST again after failures, and after answers that send it back (§6.11)."""

from typing import Final

from kai_flow.stream.backoff import Backoff

PROBE_SECONDS: Final = 1.0  # between POSTs while something is not durable
MAX_TRIES: Final = 3  # failures, or answers in vain, before nothing is waited for any more
FIRST_PAUSE_SECONDS: Final = 0.25
MAX_PAUSE_SECONDS: Final = 5.0
MAX_RETRY_AFTER_SECONDS: Final = 30.0  # of a `Retry-After`: the agent may be waiting

_BACKOFF: Final = Backoff(FIRST_PAUSE_SECONDS, MAX_PAUSE_SECONDS)


class PostPacing:
    """The pauses between the POSTs of one attempt. Times are seconds of any monotonic clock."""

    def __init__(self, now: float) -> None:
        self.not_before = now  # the earliest time of the next POST
        self._answered_at = now  # when the last POST was answered
        self._failures = 0  # failed POSTs in a row
        self._sent_back = 0  # answers that asked for earlier events, since the last progress

    @property
    def probe_at(self) -> float:
        """When to POST although there is nothing new to show."""
        return max(self.not_before, self._answered_at + PROBE_SECONDS)

    @property
    def failing(self) -> bool:
        """Whether the last POST failed."""
        return self._failures > 0

    @property
    def exhausted(self) -> bool:
        """Whether as many POSTs have failed in a row as are tried."""
        return self._failures >= MAX_TRIES

    @property
    def in_vain(self) -> bool:
        """Whether answer after answer has sent the producer back, without any progress between."""
        return self._sent_back >= MAX_TRIES

    def answered(self, now: float) -> None:
        """A POST was answered, and the answer is no failure."""
        self._failures, self._answered_at, self.not_before = 0, now, now

    def failed(self, now: float, *, jitter: float, retry_after: float) -> None:
        """A POST failed. `jitter` is drawn from [0, 1); `retry_after` is in seconds."""
        self._failures += 1
        pause = _BACKOFF.pause(self._failures, jitter)
        self.not_before = now + max(pause, min(retry_after, MAX_RETRY_AFTER_SECONDS))

    def sent_back(self, now: float) -> None:
        """An answer asked for events that were sent before: a 409, or a lower `received`.

        After the first such answer the next POST follows at once, after further ones it does not:
        a receiver that never has enough would otherwise be POSTed to in a tight loop.
        """
        self._sent_back += 1
        self.not_before = now + _BACKOFF.pause(self._sent_back - 1)

    def progressed(self) -> None:
        """Something new was received or became durable."""
        self._sent_back = 0
