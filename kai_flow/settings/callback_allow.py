"""Whom a worker may call: what the entries of `KAI_CALLBACK_ALLOW` allow (protocol §8.2).

The rule: a decision is about the addresses that a host name has, and not about the name alone.
Whoever controls the DNS of a listed name cannot send a worker to a place of the site's own.
"""

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, NamedTuple

import msgspec

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

THIS_MACHINE: Final = "loopback"  # as the host of an entry: localhost, 127.0.0.0/8 and ::1

STANDARD: Final = -1  # as the port of an entry: 80 for http, 443 for https
OF_BRIDGE: Final = -2  # the port of this deployment's bridge, which is not known yet
ANY: Final = 0

_STANDARD_PORTS: Final = {"http": 80, "https": 443}

# Names that nobody can register in the public DNS: those of one label, as Compose and Kubernetes
# give them to services, and those under the domains for private use.
_INTERNAL: Final = (".internal", ".local", ".svc", ".home.arpa")

_PRIVATE: Final = tuple(
    ip_network(each)
    for each in ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
)
# Of the IANA's registries of special addresses, version by version of the standard library another
# part is in `is_global`. IPv6 beyond 2000::/3 is not assigned to anybody.
_SPECIAL: Final = tuple(
    ip_network(each)
    for each in (
        "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24",
        "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
        "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
    )
)  # fmt: skip
# Where clouds keep credentials, within networks that names may lead to: Azure, Alibaba Cloud, AWS,
# Google Cloud and Scaleway. 169.254.169.254 is special anyway.
_CLOUDS: Final = tuple(
    ip_network(each)
    for each in (
        "168.63.129.16/32", "100.100.100.200/32", "fd00:ec2::/32", "fd20:ce::254/128",
        "fd00:42::42/128",
    )
)  # fmt: skip
_ASSIGNED: Final = ip_network("2000::/3")
_MAPPED: Final = IPv6Network("::ffff:0:0/96")
_NAT64: Final = IPv6Network("64:ff9b::/96")

_NAME: Final = re.compile(r"[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?")
_WHERE: Final = "to KAI_CALLBACK_ALLOW where the worker runs"


class Place(NamedTuple):
    """Where a URL leads: its host, in lower case and without brackets, and its port."""

    scheme: str
    host: str
    port: int

    @property
    def literal(self) -> Address | None:
        """The address that the host is; None: it is a name."""
        return _address(self.host)

    @property
    def standard(self) -> bool:
        """Whether the port is that of the scheme."""
        return self.port == _STANDARD_PORTS[self.scheme]


class Entry(msgspec.Struct, frozen=True):
    """A name, a network (one address is one as well) or this machine, at one port or at any."""

    host: str | IPv4Network | IPv6Network
    port: int

    def __str__(self) -> str:
        """As it is written in the setting."""
        host = self.host if isinstance(self.host, str) else _written(self.host)
        if self.port in {STANDARD, OF_BRIDGE}:
            return host
        host = f"[{host}]" if ":" in host else host
        return f"{host}:{'*' if self.port == ANY else self.port}"

    def is_at(self, place: Place) -> bool:
        """Whether it is about the port of the place."""
        return self.port in {ANY, place.port} or (self.port == STANDARD and place.standard)

    def names(self, host: str) -> bool:
        """Whether it lists this host name."""
        return host == ("localhost" if self.host == THIS_MACHINE else self.host)

    @property
    def is_for_all_names(self) -> bool:
        """Whether it is a network of several addresses, which is for every name in it."""
        return not isinstance(self.host, str) and self.host.num_addresses > 1

    def covers(self, address: Address) -> bool:
        """Whether it lists this address."""
        if isinstance(self.host, str):
            return self.host == THIS_MACHINE and address.is_loopback
        return address in self.host


