"""The embedded Temporal server: the dev server of the `temporal` binary, as a child process.

The rule: the server ends with the program that started it, however that program ends
(`kai_flow.temporal.supervisor`), and it is yielded only when it is ready. With a file, it keeps
closed sessions for 30 days, readable only for the file's owner; without one, everything is lost
when it ends.

It serves gRPC, which no web page can send. Its HTTP API is closed, because any web page could use
it.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from kai_flow.runtime.extras import installing
from kai_flow.runtime.imports import imported
from kai_flow.runtime.locks import FileLock
from kai_flow.runtime.ports import free_port, require_free
from kai_flow.settings import StartError
from kai_flow.temporal import supervisor

HOST: Final = "127.0.0.1"
STOP_SECONDS: Final = 3.0  # 1.3 s on an idle machine
POLL_SECONDS: Final = 0.03
PORT_TRIES: Final = 3  # another program may take the free port before the server binds it

# the file survives SIGKILL with or without these; they triple the signals per second
_PRAGMAS: Final = ("journal_mode=wal", "synchronous=normal")

# The HTTP API listens on a port that the server chooses, cannot be turned off, and accepts a form
# or a text/plain POST from any web page. No request can have this Host, so every request gets 403.
# An empty list would still accept HTTP/1.0 requests without a Host.
_NO_HTTP_API: Final = 'frontend.httpAllowedHosts=["no host"]'

_OWNER_ONLY: Final = 0o600


class NoBinary(StartError):
    """The `temporal` program is not installed."""


@dataclass(frozen=True)
class DevServer:
    """A dev server that is ready."""

    address: str  # host:port of its gRPC front end
    ui_url: str | None
    db_file: Path | None
    process: "subprocess.Popen[bytes]"  # the supervisor, which ends when the server does

    async def ended(self) -> None:
        """Return when the server has ended, which is always unexpected."""
        while self.process.poll() is None:  # noqa: ASYNC110  (a process sets no Event)
            await asyncio.sleep(0.2)


def find_binary() -> str:
    """The path of the `temporal` program: beside this Python first, then on the PATH."""
    beside = Path(sysconfig.get_path("scripts")) / "temporal"
    found = str(beside) if beside.exists() else shutil.which("temporal")
    if found is None:
        raise NoBinary(
            f"the embedded Temporal server is not installed: {installing('embedded')}, "
            "or set TEMPORAL_ADDRESS to a server of yours"
        )
    return found


@contextlib.asynccontextmanager
async def dev_server(
    *,
    port: int = 0,
    ui_port: int | None = None,
    db_file: Path | None = None,
    lock: FileLock | None = None,
    stop_seconds: float = STOP_SECONDS,
    dynamic_config: tuple[str, ...] = (),
    meanwhile: tuple[str, ...] = (),
) -> AsyncIterator[DevServer]:
    """Run a dev server on the loopback address while the block runs.

    Port 0 takes any free port. With `ui_port` None there is no UI: the UI answers any `Host`, so a
    web page whose own name resolves to this machine could use it. `lock` is the held lock of
    `db_file`; the server then holds it too. With `stop_seconds` 0 the server is killed at the end
    and not asked to stop, which loses nothing that it has acknowledged. `dynamic_config` are values
    of the server's dynamic configuration, as in `--dynamic-config-value`. The modules
    `meanwhile` are imported while the server starts.

    Raises `StartError` when the binary is missing, a port is taken, or the server does not start.
    """
    binary = find_binary()
    if db_file is not None:
        _keep_to_owner(db_file)
    for name, wanted, remedy in (
        ("Temporal", port, "TEMPORAL_ADDRESS (for example 127.0.0.1:0 for any free port)"),
        ("the Temporal UI", ui_port or 0, "`kai up --ui-port`"),
    ):
        require_free(name, HOST, wanted, remedy)
    for tries_left in reversed(range(PORT_TRIES)):
        with _log_file(db_file) as log:
            plan = _Plan(binary, port or free_port(), _ui_port(ui_port), db_file, dynamic_config)
            process, lifeline = _spawn(plan, log, lock, stop_seconds)
            try:
                if not await _comes_up(plan.address, process, meanwhile):
                    if tries_left and (port == 0 or ui_port == 0) and _lost_port(log):
                        continue
                    raise StartError(_why_not(plan, log))
                yield DevServer(plan.address, plan.ui_url, db_file, process)
                return
            finally:
                await _end(process, lifeline, stop_seconds)


def _ui_port(wanted: int | None) -> int | None:
    return free_port() if wanted == 0 else wanted


def _log_file(db_file: Path | None) -> IO[bytes]:
    """The server's log: beside its database file, or else a temporary file."""
    if db_file is None:
        return tempfile.TemporaryFile()
    try:
        return open(db_file.with_suffix(".log"), "w+b", opener=_for_owner)
    except OSError as wrong:
        raise StartError(
            f"{db_file.with_suffix('.log')} cannot be written ({wrong.strerror}): "
            "make the folder writable, or set KAI_HOME to another one"
        ) from None


