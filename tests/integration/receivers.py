"""Callback receivers that are no bridge of ours: they answer as a test says, and write all down."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

PLAIN: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def answer(status: str, body: bytes = b"", *headers: str) -> bytes:
    """A whole HTTP answer."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Receiver:
    """Answers every POST in the same way, after `delay` seconds; None lets the sender wait."""

    def __init__(self, reply: bytes | None, delay: float = 0.0) -> None:
        self.reply = reply
        self.delay = delay
        self.url = ""
        self.posts: list[dict[str, Any]] = []
        self.heads: list[str] = []  # of each of them, in lower case
        self.at: list[float] = []  # when each of them came, monotonic

    @property
    def events(self) -> list[dict[str, Any]]:
        """What came in single form, in order."""
        return [post["event"] for post in self.posts]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                self.heads.append(head)
                length = int(head.partition("content-length:")[2].partition("\r\n")[0])
                self.posts.append(json.loads(await reader.readexactly(length)))
                self.at.append(time.monotonic())
                if self.reply is None:
                    await reader.read()  # until the sender has had enough
                    return
                await asyncio.sleep(self.delay)
                writer.write(self.reply)
                await writer.drain()
                if not self.reply.startswith(b"HTTP/1.1"):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def receiving(reply: bytes | None = PLAIN, delay: float = 0.0) -> AsyncIterator[Receiver]:
    """A receiver on a port of its own."""
    receiver = Receiver(reply, delay)
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    receiver.url = f"http://127.0.0.1:{port}/hook"
    try:
        yield receiver
    finally:
        server.close()
