"""The fault proxy itself: each verb does to a connection what it says, and `heal` ends it."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from tests.chaos.proxy import Proxy, proxied


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    """In front of a server that sends back what it gets."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await reader.read(1000):
                writer.write(piece)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with server, proxied(f"127.0.0.1:{server.sockets[0].getsockname()[1]}") as proxy:
        yield proxy


class Talk:
    """A connection through the proxy."""

    def __init__(self, ends: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
        self.reader, self.writer = ends

    async def say(self, text: bytes) -> bytes:
        """What comes back."""
        self.writer.write(text)
        return await self.reader.readexactly(len(text))


async def talk(proxy: Proxy) -> Talk:
    """A new connection."""
    return Talk(await asyncio.open_connection(*proxy.address))


async def test_it_passes_everything(proxy: Proxy) -> None:
    """What goes in comes out, in order, until either end ends it."""
    one = await talk(proxy)
    big = bytes(range(256)) * 4000
    assert await one.say(big) == big
    one.writer.write_eof()
    assert await one.reader.read() == b""
    one.writer.close()


async def test_latency_delays(proxy: Proxy) -> None:
    """Each piece comes later by the latency of both ways."""
    one = await talk(proxy)
    await proxy.latency(0.1)
    began = time.monotonic()
    assert await one.say(b"a") == b"a"
    assert 0.2 <= time.monotonic() - began < 10
    one.writer.close()


async def test_reset_breaks_what_is_open(proxy: Proxy) -> None:
    """An open connection is reset; a new one passes."""
    one = await talk(proxy)
    await one.say(b"a")
    await proxy.reset()
    with pytest.raises(ConnectionResetError):
        await one.reader.read()
    two = await talk(proxy)
    assert await two.say(b"b") == b"b"
    two.writer.close()


async def test_refuse_and_heal(proxy: Proxy) -> None:
    """Nothing listens until it is healed, on the same port."""
    one = await talk(proxy)
    await one.say(b"a")
    await proxy.refuse()
    with pytest.raises(ConnectionResetError):
        await one.reader.read()
    with pytest.raises(ConnectionRefusedError):
        await talk(proxy)
    await proxy.heal()
    two = await talk(proxy)
    assert await two.say(b"b") == b"b"
    two.writer.close()


async def test_hang_holds_back(proxy: Proxy) -> None:
    """Connections stay, nothing passes, and after `heal` nothing was lost."""
    one = await talk(proxy)
    await one.say(b"a")
    await proxy.hang()
    two = await talk(proxy)
    waiting = [asyncio.create_task(t.say(b"held")) for t in (one, two)]
    done, _ = await asyncio.wait(waiting, timeout=0.2)
    assert not done
    await proxy.heal()
    assert await asyncio.gather(*waiting) == [b"held", b"held"]
    one.writer.close()
    two.writer.close()


async def test_cut_ends_an_answer_in_its_middle(proxy: Proxy) -> None:
    """Exactly so many bytes of answer arrive, and then a reset."""
    one = await talk(proxy)
    await one.say(b"before")
    await proxy.cut(3)
    one.writer.write(b"abcdef")
    assert await one.reader.readexactly(3) == b"abc"
    with pytest.raises(ConnectionResetError):
        await one.reader.read()


async def test_each_request_goes_to_the_next() -> None:
    """A client that keeps its connection is moved on all the same, and past a dead upstream.

    While one upstream is favoured, it gets every request.
    """
    import httpx

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        port = writer.get_extra_info("sockname")[1]
        writer.write(f"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{port}".encode())
        writer.close()

    servers = [await asyncio.start_server(serve, "127.0.0.1", 0) for _ in range(2)]
    ports = [server.sockets[0].getsockname()[1] for server in servers]
    async with (
        proxied(*(f"127.0.0.1:{port}" for port in ports), each_request=True) as proxy,
        httpx.AsyncClient(trust_env=False) as http,
    ):
        said = [int((await http.get(proxy.url)).text) for _ in range(4)]
        assert said in (ports * 2, ports[::-1] * 2)
        await proxy.favour(0)
        assert {int((await http.get(proxy.url)).text) for _ in range(4)} == {ports[0]}
        await proxy.heal()
        servers[0].close()
        assert {int((await http.get(proxy.url)).text) for _ in range(4)} == {ports[1]}
    servers[1].close()
