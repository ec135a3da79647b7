"""HTTP as every program here does it: straight to the address, failing in one way."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from kai_flow.stream.errors import InvalidUrl

_SCHEMES = ("http", "https")
_NETWORK = ("anyio", "httpcore")  # what httpx opens sockets with


def direct_http(timeout: httpx.Timeout | float) -> httpx.AsyncClient:
    """A client that ignores `HTTP_PROXY`, `HTTPS_PROXY` and `ALL_PROXY`.

    They are set for the web. A proxy between two programs of one site refuses what it is asked, or
    reads along. `SSL_CERT_FILE` and `SSL_CERT_DIR` are heeded all the same.
    """
    context = httpx.create_ssl_context(trust_env=True)
    return httpx.AsyncClient(timeout=timeout, verify=context, trust_env=False)


def require_url(url: str, what: str, example: str) -> None:
    """Raises InvalidUrl when nothing could ever be reached there, and trying again would not help.

    `what` names it in the message, `example` shows a right one.
    """
    try:
        parts = httpx.URL(url)
        host = parts.raw_host.decode("ascii")
        host.encode("idna")  # as the resolver will: it refuses empty labels and long ones
        port = 1 if parts.port is None else parts.port
        usable = parts.scheme in _SCHEMES and bool(host) and 0 < port < 2**16
    except (httpx.InvalidURL, UnicodeError):
        usable = False
    if not usable:
        raise InvalidUrl(f"{what} {url[:200]!r} is not an http:// or https:// URL, as {example} is")


def require_callback_url(url: str) -> None:
    """Raises InvalidUrl when `url` cannot be a callback's, or has a user or a password in it.

    Logs and Temporal's history keep the URL, and a password must not stand there. The message does
    not repeat one either.
    """
    what, example = "callback_url", "http://localhost:8092/events/session-1"
    if _may_hold_credentials(url):
        raise InvalidUrl(
            f"{what} has a user or a password in it, which logs and Temporal's history would keep: "
            f"leave them out, as {example} does"
        )
    require_url(url, what, example)


def _may_hold_credentials(url: str) -> bool:
    """Whether a user or a password is in it, or might be: it has an `@` and no host."""
    try:
        parts = httpx.URL(url)
        return bool(parts.userinfo) or ("@" in url and not parts.host)
    except (httpx.InvalidURL, UnicodeError):
        return "@" in url


@contextmanager
def network_errors() -> Iterator[None]:
    """What the network does wrong comes out as an httpx.HTTPError, whatever loop runs.

    Under uvloop, a connection that is reset the moment it opens has no socket any more, and anyio
    asks None for its peer: an AttributeError. One of our own is a mistake of ours, and passes.
    """
    try:
        yield
    except AttributeError as error:
        if not _comes_from_the_network(error):
            raise
        raise httpx.ConnectError(f"the connection was reset as it opened: {error}") from error


def _comes_from_the_network(error: AttributeError) -> bool:
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    module = "" if place is None else str(place.tb_frame.f_globals.get("__name__"))
    return module.split(".", maxsplit=1)[0] in _NETWORK
