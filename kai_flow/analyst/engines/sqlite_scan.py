"""What is in a SQLite file: definitions from its catalogue, comments from the text of its DDL."""

import sqlite3
from collections.abc import Sequence
from operator import itemgetter

from kai_flow.analyst.comments import read_notes
from kai_flow.analyst.engines.definitions import Definition, chosen, connected
from kai_flow.analyst.engines.study import Answer, answered, study
from kai_flow.analyst.engines.threads import Stop
from kai_flow.analyst.schema import ForeignKey, Note, Schema

__all__ = ["readable", "scan_tables"]

_TABLES = (
    "SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'view')"
    " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid"
)


def readable(db: sqlite3.Connection) -> list[str]:
    """Every table and view, except SQLite's own."""
    return [name for name, _ in db.execute(_TABLES).fetchall()]


def scan_tables(db: sqlite3.Connection, stop: Stop, tables: Sequence[str] | None) -> Schema:
    """Scan on this connection, before it is restricted; once ``stop`` is true, only definitions."""
    names = {str(name).casefold(): str(name) for name, _ in db.execute(_TABLES)}
    definitions = [
        _define(db, name, ddl or "", names) for name, ddl in db.execute(_TABLES).fetchall()
    ]
    db.set_progress_handler(stop, 5_000)
    found = [
        answered(study(each, "sqlite"), lambda sql: _look(db, sql, stop))
        for each in chosen(definitions, tables)
    ]
    return connected(found, "sqlite")


def _look(db: sqlite3.Connection, sql: str, stop: Stop) -> Answer:
    """Rows of a study's query; None once the time is up, or when a view is broken."""
    if stop():
        return None
    try:
        return db.execute(sql).fetchall()
    except sqlite3.OperationalError as error:
        if stop() or error.sqlite_errorcode == sqlite3.SQLITE_ERROR:
            return None
        raise


def _define(db: sqlite3.Connection, name: str, ddl: str, names: dict[str, str]) -> Definition:
    """One table with its columns."""
    try:
        infos = db.execute("SELECT name, type, pk FROM pragma_table_info(?)", (name,)).fetchall()
    except sqlite3.OperationalError:
        infos = []  # a view of a table that does not exist any more
    note, notes = read_notes(ddl, tuple(column for column, _, _ in infos))
    return Definition(
        name,
        tuple((column, declared, notes.get(column, Note())) for column, declared, _ in infos),
        tuple(info[0] for info in sorted(infos, key=itemgetter(2)) if info[2]),
        _foreign_keys(db, name, names),
        note,
    )


def _foreign_keys(
    db: sqlite3.Connection, name: str, names: dict[str, str]
) -> tuple[ForeignKey, ...]:
    """Foreign keys in the order of their columns; a target without columns means its key."""
    rows = db.execute(
        'SELECT id, "table", "from", "to" FROM pragma_foreign_key_list(?) ORDER BY id DESC, seq',
        (name,),
    ).fetchall()
    keys = []
    for number in dict.fromkeys(row[0] for row in rows):
        mine = [row for row in rows if row[0] == number]
        # a foreign key may spell its target in other case than the table was created in
        target = names.get(mine[0][1].casefold(), mine[0][1])
        columns = tuple(row[2] for row in mine)
        targets = tuple(row[3] for row in mine if row[3]) or tuple(
            row[0]
            for row in db.execute(
                "SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", (target,)
            )
        )
        if len(columns) == len(targets):
            keys.append(ForeignKey(columns, target, targets))
    return tuple(keys)
