"""What one client of a bridge may use: open streams, requests, bytes, sessions to wait for.

Everything here is counted with times that are given, in seconds of any monotonic clock.
"""

from collections import OrderedDict
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from typing import Final, NamedTuple

MAX_CLIENTS: Final = 10_000  # that are remembered beside those with open streams


class Resource(Enum):
    """What flows, and may flow on."""

    REQUESTS = "requests"
    BYTES = "bytes of events sent by hand"
    ROOMS = "streams for sessions that do not exist"


class Rate(NamedTuple):
    """How much of a resource a client may use: on average, and at once after a pause."""

    per_second: float
    burst: float


ROOMS: Final = Rate(1.0, 60.0)
BYTES: Final = Rate(1024 * 1024, 8 * 1024 * 1024)  # a body has 2 MiB at most
BURST_SECONDS: Final = 4.0  # of its requests a client may make at once


def rates(requests_per_second: int) -> Mapping[Resource, Rate]:
    """All rates of a bridge whose clients may make so many requests."""
    requests = Rate(requests_per_second, BURST_SECONDS * requests_per_second)
    return {Resource.REQUESTS: requests, Resource.BYTES: BYTES, Resource.ROOMS: ROOMS}


class _Client:
    """What one client has used."""

    __slots__ = ("at", "streams", "used")

    def __init__(self, at: float) -> None:
        self.at = at  # when `used` was true
        self.used = dict.fromkeys(Resource, 0.0)  # and not yet given back by the time
        self.streams = 0  # open now

    def settle(self, rates: Mapping[Resource, Rate], now: float) -> None:
        """Give back what the time has."""
        passed = max(0.0, now - self.at)
        for resource, rate in rates.items():
            self.used[resource] = max(0.0, self.used[resource] - passed * rate.per_second)
        self.at = now


class ClientLimits:
    """The clients of one bridge. What names a client is a token's subject, or an address."""

    def __init__(self, rates: Mapping[Resource, Rate], streams: int) -> None:
        self._rates = rates
        self._streams = streams
        self._clients: OrderedDict[Hashable, _Client] = OrderedDict()  # the last used at the end

    def __len__(self) -> int:
        """How many clients are remembered."""
        return len(self._clients)

    def use(self, client: Hashable, resource: Resource, amount: float, now: float) -> float:
        """Use so much of a resource: 0.0, or the seconds to wait because it is refused.

        What is refused is not counted. An amount above the burst counts as the whole burst.
        """
        found = self._found(client, now)
        rate = self._rates[resource]
        asked = min(amount, rate.burst)
        over = found.used[resource] + asked - rate.burst
        if over > 0.0:
            return over / rate.per_second
        found.used[resource] += asked
        return 0.0

    @contextmanager
    def stream(self, client: Hashable, now: float) -> Iterator[bool]:
        """Hold a stream open while the block runs, if the client may open another one."""
        found = self._found(client, now)
        granted = found.streams < self._streams
        found.streams += granted
        try:
            yield granted
        finally:
            found.streams -= granted

    def _found(self, client: Hashable, now: float) -> _Client:
        found = self._clients.get(client)
        if found is None:
            self._make_room()
            found = self._clients[client] = _Client(now)
        self._clients.move_to_end(client)
        found.settle(self._rates, now)
        return found

    def _make_room(self) -> None:
        """Forget the one that was used longest ago, of those without an open stream."""
        if len(self._clients) < MAX_CLIENTS:
            return
        idle = (client for client, found in self._clients.items() if not found.streams)
        if (oldest := next(idle, None)) is not None:
            del self._clients[oldest]
