"""The oracle: what agents said, what the server stored, and what must therefore be seen.

It shares no code with what it judges but the wire's readers. The first violation ends a schedule.
"""

from collections import Counter
from typing import Any, Final, NamedTuple

import msgspec
from temporalio.api.enums.v1 import EventType

from kai_flow.stream.batches import decode_batch
from kai_flow.stream.callback import Delivered, decode_post
from kai_flow.stream.ids import EventId
from kai_flow.stream.names import PUBLISH_EVENTS
from kai_flow.stream.producer import EventProducer
from tests.simulation.execution import Try
from tests.simulation.loop import Flag, now
from tests.simulation.temporal import Run, Server

MAX_SIGNAL_BYTES: Final = 1024 * 1024

Said = list[dict[str, Any]]


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
        self.agent: Any = None  # the model of the agent, set by the world
        self.signals = 0
        self.posts = 0
        self._said: dict[tuple[str, int, int], Said] = {}
        self._said_at: dict[tuple[str, EventId], float] = {}
        self._stops: Counter[tuple[str, EventId]] = Counter()  # 410s that came through, by attempt
        self._stored: dict[str, EventId] = {}  # by run: the fold's position, held signals included
        self._producers: list[EventProducer] = []
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

    def listen(self, run_id: str, producer: int, attempt: int) -> Said:
        """A new attempt begins to speak: where its events are to be written."""
        return self._said.setdefault((run_id, producer, attempt), [])

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
        if first.seq > known + 1:
            self.violated(f"the signal of {first} to {last} leaves a gap after {position}")
        self._stored[run.run_id] = max(position, last)

    def position(self, run_id: str) -> EventId:
        """The newest event of the run that the server has."""
        return self._stored.get(run_id, EventId(1, 1, 0))

    def check(self, run_id: str, place: EventId, event: dict[str, Any]) -> None:
        """The same id is the same event, wherever it is met."""
        said = self._said.get((run_id, *place.try_of), [])
        if place.seq > len(said) or said[place.seq - 1] != event:
            self.violated(f"{place} is {event}, which was never said under this id")

    def answered(self, post: Delivered, status: int, answer: dict[str, Any]) -> None:
        """A bridge answered a POST: what it claims is so."""
        self.posts += 1
        last = post.events[-1].id if post.events else post.base
        self.note("post", post.base, last, post.done, status, *answer.values())
        run = self.server.find(post.workflow_id, post.run_id)
        position = self.position(run.run_id)
        if status == 200:
            durable = EventId.parse(answer["durable"])
            if durable.try_of >= position.try_of and durable.seq and durable > position:
                self.violated(f"a bridge calls {durable} durable; the server has {position}")
            said = self._said.get((run.run_id, *post.base.try_of), [])
            if EventId.parse(answer["received"]).seq > len(said):
                self.violated(f"a bridge received {answer['received']}: never said")
        elif status == 409 and EventId.parse(answer["expected"]) < post.base:
            self.violated(f"a bridge expects {answer['expected']}, before base {post.base}")
        elif status == 410:
            newest = self.server.runs[post.workflow_id][-1]
            if not run.closed and newest is run and position.try_of <= post.base.try_of:
                self.violated(f"a bridge stops {post.base}, which nothing has superseded")

    def told_to_stop(self, document: bytes) -> None:
        """A 410 has reached the producer of this POST; it may have one more under way."""
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
            for part in decode_batch(signal.input.payloads[0].data).events:
                if not held or part.id > held[-1].id:
                    while held and _voids(part.id, held[-1].id):
                        held.pop()
                    held.append(Shown(part.id, part.decode()))
        return held

    def promised(self, run: Run) -> list[Shown] | None:
        """What the activities that ended well have said; None when the run did not end well."""
        if run.history[-1].event_type != EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
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
            shown += (Shown(last._replace(seq=n), event) for n, event in enumerate(said, 1))
        return shown

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
            if folded[-1].id != (*newest, len(said)):
                self.violated(f"the history ends at {_last(folded)} of {newest} ({len(said)})")
        if promised is not None and promised != folded:
            self.violated(f"the history ends at {_last(folded)}, the agent at {_last(promised)}")
        expected = EventId(1, 1, 0)
        for shown in folded:
            if shown.id != expected.offset(1) and shown.id.seq != 1:
                self.violated(f"{shown.id} follows {expected} in the history")
            expected = shown.id

    def sample(self) -> None:
        """Look at what must stay bounded."""
        for producer in self._producers:
            outbox = producer._outbox
            if len(outbox) > outbox.max_events or outbox.bytes > outbox.max_bytes + 300_000:
                self.violated(f"an outbox holds {len(outbox)} events, {outbox.bytes} bytes")


def _voids(event: EventId, held: EventId) -> bool:
    return event.producer == held.producer and event.attempt > held.attempt


def _last(shown: list[Shown]) -> EventId | None:
    return shown[-1].id if shown else None
