"""The channel of an attempt's POSTs: what is in flight, and when the next may follow (§6.11).

One POST is in flight at a time. After a failure, and after an answer that sends the producer back,
the next one is paced. The refusal of a signal can end the attempt while a POST is in flight, so an
answer can come in every state.
"""

from collections.abc import Mapping
from typing import Final

from kai_flow.stream.backoff import Backoff
from kai_flow.stream.table_key import TableKey

PROBE_SECONDS: Final = 1.0  # between POSTs while something is not durable
MAX_TRIES: Final = 3  # failures, or answers in vain, before nothing is waited for any more
FIRST_PAUSE_SECONDS: Final = 0.25
MAX_PAUSE_SECONDS: Final = 5.0
MAX_RETRY_AFTER_SECONDS: Final = 30.0  # of a `Retry-After`: the agent may be waiting

_BACKOFF: Final = Backoff(FIRST_PAUSE_SECONDS, MAX_PAUSE_SECONDS)


class PostState(TableKey):
    """What the channel is doing."""

    IDLE = "nothing is in flight, and the last POST did not fail"
    IN_FLIGHT = "a POST is in flight"
    BACKOFF = "nothing is in flight, and the last POST failed"
    RETRYING = "a POST is in flight, and the one before it failed"


class Report(TableKey):
    """What is reported to the channel."""

    POSTED = "a POST is made"
    ANSWERED = "it was answered, and the answer is no failure"
    FAILED = "no answer, or one that is no success"
    REFUSED = "the attempt is over: nothing is waited for"


NEXT_STATE: Final[Mapping[PostState, Mapping[Report, PostState]]] = {
    PostState.IDLE: {
        Report.POSTED: PostState.IN_FLIGHT,
        Report.ANSWERED: PostState.IDLE,
        Report.FAILED: PostState.BACKOFF,
        Report.REFUSED: PostState.IDLE,
    },
    PostState.IN_FLIGHT: {
        Report.POSTED: PostState.IN_FLIGHT,
        Report.ANSWERED: PostState.IDLE,
        Report.FAILED: PostState.BACKOFF,
        Report.REFUSED: PostState.IDLE,
    },
    PostState.BACKOFF: {
        Report.POSTED: PostState.RETRYING,
        Report.ANSWERED: PostState.IDLE,
        Report.FAILED: PostState.BACKOFF,
        Report.REFUSED: PostState.BACKOFF,
    },
    PostState.RETRYING: {
        Report.POSTED: PostState.RETRYING,
        Report.ANSWERED: PostState.IDLE,
        Report.FAILED: PostState.BACKOFF,
        Report.REFUSED: PostState.BACKOFF,
    },
}


class PostChannel:
    """The channel of one attempt. Times are seconds of any monotonic clock."""

    def __init__(self, now: float) -> None:
        self.state = PostState.IDLE
        self.not_before = now  # the earliest time of the next POST
        self._answered_at = now  # when the last POST was answered
        self._failures = 0  # failed POSTs in a row
        self._sent_back = 0  # answers that asked for earlier events, since the last progress

    @property
    def in_flight(self) -> bool:
        """Whether a POST is in flight."""
        return self.state in {PostState.IN_FLIGHT, PostState.RETRYING}

    @property
    def failing(self) -> bool:
        """Whether the last POST that has come to its end failed."""
        return self.state in {PostState.BACKOFF, PostState.RETRYING}

    @property
    def probe_at(self) -> float:
        """When to POST although there is nothing new to show."""
        return max(self.not_before, self._answered_at + PROBE_SECONDS)

    @property
    def exhausted(self) -> bool:
        """Whether as many POSTs have failed in a row as are tried."""
        return self._failures >= MAX_TRIES

    @property
    def in_vain(self) -> bool:
        """Whether answer after answer has sent the producer back, without any progress between."""
        return self._sent_back >= MAX_TRIES

    def posted(self) -> None:
        """A POST is made."""
        self._report(Report.POSTED)

    def refused(self) -> None:
        """The attempt is over: an answer that may still come is not waited for."""
        self._report(Report.REFUSED)

    def answered(self, now: float) -> None:
        """A POST was answered, and the answer is no failure."""
        self._report(Report.ANSWERED)
        self._failures, self._answered_at, self.not_before = 0, now, now

    def failed(self, now: float, *, jitter: float, retry_after: float) -> None:
        """A POST failed. `jitter` is drawn from [0, 1); `retry_after` is in seconds."""
        self._report(Report.FAILED)
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

    def _report(self, report: Report) -> None:
        self.state = NEXT_STATE[self.state][report]
