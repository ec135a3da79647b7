"""What was measured: rows of figures, their medians, and how they are written."""

import statistics
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.bench.stack import Stack

Figures = Mapping[str, float]


@dataclass(frozen=True)
class Column:
    """One kind of figure."""

    title: str
    unit: str
    about: str = ""


COLUMNS: Final = {
    "p50_ms": Column("p50", "ms", "from the agent's call to the reader's socket, median"),
    "p99_ms": Column("p99", "ms", "the same for 99 of 100 events"),
    "cpu_us": Column("CPU/event", "µs", "CPU of the process that serves readers, by delivery"),
    "all_cpu_us": Column("all CPU", "µs", "the same with the worker and the Temporal server"),
    "post_p50_ms": Column("p50", "ms", "from the request to its answer, median"),
    "post_p99_ms": Column("p99", "ms", "the same for 99 of 100 POSTs"),
    "post_cpu_us": Column("CPU/POST", "µs", "CPU of the process that serves"),
    "signals": Column("signals", ""),
    "history_events": Column("history", "events"),
    "history_kb": Column("history", "KB"),
    "seconds": Column("time", "s"),
    "per_second": Column("speed", "events/s"),
    "serving_s": Column("CPU", "s", "of the bridge"),
    "whole_p50_s": Column("whole, p50", "s"),
    "whole_last_s": Column("whole, last", "s"),
    "live_p50_ms": Column("live p50", "ms", "of a live session beside"),
    "live_p99_ms": Column("live p99", "ms", "the same"),
    "peak_mb": Column("peak memory", "MB", "of the bridge"),
    "idle_mb": Column("idle", "MB", "memory of the process that serves, before"),
    "reader_kb": Column("a reader", "KB", "memory that each one adds"),
    "session_kb": Column("a session", "KB", "the same"),
}


@dataclass
class Row:
    """One case of one system, measured in several rounds."""

    workload: str
    case: str
    system: str
    rounds: list[dict[str, float]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def add(self, figures: Figures) -> None:
        """One more round, in as many digits as the file keeps: tables are the same from either."""
        self.rounds.append({key: float(f"{value:.5g}") for key, value in figures.items()})

    @property
    def counts(self) -> bool:
        """Whether every event arrived exactly once at every reader, in every round."""
        return bool(self.rounds) and not self.wrong

    def figure(self, key: str) -> float | None:
        """The median of the rounds."""
        seen = [figures[key] for figures in self.rounds if key in figures]
        return statistics.median(seen) if seen else None


class Results:
    """All rows, in the order in which they were first measured."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str, str], Row] = {}
        self.measured: dict[str, dict[str, str]] = {}  # by workload: machine, versions, date

    def of(self, workload: str) -> list[Row]:
        """Its rows, those of a case together."""
        rows = [row for row in self.rows.values() if row.workload == workload]
        cases = list(dict.fromkeys(row.case for row in rows))
        return sorted(rows, key=lambda row: cases.index(row.case))

    def row(self, workload: str, case: str, system: str) -> Row:
        """The row of that name, made if it is new."""
        return self.rows.setdefault((workload, case, system), Row(workload, case, system))

    def as_json(self) -> dict[str, Any]:
        """For a file."""
        return {
            "measured": self.measured,
            "rows": [
                {
                    "workload": row.workload,
                    "case": row.case,
                    "system": row.system,
                    "rounds": row.rounds,
                    "wrong": row.wrong,
                }
                for name in self.measured
                for row in self.of(name)
            ],
        }

    @classmethod
    def from_json(cls, data: Any) -> "Results":
        """What `as_json` gave."""
        results = cls()
        results.measured = data["measured"]
        for item in data["rows"]:
            row = Row(**item)
            results.rows[row.workload, row.case, row.system] = row
        return results

    def replace(self, other: "Results") -> None:
        """Take the workloads that another run has measured in the place of one's own."""
        self.rows = {key: row for key, row in self.rows.items() if key[0] not in other.measured}
        self.rows |= {key: row for key, row in other.rows.items() if key[0] in other.measured}
        self.measured |= other.measured


# case, system, figures, what is wrong with them
Record = Callable[[str, str, Figures, list[str]], None]


@dataclass(frozen=True)
class Workload:
    """One thing that is measured."""

    name: str
    about: str
    columns: tuple[str, ...]
    run: Callable[[Stack, Record, bool], Awaitable[None]]  # stack, record, quick
    ratio: str | None = None  # the figure whose ratio to KAI Flow's is shown
    plots: tuple[str, ...] = ()  # the figures that are plotted


def number(value: float) -> str:
    """A figure as people read it: the two or three digits that matter."""
    if abs(value) >= 100 or value == round(value):
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 10 else f"{value:.2g}"


def count(number: int, noun: str) -> str:
    """1 reader, 2 readers."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
