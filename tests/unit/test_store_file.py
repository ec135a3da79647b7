import sqlite3
import stat
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from kai_flow.connections import database as store_file
from kai_flow.connections.store import ConnectionStore, StoreUnavailable, UnknownConnection

CANARY = "s3cretCanary"
URI = f"postgresql://me:{CANARY}@db.example:5432/shop"


def _older_store(home: Path, count: int = 20) -> None:
    """A store as it was before URIs were encrypted, with what was deleted still in free pages."""
    home.mkdir(exist_ok=True)
    db = sqlite3.connect(home / store_file.FILE)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA secure_delete = OFF")  # some builds of SQLite overwrite by themselves
    db.execute(
        "CREATE TABLE connections (id TEXT PRIMARY KEY, alias TEXT NOT NULL UNIQUE,"
        " uri TEXT NOT NULL) STRICT"
    )
    rows = [(f"c{n}", f"a{n}", f"{URI}?padding={'x' * 1000}{n}") for n in range(count + 200)]
    db.executemany("INSERT INTO connections VALUES (?, ?, ?)", rows)
    db.commit()
    db.execute("DELETE FROM connections WHERE CAST(substr(id, 2) AS INTEGER) >= ?", (count,))
    db.commit()
    db.close()


def _on_disk(home: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(home.iterdir()) if path.is_file())


def _aliases(home: Path) -> list[str]:
    return [each.alias for each in ConnectionStore(home).all() if CANARY in each.uri]


def _use(arguments: tuple[Path, int]) -> int:
    """Everything at once: add, read, replace, delete; the number of what went wrong."""
    home, number = arguments
    store, wrong = ConnectionStore(home), 0
    for each in range(5):
        name = f"{number}-{each}"
        store.add(name, URI, f"alias {name}")
        wrong += store.resolve(f"alias {name}").uri != URI
        store.add(name, URI + "2", f"alias {name}")
        wrong += store.resolve(name).uri != URI + "2"
        store.teach(store.resolve(name), {"instructions": ("x",)})
        if each % 2:
            store.delete(name)
    return wrong


def test_nothing_secret_is_on_the_disk(tmp_path: Path) -> None:
    """No byte of a password is in any file of the home: stored, replaced, or deleted."""
    store = ConnectionStore(tmp_path)
    for n in range(10):
        store.add(f"c{n}", URI, f"a{n}")
    store.add("c1", URI + "2", "a1")
    store.delete("c2")
    assert CANARY.encode() not in _on_disk(tmp_path)


def test_the_files_are_their_owners_alone(tmp_path: Path) -> None:
    """Store and folder have modes 0600 and 0700."""
    ConnectionStore(tmp_path / "home").add("1", URI, "a")
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700
    for path in (tmp_path / "home").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_an_older_store_is_migrated(tmp_path: Path) -> None:
    """Connections stored in the clear are still there, and no trace of the clear text is."""
    _older_store(tmp_path)
    assert CANARY.encode() in _on_disk(tmp_path)
    assert len(_aliases(tmp_path)) == 20
    assert CANARY.encode() not in _on_disk(tmp_path)
    assert ConnectionStore(tmp_path).resolve("a7").id == "c7"


def test_processes_migrate_once(tmp_path: Path) -> None:
    """Of several processes that open an older store at once, each finds everything."""
    _older_store(tmp_path)
    with ProcessPoolExecutor(4) as pool:
        assert {len(found) for found in pool.map(_aliases, [tmp_path] * 8)} == {20}
    assert CANARY.encode() not in _on_disk(tmp_path)


def test_a_migration_that_was_killed_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after the encryption and before the rewriting, the next process does the rest."""
    _older_store(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(store_file, "_rewrite", lambda _db: None)
        ConnectionStore(tmp_path).resolve("a1")
    assert len(_aliases(tmp_path)) == 20
    assert CANARY.encode() not in _on_disk(tmp_path)


def test_a_migration_without_a_key_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    """When no key can be made the older store is not touched, and the error holds no secret."""
    _older_store(tmp_path)
    (tmp_path / "encrypt.key").write_bytes(b"no key")
    (tmp_path / "encrypt.key").chmod(0o600)
    with pytest.raises(ValueError, match="holds no key") as caught:
        ConnectionStore(tmp_path).resolve("a1")
    assert CANARY not in str(caught.value)
    (tmp_path / "encrypt.key").unlink()
    assert len(_aliases(tmp_path)) == 20


def test_several_processes_use_it_at_once(tmp_path: Path) -> None:
    """Processes that add, read, replace, teach and delete do not disturb one another."""
    with ProcessPoolExecutor(4) as pool:
        assert sum(pool.map(_use, [(tmp_path, number) for number in range(4)])) == 0
    assert len(ConnectionStore(tmp_path).all()) == 12


def test_a_store_of_a_newer_version_is_not_touched(tmp_path: Path) -> None:
    """What this version does not know it neither reads nor changes."""
    ConnectionStore(tmp_path).add("1", URI, "a")
    db = sqlite3.connect(tmp_path / store_file.FILE)
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(StoreUnavailable, match="newer version"):
        ConnectionStore(tmp_path).all()


def test_a_damaged_store_is_one_sentence(tmp_path: Path) -> None:
    """A file that is no database is refused with what to do, and left as it is."""
    (tmp_path / store_file.FILE).write_bytes(b"no database" * 100)
    with pytest.raises(StoreUnavailable, match="damaged"):
        ConnectionStore(tmp_path).all()
    assert (tmp_path / store_file.FILE).read_bytes() == b"no database" * 100


def test_a_locked_store_is_waited_for_and_then_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While somebody writes, reading goes on, and writing ends with a sentence after the wait."""
    store = ConnectionStore(tmp_path)
    store.add("1", URI, "a")
    monkeypatch.setattr(store_file, "BUSY_TIMEOUT_S", 0.1)
    other = sqlite3.connect(tmp_path / store_file.FILE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert store.resolve("a").uri == URI
    with pytest.raises(StoreUnavailable, match="locked"):
        store.add("2", URI, "b")
    other.close()
    store.add("2", URI, "b")


def test_a_home_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    """A file in the place of the home is said."""
    (tmp_path / "home").write_text("")
    with pytest.raises(StoreUnavailable, match="KAI_HOME"):
        ConnectionStore(tmp_path / "home").all()


def test_what_fails_is_rolled_back(tmp_path: Path) -> None:
    """A refusal in the middle of a transaction leaves everything as it was."""
    store = ConnectionStore(tmp_path)
    gone = store.add("1", URI, "a")
    store.delete("a")
    with pytest.raises(UnknownConnection):
        store.teach(gone, {"instructions": ("x",)})
    assert store.knowledge(gone).instructions == ()
