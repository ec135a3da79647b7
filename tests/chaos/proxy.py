"""A TCP proxy that does wrong what it is told to: the network between two programs of a test.

What passes may be HTTP or gRPC: it looks at nothing but, for `each_request`, where a request's
head ends. With several upstreams it is the plainest balancer: each connection goes to the next one,
or the one after it when that does not answer; it remembers nobody.

    heal         everything passes again; what was held back by `hang` goes on
    latency(s)   each piece arrives that much later, in order
    reset        every open connection is reset; new ones pass
    refuse       the same, and new connections are refused
    hang         connections stay open, new ones are accepted, and nothing passes
    favour(i)    of several upstreams, only that one gets anything
    cut(n)       each connection is reset as soon as its answer is longer than n bytes

As a program, `python proxy.py HOST PORT UPSTREAM_HOST UPSTREAM_PORT`, it passes everything until
its standard input ends: a way into another network namespace. It needs the standard library alone.
"""

import asyncio
import contextlib
import socket
import struct
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

PIECE: Final = 64 * 1024
CONNECT_SECONDS: Final = 2.0

Address = tuple[str, int]


class _Link:
    """One accepted connection, and the one to the upstream."""

    def __init__(self, client: asyncio.StreamWriter) -> None:
        self.writers = [client]
        self.answered = 0  # bytes

    def reset(self) -> None:
        """End it with a RST instead of a FIN."""
        for writer in self.writers:
            sock = writer.get_extra_info("socket")
            with contextlib.suppress(OSError, AttributeError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()


class Proxy:
    """Passes on what comes to `address`, until it is told otherwise."""

    def __init__(self, upstreams: list[Address], *, each_request: bool = False) -> None:
        self.upstreams = upstreams
        self.address: Address = ("127.0.0.1", 0)
        self.accepted = 0  # connections so far
        self._each_request = each_request
        self._turn = 0
        self._favourite: int | None = None
        self._links: dict[_Link, asyncio.Task[None]] = {}
        self._server: asyncio.Server | None = None
        self._open = asyncio.Event()
        self._latency = 0.0
        self._cut_after: int | None = None
        self._open.set()
        self._kept: socket.socket | None = None  # holds the port while nothing listens there

    @property
    def url(self) -> str:
        """As an HTTP client says it."""
        return f"http://{self.address[0]}:{self.address[1]}"

    @property
    def target(self) -> str:
        """As a gRPC client says it."""
        return f"{self.address[0]}:{self.address[1]}"

    async def listen(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Accept connections; port 0 takes any free one."""
        self._server = await asyncio.start_server(self._accept, host, port)
        self.address = (host, self._server.sockets[0].getsockname()[1])

    async def heal(self) -> None:
        """Let everything pass."""
        self._latency, self._cut_after, self._favourite = 0.0, None, None
        self._open.set()
        if self._server is None:
            self._give_port_back()
            await self.listen(*self.address)

    async def latency(self, seconds: float) -> None:
        """Deliver each piece that much later."""
        self._latency = seconds

    async def reset(self) -> None:
        """Reset what is open."""
        for link in list(self._links):
            link.reset()

    async def refuse(self) -> None:
        """Reset what is open, and listen no longer."""
        if self._server is not None:
            self._server.close()
            self._server = None
            # Bound and not listening, it refuses, and no other program is given the port.
            self._kept = socket.socket()
            self._kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._kept.bind(self.address)
        await self.reset()

    def _give_port_back(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    async def hang(self) -> None:
        """Accept, and pass nothing."""
        self._open.clear()

    async def favour(self, upstream: int) -> None:
        """Give everything to one of the upstreams, and reset what is open."""
        self._favourite = upstream
        await self.reset()

    async def cut(self, after: int) -> None:
        """Reset each connection, the open ones too, after so many more bytes of answer."""
        for link in self._links:
            link.answered = 0
        self._cut_after = after

    async def close(self) -> None:
        """The end of it: nothing listens and nothing is open."""
        await self.refuse()
        self._give_port_back()
        self._open.set()
        tasks = list(self._links.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        link = _Link(writer)
        task = asyncio.current_task()
        assert task is not None
        self._links[link] = task
        try:
            # a reset is what this is for, and a program that is killed leaves nothing better
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._join(link, reader, writer)
        finally:
            del self._links[link]
            for end in link.writers:
                end.close()

    async def _join(
        self, link: _Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await self._open.wait()
        upstream = await self._connect()
        if upstream is None:
            link.reset()
            return
        answers, onward = upstream
        link.writers.append(onward)
        if self._each_request:
            onward.write(await _one_request(reader))
        async with asyncio.TaskGroup() as group:
            group.create_task(self._pump(link, reader, onward, counted=False))
            group.create_task(self._pump(link, answers, writer, counted=True))

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        for _ in self.upstreams:
            self._turn = (self._turn + 1) % len(self.upstreams)
            chosen = self._turn if self._favourite is None else self._favourite
            host, port = self.upstreams[chosen]
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(CONNECT_SECONDS):
                    return await asyncio.open_connection(host, port)
        return None

    async def _pump(
        self,
        link: _Link,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        counted: bool,
    ) -> None:
        """One direction, until its end, which is passed on as well."""
        with contextlib.suppress(OSError):
            while piece := await reader.read(PIECE):
                await asyncio.sleep(self._latency)
                await self._open.wait()
                if counted:
                    link.answered += len(piece)
                    over = link.answered - (self._cut_after or 0)
                    if self._cut_after is not None and over > 0:
                        writer.write(piece[: len(piece) - over] if over < len(piece) else b"")
                        await asyncio.sleep(0.01)  # a RST overtakes what is not yet sent
                        link.reset()
                        return
                writer.write(piece)
                await writer.drain()
            await self._open.wait()
            if counted:
                # the server has said its last word: nobody reads what the client might add
                link.writers[-1].close()
                writer.close()
            else:
                writer.write_eof()
            return
        link.reset()


async def _one_request(reader: asyncio.StreamReader) -> bytes:
    """The head of an HTTP request, asking that the connection ends with its answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    lines = [
        line for line in head[:-4].split(b"\r\n") if not line.lower().startswith(b"connection:")
    ]
    return b"\r\n".join([*lines, b"Connection: close", b"", b""])


@asynccontextmanager
async def proxied(*upstreams: str, each_request: bool = False) -> AsyncIterator[Proxy]:
    """A proxy to these `host:port`, while the block runs."""
    proxy = Proxy([_address(upstream) for upstream in upstreams], each_request=each_request)
    await proxy.listen()
    try:
        yield proxy
    finally:
        await proxy.close()


def _address(target: str) -> Address:
    host, _, port = target.rpartition(":")
    return host, int(port)


async def _forward(host: str, port: str, upstream_host: str, upstream_port: str) -> None:
    proxy = Proxy([(upstream_host, int(upstream_port))])
    await proxy.listen(host, int(port))
    print(f"proxy: ready at {proxy.url}", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await proxy.close()


if __name__ == "__main__":
    asyncio.run(_forward(*sys.argv[1:]))
