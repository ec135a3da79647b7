"""The window of one attempt: what a bridge has received of it, until Temporal has it.

A POST claims what is durable: everything before its `base`. The claim decides how the POST is
answered and where the window continues. It is no proof, because any program can POST. So
two invariants hold for every claim, and for every order of POSTs, reads of Temporal and
acknowledgements:

- An event to be signalled stays until Temporal itself has shown that it is durable.
- Nothing is signalled behind a hole that Temporal has not shown to be filled: the fold would
  accept what lies behind the hole and then drop what fills it as a duplicate.

Showing events is the log's task (see `session_log`): it takes the next one from here as soon as
everything before it was shown. Live-only events (§6.15 of the protocol) stay here until then.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from kai_flow.stream.batches import Room, take
from kai_flow.stream.events import NumberedEvent, held_bytes
from kai_flow.stream.ids import EventId

MAX_WINDOW_BYTES: Final = 8 * 1024 * 1024  # of the events of one attempt that wait


class Taken(NamedTuple):
    """Answer 200: how far the attempt of the POST is received, and how far it is durable."""

    received: EventId
    durable: EventId
    news: bool = False
    """Whether there is something new to show."""
    added: bool = False
    """Whether events were taken in that had not come before, shown yet or not."""
    held: bool = True
    """Whether all that was POSTed is held here; False: it was left to the signaller."""
    pace: float = 0.0
    """For how many seconds the session waits for its turn to be signalled."""


class Missing(NamedTuple):
    """Answer 409: events between those held and the POST are missing."""

    expected: EventId
    """From here on the producer is to send again."""


class Stale(NamedTuple):
    """Answer 410: a later attempt has been accepted, or the producer or the session has ended."""


class Full(NamedTuple):
    """Answer 429: there is no room until more is durable. Nothing of the POST was taken."""

    stored: bool = False
    """The session has stored all that it may: its producer has to send live-only events."""


Answer = Taken | Missing | Stale | Full


class AttemptWindow:
    """The events of one attempt that wait to be signalled or shown, and how far it has come."""

    def __init__(self, first: EventId, max_bytes: int) -> None:
        self.received = first.offset(-1)  # the newest one
        self.durable = first._replace(seq=0)  # Temporal has shown that its history reaches here
        self.stored: EventId | None = None  # the last event that is stored, once that is known
        self.confirmed = False  # Temporal itself, not a POST, has shown events of this attempt
        self.signalling = True  # the last POST has named no other bridge to signal it
        self.waiting_bytes = 0  # of all events that wait to be signalled
        self.live_bytes = 0  # of all live-only events that wait to be shown
        self._since = first  # everything from here to `received` came
        self._max_bytes = max_bytes
        self._waiting: dict[int, NumberedEvent] = {}  # to be signalled, by seq, in rising order
        self._live: dict[int, NumberedEvent] = {}  # live only and not shown, by seq, rising

    @property
    def attempt_key(self) -> tuple[int, int]:
        """(producer, attempt) of all events here."""
        return self._since.attempt_key

    @property
    def waiting(self) -> int:
        """How many events wait to be signalled."""
        return len(self._waiting)

    @property
    def held(self) -> int:
        """Bytes of memory for all events here, with those of Python's objects."""
        size = self.waiting_bytes + self.live_bytes
        return held_bytes(len(self._waiting) + len(self._live), size)

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
        if len(waiting) < len(new) and self.live_bytes > self._max_bytes:
            return Full()  # live-only events behind some that cannot be shown yet
        # Nothing has changed up to here: a POST that is refused leaves no trace.
        self.signalling = signalling
        self.stored = stored or self.stored
        if reach != self.received and (new or not self._waiting):
            self._jump(reach.offset(1))
        self._append(new, len(waiting))
        return Taken(max(reach, new[-1].id) if new else reach, durable, added=bool(new))

    def mark_durable(self, through: EventId) -> None:
        """Temporal has shown that the history reaches `through`: nothing up to it is signalled."""
        self.confirmed = self.confirmed or through.seq > 0
        if through > self.received:
            self._jump(through.offset(1))
        while self._waiting and (seq := next(iter(self._waiting))) <= through.seq:
            self.waiting_bytes -= len(self._waiting.pop(seq).data)
        self.durable = max(self.durable, through)

    @property
    def ready(self) -> bool:
        """Whether the event that follows the known end of the history waits to be signalled."""
        return self.durable.seq + 1 in self._waiting

    def undurable(self, room: Room | None = None) -> tuple[NumberedEvent, ...]:
        """The next events to signal, as many as there is room for; empty unless `ready`.

        Nothing behind a hole is in it. A wrong or forged `base` is enough to leave a hole, and the
        fold would never accept the events that fill it later.
        """
        return take(self._next(), room)

    def awaits_signal(self, event: EventId) -> bool:
        """Whether this event is here because no other copy of it is known."""
        return event.seq in self._waiting

    def shown(self, through: EventId) -> None:
        """The log has shown, or needs no more, what is not later than `through`."""
        while self._live and (seq := next(iter(self._live))) <= through.seq:
            self.live_bytes -= len(self._live.pop(seq).data)

    def next_after(self, position: EventId, *, past_stored: bool) -> NumberedEvent | None:
        """The event to show to readers who have everything up to `position` of this attempt.

        `past_stored`: what follows is live only. Then events that are missing here are missing
        everywhere, and the oldest that is left comes next.
        """
        seq = position.seq + 1
        event = self._waiting.get(seq) or self._live.get(seq)
        if event is None and past_stored and self._live:
            event = self._live[next(iter(self._live))]
        return event

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

    def _append(self, events: Sequence[NumberedEvent], waiting: int) -> None:
        """Take in events of which the first `waiting` are to be signalled."""
        for event in events[:waiting]:
            self._waiting[event.id.seq] = event
            self.waiting_bytes += len(event.data)
        for event in events[waiting:]:
            self._live[event.id.seq] = event
            self.live_bytes += len(event.data)
        if events:
            self.received = events[-1].id

    def _jump(self, first: EventId) -> None:
        """Let the window begin at `first`.

        Events before `first` that are not durable are signalled all the same. Events from `first`
        on are dropped: they came from a sender with another claim, which sends them again.
        """
        while self._waiting and (seq := next(reversed(self._waiting))) >= first.seq:
            self.waiting_bytes -= len(self._waiting.pop(seq).data)
        while self._live and (seq := next(reversed(self._live))) >= first.seq:
            self.live_bytes -= len(self._live.pop(seq).data)
        self._since = first
        self.received = first.offset(-1)
