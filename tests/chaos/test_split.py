"""The split topology, the reason for all this: whoever cannot reach the worker sees it answer."""

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path

import pytest

from kai_flow.temporal.client import connect
from tests.chaos import readers
from tests.chaos.sessions import begin_chat
from tests.chaos.split import Split, namespaces, namespaces_work, proxies
from tests.integration.programs import environment
from tests.integration.subscriber import seen_in
from tests.integration.waiting import until

# the first is the proof; the second is what is left of it without root, and is tried everywhere
WAYS = [*([namespaces] if namespaces_work() else []), proxies]

Way = Callable[[Path], AbstractAsyncContextManager[Split]]


@pytest.fixture(params=WAYS, ids=lambda way: way.__name__)
async def split(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Split]:
    """Worker, bridge and subscribers have their places."""
    way: Way = request.param
    async with way(tmp_path) as split:
        yield split


async def closed(split: Split) -> None:
    """The routes that must be are open, and those that must not be are closed."""
    wanted = {"W": [split.temporal["W"], split.public["W"]], "R": [split.public["R"]]}
    for who, forbidden in split.forbidden.items():
        answers = await split.probe(who, [*wanted[who], *forbidden])
        assert [target for target, answer in answers.items() if answer == "open"] == wanted[who]


async def test_a_session_streams_across_the_split(split: Split, tmp_path: Path) -> None:
    """Worker and subscribers never reach each other, and a session comes whole, past a restart."""
    queue = f"split-{secrets.token_hex(3)}"
    client = await connect(split.temporal[""], timeout=20)
    bridge_environ = environment(
        tmp_path / "bridge",
        split.temporal["B"],
        KAI_BRIDGE_PORT=str(split.bridge_port),
        KAI_BRIDGE_URL=f"http://{split.public['R']}",
    )
    worker_environ = environment(
        tmp_path / "worker",
        split.temporal["W"],
        KAI_AGENT="tests.chaos.agent:create",
        KAI_CALLBACK_ALLOW=split.public["W"],
        TEMPORAL_TASK_QUEUE=queue,
        SEEDED_LOG=str(tmp_path),
    )
    async with AsyncExitStack() as stack:
        bridge = await split.run("B", ["-m", "api"], bridge_environ, tmp_path / "bridge-1.log")
        stack.push_async_callback(bridge.kill)
        worker = await split.run(
            "W", ["-m", "kai_flow.worker"], worker_environ, tmp_path / "worker.log"
        )
        stack.push_async_callback(worker.kill)
        reading = await split.run(
            "R", ["-m", readers.__name__], environment(tmp_path, ""), tmp_path / "readers.log"
        )
        stack.push_async_callback(reading.kill)
        await bridge.ready()
        await worker.ready()
        await closed(split)

        session_id = f"split-{secrets.token_hex(3)}"
        callback = f"http://{split.public['W']}/events/{session_id}"
        session = await begin_chat(client, queue, tmp_path, session_id, callback, 1)
        assert reading.process.stdin is not None
        for file in session.files():
            url = f"http://{split.public['R']}/stream/{session_id}"
            reading.process.stdin.write(f"{file} {url}\n".encode())
        await until(lambda: min(session.counts()) > 20)

        await bridge.kill()
        before = max(session.counts())
        bridge = await split.run("B", ["-m", "api"], bridge_environ, tmp_path / "bridge-2.log")
        stack.push_async_callback(bridge.kill)
        await bridge.ready()
        await until(lambda: min(session.counts()) > before + 20)
        await closed(split)

        await session.stop()
        result = await session.handle.result()
        assert result["events_sent"] > 0  # by the callback, not by signals alone
        await until(session.ended)
        for file in session.files():
            session.check([seen for _, seen in seen_in(file)], result)
