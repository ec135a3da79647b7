"""What a scan learns about a table beyond its definition: kinds, counts, values of short texts.

``study`` does no I/O: it yields queries and is sent their rows, so that every engine runs the same
study with its own driver. It is bounded: a large table is sampled, and when a query has no answer
(None: its time was over), only the definition is used.
"""

# ruff: noqa: S608 -- identifiers cannot be parameters; `quoted` quotes every one

import hashlib
import math
import re
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from sqlglot import exp

from kai_flow.analyst.comments import parse_note
from kai_flow.analyst.errors import EngineError
from kai_flow.analyst.schema import Column, ForeignKey, Kind, Note, Schema, Table

__all__ = [
    "COUNT_LIMIT",
    "MAX_VALUES",
    "SAMPLE_ROWS",
    "Answer",
    "Definition",
    "Study",
    "answered",
    "catalogue",
    "chosen",
    "comment",
    "connected",
    "digest",
    "qualified",
    "quoted",
    "study",
]

SAMPLE_ROWS = 50_000
"""Rows of a table that are read for values and kinds."""

COUNT_LIMIT = 1_000_000
"""Rows counted at most; a larger table shows the engine's estimate, or this number."""

MAX_VALUES = 200
"""Distinct values of a text column at most; of a column with more, no values are kept."""

MAX_VALUE_LENGTH = 64
"""Characters of a kept value at most."""

_YEARS = (1900, 2100)  # an integer column that stays within is one of years
_YEAR_SPREAD = 150  # distinct years at most
_DATE = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d.*)?)?")
_NESTED = re.compile(r"[\[\]]|^(STRUCT|MAP|UNION|LIST|VARIANT)\b|POINT|INTERVAL|RANGE")
_NUMBER = re.compile(r"INT|REAL|FLOA|DOUB|NUM|DEC|^MONEY$|SERIAL|^YEAR")
_DATED = re.compile(r"DATE|TIMESTAMP")
_NUMBERS = frozenset([Kind.NUMBER, Kind.KEY])
_TEXT = re.compile(r"CHAR|TEXT|CLOB|ENUM|CITEXT|STRING|^NAME$|^SET\b")

Answer = Sequence[Sequence[object]] | None
Study = Generator[str, Answer, Table]


