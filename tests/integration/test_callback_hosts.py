"""Whom a worker calls (§8.2), with real receivers and a DNS that says what a test wants."""

import asyncio
import json
import secrets
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx
import pytest
from temporalio.client import Client, WorkflowFailureError
from temporalio.exceptions import ApplicationError

from kai_flow.runtime.ports import free_port
from kai_flow.settings import Settings
from kai_flow.settings.callback_allow import Address, read_allow_list
from kai_flow.stream.errors import InvalidUrl
from kai_flow.stream.http_posts import NoAnswer, post_over
from kai_flow.stream.reader import read_history
from kai_flow.web.server import running_bridge
from kai_flow.worker import callbacks as callbacks_module
from kai_flow.worker.callbacks import Callbacks, allowed_by
from tests.integration.conftest import worker_on
from tests.integration.receivers import Receiver, answer, receiving
from tests.own_ca import Authority, Certified

NAME = "hooks.example.com"
METADATA = "169.254.169.254"
ALLOW = f"{NAME}:*,loopback:*"


class Dns:
    """Answers each question about a host name as the next one in the list; the last one stays."""

    def __init__(self, *answers: Sequence[str] | OSError) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    async def resolve(self, host: str) -> Sequence[Address]:
        """All addresses of a name."""
        self.asked.append(host)
        said = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(said, OSError):
            raise said
        return [ip_address(each) for each in said]


def calling(dns: Dns, allow: str = ALLOW) -> Callbacks:
    """The clients of a worker that asks this DNS."""
    return Callbacks(read_allow_list(allow), dns.resolve)


def at(receiver: Receiver, host: str = NAME, scheme: str = "http") -> str:
    """The receiver's URL, by another name."""
    return receiver.url.replace("http://127.0.0.1", f"{scheme}://{host}")


async def said(http: httpx.AsyncClient, url: str) -> int:
    """POST; the status of the answer. Raises NoAnswer."""
    return (await post_over(http, url, b'{"event":{}}')).status


async def test_a_name_is_looked_up_once_for_all_posts_of_an_attempt() -> None:
    """What the DNS says later leads nowhere. The receiver is asked for by its name."""
    dns = Dns(["127.0.0.1"], [METADATA])
    async with (
        receiving(answer("200 OK", b"", "Connection: close")) as receiver,
        calling(dns).client_for(at(receiver)) as http,
    ):
        for _ in range(3):  # over a connection each
            assert await said(http, at(receiver)) == 200
    assert dns.asked == [NAME]
    port = receiver.url.split(":")[2].split("/")[0]
    assert [f"host: {NAME}:{port}\r\n" in head for head in receiver.heads] == [True] * 3


async def test_a_name_that_moves_is_checked_again() -> None:
    """Once it cannot be connected to, its new address counts: if that is allowed."""
    dns = Dns(["127.0.0.2"], [METADATA], ["127.0.0.1", METADATA], ["127.0.0.1"])
    async with receiving() as receiver, calling(dns).client_for(at(receiver)) as http:
        with pytest.raises(NoAnswer, match="ConnectError"):
            await said(http, at(receiver))
        for _ in range(2):
            with pytest.raises(NoAnswer, match=rf"address {METADATA}.*KAI_CALLBACK_ALLOW"):
                await said(http, at(receiver))
        assert receiver.posts == []
        assert await said(http, at(receiver)) == 200
    assert dns.asked == [NAME] * 4


@pytest.mark.parametrize("host", [NAME, "any.example"])
async def test_an_address_that_is_not_allowed_fails_the_session(host: str) -> None:
    """Whether the name is listed, or a network that has only one of its addresses."""
    allow = f"{NAME}:8092,10.0.0.0/8:8092"
    dns = Dns(["10.1.2.3", METADATA])
    with pytest.raises(ApplicationError, match="KAI_CALLBACK_ALLOW") as refused:
        async with calling(dns, allow).client_for(f"http://{host}:8092/hook"):
            raise AssertionError("it may be called")
    assert refused.value.non_retryable
    assert (METADATA in str(refused.value)) == (host == NAME), "strangers learn no addresses"


async def test_a_name_of_a_strangers_choice_is_not_looked_up() -> None:
    """The DNS learns nothing from a worker whose list has no networks."""
    dns = Dns(["127.0.0.1"])
    with pytest.raises(ApplicationError, match=r"add secret\.evil\.example:8092 to KAI_CALL"):
        async with calling(dns).client_for("http://secret.evil.example:8092/hook"):
            raise AssertionError("it may be called")
    assert dns.asked == []


