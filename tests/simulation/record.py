"""The record: what agents said and what the server stored, each held against the other."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from kai_flow.stream.batches import decode_record, decode_signal
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.ids import EventId
from tests.simulation.execution import Try
from tests.simulation.loop import Flag, Process, now
from tests.simulation.said import Said
from tests.simulation.temporal import Run, Server

MAX_SIGNAL_BYTES: Final = 1024 * 1024
UNUSED_SECONDS: Final = 0.25  # of a bridge's budget may be used later
LATE_SIGNALS: Final = 3  # first the server is asked how much is stored


class Record:
    """What was said and stored in every run of the session, and what is wrong with that."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.changed = Flag()
        self.violation: str | None = None
        self.trace: list[tuple[Any, ...]] = []
        self.disturbed_at = 0.0  # when something last went wrong
        self.clumsy = False  # the sender is not ours, and leaves holes
        self.plain = True  # the agent's words are: their bytes can be told
        self.budget: int | None = None  # bytes that the session may store; None: no limit is near
        self.reads_again = False  # an attempt learns of more or less room while it runs
        self.hand_made: list[dict[str, Any]] = []  # events that an outsider POSTed
        self.signals = 0
        self.posts = 0
        self.own_signals = 0  # that producers have sent by themselves
        self._turns: dict[Process, list[float]] = {}  # when each bridge has signalled, for whomever
        self._said: dict[tuple[str, int, int], Said] = {}
        self._said_at: dict[tuple[str, EventId], float] = {}
        # By run and producer: the fold's position, held signals included.
        self._stored: dict[tuple[str, int], EventId] = {}
        self._bytes: Counter[str] = Counter()  # by run: of the events that were stored
        self._spoken: dict[tuple[str, int], dict[str, Any]] = {}  # by first run id and number
        self._sent: dict[tuple[str, int, int], dict[int, float]] = {}  # POSTs that succeeded, when
        server.on_signal = self.stored
        server.on_voice = self.spoke
        server.on_sending = self.sending

    def note(self, *what: Any) -> None:
        """One line of the trace."""
        self.trace.append((round(now(), 4), *what))

    def violated(self, what: str) -> None:
        """An invariant does not hold."""
        if self.violation is None:
            self.violation = f"at {now():.3f}: {what}"
            self.note("VIOLATED", what)
            self.changed.change()

    # Who signals, and how often

    def sending(self, process: Process) -> None:
        """A program sends a signal, or a session of a bridge that is not looked at would."""
        if process.name.startswith("bridge"):
            self._turns.setdefault(process, []).append(now())
        elif process.name.startswith("worker"):
            self.own_signals += 1

    def judge_budget(self, per_second: float) -> None:
        """Within any two seconds no bridge has signalled more than it may."""
        most = per_second * (2.0 + UNUSED_SECONDS) + LATE_SIGNALS
        for process, times in self._turns.items():
            first = 0
            for last, at in enumerate(times):
                while at - times[first] > 2.0:
                    first += 1
                if last + 1 - first > most:
                    self.violated(f"{process.name} sends {last + 1 - first} signals in 2 s")

    # What is said and stored

    def listen(self, run_id: str, producer: int, attempt: int, spent: int | None = None) -> Said:
        """An attempt speaks: where its events are to be written.

        `spent` is what it may no more store of the budget; None: it has to ask the server.
        """
        place = (run_id, producer, attempt)
        if place not in self._said:
            left = None
            told = self.plain and attempt == 1 and not self.reads_again
            if told and self.budget is not None and spent is not None:
                left = self.budget - spent
            self._said[place] = Said(left)
        return self._said[place]

    def said(self, run_id: str, event_id: EventId) -> None:
        """The agent has said an event."""
        self._said_at[run_id, event_id] = now()

    def has_said(self, run_id: str, producer: int) -> bool:
        """Whether this producer is of this run."""
        return any(place[:2] == (run_id, producer) for place in self._said)

    def age(self, run_id: str, event_id: EventId) -> float:
        """Seconds since an event was said, or since something last went wrong."""
        return now() - max(self._said_at.get((run_id, event_id), now()), self.disturbed_at)

    def stored(self, run: Run, document: bytes) -> None:
        """A signal has been stored: it is of this run, says what was said, and leaves no gap."""
        published = decode_signal(document)
        self.signals += 1
        ends = [(batch.first, batch.last) for batch in published.batches]
        self.note("signal", run.run_id[-4:], *(f"{first}-{last.seq}" for first, last in ends))
        if published.run_id != run.run_id:
            self.violated(f"a signal of run {published.run_id} reached run {run.run_id}")
        if len(document) > MAX_SIGNAL_BYTES:
            self.violated(f"a signal of {len(document)} bytes")
        if len({first.producer for first, _ in ends}) < len(ends):
            self.violated("a signal has two batches of one producer")
        for batch in published.batches:
            self._stored_batch(run, batch.events)
        if self.budget is not None and self._bytes[run.run_id] > self._most(run):
            self.violated(f"a session stores {self._bytes[run.run_id]} bytes")

    def _stored_batch(self, run: Run, events: Sequence[NumberedEvent]) -> None:
        first, last = events[0].id, events[-1].id
        for event in events:
            self.check(run.run_id, event.id, event.decode())
        position = self.position(run.run_id, first.producer)
        if first.attempt < position.attempt:
            return
        known = position.seq if first.attempt == position.attempt else 0
        if first.seq > known + 1 and not self.clumsy:
            self.violated(f"the signal of {first} to {last} leaves a gap after {position}")
        self._stored[run.run_id, first.producer] = max(position, last)
        self._bytes[run.run_id] += sum(len(e.data) for e in events if e.id > position)

    def _most(self, run: Run) -> float:
        """Bytes a session may store: an attempt that cannot ask what is left gets a quarter."""
        assert self.budget is not None
        attempts = sum(place[0] == run.run_id for place in self._said)
        # Producers that run at the same time do not know what the others store meanwhile.
        producers = len({place[1] for place in self._said if place[0] == run.run_id})
        return self.budget * producers * (1.75 if self.disturbed_at else 1.0) + 300 * attempts

    def position(self, run_id: str, producer: int) -> EventId:
        """The newest event of this producer that the server has."""
        return self._stored.get((run_id, producer), EventId(producer, 1, 0))

    def check(self, run_id: str, place: EventId, event: dict[str, Any]) -> None:
        """The same id is the same event, wherever it is met."""
        if place.producer == 0:
            if event != self._spoken.get((self._first_run_of(run_id), place.seq)):
                self.violated(f"{place} is {event}, which the workflow never published")
            return
        said = self._said.get((run_id, *place.attempt_key))
        expected = None if said is None else said.at(place.seq, event)
        # To Python alone 1 and true are equal.
        if expected != event or (not self.plain and _text(expected) != _text(event)):
            text = str(event)[:300]
            self.violated(f"{place} is {text}, which was never said under this id")

    def spoke(self, run: Run, record: bytes) -> None:
        """The workflow has published events of its own."""
        for event in decode_record(record).events:
            self._spoken[run.first_run_id, event.id.seq] = event.decode()
            self._said_at[run.run_id, event.id] = now()

    def _first_run_of(self, run_id: str) -> str:
        runs = (run for runs in self.server.runs.values() for run in runs)
        return next((run.first_run_id for run in runs if run.run_id == run_id), "")

    def is_stored(self, run_id: str, place: EventId) -> bool:
        """Whether an event is more than live; what is not may be missed, if that is said."""
        said = self._said.get((run_id, *place.attempt_key))
        return said is None or said.is_stored(place.seq)

    def told(self, document: bytes, status: int, answer: bytes) -> None:
        """An answer has reached the producer: which of its events have succeeded by that."""
        if not 200 <= status < 300:
            return
        post = msgspec.json.decode(document)
        received = _received(answer)
        for item in post.get("events", [post]):
            place = EventId.parse(item["id"])
            if item["event"]["type"] != "done" and (received is None or place <= received):
                sent = self._sent.setdefault((post["run_id"], *place.attempt_key), {})
                sent.setdefault(place.seq, now())

    def counted(self, attempt: Try, sent: int, failed: int, *, callback: bool) -> None:
        """A result says how many events a callback took: it is so."""
        place = (attempt.run.run_id, attempt.producer, attempt.attempt)
        times = self._sent.get(place, {}).values()
        # Of the last ones the producer may not have read the answer yet.
        just_now = sum(time > now() - 0.001 for time in times)
        said = len(self._said[place])
        if not len(times) - just_now <= sent <= len(times):
            self.violated(f"events_sent is {sent}; {len(times)} were")
        if failed != (said - sent if callback else 0):
            self.violated(f"events_failed is {failed}; {said} were said, {sent} of them sent")


def _text(event: Any) -> str:
    return json.dumps(event, sort_keys=True)


def _received(answer: bytes) -> EventId | None:
    """What a bridge's answer says; None when it is anybody else's."""
    try:
        return EventId.parse(msgspec.json.decode(answer)["received"])
    except (ValueError, KeyError, TypeError):
        return None
