"""Temporal behind TLS, client certificates and an API key, in a namespace of its own."""

import asyncio
import contextlib
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from google.protobuf.duration_pb2 import Duration
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from kai_flow.settings import StartError
from kai_flow.temporal.client import connect
from kai_flow.temporal.dev_server import DevServer
from tests.integration.command import kai_in
from tests.integration.programs import ROOT, environment, running
from tests.integration.subscriber import read_all
from tests.integration.temporal_front import TemporalFront, temporal_front
from tests.integration.waiting import DEADLINE_SECONDS
from tests.own_ca import Authority, Certified

KEY: Final = "a-key-of-the-test"
CANARY: Final = "a-wrong-key-that-nobody-may-see"
NAME: Final = "temporal.example.com"
CERT, OWN_KEY = "TEMPORAL_TLS_CLIENT_CERT_PATH", "TEMPORAL_TLS_CLIENT_KEY_PATH"
AUTHORITY: Final = "TEMPORAL_TLS_SERVER_CA_CERT_PATH"


@dataclass(frozen=True)
class Pki:
    """Who certifies whom."""

    authority: Authority
    server: Certified  # by its address
    named: Certified  # by a name
    client: Certified
    other: Authority
    stranger: Certified  # whom the other authority has certified


@dataclass(frozen=True)
class Secured:
    """The server that wants it all, and what a program needs to get in."""

    front: TemporalFront
    namespace: str
    variables: dict[str, str]


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    """Two authorities."""
    folder = tmp_path_factory.mktemp("pki")
    authority, other = Authority(folder / "ours"), Authority(folder / "other")
    return Pki(
        authority,
        authority.certify("server", "127.0.0.1", "localhost"),
        authority.certify("named", NAME),
        authority.certify("client", "worker-1"),
        other,
        other.certify("client", "worker-1"),
    )


@pytest.fixture(scope="module")
async def secured(
    temporal: DevServer, client: Client, pki: Pki, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Secured]:
    """TLS, client certificates, an API key, and a namespace that is not the default one."""
    namespace = "kai-secured"
    retention = Duration()
    retention.FromTimedelta(timedelta(days=1))
    await client.workflow_service.register_namespace(
        RegisterNamespaceRequest(namespace=namespace, workflow_execution_retention_period=retention)
    )
    folder = tmp_path_factory.mktemp("secured") / "nginx"
    async with temporal_front(
        folder, temporal.address, pki.server, clients_of=pki.authority.file, api_key=KEY
    ) as front:
        variables = {
            "TEMPORAL_ADDRESS": front.address,
            "TEMPORAL_NAMESPACE": namespace,
            "TEMPORAL_API_KEY": KEY,
            AUTHORITY: str(pki.authority.file),
            CERT: str(pki.client.certificate),
            OWN_KEY: str(pki.client.key),
        }
        yield Secured(front, namespace, variables)


async def known(temporal: DevServer, namespace: str) -> Client:
    """A client of the namespace, once the whole server knows it, which takes it seconds."""
    client = await Client.connect(temporal.address, namespace=namespace)
    async with asyncio.timeout(DEADLINE_SECONDS):
        while True:
            with contextlib.suppress(RPCError):
                await client.count_workflows()
                return client
            await asyncio.sleep(0.1)


