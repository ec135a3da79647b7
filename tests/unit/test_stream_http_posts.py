"""One POST over HTTP: in time, within a size, and with one error for every way to get no answer."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest

from kai_flow.stream.clock import now
from kai_flow.stream.http_posts import (
    MAX_ANSWER_BYTES,
    POST_TIMEOUT_SECONDS,
    NoAnswer,
    post_over,
)
from kai_flow.stream.posts import Reply
from tests.unit.virtual import in_virtual_time

Respond = Callable[[httpx.Request], httpx.Response | Awaitable[httpx.Response]]


async def posted(respond: Respond) -> Reply:
    """What comes of one POST to a receiver that responds so."""
    async with httpx.AsyncClient(transport=httpx.MockTransport(respond)) as http:  # type: ignore[arg-type]
        return await post_over(http, "http://receiver.example/events/a", b"{}")


def response_of(status: int, body: bytes, headers: dict[str, str]) -> httpx.Response:
    """A response whose body has yet to be read."""
    return httpx.Response(status, stream=httpx.ByteStream(body), headers=headers)


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7.0), ("soon", 0.0), ("-1", 0.0), ("1.5", 0.0)]
)
@in_virtual_time
async def test_status_body_and_pause_are_the_answer(header: str, seconds: float) -> None:
    """Of `Retry-After` only a whole number counts (§6.11)."""
    respond = lambda _: response_of(503, b"busy", {"Retry-After": header})  # noqa: E731
    assert await posted(respond) == Reply(503, b"busy", seconds)


async def _hang() -> httpx.Response:
    await asyncio.sleep(60.0)
    raise AssertionError


async def _trickle() -> httpx.Response:
    async def body() -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(1.0)
            yield b"x"

    return httpx.Response(200, content=body())


@pytest.mark.parametrize("hang", [_hang, _trickle])
@in_virtual_time
async def test_a_slow_receiver_has_three_seconds(
    hang: Callable[[], Awaitable[httpx.Response]],
) -> None:
    """Whether it never answers or never ends its answer: the POST has failed then."""
    began = now()
    with pytest.raises(NoAnswer, match="TimeoutError"):
        await posted(lambda _: hang())
    assert POST_TIMEOUT_SECONDS <= now() - began < POST_TIMEOUT_SECONDS + 0.1


@in_virtual_time
async def test_no_more_is_read_of_an_answer_than_a_bridge_may_send() -> None:
    """An endless answer is cut."""
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 16_384
            yield b" " * 16_384

    reply = await posted(lambda _: httpx.Response(200, content=endless()))
    assert MAX_ANSWER_BYTES < len(reply.body) <= read <= MAX_ANSWER_BYTES + 2 * 16_384


@in_virtual_time
async def test_a_connection_that_breaks_is_no_answer() -> None:
    """The reason is for the log."""

    def respond(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(NoAnswer, match=r"^ConnectError refused$"):
        await posted(respond)
