"""HTTP without detours: past proxies, and with one kind of error for what the network does."""

import os
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import certifi
import httpx
import pytest
from anyio._backends._asyncio import SocketStream, StreamProtocol
from anyio.abc import SocketAttribute

from kai_flow.stream.direct_http import direct_http, network_errors, require_url
from kai_flow.stream.errors import InvalidUrl
from kai_flow.stream.trusted import BadCertificates


async def test_what_a_reset_leaves_under_uvloop_is_a_network_error() -> None:
    """A connection that has no socket any more fails like any that is reset."""
    transport: Any = SimpleNamespace(get_extra_info=lambda _: None)
    stream = SocketStream(transport, StreamProtocol())
    with pytest.raises(httpx.ConnectError, match="reset as it opened"), network_errors():
        stream.extra(SocketAttribute.raw_socket)


def test_a_mistake_of_ours_is_no_network_error() -> None:
    """An AttributeError that does not come from the network's libraries passes as it is."""
    with pytest.raises(AttributeError, match="nonsense"), network_errors():
        cast("Any", object()).nonsense()


async def test_certificates_are_read_once_until_they_change(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Reading them takes 20 ms: not for each attempt, but again for another version of the file."""
    read = 0
    real = httpx.create_ssl_context

    def counted(**options: Any) -> Any:
        nonlocal read
        read += 1
        return real(**options)

    monkeypatch.setattr(httpx, "create_ssl_context", counted)
    own = tmp_path / "ca.pem"
    shutil.copy(certifi.where(), own)
    monkeypatch.setenv("SSL_CERT_FILE", str(own))
    for version in range(1, 4):
        os.utime(own, ns=(0, version))
        for _ in range(5):
            async with direct_http(1.0):
                pass
        assert read == version


async def test_an_own_certificate_authority_is_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxies of the environment are ignored, `SSL_CERT_FILE` is not."""
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/ca.pem")
    with pytest.raises(BadCertificates):
        direct_http(1.0)


def test_every_client_is_made_in_one_place() -> None:
    """No program makes an HTTP client by another rule."""
    root = Path(__file__).parents[2]
    sources = [*root.glob("kai_flow/**/*.py"), *root.glob("api/**/*.py")]
    makers = [source.name for source in sources if "AsyncClient(" in source.read_text()]
    assert makers == ["direct_http.py"]


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8092", "//localhost", "", "ftp://host/", "http://", "http://a..b/",
        f"http://{'a' * 64}.test/", "http://host:99999/", "http://host:port/", "http://[::1",
    ],
)  # fmt: skip
def test_a_url_that_leads_nowhere_is_refused(url: str) -> None:
    """What no retry can mend is said at once, with an example of what is right."""
    with pytest.raises(InvalidUrl, match="one looks like http://right"):
        require_url(url, "it", "http://right")


@pytest.mark.parametrize(
    "url", ["http://localhost:8092", "https://h.test/a?b", "http://[::1]:80/", "HTTP://ä.test"]
)
def test_a_url_that_may_lead_somewhere_is_taken(url: str) -> None:
    """Whether anybody listens there is not asked."""
    require_url(url, "it", "http://right")
