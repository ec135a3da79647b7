"""Connections that have not shaken hands for TLS count as those of their client from the start."""

import asyncio
import contextlib
import os
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from kai_flow.runtime import connections
from kai_flow.runtime.connections import CONNECTIONS
from kai_flow.runtime.log_limiter import LimitedLines
from kai_flow.runtime.serving import serving
from tests.integration.test_http_limits import Connection, app, rest
from tests.integration.waiting import until
from tests.own_ca import make_certificate

Connect = Callable[[], Awaitable[Connection]]


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """The server's part of TLS; this process trusts its certificate."""
    authority = make_certificate(tmp_path, "localhost", "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(tmp_path / "kai.pem", tmp_path / "kai-key.pem")
    return served


@pytest.fixture
async def port(context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """The port of a server with https, whose clients are on another machine and may have two."""
    monkeypatch.setattr(connections, "MAX_CLIENT_CONNECTIONS", 2)
    monkeypatch.setattr(connections, "client_at", lambda address: f"another machine {address}")
    monkeypatch.setattr(CONNECTIONS, "_open", {})
    monkeypatch.setattr(connections.log, "filters", [LimitedLines()])
    async with serving(app, "127.0.0.1", 0, what="a test", setting="NONE", tls=context) as bound:
        yield bound
    assert len(CONNECTIONS) == 0
    assert not CONNECTIONS._of_clients


@pytest.fixture
async def connect(port: int) -> AsyncIterator[Connect]:
    """Opens connections to it that say nothing."""
    async with contextlib.AsyncExitStack() as opened:

        async def connect() -> Connection:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            opened.callback(writer.close)
            return reader, writer

        yield connect


async def ask(port: int) -> int:
    """The status of a request over https."""
    trusting = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
    async with httpx.AsyncClient(verify=trusting, trust_env=False) as http:
        return (await http.get(f"https://localhost:{port}/")).status_code


async def test_unfinished_handshakes_are_limited_for_each_client(
    connect: Connect, port: int, caplog: pytest.LogCaptureFixture
) -> None:
    """§8.4: the third connection is reset at once; when one of two has gone, another comes."""
    before = CONNECTIONS.ended["client_full"]
    held = [await connect() for _ in range(2)]
    await until(lambda: len(CONNECTIONS) == 2)
    async with asyncio.timeout(5):  # and not after the time for a handshake
        assert await rest((await connect())[0]) == b""
    with pytest.raises(httpx.TransportError):
        await ask(port)
    assert CONNECTIONS.ended["client_full"] >= before + 2
    lines = [r.getMessage() for r in caplog.records if r.name == connections.__name__]
    assert lines == ["one client has 2 connections: its new ones are reset"]
    held[0][1].close()
    await until(lambda: len(CONNECTIONS) == 1)
    assert await ask(port) == 200


async def test_a_connection_counts_once(port: int) -> None:
    """Before its handshake, after it and until it ends: many come one after the other."""
    for _ in range(6):
        assert await ask(port) == 200
    await until(lambda: len(CONNECTIONS) == 0)


async def test_what_is_no_tls_is_closed_and_counted(connect: Connect) -> None:
    """A request in clear, and a client that leaves: neither is counted for longer than it lasts."""
    before = CONNECTIONS.ended["handshake"]
    reader, writer = await connect()
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    await rest(reader)
    (await connect())[1].close()
    await until(lambda: len(CONNECTIONS) == 0)
    assert CONNECTIONS.ended["handshake"] == before + 2


async def test_a_server_stops_while_hands_are_shaken(context: ssl.SSLContext) -> None:
    """It waits for nobody who has not got as far as a request."""
    async with serving(app, "127.0.0.1", 0, what="a test", setting="NONE", tls=context) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await until(lambda: len(CONNECTIONS) > 0)
        began = time.monotonic()
    assert time.monotonic() - began < 4
    assert await rest(reader) == b""
    writer.close()
