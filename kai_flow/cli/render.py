"""Draws a session on the terminal as its events arrive.

The rule: there is one method for each type of event, and all text of an event passes through
`kai_flow.cli.text`. Without a terminal the output is the same, but has no escape sequences.
"""

import time
from typing import Any, Final

from rich.console import Console
from rich.syntax import Syntax
from rich.text import Text

from kai_flow.cli import text
from kai_flow.cli.consoles import print_words
from kai_flow.cli.figures import written
from kai_flow.cli.table import table_of

Event = dict[str, Any]

ROWS_SHOWN: Final = 50  # of a table; the event has all rows (`--json`)
BAR_CELLS: Final = 40  # length of the longest bar
LEAST_BAR_CELLS: Final = 8  # of the longest bar on a narrow terminal


class Renderer:
    """Prints one session. Feed it every event in order with `show`."""

    def __init__(self, console: Console, task_queue: str | None = None) -> None:
        """`task_queue` is that of the session, if it is known."""
        self._console = console
        self._task_queue = task_queue
        self._flowing: str | None = None  # the type of the text whose line is still open
        self._tools: dict[str, float] = {}  # tool → when it started; removed when it ends
        self._sql_shown = ""  # the last statement: a tool's input and its result have the same one

    def show(self, event: Event) -> None:
        """Print one event; of an unknown type, only its name."""
        kind = str(event.get("type"))
        if kind != self._flowing:
            self.close_line()
        method = getattr(self, f"_{kind}", None) if kind in _KNOWN else None
        if method is not None:
            method(event)
        elif kind not in _SILENT:
            self._line(f"· {text.line(kind)}", "dim")

    def close_line(self) -> None:
        """End the line of the last tokens, if it is open."""
        if self._flowing is not None:
            self._console.print("\n" if self._flowing == "token" else "")
            self._flowing = None

    def _flow(self, event: Event, style: str) -> None:
        self._flowing = str(event["type"])
        content = Text(text.block(event.get("content", "")), style=style)
        self._console.print(content, end="", soft_wrap=True)

    def _line(self, words: str, style: str = "") -> None:
        print_words(self._console, words, style)

    def _one_line(self, words: str, style: str) -> None:
        """A remark that is cut where the line of a terminal ends, rather than broken."""
        line = Text(text.line(words, 1_000), style=style)
        line.truncate(self._console.width, overflow="ellipsis")
        self._console.print(line, soft_wrap=True)

    def _token(self, event: Event) -> None:
        self._flow(event, "")

    def _thinking(self, event: Event) -> None:
        self._flow(event, "dim italic")

    def _started(self, event: Event) -> None:
        attempt = event.get("attempt")
        if isinstance(attempt, int) and attempt > 1:
            self._tools.clear()
            self._line(
                f"↺ attempt {attempt} has started: ignore what was shown before",
                "yellow",
            )

    def _tool_start(self, event: Event) -> None:
        tool, given = text.line(event.get("tool"), 60), event.get("input")
        self._tools[tool] = time.monotonic()
        self._one_line(f"▸ {tool}{_brief(given)}", "cyan")
        self._sql(given)

    def _tool_end(self, event: Event) -> None:
        tool = text.line(event.get("tool"), 60)
        began = self._tools.pop(tool, None)
        took = "" if began is None else f" {_elapsed(time.monotonic() - began)}"
        self._one_line(f"  ✓ {tool}{took}{_brief(event.get('output'))}", "green")
        self._sql(event.get("output"))

    def _sql(self, holder: object) -> None:
        """The statement in a tool's input or output or in a result, unless it was just shown."""
        sql = holder.get("sql") if isinstance(holder, dict) else None
        if not isinstance(sql, str) or sql == self._sql_shown:
            return
        self._sql_shown = sql
        shown = text.block(sql)
        if self._console.is_terminal:
            self._console.print(
                Syntax(shown, "sql", theme="ansi_dark", word_wrap=True, padding=(0, 4))
            )
        else:
            self._line("\n".join(f"    {part}" for part in shown.splitlines()))

    def _sql_result(self, event: Event) -> None:
        self._sql(event)
        names = [_name(column) for column in _list(event.get("columns"))]
        rows = _list(event.get("data"))
        if names:
            self._console.print(table_of(names, rows[:ROWS_SHOWN]), crop=False)
        total = event.get("row_count", len(rows))
        hidden = len(rows) > ROWS_SHOWN or event.get("truncated")
        first = f", the first {min(len(rows), ROWS_SHOWN)} shown" if hidden else ""
        self._line(f"  {text.line(total)} {'row' if total == 1 else 'rows'}{first}", "dim")

    def _chart_config(self, event: Event) -> None:
        bars = _bars(event)
        title = text.line(event.get("widget_title") or "chart")
        self._line(f"▪ {title} ({text.line(event.get('widget_type') or 'chart', 30)})", "bold")
        if not bars:
            return
        longest = max(abs(value) for _, value in bars) or 1
        margin = max(len(label) for label, _ in bars)
        numbers = written([value for _, value in bars])
        room = self._console.width - margin - max(map(len, numbers)) - 5  # 5: spaces between
        cells = min(BAR_CELLS, max(LEAST_BAR_CELLS, room))
        for (label, value), number in zip(bars, numbers, strict=True):
            bar = "█" * max(1 if value else 0, round(abs(value) / longest * cells))
            words = Text(f"  {label:<{margin}}  ")
            words.append(bar, style="red" if value < 0 else "blue").append(f" {number}")
            self._console.print(words, soft_wrap=True)
        self._line("")

    def _suggestions(self, event: Event) -> None:
        content = event.get("content")
        items = content if isinstance(content, list) else [content]
        for item in items:  # no heading: ours would be English, and they need not be
            self._line(f"→ {text.line(item)}", "bold")

    def _clarify(self, event: Event) -> None:
        self._line(text.block(event.get("question", "")), "bold")
        for number, (label, prompt) in enumerate(choices_of(event), start=1):
            whole = "" if prompt == label else f" ({text.line(prompt)})"
            self._line(f"  {number}. {text.line(label)}{whole}")

    def _error(self, event: Event) -> None:
        self._line(f"✗ {error_line(event.get('error'))}", "red")

    def _gap(self, event: Event) -> None:
        missing = event.get("missing")
        for part in missing if isinstance(missing, list) else ():
            ends = part if isinstance(part, dict) else {}
            after, before = text.line(ends.get("after")), text.line(ends.get("before"))
            self._line(f"… the events after {after} and before {before} are lost", "yellow")

    def _ended(self, event: Event) -> None:
        if event.get("status") != "completed":
            self._line(f"· an activity has ended: {text.line(event.get('status'))}", "dim")

    def _superseded(self, event: Event) -> None:
        after = text.line(event.get("after"))
        self._line(f"↺ the events after {after} do not count: ignore them", "yellow")

    def _status(self, event: Event) -> None:
        said = {
            "waiting": self._waiting(),
            "retrying": f"attempt {text.line(event.get('attempt'))} will start soon",
            "running": "a worker is running the session again",
            "unreadable": (
                "the bridge cannot read this session: it lacks its payload codec, or the key "
                "(KAI_DATA_CONVERTER, KAI_CODEC_KEYS). If the workers lack the key as well, "
                "`kai sessions --stuck` names it"
            ),
        }
        self._line(f"… {said.get(str(event.get('status')), 'no events for a while')}", "dim")

    def _waiting(self) -> str:
        if self._task_queue is None:
            return "no worker is running this session: waiting for one"
        return (
            "no worker is running this session: waiting for one on the task queue "
            f"{text.line(self._task_queue)} (`kai sessions --stuck` tells more)"
        )

    def _reset(self, _event: Event) -> None:
        self._tools.clear()
        self._line(
            "↺ a new run of this session has started: ignore what was shown before", "yellow"
        )

    def _omitted(self, event: Event) -> None:
        what, size = text.line(event.get("of")), text.line(event.get("bytes"))
        self._line(f"… an event of type {what} was too large to be streamed ({size} bytes)", "dim")


