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


def test_there_are_statements_enough() -> None:
    """At least 150 different hostile statements stand against the engines together."""
    assert len({sql for kind in ENGINES for sql in HOSTILE[kind]}) >= 150
    assert all(len(set(HOSTILE[kind])) == len(HOSTILE[kind]) >= 50 for kind in ENGINES)


@pytest.mark.parametrize("dialect", ENGINES)
def test_the_guard_refuses(dialect: str) -> None:
    """Everything but one plain read of scanned tables is refused with one sentence."""
    judged = {sql: refusal(sql, dialect) for sql in HOSTILE[dialect]}
    assert len(judged) >= 50
    wrong = {sql: why for sql, why in judged.items() if why is None or "\n" in why}
    assert not wrong, "not refused (None), or not with one sentence"


def refusal(sql: str, dialect: str) -> str | None:
    """What the guard says against a statement; None when it lets it pass."""
    try:
        check(sql, TABLES, dialect)
    except RefusedSql as error:
        return str(error)
    return None


@pytest.fixture
async def before(shop: Place) -> object:
    """The database before something hostile is tried on it."""
    return await shop.fingerprint()


@pytest.fixture
def open_folder(tmp_path: Path) -> Path:
    """A folder that a server could write to, if it were let."""
    tmp_path.chmod(0o777)
    return tmp_path


async def test_the_connection_alone_is_a_wall(
    shop: Place, before: object, open_folder: Path
) -> None:
    """With the guard switched off nothing changes, no secret is read, and no file appears."""
    found: dict[str, list[str]] = {}
    for sql in HOSTILE[shop.kind]:
        found[sql] = await harm(shop, sql, before, open_folder)
        if found[sql]:  # the next statement is not to be blamed for it
            before = await shop.fingerprint()
    assert len(found) >= 50
    assert not {sql: harms for sql, harms in found.items() if harms}


async def harm(shop: Place, sql: str, before: object, open_folder: Path) -> list[str]:
    """What a statement does that it must not be able to do."""
    shown = ""
    with suppress(EngineError):
        statement, limits = sql.replace("{folder}", str(open_folder)), Limits(deadline_s=0.4)
        shown = repr((await shop.engine.run(statement, limits, tables=TABLES)).data)
    harms = []
    # DuckDB knows no roles: what is in the file can be read
    if "s3cret" in shown and shop.kind != "duckdb":
        harms.append("reads a secret")
    if "root:" in shown:
        harms.append("reads a file")
    for appeared in names(open_folder):
        harms.append(f"writes {appeared}")
        (open_folder / appeared).unlink()
    if await shop.fingerprint() != before:
        harms.append("changes the database")
    return harms


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
