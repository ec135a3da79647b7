"""The HTTP side of a producer: each kind of answer is reported as what it is, and logged once."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import httpx
import msgspec
import pytest

from kai_flow.stream import callback_client
from kai_flow.stream.cadence import Cadence
from kai_flow.stream.callback import Origin, ProducerPost, decode_post, done_event, encode_answer
from kai_flow.stream.callback_client import CallbackClient
from kai_flow.stream.clock import now
from kai_flow.stream.delivery import Delivery
from kai_flow.stream.ids import EventId
from kai_flow.stream.outbox import Outbox
from kai_flow.stream.post_channel import MAX_RETRY_AFTER_SECONDS
from kai_flow.stream.producer_counts import ProducerCounts
from kai_flow.stream.receivers import Receiver
from tests.unit.virtual import RUN_ID, SESSION, in_virtual_time

URL = "http://receiver.example/events/session-1"
LAST = EventId(1, 1, 3)

Response = httpx.Response
Respond = Callable[[httpx.Request], Response | Awaitable[Response]]


class Attempt:
    """A producer's state after three events, and a client whose receiver answers as told."""

    def __init__(self, respond: Respond) -> None:
        self.posts: list[ProducerPost] = []
        self.outbox = Outbox(1, 1)
        self.delivery = Delivery(
            self.outbox, Cadence(0.25, now(), age=61.7), callback=True, now=now()
        )
        for _ in range(3):
            self.outbox.append("e", b'{"type":"e"}')
            self.delivery.appended(now())

        async def handle(request: httpx.Request) -> Response:
            post = decode_post(request.content)
            assert isinstance(post, ProducerPost)
            self.posts.append(post)
            response = respond(request)
            return response if isinstance(response, Response) else await response

        http = httpx.AsyncClient(transport=httpx.MockTransport(handle))
        origin = Origin(SESSION, RUN_ID, RUN_ID)
        self._client = CallbackClient(URL, http, origin, self.delivery)

    async def post(self) -> None:
        """Make the next POST, after a pause if it is not due yet."""
        post = self.delivery.next_post(now())
        if post is None:
            await asyncio.sleep(MAX_RETRY_AFTER_SECONDS)
            post = self.delivery.next_post(now())
        assert post is not None
        await self._client.post(post, done_event(None, self.outbox.last))


