"""The guard knows each name as the databases do: where a WITH clause counts, and which case."""

import pytest

from kai_flow.analyst.errors import RefusedSql
from kai_flow.analyst.guard import check

TABLES = {"item", "shop"}
DIALECTS = ("sqlite", "postgres", "mysql", "duckdb")

BEYOND = [
    "WITH x AS (SELECT * FROM secret), secret AS (SELECT 1 AS y) SELECT * FROM x",
    "SELECT h.* FROM secret h WHERE 1 IN (WITH secret AS (SELECT 1 AS x) SELECT x FROM secret)",
    "SELECT (WITH secret AS (SELECT 1 AS x) SELECT x FROM secret) AS c, s.* FROM secret AS s",
    "SELECT * FROM (WITH secret AS (SELECT 1 AS x) SELECT x FROM secret) AS a JOIN secret ON 1 = 1",
    "WITH x AS (WITH secret AS (SELECT 1) SELECT * FROM secret) SELECT * FROM x, secret",
    (
        "WITH x AS (WITH secret AS (SELECT 1) SELECT * FROM secret), y AS (SELECT * FROM secret)"
        " SELECT * FROM x, y"
    ),
    (
        "SELECT 1 AS a UNION ALL (WITH secret AS (SELECT 1 AS a) SELECT a FROM secret)"
        " UNION ALL SELECT * FROM secret"
    ),
    (
        "SELECT 1 AS a UNION ALL WITH secret AS (SELECT 1 AS a) SELECT a FROM secret"
        " UNION ALL SELECT a FROM secret"
    ),
    "WITH secret AS (SELECT 1 AS a) SELECT * FROM main.secret",
]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("sql", BEYOND)
def test_the_name_of_a_with_clause_counts_below_it_only(sql: str, dialect: str) -> None:
    """Where a database does not know the clause, its name is a table, which was not scanned."""
    with pytest.raises(RefusedSql):
        check(sql, TABLES, dialect)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_name_of_a_with_clause_may_be_read_below_it(dialect: str) -> None:
    """In its own query, in what that contains, and in later clauses, it needs no table."""
    for sql in (
        "WITH x AS (SELECT price FROM item), y AS (SELECT price FROM x) SELECT price FROM x, y",
        "WITH x AS (SELECT price FROM item) SELECT price FROM x UNION SELECT price FROM x",
        (
            "WITH x AS (SELECT price FROM item), y AS (WITH z AS (SELECT price FROM x)"
            " SELECT price FROM z) SELECT (SELECT MAX(price) FROM x) FROM y"
        ),
        "SELECT a.price FROM (WITH x AS (SELECT price FROM item) SELECT price FROM x) AS a",
    ):
        check(sql, TABLES, dialect)


@pytest.mark.parametrize("dialect", ["postgres", "mysql"])
def test_names_that_differ_in_case_are_two_tables(dialect: str) -> None:
    """A clause or a table does not open the other one, which was not scanned."""
    quote = "`" if dialect == "mysql" else '"'
    for sql in ("SELECT * FROM <ITEM>", "WITH <SECRET> AS (SELECT 1) SELECT * FROM <secret>"):
        quoted = sql.replace("<", quote).replace(">", quote)
        with pytest.raises(RefusedSql, match="not a table"):
            check(quoted, TABLES, dialect)


def test_only_ascii_letters_are_alike() -> None:
    """For SQLite `STRASSE` is not the scanned `straße`, but `Straße` is."""
    check('SELECT * FROM "Straße"', {"straße"})
    with pytest.raises(RefusedSql, match="not a table"):
        check("SELECT * FROM STRASSE", {"straße"})
