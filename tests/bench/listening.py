"""Subscribers as plain sockets: cheap enough for hundreds of them in one process."""

import asyncio
import contextlib
from collections.abc import AsyncIterator


async def chunks(port: int, session_id: str, *headers: str) -> AsyncIterator[bytes]:
    """What a bridge writes on one stream, as it writes it: whole frames, to the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
    lines = [f"GET /stream/{session_id} HTTP/1.1", "Host: localhost", *headers]
    writer.write("\r\n".join([*lines, "\r\n"]).encode())
    with contextlib.closing(writer):
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200 "):
            raise ConnectionError(head.decode())
        while size := int(await reader.readuntil(b"\r\n"), 16):
            yield await reader.readexactly(size)
            await reader.readexactly(2)


async def listen(port: int, session_id: str, *headers: str) -> list[str]:
    """The ids of the events of one stream to its end, without the rest of their cursors."""
    return [id_ async for chunk in chunks(port, session_id, *headers) for id_ in ids_in(chunk)]


def ids_in(frames: bytes) -> list[str]:
    """The ids of the events in these frames, without the rest of their cursors."""
    cursors = (line[4:] for line in frames.split(b"\n") if line.startswith(b"id: "))
    return [cursor.partition(b"@")[0].partition(b",")[0].decode() for cursor in cursors]
