import asyncio
import os
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from kai_flow.analyst import engine
from kai_flow.analyst.engine import MAX_RESULT_BYTES, MAX_ROWS, run
from kai_flow.analyst.errors import DatabaseUnavailable, QueryFailed, QueryTimeout

ENDLESS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "numbers.db"
    with closing(sqlite3.connect(found)) as db, db:
        db.execute("CREATE TABLE n (i INTEGER, t TEXT, b BLOB, r REAL)")
        db.executemany(
            "INSERT INTO n VALUES (?, ?, ?, ?)",
            [(i, "x" * 10, b"abc", 9e999 if i == 0 else 0.5) for i in range(3_000)],
        )
    return found


async def test_rows_are_cut_at_the_limit_and_say_so(path: Path) -> None:
    """At most MAX_ROWS rows are kept, and whether there were more is known exactly."""
    assert (await run(path, ["n"], "SELECT i FROM n")).truncated
    for limit, truncated in ((MAX_ROWS - 1, False), (MAX_ROWS, False), (MAX_ROWS + 1, True)):
        rows = await run(path, ["n"], f"SELECT i FROM n LIMIT {limit}")
        assert (len(rows.data), rows.truncated) == (min(limit, MAX_ROWS), truncated)


async def test_bytes_are_cut_at_the_limit_and_say_so(path: Path) -> None:
    """Wide rows are cut by their size, before an event could grow too large."""
    wide = ", ".join(["t || t || t || t || t || t || t || t || t || t"] * 9)
    rows = await run(path, ["n"], f"SELECT {wide} FROM n")
    assert rows.truncated
    assert 0 < len(repr(rows.data)) < MAX_RESULT_BYTES * 1.1


async def test_every_value_can_be_json(path: Path) -> None:
    """Blobs, infinities and long texts become something JSON can carry."""
    rows = await run(path, ["n"], "SELECT b, r, i FROM n LIMIT 1")
    assert rows.data == (("(3 bytes)", None, 0),)


async def test_a_query_ends_at_its_deadline(path: Path) -> None:
    """A query that would run for ever is stopped with a sentence that says what to do."""
    begin = time.monotonic()
    with pytest.raises(QueryTimeout, match=r"0\.2 s; ask for less"):
        await run(path, ["n"], ENDLESS, 0.2)
    assert time.monotonic() - begin < 2


async def test_cancelling_interrupts_the_running_query(path: Path) -> None:
    """Cancelling the task ends the query at once and leaves no thread at work."""
    running = asyncio.create_task(run(path, ["n"], ENDLESS, 60))
    await asyncio.sleep(0.1)
    begin = time.monotonic()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert time.monotonic() - begin < 1


async def test_a_slow_query_does_not_block_the_loop(path: Path) -> None:
    """While a query runs, other coroutines and other queries go on."""
    slow = asyncio.create_task(run(path, ["n"], ENDLESS, 0.5))
    await asyncio.sleep(0.05)
    rows = await asyncio.wait_for(run(path, ["n"], "SELECT COUNT(*) FROM n"), 0.4)
    assert rows.data == ((3_000,),)
    assert not slow.done()
    with pytest.raises(QueryTimeout):
        await slow


async def test_an_error_of_the_database_is_one_sentence(path: Path) -> None:
    """SQL that SQLite refuses fails with its reason on one line."""
    with pytest.raises(QueryFailed, match="no such column: nope") as caught:
        await run(path, ["n"], "SELECT nope FROM n")
    assert "\n" not in str(caught.value)


async def test_only_the_given_tables_can_be_read(path: Path) -> None:
    """A table that was not scanned cannot be read, whatever the SQL."""
    with pytest.raises(QueryFailed, match=r"not authorized|prohibited"):
        await run(path, ["other"], "SELECT i FROM n")


async def test_a_missing_file_is_not_created(tmp_path: Path) -> None:
    """Asking about a database that does not exist says so and makes no empty one."""
    with pytest.raises(DatabaseUnavailable, match="does not exist"):
        await run(tmp_path / "no.db", ["n"], "SELECT 1")
    assert os.listdir(tmp_path) == []  # noqa: PTH208 -- ruff wants no pathlib in coroutines


async def test_work_runs_in_threads_of_the_engine(path: Path) -> None:
    """Queries never take a thread of the loop's default executor."""
    name = await engine.in_thread(lambda _stop: threading.current_thread().name, 1)
    assert name.startswith("kai-sql")
