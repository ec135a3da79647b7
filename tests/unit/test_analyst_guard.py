"""The guard refuses, and the connection is harmless even without the guard."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from kai_flow.analyst.engines.sqlite import connect, restrict
from kai_flow.analyst.engines.threads import Stop
from kai_flow.analyst.errors import RefusedSql
from kai_flow.analyst.guard import MAX_SQL, check

TABLES = {"item", "shop"}
ENOUGH = 80  # hostile statements

HOSTILE = [
    "INSERT INTO item VALUES (9, 9, 'x')",
    "INSERT INTO item SELECT * FROM item",
    "UPDATE item SET price = 0",
    "DELETE FROM item",
    "REPLACE INTO item VALUES (1, 1, 'x')",
    "DROP TABLE item",
    "CREATE TABLE evil (x)",
    "CREATE TEMP TABLE evil AS SELECT * FROM item",
    "CREATE VIEW evil AS SELECT 1",
    "CREATE INDEX evil ON item (price)",
    "CREATE TRIGGER evil AFTER INSERT ON item BEGIN DELETE FROM item; END",
    "CREATE VIRTUAL TABLE evil USING fts5(x)",
    "ALTER TABLE item RENAME TO evil",
    "ALTER TABLE item ADD COLUMN evil",
    "ATTACH DATABASE '{folder}/evil.db' AS evil",
    "ATTACH '{folder}/evil.db' AS evil",
    "DETACH DATABASE main",
    "VACUUM",
    "VACUUM INTO '{folder}/evil.db'",
    "REINDEX",
    "ANALYZE",
    "PRAGMA query_only = OFF",
    "PRAGMA writable_schema = ON",
    "PRAGMA journal_mode = DELETE",
    "PRAGMA table_info(item)",
    "SELECT * FROM pragma_table_info('item')",
    "SELECT * FROM pragma_database_list",
    "BEGIN",
    "BEGIN IMMEDIATE",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT a",
    "RELEASE a",
    "EXPLAIN SELECT * FROM item",
    "EXPLAIN QUERY PLAN SELECT * FROM item",
    "SELECT 1; DELETE FROM item",
    "SELECT * FROM item; DROP TABLE item; --",
    "SELECT load_extension('evil')",
    "SELECT readfile('/etc/passwd')",
    "SELECT writefile('{folder}/evil.db', 'x')",
    "SELECT edit('x')",
    "SELECT fts3_tokenizer('simple')",
    "SELECT zeroblob(1000000000)",
    "SELECT randomblob(1000000000)",
    "SELECT hex(zeroblob(900000000))",
    "SELECT printf('%1000000000s', 'x')",
    "SELECT replace(hex(zeroblob(10000)), '00', hex(zeroblob(10000)))",
    "SELECT sqlite_version()",
    "SELECT last_insert_rowid()",
    "SELECT name, sql FROM sqlite_master",
    "SELECT * FROM sqlite_schema",
    "SELECT * FROM main.sqlite_master",
    "SELECT * FROM temp.sqlite_temp_master",
    "SELECT * FROM secret",
    "SELECT * FROM main.secret",
    'SELECT * FROM "secret"',
    "SELECT (SELECT password FROM secret) FROM item",
    "SELECT * FROM item WHERE price IN (SELECT password FROM secret)",
    "SELECT * FROM item UNION SELECT 1, 2, password FROM secret",
    "WITH x AS (SELECT * FROM secret) SELECT * FROM x",
    "WITH x AS (SELECT * FROM secret), secret AS (SELECT 1 AS y) SELECT * FROM x",
    "SELECT h.* FROM secret h WHERE 1 IN (WITH secret AS (SELECT 1 AS x) SELECT x FROM secret)",
    "WITH x AS (SELECT 1) DELETE FROM item",
    "WITH x AS (SELECT 1) INSERT INTO item SELECT * FROM x",
    "SELECT * FROM item JOIN secret",
    "SELECT * FROM generate_series(1, 10)",
    "SELECT * FROM json_each('[1]')",
    "WITH RECURSIVE x AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM x) SELECT a FROM x",
    "WITH x AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM x) SELECT COUNT(*) FROM x",
    "WITH x(a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM X) SELECT COUNT(*) FROM x",
    "WITH x AS (SELECT 1 AS a UNION ALL SELECT a FROM (SELECT a FROM x)) SELECT COUNT(*) FROM x",
    "SELECT a FROM (WITH x AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM x) SELECT a FROM x)",
    (
        "WITH RECURSIVE x AS (SELECT 1 AS a UNION ALL SELECT a FROM y),"
        " y AS (SELECT a FROM x) SELECT COUNT(*) FROM x"
    ),
    "SELECT CAST(price AS evil) FROM item",
    "SELECT CAST(price AS main.evil) FROM item",
    "SELECT DATE(name, name) FROM item",
    "SELECT NTILE(4) OVER (ORDER BY price) FROM item",
    "VALUES (1)",
    "TABLE item",
    "",
    ";",
    "--",
    "/* nothing */",
    "not sql at all",
    "SELECT",
    "SELECT * FROM item WHERE (((",
]

HARMLESS = [
    "SELECT * FROM item",
    "SELECT name FROM item WHERE price > 1 AND name LIKE 'a%' ORDER BY 1 LIMIT 5",
    (
        "SELECT s.name, COUNT(*), AVG(i.price), ROUND(SUM(i.price), 2) FROM item i"
        " JOIN shop s ON s.id = i.shop GROUP BY s.name HAVING COUNT(*) > 0"
    ),
    "WITH x AS (SELECT price FROM item) SELECT MAX(price) FROM x",
    "SELECT DISTINCT CASE WHEN price > 1 THEN 'a' ELSE 'b' END FROM item",
    "SELECT CAST(STRFTIME('%Y', name) AS INTEGER) FROM item",
    "SELECT price FROM item UNION ALL SELECT id FROM shop",
    "SELECT name, ROW_NUMBER() OVER (PARTITION BY shop ORDER BY price NULLS LAST) AS r FROM item",
    "SELECT LAG(price) OVER (ORDER BY name), SUM(SUM(price)) OVER () FROM item GROUP BY price",
    "SELECT DATE('2025-01-01', 'weekday 0', '-6 days') FROM item",
    "SELECT name FROM shop WHERE EXISTS (SELECT 1 FROM item WHERE item.shop = shop.id);",
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "shop.db"
    with closing(sqlite3.connect(found)) as db, db:
        db.executescript(
            "CREATE TABLE shop (id INTEGER PRIMARY KEY, name TEXT);"
            "CREATE TABLE item (shop INTEGER REFERENCES shop, price INTEGER, name TEXT);"
            "CREATE TABLE secret (password TEXT);"
            "INSERT INTO shop VALUES (1, 'north'); INSERT INTO item VALUES (1, 5, 'apple');"
            "INSERT INTO secret VALUES ('s3cret'), ('open');"
            "CREATE VIEW part AS SELECT password AS a FROM secret WHERE password = 'open';"
        )
    return found


@pytest.fixture
def wall(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection as the engine uses it, without the guard in front."""
    with connected(path) as db:
        yield db


