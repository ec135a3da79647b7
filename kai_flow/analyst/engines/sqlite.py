"""SQLite: one file, opened so that it can only be read.

The guard gives the clear error message; the connection made here is the real protection. It is
opened read-only, cannot attach other files, and has an authorizer that allows reading scanned
tables, a list of functions, and nothing else.
"""

import re
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from kai_flow.analyst.engines import sentences
from kai_flow.analyst.engines.cells import Collector
from kai_flow.analyst.engines.contract import (
    CONNECT_TIMEOUT_S,
    DEFAULT_LIMITS,
    SCAN_DEADLINE_S,
    Limits,
    Rows,
)
from kai_flow.analyst.engines.database_file import DatabaseFile
from kai_flow.analyst.engines.sqlite_scan import readable, scan_tables
from kai_flow.analyst.engines.threads import Stop, in_thread, query_in_thread
from kai_flow.analyst.errors import DatabaseUnavailable, QueryTimeout
from kai_flow.analyst.schema import Schema

__all__ = ["ALLOWED_FUNCTIONS", "SqliteEngine", "connect", "restrict"]

BUSY_TIMEOUT_S = 5.0
"""How long a query waits for another process's lock, in seconds."""

ALLOWED_FUNCTIONS = frozenset(
    [
        "abs",
        "avg",
        "coalesce",
        "count",
        "date",
        "ifnull",
        "instr",
        "julianday",
        "lag",
        "length",
        "like",
        "lower",
        "ltrim",
        "max",
        "min",
        "nullif",
        "round",
        "row_number",
        "rtrim",
        "strftime",
        "substr",
        "substring",
        "sum",
        "total",
        "trim",
        "upper",
    ]
)
"""Functions that may be called, by SQLite's lower-case names: pure, and bounded in their cost."""

_WITH = re.compile(r"\bwith\b", re.IGNORECASE)

_CHECK_EVERY = 5_000  # virtual machine steps between two checks of the deadline: under 1 ms

_LIMITS = {
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_LENGTH: 1_000_000,  # bytes of one value
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 100_000,  # bytes of a statement
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 1_000,  # bytes; long patterns are quadratic
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 20,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 200,
}


class SqliteEngine(DatabaseFile):
    """A SQLite file."""

    dialect = "sqlite"
    _server = f"SQLite {sqlite3.sqlite_version}"

    async def _peek(self) -> None:
        """Read the file's first page."""
        await in_thread(lambda _stop: self._read_first(), CONNECT_TIMEOUT_S + BUSY_TIMEOUT_S)

    async def scan(
        self, tables: Sequence[str] | None = None, deadline_s: float = SCAN_DEADLINE_S
    ) -> Schema:
        """What is in the file; ``DatabaseUnavailable`` when it is no readable SQLite database."""
        # Definitions are always read; only the reading of values ends at the deadline.
        return await in_thread(
            lambda stop: self._scan(Stop(min(stop.left, deadline_s)), tables),
            deadline_s + BUSY_TIMEOUT_S,
        )

    async def run(
        self, sql: str, limits: Limits = DEFAULT_LIMITS, *, tables: Collection[str] | None = None
    ) -> Rows:
        """The rows of one query, which can read ``tables`` (default: all) and do nothing else."""
        return await query_in_thread(
            lambda stop: self._run(sql, limits, tables, stop), limits.deadline_s
        )

    def _read_first(self) -> None:
        with self._judged(connect) as db:
            try:
                db.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
            except sqlite3.Error as error:
                raise _unavailable(self._path, error) from error

    def _scan(self, stop: Stop, tables: Sequence[str] | None) -> Schema:
        """Scan in this thread; once ``stop`` is true, only definitions are read."""
        with self._judged(connect) as db:
            try:
                return scan_tables(db, stop, tables)
            except sqlite3.Error as error:
                raise _unavailable(self._path, error) from error

    def _run(self, sql: str, limits: Limits, tables: Collection[str] | None, stop: Stop) -> Rows:
        """Run a query in this thread."""
        with self._judged(connect) as db:
            try:
                restrict(db, readable(db) if tables is None else tables, sql)
                db.set_progress_handler(stop, _CHECK_EVERY)
                cursor = db.execute(sql)
                found = Collector((entry[0] for entry in cursor.description or ()), limits)
                for row in cursor:
                    if not found.add(row):
                        break
                return found.rows()
            except sqlite3.Error as error:
                if stop.late:
                    raise QueryTimeout(limits.deadline_s) from error
                if _unreadable(error):
                    raise _unavailable(self._path, error) from error
                raise sentences.query_failed(_plain(error)) from error


def connect(path: Path) -> sqlite3.Connection:
    """Open a database for reading only, before any restriction that depends on its tables."""
    try:
        db = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro",
            uri=True,
            timeout=BUSY_TIMEOUT_S,
            check_same_thread=False,
            isolation_level=None,
        )
    except sqlite3.Error as error:
        raise _unavailable(path, error) from error
    db.execute("PRAGMA query_only = ON")
    db.execute("PRAGMA trusted_schema = OFF")
    for limit, value in _LIMITS.items():
        db.setlimit(limit, value)
    return db


def restrict(db: sqlite3.Connection, tables: Iterable[str], sql: str) -> None:
    """Allow nothing but reading these tables (and views), for this statement.

    A view among them may read tables that are not among them. SQLite reports such a read with the
    view's name alone. A WITH clause of the statement could have the same name, so in a statement
    with a WITH clause no view may read further tables.
    """
    views_read = _WITH.search(sql) is None
    allowed_tables = {name.casefold() for name in tables}

    def authorize(
        action: int, first: str | None, second: str | None, _db: str | None, via: str | None
    ) -> int:
        if action in {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE}:
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_READ:
            # An empty name: `count(*)` over a subquery. `via`: a view reads its own tables.
            name = (first or "").casefold()
            inside = views_read and (via or "").casefold() in allowed_tables
            allowed = not name or name in allowed_tables or inside
        else:
            allowed = (
                action == sqlite3.SQLITE_FUNCTION and (second or "").casefold() in ALLOWED_FUNCTIONS
            )
        return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY

    db.set_authorizer(authorize)


def _unreadable(error: sqlite3.Error) -> bool:
    """Whether the file, not the query, is at fault."""
    codes = {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_CANTOPEN,
    }
    return getattr(error, "sqlite_errorcode", -1) & 0xFF in codes


def _unavailable(path: Path, error: sqlite3.Error) -> DatabaseUnavailable:
    """What to do about a file that cannot be read."""
    if getattr(error, "sqlite_errorcode", -1) & 0xFF == sqlite3.SQLITE_BUSY:
        return sentences.file_locked(path)
    return sentences.unreadable_file(path, "a SQLite database", _plain(error))


def _plain(error: sqlite3.Error) -> str:
    """SQLite's message on one line."""
    return " ".join(str(error).split()) or type(error).__name__
