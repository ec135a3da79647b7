"""Run a query on SQLite so that it can only read, ends in time, and stays small.

The guard gives the good error message; the connection made here is the wall: opened read-only, no
attaching, an authorizer that allows reading scanned tables and a list of functions, and nothing
else. Work happens in threads of our own; cancelling the asyncio task interrupts the query.
"""

import asyncio
import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from kai_flow.analyst.errors import DatabaseUnavailable, QueryFailed, QueryTimeout

__all__ = [
    "ALLOWED_FUNCTIONS",
    "MAX_RESULT_BYTES",
    "MAX_ROWS",
    "QUERY_DEADLINE_S",
    "Cell",
    "Rows",
    "Stop",
    "connect",
    "in_thread",
    "restrict",
    "run",
]

QUERY_DEADLINE_S = 30.0
"""A query that runs longer is stopped, in seconds."""

MAX_ROWS = 1_000
"""Rows of a result at most; more are cut, and the result says so."""

MAX_RESULT_BYTES = 64 * 1024
"""Bytes of a result's rows as JSON at most; an event may have 256 KiB."""

MAX_TEXT = 1_000
"""Characters of one text cell at most."""

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
        "length",
        "like",
        "lower",
        "ltrim",
        "max",
        "min",
        "nullif",
        "round",
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
"""What may be called, by SQLite's lower-case names: pure functions that cannot blow up."""

_CHECK_EVERY = 5_000  # virtual machine steps between two looks at the clock: under a millisecond
_THREADS = 16  # queries at once; a slow one occupies one of these, never the event loop
_pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="kai-sql")

_LIMITS = {
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_LENGTH: 1_000_000,  # bytes of one value
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 100_000,  # bytes of a statement
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 1_000,  # bytes; long patterns are quadratic
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 20,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 200,
}

Cell = str | int | float | None
T = TypeVar("T")


@dataclass(frozen=True)
class Rows:
    """What a query gave."""

    columns: tuple[str, ...]
    data: tuple[tuple[Cell, ...], ...]
    truncated: bool
    """Whether there was more than is shown here."""


class Stop:
    """The one reason for which a running query is asked to end: its deadline, or cancellation."""

    def __init__(self, seconds: float) -> None:
        self._deadline = time.monotonic() + seconds
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """Ask it to end, from any thread."""
        self._cancelled.set()

    @property
    def late(self) -> bool:
        """Whether the deadline has passed."""
        return time.monotonic() >= self._deadline

    def __call__(self) -> bool:
        """SQLite's progress handler: true ends the query."""
        return self._cancelled.is_set() or self.late


def connect(path: Path) -> sqlite3.Connection:
    """Open a database for reading only, before any restriction that depends on its tables.

    ``DatabaseUnavailable`` when there is no such file.
    """
    if not path.is_file():
        raise DatabaseUnavailable(
            f"The database file {path.name} does not exist; check the connection's URI."
        )
    db = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro",
        uri=True,
        timeout=BUSY_TIMEOUT_S,
        check_same_thread=False,
        isolation_level=None,
    )
    db.execute("PRAGMA query_only = ON")
    db.execute("PRAGMA trusted_schema = OFF")
    for limit, value in _LIMITS.items():
        db.setlimit(limit, value)
    return db


def restrict(db: sqlite3.Connection, tables: Iterable[str]) -> None:
    """Allow nothing but reading these tables (and views) from now on."""
    readable = {name.casefold() for name in tables}

    def authorize(
        action: int, first: str | None, second: str | None, _db: str | None, via: str | None
    ) -> int:
        if action in {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE}:
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_READ:
            # An empty name: `count(*)` over a subquery. `via`: a view reads its own tables.
            name = (first or "").casefold()
            allowed = not name or name in readable or (via or "").casefold() in readable
        else:
            allowed = (
                action == sqlite3.SQLITE_FUNCTION and (second or "").casefold() in ALLOWED_FUNCTIONS
            )
        return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY

    db.set_authorizer(authorize)


async def run(
    path: Path, tables: Iterable[str], sql: str, deadline_s: float = QUERY_DEADLINE_S
) -> Rows:
    """Run one query and give at most ``MAX_ROWS`` rows and ``MAX_RESULT_BYTES`` of them.

    ``QueryTimeout`` after ``deadline_s`` seconds, ``QueryFailed`` when SQLite reports an error,
    ``DatabaseUnavailable`` when the file cannot be opened.
    """
    names = tuple(tables)

    def work(stop: Stop) -> Rows:
        with closing(connect(path)) as db:
            restrict(db, names)
            db.set_progress_handler(stop, _CHECK_EVERY)
            try:
                return _fetch(db.execute(sql))
            except sqlite3.Error as error:
                if stop.late:
                    raise QueryTimeout(
                        f"The query was stopped after {deadline_s:g} s; ask for less, for example"
                        " one year or one group."
                    ) from error
                raise QueryFailed(
                    f"The database could not run the query ({_plain(error)}); try again or"
                    " rephrase the question."
                ) from error

    return await in_thread(work, deadline_s)


async def in_thread(work: Callable[[Stop], T], deadline_s: float) -> T:
    """Run blocking database work in a thread; cancelling this call ends the work first."""
    stop = Stop(deadline_s)
    future = asyncio.get_running_loop().run_in_executor(_pool, work, stop)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        stop.cancel()
        # Leave no thread behind that still reads the file; it sees the flag within milliseconds.
        await asyncio.wait([future])
        if not future.cancelled():
            future.exception()  # seen, so that asyncio does not report it
        raise


def _fetch(cursor: sqlite3.Cursor) -> Rows:
    """Read rows until a limit is reached, one more than are kept to know whether there are more."""
    columns = tuple(entry[0] for entry in cursor.description or ())
    data: list[tuple[Cell, ...]] = []
    size = 0
    for raw in cursor:
        row = tuple(_cell(value) for value in raw)
        size += len(json.dumps(row))
        if len(data) >= MAX_ROWS or size > MAX_RESULT_BYTES:
            return Rows(columns, tuple(data), truncated=True)
        data.append(row)
    return Rows(columns, tuple(data), truncated=False)


def _cell(value: object) -> Cell:
    """A value as JSON can carry it."""
    if isinstance(value, float):
        return value if abs(value) != float("inf") else None
    if isinstance(value, str):
        return value if len(value) <= MAX_TEXT else value[:MAX_TEXT] + "…"
    if isinstance(value, bytes):
        return f"({len(value)} bytes)"
    return value if isinstance(value, int) else None


def _plain(error: sqlite3.Error) -> str:
    """SQLite's message on one line."""
    return " ".join(str(error).split()) or type(error).__name__
