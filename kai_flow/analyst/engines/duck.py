"""DuckDB: a database opened read-only, and locked so that nothing else can be reached.

The connection enforces this: it has no access to other files, the network, extensions, secrets or
variables of this program; its configuration is locked, and memory and temporary space are limited.
DuckDB's own parser must take the text for one SELECT.
"""

import atexit
import functools
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import duckdb

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
from kai_flow.analyst.engines.duck_scan import scan_tables
from kai_flow.analyst.engines.threads import Stop, query_in_thread
from kai_flow.analyst.errors import QueryFailed, QueryTimeout
from kai_flow.analyst.schema import Schema

__all__ = ["DuckDbEngine", "config", "plain"]

_FETCH = 100  # rows at a time

T = TypeVar("T")


class DuckDbEngine(DatabaseFile):
    """A DuckDB file."""

    dialect = "duckdb"
    _server = f"DuckDB {duckdb.__version__}"

    async def _peek(self) -> None:
        """Look at the catalogue."""
        await self._work(_look, self._load_s + CONNECT_TIMEOUT_S)

    async def scan(
        self, tables: Sequence[str] | None = None, deadline_s: float = SCAN_DEADLINE_S
    ) -> Schema:
        """What is in it."""

        def work(db: duckdb.DuckDBPyConnection, stop: Stop) -> Schema:
            del stop  # its deadline includes the time to load a file
            return scan_tables(db, Stop(deadline_s), tables)

        return await self._work(work, self._load_s + deadline_s + CONNECT_TIMEOUT_S)

    async def run(
        self,
        sql: str,
        limits: Limits = DEFAULT_LIMITS,
        *,
        tables: Collection[str] | None = None,  # noqa: ARG002 -- every engine has it
    ) -> Rows:
        """The rows of one query; everything in the database can be read, and nothing else."""
        return await self._work(lambda db, _stop: _fetch(db, sql, limits), limits.deadline_s)

    _load_s = 0.0
    """How long loading a file may take on top of the deadline, in seconds."""

    async def _work(
        self, work: Callable[[duckdb.DuckDBPyConnection, Stop], T], deadline_s: float
    ) -> T:
        """Work on an open database in a thread, until the deadline."""

        def run(stop: Stop) -> T:
            try:
                with self._opened(stop) as db:
                    stop.interrupt = db.interrupt
                    try:
                        return work(db, stop)
                    finally:
                        stop.interrupt = None
            except duckdb.InterruptException:
                raise QueryTimeout(deadline_s) from None
            except duckdb.OutOfMemoryException:
                raise QueryFailed(
                    "The query needs more memory than DuckDB is given; ask for less, for example"
                    " one year or one group."
                ) from None
            except duckdb.Error as error:
                raise sentences.query_failed(plain(error)) from None

        return await query_in_thread(run, deadline_s)

    @contextmanager
    def _opened(self, stop: Stop) -> Iterator[duckdb.DuckDBPyConnection]:
        """The file, opened read-only and locked; ``DatabaseUnavailable`` when it cannot be."""
        del stop
        with self._judged(self._connect) as db:
            yield db

    def _connect(self, path: Path) -> duckdb.DuckDBPyConnection:
        try:
            return duckdb.connect(str(path), read_only=True, config=config(locked=True))
        except duckdb.Error as error:
            # another process holds it, or another part of this one
            if "set lock" in str(error) or "different configuration" in str(error):
                raise sentences.file_held(self._path) from None
            kind = f"a DuckDB database of a version that {self._server} reads"
            raise sentences.unreadable_file(self._path, kind) from None


def config(*, locked: bool) -> dict[str, str | bool | int | float | list[str]]:
    """DuckDB's settings. Unlocked, it can still load a file, and must be locked afterwards."""
    found: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "allow_community_extensions": "false",
        "allow_persistent_secrets": "false",
        "python_enable_replacements": "false",  # otherwise tables may be variables here
        "memory_limit": "1GB",
        "temp_directory": _spill_folder(),
        "max_temp_directory_size": "4GB",
        "threads": "2",
    }
    if locked:
        found |= {"enable_external_access": "false", "lock_configuration": "true"}
    return found


@functools.cache
def _spill_folder() -> str:
    """The folder for data that does not fit into memory; one for all, as they may share a file."""
    folder = tempfile.mkdtemp(prefix="kai-duckdb-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def plain(error: BaseException) -> str:
    """DuckDB's message: its first line, which says what is wrong."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0].rstrip(".") if lines else type(error).__name__


def _look(db: duckdb.DuckDBPyConnection, _stop: Stop) -> None:
    db.execute("SELECT COUNT(*) FROM duckdb_tables()").fetchone()


def _fetch(db: duckdb.DuckDBPyConnection, sql: str, limits: Limits) -> Rows:
    """Run one SELECT."""
    statements = db.extract_statements(sql)
    if len(statements) != 1 or not _is_select(statements[0]):
        raise sentences.no_query()
    db.execute("BEGIN TRANSACTION READ ONLY")
    cursor = db.execute(statements[0])
    found = Collector((entry[0] for entry in cursor.description or ()), limits)
    while rows := cursor.fetchmany(_FETCH):
        if not all(found.add(row) for row in rows):
            break
    db.rollback()
    return found.rows()


def _is_select(statement: duckdb.Statement) -> bool:
    """Whether DuckDB's parser takes it for a SELECT."""
    try:
        return statement.type == duckdb.StatementType.SELECT
    except ValueError:  # a kind that its Python side has no name for: UPDATE EXTENSIONS
        return False
