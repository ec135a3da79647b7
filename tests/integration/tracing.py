"""Programs and clients whose spans go to a collector of the test."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from temporalio.client import Client
from temporalio.converter import DataConverter

from kai_flow.settings import Settings
from kai_flow.temporal.client import connect
from kai_flow.temporal.dev_server import DevServer
from kai_flow.traces.program import traces
from tests.integration.collector import Collector
from tests.integration.programs import environment, running

QUESTION = "Show the top 5 provinces by average founding capital of cooperatives"
SECRET = f"canary{secrets.token_hex(8)}"  # never to be seen at a collector


@asynccontextmanager
async def dispatching(
    temporal: DevServer,
    collector: Collector,
    monkeypatch: pytest.MonkeyPatch,
    converter: DataConverter | None = None,
) -> AsyncIterator[Client]:
    """A client of this process, whose calls are traced."""
    for name, value in collector.environ.items():
        monkeypatch.setenv(name, value)
    async with traces(Settings(), "dispatch"):
        yield await connect(temporal.address, data_converter=converter)


@asynccontextmanager
async def stack(
    temporal: DevServer, home: Path, **variables: str
) -> AsyncIterator[tuple[str, str]]:
    """A worker and a bridge, each a program of its own: a task queue, and the bridge's URL.

    When the block has ended well, the collector has all their spans.
    """
    queue = f"traces-{secrets.token_hex(4)}"
    environ = environment(
        home, temporal.address, TEMPORAL_TASK_QUEUE=queue, KAI_BRIDGE_PORT="0", **variables
    )
    async with (
        running(["-m", "api"], environ, home / "bridge.log") as bridge,
        running(["-m", "kai_flow.worker"], environ, home / "worker.log") as worker,
    ):
        url = await bridge.ready()
        await worker.ready()
        yield queue, url
        for program in (worker, bridge):  # at their ends they export what is left
            program.process.terminate()
        for program in (worker, bridge):
            await program.process.communicate()
