"""What one client may take of a server: heads, silence, connections, bodies, log lines."""

import asyncio
import contextlib
import ipaddress
import logging
import resource
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from temporalio.client import Client

from kai_flow.runtime import connections, http_protocol
from kai_flow.runtime.connections import CONNECTIONS
from kai_flow.runtime.http_protocol import MAX_HEAD_BYTES
from kai_flow.runtime.log_limiter import LimitedLines, LogLimiter
from kai_flow.runtime.metrics_port import process_metrics
from kai_flow.runtime.serving import SPARE_DESCRIPTORS, serving
from kai_flow.stream.tally import Histogram
from tests.integration.conftest import worker_on
from tests.integration.waiting import until

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[], Awaitable[Connection]]

STREAMS: list[asyncio.Event] = []  # of the app's open streams; set when their reader has left

HEADERS: list[list[tuple[bytes, bytes]]] = []  # of each request, once the app has read its body


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answers a GET at once, and a POST once its body is whole; streams `/stream` until it ends."""
    if scope["type"] != "http":
        return
    body = b""
    while scope["method"] == "POST" and (message := await receive())["type"] == "http.request":
        body += message["body"]
        if not message["more_body"]:
            break
    HEADERS.append(list(scope["headers"]))
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if scope["path"] == "/stream":
        await send({"type": "http.response.body", "body": b"first\n", "more_body": True})
        left = asyncio.Event()
        STREAMS.append(left)
        while (await receive())["type"] != "http.disconnect":
            pass
        left.set()
        STREAMS.remove(left)
        return
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
async def port(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> AsyncIterator[int]:
    """The port of a server with that app."""
    # Other tests, in this process, may have limited the same lines a moment ago, or set levels.
    lines = logging.getLogger("uvicorn.error")
    monkeypatch.setattr(lines, "filters", [])
    monkeypatch.setattr(lines, "disabled", False)
    monkeypatch.setattr(lines, "propagate", True)
    caplog.set_level(logging.WARNING, lines.name)
    monkeypatch.setattr(connections.log, "filters", [LimitedLines()])
    async with serving(app, "127.0.0.1", 0, what="a test", setting="NONE") as port:
        yield port


@pytest.fixture
async def connect(port: int) -> AsyncIterator[Connect]:
    """Open connections to it, which are closed at the end."""
    async with contextlib.AsyncExitStack() as opened:

        async def connect() -> Connection:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            opened.callback(writer.close)
            return reader, writer

        yield connect


async def rest(reader: asyncio.StreamReader) -> bytes:
    """Everything until the server closes; the test's own timeout bounds the wait."""
    with contextlib.suppress(ConnectionResetError):
        return await reader.read()
    return b""


async def send_until_refused(writer: asyncio.StreamWriter, data: bytes, most: int) -> int:
    """Send until the server closes or `most` bytes are away; how many they were."""
    sent = 0
    with contextlib.suppress(ConnectionError):
        while sent < most:
            writer.write(data)
            await writer.drain()
            sent += len(data)
    return sent


