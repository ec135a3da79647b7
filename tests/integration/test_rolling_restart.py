"""Bridges and workers restarted one after the other by SIGTERM, while a session streams.

The oracle is the log that the agent writes itself, before it yields: a reader that lives through it
all has every event of the attempt that counts, once, and in order.
"""

import asyncio
import json
import secrets
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from temporalio.client import Client

from kai_flow.runtime.ports import free_port
from kai_flow.stream import follow
from kai_flow.temporal.dev_server import DevServer
from tests.agents.seeded import sequence
from tests.chaos.proxy import Proxy, proxied
from tests.integration.conftest import Handle
from tests.integration.programs import Program, environment, start
from tests.integration.subscriber import Seen, Subscriber
from tests.integration.waiting import DEADLINE_SECONDS, eventually

SEED: Final = 11
MORE: Final = 120  # events before and after each restart: about 500 in all
STOP_SECONDS: Final = 10.0  # within which a program ends after SIGTERM


@dataclass
class Place:
    """Two bridges behind a balancer that remembers nobody, and workers."""

    client: Client
    address: str
    folder: Path
    queue: str
    front: Proxy
    http: httpx.AsyncClient
    programs: AsyncExitStack

    async def bridge(self, number: int) -> Program:
        """One that is ready, on its port."""
        port = self.front.upstreams[number][1]
        program = await self._start("kai_flow.web", f"bridge-{number}", KAI_BRIDGE_PORT=str(port))
        await self._until_ready(await program.ready())
        return program

    async def worker(self, number: int) -> Program:
        """One that is ready; its agents write their logs into a folder of its own."""
        (self.folder / f"{number}").mkdir()
        program = await self._start(
            "kai_flow.worker",
            f"worker-{number}",
            KAI_AGENT="tests.agents.seeded:create",
            SEEDED_LOG=str(self.folder / f"{number}"),
            TEMPORAL_TASK_QUEUE=self.queue,
        )
        await self._until_ready(await program.ready())
        return program

    async def _start(self, module: str, name: str, **variables: str) -> Program:
        environ = environment(self.folder / "home", self.address, **variables)
        log = self.folder / f"{name}-{secrets.token_hex(2)}.log"
        program = await start(["-m", module], environ, log)
        self.programs.push_async_callback(program.kill)
        return program

    async def _until_ready(self, url: str) -> None:
        async def ready() -> bool:
            return (await self.http.get(f"{url}/readyz")).status_code == 200

        await eventually(ready)

    def said(self, worker: int, session_id: str) -> list[Any]:
        """What the agent on that worker has yielded."""
        log = (self.folder / f"{worker}" / f"{session_id}.log").read_text()
        return [json.loads(line) for line in log.split("\n")[:-1]]


@pytest.fixture
async def place(
    temporal: DevServer, client: Client, http: httpx.AsyncClient, tmp_path: Path
) -> AsyncIterator[Place]:
    """The balancer, and programs that end with the test."""
    upstreams = [f"127.0.0.1:{free_port()}" for _ in range(2)]
    queue = f"rolling-{secrets.token_hex(4)}"
    async with proxied(*upstreams) as front, AsyncExitStack() as programs:
        yield Place(client, temporal.address, tmp_path, queue, front, http, programs)


async def stop(program: Program) -> None:
    """SIGTERM, as a supervisor sends it; the program ends in order and in time."""
    program.process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(STOP_SECONDS):
        assert await program.process.wait() == 0, program.errors.read_text()
    log = program.errors.read_text()
    assert "Traceback" not in log, log


class Reading:
    """A subscriber like a browser's, and `follow`, on the same session."""

    def __init__(self, url: str, session_id: str) -> None:
        self.browser = Subscriber(f"{url}/stream/{session_id}", retries_503=True)
        self.followed: list[tuple[str, Any]] = []
        self._tasks = [
            asyncio.create_task(self.browser.run()),
            asyncio.create_task(self._follow(url, session_id)),
        ]

    async def _follow(self, url: str, session_id: str) -> None:
        async for event_id, event in follow(url, session_id):
            self.followed.append((str(event_id), event))

    async def more(self, holds: Callable[[Seen], bool] = lambda _: True) -> None:
        """Wait until the browser has seen MORE further events that are so."""
        before = sum(map(holds, self.browser.seen))
        await self.browser.until(lambda: sum(map(holds, self.browser.seen)) >= before + MORE)

    async def end(self) -> None:
        """Wait until both have read to the end."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            await asyncio.gather(*self._tasks)

    def stop(self) -> None:
        """End both."""
        for task in self._tasks:
            task.cancel()


def numbered(seen: list[Seen], attempt: int) -> list[Any]:
    """The events of an attempt of the agent, whose ids have to be consecutive from 1."""
    mine = [one for one in seen if one.id and one.type != "done" and one.place[1] == attempt]
    assert [one.place for one in mine] == [(1, attempt, n) for n in range(1, len(mine) + 1)]
    return [one.event for one in mine]


@pytest.mark.timeout(240)  # 25 s on a machine that is not busy
async def test_restarts_one_after_the_other_lose_and_double_nothing(place: Place) -> None:
    """Both bridges, then the worker: readers have each event of the last attempt exactly once."""
    bridges = [await place.bridge(number) for number in range(2)]
    first = await place.worker(1)
    session_id = f"rolling-{secrets.token_hex(4)}"
    reading = Reading(place.front.url, session_id)
    try:
        handle = await begin(place, session_id)
        for number, bridge in enumerate(bridges):
            await reading.more()
            await stop(bridge)
            await place.bridge(number)
        await reading.more()
        second = await place.worker(2)  # the new one first, as a rolling update does
        await stop(first)
        await reading.more(lambda one: bool(one.id) and one.type != "done" and one.place[1] == 2)
        (place.folder / "2" / f"{session_id}.stop").touch()
        result = await handle.result()
        await reading.end()
        await stop(second)
    finally:
        reading.stop()
    assert result["status"] == "completed"
    check(place, session_id, reading)


async def begin(place: Place, session_id: str) -> Handle:
    """Start the session, whose workers POST to the balancer."""
    question = {
        "prompt": json.dumps({"seed": SEED, "tail": 10}),
        "connection_id": "none",
        "callback_url": f"{place.front.url}/events/{session_id}",
    }
    handle: Handle = await place.client.start_workflow(
        "KaiChatWorkflow", question, id=session_id, task_queue=place.queue
    )
    return handle


def check(place: Place, session_id: str, reading: Reading) -> None:
    """Hold both readers against what the agents have written down."""
    seen = reading.browser.seen
    started, *given_up = numbered(seen, 1)
    assert started["type"] == "started"
    *told, failed = given_up
    assert failed["type"] == "attempt_failed"
    assert told == place.said(1, session_id)
    assert len(told) > 3 * MORE
    again, *counted = numbered(seen, 2)
    assert (again["type"], again["attempt"]) == ("started", 2)
    assert counted == place.said(2, session_id)
    assert counted == [event for event, _ in zip(sequence_of(SEED), counted, strict=False)]
    assert seen[-1].type == "done"
    # How long a worker was silent depends on who looks when; all else is the same for everybody.
    browser = [one.event for one in seen if one.type != "status"]
    assert [event for _, event in reading.followed if event["type"] != "status"] == browser


def sequence_of(seed: int) -> Any:
    """What the agent yields."""
    return (event for event, _ in sequence(seed))
