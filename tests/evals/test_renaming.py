"""A query under the other names of its schema."""

import pytest

from tests.evals.renaming import Names

NAMES = {"t": "tabel", "t.a": "satu", "t.b": "dua", "u": "lain", "u.a": "satu", "u.c": "tiga"}


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT a FROM t", 'SELECT "satu" AS "a" FROM "tabel" AS "t"'),
        ("SELECT x.a FROM t x", 'SELECT x."satu" AS "a" FROM "tabel" AS x'),
        (
            "SELECT b FROM t GROUP BY b HAVING MAX(a) > 1 ORDER BY b, a",
            (
                'SELECT "dua" AS "b" FROM "tabel" AS "t" GROUP BY b'
                ' HAVING MAX("satu") > 1 ORDER BY b, "satu"'
            ),
        ),
        (
            "SELECT a, LAG(b) OVER (ORDER BY a) AS n FROM t",
            ('SELECT "satu" AS "a", LAG("dua") OVER (ORDER BY "satu") AS n FROM "tabel" AS "t"'),
        ),
        (
            "SELECT n FROM (SELECT b AS n FROM t) s",
            'SELECT n AS "n" FROM (SELECT "dua" AS n FROM "tabel" AS "t") AS s',
        ),
        (
            "WITH t2 AS (SELECT a FROM t) SELECT t2.a FROM t2",
            'WITH t2 AS (SELECT "satu" AS "a" FROM "tabel" AS "t") SELECT t2.a AS "a" FROM t2',
        ),
        (
            "SELECT 1 FROM t WHERE b IN (SELECT c FROM u WHERE u.a = t.a)",
            (
                'SELECT 1 FROM "tabel" AS "t" WHERE "dua" IN'
                ' (SELECT "tiga" AS "c" FROM "lain" AS "u" WHERE u."satu" = t."satu")'
            ),
        ),
    ],
)
def test_names_of_the_schema_are_translated_and_others_are_not(sql: str, expected: str) -> None:
    """Tables and columns get their other names; aliases and columns of a result keep theirs."""
    assert Names(NAMES, "sqlite").query(sql) == expected


def test_a_formula_is_translated() -> None:
    """Taught terms name their columns with the table."""
    assert Names(NAMES, "sqlite").formula("t.a * (1 - u.c)") == "tabel.satu * (1 - lain.tiga)"
