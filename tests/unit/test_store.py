from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from kai_flow.store import (
    DEMO_ALIAS,
    BadConnection,
    Connection,
    ConnectionStore,
    StoreError,
    UnknownConnection,
)

URI = "sqlite:///srv/data/sales.db"


def _resolve_demo(home: Path) -> str:
    return ConnectionStore(home).resolve(DEMO_ALIAS).uri


def _add_many(arguments: tuple[Path, int]) -> None:
    home, number = arguments
    for each in range(10):
        ConnectionStore(home).add(f"c{number}-{each}", URI, f"a{number}-{each}")


def test_a_connection_is_found_by_id_and_by_alias(tmp_path: Path) -> None:
    """Wherever an id is taken, the alias works too."""
    store = ConnectionStore(tmp_path / "home")
    added = store.add("42", URI, "sales")
    assert store.resolve("42") == store.resolve("sales") == added
    assert store.all() == (added,)


def test_what_is_stored_outlives_the_store(tmp_path: Path) -> None:
    """Another store in the same folder knows the same connections."""
    ConnectionStore(tmp_path).add("42", URI, "sales")
    assert ConnectionStore(tmp_path).resolve("sales").uri == URI


def test_the_same_id_again_replaces(tmp_path: Path) -> None:
    """Adding an id twice changes it instead of failing."""
    store = ConnectionStore(tmp_path)
    store.add("42", URI, "sales")
    store.add("42", "sqlite:///srv/other.db", "shop")
    assert [each.alias for each in store.all()] == ["shop"]


def test_an_unknown_connection_names_the_known_ones(tmp_path: Path) -> None:
    """The error says in one sentence which aliases there are and what to do."""
    store = ConnectionStore(tmp_path)
    store.add("42", URI, "sales")
    with pytest.raises(UnknownConnection) as caught:
        store.resolve("nope")
    text = str(caught.value)
    assert "'nope'" in text
    assert "sales" in text
    assert DEMO_ALIAS in text
    assert "\n" not in text


def test_the_demo_is_made_when_first_asked_for(tmp_path: Path) -> None:
    """The demo alias always resolves, to a database that exists in the home folder."""
    connection = ConnectionStore(tmp_path).resolve(DEMO_ALIAS)
    assert connection.sqlite_path() == (tmp_path / f"{DEMO_ALIAS}.sqlite").resolve()
    assert connection.sqlite_path().stat().st_size > 100_000


def test_a_deleted_demo_database_is_made_again(tmp_path: Path) -> None:
    """Deleting the demo file does no lasting harm."""
    store = ConnectionStore(tmp_path)
    store.resolve(DEMO_ALIAS).sqlite_path().unlink()
    assert store.resolve(DEMO_ALIAS).sqlite_path().exists()


def test_a_home_with_spaces_and_signs_works(tmp_path: Path) -> None:
    """A home folder may have any name: the URI escapes what needs it."""
    home = tmp_path / "my data #1 ?%20 é"
    path = ConnectionStore(home).resolve(DEMO_ALIAS).sqlite_path()
    assert path.exists()


def test_the_demo_resolves_in_several_processes_at_once(tmp_path: Path) -> None:
    """Processes that ask for the demo first and at once all get it."""
    with ProcessPoolExecutor(4) as pool:
        assert len(set(pool.map(_resolve_demo, [tmp_path / "home"] * 8))) == 1


def test_several_processes_may_write_at_once(tmp_path: Path) -> None:
    """No write is lost and none fails because another process writes."""
    with ProcessPoolExecutor(4) as pool:
        list(pool.map(_add_many, [(tmp_path, number) for number in range(4)]))
    assert len(ConnectionStore(tmp_path).all()) == 40


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "sales.db",
        "sqlite://",
        "sqlite:sales.db",
        "http://host/x",
        "sqlite://host/x.db",
        "oracle://scott:tiger@db/x",
        "sqlite://[broken",
    ],
)
def test_a_uri_that_no_engine_understands_is_refused(tmp_path: Path, uri: str) -> None:
    """A wrong URI is refused with the form to use, and is not repeated: it may hold a password."""
    store = ConnectionStore(tmp_path)
    with pytest.raises(BadConnection, match="sqlite:///absolute") as caught:
        store.add("42", uri, "sales")
    assert "tiger" not in str(caught.value)
    assert store.all() == ()


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 201])
def test_a_name_must_be_short_and_printable(tmp_path: Path, name: str) -> None:
    """Ids and aliases that would break a log line or a prompt are refused."""
    with pytest.raises(StoreError):
        ConnectionStore(tmp_path).add(name, URI, "sales")
    with pytest.raises(StoreError):
        ConnectionStore(tmp_path).add("42", URI, name)


@pytest.mark.parametrize(("new_id", "alias"), [("2", "sales"), ("2", "1"), ("sales", "x")])
def test_one_name_never_means_two_connections(tmp_path: Path, new_id: str, alias: str) -> None:
    """An id or alias that already names another connection is refused; the old one stays."""
    store = ConnectionStore(tmp_path)
    old = store.add("1", URI, "sales")
    with pytest.raises(BadConnection, match="another"):
        store.add(new_id, URI, alias)
    assert store.all() == (old,)


def test_the_representation_holds_no_secret() -> None:
    """Printing or logging a connection never shows user, password or query of its URI."""
    connection = Connection("1", "shop", "postgresql://me:s3cret@db.example:5432/shop?key=s3cret")
    assert "s3cret" not in repr(connection) + str([connection]) + connection.safe_uri
    assert "db.example:5432/shop" in repr(connection)
