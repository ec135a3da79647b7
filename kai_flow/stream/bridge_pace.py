"""The pace of a bridge: how long a session there waits for its turn to be signalled (§4.5).

A bridge with many sessions signals within a budget. A producer that took a slow turn for a dead
bridge would signal by itself, and so would all the others, all at once. So it adds the pace that
the signaller reports to the time after which it calls that bridge late.

Any receiver can report a pace, so what is believed is bounded: it adds MAX_PACE_SECONDS at most,
and it counts only while the bridge goes on answering.
"""

from math import inf
from typing import Final

MAX_PACE_SECONDS: Final = 30.0
SILENT_SECONDS: Final = 5.0  # after its last answer, the pace of a bridge no longer counts


class BridgePace:
    """What the signaller has reported. Times are seconds of any monotonic clock."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._bridge: str | None = None  # the boot id of the bridge that has reported it
        self._began_at = -inf  # when that bridge reported its first one, as the signaller
        self._told_at = -inf  # when it answered last

    def told(self, bridge: str, seconds: float, now: float) -> None:
        """The signaller has answered; 0: its sessions do not wait, or it is an older bridge."""
        if bridge != self._bridge:
            self._bridge, self._began_at = bridge, now
        self._seconds = min(max(0.0, seconds), MAX_PACE_SECONDS)
        self._told_at = now

    def at(self, now: float) -> float:
        """Seconds that the signaller may take for its turn, as far as that counts at `now`."""
        return self._seconds if now <= self._told_at + SILENT_SECONDS else 0.0

    def late_at(self, since: float, allowed: float, most: float = MAX_PACE_SECONDS) -> float:
        """When the signaller is late with progress that it owes since `since`.

        It may take `allowed` seconds and its pace, of which `most` counts. A bridge that has become
        the signaller meanwhile, such as one after a restart, puts the session at the end of its
        queue: its pace begins there.
        """
        late = since + allowed
        if not self._seconds:
            return late
        extra = max(0.0, self._began_at - since) + self._seconds
        return max(late, min(late + min(extra, most), self._told_at + SILENT_SECONDS))
