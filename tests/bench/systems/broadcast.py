"""The limit: a bare broadcast on uvloop, which parses almost nothing, keeps nothing, loses nothing
only while every reader is connected. `python -m tests.bench.systems.broadcast`

POST /events/{id} writes one frame, as long as one of KAI Flow's, to every reader of /stream/{id}.
"""

import asyncio
from collections import Counter, defaultdict
from typing import Final, cast

import uvloop

READING: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
)
TAKEN: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

readers: defaultdict[bytes, set[asyncio.Transport]] = defaultdict(set)
numbers: Counter[bytes] = Counter()


class Connection(asyncio.Protocol):
    """One connection: a reader, or a producer."""

    def __init__(self) -> None:
        self._rest = b""
        self._reads = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by name

    def data_received(self, data: bytes) -> None:
        self._rest += data
        head, end, body = self._rest.partition(b"\r\n\r\n")
        if not end:
            return
        method, path, _ = head.split(b" ", 2)
        session = path.rpartition(b"/")[2]
        if method == b"GET":
            self._reads = session
            readers[session].add(self._transport)
            self._transport.write(READING)
            return
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n", 1)[0])
        if len(body) >= length:
            self._rest = body[length:]
            broadcast(session, body[:length])
            self._transport.write(TAKEN)

    def connection_lost(self, exc: Exception | None) -> None:
        readers[self._reads].discard(self._transport)


def broadcast(session: bytes, event: bytes) -> None:
    """Frame once, then write."""
    numbers[session] += 1
    frame = b"id: 1.1.%d@00000000\nevent: token\ndata: %b\n\n" % (numbers[session], event)
    chunk = b"%x\r\n%b\r\n" % (len(frame), frame)
    for transport in readers[session]:
        transport.write(chunk)


async def main() -> None:
    """Serve until killed."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", 0, backlog=2_048)
    port = server.sockets[0].getsockname()[1]
    print(f"broadcast: ready at http://127.0.0.1:{port}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
