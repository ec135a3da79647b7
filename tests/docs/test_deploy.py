"""The page about deployment, followed on one machine: everything that it protects, and 502s."""

import getpass
import json
import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from kai_flow.runtime.ports import free_port
from tests.browser import chromium
from tests.docs.pages import DEPLOY, ENCRYPT, PRODUCTION, ROOT, Block, blocks_of
from tests.docs.reader import Reader, reader
from tests.docs.test_production import MORE, STARTED, wait_until
from tests.integration.front import HOST, nginx_program

KEYS = ("shared.env", "codec.env", "bridge.env", "worker.env")
PORTS = ("8443", "18101", "18102", "18091", "8101", "8102")
STREAMS = 8  # two more than a browser opens to a host with HTTP/1.1
READY = Block("text", {"output": ""}, f"bridge: ready at https://{HOST}\n", 0, "")
SEEDED = """set -a; . ./shared.env; . ./codec.env; . ./worker.env; set +a
export TEMPORAL_TASK_QUEUE=seeded KAI_AGENT=tests.agents.seeded:create KAI_HEALTH_PORT=0
SSL_CERT_FILE=nginx/tls/kai.pem KAI_CALLBACK_ALLOW=loopback:8443 kai worker"""
WATCH = """async ([url, count]) => {
  const { followSession } = await import("/session.js")
  window.streams = Array.from({ length: count }, () => [])
  for (const seen of streams) followSession(url, (event) => seen.push(event))
}"""


