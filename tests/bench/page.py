"""docs/benchmarks: results, a page about them, its plots, and the figures that others quote.

`just bench` writes them. After a change of their form, `python -m tests.bench.page` does it without
measuring again.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from tests.bench import plots, quotes, report
from tests.bench.figures import COLUMNS, Results, Workload
from tests.bench.workloads.registry import WORKLOADS

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / "docs" / "benchmarks"
RESULTS: Final = FOLDER / "results.json"
PAGE: Final = FOLDER / "README.md"

INTRODUCTION: Final = Path(__file__).with_name("introduction.md")


def written() -> Results:
    """The results that are in the repository."""
    return Results.from_json(json.loads(RESULTS.read_text()))


def as_text(results: Results) -> str:
    """For the file: a line for each row."""
    data = results.as_json()
    rows = ",\n".join(json.dumps(row, ensure_ascii=False) for row in data["rows"])
    measured = json.dumps(data["measured"], indent=1, ensure_ascii=False)
    return f'{{"measured": {measured},\n"rows": [\n{rows}\n]}}\n'


def page(results: Results) -> str:
    """The page."""
    return "\n".join([INTRODUCTION.read_text(), *_machines(results), *_sections(results)])


def _sections(results: Results) -> Iterator[str]:
    for workload in measured(results):
        yield f"## {workload.name.capitalize()}\n\n{workload.about}\n"
        yield report.markdown(report.table(results, workload)) + "\n"
        if said := [
            f"{COLUMNS[key].title}: {COLUMNS[key].about}"
            for key in workload.columns
            if COLUMNS[key].about
        ]:
            yield "; ".join(said) + ".\n"
        for key in workload.plots:
            name = plots.file_name(workload, key)
            yield f"![{workload.name}, {COLUMNS[key].title}]({name})\n"


def _machines(results: Results) -> Iterator[str]:
    """Each machine once, with what was measured on it."""
    machines: dict[str, list[str]] = {}
    for name in (workload.name for workload in measured(results)):
        about = results.measured[name]
        text = "\n".join(f"| {key} | {value} |" for key, value in about.items())
        machines.setdefault(text, []).append(name)
    for text, names in machines.items():
        yield f"| measured | {', '.join(names)} |\n|---|---|\n{text}\n"


def measured(results: Results) -> Sequence[Workload]:
    """The workloads of which there are results."""
    return [workload for workload in WORKLOADS if workload.name in results.measured]


def write(results: Results) -> list[str]:
    """Write everything; returns what could not be quoted."""
    FOLDER.mkdir(exist_ok=True)
    RESULTS.write_text(as_text(results))
    PAGE.write_text(page(results))
    for workload in measured(results):
        for key in workload.plots:
            (FOLDER / plots.file_name(workload, key)).write_bytes(
                plots.plot(results, workload, key)
            )
    problems = []
    for quoting in quoting_pages():
        text = quoting.read_text()
        new, failed = quotes.refreshed(text, results)
        problems += [f"{quoting.relative_to(ROOT)}: {problem}" for problem in failed]
        if new != text:
            quoting.write_text(new)
    return problems


def quoting_pages() -> list[Path]:
    """Every page that may quote a figure."""
    return [
        page for page in [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))] if page != PAGE
    ]


if __name__ == "__main__":
    for problem in write(written()):
        print(f"not quoted: {problem}")
