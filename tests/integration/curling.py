"""A reader of a stream over HTTP/2, which no Python client here speaks: curl."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.integration.front import HOST, Front
from tests.integration.waiting import DEADLINE_SECONDS


class Curl:
    """One request: the head of the answer and its body, in lines."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []

    async def until(self, holds: str) -> None:
        """Read until a line contains this."""
        assert self.process.stdout is not None
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not any(holds in line for line in self.lines):
                line = await self.process.stdout.readline()
                assert line, f"the stream has ended: {self.lines}"
                self.lines.append(line.decode().rstrip())

    async def to_the_end(self) -> int:
        """Read what is left; returns curl's exit code."""
        assert self.process.stdout is not None
        rest = await self.process.stdout.read()
        self.lines += rest.decode().splitlines()
        return await self.process.wait()

    @property
    def events(self) -> list[Any]:
        """The data of every event so far."""
        return [json.loads(line[6:]) for line in self.lines if line.startswith("data: ")]

    @property
    def cursor(self) -> str:
        """The last id so far."""
        return [line[4:] for line in self.lines if line.startswith("id: ")][-1]


@asynccontextmanager
async def curl(
    front: Front, path: str, *options: str, at: str = "localhost"
) -> AsyncIterator[Curl]:
    """A GET of `https://kai.example.com`, which leads to this nginx, at an address of its own."""
    reach = ["--cacert", str(front.authority), "--connect-to", f"{HOST}:443:{at}:{front.port}"]
    process = await asyncio.create_subprocess_exec(
        *["curl", "-q", "-sNi", "--http2", "--noproxy", "*", *reach, *options],
        f"https://{HOST}{path}",
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield Curl(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
