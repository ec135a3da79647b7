"""`kai sessions` on a server with sessions in every state, over real sockets."""

import asyncio
import json
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from kai_flow.temporal.dev_server import DevServer
from tests.integration.conftest import Ask
from tests.integration.programs import ROOT, environment, running
from tests.integration.waiting import eventually


@workflow.defn(name="Wedged")
class Wedged:
    """Raises at every try."""

    @workflow.run
    async def run(self) -> None:
        """Fail the workflow task."""
        raise RuntimeError("no code for this history")


class Kai(NamedTuple):
    """Runs the command."""

    environ: dict[str, str]

    async def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """`kai sessions` with these arguments."""
        command = [sys.executable, "-m", "kai_flow.cli", "sessions", *arguments]
        return await asyncio.to_thread(
            subprocess.run, command,
            env=self.environ, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    async def states(self, *arguments: str) -> dict[str, dict[str, Any]]:
        """The sessions that it lists, by id."""
        done = await self.run("--json", *arguments)
        assert done.returncode == 0, done.stderr
        return {one["session"]: one for one in json.loads(done.stdout)}


@pytest.fixture
def kai(temporal: DevServer, tmp_path: Path) -> Kai:
    """On the server of the tests, with an empty home."""
    return Kai(environment(tmp_path / "home", temporal.address))


@pytest.fixture
async def wedged(client: Client) -> AsyncIterator[str]:
    """A queue whose worker fails each workflow task."""
    queue = f"wedged-{secrets.token_hex(4)}"
    runner = UnsandboxedWorkflowRunner()
    worker = Worker(client, task_queue=queue, workflows=[Wedged], workflow_runner=runner)
    async with worker:
        yield queue


async def test_each_way_to_be_stuck_is_found(
    kai: Kai, ask: Ask, client: Client, queue: str, wedged: str, session_id: str
) -> None:
    """No worker, retrying and failing are listed with their reason; who is fine is not."""
    fine, lost, retrying = (f"{session_id}-{name}" for name in ("fine", "lost", "retrying"))
    nobody = f"nobody-{secrets.token_hex(4)}"
    await ask({"tokens": 1}, {"gate": "never"}, id=fine)
    await ask({"tokens": 1}, id=lost, task_queue=nobody)
    # a failed attempt is followed by the next one after a second, which waits
    await ask({"attempt": 1, "do": [{"raise": "the database is away"}]}, {"gate": "x"}, id=retrying)
    handle = await client.start_workflow("Wedged", id=f"{session_id}-wedged", task_queue=wedged)
    try:

        async def all_found() -> bool:
            found = await kai.states("--stuck", "--type", "")
            mine = {name: one["state"] for name, one in found.items() if session_id in name}
            return mine == {lost: "no worker", handle.id: "failing"}

        await eventually(all_found)
        failing = (await kai.states("--stuck", "--type", "Wedged"))[handle.id]
        assert failing["detail"] == "its workflow fails: no code for this history"
        every = await kai.states()
        assert every[fine]["state"] == "running"
        assert not every[fine]["stuck"]
        assert every[retrying]["attempt"] == 2
        assert every[lost]["queue"] == nobody
        assert every[lost]["seconds"] > 3
        assert handle.id not in every  # of another type
        assert list(await kai.states("--queue", nobody)) == [lost]
        shown = await kai.run("--stuck", "--queue", nobody)
        assert lost in shown.stdout
        assert "no worker takes its workflow" in shown.stdout
    finally:
        await handle.terminate()


async def test_a_dead_worker_is_silent(
    kai: Kai, ask: Ask, temporal: DevServer, session_id: str, tmp_path: Path
) -> None:
    """A worker that was killed is found once its last heartbeat is older than what is asked for."""
    environ = environment(
        tmp_path,
        temporal.address,
        KAI_AGENT="tests.agents.scripted:create",
        TEMPORAL_TASK_QUEUE=session_id,
    )
    async with running(["-m", "kai_flow.worker"], environ, tmp_path / "worker.log") as worker:
        await worker.ready()
        await ask({"tokens": 1}, {"gate": "never"}, task_queue=session_id, callback_url=None)

        async def state(*arguments: str) -> str:
            found = await kai.states("--queue", session_id, *arguments)
            return str(found.get(session_id, {}).get("detail", ""))

        await eventually(lambda: _is(state(), "chat_streaming"))
        await worker.kill()
        await eventually(lambda: _is(state("--silent-for", "5s"), "chat_streaming: no heartbeat"))
        assert await kai.states("--queue", session_id, "--stuck", "--silent-for", "1h") == {}


async def _is(state: Any, expected: str) -> bool:
    return str(await state).startswith(expected)


async def test_nothing_is_a_clear_answer(kai: Kai) -> None:
    """No session, none that is stuck, and a list that was cut, each in one line."""
    none = await kai.run("--queue", "there-is-no-such-queue")
    assert (none.returncode, none.stdout) == (0, "no session is running\n")
    none = await kai.run("--queue", "there-is-no-such-queue", "--stuck", "--json")
    assert (none.returncode, json.loads(none.stdout)) == (0, [])


async def test_a_list_is_bounded(kai: Kai, ask: Ask, session_id: str) -> None:
    """Beyond the limit nothing is asked, and a note says so."""
    queue = f"nobody-{secrets.token_hex(4)}"
    for number in range(3):
        await ask({"tokens": 1}, id=f"{session_id}-{number}", task_queue=queue)

    async def count() -> bool:
        return len(await kai.states("--queue", queue)) == 3

    await eventually(count)
    cut = await kai.run("--queue", queue, "--limit", "2", "--json")
    assert len(json.loads(cut.stdout)) == 2
    assert cut.stderr == "only the newest 2 were looked at: see --limit\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--silent-for", "60"], "--silent-for '60' is refused: it must be a duration"),
        (["--limit", "0"], "--limit 0 is refused"),
        (["--queue", 'x" OR ""="'], "may have no quotes"),
    ],
)
async def test_a_wrong_option_is_one_sentence(kai: Kai, arguments: list[str], says: str) -> None:
    """Nothing is asked of the server, and no query can be made up."""
    done = await kai.run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1


async def test_without_a_server_it_is_one_sentence(kai: Kai) -> None:
    """The address is named."""
    kai.environ["TEMPORAL_ADDRESS"] = "127.0.0.1:1"
    done = await kai.run()
    assert (done.returncode, done.stdout) == (2, "")
    assert "no Temporal server at 127.0.0.1:1" in done.stderr