@dataclass
class Site:
    """What the page has set up."""

    newcomer: Reader

    @property
    def port(self) -> str:
        """Nginx's."""
        return self.newcomer.ports["8443"]

    def run(self, command: str) -> str:
        """What a command prints in the folder of the page, with the keys of everybody."""
        keys = "set -a; . ./codec.env; . ./bridge.env; set +a\n"
        done = subprocess.run(
            ["bash", "-c", keys + command],
            cwd=self.newcomer.folder,
            env=self.newcomer.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def begin(self) -> str:
        """Start a session whose agent goes on until it is told to stop; its id."""
        session_id = f"deployed-{secrets.token_hex(4)}"
        question = json.dumps({"seed": 1, "tail": 5})
        program = (self.newcomer.folder / "begin.py").read_text()
        seeded = program.replace("kai-agent-queue", "seeded")
        (self.newcomer.folder / "begin_seeded.py").write_text(seeded)
        self.run(f"python begin_seeded.py {session_id} '{question}'")
        return session_id

    def end(self, session_id: str) -> list[Any]:
        """Let the agent end; every event that readers must have had before `ended`."""
        (self.newcomer.folder / f"{session_id}.stop").touch()
        self.run(f"temporal workflow result -w {session_id}")
        written = (self.newcomer.folder / f"{session_id}.log").read_text().split("\n")[:-1]
        return [STARTED, *map(json.loads, written)]

    def start(self, bridge: str) -> None:
        """Type the page's command for this bridge again; returns when it serves."""
        [block] = [
            block
            for block in blocks_of(DEPLOY)
            if block.attributes.get("terminal") == bridge and "interrupt" not in block.attributes
        ]
        self.newcomer.do(block)
        self.newcomer.do(READY)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Everything on the page done, in order, and every output seen."""
    program = nginx_program()
    with reader(tmp_path_factory.mktemp("deploy"), PYTHONPATH=str(ROOT)) as newcomer:
        newcomer.environ["SEEDED_LOG"] = str(newcomer.folder)
        newcomer.ports |= {port: str(free_port()) for port in PORTS}
        copying = "cp -r docs/how-to/deploy/nginx ."
        ours = ";".join(f"s/{theirs}/{port}/" for theirs, port in newcomer.ports.items())
        newcomer.instead |= {
            copying: f"{copying} && sed -i '{ours}' nginx/*.conf",
            "/usr/sbin/nginx": program,
            "daemon off; ": f"daemon off; user {getpass.getuser()}; ",
        }
        newcomer.follow(DEPLOY)
        for name in ("page.html", "session.js"):
            [text] = [b.text for b in blocks_of(PRODUCTION) if b.attributes.get("file") == name]
            (newcomer.folder / "www" / name).write_text(text)
        yield Site(newcomer)


@pytest.mark.browser
def test_a_page_outlives_a_restart_of_both_bridges(site: Site) -> None:
    """Eight streams of one page, by HTTP/2 and with a token: no event is lost over a 502."""
    site.newcomer.do(Block("sh", {"terminal": "seeded", "background": ""}, SEEDED, 0, ""))
    session_id = site.begin()
    cookie = {
        "name": "kai_token",
        "value": site.run(f"kai token {session_id}"),
        "url": f"https://{HOST}",
        "httpOnly": True,
        "secure": True,
        "sameSite": "Strict",
    }
    rules = f"--host-resolver-rules=MAP {HOST}:443 127.0.0.1:{site.port}"
    with chromium(rules) as window:
        context = window.new_context(ignore_https_errors=True)
        context.add_cookies([cookie])  # type: ignore[list-item]  # of the right form
        page = context.new_page()
        page.goto(f"https://{HOST}/page.html?session={session_id}")
        kind = "performance.getEntriesByType('navigation')[0].nextHopProtocol"
        assert page.evaluate(kind) == "h2"
        page.evaluate(WATCH, [f"/stream/{session_id}", STREAMS])
        more = "least => streams.every((seen) => seen.length > least)"
        page.wait_for_function(more, arg=MORE)
        for bridge in ("bridge-1", "bridge-2"):
            site.newcomer.kill(bridge)
        status = f"async () => (await fetch('/stream/{session_id}')).status"
        assert page.evaluate(status) == 502
        before = page.evaluate("Math.max(...streams.map((seen) => seen.length))")
        site.start("bridge-1")
        page.wait_for_function(more, arg=before + MORE)
        expected = site.end(session_id)
        page.wait_for_function("streams.every((seen) => seen.at(-1).type === 'done')")
        for seen in page.evaluate("streams"):
            assert [event for event in seen if event["type"] not in {"ended", "done"}] == expected
        context.close()


def test_only_the_owner_can_read_the_keys(site: Site) -> None:
    """The files of keys, which the page makes, are not for other users of the machine."""
    for name in (*KEYS, "nginx/tls/kai-key.pem"):
        assert (site.newcomer.folder / name).stat().st_mode & 0o077 == 0


def test_everybody_can_read_the_web_page(site: Site) -> None:
    """A umask for the keys does not reach `www`: nginx's workers may run as another user."""
    assert (site.newcomer.folder / "www").stat().st_mode & 0o005 == 0o005


def test_the_check_for_readable_words_can_fail(site: Site) -> None:
    """The page's command finds a session without the codec, and refuses what is no history."""
    [check] = [b.text.strip() for b in blocks_of(DEPLOY) if b.is_command and "look.py" in b.text]
    question = '\'{"prompt": "How many Cooperatives?"}\''
    started = f"--type KaiChatWorkflow --task-queue nobodys --input {question}"
    site.run(f"temporal workflow start --workflow-id plain {started}")
    plain = check.replace("first", "plain")
    found = site.run(f"! {plain}")
    assert found == "1 payloads, 0 encrypted. Readable: cooperatives"
    site.run(f"{{ {check.replace('first', 'nobody')}; }} 2>&1 && exit 1 || true")
    site.run("temporal workflow terminate --workflow-id plain")


def test_both_pages_have_the_same_check() -> None:
    """`look.py`, with which the page about encryption begins."""
    [ours, theirs] = [
        block.text
        for page in (DEPLOY, ENCRYPT)
        for block in blocks_of(page)
        if block.attributes.get("file") == "look.py"
    ]
    assert ours == theirs


def test_the_log_of_a_bridge_has_no_token(site: Site) -> None:
    """Neither a token nor a key is in what the programs of the page have printed."""
    token = site.run("kai token first")
    stream = f"https://localhost:{site.port}/stream/first?token={token}"
    shown = site.run(f"curl -sN --cacert nginx/tls/kai.pem '{stream}'")
    assert "event: done" in shown
    wait_until(lambda: "first" in (site.newcomer.folder / "access.log").read_text())
    keys = [
        line.split("=", 1)[1]
        for name in KEYS
        for line in (site.newcomer.folder / name).read_text().splitlines()
        if "CONVERTER" not in line
    ]
    screens = [file.read_text() for file in site.newcomer.folder.parent.glob("*.screen")]
    logs = [*screens, (site.newcomer.folder / "access.log").read_text()]
    assert len(screens) > 4
    assert not [one for one in [token, *keys] for log in logs if one in log]


def test_a_bridge_knows_its_clients(site: Site) -> None:
    """Its log names the address that has connected to nginx, and not what a client claims."""
    claims = "-H 'X-Forwarded-For: 192.0.2.7' -H 'Authorization: Bearer wrong'"
    where = f"--interface 127.0.0.2 --cacert nginx/tls/kai.pem https://localhost:{site.port}"
    site.run(f"curl -4s {claims} {where}/stream/first")

    def logged() -> str:
        folder = site.newcomer.folder.parent
        return "".join((folder / f"bridge-{n}.screen").read_text() for n in (1, 2))

    wait_until(lambda: "127.0.0.2" in logged())
    assert "192.0.2.7" not in logged()
