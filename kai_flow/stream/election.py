"""The election of the signaller: the bridge that makes a producer's events durable.

Several bridges may answer behind one callback URL. If all of them signalled, the workflow would
get each event several times. So every POST names one of them (§6.13 of the protocol).
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from kai_flow.stream.table_key import TableKey

SIGNALLER_SECONDS: Final = 2.0  # without progress of `durable` before another bridge is named
UNREACHED_SECONDS: Final = 5.0  # the same for a signaller that no POST has reached yet
MAX_BRIDGES: Final = 64  # boot ids that an attempt remembers


class SignallerState(TableKey):
    """What is known of the signaller."""

    UNNAMED = "no bridge has answered yet, so none is named"
    NAMED = "it is named, and no POST that names it has reached it yet"
    UNREACHED = "it is named, and its time to be reached is over"
    TOLD = "a POST that names it has reached it"
    LATE = "it was told, and `durable` owes progress for longer than its time"


class Answerer(TableKey):
    """Which bridge has answered a POST."""

    NEW = "it answers for the first time"
    SIGNALLER = "it is the signaller"
    OTHER = "any other bridge"


class Ballot(TableKey):
    """What an answer does to the election."""

    KEEP = "the signaller stays"
    TELL = "the signaller has been reached, and now has its time from here on"
    NAME = "the bridge that has answered becomes the signaller, or has its time anew"


class Standing(TableKey):
    """What the bridge that has answered was told of its role by the POST, and now is."""

    SIGNALLER = "it is the signaller, and the POST named it, or named none"
    ELECTED = "it has become the signaller by this answer, while the POST named another bridge"
    BYSTANDER = "it is not the signaller"


class Vote(NamedTuple):
    """The effect of an answer, and what the answer counts as."""

    ballot: Ballot
    standing: Standing


_ELECTED: Final = Vote(Ballot.NAME, Standing.ELECTED)
_BYSTANDER: Final = Vote(Ballot.KEEP, Standing.BYSTANDER)

# A boot id that is new belongs to a live bridge, perhaps to the signaller after a restart: it is
# named at once. Any other bridge is named only when the signaller has had its time.
VOTES: Final[Mapping[SignallerState, Mapping[Answerer, Vote]]] = {
    SignallerState.UNNAMED: {
        Answerer.NEW: Vote(Ballot.NAME, Standing.SIGNALLER),
        # Without a signaller, each bridge that answers is new. The other rows are never used.
        Answerer.SIGNALLER: _BYSTANDER,
        Answerer.OTHER: _BYSTANDER,
    },
    SignallerState.NAMED: {
        Answerer.NEW: _ELECTED,
        Answerer.SIGNALLER: Vote(Ballot.TELL, Standing.SIGNALLER),
        Answerer.OTHER: _BYSTANDER,
    },
    SignallerState.UNREACHED: {
        Answerer.NEW: _ELECTED,
        Answerer.SIGNALLER: Vote(Ballot.TELL, Standing.SIGNALLER),
        Answerer.OTHER: _ELECTED,
    },
    SignallerState.TOLD: {
        Answerer.NEW: _ELECTED,
        Answerer.SIGNALLER: Vote(Ballot.KEEP, Standing.SIGNALLER),
        Answerer.OTHER: _BYSTANDER,
    },
    SignallerState.LATE: {
        Answerer.NEW: _ELECTED,
        Answerer.SIGNALLER: Vote(Ballot.NAME, Standing.SIGNALLER),
        Answerer.OTHER: _ELECTED,
    },
}


class Election:
    """The election of one attempt. Times are seconds of any monotonic clock."""

    def __init__(self, now: float) -> None:
        self.signaller: str | None = None  # the boot id that is named; None before any has answered
        self._told = False  # a POST that names it has reached it
        # When it was named, first answered a POST that named it, or last proved that it works.
        self._since = now
        self._seen: set[str] = set()  # boot ids that have answered, MAX_BRIDGES at most

    def is_one_too_many(self, boot_id: str) -> bool:
        """Whether it answers for the first time, after more others than a site can have."""
        return boot_id not in self._seen and len(self._seen) == MAX_BRIDGES

    def answered(
        self, boot_id: str, now: float, *, works: bool, standstill: float, period: float
    ) -> Standing:
        """A bridge has answered: it may become the signaller. Returns what its answer counts as.

        `works`: it reports more as durable than it could derive from the POST, so somebody signals.
        `standstill`: for how many seconds `durable` has owed progress; infinite while the producer
        signals by itself. `period`: the pause between two signals (see `cadence`) and the time that
        the signaller says it takes for its turn (see `bridge_pace`), before which it is not late.
        """
        if works:
            self._since = now
        vote = VOTES[self.state(now, standstill, period)][self._answerer(boot_id)]
        if vote.ballot is not Ballot.KEEP:
            self.signaller, self._since = boot_id, now
            self._told = vote.ballot is Ballot.TELL
        # The number of new ones is limited: a receiver might use another name in each answer.
        if not self.is_one_too_many(boot_id):
            self._seen.add(boot_id)
        return vote.standing

    def state(self, now: float, standstill: float, period: float) -> SignallerState:
        """What is known of the signaller at `now`. The other arguments are those of `answered`."""
        if self.signaller is None:
            return SignallerState.UNNAMED
        # A load balancer may send the next POSTs to other bridges: a signaller that was never
        # reached cannot know its role yet, and gets more time.
        allowed = period + (SIGNALLER_SECONDS if self._told else UNREACHED_SECONDS)
        late = standstill > allowed and now - self._since > allowed
        if self._told:
            return SignallerState.LATE if late else SignallerState.TOLD
        return SignallerState.UNREACHED if late else SignallerState.NAMED

    def _answerer(self, boot_id: str) -> Answerer:
        if boot_id == self.signaller:
            return Answerer.SIGNALLER
        if boot_id in self._seen or self.is_one_too_many(boot_id):
            return Answerer.OTHER
        return Answerer.NEW