class AllowList(msgspec.Struct, frozen=True):
    """The entries. An empty list allows nothing."""

    entries: tuple[Entry, ...] = (Entry(THIS_MACHINE, OF_BRIDGE),)

    def beside(self, port: int, bridges: Iterable[Place] = ()) -> "AllowList":
        """The list for a worker of a deployment whose bridge listens on `port`; 0: on no known one.

        `bridges` are where others reach it, which the list then allows as well.
        """
        found = [
            Entry(entry.host, port) if entry.port == OF_BRIDGE else entry
            for entry in self.entries
            if port or entry.port != OF_BRIDGE
        ]
        found += [Entry(_entry_for(bridge).host, bridge.port) for bridge in bridges]
        return AllowList(tuple(dict.fromkeys(found)))

    def depends_on_addresses(self, place: Place) -> bool:
        """Whether a host name is listed, or may be allowed by its addresses: it is looked up."""
        return any(
            entry.is_at(place) and (entry.names(place.host) or entry.is_for_all_names)
            for entry in self.entries
        )

    def refusal(self, place: Place, addresses: Sequence[Address]) -> str | None:
        """Why the place may not be called, with the entry to add; None: it may.

        `addresses` are all those of its host name. They count for nothing if the host is one.
        """
        here = [entry for entry in self.entries if entry.is_at(place)]
        literal = place.literal
        if literal is not None:
            allowed = any(entry.covers(_plain(literal)) for entry in here)
            return None if allowed else _not_listed(place)
        if not any(entry.names(place.host) for entry in here):
            wide = [entry for entry in here if entry.is_for_all_names]
            allowed = bool(wide) and all(
                any(entry.covers(_plain(address)) for entry in wide) for address in addresses
            )
            return None if allowed else _not_listed(place)
        for address in map(_plain, addresses):
            if not (
                _may_stand_behind(place.host, address)
                or any(entry.covers(address) for entry in here)
            ):
                return (
                    f"callback_url names {_shown(place)}, whose address {address} is none that a "
                    f"name may have without being listed; if it is right, add "
                    f"{_entry_for(place._replace(host=str(address)))} {_WHERE}."
                )
        return None


def read_allow_list(text: str) -> AllowList:
    """The entries of a text, separated by commas; raises ValueError for what is none."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    return AllowList(tuple(dict.fromkeys(map(_entry, parts))))


def _entry(text: str) -> Entry:
    host, port = _divided(text.lower())
    if host == THIS_MACHINE:
        return Entry(host, OF_BRIDGE if port == STANDARD else port)
    network = _network(host, text)
    if network is not None:
        return Entry(network, port)
    if not _NAME.fullmatch(host) or host.replace(".", "").isdecimal():
        raise ValueError(_wrong(text))
    return Entry(host, port)


def _divided(text: str) -> tuple[str, int]:
    """Host and port; an IPv6 address with a port has brackets."""
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or ":" not in host or (rest and not rest.startswith(":")):
            raise ValueError(_wrong(text))
        port = rest[1:] if rest else None
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    else:
        host, port = text, None
    if port is None:
        return host, STANDARD
    if port == "*":
        return host, ANY
    if not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 2**16:
        raise ValueError(_wrong(text))
    return host, int(port)


def _network(host: str, text: str) -> Network | None:
    """The network or the address; None: it may be a name. Raises ValueError."""
    address, slash, _ = host.partition("/")
    if "%" in host or (_address(address) is None and (slash or ":" in host)):
        raise ValueError(_wrong(text))
    if _address(address) is None:
        return None
    try:
        network = ip_network(host)
    except ValueError as wrong:
        raise ValueError(f"{_wrong(text)} ({wrong})") from None
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        return IPv4Network((_plain(network.network_address), network.prefixlen - 96))
    return network


def _wrong(text: str) -> str:
    return (
        f"{text[:80]!a} must be a host name, an address, a network or the word loopback, "
        "without scheme or path; append :PORT, or :* for any port, unless it is 80 or 443, "
        "for example loopback,hooks.example.com:8443,10.0.0.0/8:8092"
    )


def _address(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _plain(address: Address) -> Address:
    """An IPv4 address as itself, also where an IPv6 address leads to it."""
    if isinstance(address, IPv6Address) and (address in _MAPPED or address in _NAT64):
        return IPv4Address(int(address) % 2**32)
    return address


def _may_stand_behind(name: str, address: Address) -> bool:
    """Whether a listed name may have this address, although the list has no such address."""
    if name == "localhost":
        return address.is_loopback
    if any(address in network for network in _CLOUDS):
        return False
    if any(address in network for network in _PRIVATE):
        return "." not in name or name.endswith(_INTERNAL)
    if isinstance(address, IPv6Address) and address not in _ASSIGNED:
        return False
    return not any(address in network for network in _SPECIAL)


def _written(network: Network) -> str:
    return str(network if network.num_addresses > 1 else network.network_address)


def _entry_for(place: Place) -> Entry:
    """The narrowest entry that allows it."""
    port = STANDARD if place.standard else place.port
    literal = place.literal
    if place.host == "localhost" or (literal is not None and _plain(literal).is_loopback):
        return Entry(THIS_MACHINE, place.port)
    return Entry(place.host if literal is None else ip_network(_plain(literal)), port)


def _shown(place: Place) -> str:
    host = f"[{place.host}]" if ":" in place.host else place.host
    return f"{host}:{place.port}"


def _not_listed(place: Place) -> str:
    return (
        f"callback_url names {_shown(place)}, which this worker may not call; add "
        f"{_entry_for(place)} {_WHERE}."
    )
