"""Which bridge a producer names as the signaller: the one that makes its events durable.

Several bridges may answer behind one callback URL. If all of them signalled, the workflow would
get each event several times. So every POST names one of them (§6.13 of the protocol).
"""

from typing import Final

SIGNALLER_SECONDS: Final = 2.0  # without progress of `durable` before another bridge is named
UNREACHED_SECONDS: Final = 5.0  # the same for a signaller that no POST has reached yet
MAX_BRIDGES: Final = 64  # boot ids that an attempt remembers


class SignallerChoice:
    """The choice of one attempt. Times are seconds of any monotonic clock."""

    def __init__(self, now: float) -> None:
        self.boot_id: str | None = None  # the bridge that is named; None before any has answered
        self._reached = False  # it has answered a POST that named it
        # When it was named, first answered a POST that named it, or last proved that it works.
        self._since = now
        self._seen: set[str] = set()  # boot ids that have answered, MAX_BRIDGES at most

    def is_one_too_many(self, boot_id: str) -> bool:
        """Whether it answers for the first time, after more others than a site can have."""
        return boot_id not in self._seen and len(self._seen) == MAX_BRIDGES

    def answered(
        self, boot_id: str, now: float, *, works: bool, standstill: float, period: float
    ) -> None:
        """A bridge has answered: it may become the signaller.

        `works`: it reports more as durable than it could derive from the POST, so somebody signals.
        `standstill`: for how many seconds `durable` has owed progress; infinite while the producer
        signals by itself. `period`: the pause between two signals (see `cadence`), before which no
        signaller is late.
        """
        if works or (boot_id == self.boot_id and not self._reached):
            self._since = now
        self._reached = self._reached or boot_id == self.boot_id
        # A load balancer may send the next POSTs to other bridges: a signaller that was never
        # reached cannot know its role yet, and gets more time.
        allowed = period + (SIGNALLER_SECONDS if self._reached else UNREACHED_SECONDS)
        late = standstill > allowed and now - self._since > allowed
        # A boot id that is new belongs to a live bridge, perhaps to the signaller after a restart.
        # The number of new ones is limited: a receiver might use another name in each answer.
        new = boot_id not in self._seen and not self.is_one_too_many(boot_id)
        if late or new:
            self.boot_id, self._since, self._reached = boot_id, now, False
        if new:
            self._seen.add(boot_id)
