"""Scan a SQLite database: names, types, keys, comments, and the values of short text columns.

Bounded: a large table is sampled, and after the deadline the remaining tables are taken by their
definition alone. Names in the statements come from SQLite itself and are quoted.
"""

# ruff: noqa: S608 -- identifiers cannot be parameters; `_q` quotes every one

import re
import sqlite3
from contextlib import closing
from operator import itemgetter
from pathlib import Path
from typing import Any

from kai_flow.analyst.comments import read_notes
from kai_flow.analyst.engine import Stop, connect, in_thread
from kai_flow.analyst.errors import DatabaseUnavailable
from kai_flow.analyst.schema import Column, ForeignKey, Kind, Note, Schema, Table

__all__ = ["MAX_VALUES", "SAMPLE_ROWS", "SCAN_DEADLINE_S", "scan", "scan_file"]

SCAN_DEADLINE_S = 20.0
"""After this many seconds no more values are looked at."""

SAMPLE_ROWS = 50_000
"""Rows of a table that are looked at for values and kinds."""

COUNT_LIMIT = 1_000_000
"""Rows counted at most; a larger table shows this number."""

MAX_VALUES = 200
"""A text column with more distinct values than this is not remembered value by value."""

MAX_VALUE_LENGTH = 64
"""Characters of a remembered value at most."""

_YEARS = (1900, 2100)  # an integer column that stays within is one of years
_YEAR_SPREAD = 150  # distinct years at most
_DATE = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d.*)?)?")
_NUMBERS = ("INT", "REAL", "FLOA", "DOUB", "NUM", "DEC", "MONEY")


async def scan(path: Path, deadline_s: float = SCAN_DEADLINE_S) -> Schema:
    """Scan in a thread; ``DatabaseUnavailable`` when the file is no readable SQLite database."""
    return await in_thread(lambda stop: scan_file(path, stop), deadline_s)


def scan_file(path: Path, stop: Stop) -> Schema:
    """Scan in this thread until ``stop`` says so."""
    with closing(connect(path)) as db:
        try:
            found = db.execute(
                "SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'view')"
                " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid"
            ).fetchall()
            db.set_progress_handler(stop, 5_000)
            return Schema({name: _table(db, name, ddl or "", stop) for name, ddl in found})
        except sqlite3.Error as error:
            raise DatabaseUnavailable(
                f"The database file {path.name} cannot be read ({error}); check that it is a"
                " SQLite database and that no other program holds it locked."
            ) from error


def _table(db: sqlite3.Connection, name: str, ddl: str, stop: Stop) -> Table:
    """One table with its columns."""
    db.set_progress_handler(None, 0)  # the definition is always read
    infos = db.execute("SELECT name, type, pk FROM pragma_table_info(?)", (name,)).fetchall()
    keys = _foreign_keys(db, name)
    db.set_progress_handler(stop, 5_000)
    primary = tuple(info[0] for info in sorted(infos, key=itemgetter(2)) if info[2])
    note, notes = read_notes(ddl, tuple(column for column, _, _ in infos))
    key_columns = {*primary, *(column for key in keys for column in key.columns)}
    return Table(
        name,
        tuple(
            _column(db, name, column, declared.upper(), notes.get(column, Note()), stop)
            if column not in key_columns or _is_text(declared)
            else Column(column, Kind.KEY, notes.get(column, Note()), unique=primary == (column,))
            for column, declared, _ in infos
        ),
        primary,
        keys,
        _count(db, name, stop),
        note,
    )


def _is_text(declared: str) -> bool:
    """Whether a declared type means text."""
    return any(part in declared.upper() for part in ("CHAR", "TEXT", "CLOB"))


