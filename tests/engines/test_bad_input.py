"""What cannot work says so in one sentence with the remedy, holds no secret, and never hangs."""

import asyncio
import socket
import sqlite3
import sys
import time
import traceback
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from kai_flow.agents import Task
from kai_flow.analyst.agent import Analyst
from kai_flow.analyst.engines import Engine, EngineError, engine_for
from kai_flow.analyst.errors import DatabaseUnavailable, QueryTimeout
from tests.engines.conftest import Make
from tests.engines.places import EVERYWHERE, Place, names
from tests.engines.test_questions import OneStore

CANARY = "c4n4ry-s3cret"


async def sentence(engine: Engine) -> str:
    """What check, scan and run all say, in time and in one line, without the secret."""
    began = time.monotonic()
    probe = await engine.check()
    assert not probe.ok
    said = [probe.message]
    for work in (engine.scan, lambda: engine.run("SELECT 1")):
        with pytest.raises(EngineError) as caught:
            await work()
        assert CANARY not in "".join(traceback.format_exception(caught.value))
        said.append(str(caught.value))
    assert time.monotonic() - began < 3 * 8
    assert all("\n" not in each and CANARY not in each and each.endswith(".") for each in said)
    assert said[0] == said[1] == said[2]
    return said[0]


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("", "write one of these"),
        (f"oracle://u:{CANARY}@host/db", "write one of these"),
        (CANARY, "write one of these"),
        (f"postgresql://u:{CANARY}/x@host:5432/db", "percent-encoded"),
        (f"postgresql://u:{CANARY}#x@host:5432/db", "percent-encoded"),
        (f"postgresql://u:{CANARY}@host:port/db", "percent-encoded"),
        (f"postgresql://u:{CANARY}@host:99999/db", "percent-encoded"),
        (f"postgresql://u:{CANARY}@host", "incomplete or malformed"),
        (f"postgresql:///{CANARY}", "incomplete or malformed; write postgresql://"),
        (f"postgresql://u:{CANARY}@host/db?evil=1", "unknown option 'evil'"),
        (f"postgresql://u:{CANARY}@host/db?sslmode=evil", "must be disable, require"),
        (f"mysql://u:{CANARY}@host/db?sslmode=require&sslrootcert=/no/such", "sslrootcert"),
        (f"mariadb://u:{CANARY}@[::1/db", "percent-encoded"),
        (f"sqlite://{CANARY}", "three slashes"),
        ("sqlite:relative.db", "three slashes"),
        (f"duckdb:///x?{CANARY}", "three slashes"),
        ("csv:///", "three slashes"),
        ("parquet:///a%00b", "malformed"),
    ],
)  # fmt: skip
def test_a_wrong_uri_is_refused_with_the_right_form(uri: str, says: str) -> None:
    """Each way to get a URI wrong has its sentence, which never repeats the URI."""
    with pytest.raises(EngineError, match=says) as caught:
        engine_for(uri)
    assert CANARY not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("module", ["asyncpg", "pymysql", "duckdb"])
