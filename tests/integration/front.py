"""A real nginx with the configuration of docs/how-to/deploy, on ports of its own."""

import asyncio
import getpass
import os
import shutil
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from kai_flow.runtime.ports import free_port
from tests.children import bound
from tests.integration.waiting import until
from tests.own_ca import make_certificate

CONFIGURATION: Final = Path(__file__).parents[2] / "docs/how-to/deploy/nginx"
HOST: Final = "kai.example.com"  # its server_name, and the certificate's


def nginx_program() -> str:
    """The machine's nginx; where there is none the test is left out, which CI does not allow."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("there is no nginx on this machine, and with CI=true no test is left out")
        pytest.skip("there is no nginx on this machine")
    return program


@dataclass
class Front:
    """A running nginx."""

    folder: Path
    port: int
    authority: Path
    """The certificate to trust."""
    process: asyncio.subprocess.Process

    @property
    def url(self) -> str:
        """Its address on this machine."""
        return f"https://localhost:{self.port}"

    @property
    def trusting(self) -> ssl.SSLContext:
        """What a client of it verifies with."""
        return ssl.create_default_context(cafile=str(self.authority))

    @property
    def errors(self) -> str:
        """Its error log so far."""
        return (self.folder / "error.log").read_text()

    @property
    def accesses(self) -> str:
        """Its access log so far."""
        return (self.folder / "access.log").read_text()

    async def reload(self) -> None:
        """`nginx -s reload`; returns when the new workers have begun to serve."""
        before = set(self._workers())
        command = [nginx_program(), *self._arguments(), "-s", "reload"]
        reloading = await asyncio.create_subprocess_exec(*command)
        assert await reloading.wait() == 0
        await until(lambda: set(self._workers()) - before)

    def _workers(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def _arguments(self) -> list[str]:
        return ["-p", str(self.folder), "-c", str(self.folder / "nginx.conf"), "-g", self.globals]

    @property
    def globals(self) -> str:
        """What a place passes with `-g`: a test's nginx runs as the test does."""
        return f"pid nginx.pid; user {getpass.getuser()};"


@asynccontextmanager
async def nginx_before(bridges: Sequence[int], folder: Path, shutdown: str) -> AsyncIterator[Front]:
    """An nginx in front of the bridges on these two ports of this machine, while the block runs.

    After a reload, its old workers keep their streams for `shutdown`, such as "1s".
    """
    program = nginx_program()
    shutil.copytree(CONFIGURATION, folder, dirs_exist_ok=True)
    (folder / "www").mkdir()
    authority = make_certificate(folder / "tls", HOST, "localhost", "127.0.0.1")
    port = free_port()
    _fill_in(
        folder / "nginx.conf",
        {"8443": port, "timeout 10s;      # after": f"timeout {shutdown};  # after"},
    )
    _fill_in(folder / "local.conf", {"8101": bridges[0], "8102": bridges[1]})
    front = Front(folder, port, authority, process=None)  # type: ignore[arg-type]  # started next
    with (folder / "error.log").open("w") as log:
        front.process = await asyncio.create_subprocess_exec(
            *bound([program, *front._arguments()[:-1], f"daemon off; {front.globals}"], "TERM"),
            stderr=log,
        )
    try:
        await until(lambda: _answers(port) or front.process.returncode is not None)
        assert front.process.returncode is None, front.errors
        yield front
    finally:
        with suppress(ProcessLookupError):
            front.process.terminate()
        await front.process.wait()


def _fill_in(file: Path, ports: dict[str, Any]) -> None:
    text = file.read_text()
    for documented, ours in ports.items():
        assert text.count(documented) == 1, f"{documented} in {file.name}"
        text = text.replace(documented, str(ours))
    file.write_text(text)


def _answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
