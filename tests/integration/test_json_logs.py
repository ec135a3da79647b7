"""What programs write to standard error with KAI_LOG_FORMAT=json."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from kai_flow.runtime.ports import free_port
from kai_flow.temporal.dev_server import DevServer
from tests.integration.conftest import Ask
from tests.integration.programs import Program, environment, running
from tests.integration.waiting import until

FORGED = "\nERROR kai_flow forged \x1b[31m"


def lines_of(program: Program) -> list[dict[str, Any]]:
    """The lines so far, each of which has to be an object."""
    return [json.loads(line) for line in program.errors.read_text().splitlines()]


def events_of(program: Program) -> set[str]:
    """The kinds of the lines so far."""
    return {line["event"] for line in lines_of(program)}


async def test_every_line_of_a_program_is_an_object(
    temporal: DevServer, http: httpx.AsyncClient, ask: Ask, session_id: str, tmp_path: Path
) -> None:
    """Bridge and worker: refusals, failed callbacks and tracebacks of agents, each on one line."""
    environ = environment(
        tmp_path,
        temporal.address,
        KAI_LOG_FORMAT="json",
        KAI_BRIDGE_PORT="0",
        KAI_AGENT="tests.agents.scripted:create",
        KAI_MISSPELT="x",
        TEMPORAL_TASK_QUEUE=session_id,
    )
    async with (
        running(["-m", "kai_flow.web"], environ, tmp_path / "bridge.log") as bridge,
        running(["-m", "kai_flow.worker"], environ, tmp_path / "worker.log") as worker,
    ):
        url = await bridge.ready()
        await worker.ready()
        await http.post(f"{url}/events/{session_id}?token=canary", json={"id": "1.1.1"})
        await ask({"raise": "boom"}, callback_url=f"{url}/nowhere", task_queue=session_id)
        await until(lambda: {"unknown_setting", "request_refused"} <= events_of(bridge))
        await until(lambda: {"callback_failed", "session"} <= events_of(worker))
    refused = next(one for one in lines_of(bridge) if one["event"] == "request_refused")
    assert (refused["session"], refused["status"]) == (session_id, 400)
    assert refused["level"] == "warning"
    [failed, *_] = [one for one in lines_of(worker) if "traceback" in one]
    assert (failed["session"], failed["attempt"]) == (session_id, 1)
    assert failed["error"] == "RuntimeError"
    assert "boom" in failed["traceback"]
    assert "canary" not in bridge.errors.read_text()


def test_what_is_not_configured_is_not_imported() -> None:
    """Programs without metrics and with plain lines import neither library."""
    program = (
        "import sys; import kai_flow.web.server, kai_flow.worker.service, kai_flow.cli.up; "
        "print({'structlog', 'prometheus_client'} & set(sys.modules))"
    )
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "set()"


async def test_nobody_forges_a_line_of_a_worker(
    temporal: DevServer, ask: Ask, session_id: str, tmp_path: Path
) -> None:
    """Whoever starts a session chooses its id, and its agent the text of its errors."""
    environ = environment(
        tmp_path,
        temporal.address,
        KAI_AGENT="tests.agents.scripted:create",
        TEMPORAL_TASK_QUEUE=session_id,
    )
    async with running(["-m", "kai_flow.worker"], environ, tmp_path / "worker.log") as worker:
        await worker.ready()
        await ask(
            {"raise": "boom" + FORGED},
            callback_url=f"http://localhost:{free_port()}/nowhere",
            id=session_id + FORGED,
            task_queue=session_id,
        )
        await until(lambda: "boom" in worker.errors.read_text())
        await until(lambda: "callback failed" in worker.errors.read_text())
    lines = worker.errors.read_text().split("\n")[:-1]
    assert any(f"session {session_id}\\n" in line for line in lines)
    assert not any(line.startswith("ERROR kai_flow forged") for line in lines)
    assert all(line.isprintable() for line in lines)
