"""How long an attempt waits for mere delivery to a receiver that never answers `durable` (§6.12).

Such a receiver may be healthy and still slower than the agent. Events that are durable and only
not delivered yet may hold the agent up for DELIVERY_SECONDS in all, and the end of the attempt for
DELIVERY_SECONDS once more. When only the final POST is left, that too is tried for that long.
"""

from typing import Final

DELIVERY_SECONDS: Final = 5.0


class DeliveryWait:
    """The time that is left. Times are seconds of any monotonic clock."""

    def __init__(self) -> None:
        self._left = DELIVERY_SECONDS  # of the agent's waiting, in seconds
        self._held_up_since: float | None = None  # since when the agent has been waiting
        self._finished_at: float | None = None  # when the agent had sent its last event
        self._final_since: float | None = None  # since when only the final POST has been left

    def held_up(self, now: float) -> None:
        """The agent waits, or still waits, for room in the outbox."""
        if self._held_up_since is None:
            self._held_up_since = now

    def went_on(self, now: float) -> None:
        """The agent waits no longer."""
        if self._held_up_since is not None:
            self._left = max(0.0, self._left - (now - self._held_up_since))
            self._held_up_since = None

    def finish(self, now: float) -> None:
        """No more events will come. Only the first call counts."""
        if self._finished_at is None:
            self._finished_at = now

    def reached_final_post(self, now: float) -> None:
        """Only the final POST is left. Only the first call counts."""
        if self._final_since is None:
            self._final_since = now

    @property
    def final_ends_at(self) -> float | None:
        """When the final POST is given up; None before its turn has come."""
        return None if self._final_since is None else self._final_since + DELIVERY_SECONDS

    @property
    def ends_at(self) -> float | None:
        """When events that only need delivery are given up; None while nobody waits for them."""
        times = []
        if self._finished_at is not None:
            times.append(self._finished_at + DELIVERY_SECONDS)
        if self._held_up_since is not None:
            times.append(self._held_up_since + self._left)
        return min(times, default=None)
