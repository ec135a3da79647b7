"""The session log: what one bridge holds of one session, for its readers and for the signaller.

*Receiving* and *showing* are separate. Each attempt that POSTs has a window (see `run_windows`),
which decides how a POST is answered and keeps its events until Temporal has them. The log
(`shown_log`) has what readers are shown, in one order for all of them. An event enters it when
everything before it of the same producer has, from a POST or from the history. So:

- The history is absorbed in its own order, and what it has and the log has not is shown.
- An event of a POST is shown at once if the mark of its producer was absorbed, and with it all that
  was durable before that mark. What lies behind a hole waits until the history fills it.
- A later attempt than the first is shown once the history has its first event. The events of
  earlier attempts leave then. An acknowledgement is not enough: its producer may have been closed
  before, and then the earlier attempt counts.
- What is shown and can never count, because its producer was closed or the run has ended, leaves
  the log, and readers who have it are told to take it back.
"""

from collections.abc import Container, Iterable, Sequence
from functools import partial
from typing import NamedTuple

from kai_flow.stream.attempt_window import MAX_WINDOW_BYTES, Answer, Stale, Taken
from kai_flow.stream.control import ControlEvent
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.fold import Fold
from kai_flow.stream.ids import EventId
from kai_flow.stream.log_reader import LogReader
from kai_flow.stream.narration import Narration
from kai_flow.stream.place import MAX_LISTED, NOWHERE, Place
from kai_flow.stream.recorded import Closing, Recorded, Scheduled
from kai_flow.stream.run_windows import RunWindows
from kai_flow.stream.shown_log import MAX_LOG_BYTES, Entry, Mark, ShownLog
from kai_flow.stream.wire_names import UNSTORED


class Unknown(NamedTuple):
    """No answer yet: the history has to be read up to the mark of this producer."""


class _Past(NamedTuple):
    """What is known of a producer of an earlier run."""

    closing: Closing | None
    beside: frozenset[int]


