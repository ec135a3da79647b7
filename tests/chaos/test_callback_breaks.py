"""What chaos found in the producer: what a broken connection may look like to it."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import httpx
from anyio._backends._asyncio import SocketStream, StreamProtocol
from anyio.abc import SocketAttribute
from temporalio.client import Client
from temporalio.converter import DataConverter
from temporalio.testing import ActivityEnvironment

from kai_flow.stream.producer import EventProducer
from tests.numbered import number_activity


def _as_anyio_says_it() -> AttributeError:
    """What it raises over a transport whose socket is gone, raised there."""
    transport: Any = SimpleNamespace(get_extra_info=lambda _: None)
    try:
        SocketStream(transport, StreamProtocol()).extra(SocketAttribute.raw_socket)
    except AttributeError as error:
        return error
    raise AssertionError("anyio no longer says so: is `network_errors` still of use?")


class Signals:
    """As much of a client as a producer needs: takes every signal."""

    data_converter = DataConverter.default

    def __init__(self) -> None:
        self.count = 0

    def get_workflow_handle(self, *_: object, **__: object) -> "Signals":
        return self

    async def signal(self, *_: object, **__: object) -> None:
        self.count += 1


async def test_no_error_of_the_network_ends_the_attempt() -> None:
    """Whatever a POST meets, the agent goes on and its events become durable (§6.11)."""
    posts = 0

    def break_off(_: httpx.Request) -> httpx.Response:
        nonlocal posts
        posts += 1
        # Under uvloop, of a connection that is reset the moment it opens. No HTTPError comes of it,
        # but an AttributeError: 'NoneType' object has no attribute 'getpeername'.
        raise _as_anyio_says_it()

    signals, environment = Signals(), ActivityEnvironment()
    environment.info = replace(environment.info, workflow_id="w", workflow_run_id="run")

    async def activity() -> tuple[int, int]:
        number_activity(1, "run")
        transport = httpx.MockTransport(break_off)
        async with httpx.AsyncClient(transport=transport) as http:
            client = cast(Client, signals)
            url = "http://bridge/events/w"
            async with EventProducer(client=client, callback_url=url, http=http) as producer:
                await producer.send({"type": "token", "content": "hello"})
                await producer.finish({})
        return producer.events_sent, producer.events_failed

    assert await environment.run(activity) == (0, 2)
    assert posts
    assert signals.count
