"""What is in a PostgreSQL database: three queries of its catalogue, then a study of each table."""

import asyncio
import time
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import TypeAlias

import asyncpg

from kai_flow.analyst.engines.definitions import (
    Definition,
    catalogue,
    chosen,
    comment,
    connected,
    qualified,
)
from kai_flow.analyst.engines.study import Answer, study
from kai_flow.analyst.schema import ForeignKey, Schema, Table

__all__ = ["LOOK_S", "fingerprint", "scan_tables"]

LOOK_S = 5.0
"""Seconds for one query on a table: a slow view must not use all the time of a scan."""

Db: TypeAlias = "asyncpg.Connection[asyncpg.Record]"  # subscriptable for type checkers only

# A table that its name alone finds has that name; others have their schema before it.
_TABLES = """
SELECT c.oid::int8, n.nspname, c.relname, pg_table_is_visible(c.oid), c.reltuples::int8,
  obj_description(c.oid, 'pg_class')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition AND n.nspname !~ '^pg_'
  AND n.nspname <> 'information_schema' AND has_schema_privilege(n.oid, 'USAGE')
  AND has_any_column_privilege(c.oid, 'SELECT')
ORDER BY pg_table_is_visible(c.oid) DESC, n.nspname, c.oid
"""

_COLUMNS = """
SELECT a.attrelid::int8, a.attname, a.attnum::int4,
  CASE WHEN t.typtype = 'e' THEN 'enum'
    ELSE format_type(CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END, NULL) END,
  col_description(a.attrelid, a.attnum),
  has_column_privilege(a.attrelid, a.attnum, 'SELECT')
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum
"""

_KEYS = """
SELECT conrelid::int8, contype::text, conkey::int4[], confrelid::int8, confkey::int4[]
FROM pg_constraint WHERE contype IN ('p', 'f') AND conrelid = ANY ($1::oid[])
ORDER BY conrelid, oid
"""


async def scan_tables(db: Db, tables: Sequence[str] | None, deadline_s: float) -> Schema:
    """Scan on this connection; after the deadline, only definitions are read."""
    until = time.monotonic() + deadline_s
    definitions = chosen(await _define(db), tables)
    found = [await _studied(db, each, until) for each in definitions]
    return connected(found, "postgres")


async def fingerprint(db: Db) -> str:
    """A text that changes with the tables, columns, keys and comments that the role can read."""
    return catalogue(await _define(db))


async def _define(db: Db) -> list[Definition]:
    """Every table that can be read."""
    found = await db.fetch(_TABLES)
    oids = [row[0] for row in found]
    names = {row[0]: row[2] if row[3] else f"{row[1]}.{row[2]}" for row in found}
    columns = {
        oid: list(rows) for oid, rows in groupby(await db.fetch(_COLUMNS, oids), key=itemgetter(0))
    }
    numbers = {oid: {row[2]: row[1] for row in rows} for oid, rows in columns.items()}
    keys: dict[int, list[asyncpg.Record]] = {}
    for row in await db.fetch(_KEYS, oids):
        keys.setdefault(row[0], []).append(row)
    return [
        Definition(
            names[oid],
            tuple((row[1], row[3], comment(row[4])) for row in columns.get(oid, ()) if row[5]),
            next((_named(row[2], numbers[oid]) for row in keys.get(oid, ()) if row[1] == "p"), ()),
            tuple(
                ForeignKey(
                    _named(row[2], numbers[oid]), names[row[3]], _named(row[4], numbers[row[3]])
                )
                for row in keys.get(oid, ())
                if row[1] == "f" and row[3] in names
            ),
            comment(note) if visible else qualified(name, comment(note)),
            () if visible else (namespace, name),
            rows if rows >= 0 else None,
        )
        for oid, namespace, name, visible, rows, note in map(tuple, found)
    ]


def _named(numbers: Sequence[int], names: dict[int, str]) -> tuple[str, ...]:
    """The names of numbered columns."""
    return tuple(names[number] for number in numbers)


async def _studied(db: Db, table: Definition, until: float) -> Table:
    """Run every query of a table's study."""
    steps = study(table, "postgres")
    answer: Answer = None
    try:
        sql = next(steps)
        while True:
            answer = await _look(db, sql, until)
            sql = steps.send(answer)
    except StopIteration as end:
        result: Table = end.value
        return result


async def _look(db: Db, sql: str, until: float) -> Answer:
    """Rows of a study's query; None once the time is up, or where it cannot be run."""
    left = min(LOOK_S, until - time.monotonic())
    if left <= 0:
        return None
    try:
        async with asyncio.timeout(left):
            return [tuple(row) for row in await db.fetch(sql)]
    except (TimeoutError, asyncpg.PostgresError):
        return None  # a broken view, a lock, or a foreign table whose server does not answer
