"""Results as tables, for a terminal and as Markdown, and beside those of another run."""

from collections.abc import Iterator, Sequence

from tests.bench.figures import COLUMNS, Results, Row, Workload, number
from tests.bench.stack import KAI


def table(results: Results, workload: Workload) -> list[list[str]]:
    """The head and the rows of one workload."""
    keys = [
        key
        for key in workload.columns
        if any(row.figure(key) is not None for row in results.of(workload.name))
    ]
    head = ["", "", *(_title(key) for key in keys)]
    if workload.ratio is not None:
        head.append(f"{COLUMNS[workload.ratio].title} : {KAI}")
    return [[*head, ""], *_rows(results.of(workload.name), keys, workload.ratio)]


def _title(key: str) -> str:
    column = COLUMNS[key]
    return f"{column.title}, {column.unit}" if column.unit else column.title


def _rows(rows: Sequence[Row], keys: Sequence[str], ratio: str | None) -> Iterator[list[str]]:
    case = ""
    ours = {row.case: row for row in rows if row.system == KAI}
    for row in rows:
        shown = [row.case if row.case != case else "", row.system]
        case = row.case
        shown += [_figure(row, key) for key in keys]
        if ratio is not None:
            shown.append("" if row.system == KAI else _quotient(row, ours.get(case), ratio))
        yield [*shown, _note(row)]


def _figure(row: Row, key: str) -> str:
    """In brackets where it does not count."""
    value = row.figure(key)
    if value is None:
        return "–"
    return number(value) if row.counts else f"({number(value)})"


def _quotient(row: Row, ours: Row | None, key: str) -> str:
    if ours is None or not row.counts or not ours.counts:
        return "–"
    theirs, own = row.figure(key), ours.figure(key)
    return "–" if theirs is None or not own else f"× {number(theirs / own)}"


def _note(row: Row) -> str:
    if not row.rounds:
        return f"skipped: {row.wrong[0]}" if row.wrong else "not measured"
    return f"does not count: {row.wrong[0][:90]}" if row.wrong else ""


def text(rows: Sequence[Sequence[str]]) -> str:
    """For a terminal."""
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if n < 2 or n == len(row) - 1 else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """For a page."""
    bar = ["---"] * 2 + ["---:"] * (len(rows[0]) - 3) + ["---"]
    lines = ("|".join(f" {cell} " if cell else " " for cell in row) for row in rows)
    head, *rest = [f"|{line}|" for line in lines]
    return "\n".join([head, f"| {' | '.join(bar)} |", *rest])


def compared(results: Results, before: Results) -> Iterator[str]:
    """A line for each figure that both runs have: new over old."""
    for key, row in results.rows.items():
        old = before.rows.get(key)
        if old is None or not (old.counts and row.counts):
            continue
        ratios = []
        for name in row.rounds[0]:
            value, was = row.figure(name), old.figure(name)
            if name in COLUMNS and value is not None and was:
                ratios.append(
                    f"{_title(name)} {number(was)} → {number(value)} (× {value / was:.2f})"
                )
        if ratios:
            yield f"{' / '.join(key)}: {'; '.join(ratios)}"
