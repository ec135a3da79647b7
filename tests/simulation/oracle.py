"""The oracle: what agents said, what the server stored, and what must therefore be seen.

It shares no code with what it judges but the wire's readers. The first violation ends a schedule.
"""

from collections import Counter
from math import inf
from typing import Any, Final

import msgspec
from temporalio.api.enums.v1 import EventType

from kai_flow.stream.callback import ProducerPost, decode_post
from kai_flow.stream.ids import EventId
from kai_flow.stream.producer import EventProducer
from kai_flow.stream.wire_names import ATTEMPT_FAILED, PROGRESS
from tests.simulation.execution import Try
from tests.simulation.loop import now
from tests.simulation.record import Record
from tests.simulation.temporal import Run, Server
from tests.simulation.truth import Chain, Shown, Truth, chains

# How late a status may be: a liveness check, a call that hangs, a slow reader.
TOLD_SECONDS: Final = 30.0
_WENT_ON: Final = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW


class Oracle(Record):
    """Knows the truth of every run of the session."""

    def __init__(self, server: Server) -> None:
        super().__init__(server)
        self._stops: Counter[tuple[str, EventId]] = Counter()  # 410s that came through, by attempt
        self._producers: list[EventProducer] = []
        self.given_up: set[int] = set()  # producers that their workflow has cancelled
        self._lonely_at = -inf  # when last no attempt was seen to be alive
        # The first attempt of a producer that was let in, by boot id, run and producer, and when.
        self._let_in: dict[tuple[str, str, int], tuple[int, float]] = {}
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
        position = self.position(run.run_id, post.base.producer)
        if status == 200:
            durable = EventId.parse(answer["durable"])
            early = durable.attempt >= position.attempt and durable.seq and durable > position
            if early and self.is_stored(run.run_id, durable):
                self.violated(f"a bridge calls {durable} durable; the server has {position}")
            said = self._said[run.run_id, *post.base.attempt_key]
            if EventId.parse(answer["received"]).seq > said.most:
                self.violated(f"a bridge received {answer['received']}: never said")
        elif status == 409 and EventId.parse(answer["expected"]) < post.base:
            self.violated(f"a bridge expects {answer['expected']}, before base {post.base}")
        elif status == 410:
            newest = self.server.runs[post.workflow_id][-1]
            superseded = position.attempt > post.base.attempt
            if not run.closed and newest is run and not superseded and not self._is_over(run, post):
                self.violated(f"a bridge stops {post.base}, which nothing has superseded")

    def _is_over(self, run: Run, post: ProducerPost) -> bool:
        """Whether the activity of a POST has ended, or its producer is closed."""
        return self.chain_of(run).truth().is_closed(post.base.producer)

    def let_in(self, boot_id: str, run_id: str, place: EventId) -> None:
        """A bridge has let in the attempt of `place` by a POST."""
        key = (boot_id, run_id, place.producer)
        self._let_in.setdefault(key, (place.attempt, now()))

    def began_with(self, boot_id: str, run_id: str, place: EventId) -> float:
        """When a bridge let in the attempt of `place`, if no POST had let in another; else never.

        If it had read nothing back by then, it held nothing, and shows that attempt at once: a
        newer one waits to be durable only where an older one is held.
        """
        attempt, at = self._let_in.get((boot_id, run_id, place.producer), (None, inf))
        return at if attempt == place.attempt else inf

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
        position = self.position(attempt.run.run_id, attempt.producer)
        superseded = position.attempt > attempt.attempt
        closed = self.chain_of(attempt.run).truth().is_closed(attempt.producer)
        if not (attempt.run.closed or attempt.over or superseded or closed):
            self.violated(f"attempt {attempt.name} was stopped, though nothing has superseded it")

    # What must be seen

    def chain_of(self, run: Run) -> Chain:
        """The chain to which a run belongs."""
        runs = chains(self.server.runs[run.workflow_id])
        return next(chain for chain in runs if run in chain.runs)

    def incarnation(self, session_id: str, incarnation: str) -> Chain | None:
        """The chain whose cursors end in `incarnation`."""
        runs = chains(self.server.runs.get(session_id, []))
        return next((one for one in runs if one.runs[0].run_id.endswith(incarnation)), None)

    def promised(self, chain: Chain) -> dict[int, list[Shown]] | None:
        """What the activities that ended well have said; None when the chain did not end well."""
        if not _ended_well(chain.last) or self.clumsy:
            return None
        shown: dict[int, list[Shown]] = {}
        ends = chain.truth().ends
        for run in chain.runs:
            for event in run.history:
                if event.event_type != EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
                    continue
                done = event.activity_task_completed_event_attributes
                result = msgspec.json.decode(done.result.payloads[0].data)
                if result["last_event_id"] is None:
                    continue
                last = EventId.parse(result["last_event_id"])
                if ends.get(last.producer) != "completed":
                    continue  # its workflow had given it up before
                said = self._said[run.run_id, *last.attempt_key]
                if not len(said) == last.seq == result["said"]:
                    self.violated(f"{last} is not the last of {len(said)} events")
                stored = enumerate(said.events[: said.stored], 1)
                shown[last.producer] = [Shown(last._replace(seq=n), one) for n, one in stored]
        return shown

    def queried(self, run: Run, name: str, document: bytes) -> None:
        """The workflow has answered a query: what `progress` says is so."""
        if name != PROGRESS:
            return
        told, truth = msgspec.json.decode(document), self._truth_for(run)
        before = self._before(run)
        own = [shown for shown in truth.events if shown.id not in before]
        folded = [shown for shown in own if shown.id.producer]
        # A query replays the history of a terminated run, and the code then goes on to what the
        # workflow would have published next, which was never recorded.
        unrecorded = _was_terminated(run) and told["events"] > len(own)
        if not unrecorded:
            self._told_of_events(told, own, truth)
        if run.closed:
            # What is terminated may have come to the end of its session before.
            ends = {self.outcome(run).get("status", "completed")}
            phases = {"closed"}
            if _was_terminated(run):
                ends |= {"completed", "cancelled", "running"}
                phases |= {"continued"}
            if run.history[-1].event_type == _WENT_ON:
                ends, phases = {"running"}, {"continued"}
            if told["phase"] not in phases or told["status"] not in ends:
                self.violated(f"progress says {told} of a run that has ended: {ends}")
        elif told["phase"] != "closed":
            self._told_of_attempts(run, told, broke=_broke(folded))

    def _told_of_events(self, told: dict[str, Any], own: list[Shown], truth: Truth) -> None:
        """Counts and last event are those of the events of the run."""
        tokens = sum(shown.event["type"] == "token" for shown in own)
        if (told["events"], told["tokens"]) != (len(own), tokens):
            self.violated(f"progress says {told}; there are {len(own)} events")
        newest = max((shown.id.producer for shown in own), default=None)
        last = None if newest is None else str(truth.of(newest)[-1].id)
        if told["last_event_id"] != last:
            self.violated(f"progress says {told}; the newest producer's last event is {last}")

    def _truth_for(self, run: Run) -> Truth:
        chain = self.chain_of(run)
        truth = Truth()
        for one in chain.runs[: chain.runs.index(run) + 1]:
            truth.read(one)
        return truth

    def _before(self, run: Run) -> set[EventId]:
        """The events of the runs that `run` continues."""
        before = Truth()
        for one in self.chain_of(run).runs:
            if one is run:
                break
            before.read(one)
        return {shown.id for shown in before.events}

    def _told_of_attempts(self, run: Run, told: dict[str, Any], *, broke: bool) -> None:
        """While no attempt is alive `progress` says so, and while one is it says that."""
        alive = any(activity.alive for activity in run.pending.values())
        begun = not run.pending or alive
        if told["status"] == "running" and not begun:
            self.violated(f"progress says {told}; no attempt is alive")
        if told["status"] == "retrying" and alive and not broke:
            self.violated(f"progress says {told}; an attempt is alive")

    def told_lonely(self) -> bool:
        """Whether a reader may be told now that nobody works at the session.

        A bridge may have asked in a moment that no sample has met.
        """
        lonely_at = max(self._lonely_at, self.server.lonely_at)
        return bool(self._lonely()) or now() - lonely_at <= TOLD_SECONDS

    def _lonely(self) -> list[Run]:
        return [run for runs in self.server.runs.values() for run in runs if run.lonely]

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

    def judge(self, chain: Chain, *, fair: bool) -> None:
        """A chain has closed: its history is what its last attempts said.

        Also what an attempt said before it failed, as long as nothing else went wrong (`fair`) and
        the sender is ours: another one's may fail before it has sent what it was given last.
        """
        run = chain.last
        if run.query is not None:
            self.queried(run, PROGRESS, run.query(PROGRESS).data)
        promised, truth = self.promised(chain), chain.truth()
        for wrong in truth.wrong:
            self.violated(wrong)
        self._judge_results(run, truth)
        for producer, expected in (promised or {}).items():
            if truth.of(producer) != expected:
                self.violated(
                    f"the history of {producer} ends at {_last(truth.of(producer))}, its agent at "
                    f"{_last(expected)}"
                )
        if fair and (_ended_well(run) or not self.clumsy):
            self._judge_failed(run, truth)
        for producer in truth.beside:
            self._judge_order(truth.of(producer))

    def _judge_results(self, run: Run, truth: Truth) -> None:
        """What gave the workflow a result counts: the workflow has waited for it."""
        outcome = self.outcome(run).get("result")
        for result in (outcome or {}).get("results", ()):
            last = None if result is None else result["last_event_id"]
            ended = "completed" if last is None else truth.ends.get(EventId.parse(last).producer)
            if ended != "completed":
                self.violated(f"the workflow has a result of {last}, which has {ended}")

    def _judge_failed(self, run: Run, truth: Truth) -> None:
        for run_id, producer, attempt in self._said:
            newest = max(p[2] for p in self._said if p[:2] == (run_id, producer))
            if run_id != run.run_id or attempt != newest or producer in self.given_up:
                continue
            said, folded = self._said[run_id, producer, attempt], truth.of(producer)
            last = EventId(producer, attempt, said.stored or len(said))
            if _last(folded) != last:
                self.violated(f"the history of {producer} ends at {_last(folded)} of {last}")

    def _judge_order(self, folded: list[Shown]) -> None:
        expected = 1
        for shown in folded:
            if shown.id.seq != expected and not self.clumsy:
                self.violated(f"{shown.id} is in the history, where number {expected} is due")
            expected = shown.id.seq + 1

    def sample(self) -> None:
        """Look at what must stay bounded, and ask a session that nobody works at how it is."""
        for run in self._lonely():
            self._lonely_at = now()
            idle = not (
                run.in_task or run.needs_task or run.closed
            )  # the code has had all there is
            if idle and run.query is not None:
                self.queried(run, PROGRESS, run.query(PROGRESS).data)
        for producer in self._producers:
            held = producer._sending.outbox.held
            if len(held) > held.max_events or held.bytes > held.max_bytes + 300_000:
                self.violated(f"an outbox holds {len(held)} events, {held.bytes} bytes")


def _ended_well(run: Run) -> bool:
    return run.history[-1].event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED


def _was_terminated(run: Run) -> bool:
    return run.history[-1].event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED


def _last(shown: list[Shown]) -> EventId | None:
    return shown[-1].id if shown else None


def _broke(folded: list[Shown]) -> bool:
    """Whether the last attempt has said that it was its last."""
    return bool(folded) and folded[-1].event["type"] == ATTEMPT_FAILED
