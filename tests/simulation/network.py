"""The network between producers and bridges: a balancer, and what can happen to a request."""

import asyncio
from collections.abc import Iterator, Sequence
from random import Random

import httpx

from kai_flow.stream.errors import InvalidBatch
from kai_flow.stream.list_form import decode_list, read_list_answer
from kai_flow.stream.posts import Reply
from tests.simulation.bridge import Bridge
from tests.simulation.loop import Process, forever
from tests.simulation.neighbours import NEIGHBOURS, session_of
from tests.simulation.oracle import Oracle
from tests.simulation.stranger import Answer, answer_of
from tests.simulation.weather import Link


class Balancer:
    """Sends each request to a bridge: always the same, the next one, or any."""

    def __init__(self, bridges: Sequence[Bridge], policy: str, random: Random) -> None:
        self._bridges, self._policy, self._random = bridges, policy, random
        self._next = 0

    def choose(self) -> Bridge:
        """Where the next request goes. A sticky balancer leaves a bridge only when it is down."""
        if self._policy == "any":
            return self._random.choice(self._bridges)
        if self._policy == "next" or not self._bridges[self._next].process.alive:
            self._next = (self._next + 1) % len(self._bridges)
        return self._bridges[self._next]


class Transport(httpx.AsyncBaseTransport):
    """What httpx sends through, for one process."""

    def __init__(
        self, process: Process, outside: Process, balancer: Balancer, link: Link, oracle: Oracle
    ) -> None:
        self._process, self._outside = process, outside
        self._balancer, self._link, self._oracle = balancer, link, oracle

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One POST; the request goes on in the network when its sender gives up or dies."""
        if not self._process.alive:
            await forever()
        body = await request.aread()
        session_id = request.url.path.rpartition("/")[2]
        answer: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
        self._outside.start(self._carry(session_id, body, answer))
        told = await answer
        if told is None:
            raise httpx.ReadError("connection reset", request=request)
        for document, reply in _each(body, told):
            if session_of(document) in NEIGHBOURS:
                continue
            if reply.status == httpx.codes.GONE:
                self._oracle.told_to_stop(document, reply.body)
            if not told.half:
                self._oracle.told(document, reply.status, reply.body)
        return told.over_http(request)

    async def _carry(
        self, session_id: str, body: bytes, answer: asyncio.Future[Answer | None]
    ) -> None:
        link, weather = self._link, self._link.weather
        await link.travel()
        if link.meets(weather.lose):
            return  # the sender waits in vain
        if link.meets(weather.fail):
            told: Answer | None = Answer(500, b"<html>Internal Server Error</html>")
        elif link.meets(weather.stray):
            told = answer_of("moody", link.random)
        else:
            bridge = self._balancer.choose()
            if link.meets(weather.repeat):
                self._outside.start(self._again(bridge, session_id, body))
            told = await bridge.receive(session_id, body)
        await link.travel()
        if link.meets(weather.forget):
            told = None
        if not answer.done():
            answer.set_result(told)

    async def _again(self, bridge: Bridge, session_id: str, body: bytes) -> None:
        await self._link.travel()
        await asyncio.sleep(self._link.random.uniform(0.0, 5.0))
        await bridge.receive(session_id, body)


def _each(body: bytes, told: Answer) -> Iterator[tuple[bytes, Reply]]:
    """The documents of a POST, each with what the answer says to it."""
    if not body.startswith(b"["):
        yield body, told.reply()
        return
    try:
        documents = decode_list(body)
    except InvalidBatch:
        return
    replies = read_list_answer(told.reply(), len(documents)).replies
    for document, reply in zip(documents, replies, strict=True):
        if reply is not None:
            yield document, reply
