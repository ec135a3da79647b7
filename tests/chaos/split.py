"""Two ways to keep programs apart on one machine, so that each reaches only what it may reach.

    W  worker       reaches the Temporal server, and the bridge at its public address
    B  bridge       reaches the Temporal server; listens on its own loopback, behind a forwarder
    R  subscribers  reach the bridge at its public address
    T  server       reaches nobody

`namespaces()`: each is a network namespace of its own, joined by veth pairs as said, and nothing
is routed further. Needs root and iproute2. `proxies()`: all share one loopback, each knows no
address but those of its own proxies, and what it would need to go further refuses.
"""

import asyncio
import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kai_flow.runtime.ports import free_port
from kai_flow.temporal.dev_server import dev_server, find_binary
from tests.chaos import proxy as proxy_program
from tests.chaos.proxy import proxied
from tests.children import bound
from tests.integration.programs import ROOT, Program

PORT: Final = 7233
BRIDGE_PORT: Final = 8092
CABLES: Final = (("T", "W"), ("T", "B"), ("B", "W"), ("B", "R"))

# prints, for each `host:port`, "open" or why not
PROBE: Final = """
import json, socket, sys
def probe(target):
    host, port = target.split(":")
    try:
        with socket.create_connection((host, int(port)), 2):
            return "open"
    except OSError as wrong:
        return str(wrong)
print(json.dumps({target: probe(target) for target in sys.argv[1:]}))
"""


