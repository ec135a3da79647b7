"""What is in a DuckDB database, from its own catalogue functions, then a study of each table."""

from collections.abc import Sequence

import duckdb

from kai_flow.analyst.engines.definitions import Definition, chosen, comment, connected, qualified
from kai_flow.analyst.engines.study import Answer, answered, study
from kai_flow.analyst.engines.threads import Stop
from kai_flow.analyst.schema import ForeignKey, Schema

__all__ = ["scan_tables"]

_TABLES = """
SELECT schema_name, table_name, comment, table_oid FROM duckdb_tables()
WHERE NOT internal AND database_name = current_database()
UNION ALL
SELECT schema_name, view_name, comment, view_oid FROM duckdb_views()
WHERE NOT internal AND database_name = current_database()
ORDER BY 1, 4
"""

_COLUMNS = """
SELECT schema_name, table_name, column_name, data_type, comment FROM duckdb_columns()
WHERE NOT internal AND database_name = current_database()
ORDER BY schema_name, table_name, column_index
"""

_KEYS = """
SELECT schema_name, table_name, constraint_type, constraint_column_names, referenced_table,
  referenced_column_names
FROM duckdb_constraints()
WHERE constraint_type IN ('PRIMARY KEY', 'FOREIGN KEY') AND database_name = current_database()
ORDER BY constraint_index
"""

_MAIN = "main"  # the schema whose tables are found by their name alone
_Key = tuple[str, str]


def scan_tables(db: duckdb.DuckDBPyConnection, stop: Stop, tables: Sequence[str] | None) -> Schema:
    """Scan; once ``stop`` is true, only definitions are read."""
    found = [
        answered(study(each, "duckdb"), lambda sql: _look(db, sql, stop))
        for each in chosen(_define(db), tables)
    ]
    return connected(found, "duckdb")


def _define(db: duckdb.DuckDBPyConnection) -> list[Definition]:
    """Every table and view."""
    columns: dict[_Key, list[tuple[str, str, object]]] = {}
    for schema, table, name, declared, note in db.execute(_COLUMNS).fetchall():
        columns.setdefault((schema, table), []).append((name, declared, note))
    primary: dict[_Key, tuple[str, ...]] = {}
    foreign: dict[_Key, list[ForeignKey]] = {}
    for schema, table, kind, names, target, targets in db.execute(_KEYS).fetchall():
        if kind == "PRIMARY KEY":
            primary[schema, table] = tuple(names)
        else:  # DuckDB's foreign keys stay within their schema
            key = ForeignKey(tuple(names), _name(schema, target), tuple(targets))
            foreign.setdefault((schema, table), []).append(key)
    return [
        Definition(
            _name(schema, name),
            tuple((c, declared, comment(n)) for c, declared, n in columns.get((schema, name), ())),
            primary.get((schema, name), ()),
            tuple(foreign.get((schema, name), ())),
            comment(note) if schema == _MAIN else qualified(name, comment(note)),
            () if schema == _MAIN else (schema, name),
        )
        for schema, name, note, _ in db.execute(_TABLES).fetchall()
    ]


def _name(schema: str, table: str) -> str:
    """A table's name as a scan gives it."""
    return table if schema == _MAIN else f"{schema}.{table}"


def _look(db: duckdb.DuckDBPyConnection, sql: str, stop: Stop) -> Answer:
    """Rows of a study's query; None once the time is up, or where it cannot be run."""
    if stop():
        return None
    try:
        return db.execute(sql).fetchall()
    except duckdb.InterruptException:
        raise
    except duckdb.Error:
        return None  # a view of a table that does not exist any more