async def test_a_url_with_a_user_is_refused_before_anything_is_looked_up() -> None:
    """Neither part of it is told to the DNS, and the sentence repeats none."""
    dns = Dns(["127.0.0.1"])
    with pytest.raises(InvalidUrl, match="leave them out") as refused:
        async with calling(dns).client_for(f"http://me:s3cret@{NAME}:8092/hook"):
            raise AssertionError("it may be called")
    assert "s3cret" not in str(refused.value)
    assert dns.asked == []


async def test_a_name_that_cannot_be_looked_up_is_a_receiver_that_is_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The session runs, and its callbacks go through once the DNS answers."""
    monkeypatch.setattr(callbacks_module, "LOOKUP_SECONDS", 0.05)
    dns = Dns(OSError("no such host"), TimeoutError(), [], ["127.0.0.1"])
    async with receiving() as receiver, calling(dns).client_for(at(receiver)) as http:
        for _ in range(2):
            with pytest.raises(NoAnswer, match=f"{NAME} cannot be looked up"):
                await said(http, at(receiver))
        assert await said(http, at(receiver)) == 200

    async def silent(_: str) -> Sequence[Address]:
        await asyncio.sleep(60)
        raise AssertionError

    async with Callbacks(read_allow_list(ALLOW), silent).client_for(at(receiver)) as http:
        with pytest.raises(NoAnswer, match="cannot be looked up"):
            await said(http, at(receiver))


async def test_of_several_addresses_the_one_that_answers_is_used() -> None:
    """The next POST begins with it."""
    dns = Dns(["127.0.0.2", "127.0.0.1"])
    async with receiving() as receiver, calling(dns).client_for(at(receiver)) as http:
        for _ in range(3):
            assert await said(http, at(receiver)) == 200
    assert dns.asked == [NAME]


async def test_attempts_with_the_same_addresses_share_a_client() -> None:
    """So they share connections and lists of POSTs. It is closed with the last of them."""
    dns = Dns(["127.0.0.1", "::1"], ["::1", "127.0.0.1"], ["127.0.0.2"])
    own = calling(dns)
    url = f"http://{NAME}:1/hook"
    async with own.client_for(url) as one:
        async with own.client_for(url) as two, own.client_for(url) as other:
            assert one is two is not other
        assert not one.is_closed
        assert other.is_closed
    assert one.is_closed


async def test_a_redirect_leads_nowhere() -> None:
    """It is an answer that is no success, and a client calls no other place than its own."""
    async with receiving() as inner:
        moved = answer("302 Found", b"", f"Location: {inner.url}")
        async with (
            receiving(moved) as receiver,
            calling(Dns(["127.0.0.1"])).client_for(at(receiver)) as http,
        ):
            assert await said(http, at(receiver)) == 302
            for elsewhere in (inner.url, at(inner), at(receiver, scheme="https")):
                with pytest.raises(NoAnswer, match="no other place"):
                    await said(http, elsewhere)
    assert inner.posts == []


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """One that this process trusts."""
    found = Authority(tmp_path / "ca")
    monkeypatch.setenv("SSL_CERT_FILE", str(found.file))
    return found


@asynccontextmanager
async def over_tls(certified: Certified) -> AsyncIterator[tuple[Receiver, list[str | None]]]:
    """A receiver with this certificate, and the names by which it is asked for in TLS."""
    receiver, asked = Receiver(answer("200 OK")), list[str | None]()
    context = certified.serving()

    def hear(_: ssl.SSLObject, name: str | None, __: ssl.SSLContext) -> None:
        asked.append(name)

    context.sni_callback = hear
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, ssl=context)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    try:
        yield receiver, asked
    finally:
        server.close()


async def test_tls_is_with_the_name_and_not_with_the_address(authority: Authority) -> None:
    """The certificate has to be that of the name, and the name is what the receiver hears."""
    own = calling(Dns(["127.0.0.1"]))
    async with over_tls(authority.certify("hooks", NAME)) as (receiver, asked):
        url = at(receiver, scheme="https")
        async with own.client_for(url) as http:
            assert await said(http, url) == 200
        assert asked == [NAME]
        assert f"host: {NAME}:" in receiver.heads[0]
        by_address = at(receiver, "127.0.0.1", "https")
        async with own.client_for(by_address) as http:
            with pytest.raises(NoAnswer, match="IP address mismatch"):
                await said(http, by_address)
    async with over_tls(authority.certify("other", "other.example.com", "127.0.0.1")) as (
        receiver,
        _,
    ):
        url = at(receiver, scheme="https")
        async with own.client_for(url) as http:
            with pytest.raises(NoAnswer, match="Hostname mismatch"):
                await said(http, url)
        by_address = at(receiver, "127.0.0.1", "https")
        async with own.client_for(by_address) as http:
            assert await said(http, by_address) == 200


@pytest.mark.parametrize(("host", "listens"), [("::1", "::1"), ("::ffff:127.0.0.1", "127.0.0.1")])
async def test_an_ipv6_address_is_called_as_it_is(host: str, listens: str) -> None:
    """In brackets, with the port of an entry for this machine."""
    receiver = Receiver(answer("200 OK"))
    server = await asyncio.start_server(receiver.serve, listens, 0)
    port = server.sockets[0].getsockname()[1]
    url = f"http://[{host}]:{port}/hook"
    async with server, calling(Dns(OSError()), f"loopback:{port}").client_for(url) as http:
        assert await said(http, url) == 200


async def test_sessions_stream_to_a_name_that_is_looked_up_once_each(
    client: Client, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also in lists of POSTs, which sessions share: what the DNS says later changes nothing."""
    name, port, sessions = "kai.internal", free_port(), 4
    asked: list[str] = []
    real = socket.getaddrinfo

    def answered(host: Any, *args: Any, **options: Any) -> Any:
        if host != name:
            return real(host, *args, **options)
        asked.append(host)
        address = "127.0.0.1" if len(asked) <= sessions else METADATA
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0))]

    monkeypatch.setattr(socket, "getaddrinfo", answered)
    settings = Settings(bridge_port=port, bridge_url=f"http://{name}:{port}")
    queue = f"named-{secrets.token_hex(4)}"
    steps = json.dumps([{"tokens": 50}])
    allow = read_allow_list(f"{name}:{port},loopback:{port}")
    async with (
        running_bridge(settings, client) as bridge,
        worker_on(client, queue, callback_allow=allow),
    ):
        ids = [f"{session_id}-{n}" for n in range(sessions)]
        results = await asyncio.gather(
            *(
                client.execute_workflow(
                    "KaiChatWorkflow",
                    {
                        "prompt": steps,
                        "connection_id": "none",
                        "callback_url": f"{bridge}/events/{one}",
                    },
                    id=one,
                    task_queue=queue,
                    result_type=dict,
                )
                for one in ids
            )
        )
    assert [(each["events_sent"], each["events_failed"]) for each in results] == [(51, 0)] * 4
    for one in ids:
        assert len(await read_history(client, one)) == 51
    assert asked == [name] * sessions


