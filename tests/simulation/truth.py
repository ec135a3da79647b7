"""The truth of a session by its histories: a plain model of the fold, over all runs of a chain.

It shares no code with what it judges but the readers of the wire.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple
from weakref import WeakKeyDictionary

import msgspec
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

from kai_flow.stream.batches import decode_record, decode_signal
from kai_flow.stream.errors import InvalidBatch
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.ids import EventId
from kai_flow.stream.wire_names import PRODUCER_HEADER, PUBLISH_EVENTS, VOICE_MEMO
from tests.simulation.temporal import CLOSES, Run

_ENDS: Final = {
    EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED: "completed",
    EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED: "failed",
    EventType.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT: "timed_out",
    EventType.EVENT_TYPE_ACTIVITY_TASK_CANCELED: "cancelled",
}


class Shown(NamedTuple):
    """One event as it must be, or as somebody holds it."""

    id: EventId
    event: dict[str, Any]


class Truth:
    """What the histories of a chain say so far."""

    def __init__(self) -> None:
        self.events: list[Shown] = []  # the stream, in the order of the history
        self.beside: dict[int, frozenset[int]] = {}  # of each producer
        self.untold: set[int] = set()  # without a mark, and their first batch has yet to come
        self.spoken_before: dict[int, int] = {}  # events of the voice before it was scheduled
        self.ends: dict[int, str] = {}  # how each producer ended, as readers are told
        self.finals: dict[int, EventId] = {}  # the last event of each producer when it ended
        self.must_tell: set[int] = set()  # those of which they are told, if they have seen any
        self.wrong: list[str] = []  # what numbers and marks cannot be
        self.spoken = 0
        self.peak = 1  # most producers at once
        self._open: set[int] = set()
        self._attempts: dict[int, int] = {}  # newest attempt accepted of each producer
        self._seqs: dict[int, int] = {}  # and how far
        self._scheduled: dict[int, int] = {}  # producer by the event that scheduled it
        self._withdrawn: set[int] = set()  # producers that were never scheduled
        self._unmarked: dict[str, int] = {}  # that event by the id of an activity without a number

    def of(self, producer: int) -> list[Shown]:
        """The events of one producer."""
        return [shown for shown in self.events if shown.id.producer == producer]

    def is_closed(self, producer: int) -> bool:
        """Whether nothing more of this producer counts, or its activity has ended."""
        return producer in self.ends or (producer in self.beside and producer not in self._open)

    def read(self, run: Run, start: int = 0) -> None:
        """Go on with the history of `run`, from its event `start` on."""
        for event in run.history[start:]:
            self._take(run, event)

    def _take(self, run: Run, event: HistoryEvent) -> None:
        kind = event.event_type
        if kind == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
            self._schedule(run, event)
        elif kind in _ENDS:
            producer = self._scheduled.pop(_scheduled_by(event), None)
            if producer is not None and producer in self._open:
                self._end(producer, _ENDS[kind])
                self.must_tell.add(producer)
        elif kind == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
            signal = event.workflow_execution_signaled_event_attributes
            if signal.signal_name == PUBLISH_EVENTS:
                for batch in batches_of(run, signal.input.payloads):
                    self._accept(batch)
        elif kind == EventType.EVENT_TYPE_WORKFLOW_PROPERTIES_MODIFIED:
            memo = event.workflow_properties_modified_event_attributes.upserted_memo
            if VOICE_MEMO in memo.fields:
                self._hear(decode_record(memo.fields[VOICE_MEMO].data).events)
        elif kind in CLOSES:
            self._close(self._open)  # of those still open, `done` is told instead
            self._open, self._scheduled = set(), {}

    def _schedule(self, run: Run, event: HistoryEvent) -> None:
        scheduled = event.activity_task_scheduled_event_attributes
        if PRODUCER_HEADER not in scheduled.header.fields:
            self._unmarked[scheduled.activity_id] = event.event_id
            return
        header = msgspec.json.decode(scheduled.header.fields[PRODUCER_HEADER].data)
        if "producer" not in header:
            return
        producer, beside = header["producer"], frozenset(_expanded(header.get("beside", ())))
        newest = max(self.beside, default=0)
        self._withdrawn |= run.withdrawn
        passed = set(range(newest + 1, producer))
        if producer <= newest or not passed <= self._withdrawn:
            self.wrong.append(f"producer {producer} is scheduled after {newest}")
        if not beside <= set(self._scheduled.values()):
            self.wrong.append(f"{sorted(beside)} are beside {producer}; not all are under way")
        self._scheduled[event.event_id] = producer
        self.beside[producer] = beside
        self.spoken_before[producer] = self.spoken
        self._close(self._open - beside)
        self.must_tell |= self._open - beside
        self._open = (self._open & beside) | {producer}
        self.peak = max(self.peak, 1 + len(beside))

    def _begin_unmarked(self, producer: int, first: dict[str, Any]) -> None:
        """The number is not in the history: the first batch of a producer tells what it is."""
        if first["type"] != "started":
            return
        if first["activity_id"] in self._unmarked:
            self._scheduled[self._unmarked[first["activity_id"]]] = producer
        newest, beside = max(self.beside, default=0), frozenset(_expanded(first["beside"]))
        if producer > newest:
            self.must_tell |= self._open - beside
            self._close(self._open - beside)
            self._open &= beside
            for passed in range(newest + 1, producer):
                self.beside[passed] = frozenset()
                self.untold.add(passed)
                self.spoken_before[passed] = 0
                if passed in beside:
                    self._open.add(passed)
                else:
                    self._end(passed, "cancelled")
            self._open.add(producer)
            self.peak = max(self.peak, 1 + len(beside))
        elif producer not in self._open or producer in self._attempts:
            return
        self.untold.discard(producer)
        self.beside[producer] = beside
        self.spoken_before[producer] = 0

    def _close(self, producers: set[int] | frozenset[int]) -> None:
        for producer in producers:
            self._end(producer, "cancelled")

    def _end(self, producer: int, status: str) -> None:
        """It has ended, or is closed. One that the server has given up may still be heard."""
        if producer not in self.ends:
            self.ends[producer] = status
            attempt, seq = self._attempts.get(producer, 0), self._seqs.get(producer, 0)
            self.finals[producer] = EventId(producer, attempt, seq)

    def _accept(self, events: Sequence[NumberedEvent]) -> None:
        producer, attempt, _ = events[0].id
        if self._unmarked:
            self._begin_unmarked(producer, events[0].decode())
        if producer not in self._open or attempt < self._attempts.get(producer, 0):
            return
        if attempt > self._attempts.get(producer, 0):
            new = events
            self.events = [shown for shown in self.events if shown.id.producer != producer]
        else:
            new = [event for event in events if event.id.seq > self._seqs[producer]]
        if not new:
            return
        self._attempts[producer], self._seqs[producer] = attempt, new[-1].id.seq
        self.events += (Shown(event.id, event.decode()) for event in new)

    def _hear(self, events: Sequence[NumberedEvent]) -> None:
        for event in events:
            if event.id.seq > self.spoken:
                self.spoken = event.id.seq
                self.events.append(Shown(event.id, event.decode()))


_truths: WeakKeyDictionary[Run, tuple[Truth, dict[str, int]]] = WeakKeyDictionary()
"""By the first run of a chain: what was read of it, and how many events of each run that was."""


class Chain(NamedTuple):
    """One incarnation of the session: its runs, each continuing the one before it as new."""

    runs: list[Run]

    @property
    def last(self) -> Run:
        """Its newest run."""
        return self.runs[-1]

    @property
    def closed(self) -> bool:
        """Whether it has ended."""
        close = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW
        return self.last.closed and self.last.history[-1].event_type != close

    def truth(self) -> Truth:
        """What its histories say by now: what was read before is not read again."""
        truth, read = _truths.setdefault(self.runs[0], (Truth(), {}))
        for run in self.runs:
            truth.read(run, read.get(run.run_id, 0))
            read[run.run_id] = len(run.history)
        return truth


def chains(runs: Sequence[Run]) -> list[Chain]:
    """The chains of a session id, in the order in which they began."""
    by_first: dict[str, list[Run]] = {}
    for run in runs:
        by_first.setdefault(run.first_run_id, []).append(run)
    return [Chain(runs) for runs in by_first.values()]


def batches_of(run: Run, payloads: Sequence[Payload]) -> Iterator[Sequence[NumberedEvent]]:
    """The batches of a signal; none if it is garbage, or meant for another run."""
    try:
        published = decode_signal(payloads[0].data)
    except (InvalidBatch, IndexError):
        return
    if published.run_id == run.run_id and len(payloads) == 1:
        for batch in published.batches:
            yield batch.events


def _expanded(ranges: Sequence[Any]) -> Iterator[int]:
    for item in ranges:
        yield from (item,) if isinstance(item, int) else range(item[0], item[1] + 1)


def _scheduled_by(event: HistoryEvent) -> int:
    return (
        event.activity_task_completed_event_attributes.scheduled_event_id
        or event.activity_task_failed_event_attributes.scheduled_event_id
        or event.activity_task_timed_out_event_attributes.scheduled_event_id
        or event.activity_task_canceled_event_attributes.scheduled_event_id
    )
