"""What answers as a bridge may be anything: `follow` and `kai ask --bridge` get an error from it.

Neither memory nor time of theirs is its to spend.
"""

import asyncio
import contextlib
import gzip
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from kai_flow.cli.elsewhere import reached
from kai_flow.settings import StartError, load_settings
from kai_flow.stream import StreamLostError, follow, follow_bridge

REFUSAL = b"HTTP/1.1 401 No\r\nContent-Type: application/problem+json\r\n"
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
MIB = 1024 * 1024


def endless(head: bytes, part: bytes) -> Iterator[bytes]:
    """An answer without an end, as whatever reads it can take it."""
    yield head + b"\r\n"
    while True:
        yield part


def once(head: bytes, body: bytes, *fields: bytes) -> Iterator[bytes]:
    """One whole answer."""
    size = b"Content-Length: %d" % len(body)
    yield b"\r\n".join([head.rstrip(), *fields, size, b"", body])


BOMB = gzip.compress(b"a" * 256 * MIB, 9)
REFUSALS = {
    "endless": lambda: endless(REFUSAL, b"a" * MIB),
    "bomb": lambda: once(REFUSAL, BOMB, b"Content-Encoding: gzip"),
    "nested": lambda: once(REFUSAL, b"[" * 200_000),
    "detail": lambda: once(REFUSAL, b'{"detail":' + b"[" * 30_000),
    "no json": lambda: once(REFUSAL, b"\xff\xfe{"),
}
STREAMS = {
    "no end": lambda: endless(STREAM, b"a" * MIB),
    "data": lambda: endless(STREAM, b"data: " + b"a" * MIB + b"\n"),
    "bomb": lambda: once(STREAM, BOMB + b"\n\ndata: 1\n\n", b"Content-Encoding: gzip"),
    "nested": lambda: once(STREAM, b"data: " + b"[" * 200_000 + b"\n\n"),
    "deep": lambda: once(STREAM, b'data: {"a":' + b"[" * 50_000 + b"]" * 50_000 + b"}\n\n"),
    "levels": lambda: once(STREAM, b'data: {"a":' + b"[" * 500 + b"]" * 500 + b"}\n\n"),
    "id": lambda: once(STREAM, "id: é\ndata: {}\n\n".encode()),
    "control": lambda: once(STREAM, b"id: a\x01b\ndata: {}\n\n"),
    "number": lambda: once(STREAM, b'data: {"type":' + b"9" * 100_000 + b"e999999}\n\n"),
}
Answer = Callable[[], Iterator[bytes]]


class Hostile:
    """Gives each request the same answer, and counts the bytes that were taken of it."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.taken = 0
        self.url = ""

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            await reader.readuntil(b"\r\n\r\n")
            for part in self._answer():
                writer.write(part)
                await writer.drain()
                self.taken += len(part)
        writer.close()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Hostile"]:
        """Listen on any free port, and measure what the reader allocates."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        tracemalloc.start()
        try:
            yield self
        finally:
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            server.close()
        assert peak < 64 * MIB
        assert self.taken < 64 * MIB


async def followed(answer: Answer) -> str:
    """What `follow` says about such a bridge."""
    async with Hostile(answer).running() as bridge, asyncio.timeout(30):
        with pytest.raises(StreamLostError) as lost:
            await anext(follow(bridge.url, "s", give_up_after=0.1))
    return str(lost.value)


@pytest.mark.parametrize("kind", REFUSALS)
async def test_a_refusal_is_read_within_limits(kind: str) -> None:
    """`follow` says that it is refused, and by what status if no reason can be read."""
    assert (await followed(REFUSALS[kind])).endswith("refuses the stream: status 401")


async def test_a_refusal_that_does_not_come_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A body that trickles, or stops, takes as long as a refusal may."""
    monkeypatch.setattr(follow_bridge, "REFUSAL_SECONDS", 0.05)
    head = REFUSAL + b"Content-Length: 9\r\n"
    said = asyncio.Event()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head + b"\r\n{")
        await said.wait()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(StreamLostError, match="refuses the stream: status 401"):
            await anext(follow(f"http://127.0.0.1:{port}", "s"))
        said.set()


@pytest.mark.parametrize("kind", STREAMS)
async def test_a_stream_that_no_bridge_sends_is_an_error(kind: str) -> None:
    """`follow` says that this is no bridge, whether the lines have no end or the JSON no bottom."""
    assert "is not a bridge of KAI Flow" in await followed(STREAMS[kind])


@pytest.mark.parametrize("kind", REFUSALS)
async def test_the_command_reads_a_refusal_within_limits(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`kai ask --bridge` says in one sentence that this is no bridge, and starts nothing."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:9")
    async with Hostile(REFUSALS[kind]).running() as bridge:
        with pytest.raises(StartError, match=r"is not a bridge \(status 401\)") as wrong:
            await reached(load_settings({}), bridge.url)
    assert "\n" not in str(wrong.value)
