"""The demo's question on a real PostgreSQL, through Temporal, worker, bridge and the script."""

import asyncio
import os
import secrets
import sys
from pathlib import Path

import pytest

from kai_flow.connections.store import ConnectionStore
from kai_flow.settings import Settings
from kai_flow.settings.callback_allow import read_allow_list
from kai_flow.temporal.client import connect
from kai_flow.temporal.dev_server import dev_server
from kai_flow.web.server import running_bridge
from kai_flow.worker.service import running_worker
from tests.engines.places import READER_PASSWORD, Place
from tests.engines.test_questions import QUESTIONS, ask

SCRIPT = Path(__file__).resolve().parents[2] / "docs/cookbook/temporal_e2e_streaming.py"


@pytest.mark.parametrize("kind", ["postgres"], scope="session")
async def test_the_script_gets_its_answer_from_postgresql(
    koperasi: Place, demo: Path, tmp_path: Path
) -> None:
    """Every check of the script passes, the numbers are the demo's, and no password shows."""
    name = f"queue-{secrets.token_hex(4)}"
    settings = Settings(
        home=tmp_path / "home",
        task_queue=name,
        health_port=0,
        bridge_port=0,
        agent=None,
        callback_allow=read_allow_list("loopback:*"),
    )
    ConnectionStore.of(settings).add("pg", koperasi.uri, "registry")
    async with dev_server(stop_seconds=0) as server:
        client = await connect(server.address)
        async with running_bridge(settings, client) as bridge, running_worker(settings, client):
            command = [
                *(sys.executable, str(SCRIPT), "--connection-id", "registry"),
                *("--temporal-host", server.address, "--callback-host", bridge),
            ]
            child = await asyncio.create_subprocess_exec(
                *command,
                env={**os.environ, "TEMPORAL_TASK_QUEUE": name},
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            out = (await asyncio.wait_for(child.communicate(), 60))[0].decode()
            session = next(
                line.split()[1].strip(":") for line in out.splitlines() if "session  " in line
            )
            result = await client.get_workflow_handle(session).result()
            history = await client.get_workflow_handle(session).fetch_history()
        await asyncio.sleep(0.05)  # Temporal can crash at exit without this pause (sdk-python#300)
    assert child.returncode == 0, out
    assert "completed, all checks passed" in out
    expected = await ask(f"sqlite://{demo}", QUESTIONS[0], tmp_path)
    assert result["final_answer"] == expected["done"]["result"]["final_answer"]
    assert '"provinsi"' in result["sql_queries"][0]
    for secret in (READER_PASSWORD, koperasi.uri.split(":")[2].partition("@")[0]):
        assert secret not in out
        assert secret not in history.to_json()
