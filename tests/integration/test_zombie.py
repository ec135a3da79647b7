"""A worker that is thought dead and is not: what it still has to say is refused."""

import asyncio
import json
import secrets
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from kai_flow.bridge.hub import running_hub
from kai_flow.runtime.serving import serving
from kai_flow.settings import Settings
from kai_flow.stream.follower import follow
from kai_flow.stream.place import NOWHERE
from kai_flow.stream.reader import read_history
from kai_flow.temporal.dev_server import DevServer
from kai_flow.web.app import create_app
from tests.chaos.proxy import proxied
from tests.chaos.sessions import Chat
from tests.integration.conftest import Handle
from tests.integration.programs import Program, environment, running
from tests.integration.subscriber import Seen, read_all, subscribed
from tests.integration.waiting import until

HEARTBEAT_TIMEOUT = "5s"  # the shortest there is
STOPPED_SECONDS = 5.0  # within which an agent has to stop


class Answers:
    """An app, and how often it gave each status to a POST."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.given: Counter[int] = Counter()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def count(message: Any) -> None:
            if scope.get("method") == "POST" and message["type"] == "http.response.start":
                self.given[message["status"]] += 1
            await send(message)

        await self._app(scope, receive, count)


@pytest.fixture
async def counted(client: Client) -> AsyncIterator[tuple[str, Answers]]:
    """A bridge whose answers are counted, and its base URL."""
    async with running_hub(
        client, signal_interval=0.25, signals_per_second=50, idle_timeout=60
    ) as hub:
        answers = Answers(create_app(hub, client, Settings(bridge_port=0)))
        app = serving(
            answers, "127.0.0.1", 0, what="bridge", setting="-", before_stop=hub.end_streams
        )
        async with app as port:
            yield f"http://127.0.0.1:{port}", answers


async def stops(count: Callable[[], int]) -> None:
    """Wait until that has not grown for a second."""
    before = -1
    async with asyncio.timeout(STOPPED_SECONDS):
        while count() != before:
            before = count()
            await asyncio.sleep(1.0)


async def test_a_zombie_is_refused_and_stopped(
    temporal: DevServer, client: Client, counted: tuple[str, Answers], tmp_path: Path
) -> None:
    """A worker frozen past its heartbeat timeout wakes while attempt 2 runs: nobody hears it."""
    url, answers = counted
    queue, session_id = f"zombie-{secrets.token_hex(4)}", f"zombie-{secrets.token_hex(4)}"
    question = {
        "prompt": json.dumps({"seed": 7, "tail": 20}),
        "connection_id": "none",
        "callback_url": f"{url}/events/{session_id}",
    }

    async with AsyncExitStack() as stack:

        async def boot(name: str, address: str) -> Program:
            environ = environment(
                tmp_path / name,
                address,
                KAI_AGENT="tests.chaos.agent:create",
                KAI_HEARTBEAT_TIMEOUT=HEARTBEAT_TIMEOUT,
                TEMPORAL_TASK_QUEUE=queue,
                SEEDED_LOG=str(tmp_path),
            )
            log = tmp_path / f"{name}.log"
            worker = running(["-m", "kai_flow.worker"], environ, log)
            program = await stack.enter_async_context(worker)
            await program.ready()
            return program

        way = await stack.enter_async_context(proxied(temporal.address))
        zombie = await boot("zombie", way.target)
        live = await stack.enter_async_context(subscribed(f"{url}/stream/{session_id}"))
        handle: Handle = await client.start_workflow(
            "KaiChatWorkflow", question, id=session_id, task_queue=queue
        )
        session = Chat(handle, tmp_path)
        await live.until(lambda: len(live.seen) > 20)
        zombie.process.send_signal(signal.SIGSTOP)
        await way.refuse()  # what it had asked for must not be given to it while it sleeps
        await boot("heir", temporal.address)
        await live.until(lambda: live.ids[-1].startswith("1.2."))

        assert not answers.given[410]
        zombie.process.send_signal(signal.SIGCONT)  # only the bridge can tell it
        await until(lambda: answers.given[410])  # its events are refused,
        await stops(lambda: len(session.oracle(1)))  # and its agent is stopped,
        await way.heal()
        before = len(live.seen)
        await live.until(lambda: len(live.seen) > before + 20)  # while the other goes on
        await session.stop()
        result = await handle.result()
        await live.saw("done")

    assert session.attempt() == 2
    late = await read_all(f"{url}/stream/{session_id}")
    straight = [
        Seen(one.id, one.event["type"], one.event) async for one in follow(client, session_id)
    ]
    for seen in (live.seen, late.seen, straight):
        session.check(seen, result)
    history = await read_history(client, session_id, (await handle.describe()).run_id)
    stored = [event.decode() for event in history.read(NOWHERE, 2**40).events]
    assert stored == session.oracle(2)
