"""The end-to-end script and the programs around it, when something is wrong.

That the script passes against the real stack is what the test of the tutorial shows.
"""

import asyncio
import importlib.util
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from temporalio.client import WorkflowExecutionStatus

from kai_flow.runtime.ports import PortInUse, free_port
from kai_flow.settings import load_settings
from kai_flow.temporal.client import connect
from kai_flow.temporal.dev_server import dev_server
from tests.docs.pages import ROOT

SCRIPT = ROOT / "docs/cookbook/temporal_e2e_streaming.py"
TUTORIAL = (ROOT / "docs/tutorials/temporal-e2e-test.md").read_text()

RESULT: dict[str, Any] = {
    "status": "completed",
    "final_answer": "42",
    "sql_queries": ["SELECT 42"],
    "error": None,
}


def module() -> ModuleType:
    """The script, imported."""
    spec = importlib.util.spec_from_file_location("temporal_e2e_streaming", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


def streamed(*types: str, result: Any = RESULT) -> list[dict[str, Any]]:
    """A session's events, of these types and then `done`."""
    return [*({"type": kind} for kind in types), {"type": "done", "result": result}]


GOOD = streamed("started", "tool_start", "tool_end", "token")


def test_a_good_session_passes() -> None:
    """All promises kept: no complaint."""
    module().check(GOOD, RESULT)


@pytest.mark.parametrize(
    ("events", "changes", "complaint"),
    [
        (GOOD, {"status": "failed"}, "the status is not failed"),
        (GOOD, {"final_answer": ""}, "final_answer is not empty"),
        (GOOD, {"sql_queries": []}, "sql_queries is not empty"),
        (streamed(), {}, "there are events before done"),
        (streamed("started", "tool_end"), {}, "tool_start is among them"),
        (streamed("started", "tool_start"), {}, "tool_end is among them"),
        ([*GOOD, {"type": "token"}], {}, "done comes once, and last"),
        ([*GOOD, GOOD[-1]], {}, "done comes once, and last"),
        (GOOD, {"final_answer": "43"}, "done carries the workflow's result"),
    ],
)
def test_each_check_fails_alone(
    events: list[dict[str, Any]], changes: dict[str, Any], complaint: str
) -> None:
    """A session that breaks one promise fails, and the message names it."""
    script = module()
    with pytest.raises(script.Problem, match=complaint):
        script.check(events, RESULT | changes)


@pytest.fixture(scope="module")
async def temporal() -> AsyncIterator[str]:
    """The address of a Temporal server on which no worker works."""
    async with dev_server(stop_seconds=0) as server:
        yield server.address


async def complaint_of(script: ModuleType, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    """What the script says when it is run with these arguments."""
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), *arguments])
    with pytest.raises(script.Problem) as problem:
        await script.main()
    return str(problem.value)


async def test_no_temporal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Temporal it says so, and how to start one."""
    nowhere = f"localhost:{free_port()}"
    said = await complaint_of(module(), monkeypatch, "--temporal-host", nowhere)
    assert said.startswith(f"no Temporal server at {nowhere}: start one with")


async def test_no_bridge(temporal: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the bridge it says so, and how to start it; no session is started."""
    nowhere = f"localhost:{free_port()}"
    said = await complaint_of(
        module(), monkeypatch, "--temporal-host", temporal, "--callback-host", nowhere
    )
    assert said.startswith(f"no bridge at http://{nowhere}: start it with `python -m api`")
    assert f"error: {said}".startswith("error: no bridge at")
    assert "error: no bridge at" in TUTORIAL
    client = await connect(temporal)
    assert [found.id async for found in client.list_workflows()] == []


async def test_no_worker(temporal: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a worker it asks for one after a while, and terminates the session."""
    from kai_flow.web.server import running_bridge

    script = module()
    monkeypatch.setattr(script, "FIRST_EVENT_SECONDS", 1.0)
    client = await connect(temporal)
    settings = load_settings({"KAI_BRIDGE_PORT": "0"})
    async with running_bridge(settings, client) as bridge:
        said = await complaint_of(
            script, monkeypatch, "--temporal-host", temporal, "--callback-host", bridge
        )
    assert said == ("no event came within 1 s: is a worker running? python -m kai_flow.worker")
    assert "is a worker running?" in TUTORIAL
    [session] = [found async for found in client.list_workflows()]
    assert session.status is WorkflowExecutionStatus.TERMINATED


async def test_status_is_not_an_event_of_the_session(
    temporal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wait for the first event ends, although the bridge reports `waiting` meanwhile."""
    script = module()

    async def reports(_bridge: str, _session_id: str) -> AsyncIterator[dict[str, Any]]:
        yield {"type": "subscribed"}
        yield {"type": "status", "status": "waiting"}
        await asyncio.Event().wait()

    monkeypatch.setattr(script, "FIRST_EVENT_SECONDS", 1.0)
    monkeypatch.setattr(script, "follow", reports)
    async with asyncio.timeout(10):
        said = await complaint_of(script, monkeypatch, "--temporal-host", temporal)
    assert said.startswith("no event came within 1 s")


def test_a_problem_is_one_sentence_and_an_exit_code() -> None:
    """From the command line: no traceback, exit code 1."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--temporal-host", f"localhost:{free_port()}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: no Temporal server")
    assert done.stderr.count("\n") == 1


def test_symptoms_are_what_the_programs_say(tmp_path: Path) -> None:
    """No Temporal and a wrong setting look as the tutorial's table shows them."""

    def start(**environ: str) -> "subprocess.Popen[str]":
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("KAI_", "TEMPORAL_"))}
        return subprocess.Popen(
            [sys.executable, "-m", "api"],
            stderr=subprocess.PIPE,
            text=True,
            env={**kept, "KAI_HOME": str(tmp_path), "PYTHONPATH": str(ROOT), **environ},
        )

    nowhere = f"localhost:{free_port()}"
    alone, wrong = start(TEMPORAL_ADDRESS=nowhere), start(KAI_BRIDGE_PORT="many")
    said = alone.communicate()[1].replace(nowhere, "localhost:7233")
    assert alone.returncode == 2
    assert said.split("):")[0] + ")" in TUTORIAL
    said = wrong.communicate()[1]
    assert wrong.returncode == 2
    assert "is refused: it must be" in said


async def test_a_taken_port_is_what_the_bridge_says(temporal: str) -> None:
    """A taken port looks as the tutorial's table shows it."""
    from kai_flow.web.server import running_bridge

    client = await connect(temporal)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with pytest.raises(PortInUse) as error:
            async with running_bridge(load_settings({"KAI_BRIDGE_PORT": port}), client):
                pass
    said = str(error.value).replace(port, "8092").split(":")[0]
    assert f"kai: {said}" in TUTORIAL