async def test_worker_bridge_and_command_use_the_standard_variables(
    secured: Secured, temporal: DevServer, session_id: str, tmp_path: Path
) -> None:
    """A session is shown and stored, and `kai ask` works: all over HTTP/2 in TLS, with the key."""
    client = await known(temporal, secured.namespace)
    own = {"KAI_AGENT": "tests.agents.scripted:create", "TEMPORAL_TASK_QUEUE": session_id}
    environ = environment(tmp_path / "home", "", **secured.variables, KAI_BRIDGE_PORT="0", **own)
    async with (
        running(["-m", "kai_flow.web"], environ, tmp_path / "bridge.log") as bridge,
        running(["-m", "kai_flow.worker"], environ, tmp_path / "worker.log") as worker,
    ):
        url = await bridge.ready()
        await worker.ready()
        callback = f"{url}/events/{session_id}"
        ask = {"prompt": '[{"tokens": 5}]', "connection_id": "none", "callback_url": callback}
        handle = await client.start_workflow(
            "KaiChatWorkflow", ask, id=session_id, task_queue=session_id, result_type=dict
        )
        reader = await read_all(f"{url}/stream/{session_id}")
        result = await handle.result()
    assert reader.types == ["started", *["token"] * 5, "ended", "done"]
    assert (result["events_sent"], result["events_failed"]) == (6, 0)
    kai = kai_in(tmp_path / "kai")
    done = await asyncio.to_thread(
        kai.run, "ask", "3", KAI_AGENT="counting:create", **secured.variables
    )
    assert done.returncode == 0, done.stderr
    assert f"using the Temporal server at {secured.front.address}" in done.stderr
    log = secured.front.log
    assert log.count("HTTP/2.0") == log.count("\n")
    assert {"PollActivityTaskQueue", "SignalWorkflowExecution"} <= set(secured.front.calls)


PROGRAMS: Final = {
    "worker": ["kai_flow.worker"],
    "bridge": ["kai_flow.web"],
    "command": ["kai_flow.cli", "ask", "3"],
}


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("wrong", ["authority", "certificate", "key"])
async def test_every_program_says_in_one_sentence_what_is_wrong(
    secured: Secured, pki: Pki, tmp_path: Path, program: str, wrong: str
) -> None:
    """No traceback, no key, and the name of the variable to set."""
    environ = environment(tmp_path, "", **secured.variables)
    if wrong == "authority":
        environ[AUTHORITY], says = str(pki.other.file), f"set {AUTHORITY} to"
    elif wrong == "certificate":
        del environ[CERT], environ[OWN_KEY]
        says = f"set {CERT} and {OWN_KEY}"
    else:
        environ["TEMPORAL_API_KEY"], says = CANARY, "set TEMPORAL_API_KEY to"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *PROGRAMS[program],
        env=environ, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(DEADLINE_SECONDS):
        out, errors = (text.decode() for text in await process.communicate())
    assert process.returncode == 2, errors
    assert out == ""
    assert len(errors.strip().splitlines()) == 1, errors
    assert f"the server at {secured.front.address}" in errors
    assert says in errors
    assert CANARY not in errors


