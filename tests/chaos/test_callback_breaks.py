"""What chaos found in the producer: what a broken connection may look like to it."""

from dataclasses import replace
from typing import cast

import httpx
import pytest
from temporalio.client import Client
from temporalio.testing import ActivityEnvironment

from kai_flow.stream.producer import EventProducer


class Signals:
    """As much of a client as a producer needs: takes every signal."""

    def __init__(self) -> None:
        self.count = 0

    def get_workflow_handle(self, *_: object, **__: object) -> "Signals":
        return self

    async def signal(self, *_: object, **__: object) -> None:
        self.count += 1


async def test_no_error_of_a_post_ends_the_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a POST raises, the agent goes on and its events become durable (§6.11)."""
    posts = 0

    def break_off(_: httpx.Request) -> httpx.Response:
        nonlocal posts
        posts += 1
        # what anyio makes under uvloop of a connection that is reset the moment it opens
        raise AttributeError("'NoneType' object has no attribute 'getpeername'")

    async def no_question(*_: object) -> tuple[str, int]:
        return "run", 1_000_000

    monkeypatch.setattr(EventProducer, "_ask", no_question)
    signals, environment = Signals(), ActivityEnvironment()
    environment.info = replace(environment.info, workflow_id="w", workflow_run_id="run")

    async def activity() -> tuple[int, int]:
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
