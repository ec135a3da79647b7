"""The stored connections and what KAI knows about them, in one SQLite file in ``KAI_HOME``.

Several processes (workers, command line) use the file at once. Every call opens it, does one
transaction and closes it, so no state is kept that could become stale. URIs in it are encrypted.

Refusals are a `StoreError`; after `StoreUnavailable`, another try may succeed.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import msgspec

from kai_flow.connections.conversations import Conversations
from kai_flow.connections.database import StoreUnavailable, transaction
from kai_flow.connections.demo import create_demo_database
from kai_flow.connections.file_access import FileAccess, FileRefused
from kai_flow.connections.keys import open_keyring
from kai_flow.connections.knowledge import Knowledge
from kai_flow.connections.model import (
    DEMO_ALIAS,
    BadConnection,
    Connection,
    Entry,
    StoreError,
    UnknownConnection,
    WrongKey,
    check_alias,
    check_name,
)
from kai_flow.connections.rows import (
    Row,
    connection_of,
    find,
    known_of,
    require,
    require_free,
    unknown,
    written,
)
from kai_flow.connections.sealing import Keyring, SecretError, is_sealed
from kai_flow.connections.uris import PATTERNS, BadUri, check_uri, file_of
from kai_flow.settings import Settings

__all__ = [
    "DEMO_ALIAS",
    "BadConnection",
    "Connection",
    "ConnectionStore",
    "Entry",
    "StoreError",
    "StoreUnavailable",
    "UnknownConnection",
    "WrongKey",
]

_DEMO_FILE: Final = f"{DEMO_ALIAS}.sqlite"


class ConnectionStore:
    """Connections by id or alias, in ``connections.db`` in the folder ``home`` (made if absent).

    The first of ``keys`` encrypts the URIs, and all of them decrypt. Without keys, the home's key
    file is used, and created when first needed.

    Connections may name files in ``folders``. With ``remember_folder``, a connection that is stored
    here can be opened by every program with this home, whatever its own folders are.
    """

    def __init__(
        self,
        home: Path,
        keys: tuple[bytes, ...] = (),
        folders: tuple[Path, ...] = (),
        *,
        remember_folder: bool = False,
    ) -> None:
        self._home = home
        self._keys = keys
        self._files = FileAccess(folders, home, home / _DEMO_FILE)
        self._remember_folder = remember_folder
        self.conversations = Conversations(home)

    @classmethod
    def of(cls, settings: Settings) -> "ConnectionStore":
        """The store that a program's settings name."""
        return cls(settings.home, settings.encrypt_keys, settings.file_folders)

    @classmethod
    def at_the_terminal(cls, settings: Settings) -> "ConnectionStore":
        """The same for a user of the command line, who can read the current folder anyway."""
        folders = settings.file_folders or _current_folder()
        return cls(settings.home, settings.encrypt_keys, folders, remember_folder=True)

    def files(self, connection: Connection) -> FileAccess:
        """The files that this connection may read, here and now."""
        return self._files.also(connection.folder)

    def lacks_file(self, connection: Connection) -> bool:
        """Whether the connection names a file, or a pattern of files, and none is there now."""
        path = file_of(connection.uri)
        if path is None:
            return False
        with suppress(FileRefused):  # the engine will explain it
            return next(self.files(connection).match(path), None) is None
        return False

    def public_key(self) -> str:
        """The key with which others encrypt a URI that only this store can read."""
        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._keyring().public_key

    def read_uri(self, uri: object) -> str:
        """A URI given in the clear or as ``kai connection encrypt`` made it, checked.

        ``BadConnection`` when it is not understood, ``WrongKey`` when it was encrypted for another
        key.
        """
        try:
            if isinstance(uri, str) and is_sealed(uri):
                uri = self._keyring(create=False).unseal(uri)
            return check_uri(uri)
        except BadUri as error:
            raise BadConnection(str(error)) from None
        except SecretError as error:
            raise WrongKey(str(error)) from None

    def add(self, connection_id: str, uri: str, alias: str, *, replace: bool = True) -> Connection:
        """Store a connection; ``replace`` allows to replace the one with the same id.

        ``uri`` is in the clear, or the output of ``kai connection encrypt``. ``BadConnection``
        when it is not understood or names a file that may not be read, when a name is empty or too
        long, or when alias or id already name another connection. ``WrongKey`` when it was
        encrypted for another key.
        """
        identity = check_name("id", connection_id)
        name, clear = check_alias(alias, identity), self.read_uri(uri)
        connection = Connection(identity, name, clear, self._allowing(clear))
        with self._open(write=True) as db:
            require_free(db, connection, replace=replace)
            token = self._keyring().encrypt(written(connection), connection.id)
            # What is stored under this id belongs to the database that is replaced.
            db.execute("DELETE FROM scans WHERE connection_id = ?", (connection.id,))
            self.conversations.forget(connection.id)
            db.execute(
                "INSERT INTO connections (id, alias, encrypted_uri) VALUES (?1, ?2, ?3)"
                " ON CONFLICT (id) DO UPDATE SET alias = ?2, encrypted_uri = ?3",
                (connection.id, connection.alias, token),
            )
        return connection

    def resolve(self, id_or_alias: str) -> Connection:
        """The connection with that id or alias; ``UnknownConnection`` lists the existing ones."""
        with self._open() as db:
            row = find(db, id_or_alias)
            if row is None and id_or_alias != DEMO_ALIAS:
                raise unknown(db, id_or_alias)
        if row is None:
            return self._demo()
        found = self._decrypted(row)
        demo = self._demo_path()
        if id_or_alias == DEMO_ALIAS and found.uri.startswith("sqlite:"):
            return self._demo() if found.sqlite_path() == demo else found
        return found

    def delete(self, id_or_alias: str) -> str:
        """Delete a connection, what is known about it and its conversations; returns its alias.

        Work that already uses the connection continues; the database itself is not changed.
        """
        with self._open(write=True) as db:
            row = find(db, id_or_alias)
            if row is None:
                if id_or_alias == DEMO_ALIAS:
                    raise BadConnection(
                        f"{DEMO_ALIAS!r} is the demo database, which cannot be deleted."
                    )
                raise unknown(db, id_or_alias)
            db.execute("DELETE FROM connections WHERE id = ?", (row[0],))
            for table in ("knowledge", "scans"):
                db.execute(f"DELETE FROM {table} WHERE connection_id = ?", (row[0],))  # noqa: S608
            self.conversations.forget(row[0])
        return str(row[1])

    def all(self) -> tuple[Connection, ...]:
        """Every stored connection, by alias. The demo is not stored."""
        return tuple(self._decrypted(row) for row in self._rows())

    def entries(self) -> tuple[Entry, ...]:
        """Every connection that can be named, by alias, the demo among them."""
        found = []
        for row in self._rows():
            try:
                shown = self._decrypted(row).safe_uri
            except WrongKey:
                shown = "(encrypted with a key that is not here)"
            found.append(Entry(row[0], row[1], shown))
        if all(DEMO_ALIAS not in (each.id, each.alias) for each in found):
            found.append(Entry(DEMO_ALIAS, DEMO_ALIAS, f"sqlite://{self._demo_path()}"))
        return tuple(sorted(found, key=lambda each: each.alias))

    def knowledge(self, connection: Connection) -> Knowledge:
        """What an administrator has added to a connection; empty by default."""
        with self._open() as db:
            return known_of(db, connection)

    def teach(self, connection: Connection, parts: Mapping[str, Any]) -> Knowledge:
        """Replace these parts of what is known about a connection; returns all parts.

        ``UnknownConnection`` when the connection has been deleted meanwhile.
        """
        with self._open(write=True) as db:
            require(db, connection)
            known = msgspec.structs.replace(known_of(db, connection), **parts)
            db.execute(
                "INSERT OR REPLACE INTO knowledge (connection_id, content) VALUES (?, ?)",
                (connection.id, msgspec.json.encode(known).decode()),
            )
        return known

    def keep_scan(self, connection: Connection, scan: Mapping[str, Any]) -> None:
        """Store what a scan found; ``UnknownConnection`` when the connection has been deleted."""
        with self._open(write=True) as db:
            require(db, connection)
            db.execute(
                "INSERT OR REPLACE INTO scans (connection_id, content) VALUES (?, ?)",
                (connection.id, msgspec.json.encode(scan).decode()),
            )

    def last_scan(self, connection: Connection) -> dict[str, Any] | None:
        """What the last scan found; None when there was none."""
        with self._open() as db:
            row = db.execute(
                "SELECT content FROM scans WHERE connection_id = ?", (connection.id,)
            ).fetchone()
        return msgspec.json.decode(row[0], type=dict[str, Any]) if row else None

    def _rows(self) -> list[Row]:
        with self._open() as db:
            return db.execute(
                "SELECT id, alias, encrypted_uri FROM connections ORDER BY alias"
            ).fetchall()

    def _decrypted(self, row: Row) -> Connection:
        connection_id, alias, token = row
        try:
            text = self._keyring(create=False).decrypt(token, connection_id)
        except SecretError as error:
            raise WrongKey(f"Connection {alias!r}: {error}") from None
        return connection_of(connection_id, alias, text)

    def _allowing(self, uri: str) -> Path | None:
        """The folder to remember with a connection; ``BadConnection`` when it may not be read."""
        path = file_of(uri)
        if path is None:
            return None
        try:
            folder = self._files.allowing(path, pattern=uri.partition(":")[0].lower() in PATTERNS)
        except FileRefused as refused:
            raise BadConnection(str(refused)) from None
        return folder if self._remember_folder else None

    def _keyring(self, *, create: bool = True) -> Keyring:
        try:
            return open_keyring(self._home, self._keys, create=create)
        except SecretError as error:
            raise WrongKey(str(error)) from None

    def _demo_path(self) -> Path:
        return (self._home / _DEMO_FILE).resolve()

    def _demo(self) -> Connection:
        """The demo connection; its database is generated when it is missing."""
        path = self._demo_path()
        if not path.exists():
            create_demo_database(path)
        return Connection(DEMO_ALIAS, DEMO_ALIAS, "sqlite://" + path.as_uri()[len("file://") :])

    @contextmanager
    def _open(self, *, write: bool = False) -> Iterator[sqlite3.Connection]:
        """One transaction on the store's file, which is created when absent."""
        with transaction(self._home, lambda: self._keyring().encrypt, write=write) as db:
            yield db


def _current_folder() -> tuple[Path, ...]:
    try:
        return (Path.cwd(),)
    except OSError:  # it has been deleted
        return ()
