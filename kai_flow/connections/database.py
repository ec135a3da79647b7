"""The store's file: opened for one transaction at a time, and migrated to the current format first.

A file from before URIs were encrypted is migrated by the first process that opens it. If a process
is killed between any two steps, the next process continues from there:

    user_version 0   no store yet, or one with URIs in the clear
    user_version 1   URIs encrypted; their old text may still lie in free pages and in the log
    user_version 2   the file has been rewritten: no trace of the old text
"""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

__all__ = ["FILE", "StoreUnavailable", "transaction"]

FILE: Final = "connections.db"
"""Name of the file in the home."""

BUSY_TIMEOUT_S: Final = 10.0
"""How long a call waits for another process that is writing, in seconds."""

VERSION: Final = 2

Encrypt = Callable[[str, str], str]
"""(URI, connection id) → the ciphertext that is stored."""

_TABLES: Final = (
    """CREATE TABLE connections (
        id TEXT PRIMARY KEY, alias TEXT NOT NULL UNIQUE, encrypted_uri TEXT NOT NULL
    ) STRICT""",
    "CREATE TABLE knowledge (connection_id TEXT PRIMARY KEY, content TEXT NOT NULL) STRICT",
    "CREATE TABLE scans (connection_id TEXT PRIMARY KEY, content TEXT NOT NULL) STRICT",
)


class StoreUnavailable(Exception):
    """The store's file cannot be used: it is locked, damaged, or of a newer version.

    The message is one sentence that says what to do.
    """


@contextmanager
def transaction(
    home: Path, encryption: Callable[[], Encrypt], *, write: bool
) -> Iterator[sqlite3.Connection]:
    """One transaction: committed when the block succeeds, rolled back when it raises.

    ``encryption`` provides the key for a migration, and is called only for one.
    """
    path = home / FILE
    try:
        _create(path)
        with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)) as db:
            _prepare_in_turn(db, encryption)
            db.execute("BEGIN IMMEDIATE" if write else "BEGIN")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")
    except (sqlite3.Error, OSError) as wrong:
        # Leave out the driver's own text: it may quote a statement's values.
        raise StoreUnavailable(f"The store {path} cannot be used: {_reason(wrong)}.") from None


def _create(path: Path) -> None:
    """Create an empty file, readable only for its owner; SQLite gives its log the same mode."""
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _prepare_in_turn(db: sqlite3.Connection, encryption: Callable[[], Encrypt]) -> None:
    """Wait for other processes that prepare the file: SQLite does not when the journal changes."""
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            return _prepare(db, encryption)
        except sqlite3.OperationalError as wrong:
            if not _busy(wrong) or time.monotonic() >= deadline:
                raise
            time.sleep(0.01)


def _busy(wrong: Exception) -> bool:
    name = getattr(wrong, "sqlite_errorname", "")
    return name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


def _prepare(db: sqlite3.Connection, encryption: Callable[[], Encrypt]) -> None:
    """Set up this connection, and bring the file to the current format."""
    db.execute("PRAGMA secure_delete = ON")  # a deleted URI is overwritten, although encrypted
    version = _version(db)
    if version == VERSION:
        return
    if version > VERSION:
        raise sqlite3.NotSupportedError
    # A property of the file: a reader never waits for a writer.
    db.execute("PRAGMA journal_mode = WAL")
    _migrate(db, encryption)
    _rewrite(db)


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _migrate(db: sqlite3.Connection, encryption: Callable[[], Encrypt]) -> None:
    """From version 0 to 1, in one transaction."""
    db.execute("BEGIN IMMEDIATE")
    try:
        if _version(db) == 0:  # else another process has done it while we waited
            old = db.execute(
                "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'connections'"
            ).fetchone()
            rows = db.execute("SELECT id, alias, uri FROM connections").fetchall() if old else []
            if old:
                db.execute("DROP TABLE connections")
            for table in _TABLES:
                db.execute(table)
            if rows:
                encrypt = encryption()
                db.executemany(
                    "INSERT INTO connections VALUES (?, ?, ?)",
                    [(name, alias, encrypt(uri, name)) for name, alias, uri in rows],
                )
            db.execute(f"PRAGMA user_version = {1 if old else VERSION}")
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def _rewrite(db: sqlite3.Connection) -> None:
    """From version 1 to 2: remove every trace of the old text from the file and its log."""
    if _version(db) == 1:
        db.execute("VACUUM")
        blocked, _, _ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if not blocked:  # otherwise a process is reading: the next one to open it tries again
            db.execute(f"PRAGMA user_version = {VERSION}")


def _reason(wrong: Exception) -> str:
    """Why the file cannot be used, and what to do."""
    if isinstance(wrong, sqlite3.NotSupportedError):
        return "a newer version of KAI has written it; update KAI"
    if isinstance(wrong, OSError):
        return f"{wrong.strerror}; make the folder writable, or set KAI_HOME to another one"
    name = getattr(wrong, "sqlite_errorname", "")
    if _busy(wrong):
        return f"another process has kept it locked for {BUSY_TIMEOUT_S:g} s; try again"
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return "it cannot be written; make it writable, or set KAI_HOME to another folder"
    if name.startswith("SQLITE_FULL"):
        return "the disk is full; make room and try again"
    return "it is damaged; put it back from a backup, or delete it and store the connections again"
