"""Reach: which lines and branches of the pure core no schedule has met.

The core is what the import contract `pure-core` names, so that the two cannot drift apart. What no
schedule can meet is in UNREACHED, with the reason. Unit and property tests prove those lines.
"""

import json
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from coverage import Coverage

_HOUSE: Final = Path(__file__).resolve().parents[2]


class Unreached(NamedTuple):
    """A line that no schedule meets, and with it the block that it opens."""

    module: str
    """Of `kai_flow.stream`."""
    text: str
    reason: str


ELSEWHERE: Final = (
    "kai_flow.access.",
    "kai_flow.settings.",
    "kai_flow.stream.repetitions",
    "kai_flow.stream.signing",
    "kai_flow.temporal.",
    "kai_flow.traces.",
)
"""Modules whose names begin so are run by no simulated session: nobody there has keys, tokens or
traces. Unit and property tests prove them, line by line."""

UNREACHED: Final = (
    Unreached(
        "anomalies",
        "return Anomaly.UNSIGNED",
        "a simulated program has no keys",
    ),
    Unreached(
        "attempt_window",
        "if len(waiting) < len(new) and self.live_bytes > self._max_bytes:",
        "thousands of live-only events of an attempt whose first event is not stored yet",
    ),
    Unreached(
        "attempt_window",
        "while self._live and (seq := next(reversed(self._live))) >= first.seq:",
        "a forged POST in the instant between a live-only event and its being shown",
    ),
    Unreached(
        "batches",
        "if total > MAX_PUBLISHED_BYTES:",
        "a simulated workflow says little in one call; this takes 1 MiB",
    ),
    Unreached(
        "fold",
        "if mark.producer <= self.newest:",
        "the interceptor's numbers rise; this is a header that another program has written",
    ),
    Unreached(
        "fold",
        "except InvalidId:",
        "EventProducer refuses such numbers; this is a `started` of another program",
    ),
    Unreached(
        "fold",
        "except (msgspec.MsgspecError, UnicodeError, RecursionError):",
        "a `started` of another program, with fields of other types",
    ),
    Unreached(
        "header",
        "if isinstance(header, Refused):",
        "more than 1,022 activities under way",
    ),
    Unreached(
        "header",
        "if not 1 <= found.producer <= MAX_NUMBER:",
        "a header that another program has written",
    ),
    Unreached(
        "header",
        "if not (0 <= found.producer < MAX_NUMBER and 0 <= found.spoken < MAX_NUMBER):",
        "a header that another program has written",
    ),
    Unreached(
        "header",
        "except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:",
        "a header that another program has written",
    ),
    Unreached(
        "control",
        'return {"type": TOKEN_EXPIRED}',
        "a simulated bridge asks for no tokens",
    ),
    Unreached(
        "sse",
        "if self._line_chars + self._data_chars > MAX_FRAME_CHARS:",
        "a simulated bridge sends no frame that is too long",
    ),
    Unreached(
        "unknown_place",
        "if stranger is not None:",
        "a simulated reader sends the cursors that it was given",
    ),
    Unreached(
        "live_readers",
        "if present.moment >= self._until:",
        "a simulated bridge asks for no tokens",
    ),
    Unreached(
        "live_readers",
        "if moment >= self._until:",
        "a simulated bridge asks for no tokens",
    ),
    Unreached(
        "live_readers",
        "except Exception as error:  # noqa: BLE001  of its sink; the others go on",
        "a simulated sink never raises, and ours only by a mistake",
    ),
    Unreached(
        "log_reader",
        "if self._mark.number == self._log.next:",
        "the bridge asks for the place of readers that are behind",
    ),
    Unreached(
        "log_reader",
        "if narration.place.covers(event.id):",
        "the bridge reads back from the reader's place on, so that it lacks all that comes",
    ),
    Unreached(
        "narration",
        "if closing.status is not None:",
        "only another program's first event is no `started`, which tells whose end it is",
    ),
    Unreached(
        "numbering",
        "if len(self.under_way) > MAX_BESIDE or is_long(self.under_way):",
        "more than 1,022 activities under way",
    ),
    Unreached(
        "place",
        'return f"Place({str(self)!r})"',
        "for people, in messages of failed tests",
    ),
    Unreached(
        "place",
        "if len(ranges) > MAX_PARTS:",
        "numbers that another program has written: the interceptor gives none then",
    ),
    Unreached(
        "place",
        "if not rising or len(producers) + last - first >= MAX_LISTED:",
        "numbers that another program has written",
    ),
    Unreached(
        "run_windows",
        "if events:",
        "a signal full of one producer's events, while another waits, takes 1,000 of them",
    ),
    Unreached(
        "session_log",
        "if self.fold.newest - min(self.base.listed(), default=1) >= MAX_LISTED:",
        "a run of more than 4,096 activities",
    ),
    Unreached(
        "session_log",
        "if self.closed or self.fold.has_ended(producer):",
        "the bridge's intake asks before; the log is right without it, too",
    ),
    Unreached(
        "session_log",
        "if not self.knows(producer):",
        "the bridge's intake asks before; the log is right without it, too",
    ),
    Unreached(
        "signal_budget",
        "return len(self._since)",
        "for the metrics, which a simulated bridge does not serve",
    ),
    Unreached(
        "tally",
        "return list(accumulate(self._counts))",
        "for the metrics, which a simulated bridge does not serve",
    ),
    Unreached(
        "tally",
        "return sum(self._counts)",
        "for the metrics, which a simulated bridge does not serve",
    ),
    Unreached(
        "tally",
        "return moment - self._notes[0][1] if self._notes else 0.0",
        "for the metrics, which a simulated bridge does not serve",
    ),
    Unreached(
        "tally",
        "if len(notes) < _MAX_NOTES:",
        "more samples than wait at once while Temporal answers at all",
    ),
)


