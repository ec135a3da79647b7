"""The guard refuses what is hostile, and each engine's connection is harmless without the guard."""

from contextlib import suppress
from pathlib import Path

import pytest

from kai_flow.analyst.engines import EngineError, Limits
from kai_flow.analyst.errors import RefusedSql
from kai_flow.analyst.guard import check
from tests.engines.hostile import HOSTILE
from tests.engines.places import ENGINES, Place

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


@pytest.fixture(scope="session")
async def before(shop: Place, states: dict[str, object]) -> object:
    """The database before anything hostile was tried on it."""
    if shop.kind not in states:
        states[shop.kind] = await shop.fingerprint()
    return states[shop.kind]


@pytest.fixture(scope="session")
def states() -> dict[str, object]:
    """What each database was first: pytest may come back to an engine."""
    return {}


@pytest.mark.parametrize(
    ("kind", "sql"), EACH, scope="session", indirect=["kind"], ids=lambda each: str(each)[:60]
)
async def test_the_connection_alone_is_a_wall(
    shop: Place, before: object, tmp_path: Path, sql: str
) -> None:
    """With the guard switched off nothing changes, no secret is read, and no file appears."""
    tmp_path.chmod(0o777)  # a server could write here, if it were let
    shown = ""
    with suppress(EngineError):
        statement, limits = sql.replace("{folder}", str(tmp_path)), Limits(deadline_s=0.4)
        shown = repr((await shop.engine.run(statement, limits, tables=TABLES)).data)
    # DuckDB knows no roles: what is in the file can be read
    assert "s3cret" not in shown or shop.kind == "duckdb"
    assert "root:" not in shown
    assert list(tmp_path.iterdir()) == []
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
async def test_monstrous_statements_end_in_a_sentence(shop: Place, before: object, sql: str) -> None:
    """Depth and length end in a refusal or in rows, never in a crash."""
    with suppress(EngineError):
        await shop.engine.run(sql, Limits(deadline_s=2), tables=TABLES)
    assert await shop.fingerprint() == before
