"""`follow`: from a bridge with a script, and from a simulated Temporal server."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kai_flow.stream import follower as module
from kai_flow.stream.errors import InvalidUrl
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.follower import Followed, StreamLostError, follow
from kai_flow.stream.ids import EventId
from tests.property.strategies import run_of
from tests.unit.virtual import RUN_ID, SESSION, Stage, in_virtual_time

FIRST = EventId(1, 1, 1)
INCARNATION = "4f3a9c1e"
OPEN = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nretry: 10\n\n"


def frame(event_id: str, kind: str, rest: str = "") -> str:
    """One event as the bridge writes it."""
    named = f"id: {event_id}\n" if event_id else ""
    return f'{named}event: {kind}\ndata: {{"type":"{kind}"{rest}}}\n\n'


def answer(status: str, body: str = "", kind: str = "application/problem+json") -> str:
    """A whole response that is no stream."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Connection: close\r\n\r\n{body}"


class ScriptedBridge:
    """Answers the n-th request with the n-th answer and cuts; keeps what it was asked."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str | None]] = []  # (path, Last-Event-ID)
        self.url = ""

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        cursors = [line[15:] for line in head if line.lower().startswith("last-event-id: ")]
        self.asked.append((head[0].split()[1], cursors[0] if cursors else None))
        writer.write(self.answers.pop(0).encode())
        await writer.drain()
        writer.close()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["ScriptedBridge"]:
        """Listen on any free port for as long as the block lasts."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        async with server:
            self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            yield self


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test waits for real pauses."""
    monkeypatch.setattr(module, "FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(module, "LAST_PAUSE_SECONDS", 0.01)


async def read(bridge: ScriptedBridge, session: str = "s") -> list[Followed]:
    """Everything that the subscriber yields."""
    async with bridge.running(), contextlib.aclosing(follow(bridge.url, session)) as events:
        return [item async for item in events]


async def test_a_cut_stream_goes_on_where_it_was() -> None:
    """After a cut the subscriber comes back with its last id, and nothing comes twice."""
    bridge = ScriptedBridge(
        OPEN + frame("1.1.1@a", "started") + frame("1.1.2@a", "token"),
        OPEN + "id: 1.1.2@a\n\n",
        OPEN + frame("1.1.3@a", "token") + frame("end@a", "done") + frame("9", "never"),
    )
    seen = await read(bridge)
    assert [event_id for event_id, _ in seen] == ["1.1.1@a", "1.1.2@a", "1.1.3@a", "end@a"]
    assert [cursor for _, cursor in bridge.asked] == [None, "1.1.2@a", "1.1.2@a"]


async def test_half_an_event_is_not_shown() -> None:
    """An event that was cut in the middle is taken from the next connection, whole."""
    bridge = ScriptedBridge(
        OPEN + frame("1.1.1", "started") + frame("1.1.2", "token")[:-5],
        OPEN + frame("1.1.2", "token") + frame("end", "done"),
    )
    assert [event["type"] for _, event in await read(bridge)] == ["started", "token", "done"]


async def test_a_busy_bridge_is_asked_again() -> None:
    """503 and 429 are a reason to come back, not to give up."""
    bridge = ScriptedBridge(
        answer("503 Service Unavailable"), answer("429 Too Many"), OPEN + frame("end", "done")
    )
    assert len(await read(bridge)) == 1


async def test_no_content_is_the_end() -> None:
    """204 says that the subscriber has seen everything."""
    assert await read(ScriptedBridge("HTTP/1.1 204 No Content\r\n\r\n")) == []


async def test_an_event_about_the_stream_has_no_id() -> None:
    """`idle_timeout` does not borrow the id of the event before it, and the cursor stays."""
    bridge = ScriptedBridge(
        OPEN + frame("1.1.1", "token") + frame("", "idle_timeout"), OPEN + frame("end", "done")
    )
    assert (await read(bridge))[1] == (None, {"type": "idle_timeout"})
    assert bridge.asked[1][1] == "1.1.1"


async def test_a_refusal_is_told_with_the_bridges_reason() -> None:
    """A 4xx ends it with what the bridge says about it."""
    bridge = ScriptedBridge(answer("404 Not Found", '{"detail":"no session s: start it"}'))
    with pytest.raises(StreamLostError, match="no session s: start it"):
        await read(bridge)


@pytest.mark.parametrize(
    "reply",
    [answer("200 OK", "<html>", "text/html"), OPEN + "data: hello\n\n", OPEN + "data: [1]\n\n"],
)
async def test_something_else_at_the_address_is_recognised(reply: str) -> None:
    """Whoever does not speak as a bridge does is named as such."""
    with pytest.raises(StreamLostError, match="not a bridge of KAI Flow"):
        await read(ScriptedBridge(reply))


async def test_a_bridge_that_is_gone_is_given_up_in_the_end() -> None:
    """After a long outage the subscriber says so, having said before that it tries again."""
    bridge = ScriptedBridge()
    async with bridge.running():
        pass
    said: list[str] = []
    stream = follow(bridge.url, "s", give_up_after=0.05, on_outage=lambda: said.append("again"))
    with pytest.raises(StreamLostError, match="has not answered"):
        await anext(stream)
    assert len(said) == 1


async def test_a_session_id_is_one_segment_of_the_path() -> None:
    """A session id with special characters cannot leave its place in the URL."""
    bridge = ScriptedBridge("HTTP/1.1 204 No Content\r\n\r\n")
    await read(bridge, "a/../b?c#d")
    assert bridge.asked[0][0] == "/stream/a%2F..%2Fb%3Fc%23d"


@pytest.mark.parametrize("address", ["localhost:8092", "ftp://localhost", "http://", "http://h:x"])
async def test_an_address_that_is_none_is_refused_at_once(address: str) -> None:
    """What cannot be reached however long one tries is an error, and the message shows how."""
    async with asyncio.timeout(60):
        with pytest.raises(InvalidUrl, match="one looks like http://localhost:8092"):
            await anext(follow(address, "s"))


async def test_a_mistake_of_ours_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """An AttributeError that no network caused comes out, instead of an endless reconnecting."""
    bridge = ScriptedBridge(*[OPEN + frame("1.1.1", "token")] * 3)

    def feed(self: object, text: str) -> None:
        raise AttributeError("a mistake")

    monkeypatch.setattr("kai_flow.stream.follower.Decoder.feed", feed)
    with pytest.raises(AttributeError, match="a mistake"):
        await read(bridge)
    assert len(bridge.asked) == 1


@in_virtual_time
async def test_a_deleted_run_is_not_waited_for_in_silence(caplog: pytest.LogCaptureFixture) -> None:
    """A session that does not exist yet is no news; one that is gone again is logged."""
    stage = Stage()
    runs = stage.server.runs.pop(SESSION)
    caplog.set_level("INFO")
    following = follow(stage.client, SESSION)
    reading = asyncio.ensure_future(anext(following))
    await asyncio.sleep(1)
    assert caplog.messages == []
    stage.server.runs[SESSION] = runs
    stage.store(run_of(EventId(1, 1, 1), 1))
    await reading
    reading = asyncio.ensure_future(anext(following))
    await asyncio.sleep(1)
    del stage.server.runs[SESSION]
    stage.server.changed.change()
    await asyncio.sleep(100)
    reading.cancel()
    assert any(f"session {SESSION}: waiting for Temporal" in line for line in caplog.messages)


# From Temporal


async def follow_stage(stage: Stage, after: str | None = None) -> list[Followed]:
    """All that `follow` yields from Temporal, to the end."""
    return [one async for one in follow(stage.client, SESSION, after=after)]


def ids_of(followed: list[Followed]) -> list[str | None]:
    """The cursors."""
    return [one.id for one in followed]


@given(count=st.integers(0, 8), seen=st.integers(0, 8), page_size=st.integers(1, 4))
@in_virtual_time
async def test_temporal_has_all_that_a_bridge_shows(count: int, seen: int, page_size: int) -> None:
    """Every event after the cursor, once and in order, then `done` with the result."""
    stage = Stage(page_size=page_size)
    for number in range(count):
        stage.store(run_of(FIRST.offset(number), 1))
    stage.close(b'{"answer":42}')
    seen = min(seen, count)
    cursor = f"1.1.{seen}@{INCARNATION}" if seen else None
    followed = await follow_stage(stage, cursor)
    expected = [f"1.1.{number + 1}@{INCARNATION}" for number in range(seen, count)]
    assert ids_of(followed) == [*expected, f"end@{INCARNATION}"]
    assert followed[-1].event == {"type": "done", "result": {"answer": 42}}


@in_virtual_time
async def test_who_has_seen_the_end_gets_nothing() -> None:
    """The cursor behind `done` is the end, in its own incarnation only."""
    stage = Stage()
    stage.close()
    assert await follow_stage(stage, f"end@{INCARNATION}") == []
    other = await follow_stage(stage, "end@deadbeef")
    assert [one.event["type"] for one in other] == ["reset", "done"]


@in_virtual_time
async def test_a_session_is_waited_for_through_an_outage() -> None:
    """Before it begins and while Temporal is away nothing is lost, and nothing comes twice."""
    stage = Stage()
    stage.server.runs.clear()
    following = asyncio.create_task(follow_stage(stage))
    await asyncio.sleep(30.0)
    stage.begin(RUN_ID)
    stage.store(run_of(FIRST, 1))
    await asyncio.sleep(10.0)
    stage.outage()
    stage.store(run_of(FIRST.offset(1), 1))
    await asyncio.sleep(60.0)
    stage.outage(over=True)
    stage.close()
    ends = [f"1.1.1@{INCARNATION}", f"1.1.2@{INCARNATION}", f"end@{INCARNATION}"]
    assert [one for one in ids_of(await following) if one] == ends


@in_virtual_time
async def test_a_reset_continues_with_the_new_run() -> None:
    """Its events follow a `reset`, under cursors of its own incarnation."""
    stage = Stage()
    stage.store(run_of(FIRST, 2))
    following = asyncio.create_task(follow_stage(stage))
    await asyncio.sleep(1.0)
    stage.reset("0190b6a2-7e1c-7000-8000-0000deadbeef")
    stage.store(run_of(FIRST, 1), run_id="0190b6a2-7e1c-7000-8000-0000deadbeef")
    stage.close()
    followed = await following
    old = [f"1.1.1@{INCARNATION}", f"1.1.2@{INCARNATION}"]
    assert ids_of(followed) == [*old, None, "1.1.1@deadbeef", "end@deadbeef"]
    assert followed[2].event == {"type": "reset", "reason": "new_run"}


@in_virtual_time
async def test_live_only_events_are_a_gap() -> None:
    """What an attempt sent after `unstored` is not in the history: the reader is told where."""
    stage = Stage()
    mark = NumberedEvent(FIRST.offset(1), "unstored", b'{"type":"unstored"}')
    stage.store([*run_of(FIRST, 1), mark])
    stage.store(run_of(EventId(2, 1, 1), 1))
    stage.close()
    followed = await follow_stage(stage)
    gap = {"type": "gap", "after": "1.1.2", "before": "2.1.1"}
    assert [one.event for one in followed if one.id is None] == [gap]


@in_virtual_time
async def test_a_dead_worker_is_shown_once_and_its_return_too() -> None:
    """`status` is yielded when it changes, and not with every check."""
    stage = Stage()
    stage.schedule("1", 1, header=1)
    seen: list[object] = []

    async def read() -> None:
        async for one in follow(stage.client, SESSION):
            status = one.event.get("status")
            seen.append(status or one.event["type"])

    reading = asyncio.create_task(read())
    await asyncio.sleep(60.0)
    assert seen == ["waiting"]
    stage.retry("1", 2)
    await asyncio.sleep(60.0)
    assert seen == ["waiting", "retrying"]
    stage.store(run_of(EventId(1, 2, 1), 1))
    stage.close()
    await reading
    assert seen == ["waiting", "retrying", "e", "done"]
