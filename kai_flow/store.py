"""The connections KAI knows, kept in one SQLite file under ``KAI_HOME``.

Several processes (worker, command line) use it at once: every call opens the file, does one
transaction and closes it, so no state here can go stale.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from kai_flow.demo import create_demo_database

__all__ = [
    "DEMO_ALIAS",
    "BadConnection",
    "Connection",
    "ConnectionStore",
    "StoreError",
    "UnknownConnection",
]

DEMO_ALIAS = "koperasi"
"""The alias that always resolves: the demo database, generated when first asked for."""

BUSY_TIMEOUT_S = 10.0
"""How long a call waits for another process that is writing, in seconds."""

MAX_NAME_LENGTH = 200
"""Longest id or alias, in characters."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS connections (
    id TEXT PRIMARY KEY,
    alias TEXT NOT NULL UNIQUE,
    uri TEXT NOT NULL
) STRICT
"""


class StoreError(ValueError):
    """Root of what this store refuses; the message is one sentence that says what to do."""


class UnknownConnection(StoreError):
    """No connection has this id or alias."""


class BadConnection(StoreError):
    """The connection cannot be stored as given."""


@dataclass(frozen=True)
class Connection:
    """One database that questions can be asked about. Its ``repr`` holds no secret."""

    id: str
    alias: str
    uri: str = field(repr=False)
    """As given, secrets included: for the engine only."""

    @property
    def safe_uri(self) -> str:
        """The URI as it may be shown: user, password and query left out."""
        parts = urlsplit(self.uri)
        host = parts.netloc.rpartition("@")[2]
        netloc = f"***@{host}" if "@" in parts.netloc else host
        # `urlunsplit` drops an empty authority, which `sqlite:///` needs to stay readable.
        return (
            urlunsplit((parts.scheme, netloc, parts.path, "", ""))
            if netloc
            else (f"{parts.scheme}://{parts.path}")
        )

    def __repr__(self) -> str:
        """Id, alias and the URI without its secrets."""
        return f"Connection(id={self.id!r}, alias={self.alias!r}, uri={self.safe_uri!r})"

    def sqlite_path(self) -> Path:
        """The file behind a ``sqlite:///`` URI."""
        return Path(unquote(urlsplit(self.uri).path))


class ConnectionStore:
    """Connections by id or alias, in ``connections.db`` in the folder ``home`` (made if absent)."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._path = home / "connections.db"

    def add(self, connection_id: str, uri: str, alias: str) -> Connection:
        """Store a connection; the same id again replaces it.

        ``BadConnection`` when the URI is not one of ours, a name is empty or too long, or the
        alias or id already names another connection.
        """
        connection = Connection(_name("id", connection_id), _name("alias", alias), _checked(uri))
        with self._open() as db:
            clash = db.execute(
                "SELECT id FROM connections WHERE id != ?1 AND (alias IN (?1, ?2) OR id = ?2)",
                (connection.id, connection.alias),
            ).fetchone()
            if clash is not None or (connection.alias == DEMO_ALIAS != connection.id):
                raise BadConnection(
                    f"The alias {connection.alias!r} (or id {connection.id!r}) already names"
                    " another connection; choose another one."
                )
            db.execute(
                "INSERT INTO connections (id, alias, uri) VALUES (?1, ?2, ?3)"
                " ON CONFLICT (id) DO UPDATE SET alias = ?2, uri = ?3",
                (connection.id, connection.alias, connection.uri),
            )
        return connection

    def resolve(self, id_or_alias: str) -> Connection:
        """The connection of that id or alias; ``UnknownConnection`` names those there are."""
        with self._open() as db:
            row = db.execute(
                "SELECT id, alias, uri FROM connections WHERE ?1 IN (id, alias)", (id_or_alias,)
            ).fetchone()
        found = Connection(*row) if row is not None else None
        if id_or_alias == DEMO_ALIAS:
            return self._demo(found)
        if found is None:
            known = sorted({DEMO_ALIAS, *(each.alias for each in self.all())})
            raise UnknownConnection(
                f"There is no connection {id_or_alias[:MAX_NAME_LENGTH]!r}; use one of"
                f" {', '.join(known)}, or add it first."
            )
        return found

    def all(self) -> tuple[Connection, ...]:
        """Every stored connection, by alias. The demo is among them once it has been used."""
        with self._open() as db:
            rows = db.execute("SELECT id, alias, uri FROM connections ORDER BY alias").fetchall()
        return tuple(Connection(*row) for row in rows)

    def _demo(self, found: Connection | None) -> Connection:
        """The demo connection, its database generated and registered where that is missing."""
        path = (self._home / f"{DEMO_ALIAS}.sqlite").resolve()
        if found is not None and found.sqlite_path() != path:
            return found  # somebody pointed the alias at a database of their own
        if not path.exists():
            create_demo_database(path)
        return found or self.add(
            DEMO_ALIAS, "sqlite://" + path.as_uri()[len("file://") :], DEMO_ALIAS
        )

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """One transaction on the store's file, which is created when absent."""
        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        with closing(sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_S)) as db:
            # WAL: a reader never waits for a writer. It is a property of the file, cheap to repeat.
            db.execute("PRAGMA journal_mode = WAL")
            with db:
                db.execute("BEGIN IMMEDIATE")
                db.execute(_SCHEMA)
                yield db


def _name(what: str, value: str) -> str:
    """``value`` if it can be an id or alias, else ``BadConnection``."""
    if not value.strip() or len(value) > MAX_NAME_LENGTH or not value.isprintable():
        raise BadConnection(
            f"The {what} of a connection must be 1 to {MAX_NAME_LENGTH} printable characters."
        )
    return value


def _checked(uri: str) -> str:
    """``uri`` if an engine understands it, else ``BadConnection`` (which never repeats it)."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme != "sqlite" or parts.netloc or not parts.path.startswith("/"):
        raise BadConnection(
            "The connection URI is not understood; write sqlite:///absolute/path/to/file."
        )
    return uri
