"""Progress: the answer of the `progress` query, computed from the accepted events.

It lists the producers under way. The summary for people is that of the newest producer that has
sent anything; the counts are those of all producers and of the workflow itself.

While no event comes, the liveness may add what no event can report: that no attempt is alive. It
changes the answer, and nothing of what was computed from the events.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple

from kai_flow.stream.buffer import EventBuffer
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.fold import Fold, Verdict
from kai_flow.stream.ids import EventId
from kai_flow.stream.recorded import Scheduled
from kai_flow.stream.wire_names import ATTEMPT_FAILED, STARTED

Status = Literal[
    "waiting", "running", "retrying", "completed", "failed", "partial", "cancelled", "unreadable"
]

ANSWER_TAIL_CHARS: Final = 200
MAX_PRODUCERS: Final = 64  # in the answer: the newest of those under way
LIVENESS_SECONDS: Final = 5.0  # between two liveness checks, while no event comes

_PHASES: Final = {
    STARTED: "starting",
    "thinking": "thinking",
    "tool_start": "using a tool",
    "tool_end": "thinking",
    "token": "answering",
    "suggestions": "finishing",
    "error": "failing",
    ATTEMPT_FAILED: "waiting",
}


class Liveness(NamedTuple):
    """Whether a worker is working on an activity or on a session, as the server shows it."""

    status: Status
    """`waiting`: no worker has taken the activity, or its worker sends no heartbeats. `retrying`:
    an attempt has ended and the next one has not begun. `running`: a worker runs it. `unreadable`:
    the program that tells it has not the payload codec of the session. Any other value is how the
    run has ended."""
    attempt: int
    """The attempt that runs, or that is waited for; 0 when the run has ended."""

    @property
    def ended(self) -> bool:
        """Whether the run has ended."""
        return self.attempt == 0


class RunLiveness(NamedTuple):
    """The liveness of a run, and that of each of its activities."""

    session: Liveness
    """How the run has ended, or else the liveliest of its activities."""
    activities: Mapping[str, Liveness] = MappingProxyType({})
    """By activity id: those that are pending, which are none when the run has ended."""

    def of(self, activity_id: str) -> Liveness:
        """The liveness of one activity; that of the session if the activity is not pending."""
        return self.activities.get(activity_id, self.session)


class _Part:
    """What the events of one producer show; a retry begins a new part."""

    __slots__ = ("activity_id", "events", "last", "phase", "status", "tokens", "tool")

    def __init__(self) -> None:
        self.activity_id = ""  # as `started` tells it
        self.status: Status = "waiting"
        self.phase = "waiting"
        self.tool: str | None = None  # between tool_start and tool_end
        self.events = 0
        self.tokens = 0
        self.last: EventId | None = None

    def observe(self, events: tuple[NumberedEvent, ...]) -> None:
        self.last = events[-1].id
        self.events += len(events)
        self.status = "retrying" if events[-1].type == ATTEMPT_FAILED else "running"
        for event in events:
            self.phase = _PHASES.get(event.type, _going_on(self.phase))
            match event.type:
                case "started":
                    self.activity_id = str(event.decode().get("activity_id", ""))
                case "token":
                    self.tokens += 1
                case "tool_start":
                    self.tool = str(event.decode().get("tool", "")) or None
                case "tool_end" | "attempt_failed":
                    self.tool = None
                case _:
                    pass

    def own(self, liveness: RunLiveness, mark: Scheduled) -> Liveness:
        """The liveness of the producer's activity.

        The mark in a workflow has the activity's id only if the workflow's code has chosen it.
        """
        return liveness.of(mark.activity_id or self.activity_id)

    def at_present(self, liveness: Liveness | None) -> tuple[Status, str, str | None]:
        """Status, phase and tool: by the last event, or by the liveness of the activity."""
        by_events = self.status, self.phase, self.tool
        if liveness is None:
            return by_events
        if liveness.status != "running":
            return liveness.status, "waiting", None
        same = self.last is not None and liveness.attempt == self.last.attempt
        return by_events if same else ("running", _PHASES[STARTED], None)


def _going_on(phase: str) -> str:
    """The phase after an event that implies none."""
    return "running" if phase == _PHASES[STARTED] else phase


_NO_PART: Final = _Part()  # of a session of which nothing has come


class Progress:
    """Counts and latest state of the attempts that count; a retry replaces its producer's part."""

    def __init__(self) -> None:
        self.closed: tuple[Status, str] | None = None
        """Status and phase, set once, when the workflow's code ends."""
        self.events = 0
        self.tokens = 0
        self._parts: dict[int, _Part] = {}  # of the open producers, and of the newest
        self._newest = -1  # the highest producer that has sent anything; 0 is the workflow itself
        self._answering = -1  # the highest producer that has sent a token
        self._answer_tail = ""

    def observe(self, fold: Fold, verdicts: Iterable[Verdict]) -> None:
        """Count what the buffer has accepted; `fold` is the buffer's."""
        for verdict in verdicts:
            if verdict.events:
                self._count(fold, verdict.events[0].id.producer, verdict)

    def _count(self, fold: Fold, producer: int, verdict: Verdict) -> None:
        part = self._parts.get(producer)
        if part is None or verdict.replaces is not None:
            if part is not None:
                self.events -= part.events
                self.tokens -= part.tokens
            if producer == self._answering:
                self._answer_tail = ""
            self._newest = max(self._newest, producer)
            part = self._parts[producer] = _Part()
            for other in [p for p in self._parts if p not in fold.open and 0 < p < self._newest]:
                del self._parts[other]
        events, tokens = part.events, part.tokens
        part.observe(verdict.events)
        self.events += part.events - events
        self.tokens += part.tokens - tokens
        if part.tokens > tokens and producer >= self._answering:
            self._answer(producer, verdict.events)

    def _answer(self, producer: int, events: tuple[NumberedEvent, ...]) -> None:
        if producer > self._answering:
            self._answering, self._answer_tail = producer, ""
        said = (str(e.decode().get("content", "")) for e in events if e.type == "token")
        self._answer_tail = (self._answer_tail + "".join(said))[-ANSWER_TAIL_CHARS:]

    def close(self, status: Status, phase: str = "closed") -> None:
        """The workflow's code has ended with `status`."""
        self.closed = status, phase

    def describe(
        self, buffer: EventBuffer, elapsed_ms: int, liveness: RunLiveness | None = None
    ) -> dict[str, Any]:
        """The answer of the `progress` query.

        `liveness` is given when no event has come for a while; None: it is unknown.
        """
        fold = buffer.fold
        part = self._parts.get(self._newest, _NO_PART)
        status, phase, tool = self._at_present(fold, part, liveness)
        ended = self.closed is not None or (liveness is not None and liveness.session.ended)
        return {
            "status": status,
            "phase": phase,
            "producer": max(0, self._newest),
            "attempt": 0 if part.last is None else part.last.attempt,
            "last_event_id": None if part.last is None else str(part.last),
            "events": self.events,
            "tokens": self.tokens,
            "current_tool": tool,
            "elapsed_ms": elapsed_ms,
            "answer_tail": self._answer_tail,
            "producers": [] if ended else self._producers(fold, liveness),
            "buffer": {
                "first": None if buffer.first is None else str(buffer.first),
                "last": None if buffer.last is None else str(buffer.last),
                "events": len(buffer),
                "bytes": buffer.bytes,
                "evicted": buffer.evicted,
            },
        }

    def _at_present(
        self, fold: Fold, part: _Part, liveness: RunLiveness | None
    ) -> tuple[Status, str, str | None]:
        """Status, phase and tool of the session; status and phase as `close` said after the end."""
        if self.closed is not None:
            return *self.closed, None
        if liveness is None:
            return part.at_present(None)
        if liveness.session.ended:  # terminated or timed out: the workflow's code did not report it
            return liveness.session.status, "closed", None
        own = liveness.session
        mark = fold.open.get(self._newest)
        if mark is not None and fold.closing(self._newest) is None:
            own = part.own(liveness, mark)
        elif part.last is not None:  # it has ended, so that no attempt of it is waited for
            own = own._replace(attempt=part.last.attempt)
        # A session runs if any of its activities does; the phase is that of the newest producer.
        return liveness.session.status, *part.at_present(own)[1:]

    def _producers(self, fold: Fold, liveness: RunLiveness | None) -> list[dict[str, Any]]:
        """The producers under way that have sent something, the newest ones last."""
        shown = [p for p in sorted(fold.open) if p in self._parts and fold.closing(p) is None]
        answers = []
        for producer in shown[-MAX_PRODUCERS:]:
            mark, part = fold.open[producer], self._parts[producer]
            own = None if liveness is None else part.own(liveness, mark)
            status, phase, tool = part.at_present(own)
            answers.append(
                {
                    "producer": producer,
                    "activity": mark.activity,
                    "attempt": 0 if part.last is None else part.last.attempt,
                    "last_event_id": None if part.last is None else str(part.last),
                    "events": part.events,
                    "status": status,
                    "phase": phase,
                    "current_tool": tool,
                }
            )
        return answers
