"""HTTP to addresses that were checked: nothing looks the host name up again (protocol §8.2)."""

from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from typing import Final

import httpx

from kai_flow.settings.callback_allow import Address, Place
from kai_flow.stream.direct_http import direct_transport, network_errors

LookUp = Callable[[], Awaitable[Sequence[Address]]]
"""The checked addresses of a place. Raises httpx.ConnectError: none is known, or one is refused."""

_KEPT_URLS: Final = 256  # one for each session that POSTs there


class PinnedTransport(httpx.AsyncBaseTransport):
    """Connects to `place` at one of `addresses`, in turn, and to nothing else.

    TLS and `Host` remain those of the name. When none of the addresses can be connected to, or
    there are none, `look_up` is asked for those of now.
    """

    def __init__(self, place: Place, addresses: Sequence[Address], look_up: LookUp) -> None:
        self._place = place
        self._addresses = list(addresses)
        self._look_up = look_up
        self._inner = direct_transport()
        self._moved = lru_cache(_KEPT_URLS)(_at)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Make a request. Raises httpx's errors."""
        if place_of(request.url) != self._place:
            raise httpx.ConnectError(f"this client calls no other place than {self._place.host}")
        if not self._addresses:
            self._addresses = list(await self._look_up())
        tried = tuple(self._addresses)
        for address in tried[:-1]:
            try:
                return await self._to(address, request)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        try:
            return await self._to(tried[-1], request)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            self._addresses.clear()
            raise

    async def _to(self, address: Address, request: httpx.Request) -> httpx.Response:
        if self._place.literal is None:
            request = httpx.Request(
                request.method,
                self._moved(request.url, str(address)),
                headers=request.headers,  # with the `Host` of the name
                stream=request.stream,
                extensions=request.extensions | {"sni_hostname": self._place.host},
            )
        try:
            with network_errors():
                return await self._inner.handle_async_request(request)
        except BaseException:  # also when the time of a POST is up: others are tried first
            if address in self._addresses:
                self._addresses.remove(address)
                self._addresses.append(address)
            raise

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


def place_of(url: httpx.URL) -> Place:
    """Where an http or https URL leads."""
    host = url.raw_host.decode("ascii").lower().removesuffix(".")
    return Place(url.scheme, host, url.port or (443 if url.scheme == "https" else 80))


def _at(url: httpx.URL, host: str) -> httpx.URL:
    return url.copy_with(host=host)