@dataclass
class Split:
    """Who reaches what, as `host:port`."""

    prefix: dict[str, list[str]]
    """How a command is run as W, B or R."""
    temporal: dict[str, str]
    """Where T is: for W, for B, and for the test itself."""
    public: dict[str, str]
    """Where the bridge is: for W and for R."""
    bridge_port: int
    """Where the bridge is to listen, on its own loopback."""
    forbidden: dict[str, list[str]]
    """What W and R must not reach; something listens at each."""

    async def run(
        self, who: str, command: Sequence[str], environ: dict[str, str], errors: Path
    ) -> Program:
        """A program in its place."""
        return await _spawn([*self.prefix[who], sys.executable, *command], environ, errors)

    async def probe(self, who: str, targets: Sequence[str]) -> dict[str, str]:
        """What each attempt to connect gave: "open", or why it failed."""
        process = await asyncio.create_subprocess_exec(
            *[*self.prefix[who], sys.executable, "-I", "-S", "-c", PROBE, *targets],
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await process.communicate()
        answers: dict[str, str] = json.loads(said)
        return answers


async def _spawn(command: Sequence[str], environ: dict[str, str], errors: Path) -> Program:
    with errors.open("w") as log:
        process = await asyncio.create_subprocess_exec(
            *bound(command),
            cwd=ROOT,
            env=environ,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
        )
    return Program(process, errors)


# --- network namespaces


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def namespaces_work() -> bool:
    """Whether this machine lets us have them."""
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("ip") is None:
        return False
    name = f"kai-{secrets.token_hex(3)}"
    try:
        _ip("netns", "add", name)
        try:
            _ip("-n", name, "link", "add", "name", "one", "type", "veth", "peer", "name", "two")
        finally:
            _ip("netns", "delete", name)
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


@asynccontextmanager
async def namespaces(folder: Path) -> AsyncIterator[Split]:
    """Four of them, a server in T and a forwarder in B; the test reaches T alone."""
    tag = secrets.token_hex(2)
    name = {who: f"kai-{who}-{tag}" for who in "TWBR"}
    net = f"10.{200 + secrets.randbelow(50)}"
    public = f"{net}.9.1"
    inside = {who: ["ip", "netns", "exec", name[who]] for who in "TWBR"}
    async with AsyncExitStack() as stack:
        for who in "TWBR":
            _ip("netns", "add", name[who])
            stack.callback(_ip, "netns", "delete", name[who])
            _ip("-n", name[who], "link", "set", "lo", "up")
        _veth(name["T"], None, f"{net}.0", "out", f"kai-{tag}")
        stack.callback(_unplug, f"kai-{tag}")
        for third, (one, other) in enumerate(CABLES, 1):
            _veth(name[one], name[other], f"{net}.{third}", f"to-{other}", f"to-{one}")
        _ip("-n", name["B"], "address", "add", f"{public}/32", "dev", "lo")
        _ip("-n", name["W"], "route", "add", f"{public}/32", "via", f"{net}.3.1")
        _ip("-n", name["R"], "route", "add", f"{public}/32", "via", f"{net}.4.1")
        server = await _spawn(
            [
                *(*inside["T"], find_binary(), "server", "start-dev", "--headless"),
                *("--ip", "0.0.0.0", "--port", str(PORT), "--log-level", "error"),
            ],
            dict(os.environ),
            folder / "temporal.log",
        )
        stack.push_async_callback(server.kill)
        forwarders = (
            ("B", public, BRIDGE_PORT, "127.0.0.1", BRIDGE_PORT),
            ("R", f"{net}.4.2", 9, "127.0.0.1", 9),  # something that W could reach, if it could
            ("W", f"{net}.1.2", 9, "127.0.0.1", 9),  # the same for R
        )
        for who, *where in forwarders:
            command = [*inside[who], sys.executable, proxy_program.__file__, *map(str, where)]
            forwarder = await _spawn(command, dict(os.environ), folder / f"forwarder-{who}.log")
            stack.push_async_callback(forwarder.kill)
            await forwarder.ready()
        outside = await stack.enter_async_context(_listener(f"{net}.0.2"))
        yield Split(
            prefix=inside,
            temporal={"W": f"{net}.1.1:{PORT}", "B": f"{net}.2.1:{PORT}", "": f"{net}.0.1:{PORT}"},
            public={"W": f"{public}:{BRIDGE_PORT}", "R": f"{public}:{BRIDGE_PORT}"},
            bridge_port=BRIDGE_PORT,
            forbidden={
                "W": [f"{net}.4.2:9", outside, f"127.0.0.1:{BRIDGE_PORT}", f"{net}.2.1:{PORT}"],
                "R": [
                    *(f"{net}.{third}.1:{PORT}" for third in (0, 1, 2)),
                    *(f"{net}.1.2:9", outside, f"127.0.0.1:{BRIDGE_PORT}"),
                ],
            },
        )


def _veth(first: str, second: str | None, net: str, near: str, far: str) -> None:
    """A cable from one namespace to another (None: the machine's own): net.1 to net.2."""
    there = [] if second is None else ["-n", second]
    _ip(*there, "link", "add", "name", far, "type", "veth", "peer", "name", near, "netns", first)
    for at, device, host in ((["-n", first], near, 1), (there, far, 2)):
        _ip(*at, "address", "add", f"{net}.{host}/30", "dev", device)
        _ip(*at, "link", "set", device, "up")


def _unplug(device: str) -> None:
    """Its other end goes with it; it may have gone with that one already."""
    subprocess.run(["ip", "link", "delete", device], check=False, capture_output=True)


@asynccontextmanager
async def _listener(host: str) -> AsyncIterator[str]:
    """Something that listens there."""

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, host, 0)
    async with server:
        yield f"{host}:{server.sockets[0].getsockname()[1]}"


# --- one loopback


@asynccontextmanager
async def proxies(folder: Path) -> AsyncIterator[Split]:
    """Everything on one loopback; the routes that must not be are proxies that refuse."""
    port = free_port()
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(dev_server(stop_seconds=0))
        way = {}
        for name, target in (
            ("W to T", server.address),
            ("B to T", server.address),
            ("R to T", server.address),
            ("W to B", f"127.0.0.1:{port}"),
            ("R to B", f"127.0.0.1:{port}"),
            ("W to R", "127.0.0.1:9"),
            ("R to W", "127.0.0.1:9"),
        ):
            way[name] = await stack.enter_async_context(proxied(target))
        for name in ("R to T", "W to R", "R to W"):
            await way[name].refuse()
        yield Split(
            prefix={who: [] for who in "WBR"},
            temporal={"W": way["W to T"].target, "B": way["B to T"].target, "": server.address},
            public={"W": way["W to B"].target, "R": way["R to B"].target},
            bridge_port=port,
            forbidden={
                "W": [way["W to R"].target],
                "R": [way["R to T"].target, way["R to W"].target],
            },
        )
