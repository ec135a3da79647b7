"""A client of a server is named by its address."""

import pytest

from kai_flow.runtime.clients import client_at


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
