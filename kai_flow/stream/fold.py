"""The fold: decides which of the events in a history belong to the stream.

The workflow, the bridge and every other reader give it what the history records, in the order of
the history. It reads no settings, so all of them arrive at the same stream.

The history event that schedules an activity is the *mark* of its producer. It closes every
producer that is not listed as beside it: the workflow no longer waits for that one, and what it
still sends does not count. The end of an activity alone closes nothing, because the workflow
applies the signals of an activation before it is told of the end.
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final, NamedTuple

import msgspec

from kai_flow.stream.batches import Batch
from kai_flow.stream.errors import InvalidId
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.gaps import Gap, Missing
from kai_flow.stream.ids import EventId
from kai_flow.stream.place import NOTHING, NOWHERE, Place, Ranges, from_ranges
from kai_flow.stream.recorded import Closing, Ended, EndStatus, Published, Recorded, Scheduled
from kai_flow.stream.wire_names import STARTED, UNSTORED


class Disposition(Enum):
    """What the fold decided about a batch."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    """All of its events were accepted before."""
    SUPERSEDED = "superseded"
    """A later attempt has replaced the one that it belongs to, or its producer is closed."""
    UNKNOWN = "unknown"
    """Its producer has no mark."""
    OTHER_RUN = "other_run"
    """It is meant for another run of this session id."""


class Verdict(NamedTuple):
    """The disposition of a batch, and the events that are new (none unless ACCEPTED)."""

    disposition: Disposition
    events: tuple[NumberedEvent, ...] = ()
    gap: Gap | None = None
    """The events that are missing before the accepted ones. A correct sender leaves none."""
    replaces: EventId | None = None
    """The first event of a newer attempt, which replaces its producer's earlier attempts."""
    closings: tuple[Closing, ...] = ()
    """What it closes, before its events: in a run without marks, a first batch is a mark."""


class _Started(msgspec.Struct):
    activity: str = ""
    activity_id: str = ""
    beside: Ranges = []


