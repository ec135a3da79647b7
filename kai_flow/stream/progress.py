"""Progress: what the `progress` query tells a person, folded from the accepted events.

While no event comes, a status report may say what no event can: that no attempt is alive. It lies
over what the events said, changes nothing of it, and is void with the next accepted event.
"""

from typing import Any, Final, Literal

from kai_flow.stream.buffer import EventBuffer
from kai_flow.stream.fold import Fold, Verdict
from kai_flow.stream.names import ATTEMPT_FAILED, STARTED
from kai_flow.stream.report import StatusReport

Status = Literal["waiting", "running", "retrying", "completed", "failed", "partial", "cancelled"]

ANSWER_TAIL_CHARS: Final = 200

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


class Progress:
    """Counts and last sights of the attempts that count; a retry takes back its own part."""

    def __init__(self) -> None:
        self.status: Status = "waiting"
        self.closed = False  # set once, when the workflow's code ends
        self._producer = 0  # whose part is being counted
        self._earlier = (0, 0)  # events and tokens of the producers before it
        self._report: StatusReport | None = None  # of the quiet since the last event
        self._begin()

    def _begin(self) -> None:
        """Begin the part of a producer, or begin it again."""
        self.phase = "waiting"
        self.events, self.tokens = self._earlier
        self.current_tool: str | None = None  # between tool_start and tool_end
        self.answer_tail = ""

    def observe(self, verdict: Verdict) -> None:
        """Take in what the buffer accepted."""
        if not verdict.events:
            return
        self._report = None
        producer = verdict.events[0].id.producer
        if producer > self._producer:
            self._producer, self._earlier = producer, (self.events, self.tokens)
        if verdict.takes_back is not None:
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
        if self.closed:  # what was still under way counts, but the end stays the end
            self.phase, self.current_tool = "closed", None

    def hear(self, report: StatusReport, fold: Fold) -> None:
        """Take in a status report, unless it is of another run or an event has overtaken it."""
        if self.closed or report.run_id != fold.run_id or report.after != fold.position:
            return
        last = self._report
        if last is None or last.bridge != report.bridge or last.at < report.at:
            self._report = report

    def close(self, status: Status) -> None:
        """The workflow's code has ended with `status`."""
        self.status, self.closed, self._report = status, True, None
        self.phase, self.current_tool = "closed", None

    def _at_present(self) -> tuple[Status, str, str | None]:
        """Status, phase and tool, by the last event or by the report that followed it."""
        match self._report:
            case None:
                return self.status, self.phase, self.current_tool
            case StatusReport(status="running", attempt=attempt, after=after):
                if attempt == after.attempt:  # it was only out of touch: it is where it was
                    return "running", self.phase, self.current_tool
                return "running", _PHASES[STARTED], None
            case report:
                return report.status, "waiting", None

    def describe(self, buffer: EventBuffer, elapsed_ms: int) -> dict[str, Any]:
        """The answer of the `progress` query: flat, readable, stable."""
        position = buffer.fold.position
        status, phase, tool = self._at_present()
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
