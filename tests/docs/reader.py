"""A reader who does what a page says: types the commands, saves the files, looks at the outputs."""

import contextlib
import os
import re
import signal
import subprocess
import sysconfig
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psutil
import pytest

from kai_flow.runtime.ports import PortInUse, free_port, require_free
from tests.docs.pages import ROOT, Block, blocks_of, levelled, pattern_of

COMMAND_SECONDS: Final = 60.0  # on a busy machine; no more than a wrong page costs
OUTPUT_SECONDS: Final = 60.0
SCRIPTS: Final = sysconfig.get_path("scripts")  # `bin` of the active environment


class Terminal:
    """A shell that keeps its variables and its background jobs, as a terminal's does."""

    def __init__(self, name: str, folder: Path, environ: dict[str, str]) -> None:
        self.name = name
        self._screen = folder.parent / f"{name}.screen"
        self._status = folder.parent / f"{name}.status"
        self._mark = 0  # where the output of the last block begins
        self._typed = False  # anything yet
        with self._screen.open("wb") as screen:
            self.shell = subprocess.Popen(
                ["bash", "--noprofile", "--norc"],
                cwd=folder,
                env=environ,
                stdin=subprocess.PIPE,
                stdout=screen,
                stderr=subprocess.STDOUT,
                text=True,
            )
        assert self.shell.stdin is not None
        self.shell.stdin.write("trap 'failed=$?' ERR\n")

    def type(self, commands: str) -> None:
        """Type the commands."""
        self._mark = self._screen.stat().st_size
        self._typed = True
        self._status.unlink(missing_ok=True)
        assert self.shell.stdin is not None
        # the block's exit code is that of the last command in it that failed
        lines = ["failed=0; {", commands.rstrip(), "} </dev/null", f"echo $failed >{self._status}"]
        self.shell.stdin.write("\n".join(lines) + "\n")
        self.shell.stdin.flush()

    def exit_code(self, seconds: float) -> int:
        """Wait for the end of what was typed last."""
        deadline = time.monotonic() + seconds
        while not (self._status.exists() and self._status.read_text().endswith("\n")):
            assert time.monotonic() < deadline, f"{self.name} still runs:\n{self.output()}"
            assert self.shell.poll() is None, f"{self.name} was closed:\n{self.output()}"
            time.sleep(0.02)
        return int(self._status.read_text())

    def output(self) -> str:
        """What was printed since the last block was typed."""
        return self._screen.read_bytes()[self._mark :].decode(errors="replace")

    @property
    def busy(self) -> bool:
        """Whether something runs in the foreground."""
        return self._typed and not self._status.exists()

    def interrupt(self) -> None:
        """Ctrl-C."""
        for child in psutil.Process(self.shell.pid).children():
            child.send_signal(signal.SIGINT)
        self.exit_code(COMMAND_SECONDS)

    def close(self) -> None:
        """End everything that was started here; nothing of it is of use any more."""
        everything = psutil.Process(self.shell.pid).children(recursive=True)
        self.shell.kill()
        for process in everything:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.shell.communicate()