def response_of(status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> Response:
    """A response whose body has yet to be read."""
    return Response(status, stream=httpx.ByteStream(body), headers=headers)


def answering(status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> Respond:
    """A receiver that always answers this."""
    return lambda _: response_of(status, body, headers)


@in_virtual_time
async def test_a_bridge_is_recognised_by_its_answer() -> None:
    """The POST says where it comes from and how old the session is; the answer is taken in."""
    attempt = Attempt(answering(200, encode_answer(LAST, LAST, "05c82dad795370b3")))
    await attempt.post()
    (post,) = attempt.posts
    assert (post.session_id, post.run_id, post.first_run_id) == (SESSION, RUN_ID, RUN_ID)
    assert post.base == post.events[0].id == EventId(1, 1, 1)
    assert post.age == 61
    assert attempt.delivery.receiver is Receiver.BRIDGE
    assert attempt.delivery.signaller == "05c82dad795370b3"
    assert not attempt.outbox


@pytest.mark.parametrize("status", [200, 202, 204])
@in_virtual_time
async def test_another_2xx_is_delivery_and_nothing_more(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    """One event in each POST; that the receiver is no bridge is one line of INFO."""
    caplog.set_level(logging.INFO)
    attempt = Attempt(answering(status, b"ok" if status != 204 else b""))
    for _ in range(3):
        await attempt.post()
    assert attempt.delivery.receiver is Receiver.PLAIN
    assert attempt.outbox.sent == 3
    lines = [(record.levelname, record.getMessage()) for record in caplog.records]
    said = [(level, line) for level, line in lines if "callback" in line]
    assert [level for level, _ in said] == ["INFO"]
    assert "delivery only" in said[0][1]
    assert f"session {SESSION}, event 1.1.1, {URL}" in said[0][1]


@in_virtual_time
async def test_a_conflict_sends_back() -> None:
    """A 409 is an answer of a bridge: the next POST begins with the event that it asks for."""
    answers = [
        (200, encode_answer(LAST, EventId(1, 1, 0), "b")),
        (409, b'{"expected":"1.1.2","bridge":"b"}'),
    ]
    attempt = Attempt(lambda _: response_of(*answers[min(len(attempt.posts) - 1, 1)]))
    for _ in range(3):
        await attempt.post()
    assert [event.id for event in attempt.posts[-1].events] == [EventId(1, 1, 2), LAST]


@pytest.mark.parametrize(
    ("body", "superseded"), [(b'{"bridge":"b"}', True), (b"{}", False), (b"<html>", False)]
)
@in_virtual_time
async def test_only_a_bridges_410_ends_the_attempt(body: bytes, superseded: bool) -> None:
    """A 410 of another receiver is a failed POST like any other."""
    attempt = Attempt(answering(410, body))
    await attempt.post()
    assert attempt.delivery.superseded == superseded


@pytest.mark.parametrize("status", [302, 400, 404, 409, 413, 429, 500, 503])
@in_virtual_time
async def test_a_failure_is_counted_and_repeated(status: int) -> None:
    """The same event goes again, not before `Retry-After`; nothing is reported as delivered."""
    attempt = Attempt(
        answering(status, b"", {"Retry-After": "7", "Location": "http://other.example"})
    )
    await attempt.post()
    assert attempt.delivery.next_post(now() + 6.9) is None
    await attempt.post()
    assert [post.events[0].id.seq for post in attempt.posts] == [1, 1]
    assert attempt.outbox.sent == 0


@in_virtual_time
async def test_a_failure_is_logged_when_its_reason_changes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A receiver that is down leaves one line, not one for each POST."""

    def respond(_: httpx.Request) -> Response:
        if len(attempt.posts) > 3:
            raise httpx.ConnectError("refused")
        return response_of(503 if len(attempt.posts) > 2 else 500)

    attempt = Attempt(respond)
    for _ in range(5):
        await attempt.post()
    lines = [record.getMessage() for record in caplog.records]
    failures = [line.split(" (session")[0] for line in lines if line.startswith("callback failed")]
    reasons = ["HTTP 500", "HTTP 503", "ConnectError refused"]
    assert failures == [
        f"callback failed, events still go to the workflow: {reason}" for reason in reasons
    ]


@in_virtual_time
async def test_the_log_has_the_receivers_reason(caplog: pytest.LogCaptureFixture) -> None:
    """The remedy that a bridge gives for a refusal is in the worker's log, once, on one line."""

    def respond(_: httpx.Request) -> Response:
        detail = f"the URL names 'a'; send this\nto /events/b: try {len(attempt.posts)}"
        return response_of(400, msgspec.json.encode({"detail": detail}))

    attempt = Attempt(respond)
    for _ in range(2):
        await attempt.post()
    [line] = [record.getMessage() for record in caplog.records]
    assert ": HTTP 400: the URL names 'a'; send this to /events/b: try 1 (session" in line


@in_virtual_time
async def test_a_mistake_of_ours_is_no_failed_post(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the report of an answer raises reaches the producer, under its own name."""
    attempt = Attempt(answering(200))

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(attempt.delivery, "post_succeeded", broken)
    with pytest.raises(ZeroDivisionError):
        await attempt.post()


@pytest.mark.parametrize(
    ("status", "body", "result"),
    [
        (200, encode_answer(LAST, LAST, "b"), "acknowledged"),
        (202, b"ok", "delivered"),
        (409, b'{"expected":"1.1.2","bridge":"b"}', "sent_back"),
        (410, b'{"status":410,"bridge":"b"}', "superseded"),
        (410, b"gone", "refused"),
        (500, b"", "refused"),
        (None, b"", "unanswered"),
    ],
)
@in_virtual_time
async def test_each_post_is_counted_by_what_came_of_it(
    status: int | None, body: bytes, result: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, and its time as well if it was answered."""
    counts = ProducerCounts()
    monkeypatch.setattr(callback_client, "PRODUCERS", counts)

    def respond(request: httpx.Request) -> Response:
        if status is None:
            raise httpx.ConnectError("refused", request=request)
        return response_of(status, body)

    await Attempt(respond).post()
    assert counts.posts == {result: 1}
    assert counts.post_seconds.count == (status is not None)
