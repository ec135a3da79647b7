"""The fingerprint of a database changes when a scan would find something else."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from kai_flow.analyst.engines import engine_for
from kai_flow.analyst.errors import DatabaseUnavailable
from tests.engines.conftest import Make, grant
from tests.engines.loading import Spec
from tests.engines.places import EVERYWHERE

TABLE = Spec("t", (("id", "int", ""), ("word", "text", "")), ("id",), (), ((1, "x"),))


async def test_it_stays_until_the_schema_changes(kind: str, make: Make) -> None:
    """The same database has the same fingerprint in every engine; a new column changes it."""
    place = await make(kind, "printed_db")
    await place.load([TABLE])
    await grant(place)
    before = await place.engine.fingerprint()
    await place.engine.scan()
    assert await place.engine.fingerprint() == before
    await place.owner(["ALTER TABLE t ADD COLUMN more bigint", "SELECT 1"])
    await grant(place)
    assert await place.engine.fingerprint() != before


async def test_a_write_in_the_log_of_sqlite_changes_it(tmp_path: Path) -> None:
    """Rows that are only in the write-ahead log are another state."""
    path = tmp_path / "wal.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("CREATE TABLE t (a)")
        db.commit()
        engine = engine_for(f"sqlite://{path}", EVERYWHERE)
        before = await engine.fingerprint()
        db.execute("INSERT INTO t VALUES (1)")
        db.commit()
        assert await engine.fingerprint() != before


async def test_files_of_a_pattern_are_all_in_it(tmp_path: Path) -> None:
    """One more file that matches is another table; no file is an error with a reason."""
    engine = engine_for(f"csv://{tmp_path}/sales-*.csv", EVERYWHERE)
    with pytest.raises(DatabaseUnavailable, match="No file matches"):
        await engine.fingerprint()
    (tmp_path / "sales-1.csv").write_text("a\n1\n")
    before = await engine.fingerprint()
    (tmp_path / "sales-2.csv").write_text("a\n2\n")
    assert await engine.fingerprint() != before
