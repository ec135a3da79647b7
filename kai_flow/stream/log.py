"""The session log: what one bridge holds of one session, for its readers and for the signaller.

Only the current attempt is held: a window of consecutive events, already encoded for the readers,
in which every reader has a cursor. What lies before the window is read back from Temporal. Durable
events leave the window first; what is not durable stays until the server has it, or leaves like
them if its producer says that it is not to be stored.

A POST also says what is durable already. That word decides what its sender is answered and where
the window goes on. It is no proof: whatever is held to be signalled stays until Temporal itself has
shown that it is durable, and nothing is signalled behind a hole that Temporal has not shown to be
filled.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from kai_flow.stream.batches import take
from kai_flow.stream.events import NumberedEvent, held_bytes
from kai_flow.stream.ids import EventId, follows

MAX_WINDOW_BYTES: Final = 8 * 1024 * 1024
FRAME_OVERHEAD_BYTES: Final = 144  # of a frame kept by number, beside its text

Encode = Callable[[NumberedEvent], bytes]


class Taken(NamedTuple):
    """The POST is answered 200: what is held and what is durable of its own attempt."""

    received: EventId
    durable: EventId
    news: bool = False
    """There is something new to show."""
    held: bool = True
    """The log has all that was POSTed; False: it left that to the bridge that signals."""


class Missing(NamedTuple):
    """Events between what is held and the POST are missing; send again from here."""

    expected: EventId


class Stale(NamedTuple):
    """A later attempt or producer has been accepted, or the session has ended."""


class Full(NamedTuple):
    """No room before more becomes durable; nothing of the POST was taken."""

    stored: bool = False
    """The session stores all it may: it is for its producer to store no more."""


Answer = Taken | Missing | Stale | Full


class Chunk(NamedTuple):
    """Encoded events for a reader, and its cursor after them."""

    frames: Sequence[bytes]
    next: EventId


class Behind(NamedTuple):
    """The reader's next event is not in memory: read back from the durable copy."""


class Lost(NamedTuple):
    """The reader's next events are neither in memory nor stored: they are nowhere any more."""

    next: EventId
    """Its cursor behind them."""
    before: EventId | None
    """The first event still held; None when none is."""


