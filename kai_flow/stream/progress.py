"""Progress: the answer of the `progress` query, computed from the accepted events.

While no event comes, the liveness may add what no event can report: that no attempt is alive. It
changes the answer, and nothing of what was computed from the events.
"""

from typing import Any, Final, Literal, NamedTuple

from kai_flow.stream.buffer import EventBuffer
from kai_flow.stream.fold import Verdict
from kai_flow.stream.wire_names import ATTEMPT_FAILED, STARTED

Status = Literal["waiting", "running", "retrying", "completed", "failed", "partial", "cancelled"]

ANSWER_TAIL_CHARS: Final = 200
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
    """Whether a worker is working on a session, as the server shows it."""

    status: Status
    """`waiting`: no worker has taken the activity, or its worker sends no heartbeats. `retrying`:
    an attempt has ended and the next one has not begun. `running`: a worker runs it. Any other
    value is how the run has ended."""
    attempt: int
    """The attempt that runs, or that is waited for; 0 when the run has ended."""

    @property
    def ended(self) -> bool:
        """Whether the run has ended."""
        return self.attempt == 0


class Progress:
    """Counts and latest state of the attempts that count; a retry replaces its producer's part."""

    def __init__(self) -> None:
        self.status: Status = "waiting"
        self.closed = False  # set once, when the workflow's code ends
        self._last_phase = ""  # the phase after that
        self._producer = 0  # the producer whose events are being counted
        self._earlier = (0, 0)  # events and tokens of the producers before it
        self._begin()

    def _begin(self) -> None:
        """Begin to count the events of a producer, for the first time or after a retry."""
        self.phase = "waiting"
        self.events, self.tokens = self._earlier
        self.current_tool: str | None = None  # between tool_start and tool_end
        self.answer_tail = ""

    def observe(self, verdict: Verdict) -> None:
        """Count what the buffer has accepted."""
        if not verdict.events:
            return
        producer = verdict.events[0].id.producer
        if producer > self._producer:
            self._producer, self._earlier = producer, (self.events, self.tokens)
        if verdict.replaces is not None:
            self._begin()
        if not self.closed:
            broke = verdict.events[-1].type == ATTEMPT_FAILED
            self.status = "retrying" if broke else "running"
        self.events += len(verdict.events)
        for event in verdict.events:
            self.phase = _PHASES.get(event.type, self.phase)
            match event.type:
                case "token":
                    self.tokens += 1
                    tail = self.answer_tail + str(event.decode().get("content", ""))
                    self.answer_tail = tail[-ANSWER_TAIL_CHARS:]
                case "tool_start":
                    self.current_tool = str(event.decode().get("tool", "")) or None
                case "tool_end" | "attempt_failed":
                    self.current_tool = None
                case _:
                    pass
        if self.closed:  # late events are counted, but the session stays closed
            self.phase, self.current_tool = self._last_phase, None

    def close(self, status: Status, phase: str = "closed") -> None:
        """The workflow's code has ended with `status`."""
        self.status, self.closed = status, True
        self.phase = self._last_phase = phase
        self.current_tool = None

    def _at_present(
        self, attempt: int, liveness: Liveness | None
    ) -> tuple[Status, str, str | None]:
        """Status, phase and tool: by the last event, which is of `attempt`, or by the liveness."""
        by_events = self.status, self.phase, self.current_tool
        if self.closed or liveness is None:
            return by_events
        if liveness.ended:  # terminated or timed out: the workflow's code could not report it
            return liveness.status, "closed", None
        if liveness.status != "running":
            return liveness.status, "waiting", None
        return by_events if liveness.attempt == attempt else ("running", _PHASES[STARTED], None)

    def describe(
        self, buffer: EventBuffer, elapsed_ms: int, liveness: Liveness | None = None
    ) -> dict[str, Any]:
        """The answer of the `progress` query.

        `liveness` is given when no event has come for a while; None: it is unknown.
        """
        position = buffer.fold.position
        status, phase, tool = self._at_present(position.attempt, liveness)
        return {
            "status": status,
            "phase": phase,
            "producer": position.producer,
            "attempt": position.attempt,
            "last_event_id": str(position) if self.events else None,
            "events": self.events,
            "tokens": self.tokens,
            "current_tool": tool,
            "elapsed_ms": elapsed_ms,
            "answer_tail": self.answer_tail,
            "buffer": {
                "first": None if buffer.first is None else str(buffer.first),
                "last": None if buffer.last is None else str(buffer.last),
                "events": len(buffer),
                "bytes": buffer.bytes,
                "evicted": buffer.evicted,
            },
        }