def configure(monkeypatch: pytest.MonkeyPatch, **variables: object) -> None:
    """These variables, and no others of Temporal's."""
    for name in (AUTHORITY, CERT, OWN_KEY, "TEMPORAL_TLS", "TEMPORAL_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        if value is not None:
            monkeypatch.setenv(name, str(value))


async def said(monkeypatch: pytest.MonkeyPatch, address: str, **variables: object) -> str:
    """Why nothing can be connected to with these variables; empty: it can."""
    configure(monkeypatch, TEMPORAL_ADDRESS=address, **variables)
    why = ""
    try:
        await connect(timeout=5)
    except StartError as refused:
        why = str(refused)
    assert "tonic" not in why
    assert "\n" not in why
    return why


async def test_a_certificate_for_another_name_is_refused_unless_that_name_is_expected(
    temporal: DevServer, pki: Pki, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The names in it are told, and TEMPORAL_TLS_SERVER_NAME is what the server is asked for."""
    trusting = {AUTHORITY: pki.authority.file}
    async with temporal_front(tmp_path / "nginx", temporal.address, pki.named) as front:
        why = await said(monkeypatch, front.address, **trusting)
        assert f"is for other names ({NAME})" in why
        trusting["TEMPORAL_TLS_SERVER_NAME"] = NAME  # type: ignore[assignment]
        assert await said(monkeypatch, front.address, **trusting) == ""
        assert f'"{NAME}"' in front.log


async def test_who_is_not_let_in_learns_which_variable_to_set(
    secured: Secured, pki: Pki, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each way to be wrong has its sentence; a file that is not there is named."""
    address, right = secured.front.address, dict[str, object](secured.variables)
    del right["TEMPORAL_ADDRESS"]
    garbage = tmp_path / "garbage.pem"
    garbage.write_text("not a certificate")
    for change, sentence in (
        ({}, ""),
        ({AUTHORITY: garbage}, f"set {AUTHORITY} to the PEM file"),
        ({AUTHORITY: "/nowhere.pem"}, "cannot be read ([Errno 2]"),
        ({CERT: pki.stranger.certificate, OWN_KEY: pki.stranger.key}, "to one that it knows"),
        ({OWN_KEY: pki.stranger.key}, "a certificate and its own key"),
        ({OWN_KEY: None}, "a certificate and its own key"),
        ({"TEMPORAL_API_KEY": None}, "asks for an API key: set TEMPORAL_API_KEY"),
        ({"TEMPORAL_NAMESPACE": "nowhere"}, "has no namespace 'nowhere'"),
    ):
        why = await said(monkeypatch, address, **right | change)
        assert sentence in why, change
        assert bool(sentence) == bool(why), change
    plain = await said(monkeypatch, address)
    assert plain.endswith("if it uses TLS, set TEMPORAL_TLS=true")


async def test_a_profile_says_the_same_as_variables(
    secured: Secured, pki: Pki, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file with profiles, which the `temporal` command reads as well."""
    file = tmp_path / "temporal.toml"
    file.write_text(
        f'[profile.edge]\naddress = "{secured.front.address}"\nnamespace = "{secured.namespace}"\n'
        f'api_key = "{KEY}"\n[profile.edge.tls]\n'
        f'server_ca_cert_path = "{pki.authority.file}"\n'
        f'client_cert_path = "{pki.client.certificate}"\n'
        f'client_key_path = "{pki.client.key}"\n'
    )
    configure(monkeypatch, TEMPORAL_CONFIG_FILE=file, TEMPORAL_PROFILE="edge")
    monkeypatch.delenv("TEMPORAL_ADDRESS", raising=False)
    client = await connect()
    assert client.namespace == secured.namespace


@asynccontextmanager
async def tls_pipe(address: str, context: ssl.SSLContext) -> AsyncIterator[str]:
    """The address of a proxy that does nothing but TLS."""
    host, _, port = address.rpartition(":")

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, ours = await asyncio.open_connection(host, port)
        await asyncio.gather(copy(reader, ours), copy(theirs, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield "127.0.0.1:{1}".format(*server.sockets[0].getsockname())
    finally:
        server.close()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_tls_without_a_proxy_that_speaks_http(
    temporal: DevServer, pki: Pki, monkeypatch: pytest.MonkeyPatch, version: ssl.TLSVersion
) -> None:
    """As Temporal's own: HTTP/2 is negotiated, and who is not certified learns of it by a close."""
    context = pki.server.serving(clients_of=pki.authority.file)
    context.maximum_version = version
    trusting = {AUTHORITY: pki.authority.file}
    certified = trusting | {CERT: pki.client.certificate, OWN_KEY: pki.client.key}
    async with tls_pipe(temporal.address, context) as address:
        why = await said(monkeypatch, address, **certified)
        assert "does not offer HTTP/2 in TLS (ALPN h2)" in why
        context.set_alpn_protocols(["h2"])
        assert await said(monkeypatch, address, **certified) == ""
        why = await said(monkeypatch, address, **trusting)
        assert f"set {CERT} and {OWN_KEY}" in why
        why = await said(
            monkeypatch,
            address,
            **trusting | {CERT: pki.stranger.certificate, OWN_KEY: pki.stranger.key},
        )
        assert "does not accept the certificate of this client" in why