async def test_by_default_a_worker_calls_this_machine_at_the_bridges_port_only(
    client: Client, session_id: str
) -> None:
    """A session that names another port fails at once, and says what to add."""
    async with receiving() as receiver:
        port = receiver.url.split(":")[2].split("/")[0]
        ask = {"prompt": "[]", "connection_id": "none", "callback_url": receiver.url}
        async with worker_on(client, session_id, callback_allow=Settings().callback_allow):
            handle = await client.start_workflow(
                "KaiChatWorkflow", ask, id=session_id, task_queue=session_id
            )
            with pytest.raises(WorkflowFailureError) as failed:
                await handle.result()
        cause = failed.value.cause.__cause__
        assert f"add loopback:{port} to KAI_CALLBACK_ALLOW where the worker runs." in str(cause)
        assert receiver.posts == []
        allow = Settings().callback_allow
        async with worker_on(client, session_id, callback_allow=allow, bridge_port=int(port)):
            again: dict[str, Any] = await client.execute_workflow(
                "KaiChatWorkflow", ask, id=f"{session_id}-2", task_queue=session_id
            )
        assert (again["status"], again["events_failed"]) == ("completed", 0)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (Settings(), "loopback:8092"),
        (Settings(bridge_port=0), ""),
        (Settings(bridge_port=0, bridge_url="http://localhost:8080/b"), "loopback:8080"),
        (Settings(bridge_url="https://Kai.example.com"), "loopback:8092,kai.example.com:443"),
        (
            Settings(bridge_url="http://[::1]:8101", more_bridge_urls=("http://10.1.2.3:8102",)),
            "loopback:8092,loopback:8101,10.1.2.3:8102",
        ),
        (Settings(callback_allow=read_allow_list("a:1")), "a:1"),
    ],
)
def test_what_a_worker_may_call_follows_from_its_settings(
    settings: Settings, expected: str
) -> None:
    """The list, `loopback` at the port of the bridge, and where others reach the bridge."""
    assert allowed_by(settings) == read_allow_list(expected)