@pytest.mark.parametrize(
    "start",
    [b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: ", b"GET /", b"GET / HTTP/1.1\r\nA: b\r\n"],
    ids=["one header", "target", "many headers"],
)
async def test_a_head_without_end_is_refused(connect: Connect, start: bytes) -> None:
    """A request head is refused once it exceeds its bound, long before its sender has finished."""
    reader, writer = await connect()
    more = b"X-More: 1\r\n" * 1_000 if start.endswith(b"\r\n") else b"a" * 10_000
    writer.write(start)
    answer = asyncio.create_task(rest(reader))
    sent = await send_until_refused(writer, more, 24 * 2**20)
    assert sent < 24 * 2**20
    # The answer can be lost in the reset that the rest of the head causes; the close cannot.
    got = await answer
    assert got == b"" or got.startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("start", [b"", b"X-Long: "], ids=["many fields", "one field"])
@pytest.mark.parametrize("target", ["GET /", "POST /", "GET /stream"])
async def test_fields_without_end_behind_a_body_are_refused(
    connect: Connect, target: str, start: bytes
) -> None:
    """The header fields that may follow a chunked body have the bound of a request head."""
    reader, writer = await connect()
    more = b"a" * 10_000 if start else b"X-More: 1\r\n" * 1_000
    head = f"{target} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    writer.write(head.encode() + b"2\r\n{}\r\n0\r\n" + start)
    answer = asyncio.create_task(rest(reader))
    assert await send_until_refused(writer, more, 24 * 2**20) < 24 * 2**20
    await answer


async def test_fields_behind_a_body_are_no_headers_of_the_request(connect: Connect) -> None:
    """What follows a chunked body is left out; the request is answered, and so is the next one."""
    reader, writer = await connect()
    for _ in range(2):
        writer.write(
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"3\r\nabc\r\n0\r\nOrigin: http://evil\r\n\r\n"
        )
        answer = await reader.readuntil(b"ok")
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert HEADERS[-1] == [(b"host", b"x"), (b"transfer-encoding", b"chunked")]
        await reader.readuntil(b"0\r\n\r\n")


async def test_a_head_too_large_in_one_piece_is_refused(connect: Connect) -> None:
    """The bound holds exactly for a head that comes whole, and the refusal says what it is."""
    answers = []
    for size in (MAX_HEAD_BYTES - 100, MAX_HEAD_BYTES):
        reader, writer = await connect()
        writer.write(b"GET / HTTP/1.1\r\nConnection: close\r\nX: " + b"a" * size + b"\r\n\r\n")
        answers.append(await rest(reader))
    taken, refused = answers
    assert taken.startswith(b"HTTP/1.1 200 ")
    assert refused.startswith(b"HTTP/1.1 431 ")
    assert b"64 KiB" in refused


async def test_a_head_in_many_pieces_is_taken(connect: Connect) -> None:
    """Requests come in pieces of any size, several on one connection."""
    reader, writer = await connect()
    request = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
    for _ in range(3):
        for byte in request:
            writer.write(bytes([byte]))
            await writer.drain()
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        assert b"ok" in await reader.readuntil(b"0\r\n\r\n")


@pytest.mark.parametrize(
    "said",
    [b"", b"\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n"],
    ids=["nothing", "blank lines", "half a head"],
)
async def test_a_silent_connection_is_closed(
    connect: Connect, said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that brings no whole request head in time is closed."""
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.2)
    reader, writer = await connect()
    writer.write(said)
    assert await rest(reader) == b""


async def test_a_connection_that_drips_after_an_answer_is_closed(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes that are no request keep no connection open between two requests."""
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.2)
    reader, writer = await connect()
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    await reader.readuntil(b"0\r\n\r\n")
    closed = asyncio.create_task(rest(reader))
    while not closed.done():
        with contextlib.suppress(ConnectionError):
            writer.write(b"\r\n")
            await writer.drain()
        await asyncio.sleep(0.02)
    assert closed.result() == b""


async def test_a_body_that_drips_after_its_answer_holds_no_connection(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes of a body whose request has been answered keep no connection open."""
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.2)
    reader, writer = await connect()
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
    await reader.readuntil(b"0\r\n\r\n")
    writer.write(b"x")
    assert await rest(reader) == b""


async def test_a_reader_of_a_stream_may_be_silent(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads a stream owes no further request: the stream outlasts the bound on heads."""
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.1)
    reader, writer = await connect()
    writer.write(b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
    await reader.readuntil(b"first\n\r\n")
    silent_reader, _ = await connect()
    assert await rest(silent_reader) == b""  # a younger connection that owed a head is closed
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await reader.read()  # the stream is still open


async def test_a_request_before_the_last_answer_ends_the_connection(connect: Connect) -> None:
    """Requests do not pile up behind an answer, and the app sees that its stream has ended."""
    reader, writer = await connect()
    writer.write(b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
    await reader.readuntil(b"first\n\r\n")
    (streaming,) = STREAMS
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 1_000)
    assert await rest(reader) == b""
    await streaming.wait()


async def test_connections_beyond_the_limit_are_reset(
    connect: Connect, port: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Beyond the limit a connection is reset, the others go on, and the log has one line."""
    monkeypatch.setattr(CONNECTIONS, "limit", 3)
    monkeypatch.setattr(CONNECTIONS, "_open", {})
    held = [await connect() for _ in range(3)]
    held[0][1].write(b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
    await held[0][0].readuntil(b"first\n\r\n")
    for _ in range(5):
        reader, writer = await connect()
        with contextlib.suppress(ConnectionError):
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await rest(reader) == b""
    held[1][1].write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert (await rest(held[1][0])).startswith(b"HTTP/1.1 200 ")
    lines = [r.getMessage() for r in caplog.records if r.name == connections.__name__]
    assert lines == ["all 3 connections are in use: new ones are reset"]


async def test_one_client_cannot_take_all_connections(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Beyond its limit its connections are reset; a proxy, which has many clients, has no limit."""
    monkeypatch.setattr(connections, "MAX_CLIENT_CONNECTIONS", 2)
    monkeypatch.setattr(connections, "client_at", lambda address: f"another machine {address}")
    held = [await connect() for _ in range(2)]
    reader, writer = await connect()
    with contextlib.suppress(ConnectionError):
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert await rest(reader) == b""
    for one in held:
        one[1].write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert (await rest(one[0])).startswith(b"HTTP/1.1 200 ")
    monkeypatch.setattr(CONNECTIONS, "proxies", (ipaddress.ip_network("127.0.0.0/8"),))
    for one in [await connect() for _ in range(4)]:
        one[1].write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert (await rest(one[0])).startswith(b"HTTP/1.1 200 ")
    lines = [r.getMessage() for r in caplog.records if r.name == connections.__name__]
    assert lines == ["one client has 2 connections: its new ones are reset"]


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        ("slow_head", b"GET / HTTP/1.1\r\n"),
        ("large_head", b"GET / HTTP/1.1\r\nX: " + b"a" * MAX_HEAD_BYTES),
        ("pipelined", b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n" * 2),
    ],
)
async def test_what_a_limit_has_ended_is_counted_by_its_cause(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, cause: str, said: bytes
) -> None:
    """Once for each connection, in the metrics of the process, and without any name of a client."""
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.2)
    monkeypatch.setattr(CONNECTIONS, "ended", Counter())
    [metric] = [one for one in process_metrics(Histogram(())) if "_ended_" in one.name]
    assert not any(metric.samples().values())
    reader, writer = await connect()
    writer.write(said)
    await rest(reader)
    await until(lambda: metric.samples()[cause,] == 1)
    assert sum(metric.samples().values()) == 1


async def test_all_servers_of_a_process_share_the_limit(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second server takes no connections beyond the limit, which is that of the descriptors."""
    async with serving(app, "127.0.0.1", 0, what="another test", setting="NONE") as second:
        monkeypatch.setattr(CONNECTIONS, "limit", 2)
        monkeypatch.setattr(CONNECTIONS, "_open", {})
        for _ in range(2):
            reader, writer = await connect()
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            await reader.readuntil(b"0\r\n\r\n")
        reader, writer = await asyncio.open_connection("127.0.0.1", second)
        with contextlib.suppress(ConnectionError):
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await rest(reader) == b""
        writer.close()


async def test_a_server_leaves_descriptors_for_its_own_work(port: int) -> None:
    """Connections never use up the descriptors that the process needs for Temporal and files."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert soft - CONNECTIONS.limit >= SPARE_DESCRIPTORS


async def test_what_cannot_be_parsed_is_logged_seldom(
    connect: Connect, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that sends garbage gets 400 each time, and writes one line to the log."""
    for limited in logging.getLogger("uvicorn.error").filters:  # shared with every other server
        if isinstance(limited, LimitedLines):
            monkeypatch.setattr(limited, "_limiter", LogLimiter())
    for _ in range(20):
        reader, writer = await connect()
        writer.write(b"\x00\x01garbage\r\n\r\n")
        assert (await rest(reader)).startswith(b"HTTP/1.1 400 ")
    lines = [r for r in caplog.records if r.name == "uvicorn.error" and r.levelno > logging.INFO]
    assert len(lines) == 1


async def test_the_health_port_of_a_worker_has_the_same_bounds(
    client: Client, session_id: str
) -> None:
    """A request head without end does not occupy the worker, which goes on answering others."""
    async with worker_on(client, session_id) as url:
        port = httpx.URL(url).port
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /healthz HTTP/1.1\r\nX-Long: ")
        assert await send_until_refused(writer, b"a" * 10_000, 24 * 2**20) < 24 * 2**20
        writer.close()
        async with httpx.AsyncClient(trust_env=False) as http:
            assert (await http.get(f"{url}/healthz")).status_code == 200
