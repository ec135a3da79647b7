"""At, under and over each limit, on the real stack: nothing is lost, and every refusal is clear."""

import asyncio
import contextlib
import json
import logging
import secrets
import socket
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import httpx
import pytest
from temporalio.client import Client

from kai_flow.agents import Task
from kai_flow.bridge.hub import running_hub
from kai_flow.runtime import serving as kai_serving
from kai_flow.runtime.serving import serving
from kai_flow.settings import Settings
from kai_flow.stream.attempt_window import MAX_WINDOW_BYTES
from kai_flow.stream.callback import MAX_BODY_BYTES
from kai_flow.stream.events import MAX_EVENT_BYTES
from kai_flow.stream.follower import follow
from kai_flow.stream.ids import MAX_NUMBER
from kai_flow.stream.place import NOWHERE
from kai_flow.stream.reader import EventReader, read_history
from kai_flow.stream.session_log import SessionLog
from kai_flow.stream.shown_log import MAX_LOG_BYTES
from kai_flow.web.app import create_app
from kai_flow.web.send_timeout import SendTimeout
from tests.bench.listening import ids_in, listen
from tests.integration.conftest import Handle, worker_on
from tests.integration.log_records import records_of
from tests.integration.receivers import answer, receiving
from tests.integration.stage import Play, token
from tests.integration.subscriber import read_all, subscribed

STARTED = {
    "type": "started", "producer": 1, "attempt": 1,
    "activity": "chat_streaming", "activity_id": "1", "beside": [],
}  # fmt: skip
ENDED = {"type": "ended", "producer": 1, "status": "completed"}
JSON = {"Content-Type": "application/json"}

# What an agent says


class Reciter:
    """An agent that says what `recited` holds under its prompt, without pausing."""

    async def execute(self, task: Task) -> dict[str, Any]:
        return {}

    async def stream_execute(self, task: Task) -> AsyncIterator[dict[str, Any]]:
        for event in recited[task.prompt]():
            yield event
        yield {"type": "done", "result": {"final_answer": "said"}}


recited: dict[str, Callable[[], Any]] = {}


def create() -> Reciter:
    """The factory for KAI_AGENT."""
    return Reciter()


@pytest.fixture(scope="module")
async def reciting(client: Client) -> AsyncIterator[str]:
    """The task queue of a worker with a reciter."""
    queue = f"reciting-{secrets.token_hex(4)}"
    async with worker_on(client, queue, "tests.integration.test_boundaries:create"):
        yield queue


async def recite(
    client: Client, queue: str, bridge: str, session_id: str, say: Callable[[], Any]
) -> Handle:
    """Start a session whose agent says that."""
    recited[session_id] = say
    question = {
        "prompt": session_id,
        "connection_id": "none",
        "callback_url": f"{bridge}/events/{session_id}",
    }
    return await client.start_workflow("KaiChatWorkflow", question, id=session_id, task_queue=queue)


@pytest.mark.parametrize("count", [0, 1])
async def test_almost_nothing(
    client: Client, reciting: str, bridge: str, session_id: str, count: int
) -> None:
    """An agent that says nothing, or one thing, has a whole stream all the same."""
    events = [{"type": "note", "n": n} for n in range(count)]
    handle = await recite(client, reciting, bridge, session_id, lambda: events)
    reader = await read_all(f"{bridge}/stream/{session_id}")
    done = {"type": "done", "result": await handle.result()}
    assert [seen.event for seen in reader.seen] == [STARTED, *events, ENDED, done]


