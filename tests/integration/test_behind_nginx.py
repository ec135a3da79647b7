"""Two bridges behind a real nginx, with the configuration of docs/how-to/deploy."""

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from temporalio.client import Client

from kai_flow.runtime.ports import free_port
from kai_flow.stream.follower import follow
from kai_flow.stream.signing_keys import read_keys
from kai_flow.temporal.dev_server import DevServer
from tests.agents import scripted
from tests.integration import programs
from tests.integration.conftest import Ask, worker_on
from tests.integration.curling import curl
from tests.integration.front import HOST, Front, nginx_before
from tests.integration.receivers import receiving
from tests.integration.subscriber import subscribed
from tests.integration.test_signed_callbacks import new_key
from tests.integration.waiting import DEADLINE_SECONDS, until

SHUTDOWN_SECONDS: Final = 4  # how long nginx's old workers keep their streams here
CANARY: Final = "eyJhbGciOiJIUzI1NiJ9.canary.canary"  # a token, of which no log may know


@dataclass
class Site:
    """nginx, two bridges that can be restarted, and the queue of a worker."""

    front: Front
    queue: str
    begin: list[tuple[dict[str, str], Path]]
    running: list[programs.Program] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where workers and readers on this machine reach it."""
        return self.front.url

    async def start(self) -> None:
        """Start both bridges; returns when they serve."""
        self.running = [
            await programs.start(["-m", "kai_flow.web"], environ, errors)
            for environ, errors in self.begin
        ]
        for program in self.running:
            assert await program.ready() == f"https://{HOST}"

    async def kill(self) -> None:
        """`kill -9` both."""
        for program in self.running:
            await program.kill()


@pytest.fixture(scope="module")
async def site(
    client: Client, temporal: DevServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Site]:
    """All of it, with signed callbacks over TLS."""
    folder = tmp_path_factory.mktemp("site")
    key, queue = new_key(), f"site-{secrets.token_hex(4)}"
    ports = [free_port(), free_port()]
    settings = {"KAI_BRIDGE_URL": f"https://{HOST}", "KAI_SIGNING_KEYS": key}
    begin = [
        (
            programs.environment(folder, temporal.address, KAI_BRIDGE_PORT=str(port), **settings),
            folder / f"bridge-{port}.log",
        )
        for port in ports
    ]
    async with AsyncExitStack() as stack:
        front = await stack.enter_async_context(
            nginx_before(ports, folder / "nginx", f"{SHUTDOWN_SECONDS}s")
        )
        site = Site(front, queue, begin)
        stack.push_async_callback(site.kill)
        await site.start()
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("SSL_CERT_FILE", str(front.authority))
            await stack.enter_async_context(worker_on(client, queue, signing_keys=read_keys([key])))
            yield site


def said(number: int) -> dict[str, Any]:
    """An event of the agent."""
    return {"type": "token", "content": f"event {number} "}


def script(*gates: str) -> list[dict[str, Any]]:
    """Steps of an agent that says an event before each of these gates, and one after them."""
    steps: list[dict[str, Any]] = []
    for number, gate in enumerate(gates):
        steps += [{"say": said(number)}, {"gate": gate}]
    return [*steps, {"say": said(len(gates))}]


def begun(site: Site, ask: Ask, session_id: str, *gates: str) -> Any:
    """Starts the test's session behind this nginx."""
    url = f"{site.url}/events/{session_id}"
    return ask(*script(*gates), callback_url=url, task_queue=site.queue)