def _core() -> Iterator[Path]:
    project = tomllib.loads((_HOUSE / "pyproject.toml").read_text())
    contracts = project["tool"]["importlinter"]["contracts"]
    [pure] = [contract for contract in contracts if contract["id"] == "pure-core"]
    for module in pure["source_modules"]:
        if module.startswith(ELSEWHERE):
            continue
        yield _HOUSE / (module.replace(".", "/") + ".py")


CORE: Final = tuple(_core())


def not_reached(recordings: Iterable[Path], report: Path) -> list[str]:
    """Each line and branch of the core that is in no recording, and what stands there.

    Without those of UNREACHED, but with each of these entries that a recording makes needless.
    """
    coverage = Coverage(data_file=None, branch=True, config_file=False)
    coverage.combine([str(recording) for recording in recordings], keep=True)
    coverage.json_report(outfile=str(report), include=[str(file) for file in CORE])
    files = json.loads(report.read_text())["files"]
    found = {(_HOUSE / name).resolve(): reach for name, reach in files.items()}
    return [sentence for file in CORE for sentence in _missing(file, found[file])]


def _missing(file: Path, reach: dict[str, Any]) -> Iterator[str]:
    text = file.read_text().splitlines()
    name = file.relative_to(_HOUSE)
    missed: dict[int, list[str]] = {}  # sentences by line
    lines = reach["missing_lines"]
    for line in lines:
        missed[line] = [f"{name}:{line}: {text[line - 1].strip()}"]
    for line, end in reach["missing_branches"]:
        if line not in lines and end not in lines:
            way = f"to line {end}" if end > 0 else "out of the function"
            sentence = f"{name}:{line}: {text[line - 1].strip()}  (never goes {way})"
            missed.setdefault(line, []).append(sentence)
    for entry in UNREACHED:
        if entry.module == file.stem:
            block = _block(text, entry.text)
            if not [line for line in block if missed.pop(line, None)]:
                yield f"{name}: {entry.text}  (UNREACHED has it, and it is reached, or not there)"
    for sentences in missed.values():
        yield from sentences


def _block(text: list[str], opening: str) -> list[int]:
    """The lines that are `opening`, and those indented under each of them."""
    block: list[int] = []
    depth: int | None = None  # of the opening line, while inside its block
    for number, line in enumerate(text, 1):
        indent = len(line) - len(line.lstrip())
        if line.strip() and depth is not None and indent <= depth:
            depth = None
        if line.strip() == opening:
            depth = indent
        if depth is not None:
            block.append(number)
    return block
