"""A client of a server is named by its address."""

from typing import Any

import pytest

from kai_flow.runtime.clients import PEER, client_at, client_of


@pytest.mark.parametrize(
    ("address", "same", "other"),
    [
        ("198.51.100.7", "::ffff:198.51.100.7", "198.51.100.8"),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1"),
        ("unix-socket", "unix-socket", "another"),
    ],
)
def test_a_client_is_an_address_or_the_network_of_a_subscriber(
    address: str, same: str, other: str
) -> None:
    """However it is written."""
    assert client_at(address) == client_at(same) != client_at(other)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "127.8.9.1", "::ffff:127.0.0.1"])
def test_this_machine_is_not_limited(address: str) -> None:
    """Loopback stays as it is: without any setting, and for whatever is tried on it."""
    assert client_at(address) is None


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "127.8.9.1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("told", [True, False])
def test_a_forwarded_loopback_address_is_limited(address: str, told: bool) -> None:
    """Whether the server tells who has connected, or only the head that somebody forwards."""
    peer = ("127.0.0.1", 5_000)
    local: dict[str, Any] = {"client": peer, "headers": [(b"host", b"localhost")]}
    forwarded: dict[str, Any] = {
        "client": (address, 5_000),
        "headers": [(b"x-forwarded-for", f"{address}, 127.0.0.1".encode())],
    }
    if told:
        for scope in (local, forwarded):
            scope["extensions"] = {PEER: peer}
    assert client_of(local) is None
    assert client_of(forwarded) is not None


def test_a_header_that_no_proxy_sends_changes_nothing() -> None:
    """A program on this machine stays exempt where its header is not believed."""
    peer = ("127.0.0.1", 5_000)
    forwarded = [(b"x-forwarded-for", b"198.51.100.7")]
    scope = {"client": peer, "headers": forwarded, "extensions": {PEER: peer}}
    assert client_of(scope) is None


def test_who_is_not_known_is_not_limited() -> None:
    """A server that names no client has none to limit."""
    assert client_of({"client": None}) is client_of({}) is None
