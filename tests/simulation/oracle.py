"""The oracle: what agents said, what the server stored, and what must therefore be seen.

It shares no code with what it judges but the wire's readers. The first violation ends a schedule.
"""

from collections import Counter
from collections.abc import Sequence
from math import inf
from typing import Any, Final, NamedTuple

import msgspec
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType

from kai_flow.stream.batches import decode_batch
from kai_flow.stream.callback import ProducerPost, decode_post
from kai_flow.stream.errors import InvalidBatch
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.ids import EventId
from kai_flow.stream.producer import EventProducer
from kai_flow.stream.wire_names import ATTEMPT_FAILED, PROGRESS, PUBLISH_EVENTS
from tests.simulation.execution import Try
from tests.simulation.loop import now
from tests.simulation.record import Record
from tests.simulation.temporal import Run, Server

# How late a status may be: a liveness check, a call that hangs, a slow reader.
TOLD_SECONDS: Final = 30.0


class Shown(NamedTuple):
    """One event as it must be, or as somebody holds it."""

    id: EventId
    event: dict[str, Any]


class Oracle(Record):
    """Knows the truth of every run of the session."""

    def __init__(self, server: Server) -> None:
        super().__init__(server)
        self._stops: Counter[tuple[str, EventId]] = Counter()  # 410s that came through, by attempt
        self._producers: list[EventProducer] = []
        self._lonely_at = -inf  # when last no attempt was seen to be alive
        # The first attempt of a run that was let in, by boot id and run, and when.
        self._let_in: dict[tuple[str, str], tuple[tuple[int, int], float]] = {}
        server.on_query = self.queried

    def watch(self, producer: EventProducer) -> None:
        """Its outbox must stay within its limits."""
        self._producers.append(producer)

    def answered(self, post: ProducerPost, status: int, answer: dict[str, Any]) -> None:
        """A bridge answered a POST: what it claims is so."""
        self.posts += 1
        last = post.events[-1].id if post.events else post.base
        self.note("post", post.base, last, post.done, status, *answer.values())
        run = self.server.find(post.workflow_id, post.run_id)
        position = self.position(run.run_id)
        if status == 200:
            durable = EventId.parse(answer["durable"])
            early = (
                durable.attempt_key >= position.attempt_key and durable.seq and durable > position
            )
            if early and (self.is_stored(run.run_id, durable)):
                self.violated(f"a bridge calls {durable} durable; the server has {position}")
            said = self._said[run.run_id, *post.base.attempt_key]
            if EventId.parse(answer["received"]).seq > said.most:
                self.violated(f"a bridge received {answer['received']}: never said")
        elif status == 409 and EventId.parse(answer["expected"]) < post.base:
            self.violated(f"a bridge expects {answer['expected']}, before base {post.base}")
        elif status == 410:
            newest = self.server.runs[post.workflow_id][-1]
            if not run.closed and newest is run and position.attempt_key <= post.base.attempt_key:
                self.violated(f"a bridge stops {post.base}, which nothing has superseded")

    def let_in(self, boot_id: str, run_id: str, place: EventId) -> None:
        """A bridge has let in the attempt of `place` by a POST."""
        self._let_in.setdefault((boot_id, run_id), (place.attempt_key, now()))

    def began_with(self, boot_id: str, run_id: str, place: EventId) -> float:
        """When a bridge let in the attempt of `place`, if no POST had let in another; else never.

        If it had read nothing back by then, it held nothing, and shows that attempt at once: a
        newer one waits to be durable only where an older one is held.
        """
        attempt_key, at = self._let_in.get((boot_id, run_id), (None, inf))
        return at if attempt_key == place.attempt_key else inf

    def told_to_stop(self, document: bytes, answer: bytes) -> None:
        """A 410 has reached the producer of this POST; it may have one more under way."""
        if not answer.startswith(b'{"bridge":"') or answer.startswith(b'{"bridge":""'):
            return  # not a bridge's
        post = decode_post(document)
        assert isinstance(post, ProducerPost)
        place = (post.run_id, post.base._replace(seq=0))
        self._stops[place] += 1
        if self._stops[place] > 2:
            self.violated(f"{post.base} goes on after {self._stops[place]} times 410")

    def stopped(self, attempt: Try) -> None:
        """A producer says that it is superseded: it must be."""
        place = (attempt.number.producer, attempt.attempt)
        position = self.position(attempt.run.run_id)
        if not (attempt.run.closed or attempt.over or position.attempt_key > place):
            self.violated(f"attempt {place} was stopped, though nothing has superseded it")

    # What must be seen

    def run_of(self, session_id: str, incarnation: str) -> Run | None:
        """The run whose cursors end in `incarnation`."""
        runs = self.server.runs.get(session_id, [])
        return next((run for run in runs if run.run_id.endswith(incarnation)), None)

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
        if not _ended_well(run) or self.clumsy:
            return None
        shown: list[Shown] = []
        for event in run.history:
            if event.event_type != EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
                continue
            done = event.activity_task_completed_event_attributes
            result = msgspec.json.decode(done.result.payloads[0].data)
            last = EventId.parse(result["last_event_id"])
            said = self._said[run.run_id, *last.attempt_key]
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
        if run.closed:
            # What is terminated may have come to the end of its session before.
            ends = {self.outcome(run).get("status", "completed")}
            if run.history[-1].event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED:
                ends |= {"completed", "cancelled"}
            if told["phase"] != "closed" or told["status"] not in ends:
                self.violated(f"progress says {told} of a run that has ended: {ends}")
        elif told["phase"] != "closed":
            self._told_of_attempts(run, told, broke=_broke(folded))

    def _told_of_attempts(self, run: Run, told: dict[str, Any], *, broke: bool) -> None:
        """While no attempt is alive `progress` says so, and while one is it says that."""
        alive = any(activity.alive for activity in run.pending.values())
        begun = not run.pending or alive
        if told["status"] == "running" and not begun:
            self.violated(f"progress says {told}; no attempt is alive")
        if told["status"] == "retrying" and alive and not broke:
            self.violated(f"progress says {told}; an attempt is alive")

    def told_lonely(self) -> bool:
        """Whether a reader may be told now that nobody works at the session."""
        return bool(self._lonely()) or now() - self._lonely_at <= TOLD_SECONDS

    def _lonely(self) -> list[Run]:
        """The runs with no attempt alive of an activity under way."""
        runs = (run for runs in self.server.runs.values() for run in runs if run.pending)
        return [run for run in runs if not any(one.alive for one in run.pending.values())]

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

        Also what an attempt said before it failed, as long as nothing else went wrong (`fair`) and
        the sender is ours: another one's may fail before it has sent what it was given last.
        """
        if run.query is not None:
            self.queried(run, PROGRESS, run.query(PROGRESS).data)
        promised, folded = self.promised(run), self.folded(run)
        if fair and folded and (_ended_well(run) or not self.clumsy):
            said = self._said[run.run_id, *folded[-1].id.attempt_key]
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
        """Look at what must stay bounded, and ask a session that nobody works at how it is."""
        for run in self._lonely():
            self._lonely_at = now()
            if not run.in_task and not run.closed and run.query is not None:
                self.queried(run, PROGRESS, run.query(PROGRESS).data)
        for producer in self._producers:
            held = producer._outbox.held
            if len(held) > held.max_events or held.bytes > held.max_bytes + 300_000:
                self.violated(f"an outbox holds {len(held)} events, {held.bytes} bytes")


def _ended_well(run: Run) -> bool:
    return run.history[-1].event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED


def _batch_of(run: Run, payloads: Sequence[Payload]) -> Sequence[NumberedEvent]:
    """The events of a signal; none if it is garbage, or meant for another run."""
    try:
        batch = decode_batch(payloads[0].data)
    except (InvalidBatch, IndexError):
        return ()
    return batch.events if batch.run_id == run.run_id and len(payloads) == 1 else ()


def _voids(event: EventId, held: EventId) -> bool:
    return event.producer == held.producer and event.attempt > held.attempt


def _last(shown: list[Shown]) -> EventId | None:
    return shown[-1].id if shown else None


def _broke(folded: list[Shown]) -> bool:
    """Whether the last attempt has said that it was its last."""
    return bool(folded) and folded[-1].event["type"] == ATTEMPT_FAILED