class Fold:
    """The fold of one run. Batches that come again, late, split or merged change nothing."""

    def __init__(self, run_id: str, begins: Place = NOWHERE) -> None:
        """`begins`: what the runs before this one have accepted, see `Place.before`."""
        self.run_id: Final = run_id
        self.begins: Final = begins
        self.place = begins  # everything accepted
        self.newest = max(0, begins.newest - 1)  # the producer of the newest mark
        self._before: Final = self.newest  # the last producer of the runs before
        self.marked = False  # the run has a mark
        self._marks: dict[int, Scheduled] = {}  # of all producers of this run
        self._open: dict[int, Scheduled] = {}
        self._ends: dict[int, EndStatus] = {}
        self._closings: dict[int, Closing] = {}
        self._unstored: dict[int, EventId] = {}  # the accepted `unstored` of each producer

    @property
    def open(self) -> Mapping[int, Scheduled]:
        """The producers that are not closed, in the order of scheduling."""
        return MappingProxyType(self._open)

    def take(self, item: Recorded) -> tuple[list[Verdict], tuple[Closing, ...]]:
        """Take the next item of the history: verdicts on its batches, and what it closes or ends.

        The closings include those of the verdicts.
        """
        match item:
            case Scheduled():
                return [], self.scheduled(item)
            case Ended():
                closing = self.ended(item)
                return [], () if closing is None else (closing,)
            case Published(run_id, batches):
                verdicts = [self.apply(batch, run_id) for batch in batches]
                return verdicts, tuple(one for verdict in verdicts for one in verdict.closings)
            case _:
                return [self.spoken(item.batch)], ()

    def scheduled(self, mark: Scheduled) -> tuple[Closing, ...]:
        """An activity was scheduled: close every producer that is not beside it, and return those.

        A number that is not higher than all before it is ignored.
        """
        if mark.producer <= self.newest:
            return ()
        self.marked = True
        return self._begin(mark)

    def ended(self, end: Ended) -> Closing | None:
        """The activity of a producer has ended. None: it is unknown, closed, or has ended before.

        Its batches are still accepted until a mark closes it, so `final` may rise until then.
        """
        if end.producer not in self._open or end.producer in self._ends:
            return None
        self._ends[end.producer] = end.status
        return self.closing(end.producer)

    def apply(self, batch: Batch, run_id: str) -> Verdict:
        """Decide about the next batch of a signal that is meant for the run `run_id`."""
        if run_id != self.run_id:
            return Verdict(Disposition.OTHER_RUN)
        producer = batch.first.producer
        closings: tuple[Closing, ...] = ()
        if producer not in self._open:
            if producer in self._marks:
                return Verdict(Disposition.SUPERSEDED)
            if self.marked or producer <= self.newest:
                return Verdict(Disposition.UNKNOWN)
            closings = self._begin(mark_of(batch.events[0]))
        elif not self.marked:
            self._complete(batch.events[0])
        verdict = self._accept(batch)
        return verdict._replace(closings=closings) if closings else verdict

    def spoken(self, batch: Batch) -> Verdict:
        """Decide about the next events of the workflow itself."""
        return self._accept(batch)

    def close(self) -> tuple[Closing, ...]:
        """The run has ended: close all producers that are open, and return them."""
        return self._close(tuple(self._open))

    def has_mark(self, producer: int) -> bool:
        """Whether the history of this run has the mark of this producer, with those beside it."""
        return self.marked and producer in self._marks

    def beside(self, producer: int) -> frozenset[int]:
        """The producers beside this one; none if it is unknown."""
        mark = self._marks.get(producer)
        return frozenset() if mark is None else mark.beside

    def closing(self, producer: int) -> Closing | None:
        """How the producer has ended, or why it was closed; None if neither has happened."""
        if producer in self._open:
            status = self._ends.get(producer)
            if status is None:
                return None
            return Closing(producer, self.place.position(producer), status)
        if self.marked and producer not in self._marks and self._before < producer < self.newest:
            # Cancelled in the workflow task that scheduled it: the history never had its mark.
            return Closing(producer, EventId(producer, 0, 0), "cancelled")
        return self._closings.get(producer)

    def has_ended(self, producer: int) -> bool:
        """Whether nothing more of the producer counts."""
        return producer <= self.newest and (
            producer not in self._open or self.closing(producer) is not None
        )

    def unstored(self, producer: int) -> EventId | None:
        """The accepted `unstored` of the producer's attempt that counts, if there is one."""
        return self._unstored.get(producer)

    def _begin(self, mark: Scheduled) -> tuple[Closing, ...]:
        closings = self._close([p for p in self._open if p not in mark.beside])
        if not self.marked:
            # The first batch of a later producer may come before those of the ones beside it.
            for producer in sorted(p for p in mark.beside if p > self.newest):
                self._marks[producer] = self._open[producer] = Scheduled(producer, "", "")
        self.newest = mark.producer
        self._marks[mark.producer] = self._open[mark.producer] = mark
        return closings

    def _complete(self, first: NumberedEvent) -> None:
        """Take over what the first event of a producer tells that another one has listed."""
        mark = self._open[first.id.producer]
        if not mark.activity and self.place.position(mark.producer)[1:] == NOTHING:
            self._marks[mark.producer] = self._open[mark.producer] = mark_of(first)

    def _close(self, producers: Iterable[int]) -> tuple[Closing, ...]:
        closings = []
        for producer in producers:
            mark = self._open.pop(producer)
            # Without a mark, only `started` tells which activity this is, so how it has ended.
            known = self.marked or mark.activity_id
            status = self._ends.pop(producer, "cancelled" if known else None)
            closing = Closing(producer, self.place.position(producer), status)
            self._closings[producer] = closing
            closings.append(closing)
        return tuple(closings)

    def _accept(self, batch: Batch) -> Verdict:
        first = batch.first
        position = self.place.position(first.producer)
        if first.attempt < position.attempt:
            return Verdict(Disposition.SUPERSEDED)
        same_attempt = first.attempt == position.attempt
        known = position.seq if same_attempt else 0
        events = batch.events[max(0, known + 1 - first.seq) :]
        if not events:
            return Verdict(Disposition.DUPLICATE)
        begins = events[0].id
        gap = Gap((Missing(position, begins),)) if begins.seq > known + 1 else None
        retried = position.attempt > 0 and not same_attempt
        if retried:
            self._unstored.pop(first.producer, None)
        last = events[-1]
        if last.type == UNSTORED:
            self._unstored[first.producer] = last.id
        self.place = self.place.advance(last.id, self.beside(first.producer))
        return Verdict(Disposition.ACCEPTED, events, gap, begins if retried else None)


def mark_of(first: NumberedEvent) -> Scheduled:
    """The mark that the first batch of a producer stands for, in a run without marks."""
    try:
        return read_started(first)
    except InvalidId:
        return Scheduled(first.id.producer, "", "")


def read_started(first: NumberedEvent) -> Scheduled:
    """What `started` tells of its producer; nothing, if the event is another one.

    Raises InvalidId for producers beside it that cannot be.
    """
    producer = first.id.producer
    if first.type != STARTED:
        return Scheduled(producer, "", "")
    try:
        started = msgspec.json.decode(first.data, type=_Started)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return Scheduled(producer, "", "")
    beside = from_ranges(started.beside, producer)
    return Scheduled(producer, started.activity, started.activity_id, beside)
