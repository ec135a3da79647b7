"""The real stack for tests: one Temporal server for the session, workers, bridges, subscribers."""

import asyncio
import json
import logging
import re
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, Final, Protocol

import httpx
import pytest
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError

from kai_flow.bridge import attempts, hub, incoming, intake, session
from kai_flow.settings import Settings
from kai_flow.settings.callback_allow import read_allow_list
from kai_flow.temporal.client import connect
from kai_flow.temporal.codec import encrypting
from kai_flow.temporal.dev_server import DevServer, dev_server
from kai_flow.web.server import running_bridge
from kai_flow.worker.service import running_worker
from tests.integration.sealing import KEY, with_converter
from tests.integration.stage import Play, stage_worker

Handle = WorkflowHandle[Any, dict[str, Any]]

DYNAMIC_CONFIG: Final = (
    # Otherwise the server keeps runs that continue one another a second apart.
    'history.workflowIdReuseMinimalInterval="0s"',
    # A run can be deleted once the server has noted that its close was processed, every 30 s.
    'history.transferProcessorUpdateAckInterval="1s"',
    'history.visibilityProcessorUpdateAckInterval="1s"',
)


ANY_PORT_HERE: Final = read_allow_list("loopback:*")  # bridges and receivers have any ports

PATIENCE: Final = 10.0  # seconds that a bridge in this process waits for an answer of Temporal's


@pytest.fixture(autouse=True)
def patient_bridges(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is slow for a moment changes no answer; tests of a silent Temporal set less.

    The real limits, of one and two seconds, are tested in virtual time.
    """
    for module in (attempts, intake, session):
        monkeypatch.setattr(module, "ASK_SECONDS", PATIENCE)
    monkeypatch.setattr(hub, "FIND_SECONDS", PATIENCE)
    monkeypatch.setattr(intake, "FLUSH_SECONDS", PATIENCE)


@pytest.fixture(scope="session")
async def temporal() -> AsyncIterator[DevServer]:
    """The one dev server of the session."""
    async with dev_server(stop_seconds=0, dynamic_config=DYNAMIC_CONFIG) as server:
        yield server


@pytest.fixture(scope="session")
async def client(temporal: DevServer) -> AsyncIterator[Client]:
    """A client of it."""
    yield await connect(temporal.address)
    await asyncio.sleep(0.05)  # Temporal can crash at exit without this pause (sdk-python#300)


@pytest.fixture
def sealed(client: Client) -> Client:
    """A client with the codec that is shipped."""
    return with_converter(client, encrypting([KEY]))


@pytest.fixture
async def sealed_queue(sealed: Client) -> AsyncIterator[str]:
    """The task queue of a worker with it."""
    name = f"sealed-{secrets.token_hex(4)}"
    async with worker_on(sealed, name):
        yield name


@pytest.fixture(scope="session")
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client of no one's environment."""
    async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
        yield client


@pytest.fixture(scope="session")
async def bridge(client: Client) -> AsyncIterator[str]:
    """The base URL of a bridge in this process, with the default settings."""
    async with running_bridge(Settings(bridge_port=0), client) as url:
        yield url


@pytest.fixture(scope="session")
async def queue(client: Client) -> AsyncIterator[str]:
    """The task queue of a worker in this process with the scripted agent."""
    name = f"queue-{secrets.token_hex(4)}"
    async with worker_on(client, name):
        yield name


def worker_on(
    client: Client, queue: str, agent: str | None = "tests.agents.scripted:create", **settings: Any
) -> AbstractAsyncContextManager[str]:
    """A worker in this process, which calls any port of this machine."""
    settings = {"callback_allow": ANY_PORT_HERE, **settings}
    return running_worker(
        Settings(health_port=0, task_queue=queue, agent=agent, **settings), client
    )


@pytest.fixture
def session_id(request: pytest.FixtureRequest) -> str:
    """A session id of this test alone."""
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")
    return f"{name[:60]}-{secrets.token_hex(4)}"


@pytest.fixture
def own_logging() -> Iterator[None]:
    """Takes back what a command has set up: it logs for its process, which is that of all tests."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers = [handler for handler in root.handlers if handler in handlers]
    root.setLevel(level)


class Ask(Protocol):
    """Starts the session of a test; `steps` are the scripted agent's."""

    async def __call__(
        self, *steps: dict[str, Any], callback_url: str | None = "bridge", **options: Any
    ) -> Handle: ...


@pytest.fixture
async def ask(client: Client, queue: str, bridge: str, session_id: str) -> AsyncIterator[Ask]:
    """Starts the test's session, which calls back to the shared bridge unless told otherwise."""
    begun: set[str] = set()

    async def start(
        *steps: dict[str, Any], callback_url: str | None = "bridge", **options: Any
    ) -> Handle:
        chosen = {"id": session_id, "task_queue": queue, **options}
        if callback_url == "bridge":
            callback_url = f"{bridge}/events/{chosen['id']}"
        question = {
            "prompt": json.dumps(steps),
            "connection_id": "none",
            "callback_url": callback_url,
        }
        begun.add(chosen["id"])
        return await client.start_workflow("KaiChatWorkflow", question, **chosen)

    yield start
    for each in begun:
        with suppress(RPCError):  # it has ended
            await client.get_workflow_handle(each).terminate()


@pytest.fixture(scope="session")
async def stage_queue(client: Client) -> AsyncIterator[str]:
    """The task queue of a worker for stages."""
    name = f"stage-{secrets.token_hex(4)}"
    async with stage_worker(client, name):
        yield name


@pytest.fixture
async def play(
    client: Client,
    stage_queue: str,
    bridge: str,
    session_id: str,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Play]:
    """A running stage of this test, on the shared bridge."""
    monkeypatch.setattr(incoming, "FLUSH_SECONDS", PATIENCE)  # of a bridge that stops
    handle = await client.start_workflow("Stage", id=session_id, task_queue=stage_queue)
    play = Play(client, handle, bridge)
    yield play
    await play.clear()
