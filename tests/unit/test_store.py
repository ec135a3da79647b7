from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from kai_flow.connections.knowledge import Knowledge
from kai_flow.connections.sealing import seal
from kai_flow.connections.store import (
    DEMO_ALIAS,
    BadConnection,
    Connection,
    ConnectionStore,
    StoreError,
    UnknownConnection,
    WrongKey,
)

URI = "postgresql://db.example/sales"
CANARY = "postgresql://me:s3cretCanary@db.example/shop"


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
    store.add("42", "postgresql://db.example/other", "shop")
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
        "kai-aes1:00000000:AAAA",
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


def test_an_existing_connection_can_be_protected(tmp_path: Path) -> None:
    """Without replacing, no id or alias can be taken again; the error names which one was."""
    store = ConnectionStore(tmp_path)
    old = store.add("1", URI, "sales")
    for name, alias, taken in (
        ("1", "sales", "alias 'sales'"),
        ("1", "x", "id '1'"),
        ("2", "sales", "alias 'sales'"),
    ):
        with pytest.raises(BadConnection, match=f"^The {taken} .*delete that one first"):
            store.add(name, URI, alias, replace=False)
    assert store.all() == (old,)


def test_the_alias_of_the_demo_is_taken(tmp_path: Path) -> None:
    """No connection but the one with the demo's own id can stand in its place."""
    store = ConnectionStore(tmp_path)
    with pytest.raises(BadConnection, match="belongs to the demo"):
        store.add("1", URI, DEMO_ALIAS)
    store.add(DEMO_ALIAS, CANARY, DEMO_ALIAS)
    assert store.resolve(DEMO_ALIAS).uri == CANARY
    assert store.delete(DEMO_ALIAS) == DEMO_ALIAS
    assert store.resolve(DEMO_ALIAS).sqlite_path().exists()
    with pytest.raises(BadConnection, match="cannot be deleted"):
        store.delete(DEMO_ALIAS)


@pytest.mark.parametrize("name", [None, 5, ["x"], {"a": 1}, "", "\ud800", "a\x00b", "x" * 10_000])
def test_names_of_any_type_are_looked_up_safely(tmp_path: Path, name: Any) -> None:
    """What cannot be a name is an unknown connection, said in one short sentence."""
    store = ConnectionStore(tmp_path)
    for call in (store.resolve, store.delete):
        with pytest.raises(UnknownConnection) as caught:
            call(name)
        assert len(str(caught.value)) < 400
    with pytest.raises(BadConnection):
        store.add(name, URI, "a")
    with pytest.raises(BadConnection):
        store.add("1", URI, name)


def test_a_thousand_connections_do_not_make_an_error_long(tmp_path: Path) -> None:
    """The error for an unknown name shows some aliases and how many more there are."""
    store = ConnectionStore(tmp_path)
    for number in range(30):
        store.add(f"c{number}", URI, f"a{number}")
    with pytest.raises(UnknownConnection, match="and 11 more"):
        store.resolve("nope")


def test_a_deleted_connection_is_gone_with_what_was_known(tmp_path: Path) -> None:
    """Its knowledge and scan go too: whoever takes the id next does not inherit them."""
    store = ConnectionStore(tmp_path)
    old = store.add("1", URI, "sales")
    store.teach(old, {"instructions": ("a",)})
    store.keep_scan(old, {"tables": []})
    assert store.delete("sales") == "sales"
    with pytest.raises(UnknownConnection):
        store.resolve("1")
    with pytest.raises(UnknownConnection, match="meanwhile"):
        store.keep_scan(old, {"tables": []})
    new = store.add("1", URI, "sales")
    assert store.knowledge(new) == Knowledge()
    assert store.last_scan(new) is None


def test_another_uri_forgets_the_scan_and_keeps_what_was_taught(tmp_path: Path) -> None:
    """A scan of another database would mislead; the words of the house stay valid."""
    store = ConnectionStore(tmp_path)
    connection = store.add("1", URI, "sales")
    store.keep_scan(connection, {"tables": ["x"]})
    store.teach(connection, {"instructions": ("a",), "mdl": "# x"})
    store.teach(connection, {"instructions": ()})
    store.add("1", URI + "2", "sales")
    assert store.last_scan(connection) is None
    assert store.knowledge(connection) == Knowledge(mdl="# x")


def test_a_sealed_uri_is_stored_like_a_clear_one(tmp_path: Path) -> None:
    """What was encrypted with the public key of this store can be stored and used."""
    store = ConnectionStore(tmp_path)
    sealed = seal(CANARY, store.public_key())
    assert store.add("1", sealed, "shop").uri == store.resolve("shop").uri == CANARY


def test_a_uri_sealed_for_somebody_else_is_refused(tmp_path: Path) -> None:
    """So is one that is damaged, or holds what is no URI; nothing is stored, nothing shown."""
    store = ConnectionStore(tmp_path)
    key = store.public_key()
    with pytest.raises(WrongKey, match="KAI_ENCRYPT_KEY"):
        store.add("1", seal(CANARY, ConnectionStore(tmp_path, (b"2" * 32,)).public_key()), "shop")
    with pytest.raises(WrongKey, match="damaged"):
        store.add("1", seal(CANARY, key)[:-3], "shop")
    with pytest.raises(BadConnection, match="unknown scheme") as caught:
        store.add("1", seal("oracle://me:s3cretCanary@db/x", key), "shop")
    assert "s3cret" not in str(caught.value)
    assert store.all() == ()


def test_a_wrong_key_is_said_and_does_not_hide_the_rest(tmp_path: Path) -> None:
    """Using the connection names both keys; it can still be listed, deleted and stored again."""
    one, two = (ConnectionStore(tmp_path, (each * 32,)) for each in (b"1", b"2"))
    one.add("1", CANARY, "shop")
    with pytest.raises(WrongKey, match=r"'shop'.*KAI_ENCRYPT_KEY") as caught:
        two.resolve("shop")
    assert "s3cret" not in str(caught.value)
    assert "key that is not here" in next(e.shown for e in two.entries() if e.alias == "shop")
    assert two.resolve(DEMO_ALIAS).alias == DEMO_ALIAS
    two.add("1", CANARY, "shop")
    assert two.resolve("shop").uri == CANARY


def test_a_list_shows_no_secret(tmp_path: Path) -> None:
    """The list has every connection and the demo, as they may be shown."""
    store = ConnectionStore(tmp_path)
    store.add("1", CANARY, "shop")
    assert [each.alias for each in store.entries()] == [DEMO_ALIAS, "shop"]
    assert "s3cret" not in repr(store.entries()) + repr(store.all())
