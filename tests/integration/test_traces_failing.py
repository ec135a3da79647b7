"""Traces where the collector fails."""

import json
import secrets
import time
from pathlib import Path

import pytest
from temporalio.client import Client

from kai_flow.temporal.dev_server import DevServer
from tests.integration.collector import collecting
from tests.integration.programs import environment, running
from tests.integration.waiting import until


@pytest.mark.parametrize("collector_is", ["hanging", "away"])
async def test_a_collector_that_fails_delays_and_loses_no_event(
    temporal: DevServer,
    session_id: str,
    tmp_path: Path,
    client: Client,
    collector_is: str,
) -> None:
    """The session is as without traces, and both programs stop in time, with a line in the log."""
    small = {"OTEL_BSP_MAX_QUEUE_SIZE": "8", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "4"}
    with collecting(hangs=True) as collector:
        variables = {**collector.environ, **small, "KAI_AGENT": "tests.agents.scripted:create"}
        if collector_is == "away":
            variables["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:1"
        queue = f"traces-{secrets.token_hex(4)}"
        environ = environment(
            tmp_path, temporal.address, TEMPORAL_TASK_QUEUE=queue, KAI_BRIDGE_PORT="0", **variables
        )
        async with (
            running(["-m", "api"], environ, tmp_path / "bridge.log") as bridge,
            running(["-m", "kai_flow.worker"], environ, tmp_path / "worker.log") as worker,
        ):
            url = await bridge.ready()
            await worker.ready()
            question = {
                "prompt": json.dumps([{"tokens": 200, "pause": 0.005}]),
                "connection_id": "none",
                "callback_url": f"{url}/events/{session_id}",
            }
            result = await client.execute_workflow(
                "KaiChatWorkflow", question, id=session_id, task_queue=queue
            )
            assert result["status"] == "completed"
            assert (result["events_sent"], result["events_failed"]) == (201, 0)
            assert result["execution_time_ms"] < 15_000
            if collector_is == "hanging":
                await until(lambda: collector.requests)
            began = time.monotonic()
            for program in (worker, bridge):
                program.process.terminate()
            for program in (worker, bridge):
                await program.process.communicate()
                assert program.process.returncode == 0
            assert time.monotonic() - began < 20  # uvicorn and the worker need some of it
    said = (tmp_path / "worker.log").read_text()
    assert "were not exported within" in said
    if collector_is == "away":
        assert said.count("spans cannot be exported") <= 1
        assert "retrying" not in said
