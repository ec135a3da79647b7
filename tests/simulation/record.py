"""The record: what agents said and what the server stored, each held against the other."""

import json
from collections import Counter
from typing import Any, Final

import msgspec

from kai_flow.stream.batches import decode_batch
from kai_flow.stream.ids import EventId
from tests.simulation.execution import Try
from tests.simulation.loop import Flag, now
from tests.simulation.said import Said
from tests.simulation.temporal import Run, Server

MAX_SIGNAL_BYTES: Final = 1024 * 1024


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
        self._said: dict[tuple[str, int, int], Said] = {}
        self._said_at: dict[tuple[str, EventId], float] = {}
        self._stored: dict[str, EventId] = {}  # by run: the fold's position, held signals included
        self._bytes: Counter[str] = Counter()  # by run: of the events that were stored
        self._sent: dict[tuple[str, int, int], dict[int, float]] = {}  # POSTs that succeeded, when
        server.on_signal = self.stored

    def note(self, *what: Any) -> None:
        """One line of the trace."""
        self.trace.append((round(now(), 4), *what))

    def violated(self, what: str) -> None:
        """An invariant does not hold."""
        if self.violation is None:
            self.violation = f"at {now():.3f}: {what}"
            self.note("VIOLATED", what)
            self.changed.change()

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

    def age(self, run_id: str, event_id: EventId) -> float:
        """Seconds since an event was said, or since something last went wrong."""
        return now() - max(self._said_at.get((run_id, event_id), now()), self.disturbed_at)

    def stored(self, run: Run, document: bytes) -> None:
        """A batch has been stored: it is of this run, says what was said, and leaves no gap."""
        batch = decode_batch(document)
        first, last = batch.first, batch.last
        self.signals += 1
        self.note("signal", run.run_id[-4:], first, last)
        if batch.run_id != run.run_id:
            self.violated(f"a batch of run {batch.run_id} reached run {run.run_id}")
        if len(document) > MAX_SIGNAL_BYTES:
            self.violated(f"a signal of {len(document)} bytes")
        for event in batch.events:
            self.check(run.run_id, event.id, event.decode())
        position = self._stored.get(run.run_id, EventId(1, 1, 0))
        if first.attempt_key < position.attempt_key:
            return
        known = position.seq if first.attempt_key == position.attempt_key else 0
        if first.seq > known + 1 and not self.clumsy:
            self.violated(f"the signal of {first} to {last} leaves a gap after {position}")
        self._stored[run.run_id] = max(position, last)
        self._bytes[run.run_id] += sum(len(e.data) for e in batch.events if e.id > position)
        if self.budget is not None and self._bytes[run.run_id] > self._most(run):
            self.violated(f"a session stores {self._bytes[run.run_id]} bytes")

    def _most(self, run: Run) -> float:
        """Bytes a session may store: an attempt that cannot ask what is left gets a quarter."""
        assert self.budget is not None
        attempts = sum(place[0] == run.run_id for place in self._said)
        return self.budget * (1.75 if self.disturbed_at else 1.0) + 300 * attempts

    def position(self, run_id: str) -> EventId:
        """The newest event of the run that the server has."""
        return self._stored.get(run_id, EventId(1, 1, 0))

    def check(self, run_id: str, place: EventId, event: dict[str, Any]) -> None:
        """The same id is the same event, wherever it is met."""
        said = self._said.get((run_id, *place.attempt_key))
        expected = None if said is None else said.at(place.seq, event)
        # To Python alone 1 and true are equal.
        if expected != event or (not self.plain and _text(expected) != _text(event)):
            text = str(event)[:300]
            self.violated(f"{place} is {text}, which was never said under this id")

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
        place = (attempt.run.run_id, attempt.number.producer, attempt.attempt)
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
