"""The network between producers and bridges: a balancer, and what can happen to a request."""

import asyncio
from collections.abc import Sequence
from random import Random

import httpx

from tests.simulation.bridge import Answer, Bridge
from tests.simulation.loop import Process, forever
from tests.simulation.oracle import Oracle
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
        if told.status == httpx.codes.GONE:
            self._oracle.told_to_stop(body)
        headers = {} if told.retry_after is None else {"Retry-After": told.retry_after}
        return httpx.Response(told.status, headers=headers, content=told.body, request=request)

    async def _carry(
        self, session_id: str, body: bytes, answer: asyncio.Future[Answer | None]
    ) -> None:
        link, weather = self._link, self._link.weather
        await link.travel()
        if link.meets(weather.lose):
            return  # the sender waits in vain
        if link.meets(weather.fail):
            told: Answer | None = Answer(500, b"<html>Internal Server Error</html>")
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


class Plain(httpx.AsyncBaseTransport):
    """Somebody else's receiver: takes what it is given, and says so in its own way."""

    def __init__(self, process: Process, link: Link, oracle: Oracle) -> None:
        self._process, self._link, self._oracle = process, link, oracle

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One POST."""
        if not self._process.alive:
            await forever()
        self._oracle.posts += 1
        await self._link.travel()
        weather = self._link.weather
        if self._link.meets(weather.lose):
            await forever()
        if self._link.meets(weather.fail):
            return httpx.Response(500, content=b"<html>", request=request)
        await self._link.travel()
        return httpx.Response(200, content=b"<html>thank you</html>", request=request)
