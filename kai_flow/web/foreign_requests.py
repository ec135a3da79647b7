"""Refuses requests that a foreign web page makes the browser send to the bridge.

A web page can make a browser send requests to localhost. It cannot choose the `Host` header (DNS
rebinding shows in it) and cannot hide its `Origin`, so both are checked on every request.
"""

from collections.abc import Iterable
from urllib.parse import urlsplit

from litestar.datastructures import Headers
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from kai_flow.web.problems import problem


class ForeignRequestGuard(ASGIMiddleware):
    """Refuses a foreign `Host` and a cross-site `Origin` with 403.

    `hosts` are the names by which the bridge may be called. `origins` are the web origins that may
    call it, in addition to its own.
    """

    scopes = (ScopeType.HTTP,)

    def __init__(self, hosts: Iterable[str], origins: Iterable[str]) -> None:
        self._hosts = frozenset(hosts)
        self._origins = frozenset(origins)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Pass the request on, or raise the refusal."""
        headers = Headers.from_scope(scope)
        host = headers.get("host", "")
        if _name(host) not in self._hosts:
            raise problem(
                403,
                f"the Host {host[:100]!r} is not this bridge's; call it as localhost, or set "
                "KAI_BRIDGE_URL to the address others use",
            )
        origin = headers.get("origin")
        own = origin is not None and _netloc(origin) == host
        if origin is not None and not own and origin not in self._origins:
            raise problem(
                403,
                f"pages of the origin {origin[:100]!r} may not call this bridge; "
                "add it to KAI_CORS_ORIGINS to allow it",
            )
        if origin is None and headers.get("sec-fetch-site") == "cross-site":
            raise problem(
                403,
                "pages of other sites may not load this; call it with CORS, from an origin in "
                "KAI_CORS_ORIGINS",
            )
        await next_app(scope, receive, send)


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _netloc(origin: str) -> str | None:
    """The host and port of an origin; None when it is no URL."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None
