"""Followers: readers by the library's own `follow`, straight from Temporal or over a bridge."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar
from math import inf
from random import Random
from typing import Any, Final, cast
from urllib.parse import unquote

import httpx
from temporalio.client import Client

from kai_flow.stream.follower import follow
from tests.simulation.bridge import Bridge, Connection
from tests.simulation.client import TemporalClient
from tests.simulation.loop import Process, now
from tests.simulation.subscriber import Subscriber

REAL_CLIENT: Final = httpx.AsyncClient
_transport: ContextVar[httpx.AsyncBaseTransport] = ContextVar("transport")


def http_client(**options: Any) -> httpx.AsyncClient:
    """What code gets that makes a client of its own: one in the simulated network."""
    ours = _transport.get(None)
    return REAL_CLIENT(**options if ours is None else {**options, "transport": ours})


class DirectFollower(Subscriber):
    """One who reads straight from Temporal."""

    def __init__(
        self,
        *place: Any,
        client: Callable[[Process], TemporalClient],
        random: Random,
        socket: Random,
    ) -> None:
        super().__init__(*place, random=random, socket=socket)
        self._client = client

    async def read(self) -> None:
        """Follow the session to its end."""
        await asyncio.sleep(self._reader.comes_at)
        client = cast("Client", self._client(self.process))
        try:
            async for followed in follow(client, self._session_id, after=self._last_id):
                if self._oracle.clumsy:  # it is told of no hole: the events are what there is
                    self._gap = {"after": None, "before": None}
                self.see(followed.id, followed.event)
        except Exception as error:  # noqa: BLE001  anything at all is a finding
            self._wrong(f"can follow no more: {error!r}")
        self.leave()


class WebFollower(Subscriber, httpx.AsyncBaseTransport):
    """One who reads over a bridge; it is its own way to the bridges."""

    async def read(self) -> None:
        """Follow the session to its end; begin again behind what somebody called the end."""
        await asyncio.sleep(self._reader.comes_at)
        _transport.set(self)
        while not self.over:
            after = self._last_id
            try:
                async for followed in follow("http://bridge/", self._session_id, after=after):
                    self._last_id = followed.id or self._last_id
                    self.see(followed.id, followed.event)
            except Exception as error:  # noqa: BLE001  anything at all is a finding
                self._wrong(f"can follow no more: {error!r}")
                return
            if self.done is not None:
                self.leave()
            await asyncio.sleep(self._reader.retry)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One GET, to some bridge that is there, as behind a balancer."""
        alive = [bridge for bridge in self._bridges if bridge.process.alive]
        if not alive:
            await asyncio.sleep(0.01)
            raise httpx.ConnectError("connection refused", request=request)
        bridge = self._bridge if self._reader.sticky else self._random.choice(alive)
        connection = Connection(self._connection.number + 1, self._socket)
        self._bridge, self._connection, self._moved_at, self._came_at = (
            bridge, connection, inf, now(),
        )  # fmt: skip
        session_id = unquote(request.url.path.rpartition("/")[2])
        cursor = request.headers.get("Last-Event-ID")
        self._oracle.note(self.name, "asks", bridge.number, cursor)
        bridge.stream(session_id, cursor, connection)
        await connection.changed.until(lambda: connection.status is not None)
        if not connection.status:
            raise httpx.ReadError("connection reset", request=request)
        headers = {"Content-Type": "text/event-stream"} if connection.status == 200 else {}
        body = _Body(bridge, connection, request, self._random, self._reader.lag)
        return httpx.Response(connection.status, headers=headers, stream=body, request=request)


class _Body(httpx.AsyncByteStream):
    """What comes over a connection, in pieces that begin and end anywhere."""

    def __init__(
        self,
        bridge: Bridge,
        connection: Connection,
        request: httpx.Request,
        random: Random,
        lag: float,
    ) -> None:
        self._bridge, self._connection, self._random = bridge, connection, random
        self._lag = lag  # seconds between two reads, at most
        self._silence = request.extensions["timeout"]["read"]

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            try:
                async with asyncio.timeout(self._silence):
                    came = await self._connection.read()
            except TimeoutError:
                raise httpx.ReadTimeout("nothing comes") from None
            if not came:
                break
            cut = self._random.randrange(len(came) + 1)
            for part in (came[:cut], came[cut:]):
                if part:
                    yield part
            if self._lag:
                await asyncio.sleep(self._random.uniform(0.0, self._lag))
        if self._connection.broken:
            raise httpx.ReadError("connection reset")

    async def aclose(self) -> None:
        self._bridge.drop(self._connection)