class Attempt:
    """The window of one attempt: events `start` … `received`, consecutive."""

    def __init__(self, first: EventId, encode: Encode, max_bytes: int) -> None:
        self.start = first  # the oldest event held, or the next to come
        self.received = first.offset(-1)  # the newest event held; before `start`: none
        self.durable = first._replace(seq=0)  # Temporal has shown that its history reaches here
        self.told = self.durable  # the same by the word of the last POST
        self.stored: EventId | None = None  # its last event that is stored, once that is known
        self.confirmed = False  # Temporal itself, not a POST, has shown that it was accepted
        self.bytes = 0  # of all frames held
        self.waiting_bytes = 0  # of all events to signal
        self._since = first  # all from here to `received` has come; the oldest may have left again
        self._max_bytes = max_bytes
        self._encode = encode
        self._frames: dict[int, bytes] = {}  # by seq
        self._waiting: dict[int, NumberedEvent] = {}  # to be signalled, by seq, in rising order

    @property
    def attempt_key(self) -> tuple[int, int]:
        return self.start.attempt_key

    @property
    def waiting(self) -> int:
        """How many events are to be signalled."""
        return len(self._waiting)

    @property
    def held(self) -> int:
        """What frames and waiting events take in memory; of tiny ones most is Python's own."""
        frames = self.bytes + len(self._frames) * FRAME_OVERHEAD_BYTES
        return frames + held_bytes(len(self._waiting), self.waiting_bytes)

    def receive(
        self,
        base: EventId,
        events: Sequence[NumberedEvent],
        *,
        stored: EventId | None = None,
        signalling: bool = True,
    ) -> Answer:
        """Take in one POST. `base` is the producer's word that everything before it is durable.

        Or live only: `stored` is its word that no event after that one is to be signalled.

        A bridge that is not the one to signal need not hold everything: what would leave a hole
        it lets pass, and its readers get it from the history. Asking for it again would make the
        producer POST everything once for each bridge.
        """
        reach = self._reach(base)
        durable = max(self.durable, base.offset(-1))
        new = [event for event in events if event.id > reach]
        if new and new[0].id.seq > reach.seq + 1:
            if signalling:
                return Missing(reach.offset(1))
            return Taken(new[-1].id, durable, held=False)
        waiting = [event for event in new if stored is None or event.id <= stored]
        if waiting and self.waiting_bytes + sum(len(e.data) for e in waiting) > self._max_bytes:
            return Full()
        if len(waiting) < len(new) and self.bytes > self._max_bytes:
            return Full()  # behind events that cannot leave yet
        # Nothing was changed so far: what is refused leaves no trace.
        self.stored = stored or self.stored
        self.told = base.offset(-1)
        if reach != self.received and (new or not self._waiting):
            self._jump(reach.offset(1))
        self._append(new)
        for event in waiting:
            self._waiting[event.id.seq] = event
            self.waiting_bytes += len(event.data)
        self._shrink()
        return Taken(max(reach, new[-1].id) if new else reach, durable, news=bool(new))

    def absorb(self, events: Sequence[NumberedEvent]) -> None:
        """Take in consecutive durable events, read from Temporal."""
        new = [event for event in events if event.id > self.received]
        if new:
            if new[0].id.seq > self.received.seq + 1:
                self._jump(new[0].id)
            self._append(new)
        self.mark_durable(events[-1].id)

    def mark_durable(self, through: EventId) -> None:
        """The history reaches `through`; what it holds need not be signalled any more."""
        self.confirmed = self.confirmed or through.seq > 0
        if through > self.received:
            self._jump(through.offset(1))
        self._settle(through)

    def forget_durable(self) -> None:
        """Let go of every frame that can be read back."""
        self._shrink(0)

    def outlives(self, cursor: EventId) -> bool:
        """Whether all that is stored lies behind this reader, and the rest is here or nowhere."""
        return (
            self.stored is not None
            and cursor.attempt_key == self.attempt_key
            and cursor >= self.stored
        )

    def ended_at(self, cursor: EventId) -> bool:
        """Whether this reader has everything that came, beyond what is stored too."""
        return self.stored is not None and self.stored < cursor == self.received

    @property
    def doubtful(self) -> bool:
        """Whether some of what waits may be durable already, or lies behind a hole.

        The last POST calls more durable than Temporal has shown: a read of Temporal tells.
        """
        return self.waiting > 0 and not (self.told <= self.durable and self.ready)

    @property
    def ready(self) -> bool:
        """Whether what waits goes on where the history is known to end."""
        return self.durable.seq + 1 in self._waiting

    def undurable(self) -> tuple[NumberedEvent, ...]:
        """The next batch to signal; empty unless `ready`.

        What lies behind a hole is not signalled. The fold would never take what fills it, and the
        hole may be there by a mistaken or forged `base` alone.
        """
        return take(self._next())

    def read(self, cursor: EventId, max_bytes: int) -> Chunk | Behind | Lost | None:
        """The frames after `cursor`; None when there is nothing for this reader yet."""
        if cursor >= self.received:
            return None
        if cursor.attempt_key == self.attempt_key:
            seq = cursor.seq + 1
        elif follows(self.start, cursor):
            seq = 1
        else:
            return Behind()
        if seq < self.start.seq:
            if self.outlives(cursor):
                return Lost(self.start.offset(-1), self.start if self._frames else None)
            return Behind()
        if seq > self.received.seq:
            return None
        frames: list[bytes] = []
        size = 0
        while seq <= self.received.seq and (not frames or size < max_bytes):
            frame = self._frames[seq]
            frames.append(frame)
            size += len(frame)
            seq += 1
        return Chunk(frames, self.start._replace(seq=seq - 1))

    def _reach(self, base: EventId) -> EventId:
        """Up to here nothing is missing that a sender may hold which has everything from `base`."""
        reach = max(base.offset(-1), self.durable)
        while reach.seq + 1 < self._since.seq and reach.seq + 1 in self._waiting:
            reach = reach.offset(1)
        # Another POST's word may have moved the window past what this sender still holds.
        return reach if reach.seq + 1 < self._since.seq else max(reach, self.received)

    def _next(self) -> Iterator[NumberedEvent]:
        seq = self.durable.seq + 1
        while seq in self._waiting:
            yield self._waiting[seq]
            seq += 1

    def _settle(self, through: EventId) -> None:
        while self._waiting and (seq := next(iter(self._waiting))) <= through.seq:
            self.waiting_bytes -= len(self._waiting.pop(seq).data)
        self.durable = max(self.durable, through)
        self._shrink()

    def _append(self, events: Iterable[NumberedEvent]) -> None:
        for event in events:
            frame = self._encode(event)
            self._frames[event.id.seq] = frame
            self.bytes += len(frame)
            self.received = event.id

    def _jump(self, first: EventId) -> None:
        """Begin the window anew at `first`.

        What lies before it and is not durable is signalled all the same. What lies behind came from
        a sender that said something else of what is durable: it may send it again.
        """
        self._frames.clear()
        self.bytes = 0
        while self._waiting and (seq := next(reversed(self._waiting))) >= first.seq:
            self.waiting_bytes -= len(self._waiting.pop(seq).data)
        self.start = self._since = first
        self.received = first.offset(-1)

    def _shrink(self, max_bytes: int | None = None) -> None:
        limit = self._max_bytes if max_bytes is None else max_bytes
        while self.bytes > limit and self.start.seq not in self._waiting:
            self.bytes -= len(self._frames.pop(self.start.seq))
            self.start = self.start.offset(1)


