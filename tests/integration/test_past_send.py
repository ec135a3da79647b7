"""Frames that are written past ASGI's `send`, over real sockets: whole, in order, and in time."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any, Final

import httpx
import pytest
from temporalio.client import Client

from kai_flow.runtime import open_response
from kai_flow.web import send_timeout
from tests.bench.listening import chunks, ids_in
from tests.integration.hubs import Bridge, bridging
from tests.integration.stage import Play
from tests.integration.waiting import until

FILLING: Final = "x" * 20_000
LARGE_AT_ONCE: Final = 20


@pytest.fixture
async def bridge(client: Client) -> AsyncIterator[Bridge]:
    """A bridge on a server of its own."""
    async with bridging(client) as bridge:
        yield bridge


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What is written past `send`, in all."""
    every: list[bytes] = []
    real = open_response.OpenResponse.write

    def write(self: open_response.OpenResponse, framed: bytes) -> None:
        every.append(framed)
        real(self, framed)

    monkeypatch.setattr(open_response.OpenResponse, "write", write)
    return every


def port_of(bridge: Bridge) -> int:
    """Where it listens."""
    return int(bridge.url.rpartition(":")[2])


def on(play: Play, bridge: Bridge) -> Play:
    """The same stage, played to that bridge."""
    return Play(play.client, play.handle, bridge.url)


class Listener:
    """A subscriber on a plain socket."""

    def __init__(self, play: Play, bridge: Bridge, query: str = "") -> None:
        self.ids: list[str] = []
        self.text = b""
        self.task = asyncio.create_task(self._listen(play, bridge, query))

    async def _listen(self, play: Play, bridge: Bridge, query: str) -> None:
        async for frames in chunks(port_of(bridge), play.id + query):
            self.text += frames
            self.ids += ids_in(frames)

    async def has(self, last: str) -> None:
        """Wait for this event."""
        await until(lambda: last in self.ids)


async def post_filling(play: Play, http: httpx.AsyncClient, first: int) -> int:
    """As many large events as fit into a POST; returns the number of the next one."""
    body = play.body(range(first, first + LARGE_AT_ONCE))
    for item in body["events"]:
        item["event"] = {"type": "blob", "content": FILLING}
    assert (await http.post(play.events_url, json=body)).status_code == 200
    return first + LARGE_AT_ONCE


async def test_readers_of_all_kinds_get_the_same_whole_stream(
    play: Play, bridge: Bridge, http: httpx.AsyncClient, written: list[bytes]
) -> None:
    """Chunks that went past `send` and others make one body, which ends in order."""
    stage = on(play, bridge)
    await stage.post(http, [1])
    named = [Listener(play, bridge) for _ in range(3)]
    unnamed = Listener(play, bridge, "?event=message")
    for listener in (*named, unnamed):
        await listener.has("1.1.1")
    for number in range(2, 30):
        await stage.post(http, [number])
    for listener in (*named, unnamed):
        await listener.has("1.1.29")
    await stage.end(result="well")
    await asyncio.gather(*(listener.task for listener in (*named, unnamed)))
    whole = [f"1.1.{n}" for n in range(1, 30)]
    for listener in (*named, unnamed):
        assert [one for one in listener.ids if one != "end"] == whole
    assert {one.text for one in named} == {named[0].text}
    assert b"event: " not in unnamed.text
    assert written


async def test_a_connection_serves_again_after_a_stream(
    play: Play, bridge: Bridge, http: httpx.AsyncClient, written: list[bytes]
) -> None:
    """After `done` the response is complete, and the next request on its connection is answered."""
    stage = on(play, bridge)
    await stage.post(http, [1])
    reader, writer = await asyncio.open_connection("127.0.0.1", port_of(bridge))
    ask = "GET {} HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with contextlib.closing(writer):
        writer.write(ask.format(f"/stream/{play.id}").encode())
        await reader.readuntil(b"id: 1.1.1@")
        await stage.post(http, [2])
        await reader.readuntil(b"id: 1.1.2@")
        assert written
        await stage.end(result=None)
        assert b"event: done" in await reader.readuntil(b"\r\n0\r\n\r\n")
        writer.write(ask.format("/healthz").encode())
        assert await reader.readuntil(b"\r\n") == b"HTTP/1.1 200 OK\r\n"


async def test_who_stops_reading_falls_out_and_comes_back_whole(
    play: Play, bridge: Bridge, http: httpx.AsyncClient, written: list[bytes]
) -> None:
    """A full socket holds up no other reader; read again, it gives everything once, in order."""
    stage = on(play, bridge)
    await stage.post(http, [1])
    quick = Listener(play, bridge)
    slow = socket.create_connection(("127.0.0.1", port_of(bridge)))
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 128 * 1024)
    slow.sendall(f"GET /stream/{play.id} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    slow.setblocking(False)
    await quick.has("1.1.1")
    number = 2
    while number < 500:  # 10 MB: more than the kernel's buffers
        number = await post_filling(stage, http, number)
        await quick.has(f"1.1.{number - 1}")
    assert len(live_readers(bridge, play)) == 1
    frames = len(written)
    reader, writer = await asyncio.open_connection(sock=slow, limit=2**22)
    got = b""
    with contextlib.closing(writer):
        await reader.readuntil(b"\r\n\r\n")

        async def read_to(last: str) -> None:
            nonlocal got
            while f"id: {last}@".encode() not in got[-len(FILLING) - 1_000 :]:
                size = int(await reader.readuntil(b"\r\n"), 16)
                got += await reader.readexactly(size)
                await reader.readexactly(2)

        await read_to(f"1.1.{number - 1}")
        await until(lambda: len(live_readers(bridge, play)) == 2)
        await stage.post(http, [number])
        await read_to(f"1.1.{number}")
    assert ids_in(got) == [f"1.1.{n}" for n in range(1, number + 1)]
    assert len(written) == frames + 2


def live_readers(bridge: Bridge, play: Play) -> list[Any]:
    """Those that the loop serves now."""
    session = bridge.hub._session(play.id)
    return [] if session is None or session.broadcast is None else list(session.broadcast._readers)


async def test_who_reads_nothing_is_disconnected_without_a_hole(
    play: Play,
    client: Client,
    http: httpx.AsyncClient,
    written: list[bytes],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """After its time the stream ends; what it was sent has no hole, and the log names its end."""
    monkeypatch.setattr(send_timeout.SendTimeout.__init__, "__defaults__", (0.5,))
    caplog.set_level("INFO", send_timeout.log.name)
    async with bridging(client) as bridge:
        stage = on(play, bridge)
        await stage.post(http, [1])
        slow = socket.create_connection(("127.0.0.1", port_of(bridge)))
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 128 * 1024)
        slow.sendall(f"GET /stream/{play.id} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        slow.setblocking(False)
        number = 2
        while "a subscriber that does not read is disconnected" not in caplog.text:
            if number < 500:
                number = await post_filling(stage, http, number)
            await asyncio.sleep(0.02)
        assert written
        reader, writer = await asyncio.open_connection(sock=slow, limit=2**22)
        with contextlib.closing(writer):
            got = await reader.read()
    assert not got.endswith(b"0\r\n\r\n"), "a complete response would be no disconnection"
    body = got.partition(b"\r\n\r\n")[2]
    ids = ids_in(body)
    assert ids == [f"1.1.{n}" for n in range(1, len(ids) + 1)]
    assert len(ids) < number - 1, "it has it all"
    last = int(caplog.text.rpartition("it can resume after 1.1.")[2].split("@")[0])
    assert last >= len(ids), "more than it has been sent"
