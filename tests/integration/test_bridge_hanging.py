"""Whoever hangs, Temporal or a sender: streams keep their heartbeats, and the bridge stops soon."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager

import httpx
import psutil
import pytest
from temporalio.client import Client

from kai_flow.bridge import hub
from kai_flow.bridge.errors import Stopping
from kai_flow.runtime.serving import GRACE_SECONDS
from kai_flow.stream.callback import ProducerPost, decode_post
from kai_flow.temporal.client import connect
from kai_flow.temporal.dev_server import DevServer, dev_server
from kai_flow.web.body import BODY_SECONDS
from tests.integration.hubs import bridging, ticking, widest
from tests.integration.log_records import records_of
from tests.integration.stage import Play, stage_worker, token
from tests.integration.waiting import until

HALF = (
    b"POST /events/x HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: 1000\r\n\r\n{"
)


@contextmanager
def frozen(server: DevServer) -> Iterator[None]:
    """The server takes connections and says nothing."""
    process = psutil.Process(server.process.pid)
    processes = [process, *process.children(recursive=True)]
    for one in processes:
        one.suspend()
    try:
        yield
    finally:
        for one in processes:
            one.resume()


@pytest.fixture
async def own() -> AsyncIterator[tuple[DevServer, Client]]:
    """A server that may be frozen, and a client of it."""
    async with dev_server(stop_seconds=0) as server:
        yield server, await connect(server.address)


@asynccontextmanager
async def half_a_post(url: str) -> AsyncIterator[asyncio.StreamReader]:
    """A connection on which a body has begun."""
    port = httpx.URL(url).port
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HALF)
    await writer.drain()
    try:
        yield reader
    finally:
        writer.close()


async def test_a_hanging_temporal_stops_no_heartbeat_and_no_shutdown(
    own: tuple[DevServer, Client],
    http: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A reader who waits for what must be read back hears from the bridge, and ends cleanly."""
    monkeypatch.setattr("kai_flow.bridge.subscription.HEARTBEAT_SECONDS", 0.3)
    monkeypatch.setattr(hub, "TICK_SECONDS", 0.1)
    server, client = own
    beats: list[float] = []
    async with stage_worker(client, "q"):
        handle = await client.start_workflow("Stage", id="hung", task_queue="q")

        async def read(url: str) -> None:
            async with http.stream("GET", url) as answer:
                async for part in answer.aiter_bytes():
                    assert b"data:" not in part
                    beats.append(time.monotonic())

        with ExitStack() as cold:
            async with bridging(client) as bridge, ticking(0.3) as ticks:
                play = Play(client, handle, bridge.url)
                answer = await play.post(http, [4], base=4, signaller="another")
                assert answer.json()["received"] == "1.1.4"
                cold.enter_context(frozen(server))
                reading = asyncio.create_task(read(play.stream_url))
                await until(lambda: len(beats) > 8)
                stopped = time.monotonic()
            # 2 s to make durable what cannot be; an answer of Temporal's would never come
            assert time.monotonic() - stopped < 15
            await reading  # to a clean end: a body that is cut raises
            assert beats[-1] - stopped < GRACE_SECONDS, "by itself"
        assert widest(beats) < widest(ticks) + 1
    assert [r.getMessage() for r in records_of(caplog, "hung") if r.levelname == "ERROR"] == []


async def test_half_a_body_is_not_waited_for_long(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A body that does not go on is answered 408, saying what to do, and the connection closed."""
    monkeypatch.setattr("kai_flow.web.body.BODY_SECONDS", 0.5)
    async with bridging(client) as bridge, half_a_post(bridge.url) as connection:
        began = time.monotonic()
        async with asyncio.timeout(BODY_SECONDS):  # what it would be without the patch
            answer = await connection.read()
        assert time.monotonic() - began > 0.4
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"application/problem+json" in answer
    assert b"send it again" in answer


async def test_half_sent_bodies_are_bounded_together(
    client: Client, http: httpx.AsyncClient, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of too many half-sent bodies the oldest gets 429; who sends a whole one is not kept out."""
    monkeypatch.setattr("kai_flow.web.body.MAX_BODIES_BYTES", 20_000)
    event = {"type": "note", "text": "x" * 15_000}
    async with bridging(client) as bridge:
        port = httpx.URL(bridge.url).port
        half = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        head = f"POST /events/x HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Length: 18000\r\n"
        for _, writer in half:
            writer.write(f"{head}Content-Type: application/json\r\n\r\n{'x' * 9_000}".encode())
            await http.get(f"{bridge.url}/healthz")  # answered after what came before it
        oldest = await half[0][0].read()
        assert oldest.startswith(b"HTTP/1.1 429 ")
        assert b"retry-after: 1\r\n" in oldest.lower()
        assert b"incomplete" in oldest
        by_hand = {"session_id": session_id, "event": event}
        answer = await http.post(f"{bridge.url}/events/{session_id}", json=by_hand)
        assert answer.status_code == 200
        for _, writer in half:
            writer.close()


async def test_half_a_body_does_not_delay_the_end(
    client: Client, session_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A bridge that stops answers at once who has not said everything: 503, come back."""
    async with bridging(client) as bridge, half_a_post(bridge.url) as connection:
        await asyncio.sleep(0.2)
        bridge.hub.end_streams()
        async with asyncio.timeout(BODY_SECONDS - 1):  # sooner than for want of the rest
            answer = await connection.read()
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"retry-after: 1" in answer.lower()
    assert [r.getMessage() for r in records_of(caplog, session_id) if r.levelname == "ERROR"] == []


async def test_a_stopping_bridge_refuses_posts_and_readers(
    play: Play, http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    """While a bridge stops, POSTs get 503 with Retry-After, and new readers a time to come again.

    A line names a POST that was refused.
    """
    caplog.set_level("INFO")
    async with bridging(play.client) as bridge:
        place = Play(play.client, play.handle, bridge.url)
        assert (await place.post(http, [1])).status_code == 200
        bridge.hub.end_streams()
        by_hand = {"session_id": "by-hand", "event": token(2)}
        for answer in (
            await place.post(http, [2]),
            await place.post(http, []),
            await http.post(f"{bridge.url}/events/by-hand", json=by_hand),
        ):
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "1"
            assert answer.headers["content-type"] == "application/problem+json"
            assert "come back" in answer.json()["detail"]
        reader = await http.get(place.stream_url)
        assert reader.status_code == 200, "EventSource would not come again after a 503"
        assert reader.text.startswith("retry: 1000\n:")
        probe = decode_post(json.dumps(place.body([])).encode())
        assert isinstance(probe, ProducerPost)
        with pytest.raises(Stopping):  # the hub itself, whoever serves it
            await bridge.hub.receive(probe)
    assert (await play.handle.query("progress"))["last_event_id"] == "1.1.1"
    [line] = [m for m in caplog.messages if f"{play.handle.id}: the POST" in m]
    assert "the POST of 1.1.2 is refused with 503" in line
