"""What a bridge has received of one producer: the windows of at most two of its attempts.

One is the attempt that counts. The other is a newer attempt that so far only claims to exist: a
POST may be forged, or of an attempt that the server has given up. It replaces the current one when
Temporal shows that something of it is durable.
"""

from collections.abc import Sequence

from kai_flow.stream.attempt_window import Answer, AttemptWindow, Stale, Taken
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.ids import EventId


class ProducerWindows:
    """The window of the attempt that counts, and perhaps one of an attempt that claims to."""

    def __init__(self, max_bytes: int) -> None:
        self.current: AttemptWindow | None = None
        self.claim: AttemptWindow | None = None  # newer; becomes current when Temporal shows it
        self._max_bytes = max_bytes

    @property
    def all(self) -> tuple[AttemptWindow, ...]:
        """The claim before the current window."""
        return tuple(one for one in (self.claim, self.current) if one is not None)

    def receive(
        self,
        base: EventId,
        events: Sequence[NumberedEvent],
        *,
        stored: EventId | None = None,
        signalling: bool = True,
    ) -> Answer:
        """Take in one POST of one attempt's consecutive events; see AttemptWindow.receive."""
        current = self.current or self._window(base)
        if base.attempt_key == current.attempt_key:
            answer = current.receive(base, events, stored=stored, signalling=signalling)
            if isinstance(answer, Taken):
                self.current = current
            return answer
        if base.attempt_key < current.attempt_key:
            return Stale() if current.confirmed else _left_out(base)
        claim = self.claim
        if claim is None or claim.attempt_key < base.attempt_key:
            claim = self._window(base)
        if base.attempt_key < claim.attempt_key:
            return _left_out(base)
        answer = claim.receive(base, events, stored=stored, signalling=signalling)
        if not isinstance(answer, Taken):
            return answer
        self.claim = claim
        return answer._replace(held=False)

    def mark_durable(self, through: EventId) -> None:
        """Temporal has shown that the history reaches `through`, which may prove the claim."""
        if self.current is not None and through.attempt_key < self.current.attempt_key:
            return
        if self.claim is not None and through.attempt_key >= self.claim.attempt_key:
            self.current, self.claim = self.claim, None
        if self.current is None or through.attempt_key > self.current.attempt_key:
            self.current = self._window(through)
        self.current.mark_durable(through)

    def window(self, attempt: EventId) -> AttemptWindow | None:
        """The window of the attempt of this id, if there is one."""
        return next((one for one in self.all if one.attempt_key == attempt.attempt_key), None)

    @property
    def to_signal(self) -> AttemptWindow | None:
        """The window whose events are to be signalled next: the newest one that can be."""
        return next((one for one in self.all if one.ready and one.signalling), None)

    def _window(self, place: EventId) -> AttemptWindow:
        return AttemptWindow(place._replace(seq=1), self._max_bytes)


def _left_out(base: EventId) -> Taken:
    """The answer to a POST of which nothing is taken, and which is not to be sent again."""
    nothing = base.offset(-1)
    return Taken(nothing, nothing, held=False)
