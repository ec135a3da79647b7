"""The rows of the store's tables: found, written and read within a transaction."""

import os
import sqlite3
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote_to_bytes

import msgspec

from kai_flow.connections.knowledge import Knowledge
from kai_flow.connections.model import (
    DEMO_ALIAS,
    MAX_NAME_LENGTH,
    BadConnection,
    Connection,
    UnknownConnection,
)

__all__ = [
    "Row",
    "connection_of",
    "find",
    "known_of",
    "require",
    "require_free",
    "unknown",
    "written",
]

NAMES_SHOWN: Final = 20  # aliases that an error names

Row = tuple[str, str, str]
"""Id, alias, encrypted URI."""

_BREAK: Final = "\n"
"""Separates URI and folder in the encrypted text; no URI contains it. The folder is encrypted too:
only a holder of the key can allow one, and it cannot be moved to another connection."""


def written(connection: Connection) -> str:
    """The text of a connection that is encrypted."""
    if connection.folder is None:
        return connection.uri
    return connection.uri + _BREAK + quote(os.fsencode(connection.folder))


def connection_of(connection_id: str, alias: str, text: str) -> Connection:
    """A connection from the text that was encrypted."""
    uri, _, folder = text.partition(_BREAK)
    path = Path(os.fsdecode(unquote_to_bytes(folder))) if folder else None
    return Connection(connection_id, alias, uri, path)


def find(db: sqlite3.Connection, id_or_alias: object) -> Row | None:
    """The row with that id or alias; callers may pass a value of any type."""
    if not isinstance(id_or_alias, str) or not id_or_alias.isprintable():
        return None
    found: Row | None = db.execute(
        "SELECT id, alias, encrypted_uri FROM connections WHERE ?1 IN (id, alias)", (id_or_alias,)
    ).fetchone()
    return found


def known_of(db: sqlite3.Connection, connection: Connection) -> Knowledge:
    """What an administrator has added to a connection."""
    row = db.execute(
        "SELECT content FROM knowledge WHERE connection_id = ?", (connection.id,)
    ).fetchone()
    return msgspec.json.decode(row[0], type=Knowledge) if row else Knowledge()


def require(db: sqlite3.Connection, connection: Connection) -> None:
    """``UnknownConnection`` unless the connection still exists; the demo always does."""
    there = db.execute("SELECT 1 FROM connections WHERE id = ?", (connection.id,)).fetchone()
    if there is None and connection.id != DEMO_ALIAS:
        raise UnknownConnection(
            f"The connection {connection.alias!r} has been deleted meanwhile; store it again."
        )


def require_free(db: sqlite3.Connection, connection: Connection, *, replace: bool) -> None:
    """``BadConnection`` if its id or alias names another one; ``replace``: one with another id."""
    clash = db.execute(
        "SELECT id, alias FROM connections"
        " WHERE (id != ?1 OR NOT ?3) AND (alias IN (?1, ?2) OR id IN (?1, ?2))",
        (connection.id, connection.alias, replace),
    ).fetchone()
    if clash is None:
        return
    kind, name = ("alias", connection.alias)
    if name not in clash:
        kind, name = ("id", connection.id)
    raise BadConnection(
        f"The {kind} {name!r} already names another connection; choose another {kind}, or delete"
        " that one first."
    )


def unknown(db: sqlite3.Connection, id_or_alias: object) -> UnknownConnection:
    """The error that lists the connections that exist."""
    names = [row[0] for row in db.execute("SELECT alias FROM connections ORDER BY alias")]
    known = sorted({DEMO_ALIAS, *names})
    more = f" and {len(known) - NAMES_SHOWN} more" if len(known) > NAMES_SHOWN else ""
    return UnknownConnection(
        f"There is no connection {str(id_or_alias)[:MAX_NAME_LENGTH]!r}; use one of"
        f" {', '.join(known[:NAMES_SHOWN])}{more}, or create it first."
    )
