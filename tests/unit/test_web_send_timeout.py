"""Slow readers: how long, and how much of the bridge's memory, a write may wait."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from kai_flow.runtime.log_limiter import QUIET_SECONDS
from kai_flow.runtime.open_response import EXTENSION, OpenResponse
from kai_flow.web import send_timeout
from kai_flow.web.send_timeout import SOCKET_BYTES, SendTimeout
from tests.unit.virtual import in_virtual_time

CHUNK = b"id: 1.1.1@4f3a9c1e\n" + b"x" * 1_000
SIZE = SOCKET_BYTES + len(CHUNK)


class Reader:
    """A reader whose socket takes nothing until it is told to."""

    def __init__(self, gate: SendTimeout) -> None:
        self._gate = gate
        self.takes = asyncio.Event()
        self.waiting = asyncio.Event()  # a write waits for it
        self.took = 0

    async def read(self, chunks: int) -> None:
        """Let the app write that many chunks for this reader."""

        async def app(_scope: Any, _receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
            for _ in range(chunks):
                await send({"type": "http.response.body", "body": CHUNK, "more_body": True})

        async def send(_message: Any) -> None:
            if not self.takes.is_set():
                self.waiting.set()
            await self.takes.wait()
            self.took += 1

        async def receive() -> Any:
            return await asyncio.Future()

        scope: Any = {"type": "http", "method": "GET", "path": "/stream/x"}
        await self._gate.handle(scope, receive, send, app)


async def test_readers_who_wait_longest_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """When slow readers together hold too much, those that have waited longest are disconnected."""
    monkeypatch.setattr(send_timeout, "MAX_UNSENT_BYTES", 3 * SIZE)
    gate = SendTimeout()
    slow = [Reader(gate) for _ in range(5)]
    tasks = []
    for reader in slow:
        tasks.append(asyncio.create_task(reader.read(1)))
        await reader.waiting.wait()
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    await asyncio.wait(tasks[:2])
    assert [task.done() for task in tasks] == [True, True, False, False, False]
    for reader in slow:
        reader.takes.set()
    await asyncio.gather(*tasks)
    assert [reader.took for reader in slow] == [0, 0, 1, 1, 1]


async def test_a_quick_reader_is_never_disconnected(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that takes what it gets loses nothing, however much slow ones hold."""
    monkeypatch.setattr(send_timeout, "MAX_UNSENT_BYTES", SIZE)
    gate = SendTimeout()
    slow, quick = Reader(gate), Reader(gate)
    quick.takes.set()
    holding = asyncio.create_task(slow.read(1))
    await slow.waiting.wait()
    await quick.read(100)
    assert quick.took == 100
    await holding  # it has made room
    assert slow.took == 0


@in_virtual_time
async def test_a_write_that_times_out_disturbs_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Room is made by a write whose time is up already, and which only has yet to notice it."""
    monkeypatch.setattr(send_timeout, "MAX_UNSENT_BYTES", SIZE)
    gate = SendTimeout(1.0)
    slow, next_one = Reader(gate), Reader(gate)
    next_one.takes.set()

    async def write_next() -> None:
        await asyncio.sleep(1.0)  # begun first, and over in the same turn of the loop
        await next_one.read(1)

    await asyncio.gather(write_next(), slow.read(1))
    assert (slow.took, next_one.took) == (0, 1)


@in_virtual_time
async def test_nothing_goes_past_a_write_that_timed_out() -> None:
    """Frames that came after those would leave a hole, if the reader began to read just then."""
    cycle: Any = SimpleNamespace(
        response_started=True,
        chunked_encoding=True,
        scope={"method": "GET"},
        response_complete=False,
        disconnected=False,
    )
    response = OpenResponse(cycle, Mock())
    response.taken = b"id: 1.1.7@4f3a9c1e\n"
    gate, ready = SendTimeout(1.0), []

    async def app(_scope: Any, _receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
        for _ in range(2):
            response.resume()
            ready.append(response.ready)
            await send({"type": "http.response.body", "body": CHUNK, "more_body": True})

    async def never(*_message: Any) -> Any:
        return await asyncio.Future()

    scope: Any = {
        "type": "http", "method": "GET", "path": "/stream/x", "extensions": {EXTENSION: response}
    }  # fmt: skip
    await gate.handle(scope, never, never, app)
    assert ready == [True, False]


@in_virtual_time
async def test_readers_that_do_not_read_fill_no_log(caplog: pytest.LogCaptureFixture) -> None:
    """One short line for all of a client, whatever they read and however long their cursors are."""
    caplog.set_level(logging.INFO)
    gate = SendTimeout(1.0)
    place = ",".join(f"{n}.0.0" for n in range(1, 1_001))
    frames = b"id: %b\ndata: x\n\n" % place.encode()

    async def leave(address: str, path: str) -> None:
        taken = False

        async def app(_scope: Any, _receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
            for _ in range(2):
                await send({"type": "http.response.body", "body": frames, "more_body": True})

        async def send(_message: Any) -> None:
            nonlocal taken
            if taken:
                await asyncio.Future()
            taken = True

        async def never() -> Any:
            return await asyncio.Future()

        scope: Any = {"type": "http", "method": "GET", "path": path, "client": (address, 5_000)}
        await gate.handle(scope, never, send, app)

    await asyncio.gather(*(leave("198.51.100.7", f"/stream/{n}") for n in range(300)))
    await leave("203.0.113.9", "/stream/other")
    await asyncio.sleep(QUIET_SECONDS)
    await leave("198.51.100.7", "/stream/0")
    said = [record for record in caplog.records if record.name == send_timeout.__name__]
    subjects = [record.getMessage().partition(":")[0] for record in said]
    assert subjects[1:] == ["session other", "session 0"]
    assert said[-1].getMessage().endswith(" (299 more such lines were not logged)")
    assert all(len(record.getMessage()) < 500 for record in said)
    assert all(len(record.event_id) < 310 for record in said)  # type: ignore[attr-defined]
