"""Readers in a process of their own: when each event came to each of them, and whether all did.

    python -m tests.bench.readers '{"streams": [["/stream/s1", 100]], "port": 8092, "tokens": 400}'

It connects so many readers to each stream, says that it is ready, reads until each has all tokens
of its stream, prints a JSON object, and waits for the end of its input. A reader of Server-Sent
Events is a bare protocol, so that 2,000 of them in one process measure the server and not
themselves.
"""

import asyncio
import json
import os
import resource
import statistics
import sys
import time
import zlib
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, cast

import uvloop

from tests.bench.words import WORD

SPACE: Final = bytearray(256 * 1024)  # all readers receive into it, one at a time
TOKEN: Final = b"\nevent: token\n"
REST: Final = 400  # bytes that may belong to a token which is not complete


@dataclass
class Tally:
    """What all readers of this process have received."""

    readers: int
    tokens: int  # of each stream
    late: "array[float]" = field(default_factory=lambda: array("d"))
    whole_after: list[float] = field(default_factory=list)  # seconds since they connected
    checksums: set[int] = field(default_factory=set)  # of their tokens
    raw_checksums: set[int] = field(default_factory=set)  # of all bytes to the last token
    wrong: list[str] = field(default_factory=list)
    connected: int = 0
    began: float = field(default_factory=time.time)
    first: float = 0.0  # the time at which the first token was written
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def connect(self) -> None:
        """One more is connected."""
        self.connected += 1
        if self.connected == self.readers:
            self.ready.set()

    def end(self, reader: "Account", wrong: str | None) -> None:
        """One has received all, or is disconnected."""
        if wrong is None:
            self.whole_after.append(time.time() - self.began)
            self.checksums.add(reader.checksum)
        else:
            self.wrong.append(wrong)
        if len(self.whole_after) + len(self.wrong) == self.readers:
            self.done.set()


