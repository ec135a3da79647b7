"""A worker's clients for callback URLs: checked, looked up once, and pinned (protocol §8.2)."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

import httpx

from kai_flow.settings import Settings
from kai_flow.settings.callback_allow import Address, AllowList, Place
from kai_flow.stream.direct_http import direct_http, require_callback_url
from kai_flow.stream.http_posts import POST_TIMEOUT_SECONDS
from kai_flow.worker.failures import bad_input
from kai_flow.worker.pinned_transport import PinnedTransport, place_of

LOOKUP_SECONDS: Final = 2.0
CONNECT_SECONDS: Final = 2.0  # less than a POST may take, so that others are tried

Resolve = Callable[[str], Awaitable[Sequence[Address]]]
"""All addresses of a host name. Raises OSError."""


def allowed_by(settings: Settings) -> AllowList:
    """Whom a worker with these settings may call."""
    urls = (settings.bridge_url, *settings.more_bridge_urls)
    bridges = [place_of(httpx.URL(url)) for url in urls if url is not None]
    return settings.callback_allow.beside(settings.bridge_port, bridges)


async def resolve(host: str) -> Sequence[Address]:
    """Ask the system, in a thread. Raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(ip_address(each[4][0]) for each in found))


@dataclass
class _Shared:
    """A client, and how many attempts use it."""

    http: httpx.AsyncClient
    users: int = 0


class Callbacks:
    """Checks callback URLs, and has a client for each place that attempts call.

    Attempts that call the same addresses of a place have one client, so that they share its
    connections and their POSTs.
    """

    def __init__(self, allow: AllowList, resolver: Resolve = resolve) -> None:
        self._allow = allow
        self._resolve = resolver
        self._shared: dict[tuple[Place, frozenset[Address]], _Shared] = {}

    @asynccontextmanager
    async def client_for(self, url: str) -> AsyncIterator[httpx.AsyncClient]:
        """The client for an attempt that calls this URL, and nothing else.

        Raises InvalidUrl, or an ApplicationError that no retry mends: the worker may not call it.
        A name that cannot be looked up now counts as a receiver that is down.
        """
        require_callback_url(url)
        place = place_of(httpx.URL(url))
        addresses = await self._addresses(place)
        key = (place, frozenset(addresses))
        shared = self._shared.get(key)
        if shared is None:
            transport = PinnedTransport(place, addresses, lambda: self._look_up_again(place))
            timeout = httpx.Timeout(POST_TIMEOUT_SECONDS, connect=CONNECT_SECONDS)
            shared = self._shared[key] = _Shared(direct_http(timeout, transport))
        shared.users += 1
        try:
            yield shared.http
        finally:
            shared.users -= 1
            if not shared.users:
                del self._shared[key]
                await shared.http.aclose()

    async def _addresses(self, place: Place) -> Sequence[Address]:
        """Those of the place, all of them allowed; none if they are not to be had now."""
        literal = place.literal
        addresses: Sequence[Address] = () if literal is None else (literal,)
        if literal is None and self._allow.depends_on_addresses(place):
            try:
                addresses = await self._look_up(place)
            except OSError:
                return ()
        refusal = self._allow.refusal(place, addresses)
        if refusal is not None:
            raise bad_input(refusal)
        return addresses

    async def _look_up_again(self, place: Place) -> Sequence[Address]:
        """The checked addresses of now. Raises httpx.ConnectError."""
        try:
            addresses = [place.literal] if place.literal else await self._look_up(place)
        except OSError as error:
            raise httpx.ConnectError(f"{place.host} cannot be looked up: {error}") from error
        refusal = self._allow.refusal(place, addresses)
        if refusal is not None:
            raise httpx.ConnectError(refusal)
        return addresses

    async def _look_up(self, place: Place) -> Sequence[Address]:
        """Raises OSError, which a TimeoutError is as well."""
        async with asyncio.timeout(LOOKUP_SECONDS):
            addresses = await self._resolve(place.host)
        if not addresses:
            raise OSError("it has no address")
        return addresses
