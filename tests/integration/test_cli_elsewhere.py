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
from tests.own_ca import Authority

KEYS = {"KAI_TOKEN_KEYS": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}
CODEC = {
    "KAI_DATA_CONVERTER": "kai_flow.temporal.codec:encrypted",
    "KAI_CODEC_KEYS": KEYS["KAI_TOKEN_KEYS"],
}
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
        assert f"the bridge at {of(site)} refused the request" in done.stderr
        assert "set KAI_TOKEN to a token of this bridge" in done.stderr
        assert "or KAI_TOKEN_KEYS to its keys" in done.stderr or token
        assert "Traceback" not in done.stderr
        assert not token or token not in done.stderr
    assert await statuses(site, "refused") == []


async def test_an_answer_that_nobody_may_read_is_not_asked_for(site: Kai, laptop: Kai) -> None:
    """With a token for other sessions, or without `read`, or of another queue, nothing starts."""
    asked = ("ask", "3", "--bridge", of(site), "-s", "unread")
    for grants, queue, says in (
        (("other",), "acme", "does not grant reading the session unread"),
        (("unread", "--rights", "publish"), "acme", "does not grant reading the session unread"),
        (("--org", "other"), "acme", "on kai-acme-queue, so nothing was asked: set ORG_ID=other"),
    ):
        made = await asyncio.to_thread(site.run, "token", *grants, **KEYS)
        token = made.stdout.strip()
        done = await asyncio.to_thread(laptop.run, *asked, KAI_TOKEN=token, ORG_ID=queue)
        assert (done.returncode, done.stdout) == (2, "")
        assert says in done.stderr
        assert token not in done.stderr
    assert await statuses(site, "unread") == []


def test_the_token_that_the_refusal_names_gets_the_answer(site: Kai, laptop: Kai) -> None:
    """Without a session id, `kai token --prefix kai-` makes one that reads every question."""
    made = site.run("token", "other", **KEYS).stdout.strip()
    asked = ("ask", "3", "--plain", "--bridge", of(site))
    done = laptop.run(*asked, KAI_TOKEN=made)
    assert done.returncode == 2
    assert "`kai token --prefix kai-`" in done.stderr
    made = site.run("token", "--prefix", "kai-", **KEYS).stdout.strip()
    done = laptop.run(*asked, KAI_TOKEN=made)
    assert done.returncode == 0, done.stderr
    assert "0 1 2" in done.stdout


def test_the_key_that_was_used_is_named(site: Kai, laptop: Kai) -> None:
    """With wrong keys beside a good token, the keys count, and the sentence names them."""
    done = laptop.run("ask", "3", "--bridge", of(site), KAI_TOKEN_KEYS=OF_ANOTHER)
    assert done.returncode == 2
    assert "with KAI_TOKEN_KEYS, which count before KAI_TOKEN" in done.stderr
    assert "the log of the bridge says why" in done.stderr


def test_the_site_itself_asks_for_its_own_tokens(site: Kai) -> None:
    """`kai ask` in the home of a `kai up` with tokens says which settings it lacks."""
    done = site.run("ask", "3", "-s", "local")
    assert (done.returncode, done.stdout) == (2, "")
    assert "set KAI_TOKEN to a token of this bridge, or KAI_TOKEN_KEYS to its keys" in done.stderr
    done = site.run("ask", "3", "--plain", "-s", "local", **KEYS)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kai]:
    """Temporal, a bridge and a worker that encrypt."""
    kai = kai_in(tmp_path_factory.mktemp("secret") / "home")
    kai.environ |= {"KAI_AGENT": "counting:create"} | CODEC
    with kai.up(TEMPORAL_ADDRESS=f"localhost:{free_port()}"):
        yield kai


async def test_nothing_is_asked_in_another_encoding(
    site: Kai, secret: Kai, laptop: Kai, tmp_path: Path
) -> None:
    """Without the codec of the bridge, with another key, or with one that it lacks."""
    elsewhere = kai_in(tmp_path / "elsewhere")
    elsewhere.environ["TEMPORAL_ADDRESS"] = secret.state()["temporal"]
    other_key = CODEC | {"KAI_CODEC_KEYS": f"{OF_ANOTHER},{CODEC['KAI_CODEC_KEYS']}"}
    for who, bridge, codec, says in (
        (elsewhere, of(secret), {}, "this command would store the question unencrypted"),
        (elsewhere, of(secret), other_key, "lacks the key"),
        (laptop, of(site), CODEC, "has no payload codec"),
    ):
        asked = ("ask", "3", "--bridge", bridge, "-s", "clear")
        done = await asyncio.to_thread(who.run, *asked, **codec)
        assert (done.returncode, done.stdout) == (2, "")
        assert f"nothing was asked: the bridge at {bridge} " in done.stderr
        assert says in done.stderr
    done = await asyncio.to_thread(secret.run, "ask", "3", "-s", "clear", **other_key)
    assert done.returncode == 2
    assert "lacks the key" in done.stderr
    assert await statuses(site, "clear") == await statuses(secret, "clear") == []


def test_an_encrypted_answer_comes_with_the_codec(secret: Kai, tmp_path: Path) -> None:
    """With one of the bridge's keys, whichever of its own encrypts there."""
    elsewhere = kai_in(tmp_path / "elsewhere")
    elsewhere.environ |= {"TEMPORAL_ADDRESS": secret.state()["temporal"]} | CODEC
    done = elsewhere.run("ask", "3", "--plain", "--bridge", of(secret))
    assert done.returncode == 0, done.stderr
    assert "0 1 2" in done.stdout


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


class _Foreign(http.server.BaseHTTPRequestHandler):
    """Somebody else's API, whose errors look like ours."""

    def do_GET(self) -> None:
        self.send_response(404)
        self.send_header("Content-Type", "application/problem+json")
        self.end_headers()
        self.wfile.write(b'{"status": 404, "detail": "Not Found"}')

    def log_message(self, *_: object) -> None:
        """Nothing."""


def test_what_looks_like_a_bridge_is_none(site: Kai, laptop: Kai) -> None:
    """A worker's health port, a URL that goes on behind that of a bridge, and another API."""
    health = str(site.state()["health"])
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Foreign) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        api = f"http://127.0.0.1:{server.server_port}"
        for url, remedy in (
            (health, "check --bridge"),
            (api, "check --bridge"),
            (f"{of(site)}/stream", f"did you mean {of(site)}?"),
        ):
            done = laptop.run("ask", "3", "--bridge", url)
            assert (done.returncode, done.stdout) == (2, "")
            assert f"what answers at {url} is not a bridge (status 404): {remedy}" in done.stderr
        server.shutdown()


def test_tls_to_a_bridge_without_tls_is_said(site: Kai, laptop: Kai) -> None:
    """The sentence names the URL with http."""
    bridge = of(site).replace("http:", "https:")
    done = laptop.run("ask", "3", "--bridge", bridge)
    assert done.returncode == 2
    assert f"what answers at {bridge} speaks http, without TLS: write {of(site)}" in done.stderr


def test_a_certificate_that_is_not_trusted_is_said(laptop: Kai, tmp_path: Path) -> None:
    """The sentence names the setting that trusts it."""
    context = Authority(tmp_path / "unknown").certify("kai", "127.0.0.1").serving()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Website) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"https://127.0.0.1:{server.server_port}"
        done = laptop.run("ask", "3", "--bridge", url)
        server.shutdown()
    assert done.returncode == 2
    assert f"the certificate of {url} is not trusted" in done.stderr
    assert "set SSL_CERT_FILE" in done.stderr


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
