"""Which requests are plain POSTs, and that everything else reaches the app behind them."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import pytest

from kai_flow.stream.callback import MAX_BODY_BYTES
from kai_flow.web.body import Bodies
from kai_flow.web.documents import Answered
from kai_flow.web.plain_posts import PlainPosts
from kai_flow.web.send_timeout import SendTimeout

HEADERS = {"host": "localhost:8092", "content-type": "application/json", "content-length": "2"}


class Documents:
    """Takes every document."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, bytes]] = []

    async def answer(self, session_id: str, document: bytes, *_sender: Any) -> Answered:
        """Note it."""
        self.taken.append((session_id, document))
        return Answered(200, {"Retry-After": "1"}, "application/json", b"[]")


async def served(
    headers: Mapping[str, str | None] | None = None,
    *more: tuple[str, str],
    scope: Mapping[str, Any] | None = None,
) -> tuple[list[tuple[str, bytes]], list[Any]]:
    """What was taken as a plain POST, and what was sent; nothing if it went to the other app."""
    documents: Any = Documents()
    fields = {**HEADERS, **(headers or {})}
    pairs = [(name, value) for name, value in fields.items() if value is not None] + [*more]
    sent: list[Any] = []

    async def others(scope: Any, receive: Any, send: Any) -> None:
        assert await receive() == {"type": "http.request", "body": b"{}"}, "nothing was read before"

    async def receive() -> Any:
        return {"type": "http.request", "body": b"{}"}

    async def send(message: Any) -> None:
        sent.append(message)

    bodies = Bodies(asyncio.Event())
    app = PlainPosts(others, ["localhost", "[::1]"], bodies, documents, SendTimeout())
    post = {
        "type": "http",
        "method": "POST",
        "path": "/events/x",
        "headers": [(name.encode(), value.encode()) for name, value in pairs],
    }
    await app({**post, **(scope or {})}, receive, send)
    return documents.taken, sent


@pytest.mark.parametrize("host", ["localhost", "localhost:8092"])
async def test_a_plain_post_is_answered(host: str) -> None:
    """A POST with nothing special in its head is answered at once, with all headers."""
    taken, sent = await served({"host": host})
    assert taken == [("x", b"{}")]
    headers = [(b"retry-after", b"1"), (b"content-type", b"application/json")]
    assert sent == [
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [*headers, (b"content-length", b"2")],
        },
        {"type": "http.response.body", "body": b"[]", "more_body": False},
    ]


async def test_a_mounted_bridge_takes_plain_posts() -> None:
    """The path below which the bridge is mounted is no part of the session id."""
    mounted = {"root_path": "/bridge", "path": "/bridge/events/x"}
    assert (await served(scope=mounted))[0] == [("x", b"{}")]


@pytest.mark.parametrize(
    "headers",
    [
        {"host": None},
        {"host": ""},
        {"host": "example.org"},
        {"host": "localhost:"},
        {"host": "localhost:x"},
        {"host": "localhost:1:2"},
        {"host": "localhost/"},
        {"host": "LOCALHOST"},
        {"content-type": None},
        {"content-type": "text/plain"},
        {"content-type": "application/json; charset=utf-8"},
        {"content-length": None},
        {"content-length": "-1"},
        {"content-length": "x"},
        {"content-length": str(MAX_BODY_BYTES + 1)},
        {"content-length": "9" * 100},
        {"content-length": None, "transfer-encoding": "chunked"},
        {"transfer-encoding": "chunked"},
        {"expect": "100-continue"},
        {"origin": "http://localhost:8092"},
        {"sec-fetch-site": "cross-site"},
    ],
)
async def test_a_special_head_is_left_to_the_other_app(headers: dict[str, str | None]) -> None:
    """Whatever needs a check, a refusal, or more headers in the answer is not answered here."""
    assert await served(headers) == ([], [])


@pytest.mark.parametrize("name", sorted(HEADERS))
async def test_a_repeated_header_is_left_to_the_other_app(name: str) -> None:
    """Which of two values counts is not decided here."""
    assert await served({}, (name, HEADERS[name])) == ([], [])


@pytest.mark.parametrize(
    "scope",
    [
        {"type": "lifespan"},
        {"type": "websocket"},
        {"method": "GET"},
        {"method": "OPTIONS"},
        {"path": "/stream/x"},
        {"path": "/events"},
        {"path": "/events/"},
        {"path": "/events/x/"},
        {"path": "//events/x"},
        {"path": "/events/a/b"},
        {"path": "/events/a\nb"},
        {"path": "/events/" + "x" * 1_001},
        {"path": "/events/x", "root_path": "/bridge"},
        {"path": "/bridge/events/x", "root_path": "/bridge/"},
    ],
)
async def test_another_request_is_left_to_the_other_app(scope: dict[str, Any]) -> None:
    """So is every other route, method and form of a path."""
    assert await served(scope=scope) == ([], [])


async def test_a_producer_that_reads_no_answer_is_disconnected(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A client that lets its answers pile up holds its connection for SEND_SECONDS at most."""
    caplog.set_level(logging.INFO)
    documents: Any = Documents()
    bodies = Bodies(asyncio.Event())
    app = PlainPosts(unreachable, ["localhost"], bodies, documents, SendTimeout(0.01))

    async def receive() -> Any:
        return {"type": "http.request", "body": b"{}"}

    async def send(_message: Any) -> None:
        await asyncio.Future()

    headers = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
    scope = {"type": "http", "method": "POST", "path": "/events/x", "headers": headers}
    await app(scope, receive, send)
    assert caplog.messages == ["session x: a producer that does not read is disconnected"]


async def unreachable(_scope: Any, _receive: Any, _send: Any) -> None:
    """The app behind, which no plain POST comes to."""
    raise AssertionError
