"""`kai ask --bridge` and `kai chat --bridge`: the stack runs elsewhere, for other people too."""

import asyncio
import http.server
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from temporalio.client import WorkflowExecutionStatus

from kai_flow.runtime.ports import free_port
from kai_flow.temporal.client import connect
from tests.integration.command import Kai, kai_in

KEYS = {"KAI_TOKEN_KEYS": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}
OF_ANOTHER = "AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kai]:
    """Temporal, a bridge that asks for tokens, and a worker of the organisation acme."""
    kai = kai_in(tmp_path_factory.mktemp("site") / "home")
    kai.environ |= {"KAI_AGENT": "counting:create", "ORG_ID": "acme"}
    with kai.up(TEMPORAL_ADDRESS=f"localhost:{free_port()}", **KEYS):
        yield kai


@pytest.fixture
def laptop(site: Kai, tmp_path: Path) -> Kai:
    """Another home, which knows the site's Temporal and has a token for the organisation."""
    kai = kai_in(tmp_path / "laptop")
    made = site.run("token", "--org", "acme", "--for", "10m", **KEYS)
    kai.environ |= {
        "TEMPORAL_ADDRESS": site.state()["temporal"],
        "ORG_ID": "acme",
        "KAI_TOKEN": made.stdout.strip(),
    }
    return kai


def of(site: Kai) -> str:
    """The URL of the site's bridge."""
    return str(site.state()["bridge"])


async def statuses(site: Kai, session_id: str) -> list[WorkflowExecutionStatus | None]:
    """Those of the workflows that a session id has had."""
    client = await connect(site.state()["temporal"])
    async with asyncio.timeout(30):
        found = client.list_workflows(f"WorkflowId = '{session_id}'")
        return [each.status async for each in found]


def test_a_question_is_answered_elsewhere(site: Kai, laptop: Kai) -> None:
    """The whole answer comes from the site's workers, and nothing is started beside them."""
    done = laptop.run("ask", "3", "--plain", "--bridge", f"{of(site)}/")
    assert done.returncode == 0, done.stderr
    assert "0 1 2" in done.stdout
    assert f"--address {site.state()['temporal']}" in done.stdout
    assert "starting" not in done.stderr
    assert not (laptop.home / "temporal.db").exists()


def test_a_chat_goes_on_elsewhere(site: Kai, laptop: Kai) -> None:
    """Each line of a chat is answered by the site's workers."""
    command = [sys.executable, "-m", "kai_flow.cli", "chat", "--plain", "--bridge", of(site)]
    done = subprocess.run(
        command,
        input="2\n3\n",
        capture_output=True,
        text=True,
        env=laptop.environ,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "0 1 2" in done.stdout


def test_a_token_for_a_conversation_reads_its_answers(site: Kai, laptop: Kai) -> None:
    """It has no organisation, and grants what the conversation's questions are answered with."""
    made = site.run("token", "--conversation", "monday", **KEYS)
    arguments = ("ask", "3", "--plain", "--conversation", "monday", "--bridge", of(site))
    done = laptop.run(*arguments, KAI_TOKEN=made.stdout.strip())
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("session monday.")
    assert "0 1 2" in done.stdout


async def test_a_token_that_does_not_count_starts_nothing(site: Kai, laptop: Kai) -> None:
    """Without a token, and with one of another key, the sentence says so before anything starts."""
    made = site.run("token", "--org", "acme", KAI_TOKEN_KEYS=OF_ANOTHER)
    for token in ("", made.stdout.strip()):
        arguments = ("ask", "3", "--bridge", of(site), "-s", "refused")
        done = await asyncio.to_thread(laptop.run, *arguments, KAI_TOKEN=token)
        assert done.returncode == 2
        assert f"the bridge at {of(site)} refuses its reader" in done.stderr
        assert "set KAI_TOKEN to a token of this bridge" in done.stderr
        assert "Traceback" not in done.stderr
        assert not token or token not in done.stderr
    assert await statuses(site, "refused") == []


async def test_an_answer_that_nobody_may_read_is_said(site: Kai, laptop: Kai) -> None:
    """A token for other sessions: the session runs, and the sentence says that it goes on."""
    made = site.run("token", "other", **KEYS)
    arguments = ("ask", "3", "--bridge", of(site), "-s", "unread")
    done = await asyncio.to_thread(laptop.run, *arguments, KAI_TOKEN=made.stdout.strip())
    assert done.returncode == 1
    assert "session unread is still running" in done.stderr


class _Website(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def website() -> Iterator[str]:
    """Somebody else's web server."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Website) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_where_no_bridge_is_nothing_starts(laptop: Kai, website: str) -> None:
    """A wrong --bridge, or a Temporal that is not there yet, is one sentence."""
    nobody = f"http://127.0.0.1:{free_port()}"
    for bridge, says in (
        (website, f"what answers at {website} is not a bridge (status 404)"),
        (nobody, f"no bridge answers at {nobody}"),
        ("kai.example.com", "--bridge 'kai.example.com' is refused"),
        ("https://me:secret@kai.example.com", "it may have no user, password"),
    ):
        done = laptop.run("ask", "3", "--bridge", bridge)
        assert (done.returncode, done.stdout) == (2, "")
        assert says in done.stderr
        assert "Traceback" not in done.stderr
    done = laptop.run("ask", "3", "--bridge", website, TEMPORAL_ADDRESS="127.0.0.1:0")
    assert done.returncode == 2
    assert "set it to the address of the server that this stack uses" in done.stderr


def test_a_token_is_not_sent_in_clear(laptop: Kai) -> None:
    """Beyond this machine http is refused with a token or keys, and only warned about without."""
    bridge = "http://nobody.invalid"
    for given in ({}, {"KAI_TOKEN": "", **KEYS}):
        done = laptop.run("ask", "3", "--bridge", bridge, **given)
        assert (done.returncode, done.stdout) == (2, "")
        assert f"{bridge} is not https, and others on the way could read the token" in done.stderr
        assert "no bridge answers" not in done.stderr  # nobody was asked
    done = laptop.run("ask", "3", "--bridge", bridge, KAI_TOKEN="")
    assert done.returncode == 2
    assert f"{bridge} is not https: others on the way can read the answer" in done.stderr
    assert f"no bridge answers at {bridge}" in done.stderr
