"""Names the clients of a server by their addresses."""

from collections.abc import Hashable
from ipaddress import IPv6Address, ip_address
from typing import Final

_HOST_BITS: Final = 64  # of an IPv6 address: what one subscriber of a network may choose


def client_at(address: str) -> Hashable | None:
    """The client at an address; None: it is on this machine, and is not limited.

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
