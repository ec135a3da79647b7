"""CSV and Parquet files: loaded into a DuckDB in memory, which is then locked.

One URI is one table, named after its file; a pattern (``/data/sales-*.parquet``) is one table of
all the files that match. The files are read once for as long as the engine is kept.
"""

import re
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import SplitResult

import duckdb

from kai_flow.analyst.engines.duck import DuckDbEngine, config, plain
from kai_flow.analyst.engines.study import quoted
from kai_flow.analyst.engines.threads import Stop
from kai_flow.analyst.errors import DatabaseUnavailable, QueryTimeout

__all__ = ["LOAD_S", "FileEngine"]

LOAD_S = 60.0
"""Reading the files may take this long, in seconds."""

_READERS = {"csv": "read_csv", "parquet": "read_parquet"}
_PATTERN = re.compile(r"[*?\[]")


class FileEngine(DuckDbEngine):
    """CSV or Parquet files as one table."""

    _load_s = LOAD_S

    def __init__(self, uri: SplitResult) -> None:
        super().__init__(uri)
        self._kind = uri.scheme
        self._lock = threading.Lock()
        self._loaded: duckdb.DuckDBPyConnection | None = None  # once read, for good

    @contextmanager
    def _opened(self, stop: Stop) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection of its own to the loaded files."""
        # Whoever comes while another loads waits for that; the loader hears every interrupt.
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
        """Read the files, then shut the door."""
        self._look_for_files()
        db = duckdb.connect(":memory:", config=config(locked=False))
        stop.interrupt = db.interrupt
        try:
            table = quoted([_table_name(self._path)], "duckdb")
            source = f"{_READERS[self._kind]}(?, union_by_name = true)"
            # the reader and the quoted name are ours; the path is a parameter
            db.execute(f"CREATE TABLE {table} AS FROM {source}", [str(self._path)])
            db.execute("SET enable_external_access = false")
            db.execute("SET lock_configuration = true")
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
                f" ({plain(error).replace(str(self._path), self._path.name)}); check that it is"
                " complete and of that kind."
            ) from None
        finally:
            stop.interrupt = None
        return db

    def _look_for_files(self) -> None:
        """``DatabaseUnavailable`` when there is nothing to load."""
        pattern = _PATTERN.search(str(self._path))
        if pattern is None and not self._path.is_file():
            raise DatabaseUnavailable(
                f"The file {self._path.name} does not exist; check the connection's URI."
            )
        if pattern is not None and not self._path.is_file():
            root = Path(self._path.anchor)
            if next(root.glob(str(self._path.relative_to(root))), None) is None:
                raise DatabaseUnavailable(
                    f"No file matches {self._path.name}; check the connection's URI."
                )


def _table_name(path: Path) -> str:
    """A name for the table: what the file's name begins with, or its folder's."""
    stem = _PATTERN.split(path.name.split(".", 1)[0])[0].strip("-_ ")
    return stem or path.parent.name or "data"