@contextmanager
def connected(path: Path) -> Iterator[sqlite3.Connection]:
    """One such connection."""
    with closing(connect(path)) as db:
        db.set_progress_handler(Stop(2.0), 5_000)
        yield db


def run(wall: sqlite3.Connection, sql: str, tables: Iterable[str] = TABLES) -> list[object]:
    """The rows of a statement, as the engine runs it."""
    restrict(wall, tables, sql)
    return wall.execute(sql).fetchall()


def test_the_guard_refuses() -> None:
    """Everything but one plain read of scanned tables is refused with one sentence."""
    assert len(set(HOSTILE)) >= ENOUGH
    passed = [sql for sql in HOSTILE if not refused(sql)]
    assert not passed


def refused(sql: str) -> bool:
    """Whether the guard refuses a statement with one sentence."""
    try:
        check(sql, TABLES)
    except RefusedSql as error:
        return "\n" not in str(error)
    return False


def test_the_connection_alone_is_a_wall(path: Path) -> None:
    """With the guard switched off nothing is written, nothing else is read, no file appears."""
    assert len(set(HOSTILE)) >= ENOUGH
    harmful = [sql for sql in HOSTILE if harms(path, sql)]
    assert not harmful


def harms(path: Path, sql: str) -> bool:
    """Whether a statement, on a connection of its own, reads or writes what it must not."""
    before = path.read_bytes()
    shown: list[object] = []
    with connected(path) as wall:
        for statement in [sql.replace("{folder}", str(path.parent)), "COMMIT"]:
            with suppress(sqlite3.Error, sqlite3.Warning):
                shown = run(wall, statement)
    read = "s3cret" in repr(shown) or "CREATE TABLE" in repr(shown)
    files = [entry.name for entry in path.parent.iterdir()]
    return read or path.read_bytes() != before or files != ["shop.db"]


