"""The oracle: what agents said, what the server stored, and what must therefore be seen.

It shares no code with what it judges but the wire's readers. The first violation ends a schedule.
"""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType

from kai_flow.stream.batches import decode_batch
from kai_flow.stream.callback import Delivered, decode_post
from kai_flow.stream.errors import InvalidBatch
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.ids import EventId
from kai_flow.stream.names import PROGRESS, PUBLISH_EVENTS
from kai_flow.stream.producer import EventProducer
from tests.simulation.execution import Try
from tests.simulation.loop import Flag, now
from tests.simulation.said import Said
from tests.simulation.temporal import Run, Server

MAX_SIGNAL_BYTES: Final = 1024 * 1024


class Shown(NamedTuple):
    """One event as it must be, or as somebody holds it."""

    id: EventId
    event: dict[str, Any]


class Oracle:
    """Knows the truth of every run of the session."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.changed = Flag()
        self.violation: str | None = None
        self.trace: list[tuple[Any, ...]] = []
        self.disturbed_at = 0.0  # when something last went wrong
        self.clumsy = False  # the sender is not ours, and leaves holes
        self.plain = True  # the agent's words are: their bytes can be told
        self.budget: int | None = None  # bytes that the session may store; None: no limit is near
        self.hand_made: list[dict[str, Any]] = []  # events that an outsider POSTed
        self.signals = 0
        self.posts = 0
        self._said: dict[tuple[str, int, int], Said] = {}
        self._said_at: dict[tuple[str, EventId], float] = {}
        self._stops: Counter[tuple[str, EventId]] = Counter()  # 410s that came through, by attempt
        self._stored: dict[str, EventId] = {}  # by run: the fold's position, held signals included
        self._bytes: Counter[str] = Counter()  # by run: of the events that were stored
        self._sent: dict[tuple[str, int, int], dict[int, float]] = {}  # POSTs that succeeded, when
        self._producers: list[EventProducer] = []
        server.on_signal = self.stored
        server.on_query = self.queried

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

    def listen(self, run_id: str, producer: int, attempt: int) -> Said:
        """A new attempt begins to speak: where its events are to be written."""
        place = (run_id, producer, attempt)
        if place not in self._said:
            exact = self.plain and (producer, attempt) == (1, 1)  # the others ask what is left
            self._said[place] = Said(self.budget if exact else None)
        return self._said[place]

    def said(self, run_id: str, event_id: EventId) -> None:
        """The agent has said an event."""
        self._said_at[run_id, event_id] = now()

    def age(self, run_id: str, event_id: EventId) -> float:
        """Seconds since an event was said, or since something last went wrong."""
        return now() - max(self._said_at.get((run_id, event_id), now()), self.disturbed_at)

    def watch(self, producer: EventProducer) -> None:
        """Its outbox must stay within its limits."""
        self._producers.append(producer)

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
        if first.try_of < position.try_of:
            return
        known = position.seq if first.try_of == position.try_of else 0
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
        said = self._said.get((run_id, *place.try_of))
        expected = None if said is None else said.at(place.seq, event)
        # To Python alone 1 and true are equal.
        if expected != event or (not self.plain and _text(expected) != _text(event)):
            text = str(event)[:300]
            self.violated(f"{place} is {text}, which was never said under this id")

    def is_stored(self, run_id: str, place: EventId) -> bool:
        """Whether an event is more than live; what is not may be missed, if that is said."""
        said = self._said.get((run_id, *place.try_of))
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
                sent = self._sent.setdefault((post["run_id"], *place.try_of), {})
                sent.setdefault(place.seq, now())

    def counted(self, attempt: Try, sent: int, failed: int, *, callback: bool) -> None:
        """A result says how many events a callback took: it is so."""
        place = (attempt.run.run_id, attempt.number.producer, attempt.attempt)
        times = self._sent.get(place, {}).values()
        just_now = sum(time > now() - 0.001 for time in times)  # perhaps not heard of yet
        said = len(self._said[place])
        if not len(times) - just_now <= sent <= len(times):
            self.violated(f"events_sent is {sent}; {len(times)} were")
        if failed != (said - sent if callback else 0):
            self.violated(f"events_failed is {failed}; {said} were said, {sent} of them sent")

    def answered(self, post: Delivered, status: int, answer: dict[str, Any]) -> None:
        """A bridge answered a POST: what it claims is so."""
        self.posts += 1
        last = post.events[-1].id if post.events else post.base
        self.note("post", post.base, last, post.done, status, *answer.values())
        run = self.server.find(post.workflow_id, post.run_id)
        position = self.position(run.run_id)
        if status == 200:
            durable = EventId.parse(answer["durable"])
            early = durable.try_of >= position.try_of and durable.seq and durable > position
            if early and (self.is_stored(run.run_id, durable)):
                self.violated(f"a bridge calls {durable} durable; the server has {position}")
            said = self._said[run.run_id, *post.base.try_of]
            if EventId.parse(answer["received"]).seq > said.most:
                self.violated(f"a bridge received {answer['received']}: never said")
        elif status == 409 and EventId.parse(answer["expected"]) < post.base:
            self.violated(f"a bridge expects {answer['expected']}, before base {post.base}")
        elif status == 410:
            newest = self.server.runs[post.workflow_id][-1]
            if not run.closed and newest is run and position.try_of <= post.base.try_of:
                self.violated(f"a bridge stops {post.base}, which nothing has superseded")

    def told_to_stop(self, document: bytes, answer: bytes) -> None:
        """A 410 has reached the producer of this POST; it may have one more under way."""
        if not answer.startswith(b'{"bridge":"') or answer.startswith(b'{"bridge":""'):
            return  # not a bridge's
        post = decode_post(document)
        assert isinstance(post, Delivered)
        place = (post.run_id, post.base._replace(seq=0))
        self._stops[place] += 1
        if self._stops[place] > 2:
            self.violated(f"{post.base} goes on after {self._stops[place]} times 410")

    def stopped(self, attempt: Try) -> None:
        """A producer says that it is superseded: it must be."""
        place = (attempt.number.producer, attempt.attempt)
        position = self.position(attempt.run.run_id)
        if not (attempt.run.closed or attempt.over or position.try_of > place):
            self.violated(f"attempt {place} was stopped, though nothing has superseded it")

    # What must be seen

    def run_of(self, session_id: str, epoch: str) -> Run | None:
        """The run whose cursors end in `epoch`."""
        runs = self.server.runs.get(session_id, [])
        return next((run for run in runs if run.run_id.endswith(epoch)), None)

    def folded(self, run: Run) -> list[Shown]:
        """The stream of a run by its history: a plain model of the fold."""
        held: list[Shown] = []
        for event in run.history:
            signal = event.workflow_execution_signaled_event_attributes
            if signal.signal_name != PUBLISH_EVENTS:
                continue
            for part in _batch_of(run, signal.input.payloads):
                if not held or part.id > held[-1].id:
                    while held and _voids(part.id, held[-1].id):
                        held.pop()
                    held.append(Shown(part.id, part.decode()))
        return held

    def promised(self, run: Run) -> list[Shown] | None:
        """What the activities that ended well have said; None when the run did not end well."""
        close = run.history[-1].event_type
        if close != EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED or self.clumsy:
            return None
        shown: list[Shown] = []
        for event in run.history:
            if event.event_type != EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
                continue
            done = event.activity_task_completed_event_attributes
            result = msgspec.json.decode(done.result.payloads[0].data)
            last = EventId.parse(result["last_event_id"])
            said = self._said[run.run_id, *last.try_of]
            if not len(said) == last.seq == result["said"]:
                self.violated(f"{last} is not the last of {len(said)} events")
            stored = enumerate(said.events[: said.stored], 1)
            shown += (Shown(last._replace(seq=n), event) for n, event in stored)
        return shown

    def queried(self, run: Run, name: str, document: bytes) -> None:
        """The workflow has answered a query: what `progress` says is so."""
        if name != PROGRESS:
            return
        told, folded = msgspec.json.decode(document), self.folded(run)
        last = None if not folded else str(folded[-1].id)
        tokens = sum(shown.event["type"] == "token" for shown in folded)
        if (told["last_event_id"], told["events"], told["tokens"]) != (last, len(folded), tokens):
            self.violated(f"progress says {told}; there are {len(folded)} events to {last}")
        if told["buffer"]["last"] not in (None, last):
            self.violated(f"progress says {told}; the last event is {last}")

    def outcome(self, run: Run) -> dict[str, Any]:
        """The `done` of a closed run."""
        close = run.history[-1]
        match close.event_type:
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
                completed = close.workflow_execution_completed_event_attributes
                result = msgspec.json.decode(completed.result.payloads[0].data)
                return {"type": "done", "result": result}
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:
                failure = close.workflow_execution_failed_event_attributes.failure
                return {"type": "done", "status": "failed", "error": failure.cause.message}
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED:
                return {"type": "done", "status": "cancelled", "error": "the session was cancelled"}
            case _:
                pass
        return {"type": "done", "status": "failed", "error": "the session was terminated"}

    def judge(self, run: Run, *, fair: bool) -> None:
        """A run has closed: its history is what its last attempts said.

        Also what an attempt said before it failed, as long as nothing else went wrong (`fair`).
        """
        promised, folded = self.promised(run), self.folded(run)
        if fair and folded:
            said = self._said[run.run_id, *folded[-1].id.try_of]
            newest = max(place[1:] for place in self._said if place[0] == run.run_id)
            if folded[-1].id != (*newest, said.stored or len(said)):
                self.violated(f"the history ends at {_last(folded)} of {newest} ({len(said)})")
        if promised is not None and promised != folded:
            self.violated(f"the history ends at {_last(folded)}, the agent at {_last(promised)}")
        expected = EventId(1, 1, 0)
        for shown in folded:
            if shown.id != expected.offset(1) and shown.id.seq != 1 and not self.clumsy:
                self.violated(f"{shown.id} follows {expected} in the history")
            expected = shown.id

    def sample(self) -> None:
        """Look at what must stay bounded."""
        for producer in self._producers:
            outbox = producer._outbox
            if len(outbox) > outbox.max_events or outbox.bytes > outbox.max_bytes + 300_000:
                self.violated(f"an outbox holds {len(outbox)} events, {outbox.bytes} bytes")


def _batch_of(run: Run, payloads: Sequence[Payload]) -> Sequence[NumberedEvent]:
    """The events of a signal; none if it is garbage, or meant for another run."""
    try:
        batch = decode_batch(payloads[0].data)
    except (InvalidBatch, IndexError):
        return ()
    return batch.events if batch.run_id == run.run_id and len(payloads) == 1 else ()


def _text(event: Any) -> str:
    return json.dumps(event, sort_keys=True)


def _received(answer: bytes) -> EventId | None:
    """What a bridge's answer says; None when it is anybody else's."""
    try:
        return EventId.parse(msgspec.json.decode(answer)["received"])
    except (ValueError, KeyError, TypeError):
        return None


def _voids(event: EventId, held: EventId) -> bool:
    return event.producer == held.producer and event.attempt > held.attempt


def _last(shown: list[Shown]) -> EventId | None:
    return shown[-1].id if shown else None
