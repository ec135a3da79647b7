"""A bridge of its own on the network: https, proxies that are named, and several names."""

import asyncio
import logging
import os
import ssl
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from temporalio.client import Client

from kai_flow.runtime import tls_listener
from kai_flow.settings import Settings, StartError
from kai_flow.stream import follow
from kai_flow.web.server import running_bridge
from tests.integration.stage import Play
from tests.issuing import EC_KEY, KEYS, token
from tests.own_ca import make_certificate


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Files with a certificate for this machine and its key; this process trusts it."""
    authority = make_certificate(tmp_path, "localhost", "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    return tmp_path / "kai.pem", tmp_path / "kai-key.pem"


async def test_a_bridge_serves_https_by_itself(
    client: Client, play: Play, http: httpx.AsyncClient, certificate: tuple[Path, Path]
) -> None:
    """§8.7: events are shown live through the straight writes, and the end comes."""
    settings = Settings(
        bridge_port=0, token_keys=KEYS, tls_cert=certificate[0], tls_key=certificate[1]
    )
    async with running_bridge(settings, client) as bridge:
        assert bridge.startswith("https://localhost:")
        await play.act()
        context = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
        seen: list[str] = []
        async with httpx.AsyncClient(verify=context, trust_env=False) as secure:
            events = follow(bridge, play.id, token=lambda: token(play.id))
            for number in range(1, 6):
                answer = await secure.post(f"{bridge}/events/{play.id}", json=play.body([number]))
                assert answer.status_code == 200
                event_id, _ = await anext(events)
                seen.append(str(event_id).partition("@")[0])
            await events.aclose()
        assert seen == [f"1.1.{number}" for number in range(1, 6)]
        with pytest.raises(httpx.TransportError):
            await http.get(bridge.replace("https://", "http://"))


async def test_a_bridge_that_leaves_tls_to_a_proxy_says_so(
    client: Client, certificate: tuple[Path, Path], caplog: pytest.LogCaptureFixture
) -> None:
    """§8.7: one line, beyond loopback and without a certificate only."""
    cert, key = certificate
    beyond = Settings(bridge_host="0.0.0.0", bridge_port=0)
    secured = msgspec.structs.replace(beyond, tls_cert=cert, tls_key=key)
    for settings, lines in ((Settings(bridge_port=0), 0), (secured, 0), (beyond, 1)):
        caplog.clear()
        async with running_bridge(settings, client):
            kinds = [getattr(one, "kind", "") for one in caplog.records]
        assert kinds.count("bridge_without_tls") == lines


async def test_who_does_not_shake_hands_is_disconnected(
    client: Client, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """§8.7: connections that never get as far as a request take no descriptors for long."""
    monkeypatch.setattr(tls_listener, "HANDSHAKE_SECONDS", 0.2)
    settings = Settings(bridge_port=0, tls_cert=certificate[0], tls_key=certificate[1])
    async with running_bridge(settings, client) as bridge:
        port = int(bridge.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        async with asyncio.timeout(10):
            assert await reader.read() == b""
        writer.close()


@pytest.mark.parametrize(
    ("cert", "key", "says"),
    [
        ("none.pem", None, "No such file"),
        ("kai-key.pem", None, "no certificate with its key"),
        ("kai.pem", None, "no certificate with its key"),
        ("kai.pem", "kai.pem", "no certificate with its key"),
        ("kai.pem", "locked.pem", "no certificate with its key"),
        (None, "kai-key.pem", "without KAI_TLS_CERT"),
    ],
)
async def test_what_is_no_certificate_stops_the_start(
    client: Client,
    certificate: tuple[Path, Path],
    tmp_path: Path,
    cert: str | None,
    key: str | None,
    says: str,
) -> None:
    """§8.7: in one sentence, and without asking for a password."""
    (tmp_path / "locked.pem").write_bytes(
        EC_KEY.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    settings = Settings(
        bridge_port=0,
        tls_cert=None if cert is None else tmp_path / cert,
        tls_key=None if key is None else tmp_path / key,
    )
    with pytest.raises(StartError, match=says):
        async with running_bridge(settings, client):
            pass


async def logged_client(
    client: Client, caplog: pytest.LogCaptureFixture, *forwarded: str, **settings: Any
) -> str:
    """Whom the log of a bridge names for a request with these fields `X-Forwarded-For`."""
    caplog.clear()
    async with (
        running_bridge(Settings(bridge_port=0, token_keys=KEYS, **settings), client) as bridge,
        httpx.AsyncClient(trust_env=False) as http,
    ):
        headers = [("Authorization", "Bearer x"), *(("X-Forwarded-For", one) for one in forwarded)]
        assert (await http.get(f"{bridge}/stream/s1", headers=headers)).status_code == 401
    [line] = [r.getMessage() for r in caplog.records if r.name == "kai_flow.web.token_access"]
    return line.partition(" from ")[2].partition(" is refused")[0]


async def test_only_named_proxies_say_who_their_clients_are(
    client: Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """§8.7: of the addresses in the header, the last that is no proxy; of others, nothing."""
    caplog.set_level(logging.WARNING)
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")  # uvicorn's own variable has no say
    assert await logged_client(client, caplog, "203.0.113.7") == "127.0.0.1"
    other = {"trusted_proxies": ("192.0.2.0/24",)}
    assert await logged_client(client, caplog, "203.0.113.7", **other) == "127.0.0.1"
    named = {"trusted_proxies": ("127.0.0.1/32", "10.0.0.0/8")}
    for forwarded in (
        ("203.0.113.7",),
        ("198.51.100.1, 203.0.113.7",),
        ("198.51.100.1", "203.0.113.7, 10.1.2.3"),
    ):
        assert await logged_client(client, caplog, *forwarded, **named) == "203.0.113.7"
    assert await logged_client(client, caplog, **named) == "127.0.0.1"


async def test_a_bridge_may_have_several_names(client: Client, http: httpx.AsyncClient) -> None:
    """§8.1: each host of KAI_BRIDGE_URL, and no other."""
    settings = Settings(
        bridge_port=0, bridge_url="https://a.example", more_bridge_urls=("http://b.example:1/x",)
    )
    async with running_bridge(settings, client) as url:
        assert url == "https://a.example"
    async with running_bridge(msgspec.structs.replace(settings, bridge_url=None), client) as url:
        for host, status in (("b.example", 200), ("localhost", 200), ("c.example", 403)):
            answer = await http.get(f"{url}/healthz", headers={"Host": host})
            assert answer.status_code == status