@dataclass(frozen=True)
class Definition:
    """A table or view as its database defines it."""

    name: str
    """Unique among all; with its namespace in front where it has one."""
    columns: tuple[tuple[str, str, Note], ...]
    """Name, type and note of each."""
    primary_key: tuple[str, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    note: Note = field(default_factory=Note)
    source: tuple[str, ...] = ()
    """(namespace, name) where the name alone does not find it."""
    estimate: int | None = None
    """Rows by the engine's own statistics, when it keeps any."""


def quoted(names: Iterable[str], dialect: str) -> str:
    """A name, with its namespace in front, as an identifier."""
    return ".".join(exp.to_identifier(name, quoted=True).sql(dialect=dialect) for name in names)


def digest(parts: Iterable[object]) -> str:
    """A short text that is another one when a part is another one."""
    return hashlib.sha256(repr(list(parts)).encode("utf-8", "replace")).hexdigest()[:32]


def catalogue(found: Iterable[Definition]) -> str:
    """A fingerprint of definitions, whatever the statistics say about their rows."""
    return digest(replace(each, estimate=None) for each in found)


def chosen(found: Iterable[Definition], tables: Sequence[str] | None) -> list[Definition]:
    """The definitions with these names, or all; ``EngineError`` names one that does not exist."""
    everything = list(found)
    if tables is None:
        return everything
    wanted = {name.casefold() for name in tables}
    picked = [each for each in everything if each.name.casefold() in wanted]
    if missing := wanted - {each.name.casefold() for each in picked}:
        raise EngineError(
            f"There is no table {min(missing)[:100]!r} in this database that this role can read;"
            " scan without table names to list the tables."
        )
    return picked


def connected(tables: Iterable[Table], dialect: str) -> Schema:
    """A schema; foreign keys to what was not scanned are left out."""
    found = {table.name: table for table in tables}
    return Schema(
        {
            name: replace(
                table, foreign_keys=tuple(k for k in table.foreign_keys if k.target in found)
            )
            for name, table in found.items()
        },
        dialect,
    )


def study(table: Definition, dialect: str) -> Study:
    """Study one table by queries; the answer to each is its rows, or None when time is over."""
    origin = quoted(table.source or (table.name,), dialect)
    keys = {*table.primary_key, *(name for key in table.foreign_keys for name in key.columns)}
    plain = {
        name: _plain_column(name, declared, note, name in keys, table.primary_key == (name,))
        for name, declared, note in table.columns
    }
    open_ = [name for name, column in plain.items() if column.kind is not Kind.OTHER]
    totals, seen = yield from _totals(open_, plain, origin, dialect)
    if seen is None or seen >= SAMPLE_ROWS:
        rows, complete = yield from _count(table, origin)
    else:  # the sample is the whole table
        rows, complete = seen, True
    for name in open_:
        column = _counted(plain[name], totals.get(name), seen)
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


def _plain_column(name: str, declared: str, note: Note, key: bool, unique: bool) -> Column:
    """A column by its type alone."""
    kind = _kind(declared.upper())
    if key and kind is not Kind.TEXT:
        return Column(name, Kind.KEY, note, unique=unique, type=declared)
    return Column(name, kind, note, type=declared)


def _kind(declared: str) -> Kind:
    """The kind of a type's name. SQLite allows an empty one, which counts as text."""
    if _NESTED.search(declared):
        return Kind.OTHER
    for pattern, kind in ((_TEXT, Kind.TEXT), (_DATED, Kind.DATE), (_NUMBER, Kind.NUMBER)):
        if pattern.search(declared):
            return kind
    return Kind.OTHER if declared else Kind.TEXT


_Totals = tuple[int, int, object, object]  # rows with a value, distinct values, least, greatest


def _totals(
    names: Sequence[str], columns: Mapping[str, Column], origin: str, dialect: str
) -> Generator[str, Answer, tuple[dict[str, _Totals], int | None]]:
    """Counts and bounds of columns in the sample, and its rows, in one query as a rule."""
    found: dict[str, _Totals] = {}
    sampled: int | None = None
    width = 100  # columns a query: SQLite takes 2,000 results, PostgreSQL 1,664
    for start in range(0, len(names), width):
        part = names[start : start + width]
        wanted = ", ".join(
            f"COUNT({q}), COUNT(DISTINCT {q}), "
            + (f"MIN({q}), MAX({q})" if columns[name].kind in _NUMBERS else "NULL, NULL")
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


def _counted(column: Column, totals: _Totals | None, rows: int | None) -> Column:
    """What counts and bounds say about a column; integers that stay within some are years."""
    if totals is None:
        return column
    seen, distinct, low, high = totals
    column = replace(
        column,
        distinct=distinct,
        nulls=not rows or seen < rows,
        unique=column.unique or (column.kind in _NUMBERS and 0 < seen == distinct),
        low=_finite(low),
        high=_finite(high),
    )
    if column.kind is not Kind.NUMBER or not (isinstance(low, int) and isinstance(high, int)):
        return column
    years = _YEARS[0] <= low and high <= _YEARS[1] and distinct <= _YEAR_SPREAD
    return replace(column, kind=Kind.YEAR) if years else column


def _finite(value: object) -> float | None:
    """A bound as a number; None for anything else that a column of numbers may hold."""
    if not isinstance(value, int | float | Decimal):
        return None
    number = float(value)
    return number if math.isfinite(number) else None


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
            low, high = _iso(least), _iso(most)
            columns[name] = replace(columns[name], low=low, high=high)


def _iso(value: object) -> str | None:
    """A date or timestamp as ISO text; None for what is no date."""
    text = value.isoformat() if isinstance(value, date) else str(value)
    return text if _DATE.match(text) else None


def _text(
    column: Column, totals: _Totals | None, origin: str, dialect: str
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
    if values and all(_DATE.fullmatch(value) for value in values):
        return replace(column, kind=Kind.DATE, unique=False, text_date=True)
    few = len(values) <= MAX_VALUES and all(len(value) <= MAX_VALUE_LENGTH for value in values)
    return replace(column, values=tuple(sorted(values))) if few else column


def comment(text: object) -> Note:
    """The note in a database's comment on a table or column."""
    return parse_note(str(text)) if text else Note()


def qualified(name: str, note: Note) -> Note:
    """The note of a table whose name has a namespace, with the bare name as another name."""
    return replace(note, names=(*note.names, name)) if name not in note.names else note
