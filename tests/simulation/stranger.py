"""Strangers: what answers a POST that is not our bridge, each in its own way."""

from collections.abc import AsyncIterator, Mapping
from random import Random
from typing import Final, NamedTuple

import httpx

from kai_flow.stream.callback import read_retry_after
from kai_flow.stream.posts import Reply
from tests.simulation.loop import Process, forever
from tests.simulation.oracle import Oracle
from tests.simulation.weather import Link


class Answer(NamedTuple):
    """An HTTP answer."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = {}
    half: bool = False
    """The connection breaks in the middle of it."""

    def reply(self) -> Reply:
        """As an item of the answer to a list."""
        return Reply(self.status, self.body, read_retry_after(self.headers.get("Retry-After")))

    def over_http(self, request: httpx.Request) -> httpx.Response:
        """As httpx gives it to the sender."""
        stream = _Body(self.body, half=self.half)
        return httpx.Response(self.status, headers=self.headers, stream=stream, request=request)


class _Body(httpx.AsyncByteStream):
    def __init__(self, body: bytes, *, half: bool) -> None:
        self._body, self._half = body, half

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body
        if self._half:
            raise httpx.ReadError("connection reset")


ANSWERS: Final = {
    "thanks": (Answer(200, b"<html>thank you</html>"),),
    "takes": (
        Answer(201),
        Answer(200, b'{"received":"all of it","durable":"no","bridge":"x"}'),
        Answer(200, b'{"received":"9007199254740993.1.1","durable":"1.1.1","bridge":"x"}'),
        Answer(202, b"\xff\xfe" * 40_000),
    ),
    "half": (Answer(200, b'{"received":"1.1', half=True), Answer(200, b"<html>", half=True)),
    "elsewhere": (Answer(302, b"", {"Location": "http://elsewhere/"}), Answer(404, b"<html>")),
    "gone": (Answer(410, b"<html>Gone</html>"), Answer(410, b'{"bridge":""}'), Answer(410, b"{}")),
    "conflict": (Answer(409, b"conflict"), Answer(409, b'{"expected":"1.1"}'), Answer(409, b"[]")),
    "other's": (Answer(409, b'{"expected":"7.7.7"}'), Answer(409, b'{"expected":"1.1.99999"}')),
    "obstinate": (Answer(409, b'{"expected":"1.1.1"}'),),
    "busy": (Answer(429, b"", {"Retry-After": "7"}), Answer(503, b"", {"Retry-After": "soon"})),
    "refuses": (Answer(500, b"<html>Internal Server Error</html>"), Answer(401, b"{}")),
}
"""By what one is like. None of them speaks for a bridge: that would be a lie, not a mistake."""

STRANGERS: Final = (*ANSWERS, "moody")


def answer_of(kind: str, random: Random) -> Answer:
    """What one of this kind answers now; the moody one anything at all."""
    return random.choice(ANSWERS[random.choice(list(ANSWERS)) if kind == "moody" else kind])


class Stranger(httpx.AsyncBaseTransport):
    """Somebody else's receiver behind the callback URL."""

    def __init__(self, process: Process, link: Link, oracle: Oracle, kind: str) -> None:
        self._process, self._link, self._oracle, self._kind = process, link, oracle, kind

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One POST."""
        if not self._process.alive:
            await forever()
        self._oracle.posts += 1
        body = await request.aread()
        await self._link.travel()
        weather = self._link.weather
        if self._link.meets(weather.lose):
            await forever()
        if self._link.meets(weather.fail):
            return Answer(500, b"<html>").over_http(request)
        told = answer_of(self._kind, self._link.random)
        await self._link.travel()
        if not told.half:
            self._oracle.told(body, told.status, told.body)
        return told.over_http(request)
