"""The page about production, followed on one machine: real nginx, two bridges, a worker."""

import getpass
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from kai_flow.runtime.ports import free_port
from tests.docs.pages import PRODUCTION, ROOT, Block, blocks_of
from tests.docs.reader import SCRIPTS, Reader, reader
from tests.integration import subscriber
from tests.integration.subscriber import Seen, seen_in
from tests.integration.waiting import DEADLINE_SECONDS

STARTING_NGINX = "sudo nginx -t && sudo systemctl restart nginx"
BRIDGES = ("bridge-1", "bridge-2")
READY = Block("text", {"output": ""}, "bridge: ready at https://kai.example.com\n", 0, "")
WATCH = """async (url) => {
  window.plain = new EventSource(url + "?event=message")
  plain.seen = []
  plain.onmessage = ({ data }) => plain.seen.push(JSON.parse(data))
  const { followSession } = await import("/session.js")
  window.script = { seen: [] }
  followSession(url, (event) => script.seen.push(event))
}"""
STARTED = {
    "type": "started", "producer": 1, "attempt": 1,
    "activity": "chat_streaming", "activity_id": "1", "beside": [],
}  # fmt: skip
ENDED = {"type": "ended", "producer": 1, "status": "completed"}
MORE = 10  # events, so that a reader has certainly gone on