def test_a_missing_driver_names_the_extra(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its driver an engine says what to install."""
    uri = {"asyncpg": "postgresql://h/x", "pymysql": "mysql://h/x", "duckdb": "duckdb:///x"}[module]
    for name in [name for name in sys.modules if name.startswith("kai_flow.analyst.engines.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(EngineError, match=r"install kai-flow\[(postgres|mysql|duckdb)\] from"):
        engine_for(uri)


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
async def test_an_unreachable_server_is_said(scheme: str) -> None:
    """A port that nobody listens on, and a host that does not exist, are answered at once."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    said = await sentence(engine_for(f"{scheme}://u:{CANARY}@127.0.0.1:{port}/db"))
    assert f"answers at 127.0.0.1:{port}; check host, port" in said
    said = await sentence(engine_for(f"{scheme}://u:{CANARY}@no-such-host.invalid/db"))
    assert "answers at no-such-host.invalid" in said


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
async def test_a_server_that_says_nothing_does_not_hang(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who takes the connection and stays silent is given up."""
    module = {"postgresql": "postgres", "mysql": "mysql"}[scheme]
    monkeypatch.setattr(f"kai_flow.analyst.engines.{module}.CONNECT_TIMEOUT_S", 1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        began = time.monotonic()
        probe = await engine_for(f"{scheme}://u:{CANARY}@127.0.0.1:{port}/db").check()
    assert time.monotonic() - began < 20, "it was not waited for"
    assert not probe.ok
    assert f"127.0.0.1:{port}" in probe.message


@pytest.mark.parametrize("kind", ["postgres", "mysql"], scope="session")
async def test_a_wrong_password_user_or_database_is_said(shop: Place) -> None:
    """Who is not let in learns why, and not with which password it was tried."""
    assert "refuses this user or password" in await sentence(
        engine_for(shop.uri_of("reader", CANARY))
    )
    assert "refuses this user or password" in await sentence(
        engine_for(shop.uri_of("nobody_here", CANARY))
    )
    uri = shop.uri.rpartition("/")[0] + "/no_such_db"
    assert "no database of this name" in await sentence(engine_for(uri))


@pytest.mark.parametrize("kind", ["postgres", "mysql"], scope="session")
async def test_a_role_that_may_write_is_warned_about(shop: Place) -> None:
    """A role with more than SELECT works, and check says what is wrong with it."""
    password = shop.uri.split(":")[2].partition("@")[0]
    probe = await engine_for(shop.uri_of("writer", password)).check()
    assert probe.ok
    assert probe.may_write
    assert "Warning: this role may write" in probe.message


@pytest.mark.parametrize("kind", ["postgres"], scope="session")
@pytest.mark.parametrize("role", ["owner", "heir", "filer"])
async def test_a_role_that_can_do_everything_is_refused(shop: Place, role: str) -> None:
    """A superuser, one who may become it, and a reader of the server's files get no answer."""
    assert shop.server is not None
    password = shop.uri.split(":")[2].partition("@")[0]
    password = shop.server.password if role == "owner" else password
    engine = engine_for(shop.uri_of(role, password))
    probe = await engine.check()
    said = [probe.message]
    assert not probe.ok
    for look in (engine.scan(), engine.run("SELECT name FROM item")):
        with pytest.raises(DatabaseUnavailable) as caught:
            await look
        said.append(str(caught.value))
    assert said == [said[0]] * 3
    assert "GRANT SELECT" in said[0]
    assert password not in said[0]


@pytest.mark.parametrize("kind", ["postgres"], scope="session")
async def test_a_catalogue_that_does_not_answer_is_said(
    shop: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the server stops at its deadline is a sentence, also before the first look."""
    monkeypatch.setattr("kai_flow.analyst.engines.postgres._ALL_POWERFUL", "SELECT pg_sleep(60)")
    monkeypatch.setattr("kai_flow.analyst.engines.postgres.LOOK_S", 0.2)
    with pytest.raises(QueryTimeout, match="stopped after"):
        await shop.engine.scan(deadline_s=0.1)


async def test_a_role_that_only_reads_is_not_warned_about(shop: Place) -> None:
    """A reader's connection is fine, and check names what answered."""
    probe = await shop.engine.check()
    assert (probe.ok, probe.may_write) == (True, False)
    assert probe.server.split()[0] in {"SQLite", "PostgreSQL", "DuckDB", "MariaDB"}
    assert probe.message.startswith(probe.server)


async def test_an_empty_database_is_said(kind: str, make: Make, tmp_path: Path) -> None:
    """A database without tables leaves nothing to ask about, on every engine."""
    place = await make(kind, "empty_db")
    if place.path is not None:
        await place.owner(["CREATE TABLE x (i int)", "DROP TABLE x"])
    if kind == "mysql":
        await place.owner(["GRANT SELECT ON empty_db.* TO reader@'%'"])
    result = await Analyst(OneStore(place.uri, tmp_path)).execute(Task("t", "s", "how many", "own"))
    assert result["status"] == "failed"
    assert "This database has no tables that can be read" in result["error"]


async def test_a_locked_sqlite_file_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that another program holds is waited for, and then said to be locked."""
    monkeypatch.setattr("kai_flow.analyst.engines.sqlite.BUSY_TIMEOUT_S", 0.2)
    path = tmp_path / "locked.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE x (i)")
        db.execute("BEGIN EXCLUSIVE")
        said = await sentence(engine_for(f"sqlite://{path}", EVERYWHERE))
    assert "locked.db is locked by another program" in said


async def test_a_locked_duckdb_file_is_said(tmp_path: Path) -> None:
    """A file that another program may write to is said to be held."""
    path = tmp_path / "held.duckdb"
    with closing(duckdb.connect(str(path))) as db:  # in this process
        db.execute("CREATE TABLE x (i INT)")
        said = await sentence(engine_for(f"duckdb://{path}", EVERYWHERE))
        assert "held.duckdb is open in another program" in said
    hold = f"import duckdb; d = duckdb.connect({str(path)!r}); print(flush=True); input()"
    pipe = asyncio.subprocess.PIPE
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-c", hold, stdin=pipe, stdout=pipe
    )
    assert other.stdout is not None
    await other.stdout.readline()
    said = await sentence(engine_for(f"duckdb://{path}", EVERYWHERE))
    await other.communicate(b"\n")
    assert "held.duckdb is open in another program" in said


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("broken.parquet", b"PAR1" + b"\xff" * 500 + b"PAR1", "cannot be read as parquet"),
        ("cut.parquet", b"PAR1 and then nothing", "cannot be read as parquet"),
        ("empty.parquet", b"", "cannot be read as parquet"),
        ("broken.duckdb", b"no database" * 1000, "cannot be read; check that it is a DuckDB"),
        ("gone.parquet", None, "gone.parquet does not exist"),
        ("gone.csv", None, "gone.csv does not exist"),
        ("none-*.csv", None, "No file matches"),
        ("gone.duckdb", None, "gone.duckdb does not exist"),
        ("gone.sqlite", None, "gone.sqlite does not exist"),
        ("text.sqlite", b"hello " * 500, "not a database"),
    ],
)
async def test_a_broken_or_missing_file_is_said(
    tmp_path: Path, name: str, content: bytes | None, says: str
) -> None:
    """A file that is not what its URI says is named, without its folder, and nothing is created."""
    if content is not None:
        (tmp_path / name).write_bytes(content)
    said = await sentence(engine_for(f"{name.rpartition('.')[2]}://{tmp_path}/{name}", EVERYWHERE))
    assert says in said
    assert str(tmp_path) not in said
    assert names(tmp_path) == ([name] if content is not None else [])
