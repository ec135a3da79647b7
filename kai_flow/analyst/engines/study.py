"""What a scan learns about a table beyond its definition: kinds, counts, values of short texts.

``study`` does no I/O: it yields queries and is sent their rows, so that every engine runs the same
study with its own driver. It is bounded: a large table is sampled, and when a query has no answer
(None: its time was over), only the definition is used.
"""

# ruff: noqa: S608 -- identifiers cannot be parameters; `quoted` quotes every one

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace

from kai_flow.analyst.engines.column_kinds import (
    DATE,
    NUMBERS,
    Totals,
    iso_date,
    plain_column,
    with_counts,
)
from kai_flow.analyst.engines.definitions import Definition, quoted
from kai_flow.analyst.schema import Column, Kind, Table

__all__ = ["COUNT_LIMIT", "MAX_VALUES", "SAMPLE_ROWS", "Answer", "Study", "answered", "study"]

SAMPLE_ROWS = 50_000
"""Rows of a table that are read for values and kinds."""

COUNT_LIMIT = 1_000_000
"""Rows counted at most; a larger table shows the engine's estimate, or this number."""

MAX_VALUES = 200
"""Distinct values of a text column at most; of a column with more, no values are kept."""

MAX_VALUE_LENGTH = 64
"""Characters of a kept value at most."""

Answer = Sequence[Sequence[object]] | None
Study = Generator[str, Answer, Table]


def study(table: Definition, dialect: str) -> Study:
    """Study one table by queries; the answer to each is its rows, or None when time is over."""
    origin = quoted(table.source or (table.name,), dialect)
    keys = {*table.primary_key, *(name for key in table.foreign_keys for name in key.columns)}
    plain = {
        name: plain_column(name, declared, note, name in keys, table.primary_key == (name,))
        for name, declared, note in table.columns
    }
    open_ = [name for name, column in plain.items() if column.kind is not Kind.OTHER]
    totals, seen = yield from _totals(open_, plain, origin, dialect)
    if seen is None or seen >= SAMPLE_ROWS:
        rows, complete = yield from _count(table, origin)
    else:  # the sample is the whole table
        rows, complete = seen, True
    for name in open_:
        column = with_counts(plain[name], totals.get(name), seen)
        if column.kind is Kind.TEXT:
            column = yield from _text(column, totals.get(name), origin, dialect)
        plain[name] = column
    if rows < COUNT_LIMIT and complete:
        yield from _dates(plain, origin, dialect)
    return Table(
        table.name,
        tuple(plain.values()),
        table.primary_key,
        table.foreign_keys,
        rows,
        table.note,
        source=table.source,
        sampled=rows > SAMPLE_ROWS,
        studied=complete and len(totals) == len(open_),
    )


def answered(steps: Study, look: Callable[[str], Answer]) -> Table:
    """Run a study with a blocking driver."""
    try:
        sql = next(steps)
        while True:
            sql = steps.send(look(sql))
    except StopIteration as end:
        table: Table = end.value
        return table


def _count(table: Definition, origin: str) -> Generator[str, Answer, tuple[int, bool]]:
    """Rows, exact up to the limit, and whether there was time to count them."""
    if table.estimate is not None and table.estimate > COUNT_LIMIT:
        return table.estimate, True
    found = yield f"SELECT COUNT(*) FROM (SELECT 1 AS one FROM {origin} LIMIT {COUNT_LIMIT}) AS s"
    if not found:
        return max(table.estimate or 0, 0), False
    return int(str(found[0][0])), True


def _totals(
    names: Sequence[str], columns: Mapping[str, Column], origin: str, dialect: str
) -> Generator[str, Answer, tuple[dict[str, Totals], int | None]]:
    """Counts and bounds of columns in the sample, and its rows, in one query as a rule."""
    found: dict[str, Totals] = {}
    sampled: int | None = None
    width = 100  # columns a query: SQLite takes 2,000 results, PostgreSQL 1,664
    for start in range(0, len(names), width):
        part = names[start : start + width]
        wanted = ", ".join(
            f"COUNT({q}), COUNT(DISTINCT {q}), "
            + (f"MIN({q}), MAX({q})" if columns[name].kind in NUMBERS else "NULL, NULL")
            for name in part
            for q in [quoted([name], dialect)]
        )
        sample = f"(SELECT {_list(part, dialect)} FROM {origin} LIMIT {SAMPLE_ROWS}) AS s"
        rows = yield f"SELECT {wanted}, COUNT(*) FROM {sample}"
        if rows:
            row = rows[0]
            sampled = int(str(row[-1]))
            for at, name in enumerate(part):
                seen, distinct, low, high = row[4 * at : 4 * at + 4]
                found[name] = (int(str(seen)), int(str(distinct)), low, high)
    return found, sampled


def _list(names: Sequence[str], dialect: str) -> str:
    """Names with commas between them."""
    return ", ".join(quoted([name], dialect) for name in names)


def _dates(columns: dict[str, Column], origin: str, dialect: str) -> Generator[str, Answer, None]:
    """Set the first and last date of each column of dates, from all rows of the table."""
    names = [name for name, column in columns.items() if column.kind is Kind.DATE]
    width = 400  # columns a query, of two results each
    for start in range(0, len(names), width):
        part = names[start : start + width]
        wanted = ", ".join(f"MIN({q}), MAX({q})" for q in (quoted([n], dialect) for n in part))
        rows = yield f"SELECT {wanted} FROM {origin}"
        bounds = rows[0] if rows else [None] * (2 * len(part))
        for name, least, most in zip(part, bounds[::2], bounds[1::2], strict=True):
            low, high = iso_date(least), iso_date(most)
            columns[name] = replace(columns[name], low=low, high=high)


def _text(
    column: Column, totals: Totals | None, origin: str, dialect: str
) -> Generator[str, Answer, Column]:
    """Text, or dates written as text; with its values when they are few and short."""
    if totals is None or not totals[0]:
        return column
    column = replace(column, unique=totals[0] == totals[1])
    name = quoted([column.name], dialect)
    found = yield (
        f"SELECT DISTINCT {name} AS v FROM (SELECT {name} FROM {origin} LIMIT {SAMPLE_ROWS}) AS s"
        f" WHERE {name} IS NOT NULL LIMIT {MAX_VALUES + 1}"
    )
    values = [str(row[0]) for row in found or ()]
    if values and all(DATE.fullmatch(value) for value in values):
        return replace(column, kind=Kind.DATE, unique=False, text_date=True)
    few = len(values) <= MAX_VALUES and all(len(value) <= MAX_VALUE_LENGTH for value in values)
    return replace(column, values=tuple(sorted(values))) if few else column