@dataclass
class Site:
    """What the page has set up."""

    newcomer: Reader
    url: str

    def ask(self) -> str:
        """Start a session whose agent goes on until it is told to stop; its id."""
        session_id = f"production-{secrets.token_hex(4)}"
        question = {
            "prompt": json.dumps({"seed": 1, "tail": 5}),
            "connection_id": "none",
            "callback_url": f"{self.url}/events/{session_id}",
        }
        start = ["workflow", "start", "--type", "KaiChatWorkflow", "-w", session_id]
        self._temporal(*start, "-t", "kai-agent-queue", "-i", json.dumps(question))
        return session_id

    def end(self, session_id: str) -> list[Any]:
        """Let the agent end; every event that readers must have before `done`."""
        (self.newcomer.folder / f"{session_id}.stop").touch()
        self._temporal("workflow", "result", "-w", session_id)
        written = (self.newcomer.folder / f"{session_id}.log").read_text().split("\n")[:-1]
        return [STARTED, *map(json.loads, written), ENDED]

    def _temporal(self, *arguments: str) -> str:
        done = subprocess.run(
            [f"{SCRIPTS}/temporal", *arguments],
            env=self.newcomer.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def serving_bridge(self) -> str:
        """The bridge to which nginx has the most connections: it has the POSTs and the streams."""
        return max(BRIDGES, key=self.newcomer.connections)

    def start_again(self, bridge: str) -> None:
        """Type the command of the page again; returns when the bridge serves."""
        [block] = [b for b in blocks_of(PRODUCTION) if b.attributes.get("terminal") == bridge]
        self.newcomer.do(block)
        self.newcomer.do(READY)


def wait_until(holds: Callable[[], object]) -> None:
    """Wait until `holds()`."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "not so in time"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Everything on the page done, in order, and every output seen."""
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if nginx is None:
        if os.environ.get("CI") == "true":
            pytest.fail("there is no nginx on this machine, and with CI=true no test is left out")
        pytest.skip("there is no nginx on this machine")
    folder = tmp_path_factory.mktemp("production")
    agent = {"KAI_AGENT": "tests.agents.seeded:create", "PYTHONPATH": str(ROOT)}
    with reader(folder, **agent) as newcomer:
        newcomer.environ["SEEDED_LOG"] = str(newcomer.folder)
        newcomer.ports |= {port: str(free_port()) for port in ("8080", "8101", "8102")}
        newcomer.instead[STARTING_NGINX] = (
            f"sed -i 's#/srv/www#{newcomer.folder}#; s/^http {{/& access_log off;/' nginx.conf\n"
            f"{nginx} -p . -e stderr -c $PWD/nginx.conf -g"
            f" 'daemon off; pid nginx.pid; user {getpass.getuser()};' &\n"
            "until [ -s nginx.pid ]; do sleep 0.05; done"
        )
        newcomer.follow(PRODUCTION)
        yield Site(newcomer, newcomer.ours("http://localhost:8080"))


def test_a_killed_bridge_is_not_noticed(site: Site) -> None:
    """When one of two bridges dies, a reader that obeys any status but 200 misses no event."""
    session_id = site.ask()
    file = site.newcomer.folder / f"{session_id}.seen"
    stream = f"{site.url}/stream/{session_id}"
    program = [sys.executable, str(Path(subscriber.__file__)), stream, str(file)]
    with subprocess.Popen(program, cwd=ROOT, env=site.newcomer.environ) as reading:

        def seen() -> list[Seen]:
            return [one for _, one in seen_in(file)] if file.exists() else []

        wait_until(lambda: len(seen()) > MORE)
        site.newcomer.kill(site.serving_bridge())
        before = len(seen())
        wait_until(lambda: len(seen()) > before + MORE)
        expected = site.end(session_id)
        assert reading.wait(DEADLINE_SECONDS) == 0
    *events, done = (one.event for one in seen())
    assert events == expected
    assert (done["type"], done["result"]["status"]) == ("done", "completed")


@pytest.mark.browser
def test_the_page_outlives_a_502(site: Site, browser: Callable[[str], Any]) -> None:
    """With no bridge, `EventSource` stops for good; the page's script goes on where it was."""
    session_id = site.ask()
    page = browser(f"{site.url}/page.html?session={session_id}")
    page.evaluate(WATCH, f"/stream/{session_id}")
    shown = "plain.seen.length > {0} && script.seen.length > {0}"
    page.wait_for_function(shown.format(MORE))
    for bridge in BRIDGES:
        site.newcomer.kill(bridge)
    page.wait_for_function("plain.readyState === EventSource.CLOSED")
    assert httpx.get(f"{site.url}/stream/{session_id}", trust_env=False).status_code == 502
    site.start_again(BRIDGES[0])
    page.wait_for_function(f"script.seen.length > {page.evaluate('script.seen.length') + MORE}")
    expected = site.end(session_id)
    page.wait_for_function("script.seen.at(-1).type === 'done'")
    assert page.evaluate("script.seen")[:-1] == expected
    assert page.evaluate("plain.seen.length") < len(expected)
    page.wait_for_function("document.body.innerText.includes('(done)')")
    assert page.locator("#answer").inner_text().count("(done)") == 1


def fulfil(route: Any, **answer: str) -> None:
    """Answer a request of a page."""
    route.fulfill(**answer)


@pytest.mark.browser
def test_the_script_shows_the_run_that_replaced_a_finished_one(
    browser: Callable[[str], Any],
) -> None:
    """With the cursor of a finished session, a reset and the events after it are shown."""
    frames = [
        "retry: 1000\nid: end@4f3a9c1e\n",
        'data: {"type":"reset","reason":"new_run"}\n',
        'id: 1.1.1@0badc0de\ndata: {"type":"started","producer":1,"attempt":1}\n',
        'id: end@0badc0de\ndata: {"type":"done"}\n',
    ]
    stream = "\n".join([*frames, ""])
    [script] = [b.text for b in blocks_of(PRODUCTION) if b.attributes.get("file") == "session.js"]
    page = browser("about:blank")
    for path, body, kind in (
        ("empty.html", "", "text/html"),
        ("session.js", script, "text/javascript"),
        ("stream/s?*", stream, "text/event-stream"),
    ):
        page.route(f"**/{path}", partial(fulfil, body=body, content_type=kind))
    page.goto("http://localhost/empty.html")
    page.evaluate(
        """async () => {
          const { followSession } = await import("/session.js")
          window.seen = []
          followSession("/stream/s", (event) => seen.push(event.type), "end@4f3a9c1e")
        }"""
    )
    page.wait_for_function("seen.at(-1) === 'done'")
    assert page.evaluate("seen") == ["reset", "started", "done"]


@pytest.mark.browser
def test_the_page_discards_by_producer(browser: Callable[[str], Any]) -> None:
    """An attempt replaces earlier ones, `superseded` takes back the rest: of one producer only."""
    said = [
        ({"type": "started", "producer": 1, "attempt": 1}, "1.1.1@4f3a9c1e"),
        ({"type": "token", "content": "plan "}, "1.1.2@4f3a9c1e"),
        ({"type": "started", "producer": 2, "attempt": 1}, "2.1.1,1.1.2@4f3a9c1e"),
        ({"type": "token", "content": "broken"}, "2.1.2,1.1.2@4f3a9c1e"),
        ({"type": "started", "producer": 2, "attempt": 2}, "2.2.1,1.1.2@4f3a9c1e"),
        ({"type": "token", "content": "answer "}, "2.2.2,1.1.2@4f3a9c1e"),
        ({"type": "token", "content": "first "}, "1.1.3,2.2.2@4f3a9c1e"),
        ({"type": "token", "content": "cancelled "}, "1.1.10,2.2.2@4f3a9c1e"),
        ({"type": "superseded", "producer": 1, "after": "1.1.3"}, "1.1.10,2.2.2@4f3a9c1e"),
        ({"type": "ended", "producer": 1, "status": "cancelled"}, "1.1.10,2.2.2@4f3a9c1e"),
        ({"type": "done"}, "end@4f3a9c1e"),
    ]
    [shown] = [b.text for b in blocks_of(PRODUCTION) if b.attributes.get("file") == "page.html"]
    script = "for (const one of SAID) show(...one)".replace("SAID", json.dumps(said))
    script = f"export function followSession(url, show) {{ {script} }}"
    page = browser("about:blank")
    page.route("**/page.html*", lambda route: route.fulfill(body=shown, content_type="text/html"))
    page.route(
        "**/session.js", lambda route: route.fulfill(body=script, content_type="text/javascript")
    )
    page.goto("http://localhost/page.html?session=two")
    page.wait_for_function("document.body.innerText.includes('(done)')")
    assert page.inner_text("#answer").split() == ["plan", "first", "answer", "(done)"]
    assert page.locator("#producer-1").get_attribute("data-status") == "cancelled"


def test_the_log_lines_are_those_of_the_programs() -> None:
    """Every phrase that the page tells to look for in a log is one of a message in the code."""
    rows = re.findall(
        r"^\| (?:a bridge|a worker) \| (.*?) \|", PRODUCTION.read_text(), re.MULTILINE
    )
    phrases = [phrase for row in rows for phrase in re.findall(r"`(.+?)`", row)]
    code = "".join(path.read_text() for path in (ROOT / "kai_flow").rglob("*.py"))
    assert len(phrases) > len(rows) > 5
    assert [phrase for phrase in phrases if phrase not in code] == []