async def test_a_hundred_thousand_events(
    client: Client, reciting: str, bridge: str, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every event of an agent that never pauses arrives in order, and no memory grows with them."""
    count, most = 100_000, 0
    receive = SessionLog.receive

    def watched(log: SessionLog, *args: Any, **options: Any) -> Any:
        nonlocal most
        answer = receive(log, *args, **options)
        most = max(most, log.held)
        return answer

    monkeypatch.setattr(SessionLog, "receive", watched)
    handle = await recite(
        client, reciting, bridge, session_id,
        lambda: ({"type": "token", "content": f"t{n} "} for n in range(2, count + 2)),
    )  # fmt: skip
    port = httpx.URL(bridge).port or 0
    async with asyncio.timeout(100):
        ids = await listen(port, session_id)
    assert ids == [*(f"1.1.{n}" for n in range(1, count + 2)), "end"]
    assert (await handle.result())["last_event_id"] == f"1.1.{count + 1}"
    assert 0 < most <= MAX_LOG_BYTES + MAX_WINDOW_BYTES
    info = (await handle.describe()).raw_description.workflow_execution_info
    assert info.history_size_bytes < 50 * 2**20
    assert info.history_length < 51_200
    print(f"{info.history_length} events, {info.history_size_bytes} bytes; at most {most} held")


async def test_events_around_the_size_limit(
    client: Client, reciting: str, bridge: str, session_id: str
) -> None:
    """An event of 256 KiB passes, one byte more is omitted under its own id; no id is missing."""
    frame = len('{"type":"blob","data":""}')
    sizes = [MAX_EVENT_BYTES + n for n in (-1, 0, 1, 2, MAX_EVENT_BYTES)] + [MAX_EVENT_BYTES] * 9
    blobs = [{"type": "blob", "data": "x" * (size - frame)} for size in sizes]
    await recite(client, reciting, bridge, session_id, lambda: blobs)
    reader = await read_all(f"{bridge}/stream/{session_id}")
    for size, blob, seen in zip(sizes, blobs, reader.seen[1:], strict=False):
        omitted = {"type": "omitted", "of": "blob", "bytes": size}
        assert seen.event == (blob if size <= MAX_EVENT_BYTES else omitted)
    assert reader.ids == [*(f"1.1.{n}" for n in range(1, len(sizes) + 2)), "end"]


ODD = [
    "", "", "",
    *(chr((plane << 16) + 0x1F00) for plane in range(17) if plane != 0),
    *(chr((plane << 16) + last) for plane in range(17) for last in (0xFFFE, 0xFFFF)),
    "\r", "\n", "\r\n", "\0", "a\0b\r\nc\n\nid: 1.1.1\n\n", "data: x\n\n",
    "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029", "\ufeff", "\x7f\x80\x9f", "e\u0301", "\u202e",
    "\ud800", "\udfff\ud800", "\udc00", "\ud83d", "\ude42", "\ud83d\ude42",
    '"\\/', "", "ok",
]  # fmt: skip


def mended(text: str) -> str:
    """What the stream makes of it: lone surrogates become U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


async def test_every_kind_of_text(
    client: Client, reciting: str, bridge: str, session_id: str
) -> None:
    """Empty tokens, every plane, lone surrogates, CR, LF and NUL: the same in every copy."""
    handle = await recite(
        client, reciting, bridge, session_id,
        lambda: [{"type": "token", "content": text} for text in ODD],
    )  # fmt: skip
    url = f"{bridge}/stream/{session_id}"
    async with subscribed(url) as live:
        await live.saw("done")
    result = await handle.result()
    run_id = (await handle.describe()).run_id
    history = (await read_history(client, session_id, run_id)).read(NOWHERE, 2**40).events
    page = [event async for event in EventReader(client, session_id).events()]
    copies = {
        "live": [seen.event for seen in live.seen],
        "again": [seen.event for seen in (await read_all(url)).seen],
        "history": [event.decode() for event in history],
        "query": [event.decode() for event in page],
        "follow": [event async for _, event in follow(bridge, session_id)],
        "tail": [event async for _, event in follow(client, session_id)],
    }
    expected = [STARTED, *({"type": "token", "content": mended(text)} for text in ODD)]
    done = {"type": "done", "result": result}
    for name, copy in copies.items():
        assert copy[: len(expected)] == expected, name
        assert copy[len(expected) :] in ([], [ENDED, done]), name


# The HTTP border


def problem(answer: httpx.Response, status: int) -> str:
    """The sentence of a refusal."""
    assert answer.status_code == status, answer.text[:500]
    assert answer.headers["content-type"] == "application/problem+json", answer.text[:500]
    detail: str = answer.json()["detail"]
    assert detail
    assert len(detail) < 2_000
    assert "\n" not in detail
    return detail


async def test_ids_around_2_to_the_53(play: Play, http: httpx.AsyncClient) -> None:
    """The largest id is taken, shown and stored; a larger one is refused with a sentence."""
    last = MAX_NUMBER
    assert last == 2**53 - 1
    for number in (last + 1, last + 2, 10**16, 10**400):
        body = play.body([], base=last - 1) | {
            "events": [{"id": f"1.1.{number}", "event": token(2)}]
        }
        detail = problem(await http.post(play.events_url, json=body), 400)
        assert "2^53" in detail or "event id" in detail
        answer = await http.get(play.stream_url, headers={"Last-Event-ID": f"1.1.{number}"})
        detail = problem(answer, 400)
        assert "2^53" in detail or "event id" in detail
    await play.signal([last - 2])  # what the `base` below calls durable is so
    events = [{"id": f"1.1.{n}", "event": token(2)} for n in (last - 1, last)]
    body = play.body([], base=last - 1) | {"events": events}
    answer = await http.post(play.events_url, json=body)
    assert answer.json()["received"] == f"1.1.{last}"
    async with subscribed(play.stream_url, cursor=f"1.1.{last - 2}") as reader:
        await reader.until(lambda: len(reader.ids) == 2)
        await play.until_durable(http, f"1.1.{last}", base=last - 1)  # no activity ends before
        await play.end()
        await reader.saw("done")
    assert reader.ids == [f"1.1.{last - 1}", f"1.1.{last}", "end"]
    history = await read_history(play.client, play.id, play.run_id)
    stored = [event.id.seq for event in history.read(NOWHERE, 2**20).events]
    assert stored == [last - 2, last - 1, last]


async def test_bodies_around_2_mib(play: Play, http: httpx.AsyncClient) -> None:
    """A body of 2 MiB is taken, one byte more is 413, and what came before is kept."""
    await play.post(http, [1, 2])
    for numbers, excess, status in (([3], 0, 200), ([4], 1, 413), ([4], -1, 200)):
        body = json.dumps(play.body(numbers)).encode().ljust(MAX_BODY_BYTES + excess)
        answer = await http.post(play.events_url, content=body, headers=JSON)
        assert answer.status_code == status, answer.text
        if status == 413:
            problem(answer, 413)
    await play.until_durable(http, "1.1.4")
    await play.end(result="over")
    assert (await read_all(play.stream_url)).ids == [*(f"1.1.{n}" for n in range(1, 5)), "end"]


LONG = "9" * 60_000


async def test_hostile_ids_are_refused_and_nothing_is_lost(
    play: Play, http: httpx.AsyncClient
) -> None:
    """Long, controlling and foreign characters in ids and headers are each one clear problem."""
    await play.post(http, [1, 2])
    for cursor in (
        "1.1.٣", "１.１.１", "1.1.²", "+1.1.1", "1.1.1 ", " 1.1.1", "1_0.1.1", "0x1.1.1",
        "1.1.1\n", "1.1.1\0", "1.1.1@", "1.1.1@4F3A9C1E", "1.1.1@4f3a9c1", "end@\u0664f3a9c1e",
        "1.1.1@4f3a9c1e\n", "None", "-", f"1.1.{LONG}", f"{LONG}@4f3a9c1e", "end@" + LONG,
    ):  # fmt: skip
        detail = problem(await http.get(play.stream_url, params={"last_event_id": cursor}), 400)
        assert "cursor" in detail or "id" in detail
    for cursor in (LONG, "1.1.\u00b2", "1.1.1@\u00ff"):
        answer = await http.get(
            play.stream_url, headers={b"Last-Event-ID": cursor.encode("latin-1")}
        )
        problem(answer, 400)
    for number in ("٣", "²", "1\n", "1\0", LONG, "1e3", "1.0"):
        body = play.body([3]) | {"events": [{"id": f"1.1.{number}", "event": token(3)}]}
        assert "event id" in problem(await http.post(play.events_url, json=body), 400)
    for session_id in ("x" * 1_001, "a\nb", "a\0b", "a\x1b[31mb", "a\u202eb", "\x7f"):
        url = f"{play.bridge}/{{}}/{httpx.QueryParams(s=session_id)}".replace("s=", "")
        url = url.replace("+", "%20")
        assert "session id" in problem(await http.get(url.format("stream")), 400)
        ids = {"session_id": session_id, "workflow_id": session_id}
        for body in (play.body([1]) | ids, {"session_id": session_id, "event": token(2)}):
            answer = await http.post(url.format("events"), json=body)
            assert "session id" in problem(answer, 400)
    for raw in (b"Last-Event-ID: 1.1.\x00", b"Last-Event-ID: 1\r\n.1.1", b"X-" + b"y" * 200_000):
        assert (await raw_status(play, raw)) in (b"400", b"431")
    answer = await play.post(http, [3])
    assert answer.json()["received"] == "1.1.3"
    await play.until_durable(http, "1.1.3")
    await play.end()
    assert (await read_all(play.stream_url)).ids == ["1.1.1", "1.1.2", "1.1.3", "end"]


async def raw_status(play: Play, header: bytes) -> bytes:
    """The status of a request with a header that no client would send."""
    url = httpx.URL(play.stream_url)
    reader, writer = await asyncio.open_connection("127.0.0.1", url.port)
    writer.write(
        b"GET " + url.raw_path + b" HTTP/1.1\r\nHost: localhost\r\n" + header + b"\r\n\r\n"
    )
    with contextlib.closing(writer):
        async with asyncio.timeout(60):
            return (await reader.readline()).split()[1]


# Receivers that do not do their part

HTML = "Content-Type: text/html"


def mind(received: str) -> bytes:
    """The answer of something that means to be a bridge."""
    says = {"received": received, "durable": "1.1.0", "bridge": "05c82dad795370b3"}
    return answer("200 OK", json.dumps(says).encode())


# What is answered, whether that is a delivery (None: it claims to be), what the one line says.
REPLIES: dict[str, tuple[bytes | None, bool | None, str]] = {
    "plain": (answer("200 OK", b"ok"), True, "delivery only"),
    "html": (answer("200 OK", b"<html>hello</html>", HTML), True, "delivery only"),
    "half-json": (answer("200 OK", b'{"received":"1.1.1","durab'), True, "cannot be understood"),
    "beyond": (mind(f"1.1.{MAX_NUMBER}"), None, "which was never sent"),
    "elsewhere": (mind("1.7.1"), None, "which was never sent"),
    "forgetful": (mind("1.1.0"), False, "same events again and again"),
    "lying-409": (answer("409 Conflict", b'{"expected":"1.1.9"}'), False, "was never sent"),
    "endless-409": (answer("409 Conflict", b'{"expected":"1.1.1"}'), False, "again and again"),
    "redirect": (answer("302 Found", b"", "Location: http://evil.example/"), False, "HTTP 302"),
    "half": (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf", False, "callback failed, "),
    "nothing": (None, False, "callback failed, "),
}


async def test_bad_receivers_leave_one_log_line_and_nothing_else(
    client: Client,
    reciting: str,
    session_id: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """HTML, lies, half an answer, none: one line with session and event, and a whole result."""
    # short for the one that never answers, long enough for all others on a busy machine
    monkeypatch.setattr("kai_flow.stream.http_posts.POST_TIMEOUT_SECONDS", 1.5)
    caplog.set_level(logging.INFO)

    async def session(name: str, reply: bytes | None, delivered: bool | None, says: str) -> None:
        async with receiving(reply) as receiver:
            own = f"{session_id}-{name}"
            recited[own] = lambda: [{"type": "token", "content": "x"}]
            question = {"prompt": own, "connection_id": "none", "callback_url": receiver.url}
            handle = await client.start_workflow(
                "KaiChatWorkflow", question, id=own, task_queue=reciting
            )
            result = await handle.result()
            assert len(receiver.posts) >= 3, "one line a POST would not be seen"
        if delivered is not None:
            counts = (2, 0) if delivered else (0, 2)
            assert (result["events_sent"], result["events_failed"]) == counts
        assert result["status"] == "completed"
        history = await read_history(client, own, handle.first_execution_run_id or "")
        assert len(history) == 2
        told = [record for record in caplog.records if f"session {own}," in record.getMessage()]
        assert len(told) == 1, [record.getMessage() for record in told]
        line = told[0].getMessage()
        assert says in line
        assert "event 1.1." in line
        assert "\n" not in line
        expected = logging.INFO if says == "delivery only" else logging.WARNING
        assert told[0].levelno == expected

    await asyncio.gather(*(session(name, *reply) for name, reply in REPLIES.items()))


# A reader that does not read

READERS = 200
BLOBS = [{"type": "blob", "data": f"{n:04}" * 4_000} for n in range(60)]  # 16 KB each


class Handed:
    """Counts what the bridge could hand to the one reader that says it is the slow one."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.bytes = 0  # of the first such response
        self.over = asyncio.Event()  # the response has ended

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if (b"x-slow", b"1") not in scope.get("headers", ()):
            await self._app(scope, receive, send)
            return

        async def count(message: Any) -> None:
            await send(message)
            self.bytes += len(message.get("body", b""))

        try:
            await self._app(scope, receive, count)
        finally:
            self.over.set()


@pytest.fixture
async def impatient(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Handed, int]]:
    """A bridge that waits 5 s for a reader, with small socket buffers; and its port."""
    bind = kai_serving._bind

    def bind_small(*args: Any) -> socket.socket:
        listener = bind(*args)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16 * 1024)
        return listener

    monkeypatch.setattr(kai_serving, "_bind", bind_small)
    monkeypatch.setattr("kai_flow.web.app.SendTimeout", partial(SendTimeout, 5.0))
    async with running_hub(
        client, signal_interval=0.25, signals_per_second=50, idle_timeout=60
    ) as hub:
        app = Handed(create_app(hub, client, Settings(bridge_port=0)))
        async with serving(
            app, "127.0.0.1", 0, what="bridge", setting="-", before_stop=hub.end_streams
        ) as port:
            yield app, port


async def test_a_paused_reader_beside_200_live_ones(
    client: Client,
    reciting: str,
    session_id: str,
    impatient: tuple[Handed, int],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It takes little memory, is disconnected in time, holds nobody up, and resumes whole."""
    caplog.set_level(logging.INFO, "kai_flow.web.send_timeout")
    app, port = impatient
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 * 1024)
    slow.connect(("127.0.0.1", port))
    request = f"GET /stream/{session_id} HTTP/1.1\r\nHost: localhost\r\nX-Slow: 1\r\n\r\n"
    slow.sendall(request.encode())
    live = [asyncio.create_task(listen(port, session_id)) for _ in range(READERS)]
    handle = await recite(client, reciting, f"http://127.0.0.1:{port}", session_id, lambda: BLOBS)
    numbers = [f"1.1.{n}" for n in range(1, len(BLOBS) + 2)]
    async with asyncio.timeout(100):
        for ids in await asyncio.gather(*live):
            assert ids == [*numbers, "end"]
        await handle.result()
        await app.over.wait()
    # What fits the sockets, uvicorn's buffer and one chunk: not the session.
    assert app.bytes < 400 * 1024 < sum(len(blob["data"]) for blob in BLOBS)
    before = await asyncio.to_thread(rest, slow)
    seen = ids_in(before[: before.rindex(b"\n\n")])
    assert seen == numbers[: len(seen)]
    said_of_it = records_of(caplog, session_id)
    [line] = [r.getMessage() for r in said_of_it if r.name == "kai_flow.web.send_timeout"]
    said, _, place = line.rpartition(" ")
    assert said.startswith(f"session {session_id}: a subscriber that does not read")
    assert place.partition("@")[0] in numbers, "where it can go on"
    assert place.endswith("@" + (handle.first_execution_run_id or "")[-8:])
    again = await listen(port, session_id, f"Last-Event-ID: {seen[-1]}")
    assert [*seen, *again[1:]] == [*numbers, "end"]  # first the cursor is repeated


def rest(connection: socket.socket) -> bytes:
    """What still comes out of a connection, until it ends."""
    connection.settimeout(60)
    received = b""
    with contextlib.suppress(ConnectionError), connection:
        while part := connection.recv(65_536):
            received += part
    return received
