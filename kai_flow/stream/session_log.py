"""The session log: what one bridge holds of one session, for its readers and for the signaller.

It holds the window of the attempt that counts, and at most one window of a newer attempt that so
far only claims to exist: a POST may be forged, or of an attempt that the server has given up. The
newer attempt replaces the current one when Temporal shows that something of it is durable.
"""

from collections.abc import Sequence

from kai_flow.stream.attempt_window import (
    MAX_WINDOW_BYTES,
    Answer,
    AttemptWindow,
    Behind,
    Chunk,
    Encode,
    Lost,
    Stale,
    Taken,
)
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.ids import EventId


class SessionLog:
    """The window of the attempt that counts, and perhaps one of an attempt that claims to."""

    def __init__(self, encode: Encode, *, max_bytes: int = MAX_WINDOW_BYTES) -> None:
        self.current: AttemptWindow | None = None
        self.claim: AttemptWindow | None = None  # newer; becomes current when Temporal shows it
        self.closed = False  # the workflow has ended: nothing more is taken in
        # The last event of the attempt before the current one, if that event was live only.
        self._ended: EventId | None = None
        self._encode = encode
        self._max_bytes = max_bytes

    def receive(
        self,
        base: EventId,
        events: Sequence[NumberedEvent],
        *,
        stored: EventId | None = None,
        signalling: bool = True,
    ) -> Answer:
        """Take in one POST of one attempt's consecutive events; see AttemptWindow.receive."""
        if self.closed:
            return Stale()
        current, nothing = self.current or self._attempt(base), base.offset(-1)
        if base.attempt_key == current.attempt_key:
            answer = current.receive(base, events, stored=stored, signalling=signalling)
            if isinstance(answer, Taken):
                self.current = current
            return answer
        if base.attempt_key < current.attempt_key:
            return Stale() if current.confirmed else Taken(nothing, nothing, held=False)
        claim = self.claim
        if claim is None or claim.attempt_key < base.attempt_key:
            claim = self._attempt(base)
        if base.attempt_key < claim.attempt_key:
            return Taken(nothing, nothing, held=False)
        answer = claim.receive(base, events, stored=stored, signalling=signalling)
        if not isinstance(answer, Taken):
            return answer
        self.claim = claim
        return answer._replace(news=False, held=False)

    def absorb(self, events: Sequence[NumberedEvent]) -> bool:
        """Take in durable events, in the order of the history, as they were read from Temporal.

        They may prove that the claim is real. True when there is something new for readers.
        """
        before = self.position
        start = 0
        for stop in range(1, len(events) + 1):
            if stop == len(events) or events[stop].id != events[stop - 1].id.offset(1):
                run = events[start:stop]
                start = stop
                attempt = self._at(run[0].id)
                if attempt is not None:
                    attempt.absorb(run)
                    self._promote()
        return self.position != before

    def mark_durable(self, through: EventId) -> bool:
        """The history reaches `through`. True when there is something new for readers."""
        before = self.position
        attempt = self._at(through.offset(1))
        if attempt is not None:
            attempt.mark_durable(through)
            self._promote()
        return self.position != before

    def signal_next(self) -> AttemptWindow | None:
        """The attempt whose events are to be signalled next: the newest one that can be."""
        waits = [a for a in (self.claim, self.current) if a is not None and a.waiting]
        return next((a for a in waits if a.ready), waits[0] if waits else None)

    def is_past_stored(self, cursor: EventId) -> bool:
        """See AttemptWindow.is_past_stored."""
        return self.current is not None and self.current.is_past_stored(cursor)

    def ended_at(self, cursor: EventId) -> bool:
        """See AttemptWindow.ended_at; of the attempt that counts and of the one before it."""
        return cursor == self._ended or (self.current is not None and self.current.ended_at(cursor))

    def read(self, cursor: EventId, max_bytes: int) -> Chunk | Behind | Lost | None:
        """What a reader at `cursor` gets from memory; None: it has to wait."""
        return None if self.current is None else self.current.read(cursor, max_bytes)

    @property
    def bytes(self) -> int:
        """Bytes of memory for everything held."""
        return sum(one.held for one in (self.current, self.claim) if one is not None)

    @property
    def position(self) -> EventId | None:
        """The newest event received of the attempt that counts."""
        return None if self.current is None else self.current.received

    def _attempt(self, place: EventId) -> AttemptWindow:
        return AttemptWindow(place._replace(seq=1), self._encode, self._max_bytes)

    def _at(self, place: EventId) -> AttemptWindow | None:
        """The window for `place`, an id that is durable or follows the last durable one.

        None if a later attempt counts. A later attempt than both windows replaces them.
        """
        if self.current is not None and place.attempt_key < self.current.attempt_key:
            return None
        if self.claim is not None and place.attempt_key >= self.claim.attempt_key:
            if place.attempt_key == self.claim.attempt_key:
                return self.claim
            self.claim = None
        if self.current is None or place.attempt_key > self.current.attempt_key:
            self._replace(self._attempt(place))
        return self.current

    def _promote(self) -> None:
        if self.claim is not None and self.claim.confirmed:
            self._replace(self.claim)
            self.claim = None

    def _replace(self, attempt: AttemptWindow) -> None:
        if self.current is not None and self.current.ended_at(self.current.received):
            self._ended = self.current.received
        self.current = attempt
