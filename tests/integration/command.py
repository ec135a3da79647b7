"""The command `kai`, run as a user runs it: its own processes, a home of its own, any free port."""

import contextlib
import dataclasses
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.children import bound

# Streams for as long as its prompt says, so that a test can interrupt it in the middle.
AGENT = """
import asyncio

class Counter:
    async def execute(self, task):
        return {"final_answer": "x"}

    async def stream_execute(self, task):
        for number in range(int(task.prompt)):
            yield {"type": "token", "content": f"{number} "}
            await asyncio.sleep(0.05)

def create():
    return Counter()
"""


@dataclasses.dataclass
class Kai:
    """The command in one home."""

    home: Path
    environ: dict[str, str]

    def start(self, *arguments: str, **environ: str) -> "subprocess.Popen[str]":
        """Run it beside us."""
        return subprocess.Popen(
            bound([sys.executable, "-m", "kai_flow.cli", *arguments]),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environ | environ,
        )

    def run(self, *arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
        """Run it to its end."""
        process = self.start(*arguments, **environ)
        output, errors = process.communicate(timeout=100)
        return subprocess.CompletedProcess(arguments, process.returncode, output, errors)

    def state(self) -> dict[str, Any]:
        """What the running `kai up` says about itself."""
        state: dict[str, Any] = json.loads((self.home / "up.json").read_text())
        return state

    @contextlib.contextmanager
    def asking(self, *arguments: str, **environ: str) -> "Iterator[subprocess.Popen[str]]":
        """`kai ask` beside us; killed at the end if it still runs."""
        process = self.start("ask", *arguments, **environ)
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            for pipe in (process.stdout, process.stderr):
                if pipe is not None:
                    pipe.close()

    @contextlib.contextmanager
    def up(self, *arguments: str, **environ: str) -> "Iterator[subprocess.Popen[str]]":
        """`kai up`, once it is up; killed at the end if it still runs."""
        process = self.start("up", *arguments, **environ)
        try:
            deadline = time.monotonic() + 60
            while not (self.home / "up.json").exists():
                assert process.poll() is None, process.communicate()
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield process
        finally:
            process.kill()
            process.communicate()


def kai_in(home: Path) -> Kai:
    """The command with a home and nothing of the machine's own settings."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("KAI_", "TEMPORAL_"))}
    agents = home.parent / "agents"
    agents.mkdir(exist_ok=True)
    (agents / "counting.py").write_text(AGENT)
    environ |= {
        "KAI_HOME": str(home),
        "KAI_BRIDGE_PORT": "0",
        "KAI_HEALTH_PORT": "0",
        "TEMPORAL_ADDRESS": "127.0.0.1:0",
        "PYTHONPATH": os.pathsep.join([str(Path.cwd()), str(agents)]),
    }
    return Kai(home, environ)
