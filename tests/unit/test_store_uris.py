import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kai_flow.connections.uris import FILES, SERVERS, BadUri, check_uri, safe_uri, scrub

CANARY = "s3cretCanary"
printable = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=12)


@pytest.mark.parametrize("scheme", FILES)
def test_files_are_understood(scheme: str) -> None:
    """A file by its absolute path, for every engine that reads files."""
    uri = f"{scheme}:///srv/my%20data/sales.x"
    assert check_uri(f" {uri}\n") == safe_uri(uri) == uri


@pytest.mark.parametrize("scheme", SERVERS)
def test_servers_are_understood_and_shown_without_secrets(scheme: str) -> None:
    """User, password and query are left out of what is shown; host, port and database stay."""
    uri = f"{scheme}://me:{CANARY}@db.example:5432/shop?sslmode=require&key={CANARY}"
    assert check_uri(uri) == uri
    assert safe_uri(uri) == f"{scheme}://***@db.example:5432/shop"
    assert safe_uri(f"{scheme}://[::1]/shop") == f"{scheme}://[::1]/shop"
    socket = f"{scheme}:///shop?host=/run/db&password={CANARY}"
    assert safe_uri(check_uri(socket)) == f"{scheme}:///shop"


@given(printable, printable, printable)
def test_no_password_however_written_is_ever_shown(left: str, right: str, user: str) -> None:
    """Whatever signs stand raw in a password, it is shown neither by a refusal nor in the URI."""
    uri = f"postgresql://{user}:{left}{CANARY}{right}@db.example/shop"
    assert CANARY not in safe_uri(uri)
    with contextlib.suppress(BadUri):
        assert safe_uri(check_uri(uri)) == "postgresql://***@db.example/shop"


@pytest.mark.parametrize(
    "uri",
    [
        None,
        5,
        ["sqlite:///x"],
        "",
        "  ",
        "sales.db",
        "sqlite:///",
        "sqlite:/srv/x",
        "sqlite:///srv/x#y",
        "sqlite:///srv/x?mode=rw",
        "postgresql:///shop",
        "postgresql://db:0/shop",
        "postgresql://db:99999/shop",
        f"postgresql://me:12/{CANARY}@db/shop",
        f"postgresql://me:12#{CANARY}@db/shop",
        f"postgresql://me:12?{CANARY}@db/shop",
        f"postgresql://me:a@{CANARY}@db/shop",
        f"postgresql://me:[{CANARY}@db/shop",
        f"postgresql://me:{CANARY}\n@db/shop",
        f"oracle://me:{CANARY}@db/shop",
        f"http://me:{CANARY}@db/shop",
        "sqlite:///" + "x" * 5_000,
    ],
)
def test_what_is_not_understood_is_refused(uri: object) -> None:
    """The refusal says what to write and does not repeat the URI."""
    with pytest.raises(BadUri, match=r"write (one of these: )?(postgresql|sqlite)://") as caught:
        check_uri(uri)
    assert CANARY not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_messages_are_scrubbed() -> None:
    """Whatever form a driver repeats the secret in, it is taken out; other words stay."""
    uri = f"postgresql://me:{CANARY}%40x@db/shop?sslpassword=hunter22&port=5432"
    for text in (uri, f"{CANARY}%40x", f"{CANARY}@x", f"me:{CANARY}%40x", "hunter22"):
        assert scrub(f"no {text} here", uri) == "no *** here"
    assert scrub("cannot reach db:5432", uri) == "cannot reach db:5432"
    assert scrub("a cat sat", "postgresql://me:a@db/x") == "a cat sat"
