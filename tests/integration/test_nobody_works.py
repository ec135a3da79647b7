"""A session whose worker is gone: readers are told, and get whatever is durable all the same."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Final

import pytest
from temporalio.client import Client

from kai_flow.bridge import liveness_observer
from kai_flow.settings import Settings
from kai_flow.stream import Followed, follow
from kai_flow.stream.place import NOWHERE
from kai_flow.stream.reader import read_history
from kai_flow.stream.session_log import SessionLog
from kai_flow.temporal.dev_server import DevServer
from kai_flow.web.server import running_bridge
from tests.agents import scripted
from tests.integration.conftest import Ask, worker_on
from tests.integration.programs import environment, running
from tests.integration.subscriber import subscribed

SAID: Final = 600  # tokens
BUFFER_EVENTS: Final = 100  # what the workflow could tell of them
WINDOW_BYTES: Final = 4_000  # and what the memory of a bridge has


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bridges look often and hold little."""
    monkeypatch.setattr(liveness_observer, "LIVENESS_SECONDS", 0.5)
    log = partial(SessionLog, max_bytes=WINDOW_BYTES)
    monkeypatch.setattr("kai_flow.bridge.session.SessionLog", log)


async def test_a_killed_worker_shows_until_the_next_attempt(
    temporal: DevServer, client: Client, bridge: str, ask: Ask, session_id: str, tmp_path: Path
) -> None:
    """After `kill -9` of the worker the stream says `retrying`, and then the next attempt."""
    queue = f"killed-{secrets.token_hex(4)}"
    environ = environment(
        tmp_path,
        temporal.address,
        KAI_AGENT="tests.agents.scripted:create",
        KAI_HEARTBEAT_TIMEOUT="5s",
        TEMPORAL_TASK_QUEUE=queue,
    )
    program = ["-m", "kai_flow.worker"]
    async with subscribed(f"{bridge}/stream/{session_id}") as reader:
        async with running(program, environ, tmp_path / "first.log") as worker:
            await worker.ready()
            handle = await ask(
                {"tokens": 3}, {"attempt": 1, "do": [{"gate": "never"}]}, task_queue=queue
            )
            await reader.until(lambda: reader.ids[-1:] == ["1.1.4"])
            await worker.kill()
            alive = len(reader.seen)  # until it took the session it may have been waited for
            retrying = {"type": "status", "status": "retrying", "attempt": 2}
            await reader.until(lambda: reader.seen[-1].event == retrying)
        async with running(program, environ, tmp_path / "second.log") as worker:
            await worker.ready()
            await reader.saw("done")
    result = await handle.result()
    assert reader.ids == [*(f"1.{a}.{n}" for a in (1, 2) for n in range(1, 5)), "end"]
    since = reader.types[alive:]
    assert [each for each in since if each != "status"] == [
        "started", *["token"] * 3, "ended", "done"
    ]  # fmt: skip
    assert since[0] == "status"
    assert reader.seen[-1].event == {"type": "done", "result": result}


async def collect(stream: AsyncGenerator[Followed, None], count: int) -> list[Followed]:
    """The first so many events of a stream, `status` left out."""
    events: list[Followed] = []
    async with aclosing(stream), asyncio.timeout(60):
        async for one in stream:
            if one.event["type"] != "status":
                events.append(one)
            if len(events) == count:
                return events
    raise AssertionError("the stream ended")


@pytest.fixture
async def abandoned(client: Client, bridge: str, ask: Ask, session_id: str) -> AsyncIterator[int]:
    """A session whose worker has said a lot and stopped: how many events are durable."""
    queue = f"gone-{secrets.token_hex(4)}"
    async with worker_on(client, queue, buffer_events=BUFFER_EVENTS):
        handle = await ask({"tokens": SAID}, {"gate": "never"}, task_queue=queue)
        await scripted.reached[f"{session_id}/never"].wait()
    history = await read_history(client, session_id, (await handle.describe()).run_id)
    assert len(history.read(NOWHERE, 2**40).events) > SAID
    yield len(history)
    await handle.terminate()


async def test_without_any_worker_all_that_is_durable_is_served(
    client: Client, bridge: str, session_id: str, abandoned: int
) -> None:
    """Beyond buffer and memory too: by a bridge that was fed, by a new one, and straight."""
    straight = await collect(follow(client, session_id), abandoned)
    numbers = [str(one.id).partition("@")[0] for one in straight]
    assert numbers == [f"1.1.{n}" for n in range(1, abandoned + 1)]
    async with running_bridge(Settings(bridge_port=0), client) as other:
        for url in (bridge, other):
            assert await collect(follow(url, session_id), abandoned) == straight
            middle = straight[abandoned // 2 :]
            after = straight[abandoned // 2 - 1].id
            assert await collect(follow(url, session_id, after=after), len(middle)) == middle
