"""The window of one attempt: the events that a bridge holds of it, consecutive and encoded.

Every reader has a cursor in the window, and reads what lies before it back from Temporal. Durable
events leave the window first. What is not durable stays until the server has it; live-only events
(§6.15 of the protocol) leave like durable ones.

A POST also claims what is durable: everything before its `base`. The claim decides how the POST is
answered and where the window continues. It is no proof, because any program can POST. So
two invariants hold for every claim, and for every order of POSTs, reads of Temporal and
acknowledgements:

- An event to be signalled stays until Temporal itself has shown that it is durable.
- Nothing is signalled behind a hole that Temporal has not shown to be filled: the fold would
  accept what lies behind the hole and then drop what fills it as a duplicate.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from kai_flow.stream.batches import take
from kai_flow.stream.events import NumberedEvent, held_bytes
from kai_flow.stream.ids import EventId, follows

MAX_WINDOW_BYTES: Final = 8 * 1024 * 1024
FRAME_OVERHEAD_BYTES: Final = 144  # memory of a frame beside its text: CPython's objects

Encode = Callable[[NumberedEvent], bytes]


class Taken(NamedTuple):
    """Answer 200: how far the attempt of the POST is received, and how far it is durable."""

    received: EventId
    durable: EventId
    news: bool = False
    """Whether there is something new to show."""
    held: bool = True
    """Whether the log holds all that was POSTed; False: it left that to the signaller."""


class Missing(NamedTuple):
    """Answer 409: events between those held and the POST are missing."""

    expected: EventId
    """From here on the producer is to send again."""


class Stale(NamedTuple):
    """Answer 410: a later attempt or producer has been accepted, or the session has ended."""


class Full(NamedTuple):
    """Answer 429: there is no room until more is durable. Nothing of the POST was taken."""

    stored: bool = False
    """The session has stored all that it may: its producer has to send live-only events."""


Answer = Taken | Missing | Stale | Full


class Chunk(NamedTuple):
    """Consecutive events for a reader, encoded as frames."""

    frames: Sequence[bytes]
    next: EventId
    """The reader's cursor after them."""


class Behind(NamedTuple):
    """The reader's next event is not in memory: it has to be read back from Temporal."""


class Lost(NamedTuple):
    """The reader's next events were live only and are not in memory: they exist nowhere else."""

    next: EventId
    """The reader's cursor after them."""
    before: EventId | None
    """The first event that is still held; None when none is."""


class AttemptWindow:
    """The frames of the events `start` to `received`, and the events that wait to be signalled."""

    def __init__(self, first: EventId, encode: Encode, max_bytes: int) -> None:
        self.start = first  # the oldest event in the window, or the next one to come
        self.received = first.offset(-1)  # the newest one; just before `start` when it is empty
        self.durable = first._replace(seq=0)  # Temporal has shown that its history reaches here
        self.claimed = self.durable  # the last POST claims that the history reaches here
        self.stored: EventId | None = None  # the last event that is stored, once that is known
        self.confirmed = False  # Temporal itself, not a POST, has shown events of this attempt
        self.bytes = 0  # of all frames
        self.waiting_bytes = 0  # of all events that wait to be signalled
        self._since = first  # everything from here to `received` came; the oldest may have left
        self._max_bytes = max_bytes
        self._encode = encode
        self._frames: dict[int, bytes] = {}  # by seq: the window
        self._waiting: dict[int, NumberedEvent] = {}  # to be signalled, by seq, in rising order

    @property
    def attempt_key(self) -> tuple[int, int]:
        """(producer, attempt) of all events here."""
        return self.start.attempt_key

    @property
    def waiting(self) -> int:
        """How many events wait to be signalled."""
        return len(self._waiting)

    @property
    def held(self) -> int:
        """Bytes of memory for frames and waiting events, with those of Python's objects."""
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
        """Take in one POST; see ProducerPost for what `base` and `stored` claim.

        `signalling`: this bridge is the signaller. Another bridge need not hold everything. It
        drops events that would leave a hole, and its readers get them from the history: if it asked
        for the missing ones, the producer would POST every event once for each bridge.
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
            return Full()  # live-only events behind some that cannot leave yet
        # Nothing has changed up to here: a POST that is refused leaves no trace.
        self.stored = stored or self.stored
        self.claimed = base.offset(-1)
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
        """Temporal has shown that the history reaches `through`: nothing up to it is signalled."""
        self.confirmed = self.confirmed or through.seq > 0
        if through > self.received:
            self._jump(through.offset(1))
        self._settle(through)

    def forget_durable(self) -> None:
        """Drop every frame that can be read back."""
        self._shrink(0)

    def is_past_stored(self, cursor: EventId) -> bool:
        """Whether a reader at `cursor` has all that is stored: what follows is here or nowhere."""
        return (
            self.stored is not None
            and cursor.attempt_key == self.attempt_key
            and cursor >= self.stored
        )

    def ended_at(self, cursor: EventId) -> bool:
        """Whether a reader at `cursor` has everything, up to the last live-only event."""
        return self.stored is not None and self.stored < cursor == self.received

    @property
    def doubtful(self) -> bool:
        """Whether Temporal has to be read before a waiting event is signalled.

        Some of the waiting events may be durable already, because the last POST claims more than
        Temporal has shown, or they lie behind a hole.
        """
        return self.waiting > 0 and not (self.claimed <= self.durable and self.ready)

    @property
    def ready(self) -> bool:
        """Whether the event that follows the known end of the history waits to be signalled."""
        return self.durable.seq + 1 in self._waiting

    def undurable(self) -> tuple[NumberedEvent, ...]:
        """The next batch to signal; empty unless `ready`.

        Nothing behind a hole is in it. A wrong or forged `base` is enough to leave a hole, and the
        fold would never accept the events that fill it later.
        """
        return take(self._next())

    def read(self, cursor: EventId, max_bytes: int) -> Chunk | Behind | Lost | None:
        """Some frames after `cursor`, of about `max_bytes` in all; None: there are none yet."""
        if cursor >= self.received:
            return None
        if cursor.attempt_key == self.attempt_key:
            seq = cursor.seq + 1
        elif follows(self.start, cursor):
            seq = 1
        else:
            return Behind()
        if seq < self.start.seq:
            if self.is_past_stored(cursor):
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
        """The id up to which a sender that holds everything from `base` on need not send again."""
        reach = max(base.offset(-1), self.durable)
        while reach.seq + 1 < self._since.seq and reach.seq + 1 in self._waiting:
            reach = reach.offset(1)
        # The claim of another POST may have moved the window past events that this sender holds:
        # then it has to send them again, up to the window.
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
        """Empty the window and let it begin at `first`.

        Events before `first` that are not durable are signalled all the same. Waiting events from
        `first` on are dropped: they came from a sender with another claim, which sends them again.
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
