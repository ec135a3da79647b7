"""A session at which nobody works says so, instead of being silent."""

import asyncio
import secrets
from collections.abc import AsyncGenerator

import pytest
from temporalio.client import Client

from kai_flow.bridge import session
from kai_flow.stream.follow import Followed, follow
from tests.integration.conftest import Ask, worker_on


async def until(stream: AsyncGenerator[Followed, None], kind: str) -> dict[str, object]:
    """The next event of that type."""
    async with asyncio.timeout(30):
        async for _, event in stream:
            if event["type"] == kind:
                return event
    raise AssertionError(f"no {kind} came")


async def test_a_session_without_a_worker_says_that_it_waits(
    client: Client, bridge: str, ask: Ask, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While no worker takes the session its readers are told so; then it goes on as ever."""
    monkeypatch.setattr(session, "PULSE_SECONDS", 0.5)
    queue = f"nobody-{secrets.token_hex(4)}"
    handle = await ask({"say": {"type": "token", "content": "at last"}}, task_queue=queue)
    stream = follow(bridge, session_id)
    assert (await until(stream, "status"))["status"] == "waiting"
    async with worker_on(client, queue):
        assert (await until(stream, "token"))["content"] == "at last"
        assert (await until(stream, "done"))["result"] == await handle.result()