class SessionLog:
    """The attempt that counts, and at most one newer attempt that so far only claims to."""

    def __init__(self, encode: Encode, *, max_bytes: int = MAX_WINDOW_BYTES) -> None:
        self.current: Attempt | None = None
        self.claim: Attempt | None = None  # shown once something of it is durable
        self.closed = False  # the workflow has ended: nothing more is taken in
        self._ended: EventId | None = None  # the last event of the attempt before, if not stored
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
        """Take in one POST of one attempt's consecutive events; see Attempt.receive."""
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
        """Take in durable events of a page or a history, in order.

        True when that changes where readers stand: it may also prove what was only claimed.
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
        """The history reaches `through`; True when that changes where readers stand."""
        before = self.position
        attempt = self._at(through.offset(1))
        if attempt is not None:
            attempt.mark_durable(through)
            self._promote()
        return self.position != before

    def signal_next(self) -> Attempt | None:
        """The attempt whose events should be signalled next."""
        waits = [a for a in (self.claim, self.current) if a is not None and a.waiting]
        return next((a for a in waits if a.ready), waits[0] if waits else None)

    def outlives(self, cursor: EventId) -> bool:
        """See Attempt.outlives."""
        return self.current is not None and self.current.outlives(cursor)

    def ended_at(self, cursor: EventId) -> bool:
        """See Attempt.ended_at; of the attempt that counts and of the one before it."""
        return cursor == self._ended or (self.current is not None and self.current.ended_at(cursor))

    def read(self, cursor: EventId, max_bytes: int) -> Chunk | Behind | Lost | None:
        """What a reader at `cursor` gets from memory; None when it has to wait."""
        return None if self.current is None else self.current.read(cursor, max_bytes)

    @property
    def bytes(self) -> int:
        """What everything held takes in memory."""
        return sum(one.held for one in (self.current, self.claim) if one is not None)

    @property
    def position(self) -> EventId | None:
        """The newest event held of the attempt that counts."""
        return None if self.current is None else self.current.received

    def _attempt(self, place: EventId) -> Attempt:
        return Attempt(place._replace(seq=1), self._encode, self._max_bytes)

    def _at(self, place: EventId) -> Attempt | None:
        """The attempt of `place`, an id that is durable or follows what is; None if it is void."""
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

    def _replace(self, attempt: Attempt) -> None:
        if self.current is not None and self.current.ended_at(self.current.received):
            self._ended = self.current.received
        self.current = attempt
