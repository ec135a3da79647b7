"""HTTP between the programs of a site: without proxies, and with one error for network failures."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from kai_flow.stream.errors import InvalidUrl
from kai_flow.stream.trusted import trusted

AS_IT_IS = {"Accept-Encoding": "identity"}  # compressed, a few KiB could fill the memory
_SCHEMES = ("http", "https")
_NETWORK = ("anyio", "httpcore")  # what httpx opens sockets with


def direct_http(
    timeout: httpx.Timeout | float, transport: httpx.AsyncBaseTransport | None = None
) -> httpx.AsyncClient:
    """A client that ignores `HTTP_PROXY`, `HTTPS_PROXY` and `ALL_PROXY`. `timeout` is in seconds.

    These proxies are for the web. One between two programs of a site would refuse the requests, or
    read the events. `SSL_CERT_FILE` and `SSL_CERT_DIR` are respected. `transport` makes the
    requests, by default one of `direct_transport`.
    """
    return httpx.AsyncClient(
        timeout=timeout, transport=transport or direct_transport(), trust_env=False
    )


def direct_transport() -> httpx.AsyncHTTPTransport:
    """What makes the requests of such a client. Raises BadCertificates."""
    return httpx.AsyncHTTPTransport(verify=trusted(), trust_env=False)


async def read_limited(response: httpx.Response, most: int) -> bytes:
    """The body as it was sent, cut after the part that exceeds `most` bytes. Raises HTTPError.

    Nothing is decompressed, whatever the answer says: see AS_IT_IS.
    """
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > most:
            break
    return bytes(body)


def require_url(url: str, what: str, example: str) -> None:
    """Raise InvalidUrl when nothing can ever be reached at `url`, so that a retry would not help.

    `what` names the URL in the message, and `example` is a valid one.
    """
    try:
        parts = httpx.URL(url)
        host = parts.raw_host.decode("ascii")
        host.encode("idna")  # as the resolver does, which refuses empty and long labels
        port = 1 if parts.port is None else parts.port
        usable = parts.scheme in _SCHEMES and bool(host) and 0 < port < 2**16
    except (httpx.InvalidURL, UnicodeError):
        usable = False
    if not usable:
        raise InvalidUrl(
            f"{what} {url[:200]!r} is not an http:// or https:// URL; one looks like {example}"
        )


def require_callback_url(url: str) -> None:
    """Raise InvalidUrl when `url` cannot be a callback URL, or contains a user or a password."""
    _require_shown(url, "callback_url", "http://localhost:8092/events/session-1")


def require_base_url(url: str, what: str) -> None:
    """Raise InvalidUrl when `url` cannot be the base of callback URLs. `what` names it."""
    _require_shown(url, what, "http://localhost:8092")


def _require_shown(url: str, what: str, example: str) -> None:
    """Raise InvalidUrl when nothing can be reached at `url`, or when it contains a password.

    Logs and Temporal's history keep the URL, where a password must not be. The message does not
    repeat it.
    """
    if _may_hold_credentials(url):
        raise InvalidUrl(
            f"{what} has a user or a password in it, which logs and Temporal's history would keep: "
            f"leave them out, as {example} does"
        )
    require_url(url, what, example)


def _may_hold_credentials(url: str) -> bool:
    """Whether it contains a user or a password, or might: it has an `@` and cannot be parsed."""
    try:
        parts = httpx.URL(url)
        return bool(parts.userinfo) or ("@" in url and not parts.host)
    except (httpx.InvalidURL, UnicodeError):
        return "@" in url


@contextmanager
def network_errors() -> Iterator[None]:
    """Raise every network failure as an httpx.HTTPError, whichever event loop runs.

    Under uvloop, a connection that is reset while it opens has no socket, and anyio raises
    AttributeError because it asks None for the peer's address. Only an AttributeError from the
    network libraries is translated: any other one is a bug of this program.
    """
    try:
        yield
    except AttributeError as error:
        if not _comes_from_the_network(error):
            raise
        raise httpx.ConnectError(f"the connection was reset as it opened: {error}") from error


def is_untrusted(error: BaseException) -> bool:
    """Whether a connection has failed because the certificate of the other side does not count."""
    return any(isinstance(each, ssl.SSLCertVerificationError) for each in _causes(error))


def is_unknown_host(error: BaseException) -> bool:
    """Whether a connection has failed because the name of the host leads nowhere."""
    return any(isinstance(each, socket.gaierror) for each in _causes(error))


def speaks_plainly(error: BaseException) -> bool:
    """Whether TLS has failed because the other side has answered with something else."""
    plain = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST")
    return any(isinstance(each, ssl.SSLError) and each.reason in plain for each in _causes(error))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and what has led to it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _comes_from_the_network(error: AttributeError) -> bool:
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    module = "" if place is None else str(place.tb_frame.f_globals.get("__name__"))
    return module.split(".", maxsplit=1)[0] in _NETWORK