@dataclass
class Reader:
    """Reads pages in a folder like a fresh clone, on ports of their own."""

    folder: Path
    environ: dict[str, str]
    ports: dict[str, str]  # the documented port → ours, in commands and in outputs
    instead: dict[str, str] = field(default_factory=dict)  # commands that are typed differently
    browse: Callable[[str], Any] | None = None  # url → the page of a browser that looks at it
    _terminals: dict[str, Terminal] = field(default_factory=dict)
    _last: str = "you"
    _page: Any = None

    def follow(self, page: Path, *, only: str | None = None, without: str | None = None) -> None:
        """Do what the page says, in order: all of it, or one section, or all but one."""
        for block in blocks_of(page):
            if block.section == without or (only is not None and block.section != only):
                continue
            where = f"{page.name}:{block.line}"
            try:
                self.do(block)
            except AssertionError as wrong:
                pytest.fail(f"{where}: {wrong}\n\n{block.text}\n{self._screens()}", pytrace=False)

    def do(self, block: Block) -> None:
        """Do what one block says."""
        if block.is_file:
            (self.folder / block.attributes["file"]).write_text(self.ours(block.text))
        elif block.is_command:
            self._type(block)
        elif block.is_output:
            self._expect(block)

    def ours(self, text: str) -> str:
        """The text with our ports in it."""
        documented = re.compile("|".join(self.ports))  # at once: a port of ours may contain another
        return documented.sub(lambda found: self.ports[found[0]], text)

    def _type(self, block: Block) -> None:
        name = self._last = block.attributes.get("terminal", "you")
        terminal = self._terminals.get(name)
        if terminal is None:
            terminal = self._terminals[name] = Terminal(name, self.folder, self.environ)
        if "interrupt" in block.attributes and terminal.busy:
            terminal.interrupt()
        commands = self.ours(block.text)
        for command, other in self.instead.items():
            commands = commands.replace(command, other)
        terminal.type(commands)
        if "background" not in block.attributes:
            code, wanted = terminal.exit_code(COMMAND_SECONDS), block.attributes.get("exit", "0")
            assert code == int(wanted), f"exit code {code} instead of {wanted}"
        if "opens" in block.attributes:
            assert self.browse is not None
            self._page = self.browse(self.ours(block.attributes["opens"]))

    def _expect(self, block: Block) -> None:
        source = block.attributes.get("of", self._last)
        pattern = pattern_of(self.ours(block.text))
        deadline = time.monotonic() + OUTPUT_SECONDS
        while not pattern.search(levelled(self._seen(source)) + "\n"):
            assert time.monotonic() < deadline, f"{source} does not show this"
            time.sleep(0.05)

    def _seen(self, source: str) -> str:
        if source == "browser":
            return str(self._page.inner_text("body"))
        return self._terminals[source].output()

    def _screens(self) -> str:
        return "\n".join(f"--- {n}\n{t.output()[-4000:]}" for n, t in self._terminals.items())

    def kill(self, terminal: str) -> None:
        """`kill -9` what runs in a terminal; returns when it is dead."""
        for child in psutil.Process(self._terminals[terminal].shell.pid).children():
            child.kill()
            child.wait()

    def connections(self, terminal: str) -> int:
        """How many connections the program that runs in a terminal has."""
        [program] = psutil.Process(self._terminals[terminal].shell.pid).children()
        return len([c for c in program.net_connections() if c.status == psutil.CONN_ESTABLISHED])

    def close(self) -> None:
        """Close every terminal, the newest first."""
        for terminal in reversed(self._terminals.values()):
            terminal.close()


@contextlib.contextmanager
def reader(tmp_path: Path, **settings: str) -> Iterator[Reader]:
    """A reader with a home and ports of their own."""
    folder = tmp_path / "clone"
    folder.mkdir()
    for name in ("docs", "justfile", "kai_flow", "api", "pyproject.toml", "requirements.lock"):
        (folder / name).symlink_to(ROOT / name)
    (tmp_path / ".curlrc").write_text("silent\nshow-error\n")  # a terminal gets no progress meter
    temporal = _temporal_port()
    ports = {
        "7233": str(temporal),
        "8233": str(temporal + 1000),
        "8092": str(free_port()),
        "8091": str(free_port()),
        "8093": str(free_port()),
        "8000": str(free_port()),
        "9464": str(free_port()),
        "9465": str(free_port()),
    }
    environ = {
        k: v for k, v in os.environ.items() if not k.startswith(("KAI_", "TEMPORAL_", "ORG_"))
    }
    environ |= {
        "PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}",
        "KAI_HOME": str(tmp_path / "home"),
        "KAI_BRIDGE_PORT": ports["8092"],
        "KAI_HEALTH_PORT": ports["8091"],
        "KAI_CODEC_PORT": ports["8093"],
        "TEMPORAL_ADDRESS": f"localhost:{temporal}",
        "CURL_HOME": str(tmp_path),
        "PYTHONUNBUFFERED": "1",
        "SLOW_ANALYST_PAUSE": "0.2",  # nobody has to switch terminals here
        **settings,
    }
    # the one program without a variable for its ports
    server = "temporal server start-dev"
    instead = {
        server: f"{server} --port {temporal} --ui-port {temporal + 1000}",
        ". .venv/bin/activate": "true",  # the tests run in an active environment already
        "/path/to/kai-flow": str(ROOT),
    }
    one = Reader(folder, environ, ports, instead)
    try:
        yield one
    finally:
        one.close()


def _temporal_port() -> int:
    """A port that leaves room for the web UI a thousand above it."""
    while True:
        port = free_port()
        with contextlib.suppress(PortInUse):
            if port <= 64_000:
                require_free("a web UI", "127.0.0.1", port + 1000, "nothing")
                return port