async def reaches(session_id: str, gate: str) -> None:
    """Wait until the agent waits there."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        await scripted.reached[f"{session_id}/{gate}"].wait()


def opens(session_id: str, *gates: str) -> None:
    """Let the agent go on."""
    for gate in gates:
        scripted.opened[f"{session_id}/{gate}"].set()


def tokens(events: Sequence[Any]) -> list[Any]:
    """Those that the agent has said."""
    return [event for event in events if event["type"] == "token"]


@pytest.mark.parametrize("version", ["2", "1.1"])
async def test_an_event_comes_at_once(site: Site, ask: Ask, session_id: str, version: str) -> None:
    """A reader has the first event while the agent has not said the second: nothing is collected.

    The certificate is verified, and the session's POSTs are signed.
    """
    await begun(site, ask, session_id, "a")
    async with curl(site.front, f"/stream/{session_id}", f"--http{version}") as reader:
        await reader.until("event 0")
        assert not scripted.opened[f"{session_id}/a"].is_set()
        assert reader.lines[0].split()[:2] == [f"HTTP/{version}", "200"]
        opens(session_id, "a")
        await reader.until('"type":"done"')
        assert await reader.to_the_end() == 0
    assert tokens(reader.events) == [said(0), said(1)]


async def test_a_reload_in_mid_stream_loses_nothing(site: Site, ask: Ask, session_id: str) -> None:
    """Old workers go on with their streams for a while; then readers reconnect where they were."""
    await begun(site, ask, session_id, "a", "b")
    path = f"/stream/{session_id}"
    async with (
        curl(site.front, path) as modern,
        subscribed(site.url + path, verify=site.front.trusting) as plain,
    ):
        await modern.until("event 0")
        await plain.saw("token")
        await site.front.reload()
        opens(session_id, "a")
        await modern.until("event 1")  # on the connection that was there before
        await plain.until(lambda: plain.types.count("token") == 2)
        await modern.to_the_end()
        await plain.until(lambda: plain.statuses == [200, 200])
        async with curl(site.front, path, "-H", f"Last-Event-ID: {modern.cursor}") as again:
            opens(session_id, "b")
            await again.until('"type":"done"')
        await plain.saw("done")
    wanted = [said(0), said(1), said(2)]
    assert tokens(modern.events + again.events) == wanted
    assert tokens([seen.event for seen in plain.seen]) == wanted


async def test_both_bridges_restart_and_nothing_is_lost(
    site: Site, ask: Ask, session_id: str
) -> None:
    """While no bridge runs there is a 502; what the agent says meanwhile is shown afterwards."""
    handle = await begun(site, ask, session_id, "a", "b", "c")
    url = f"{site.url}/stream/{session_id}"
    events: list[Any] = []

    async def read() -> None:
        async for followed in follow(site.url, session_id):
            events.append(followed.event)  # noqa: PERF401  (read while it grows)

    reading = asyncio.create_task(read())
    await until(lambda: tokens(events) == [said(0)])
    await site.kill()
    async with httpx.AsyncClient(verify=site.front.trusting, trust_env=False) as http:
        assert (await http.get(url)).status_code == 502
        opens(session_id, "a")
        await reaches(session_id, "b")
        await site.start()
        assert (await http.get(f"{site.url}/stream/nobody?wait=false")).status_code == 404
    opens(session_id, "b", "c")
    await handle.result()
    async with asyncio.timeout(DEADLINE_SECONDS):
        await reading
    assert tokens(events) == [said(0), said(1), said(2), said(3)]


async def test_nobody_logs_a_token(site: Site) -> None:
    """A page has its token in the query: neither log of nginx has it, nor has a bridge's."""
    path = f"/stream/nobody-{secrets.token_hex(4)}"
    async with httpx.AsyncClient(verify=site.front.trusting, trust_env=False) as http:

        async def get(path: str) -> int:
            return (await http.get(f"{site.url}{path}?wait=false&token={CANARY}")).status_code

        assert await get(path) == 404
        await site.kill()
        try:
            assert await get(path) == 502
        finally:
            await site.start()
        assert await get(path) == 404

    def logged() -> list[str]:
        return re.findall(rf'"GET {path} HTTP/1.1" (\d+)', site.front.accesses)

    await until(lambda: logged() == ["404", "502", "404"])
    logs = [site.front.accesses, site.front.errors, *(file.read_text() for _, file in site.begin)]
    assert all("canary" not in log for log in logs)


async def test_a_bridge_is_told_who_the_client_is(tmp_path: Path) -> None:
    """The proxy names the address that has connected, and drops what a client says of itself."""
    async with receiving() as bridge, receiving() as other:
        ports = [int(httpx.URL(one.url).port or 0) for one in (bridge, other)]
        async with nginx_before(ports, tmp_path / "nginx", "1s") as front:
            for claim in (
                "X-Forwarded-For: 192.0.2.7",
                "Forwarded: for=192.0.2.7",
                "X-Forwarded-Proto: http",
            ):
                whence = ["--interface", "127.0.0.2", "-H", claim, "--json", "{}"]
                async with curl(front, "/events/one", *whence) as client:
                    assert await client.to_the_end() == 0
    heads = bridge.heads + other.heads
    assert len(heads) == 3
    for head in heads:
        assert "x-forwarded-for: 127.0.0.2\r\n" in head
        assert "x-forwarded-proto: https\r\n" in head
        assert "host: kai.example.com\r\n" in head
        assert "192.0.2.7" not in head