class SessionLog:
    """The log of one session, over all runs that continue each other. Readers know it by place."""

    def __init__(
        self,
        incarnation: str,
        *,
        max_bytes: int = MAX_LOG_BYTES,
        max_waiting: int = MAX_WINDOW_BYTES,
    ) -> None:
        self.fold = Fold("")  # of the present run, driven by `absorb`
        self.begun = False  # the history was read up to its end once
        self.closed = False  # nothing more is taken in
        self._shown = ShownLog(incarnation, NOWHERE)
        self._narration = Narration(NOWHERE, self, self._given_of)
        self.received = RunWindows(max_waiting)
        self._former: dict[int, _Past] = {}  # producers of earlier runs
        self._cuts: dict[int, EventId] = {}  # the `unstored` of each producer that was shown one
        self._given: dict[int, EventId] = {}  # the last live-only event of a producer
        self._max_bytes = max_bytes

    # The history

    def begin(self, fold: Fold) -> None:
        """The history was read up to its end: `fold` has taken it, and the log begins there."""
        self.fold = fold
        self.begun = True
        self._narration = Narration(fold.place, self, self._given_of)
        self._narration.notices()  # each reader who comes is told of these by itself
        self._shown.start_over(fold.place)

    def absorb(self, item: Recorded) -> bool:
        """Take in the next item of the history. True when there is something new for readers."""
        before = self._shown.next
        verdicts, closings = self.fold.take(item)
        if closings:
            self._close(closings)
        for verdict in verdicts:
            for event in verdict.events:
                self._show(event)
            if verdict.events:
                self._settle(verdict.events[-1].id)
        if isinstance(item, Scheduled):
            self._show_received(item.producer)
        self._announce(self._narration.notices())
        self._evict()
        return self._shown.next != before

    def continue_in(self, fold: Fold) -> None:
        """The session goes on in the next run. `fold` has taken nothing of it yet."""
        self._close(self.fold.close())
        if self.fold.newest - min(self.base.listed(), default=1) >= MAX_LISTED:
            self._evict(0)  # a reader who comes late learns of what is long past elsewhere
        self._former = {n: _Past(self.closing(n), self.beside(n)) for n in self._told_of()}
        self._cuts = {n: one for n in self._former if (one := self.unstored(n)) is not None}
        self._given = {n: one for n, one in self._given.items() if n in self._former}
        self.received.clear()
        self._announce(self._narration.reach(fold.place))  # all of the run before was shown
        self._shown.place = self._narration.place
        self.fold = fold
        self._evict()

    def end(self) -> None:
        """The last run has closed: what is neither durable nor live only leaves."""
        self.closed = True
        self._close(self.fold.close())
        self._announce(self._narration.end())
        self._shown.ended = True
        self.received.clear()
        self._evict()

    # What is known of the producers: see narration.Knowledge

    @property
    def open(self) -> Container[int]:
        """The producers that are not closed."""
        return self.fold.open

    def beside(self, producer: int) -> frozenset[int]:
        """The producers beside this one."""
        past = self._former.get(producer)
        return self.fold.beside(producer) if past is None else past.beside

    def closing(self, producer: int) -> Closing | None:
        """How a producer has ended, or was closed."""
        past = self._former.get(producer)
        return self.fold.closing(producer) if past is None else past.closing

    def unstored(self, producer: int) -> EventId | None:
        """The `unstored` of a producer, which may only have been POSTed."""
        return self._cuts.get(producer) or self.fold.unstored(producer)

    # Receiving

    def knows(self, producer: int) -> bool:
        """Whether the history is read far enough to judge a POST of this producer.

        A run without marks is of a workflow without the plugin, or its first mark is on the way.
        Then events of a new producer are shown when the history shows either.
        """
        return self.begun and (producer <= self.fold.newest or not self.fold.marked)

    def receive(
        self,
        base: EventId,
        events: Sequence[NumberedEvent],
        *,
        stored: EventId | None = None,
        signalling: bool = True,
    ) -> Answer | Unknown:
        """Take in one POST of one attempt's consecutive events; see AttemptWindow.receive."""
        producer = base.producer
        if self.closed or self.fold.has_ended(producer):
            return Stale()
        if not self.knows(producer):
            return Unknown()
        durable = self.fold.place.position(producer)
        answer = self.received.receive(base, events, durable, stored=stored, signalling=signalling)
        if not isinstance(answer, Taken):
            return answer
        before = self._shown.next
        self._show_received(producer)
        self._evict()
        return answer._replace(news=self._shown.next != before)

    def mark_durable(self, through: EventId) -> bool:
        """Temporal has acknowledged the events up to `through`. True when there is news."""
        before = self._shown.next
        self._settle(through)
        self.received.put_last(through.producer)
        self._evict()
        return self._shown.next != before

    @property
    def gaps(self) -> int:
        """How many gaps it has announced."""
        return self._shown.gaps

    @property
    def held(self) -> int:
        """Bytes of memory for everything held."""
        return self._shown.held + self.received.held

    def forget_durable(self) -> None:
        """Drop everything that can be read back, or is live only."""
        self._evict(0)

    # Readers

    @property
    def base(self) -> Place:
        """What a reader has to have before the log's entries."""
        return self._shown.base

    @property
    def place(self) -> Place:
        """The place of a reader who has all that is shown."""
        return self._shown.place

    def reader(self, place: Place) -> LogReader:
        """A reader who has seen what `place` says."""
        return LogReader(self._shown, place, self, self._given_of)

    @property
    def next(self) -> int:
        """The number of the next entry to come: a reader whose mark has it has all entries."""
        return self._shown.next

    def after(self, mark: Mark, max_bytes: int) -> tuple[list[Entry], Mark] | None:
        """The next entries for a reader at `mark`; see ShownLog.after."""
        return self._shown.after(mark, max_bytes)

    # Showing

    def _show(self, event: NumberedEvent) -> None:
        """Append an event, unless the log has had it or a later attempt."""
        narration, producer = self._narration, event.id.producer
        if narration.place.covers(event.id):
            return
        if 0 < narration.place.position(producer).attempt < event.id.attempt:
            self._shown.remove(lambda shown: shown.producer == producer)
            self._cuts.pop(producer, None)
            self._given.pop(producer, None)
        before = narration.place
        self._announce(narration.tell(event.id), before)
        if event.type == UNSTORED:
            self._cuts[producer] = event.id
        elif self._past_stored(event.id.offset(-1)):
            self._given[producer] = event.id
        self._shown.show(event, narration.place)

    def _show_received(self, producer: int) -> None:
        """Append what was received of a producer and comes next."""
        window = self.received.current(producer)
        position = self.place.position(producer)
        if window is None or producer not in self.fold.open:
            return
        attempt = window.received.attempt
        if attempt != position.attempt:
            if attempt != 1 or position.attempt:
                return  # the history shows the first event of a later attempt
            position = EventId(producer, attempt, 0)
        window.shown(position)
        while event := window.next_after(position, past_stored=self._past_stored(position)):
            self._show(event)
            position = event.id
            window.shown(position)

    def _past_stored(self, position: EventId) -> bool:
        """Whether what follows in the attempt is live only."""
        stored = self.unstored(position.producer)
        return (
            stored is not None and stored.attempt_key == position.attempt_key and position >= stored
        )

    def _settle(self, through: EventId) -> None:
        """Temporal has shown that the history reaches `through`."""
        if self.received.mark_durable(through):
            self._show_received(through.producer)

    def _close(self, closings: Iterable[Closing]) -> None:
        """Producers have ended, or were closed: take back what does not count of them."""
        before = self.place
        self._announce(self._narration.notices())
        now = self.place
        for producer, final, _ in closings:
            if producer in self.fold.open:
                continue
            self.received.drop(producer)
            if now.position(producer) != before.position(producer):
                self._shown.remove(partial(_is_after, final))
                self._shown.settled = self._shown.next
        self._settle_base()

    def _announce(self, events: Sequence[ControlEvent], place: Place | None = None) -> None:
        """Append control events, after which a reader is at `place`, or where the narration is.

        A reader is there only after the last of them: one that has read some is told all again.
        """
        before = self.place
        for number, event in enumerate(events, 1):
            after = place or self._narration.place
            self._shown.announce(event, after if number == len(events) else before)

    def _evict(self, max_bytes: int | None = None) -> None:
        limit = self._max_bytes if max_bytes is None else max_bytes
        if self._shown.evict(limit, self.received.has_unsignalled):
            self._settle_base()

    def _settle_base(self) -> None:
        """Take out of `base` what does not count any more: no reader can have it."""
        narration = Narration(self.base, self)
        narration.notices()
        self._shown.base = narration.place

    def _told_of(self) -> range:
        """The producers that a reader who has `base` may have to be told of."""
        newest = self.fold.newest
        first = min(self.base.listed(), default=1)
        return range(max(first, newest + 1 - MAX_LISTED), newest + 1)

    def _given_of(self, producer: int) -> EventId | None:
        return self._given.get(producer)


def _is_after(final: EventId, event: EventId) -> bool:
    return event.producer == final.producer and event > final
