"""CSV and Parquet files: loaded into a DuckDB in memory, which is then locked.

One URI is one table, named after its file; a pattern (``/data/sales-*.parquet``) is one table of
all the files that match. The files are read once in the lifetime of an engine.
"""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import SplitResult

import duckdb

from kai_flow.analyst.engines.contract import CONNECT_TIMEOUT_S
from kai_flow.analyst.engines.database_file import judging, state
from kai_flow.analyst.engines.definitions import digest, quoted
from kai_flow.analyst.engines.duck import DuckDbEngine, config, plain
from kai_flow.analyst.engines.threads import Stop
from kai_flow.analyst.errors import DatabaseUnavailable, QueryTimeout
from kai_flow.connections.file_access import PATTERN, FileAccess, Located, literal

__all__ = ["LOAD_S", "FileEngine"]

LOAD_S = 60.0
"""Reading the files may take this long, in seconds."""

_READERS = {"csv": "read_csv", "parquet": "read_parquet"}


class FileEngine(DuckDbEngine):
    """CSV or Parquet files as one table."""

    _load_s = LOAD_S

    def __init__(self, uri: SplitResult, files: FileAccess) -> None:
        super().__init__(uri, files)
        self._kind = uri.scheme
        self._lock = threading.Lock()
        self._loaded: duckdb.DuckDBPyConnection | None = None  # set once the files are read

    def _fingerprint(self) -> str:
        found = self._find(Stop(CONNECT_TIMEOUT_S))
        return digest([(str(each.path), each.identity, state(each.path)) for each in found])

    @contextmanager
    def _opened(self, stop: Stop) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection of its own to the loaded files."""
        # A call that comes while another one loads waits for it. Interrupts go to the loading call.
        while not self._lock.acquire(timeout=0.1):
            if stop():
                raise QueryTimeout(LOAD_S)
        try:
            if self._loaded is None:
                self._loaded = self._load(stop)
            cursor = self._loaded.cursor()
        finally:
            self._lock.release()
        with closing(cursor):
            yield cursor

    def _load(self, stop: Stop) -> duckdb.DuckDBPyConnection:
        """Read the files, then lock the database."""
        found = self._find(stop)
        db = duckdb.connect(":memory:", config=config(locked=False))
        stop.interrupt = db.interrupt
        try:
            table = quoted([_table_name(self._path)], "duckdb")
            source = f"{_READERS[self._kind]}(?, union_by_name = true)"
            # the reader and the quoted name are made here; the paths are a parameter
            paths = [literal(each.path) for each in found]
            try:
                db.execute(f"CREATE TABLE {table} AS FROM {source}", [paths])
            finally:  # even a message of DuckDB may quote the file
                self._confirm(found)
            db.execute("SET enable_external_access = false")
            db.execute("SET lock_configuration = true")
        except DatabaseUnavailable:
            db.close()
            raise
        except duckdb.InterruptException:
            db.close()
            raise QueryTimeout(LOAD_S) from None
        except duckdb.OutOfMemoryException:
            db.close()
            raise DatabaseUnavailable(
                f"The file {self._path.name} is too large to be read into memory; put it into a"
                " DuckDB database and use duckdb:/// instead."
            ) from None
        except duckdb.Error as error:
            db.close()
            raise DatabaseUnavailable(
                f"The file {self._path.name} cannot be read as {self._kind}"
                f" ({_nameless(plain(error), found)}); check that it is complete and of that kind."
            ) from None
        finally:
            stop.interrupt = None
        return db

    def _find(self, stop: Stop) -> list[Located]:
        """The files to load, by name; ``DatabaseUnavailable`` when there are none."""
        found = []
        with judging():
            for each in self._files.match(self._path):
                if stop():
                    raise QueryTimeout(LOAD_S)
                found.append(each)
        if not found:
            name = self._path.name
            pattern = PATTERN.search(str(self._path)) is not None
            missing = f"No file matches {name}" if pattern else f"The file {name} does not exist"
            raise DatabaseUnavailable(f"{missing}; check the connection's URI.")
        return sorted(found, key=lambda each: each.path)

    def _confirm(self, found: list[Located]) -> None:
        """``DatabaseUnavailable`` unless these are still the files that were judged."""
        with judging():
            for each in found:
                self._files.confirm(each)


def _nameless(said: str, found: list[Located]) -> str:
    """A message of DuckDB about files, without their folders."""
    for each in found:
        for spelling in {literal(each.path), str(each.path)}:
            said = said.replace(spelling, each.path.name)
    return said


def _table_name(path: Path) -> str:
    """A name for the table: the beginning of the file's name, or else its folder's name."""
    stem = PATTERN.split(path.name.split(".", 1)[0])[0].strip("-_ ")
    return stem or path.parent.name or "data"
