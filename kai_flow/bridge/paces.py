"""How often workers pass heartbeats on: what a description gives away of it.

A worker throttles the heartbeats of its activities, and does not say how. By default it passes one
on every 0.8 heartbeat timeouts, at least every 60 s; without such a timeout every 30 s. That is
taken of every attempt of which nothing else has been seen. What is seen can only shorten it.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from temporalio.api.workflow.v1 import PendingActivityInfo

from kai_flow.stream.producer import HEARTBEAT_EVENTS

THROTTLE_SHARE: Final = 0.8  # of the heartbeat timeout
MAX_THROTTLE: Final = timedelta(seconds=60)
DEFAULT_THROTTLE: Final = timedelta(seconds=30)  # of an activity without heartbeat timeout

_POSITION: Final = re.compile(rb"\b\d+\.\d+\.(\d+)\b")


class Paces:
    """The longest time between two heartbeats of each pending attempt, as far as it is known."""

    def __init__(self) -> None:
        self._beats: dict[tuple[str, int], datetime] = {}  # the last that was seen
        self._seen: dict[tuple[str, int], timedelta] = {}  # what they proved

    def learn(self, activities: Iterable[PendingActivityInfo]) -> None:
        """Look at the heartbeats of all that is pending."""
        beats: dict[tuple[str, int], datetime] = {}
        for one in activities:
            if not one.HasField("last_heartbeat_time"):
                continue
            key = (one.activity_id, one.attempt)
            beat = beats[key] = one.last_heartbeat_time.ToDatetime(UTC)
            before = self._beats.get(key)
            if before is None and not _is_first(one):
                before = one.last_started_time.ToDatetime(UTC)
            if before is not None and beat > before:
                self._seen[key] = min(beat - before, self._seen.get(key, beat - before))
        self._beats = beats
        self._seen = {key: pace for key, pace in self._seen.items() if key in beats}

    def of(self, activity: PendingActivityInfo) -> timedelta:
        """The longest time between two heartbeats of a living worker; 0 when nothing is known."""
        if not activity.HasField("activity_options"):
            return timedelta()  # of an older server
        timeout = activity.activity_options.heartbeat_timeout.ToTimedelta()
        default = min(THROTTLE_SHARE * timeout, MAX_THROTTLE) if timeout else DEFAULT_THROTTLE
        return min(default, self._seen.get((activity.activity_id, activity.attempt), default))


def _is_first(activity: PendingActivityInfo) -> bool:
    """Whether its last heartbeat may have been its first, which no worker holds back."""
    for payload in activity.heartbeat_details.payloads:
        position = _POSITION.search(payload.data)
        if position is not None:
            return int(position[1]) <= HEARTBEAT_EVENTS
    return True
