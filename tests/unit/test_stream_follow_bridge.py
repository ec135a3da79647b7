"""`follow` over a bridge: a subscriber that does not give up, against a bridge with a script."""

import asyncio
import contextlib
import logging
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from kai_flow.stream import Followed, StreamLostError, follow
from kai_flow.stream import followed as module
from tests.own_ca import Authority

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

    def __init__(self, *answers: str, tls: ssl.SSLContext | None = None) -> None:
        self.tls = tls
        self.answers = list(answers)
        self.asked: list[tuple[str, str | None]] = []  # (path, Last-Event-ID)
        self.tokens: list[str] = []  # of each request, the field Authorization
        self.url = ""

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        cursors = [line[15:] for line in head if line.lower().startswith("last-event-id: ")]
        self.tokens += [line[15:] for line in head if line.lower().startswith("authorization: ")]
        self.asked.append((head[0].split()[1], cursors[0] if cursors else None))
        writer.write(self.answers.pop(0).encode())
        await writer.drain()
        writer.close()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["ScriptedBridge"]:
        """Listen on any free port for as long as the block lasts."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls)
        async with server:
            scheme = "http" if self.tls is None else "https"
            self.url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            yield self


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test waits for real pauses."""
    monkeypatch.setattr(module, "FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(module, "LAST_PAUSE_SECONDS", 0.01)


async def read(bridge: ScriptedBridge, session: str = "s", **options: Any) -> list[Followed]:
    """Everything that the subscriber yields."""
    async with (
        bridge.running(),
        contextlib.aclosing(follow(bridge.url, session, **options)) as events,
    ):
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


async def test_a_retry_after_is_waited_for() -> None:
    """A refusal that asks for a second gets no other request before it has passed."""
    busy = answer("503 Service Unavailable").replace("\r\n", "\r\nRetry-After: 1\r\n", 1)
    bridge = ScriptedBridge(busy, OPEN + frame("end", "done"))
    began = asyncio.get_running_loop().time()
    assert len(await read(bridge)) == 1
    assert asyncio.get_running_loop().time() - began >= 1


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


async def test_a_mistake_of_ours_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """An AttributeError that no network caused comes out, instead of an endless reconnecting."""
    bridge = ScriptedBridge(*[OPEN + frame("1.1.1", "token")] * 3)

    def feed(self: object, text: str) -> None:
        raise AttributeError("a mistake")

    monkeypatch.setattr("kai_flow.stream.follow_bridge.Decoder.feed", feed)
    with pytest.raises(AttributeError, match="a mistake"):
        await read(bridge)
    assert len(bridge.asked) == 1


EXPIRED = answer("401 Unauthorized", '{"detail":"the token has expired; get a new one"}')


def tokens() -> Any:
    """Gives t1, t2 and so on."""
    numbers = iter(range(1, 100))
    return lambda: f"t{next(numbers)}"


async def test_each_connection_has_a_token_of_its_own() -> None:
    """After a cut, and after `token_expired`, which is yielded; the place stays where it was."""
    bridge = ScriptedBridge(
        OPEN + frame("1.1.1@a", "started"),
        OPEN + frame("1.1.2@a", "token") + frame("", "token_expired"),
        OPEN + frame("end@a", "done"),
    )
    seen = await read(bridge, token=tokens(), headers={"X-Site": "a"})
    assert [event["type"] for _, event in seen] == ["started", "token", "token_expired", "done"]
    assert bridge.tokens == ["Bearer t1", "Bearer t2", "Bearer t3"]
    assert [cursor for _, cursor in bridge.asked] == [None, "1.1.1@a", "1.1.2@a"]


async def test_a_refused_token_is_replaced_once() -> None:
    """It may have expired on its way. A second one that is refused is the end."""
    said: list[str] = []
    bridge = ScriptedBridge(EXPIRED, OPEN + frame("end@a", "done"))
    await read(bridge, token=tokens(), on_outage=lambda: said.append("outage"))
    assert (bridge.tokens, said) == (["Bearer t1", "Bearer t2"], [])
    bridge = ScriptedBridge(EXPIRED, EXPIRED)
    with pytest.raises(StreamLostError, match="the token has expired"):
        await read(bridge, token=tokens())
    assert len(bridge.asked) == 2


async def test_a_fixed_token_is_not_tried_again() -> None:
    """The same request would get the same answer."""
    bridge = ScriptedBridge(
        OPEN + frame("1.1.1@a", "started") + frame("", "token_expired"), EXPIRED
    )
    with pytest.raises(StreamLostError, match="the token has expired"):
        await read(bridge, token="t0")
    assert bridge.tokens == ["Bearer t0"] * 2


async def test_what_gives_the_token_may_fail() -> None:
    """Its error is the caller's."""

    async def broken() -> str:
        raise LookupError("signed out")

    with pytest.raises(LookupError, match="signed out"):
        await read(ScriptedBridge(), token=broken)


def unreachable(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The lines about what seldom passes by itself."""
    kinds = [one for one in caplog.records if getattr(one, "kind", "") == "bridge_unreachable"]
    return [one.getMessage() for one in kinds if one.levelno == logging.WARNING]


async def test_a_host_that_nobody_knows_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """It may come back, so it is an outage; but somebody should look."""
    with pytest.raises(StreamLostError, match="has not answered"):
        async for _ in follow("http://nobody.invalid", "s", give_up_after=0.2):
            pass
    assert len(unreachable(caplog)) == 1


async def test_a_certificate_that_is_not_trusted_ends_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """On the first connection it is a mistake of the settings, and the error names the remedy."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    tls = Authority(tmp_path).certify("kai", "127.0.0.1").serving()
    async with ScriptedBridge(tls=tls).running() as bridge:
        with pytest.raises(StreamLostError, match=r"is not trusted .* set SSL_CERT_FILE"):
            async for _ in follow(bridge.url, "s"):
                pass


async def test_certificates_are_renewed_while_it_follows(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The bridge gets one of another authority, and a little later its reader learns of that."""
    old, new = Authority(tmp_path / "old"), Authority(tmp_path / "new")
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(old.file.read_bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    tls = old.certify("kai", "127.0.0.1").serving()
    renewed = new.certify("kai", "127.0.0.1")
    kinds = []

    def learn() -> None:
        trusted.write_bytes(new.file.read_bytes() + old.file.read_bytes())

    answers = OPEN + frame("1.1.1", "token"), OPEN + frame("end@x", "done")
    async with ScriptedBridge(*answers, tls=tls).running() as bridge:
        async for _, event in follow(bridge.url, "s", on_outage=learn):
            kinds.append(event["type"])
            tls.load_cert_chain(renewed.certificate, renewed.key)
    assert kinds == ["token", "done"]
    assert len(unreachable(caplog)) <= 1
