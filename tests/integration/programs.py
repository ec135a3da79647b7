"""The programs of KAI as processes of their own, which a test can kill."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import psutil

from tests.children import bound
from tests.integration.waiting import DEADLINE_SECONDS

ROOT: Final = Path(__file__).parents[2]

# Imports what a bridge needs once, and then forks one for each line, which names its log. The child
# is a bridge like any other, `python -m api` in a process of its own, booted a second sooner.
NURSERY: Final = """
import os, runpy, signal, sys
import kai_flow.web.server, kai_flow.runtime.program
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
pid = 0
for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(os.open(line.strip(), os.O_WRONLY | os.O_CREAT), 2)
        print(os.getpid(), flush=True)
        runpy.run_module("api", run_name="__main__", alter_sys=True)
try:
    pid and os.kill(pid, signal.SIGKILL)
except ProcessLookupError:
    pass
"""


def environment(home: Path, address: str, **variables: str) -> dict[str, str]:
    """Nothing of the machine's own settings."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("KAI_", "TEMPORAL_"))}
    return clean | {
        "KAI_HOME": str(home),
        "KAI_HEALTH_PORT": "0",
        "KAI_CALLBACK_ALLOW": "loopback:*",  # bridges and receivers have any ports
        "TEMPORAL_ADDRESS": address,
        "PYTHONPATH": str(ROOT),
        **variables,
    }


class Program:
    """One process."""

    def __init__(self, process: asyncio.subprocess.Process, errors: Path) -> None:
        self.process = process
        self.errors = errors  # what it says on standard error

    async def ready(self) -> str:
        """The URL it serves, once it does."""
        assert self.process.stdout is not None
        async with asyncio.timeout(DEADLINE_SECONDS):
            line = (await self.process.stdout.readline()).decode()
        assert ": ready at " in line, line + self.errors.read_text()
        return line.split()[-1]

    async def kill(self) -> None:
        """`kill -9`, as often as one likes; returns when it is dead."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.communicate()


async def start(
    arguments: list[str], environ: dict[str, str], errors: Path, folder: Path = ROOT
) -> Program:
    """A Python program beside us."""
    with errors.open("w") as log:
        process = await asyncio.create_subprocess_exec(
            *bound([sys.executable, *arguments]),
            cwd=folder,
            env=environ,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
        )
    return Program(process, errors)


@asynccontextmanager
async def running(
    arguments: list[str], environ: dict[str, str], errors: Path
) -> AsyncIterator[Program]:
    """A Python program that is killed at the end of the block, if it still runs."""
    program = await start(arguments, environ, errors)
    try:
        yield program
    finally:
        await program.kill()


class Bridges:
    """One bridge after another on one port: each that is killed is followed by a new one."""

    def __init__(self, nursery: Program, folder: Path, url: str) -> None:
        self.url = url
        self._nursery = nursery.process
        self._folder = folder
        self._boots = 0
        self._bridge: psutil.Process

    @property
    def log(self) -> str:
        """What the current one has logged."""
        return (self._folder / f"bridge-{self._boots}.log").read_text()

    async def boot(self) -> None:
        """Start the next one; returns when it serves."""
        self._boots += 1
        assert self._nursery.stdin is not None
        assert self._nursery.stdout is not None
        self._nursery.stdin.write(f"{self._folder}/bridge-{self._boots}.log\n".encode())
        async with asyncio.timeout(DEADLINE_SECONDS):
            self._bridge = psutil.Process(int(await self._nursery.stdout.readline()))
            assert b": ready at " in await self._nursery.stdout.readline(), self.log

    def freeze(self) -> None:
        """Hold it where it is."""
        self._bridge.suspend()

    def thaw(self) -> None:
        """Let it go on."""
        self._bridge.resume()

    async def kill(self) -> None:
        """`kill -9`; returns when it is dead."""
        with contextlib.suppress(psutil.NoSuchProcess):
            self._bridge.kill()
        while self._bridge.is_running():  # noqa: ASYNC110  (its parent is the nursery)
            await asyncio.sleep(0.005)
