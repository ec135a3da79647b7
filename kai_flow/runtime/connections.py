"""The open connections of all HTTP servers of a process: how many there may be, and of whom.

A connection counts from when it is accepted, also while it still shakes hands for TLS. Further ones
are reset and not answered with 503, because `EventSource` reconnects after a broken connection, but
never after a status other than 200.
"""

import logging
from collections import Counter
from collections.abc import Hashable
from enum import Enum
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final

from kai_flow.runtime.clients import client_at
from kai_flow.runtime.log_limiter import LimitedLines
from kai_flow.stream.log_fields import about

MAX_CONNECTIONS: Final = 20_000  # of a process, if it may have so many descriptors
MAX_CLIENT_CONNECTIONS: Final = 1_000  # of them, of one client on another machine

Network = IPv4Network | IPv6Network

log = logging.getLogger(__name__)
log.addFilter(LimitedLines())


class Cause(Enum):
    """Why a connection was refused or ended by a limit on its client."""

    PROCESS_FULL = "process_full"  # all connections are in use
    CLIENT_FULL = "client_full"  # this client has all that it may have
    HANDSHAKE = "handshake"  # it did not shake hands, or not in time
    SLOW_HEAD = "slow_head"  # no whole request head came in time
    LARGE_HEAD = "large_head"
    PIPELINED = "pipelined"  # a request came before the last answer


class Connections:
    """Those of one process. What holds a connection is any object: its protocol."""

    def __init__(self) -> None:
        self.limit = MAX_CONNECTIONS
        self.proxies: tuple[Network, ...] = ()
        """Addresses that are no clients: each has many."""
        self.ended = Counter[str]()
        """Connections that a limit has ended, by cause."""
        self._open: dict[object, Hashable | None] = {}  # who is the client; None: not limited
        self._of_clients = Counter[Hashable]()

    def __len__(self) -> int:
        """How many are open."""
        return len(self._open)

    def __contains__(self, holder: object) -> bool:
        """Whether this one is counted already."""
        return holder in self._open

    def enter(self, holder: object, address: str | None) -> bool:
        """Count a connection from this address, unless it is one too many: then reset it."""
        client = None if address is None else self._client_at(address)
        if len(self._open) >= self.limit:
            log.warning(
                "all %s connections are in use: new ones are reset",
                self.limit,
                extra=about("connections_exhausted"),
            )
            self.ended[Cause.PROCESS_FULL.value] += 1
            return False
        if client is not None and self._of_clients[client] >= MAX_CLIENT_CONNECTIONS:
            log.warning(
                "one client has %s connections: its new ones are reset",
                MAX_CLIENT_CONNECTIONS,
                extra=about("client_connections_exhausted"),
            )
            self.ended[Cause.CLIENT_FULL.value] += 1
            return False
        self._open[holder] = client
        if client is not None:
            self._of_clients[client] += 1
        return True

    def leave(self, holder: object) -> None:
        """A connection has ended, if it was counted."""
        client = self._open.pop(holder, None)
        if client is not None:
            self._of_clients[client] -= 1
            if not self._of_clients[client]:
                del self._of_clients[client]

    def _client_at(self, address: str) -> Hashable | None:
        """Who it is; None: this machine, or a proxy."""
        client = client_at(address)
        if client is not None and any(ip_address(address) in one for one in self.proxies):
            return None
        return client


CONNECTIONS: Final = Connections()
"""Those of this process, over all its servers."""