def _keep_to_owner(db_file: Path) -> None:
    """Make the files of an older version readable only for their owner; the umask does new ones."""
    sides = [Path(f"{db_file}{suffix}") for suffix in ("", "-wal", "-shm", "-journal")]
    for file in (*sides, db_file.with_suffix(".log")):
        try:
            file.chmod(_OWNER_ONLY)
        except FileNotFoundError:
            continue
        except OSError as wrong:
            raise StartError(
                f"the access rights of {file} cannot be changed ({wrong.strerror}): "
                "make it your own file, or set KAI_HOME to another folder"
            ) from None


def _for_owner(path: str, flags: int) -> int:
    return os.open(path, flags, _OWNER_ONLY)


def _words(log: IO[bytes]) -> str:
    log.seek(0)
    return log.read(1_000_000).decode(errors="replace")


def _lost_port(log: IO[bytes]) -> bool:
    return "address already in use" in _words(log)


def _why_not(plan: "_Plan", log: IO[bytes]) -> str:
    words = _words(log).split("\n")
    last = next((line for line in reversed(words) if "rror" in line), words[-1]).strip()
    where = "" if plan.db_file is None else f" (its log is {log.name})"
    return (
        f"the embedded Temporal server did not start on {plan.address}{where}: "
        f"{last[-300:] or 'it wrote nothing'}"
    )


@dataclass(frozen=True)
class _Plan:
    binary: str
    port: int
    ui_port: int | None
    db_file: Path | None
    dynamic_config: tuple[str, ...]

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    @property
    def ui_url(self) -> str | None:
        return None if self.ui_port is None else f"http://localhost:{self.ui_port}"

    def command(self) -> list[str]:
        command = [self.binary, "server", "start-dev", "--ip", HOST, "--port", str(self.port)]
        command += ["--log-level", "warn"]
        for value in (_NO_HTTP_API, *self.dynamic_config):
            command += ["--dynamic-config-value", value]
        command += ["--headless"] if self.ui_port is None else ["--ui-port", str(self.ui_port)]
        if self.db_file is not None:
            command += ["--db-filename", str(self.db_file)]
            for pragma in _PRAGMAS:
                command += ["--sqlite-pragma", pragma]
        return command


def _spawn(
    plan: _Plan, log: IO[bytes], lock: FileLock | None, stop_seconds: float
) -> "tuple[subprocess.Popen[bytes], int]":
    """Start supervisor and server; returns the supervisor and the writing end of its pipe."""
    fds = [lock.fd] if lock is not None and lock.fd is not None else []
    lifeline, ours = os.pipe()
    try:
        process = subprocess.Popen(
            [
                *(sys.executable, "-I", "-S", supervisor.__file__),
                *(str(stop_seconds), ",".join(map(str, fds))),
                *plan.command(),
            ],
            stdin=lifeline,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=fds,
            umask=0o077,  # its files hold all sessions, and the home may be readable for others
            start_new_session=True,  # Ctrl-C reaches only this process, which stops it
            env=_environment(),
        )
    except BaseException:
        os.close(ours)
        raise
    finally:
        os.close(lifeline)
    return process, ours


def _environment() -> dict[str, str]:
    """This process's environment without what the binary would read as settings, and our secrets.

    By OTEL_* it would export spans of its own, by gRPC, and refuse exporters that it lacks. KAI_*
    has keys, tokens and the passwords of databases, and a child can be made to show its
    environment.
    """
    kept_back = ("TEMPORAL_", "OTEL_", "KAI_")
    return {k: v for k, v in os.environ.items() if not k.startswith(kept_back)}


async def _comes_up(
    address: str, process: "subprocess.Popen[bytes]", meanwhile: tuple[str, ...]
) -> bool:
    await imported("kai_flow.temporal.readiness", *meanwhile)
    from kai_flow.temporal.readiness import comes_up  # noqa: PLC0415  (while the server starts)

    return await comes_up(address, process)


async def _end(process: "subprocess.Popen[bytes]", lifeline: int, stop_seconds: float) -> None:
    os.close(lifeline)
    deadline = time.monotonic() + stop_seconds + 2.0
    while process.poll() is None and time.monotonic() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(POLL_SECONDS)
    if process.poll() is None:  # the supervisor itself hangs: end its whole session
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