class Account:
    """What one reader has received: each token must be the next of its producer."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally
        self.received = 0
        self.checksum = 0
        self.ended = False
        self._next: dict[bytes, int] = {}

    def take(self, word: tuple[bytes, bytes, bytes], now: float) -> None:
        """One token."""
        producer, number, written = word
        if int(number) != self._next.get(producer, 1):
            self.end(f"{producer.decode()}:{number.decode()} is not the next token")
            return
        self._next[producer] = int(number) + 1
        self.received += 1
        self.checksum = zlib.crc32(number, self.checksum) ^ zlib.crc32(written)
        if not self.tally.first:
            self.tally.first = float(written)
        self.tally.late.append(now - float(written))
        if self.received == self.tally.tokens:
            self.end(None)

    def end(self, wrong: str | None) -> None:
        """It has all, or never will."""
        if not self.ended:
            self.ended = True
            self.tally.end(self, wrong)


class Reader(asyncio.BufferedProtocol):
    """One reader of Server-Sent Events, who checks each token."""

    def __init__(self, path: str, tally: Tally) -> None:
        self._head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n"
        self._rest = b""
        self._begun = False
        self._transport: asyncio.Transport
        self.account = Account(tally)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by name
        self._transport.write(self._head.encode())

    def get_buffer(self, sizehint: int) -> bytearray:
        return SPACE

    def buffer_updated(self, nbytes: int) -> None:
        now = time.time()
        data = bytes(SPACE[:nbytes])
        if not self._begun:
            self._begun = True
            if not data.startswith(b"HTTP/1.1 200 "):
                self.account.end(data[:200].decode(errors="replace"))
            self.account.tally.connect()
        if not self.account.ended:
            self.take(data, now)

    def take(self, data: bytes, now: float) -> None:
        """Bytes as they came, the head among them."""
        data = self._rest + data
        end = 0
        for found in WORD.finditer(data):
            self.account.take(found.groups(), now)  # type: ignore[arg-type]  # it has three
            end = found.end()
        self._rest = data[max(end, len(data) - REST) :]

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._begun:
            self.account.tally.connect()
        self.account.end(f"disconnected after {self.account.received} tokens: {exc}")


class BulkReader(Reader):
    """One that only counts tokens and computes the checksum of all bytes: hundreds read at once."""

    def __init__(self, path: str, tally: Tally) -> None:
        super().__init__(path, tally)
        self._body = Body()

    def take(self, data: bytes, now: float) -> None:
        for chunk in self._body.chunks(data):
            self.count(chunk)

    def count(self, chunk: bytes) -> None:
        """One chunk of the answer."""
        account, tokens = self.account, self.account.tally.tokens
        if account.ended:
            return
        account.received += chunk.count(TOKEN)
        if account.received >= tokens:  # what follows the last token may come later for others
            chunk = chunk[: chunk.index(b"\n\n", chunk.rindex(TOKEN))]
        account.checksum = zlib.crc32(chunk, account.checksum)
        if account.received >= tokens:
            account.end(None if account.received == tokens else "too many tokens")


class RawReader(Reader):
    """One that checks each token, and computes the checksum of all bytes as well."""

    def __init__(self, path: str, tally: Tally) -> None:
        super().__init__(path, tally)
        self._body = Body()
        self._bulk = BulkReader(path, Tally(1, tally.tokens))

    def take(self, data: bytes, now: float) -> None:
        for chunk in self._body.chunks(data):
            self._bulk.count(chunk)
            super().take(chunk, now)
        if self.account.ended:
            self.account.tally.raw_checksums.add(self._bulk.account.checksum)


class Body:
    """The chunks of an answer, each whole."""

    def __init__(self) -> None:
        self._rest = b""
        self._in_head = True

    def chunks(self, data: bytes) -> Iterator[bytes]:
        """Those that are complete now."""
        self._rest += data
        if self._in_head:
            _, end, rest = self._rest.partition(b"\r\n\r\n")
            if not end:
                return
            self._in_head, self._rest = False, rest
        start = 0
        while (line := self._rest.find(b"\r\n", start)) >= 0:
            size = int(self._rest[start:line], 16)
            if len(self._rest) < line + 2 + size + 2:
                break
            yield self._rest[line + 2 : line + 2 + size]
            start = line + 2 + size + 2
        self._rest = self._rest[start:]


async def poll(client: Any, session_id: str, tally: Tally) -> None:
    """One reader of Workflow Streams, with the default pause between polls."""
    from temporalio.contrib.workflow_streams import WorkflowStreamClient

    account = Account(tally)
    tally.connect()
    try:
        async for item in WorkflowStreamClient.create(client, session_id).subscribe(["events"]):
            data = b'"content":"%b"' % item.data["content"].encode()
            for found in WORD.finditer(data):
                account.take(found.groups(), time.time())  # type: ignore[arg-type]  # three
            if account.ended:
                return
        account.end(f"the stream ended after {account.received} tokens")
    except Exception as error:  # noqa: BLE001  (a lost reader is a finding)
        account.end(f"{type(error).__name__} after {account.received} tokens: {error}")


def found(tally: Tally, bulk: bool) -> dict[str, Any]:
    """What is printed."""
    now = time.time()
    cuts = statistics.quantiles(tally.late if len(tally.late) > 1 else [0.0, 0.0], n=100)
    whole = sorted(tally.whole_after) or [0.0]
    wrong = list(tally.wrong)
    if missing := tally.readers - len(tally.whole_after) - len(wrong):
        wrong.append(f"{missing} readers have not received all")
    if bulk:
        tally.raw_checksums, tally.checksums = tally.checksums, set()
    return {
        "received": len(tally.late),
        "expected": tally.readers * tally.tokens,
        "wrong": wrong[:3],
        "checksums": sorted(tally.checksums),
        "raw_checksums": sorted(tally.raw_checksums),
        "p50": cuts[49],
        "p99": cuts[98],
        "whole_p50": statistics.median(whole),
        "whole_last": whole[-1],
        "seconds": now - (tally.first or now),
    }


async def main(asked: dict[str, Any]) -> None:
    """Connect all readers, then read."""
    streams = [(path, count) for path, count in asked["streams"]]
    tally = Tally(sum(count for _, count in streams), asked["tokens"])
    loop = asyncio.get_running_loop()
    if "address" in asked:
        from temporalio.client import Client  # takes a second, which other readers save

        client = await Client.connect(asked["address"])
        polls = [poll(client, path, tally) for path, count in streams for _ in range(count)]
        tasks = [asyncio.create_task(one) for one in polls]  # which are kept from being collected
        assert tasks
    else:
        kind = BulkReader if asked.get("bulk") else RawReader if asked.get("raw") else Reader
        for path, count in streams:
            for _ in range(count):
                await loop.create_connection(
                    lambda path=path: kind(path, tally),  # type: ignore[misc]
                    "127.0.0.1",
                    asked["port"],
                )
    await tally.ready.wait()
    print("readers: ready at -", flush=True)
    try:
        async with asyncio.timeout(asked.get("limit", 30)):
            await tally.done.wait()
    except TimeoutError:
        pass
    print(json.dumps(found(tally, bool(asked.get("bulk")))), flush=True)
    # They stay connected until the CPU time of the server was read, which leaving would add to.
    sys.stdin.readline()
    os._exit(0)  # a poll of Workflow Streams may hang, and no cancellation ends it


if __name__ == "__main__":
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    uvloop.run(main(json.loads(sys.argv[1])))
