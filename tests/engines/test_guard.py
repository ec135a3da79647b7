"""The guard refuses what is hostile, and each engine's connection is harmless without the guard."""

from contextlib import suppress
from pathlib import Path

import pytest

from kai_flow.analyst.engines import EngineError, Limits
from kai_flow.analyst.errors import RefusedSql
from kai_flow.analyst.guard import check
from tests.engines.hostile import HOSTILE
from tests.engines.places import ENGINES, Place, names

TABLES = ("item", "shop")
EACH = [(kind, sql) for kind in ENGINES for sql in HOSTILE[kind]]


def test_there_are_statements_enough() -> None:
    """At least 150 different hostile statements stand against the engines together."""
    assert len({sql for _, sql in EACH}) >= 150
    assert all(len(set(HOSTILE[kind])) == len(HOSTILE[kind]) >= 50 for kind in ENGINES)


@pytest.mark.parametrize(("dialect", "sql"), EACH)
def test_the_guard_refuses(dialect: str, sql: str) -> None:
    """Everything but one plain read of scanned tables is refused with one sentence."""
    with pytest.raises(RefusedSql) as caught:
        check(sql, TABLES, dialect)
    assert "\n" not in str(caught.value)


@pytest.fixture
async def before(shop: Place) -> object:
    """The database before something hostile is tried on it."""
    return await shop.fingerprint()


@pytest.fixture
def open_folder(tmp_path: Path) -> Path:
    """A folder that a server could write to, if it were let."""
    tmp_path.chmod(0o777)
    return tmp_path


@pytest.mark.parametrize(
    ("kind", "sql"), EACH, scope="session", indirect=["kind"], ids=lambda each: str(each)[:60]
)
async def test_the_connection_alone_is_a_wall(
    shop: Place, before: object, open_folder: Path, sql: str
) -> None:
    """With the guard switched off nothing changes, no secret is read, and no file appears."""
    shown = ""
    with suppress(EngineError):
        statement, limits = sql.replace("{folder}", str(open_folder)), Limits(deadline_s=0.4)
        shown = repr((await shop.engine.run(statement, limits, tables=TABLES)).data)
    # DuckDB knows no roles: what is in the file can be read
    assert "s3cret" not in shown or shop.kind == "duckdb"
    assert "root:" not in shown
    assert names(open_folder) == []
    assert await shop.fingerprint() == before


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT " + "(" * 5_000 + "1" + ")" * 5_000,
        "SELECT " + "1+" * 20_000 + "1",
        "SELECT '" + "x" * 60_000 + "'",
        "SELECT 1\0; DROP TABLE item",
        "SELECT " + "NOT " * 10_000 + "1",
    ],
    ids=["parentheses", "sum", "long", "nul", "not"],
)
async def test_monstrous_statements_end_in_a_sentence(
    shop: Place, before: object, sql: str
) -> None:
    """Depth and length end in a refusal or in rows, never in a crash."""
    with suppress(EngineError):
        await shop.engine.run(sql, Limits(deadline_s=2), tables=TABLES)
    assert await shop.fingerprint() == before
