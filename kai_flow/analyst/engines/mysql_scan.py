"""What is in a MySQL database, from its information schema, then a study of each table."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import pymysql
from pymysql.connections import Connection
from pymysql.cursors import Cursor

from kai_flow.analyst.engines.definitions import Definition, catalogue, chosen, comment, connected
from kai_flow.analyst.engines.study import Answer, answered, study
from kai_flow.analyst.engines.threads import Stop
from kai_flow.analyst.schema import ForeignKey, Schema

__all__ = ["LOOK_S", "fingerprint", "is_mariadb", "scan_tables", "version"]

LOOK_S = 5
"""Seconds for one query on a table: a slow view must not use all the time of a scan."""

_TABLES = """
SELECT table_name, table_type, table_comment, table_rows FROM information_schema.tables
WHERE table_schema = DATABASE() ORDER BY create_time, table_name
"""

_COLUMNS = """
SELECT table_name, column_name, data_type, column_comment FROM information_schema.columns
WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position
"""

_KEYS = """
SELECT table_name, constraint_name, column_name, referenced_table_name, referenced_column_name
FROM information_schema.key_column_usage
WHERE table_schema = DATABASE()
  AND (constraint_name = 'PRIMARY' OR referenced_table_schema = DATABASE())
ORDER BY table_name, constraint_name, ordinal_position
"""

Db: TypeAlias = "Connection[Cursor]"  # subscriptable for type checkers only


def is_mariadb(db: Db) -> bool:
    """Whether it is MariaDB, which has other names for the same settings."""
    return "mariadb" in version(db).lower()


def version(db: Db) -> str:
    """The version that the server reports."""
    return str(db.get_server_info())  # type: ignore[no-untyped-call]


def scan_tables(db: Db, tables: Sequence[str] | None, stop: Stop) -> Schema:
    """Scan; once ``stop`` is true, only definitions are read."""
    definitions = chosen(_define(db), tables)
    with db.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION READ ONLY")
        if is_mariadb(db):
            cursor.execute(f"SET SESSION max_statement_time = {LOOK_S}")
        else:
            cursor.execute(f"SET SESSION max_execution_time = {LOOK_S * 1000}")
    found = [
        answered(study(each, "mysql"), lambda sql: _look(db, sql, stop)) for each in definitions
    ]
    return connected(found, "mysql")


def fingerprint(db: Db) -> str:
    """A text that changes with the tables, columns, keys and comments that the role can read."""
    return catalogue(_define(db))


def _define(db: Db) -> list[Definition]:
    """Every table and view."""
    columns: dict[str, list[tuple[str, str, object]]] = {}
    for table, name, declared, note in _rows(db, _COLUMNS):
        columns.setdefault(table, []).append((name, declared, note))
    keys: dict[str, dict[str, list[tuple[str, str, str]]]] = {}
    for table, constraint, column, target, target_column in _rows(db, _KEYS):
        of_table = keys.setdefault(table, {})
        of_table.setdefault(constraint, []).append((column, target, target_column))
    return [
        Definition(
            name,
            tuple((c, declared, comment(n)) for c, declared, n in columns.get(name, ())),
            tuple(column for column, _, _ in keys.get(name, {}).get("PRIMARY", ())),
            tuple(
                ForeignKey(
                    tuple(column for column, _, _ in parts),
                    parts[0][1],
                    tuple(column for _, _, column in parts),
                )
                for constraint, parts in keys.get(name, {}).items()
                if constraint != "PRIMARY"
            ),
            comment(note if kind != "VIEW" else ""),  # a view's comment is the word VIEW
            estimate=rows,
        )
        for name, kind, note, rows in _rows(db, _TABLES)
    ]


def _look(db: Db, sql: str, stop: Stop) -> Answer:
    """Rows of a study's query; None once the time is up, or where it cannot be run."""
    if stop():
        return None
    try:
        return _rows(db, sql)
    except (pymysql.err.OperationalError, pymysql.err.ProgrammingError, pymysql.err.InternalError):
        return None  # it took too long, or is a view of a table that does not exist any more


def _rows(db: Db, sql: str) -> list[tuple[Any, ...]]:
    """All rows of a query."""
    with db.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())
