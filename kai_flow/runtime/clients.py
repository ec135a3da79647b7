"""Names the clients of a server by their addresses."""

from collections.abc import Hashable, Mapping
from ipaddress import IPv6Address, ip_address
from typing import Any, Final

PEER: Final = "kai_flow.peer"
"""In a scope's `extensions`: the pair of host and port that the connection itself has."""

_HOST_BITS: Final = 64  # of an IPv6 address: what one subscriber of a network may choose
_FORWARDED_LOOPBACK: Final = "loopback"  # whoever a proxy says is on this machine, as one client


def client_of(scope: Mapping[str, Any]) -> Hashable | None:
    """The client of an ASGI request; None: nobody knows, or it is on this machine, and not limited.

    Only a connection from this machine is exempt. Whoever is behind a proxy may have a say in the
    address that the proxy forwards, so a loopback address there is one of a client as any other.
    """
    named = scope.get("client")
    if not named:
        return None
    client = client_at(named[0])
    return _FORWARDED_LOOPBACK if client is None and _is_forwarded(scope) else client


def client_at(address: str) -> Hashable | None:
    """The client whose connection is from an address; None: this machine, which is not limited.

    A network gives one subscriber many IPv6 addresses, so their first half names the client.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return address  # a proxy's own name for a client
    if isinstance(found, IPv6Address):
        found = found.ipv4_mapped or found
    if found.is_loopback:
        return None
    if isinstance(found, IPv6Address):
        return int(found) >> _HOST_BITS
    return found


def _is_forwarded(scope: Mapping[str, Any]) -> bool:
    """Whether a proxy has named the client of a request."""
    peer = (scope.get("extensions") or {}).get(PEER)
    if peer is None:  # another server, which may believe its proxies without telling
        return any(name == b"x-forwarded-for" for name, _ in scope.get("headers", ()))
    return scope["client"] is not peer  # not even an equal one: a header can name host and port