def _foreign_keys(db: sqlite3.Connection, name: str) -> tuple[ForeignKey, ...]:
    """Foreign keys in the order of their columns; a target without columns means its key."""
    rows = db.execute(
        'SELECT id, "table", "from", "to" FROM pragma_foreign_key_list(?) ORDER BY id DESC, seq',
        (name,),
    ).fetchall()
    keys = []
    for number in dict.fromkeys(row[0] for row in rows):
        mine = [row for row in rows if row[0] == number]
        target = _real_name(db, mine[0][1])
        columns = tuple(row[2] for row in mine)
        targets = tuple(row[3] for row in mine if row[3]) or tuple(
            row[0]
            for row in db.execute(
                "SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", (target,)
            )
        )
        if len(columns) == len(targets):
            keys.append(ForeignKey(columns, target, targets))
    return tuple(keys)


def _real_name(db: sqlite3.Connection, name: str) -> str:
    """A table's name as it was created: a foreign key may spell it in other case."""
    row = db.execute(
        "SELECT name FROM sqlite_master WHERE name = ? COLLATE NOCASE", (name,)
    ).fetchone()
    return str(row[0]) if row else name


def _count(db: sqlite3.Connection, table: str, stop: Stop) -> int:
    """Number of rows, up to the limit; 0 after the deadline."""
    rows = _look(db, f"SELECT COUNT(*) FROM (SELECT 1 FROM {_q(table)} LIMIT {COUNT_LIMIT})", stop)
    return int(rows[0][0]) if rows else 0


def _column(
    db: sqlite3.Connection, table: str, name: str, declared: str, note: Note, stop: Stop
) -> Column:
    """One column that is no number key: its kind from its type and what is in it."""
    sample = f"(SELECT {_q(name)} AS v FROM {_q(table)} LIMIT {SAMPLE_ROWS})"
    if any(part in declared for part in _NUMBERS) and "POINT" not in declared:
        return Column(name, _number_kind(db, sample, stop), note)
    if any(part in declared for part in ("DATE", "TIME")):
        return Column(name, Kind.DATE, note)
    if declared and not _is_text(declared):
        return Column(name, Kind.OTHER, note)
    return _text_column(db, sample, name, note, stop)


def _number_kind(db: sqlite3.Connection, sample: str, stop: Stop) -> Kind:
    """Numbers to add up, or years."""
    rows = _look(
        db,
        f"SELECT MIN(v), MAX(v), COUNT(DISTINCT v), SUM(typeof(v) NOT IN ('integer', 'null'))"
        f" FROM {sample}",
        stop,
    )
    if not rows or rows[0][0] is None or rows[0][3]:
        return Kind.NUMBER
    low, high, distinct, _ = rows[0]
    years = _YEARS[0] <= low and high <= _YEARS[1] and distinct <= _YEAR_SPREAD
    return Kind.YEAR if years else Kind.NUMBER


def _text_column(db: sqlite3.Connection, sample: str, name: str, note: Note, stop: Stop) -> Column:
    """Text, or dates written as text; with its values when they are few and short."""
    totals = _look(db, f"SELECT COUNT(v), COUNT(DISTINCT v) FROM {sample}", stop)
    seen, distinct = totals[0] if totals else (0, 0)
    unique = 0 < seen == distinct
    found = _look(
        db, f"SELECT DISTINCT v FROM {sample} WHERE v IS NOT NULL LIMIT {MAX_VALUES + 1}", stop
    )
    values = [str(row[0]) for row in found]
    if values and all(_DATE.fullmatch(value) for value in values):
        return Column(name, Kind.DATE, note)
    few = len(values) <= MAX_VALUES and all(len(value) <= MAX_VALUE_LENGTH for value in values)
    return Column(name, Kind.TEXT, note, unique, tuple(sorted(values)) if few else ())


def _look(db: sqlite3.Connection, sql: str, stop: Stop) -> list[tuple[Any, ...]]:
    """Rows of a scan query, none once the time is up."""
    if stop():
        return []
    try:
        return db.execute(sql).fetchall()
    except sqlite3.OperationalError:
        if stop():
            return []
        raise


def _q(name: str) -> str:
    """A quoted identifier."""
    return '"' + name.replace('"', '""') + '"'
