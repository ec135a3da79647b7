"""What SQLite alone promises; what every engine promises is in tests/engines."""

import os
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from kai_flow.analyst.engines import Engine, engine_for
from kai_flow.analyst.engines.threads import in_thread
from kai_flow.analyst.errors import DatabaseUnavailable, QueryFailed
from tests.engines.places import EVERYWHERE


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    path = tmp_path / "numbers.db"
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE n (i INTEGER, b BLOB, r REAL)")
        db.execute("INSERT INTO n VALUES (0, ?, 9e999)", (b"abc",))
        db.execute("CREATE VIEW broken AS SELECT gone FROM nowhere")
    return engine_for(f"sqlite://{path}", EVERYWHERE)


async def test_every_value_can_be_json(engine: Engine) -> None:
    """Blobs and infinities become something JSON can carry."""
    assert (await engine.run("SELECT b, r, i FROM n")).data == (("(3 bytes)", None, 0),)


async def test_only_the_given_tables_can_be_read(engine: Engine) -> None:
    """A table that was not scanned cannot be read, whatever the SQL."""
    with pytest.raises(QueryFailed, match=r"not authorized|prohibited"):
        await engine.run("SELECT i FROM n", tables=["other"])


async def test_a_missing_file_is_not_created(tmp_path: Path) -> None:
    """Asking about a database that does not exist says so and makes no empty one."""
    with pytest.raises(DatabaseUnavailable, match="does not exist"):
        await engine_for(f"sqlite://{tmp_path}/no.db", EVERYWHERE).run("SELECT 1")
    assert os.listdir(tmp_path) == []  # noqa: PTH208 -- ruff wants no pathlib in coroutines


async def test_a_broken_view_does_not_break_the_scan(engine: Engine) -> None:
    """A view of something that is gone is listed without columns, beside all others."""
    tables = (await engine.scan()).tables
    assert tables["broken"].columns == ()
    assert tables["n"].row_count == 1


async def test_work_runs_in_threads_of_the_engine() -> None:
    """Queries never take a thread of the loop's default executor."""
    name = await in_thread(lambda _stop: threading.current_thread().name, 1)
    assert name.startswith("kai-sql")