@pytest.mark.parametrize("sql", HARMLESS)
def test_plain_reads_pass_and_run(wall: sqlite3.Connection, sql: str) -> None:
    """Ordinary queries pass the guard and run on the restricted connection."""
    run(wall, check(sql, TABLES))


def test_what_runs_is_rendered_again_without_comments() -> None:
    """The statement that is executed is the understood one, without its comments."""
    sql = check("SELECT /* hint */ price -- x\nFROM item", TABLES)
    assert "hint" not in sql
    assert "--" not in sql
    assert '"price"' in sql


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT " + "(" * 5_000 + "1" + ")" * 5_000,
        "SELECT " + "1+" * 20_000 + "1",
        "SELECT '" + "x" * MAX_SQL + "'",
        "SELECT 1\0; DROP TABLE item",
        "SELECT " + "NOT " * 10_000 + "1",
    ],
)
def test_monstrous_statements_are_refused_or_run(wall: sqlite3.Connection, sql: str) -> None:
    """Depth and length end in a refusal by guard or engine, never in a crash."""
    with suppress(RefusedSql, sqlite3.Error):
        run(wall, check(sql, TABLES))


def test_a_with_clause_cannot_take_a_tables_name() -> None:
    """A common table expression must not hide which table is read."""
    with pytest.raises(RefusedSql, match="WITH"):
        check("WITH item AS (SELECT 1 AS price) SELECT price FROM item", TABLES)


SHADOWS = [
    "WITH item AS (SELECT password FROM secret) SELECT * FROM item",
    "WITH part AS (SELECT password FROM secret) SELECT * FROM part",
    "with PART as (select password from secret) select * from part",
    "WITH part AS (SELECT password FROM secret) SELECT * FROM part, main.part AS other",
    "WITH x AS (SELECT * FROM part), part AS (SELECT password FROM secret) SELECT * FROM x",
    "SELECT * FROM (WITH part AS (SELECT password FROM secret) SELECT * FROM part)",
    "SELECT (/**/WITH/**/part AS (SELECT group_concat(password) FROM secret) SELECT * FROM part)",
    (
        "WITH RECURSIVE part AS (SELECT password FROM secret UNION SELECT * FROM part)"
        " SELECT * FROM part"
    ),
    'SELECT*FROM(WITH"part"AS(SELECT password FROM secret)SELECT*FROM"part")',
    "SELECT * FROM (SELECT password FROM secret) AS part",
    "SELECT part.password FROM secret AS part",
]


@pytest.mark.parametrize("sql", SHADOWS)
def test_no_name_opens_a_hidden_table(wall: sqlite3.Connection, sql: str) -> None:
    """Without the guard, a WITH clause or alias named like a table or view reads no more than it.

    A view that may be read shows its own rows, and those only.
    """
    tables = {*TABLES, "part"}
    assert run(wall, "SELECT a FROM part", tables) == [("open",)]
    shown: list[object] = []
    with suppress(sqlite3.Error):
        shown = run(wall, sql, tables)
    assert "s3cret" not in repr(shown)
    assert run(wall, "WITH x AS (SELECT price FROM item) SELECT price FROM x", tables) == [(5,)]


@pytest.mark.parametrize("dialect", ["sqlite", "postgres", "mysql", "duckdb"])
def test_a_cast_is_to_a_plain_type(dialect: str) -> None:
    """Numbers, texts and times may be cast to; what a database's owner defined may not."""
    check("SELECT CAST(price AS FLOAT), CAST(price AS DATE) FROM item", TABLES, dialect)
    for kind in ("evil", "shop.evil", "XML", "JSON", "GEOMETRY"):
        with pytest.raises(RefusedSql):
            check(f"SELECT CAST(price AS {kind}) FROM item", TABLES, dialect)
