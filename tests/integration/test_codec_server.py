"""The codec server with the programs that it is for: the `temporal` command and the Temporal UI."""

import asyncio
import base64
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from kai_flow.settings import load_settings
from kai_flow.temporal.client import connect
from kai_flow.temporal.codec import encrypted
from kai_flow.temporal.codec_server import running_codec_server
from kai_flow.temporal.dev_server import DevServer, dev_server, find_binary
from tests.browser import chromium
from tests.integration.conftest import worker_on

TOKEN = "a-token-of-twenty-and-more"
CANARY = "the canary sings"
ENVIRON = {
    "KAI_DATA_CONVERTER": "kai_flow.temporal.codec:encrypted",
    "KAI_CODEC_KEYS": base64.b64encode(b"k" * 32).decode(),
    "KAI_CODEC_TOKEN": TOKEN,
    "KAI_CODEC_PORT": "0",
}


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of every program of this test."""
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)


@asynccontextmanager
async def server(**variables: str) -> AsyncIterator[str]:
    """A running codec server; its URL."""
    async with running_codec_server(load_settings(ENVIRON | variables)) as url:
        yield url


async def run_temporal(address: str, *arguments: str) -> tuple[int, str]:
    """What the `temporal` command says, and its exit code."""
    process = await asyncio.create_subprocess_exec(
        find_binary(), *arguments, "--address", address,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


def question(*steps: object) -> str:
    """The input of a session of the scripted agent."""
    return json.dumps({"prompt": json.dumps(steps), "connection_id": "none"})


async def test_the_command_asks_and_reads_through_it(temporal: DevServer, session_id: str) -> None:
    """`temporal` starts, queries and shows an encrypted session, and without it reads nothing."""
    address = temporal.address
    queue = f"sealed-{secrets.token_hex(4)}"
    client = await connect(address, data_converter=encrypted())
    this = ("--workflow-id", session_id)
    async with server() as url, worker_on(client, queue):
        codec = ("--codec-endpoint", url, "--codec-auth", f"Bearer {TOKEN}")
        asked = question({"result": {"final_answer": CANARY}})
        code, said = await run_temporal(
            address, "workflow", "start", *this, "--type", "KaiChatWorkflow",
            "--task-queue", queue, "--input", asked, *codec,
        )  # fmt: skip
        assert code == 0, said
        await client.get_workflow_handle(session_id).result()
        code, said = await run_temporal(
            address, "workflow", "query", *this, "--type", "progress", *codec
        )
        assert (code, '"status":"completed"' in said) == (0, True), said
        code, said = await run_temporal(address, "workflow", "show", *this, *codec)
        assert (code, CANARY in said) == (0, True), said
        code, said = await run_temporal(
            address, "workflow", "show", *this, "--output", "json", *codec
        )
        shown = json.loads(said)
        inputs = shown["events"][0]["workflowExecutionStartedEventAttributes"]["input"]["payloads"]
        assert json.loads(base64.b64decode(inputs[0]["data"])) == json.loads(asked)
        _, said = await run_temporal(address, "workflow", "show", *this)
        assert CANARY not in said
        wrong = (*codec[:3], "Bearer wrong", "--command-timeout", "1s")  # it would retry for 10 s
        code, said = await run_temporal(address, "workflow", "show", *this, *wrong)
        assert (code, CANARY in said) == (1, False), said
        raw = await client.get_workflow_handle(session_id).fetch_history()
        assert CANARY.encode() not in b"".join(event.SerializeToString() for event in raw.events)


@pytest.mark.browser
async def test_the_temporal_ui_shows_what_is_encrypted(session_id: str) -> None:
    """A person signs in on its page, and the UI in the same browser decodes; before, not."""
    async with dev_server(stop_seconds=0, ui_port=0) as temporal:
        assert temporal.ui_url is not None
        client = await connect(temporal.address, data_converter=encrypted())
        async with server(KAI_CODEC_ORIGINS=temporal.ui_url) as url, worker_on(client, "queue"):
            handle = await client.start_workflow(
                "KaiChatWorkflow",
                json.loads(question({"result": {"final_answer": CANARY}})),
                id=session_id,
                task_queue="queue",
            )
            await handle.result()
            ui = f"{temporal.ui_url}/namespaces/default/workflows/{session_id}"
            await asyncio.to_thread(_look, url, f"{ui}/{handle.first_execution_run_id}/history")


def _look(codec_server: str, history: str) -> None:
    """Look at the history as a person does."""
    with chromium() as window:
        page = window.new_context().new_page()
        page.goto(history)
        page.get_by_text("KaiChatWorkflow").first.wait_for()
        settings = {"endpoint": codec_server, "includeCredentials": True,
                    "overrideRemoteCodecConfiguration": True}  # fmt: skip
        page.evaluate(
            "given => Object.entries(given).forEach("
            "([key, value]) => localStorage.setItem(key, JSON.stringify(value)))",
            settings,
        )
        with page.expect_response(f"{codec_server}/decode?*") as refused:
            page.goto(history)
        assert refused.value.status == 401
        assert CANARY not in page.inner_text("body")
        page.goto(codec_server)
        page.fill("input", TOKEN)
        page.click("button")
        page.get_by_text("You are signed in").wait_for()
        page.goto(history)
        page.get_by_text(CANARY).first.wait_for()