_KNOWN: Final = frozenset(
    {
        *("token", "thinking", "started", "tool_start", "tool_end", "sql_result", "chart_config"),
        *(
            "suggestions",
            "clarify",
            "error",
            "gap",
            "reset",
            "status",
            "omitted",
            "ended",
            "superseded",
        ),
    }
)
_SILENT: Final = frozenset(  # shown by other means, or put right by the program itself
    {"done", "idle_timeout", "token_expired", "attempt_failed"}
)


def choices_of(event: Event) -> list[tuple[str, str]]:
    """(label, whole question) for each choice that a session asks for."""
    given = event.get("choices")
    choices = [each for each in given if isinstance(each, dict)] if isinstance(given, list) else []
    return [
        (str(each.get("label") or each.get("prompt")), str(each.get("prompt")))
        for each in choices
        if each.get("prompt")
    ]


def error_line(error: object) -> str:
    """An error as it is shown, on one line."""
    return text.line(error, 2_000)


def _elapsed(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def _brief(value: object) -> str:
    """A tool's input or output for the rest of the line; of what is nested, only the size."""
    if value in (None, "", {}, []):
        return ""
    if isinstance(value, dict):
        pairs = [f"{key}: {_short(item)}" for key, item in value.items() if key != "sql"]
        return f"  {', '.join(pairs)}" if pairs else ""
    return f"  {_short(value)}"


def _short(value: object) -> str:
    if isinstance(value, list | dict):
        return f"({len(value)} {'item' if len(value) == 1 else 'items'})"
    return text.compact(value)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _name(column: object) -> str:
    return str(column.get("name", "")) if isinstance(column, dict) else str(column)


def _bars(event: Event) -> list[tuple[str, float]]:
    """(label, value) for each point of a chart that bars can show; empty for any other.

    Of several series, each point has a bar for every one of them, with its name.
    """
    data, x_key, y_key = (event.get(f) for f in ("widget_data", "x_axis_key", "y_axis_key"))
    series = [
        key for key in (y_key if isinstance(y_key, list) else [y_key]) if isinstance(key, str)
    ]
    if not (isinstance(data, list) and isinstance(x_key, str)):
        return []
    points = [
        (row.get(x_key) if len(series) == 1 else f"{row.get(x_key)} · {key}", row.get(key))
        for row in data
        if isinstance(row, dict)
        for key in series
    ]
    return [
        (text.line(label, 30), float(value))
        for label, value in points[:ROWS_SHOWN]
        if isinstance(value, int | float) and abs(value) < 1e300  # infinity and NaN have no bar
    ]
