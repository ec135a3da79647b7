"""Shows a session from its first event to its outcome: to a person, or to a program.

Both classes have the same two methods: ``event`` for each event as it arrives, ``finish`` at the
end.
"""

import json
import sys
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from kai_flow.cli import text
from kai_flow.cli.consoles import print_words
from kai_flow.cli.render import Event, Renderer, choices_of, error_line


@dataclass(frozen=True)
class Outcome:
    """How a session ended, read from its `done` event."""

    status: str
    error: str | None
    answer: str

    @classmethod
    def of(cls, done: Event | None) -> "Outcome":
        """Read either form of `done`: the workflow's result, or how it closed without a result."""
        if done is None:
            return cls("ended", None, "")
        result = done.get("result")
        says: Event = result if isinstance(result, dict) else done
        error = says.get("error") or done.get("error")
        status = says.get("status") or done.get("status") or ("failed" if error else "completed")
        return cls(
            text.line(status, 30),
            None if error is None else error_line(_message(error)),
            str(says.get("final_answer") or ""),
        )

    @property
    def good(self) -> bool:
        """Whether there is an answer, even a partial one."""
        return self.status in ("completed", "partial", "ended")

    @property
    def mark(self) -> tuple[str, str]:
        """The sign before the status, and its style."""
        if self.status == "needs_clarification":
            return "?", "bold yellow"
        return ("✔", "bold green") if self.good else ("✘", "bold red")


def _message(error: object) -> str:
    return str(error.get("message", error)) if isinstance(error, dict) else str(error)


class Screen:
    """Shows the session to a person."""

    def __init__(self, console: Console, session_id: str, task_queue: str | None = None) -> None:
        self._console = console
        self._session_id = session_id
        self._renderer = Renderer(console, task_queue)
        self._events = 0  # of the session, without `done`
        self._answered = False  # whether tokens of the latest attempt were shown
        self._error: str | None = None  # the last one shown, of the latest attempt
        self.choices: tuple[str, ...] = ()  # whole questions, when the session asked back
        console.print(Text(f"session {session_id}", style="dim"), soft_wrap=True)

    def event(self, event_id: str | None, event: Event) -> None:
        kind = event.get("type")
        if kind in ("started", "reset"):
            self._answered, self._error, self.choices = False, None, ()
        self._answered = self._answered or kind == "token"
        if kind == "error":
            self._error = error_line(event.get("error"))
        if kind == "clarify":
            self.choices = tuple(prompt for _, prompt in choices_of(event))
            self._answered = True  # the answer repeats the question and its choices
        self._events += kind != "done" and event_id is not None
        self._renderer.show(event)

    def finish(self, outcome: Outcome, seconds: float, later: str | None) -> None:
        """The answer and the error, unless the events have shown them; then the summary."""
        self._renderer.close_line()
        if outcome.answer and not self._answered and error_line(outcome.answer) != self._error:
            print_words(self._console, text.block(outcome.answer) + "\n")
        if outcome.error not in (None, self._error):
            print_words(self._console, f"✗ {outcome.error}", "red")
        mark, style = outcome.mark
        self._console.print(
            Text(f"{mark} {outcome.status}", style=style).append(
                f" · {self._events} events · {seconds:.1f} s · session {self._session_id}",
                style="not bold default",
            ),
            soft_wrap=True,
        )
        if later is not None:
            again = f"look again: {later.format(id=self._session_id)}"
            self._console.print(Text(again, style="dim"), soft_wrap=True)


class JsonLines:
    """Shows the session to a program: one JSON object a line, in ASCII, harmless for a terminal."""

    def __init__(self, console: Console) -> None:
        self._file = console.file

    def event(self, event_id: str | None, event: Event) -> None:
        print(json.dumps({"id": event_id, "event": event}), file=self._file, flush=True)

    def finish(self, outcome: Outcome, _seconds: float, _later: str | None) -> None:
        """Print an error for the person as well; the line of `done` has everything else."""
        if outcome.error is not None:
            print(f"kai: {outcome.error}", file=sys.stderr)
