"""The limits of one client at a real bridge (§8.10): others notice nothing, no reader is lost."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx
import pytest
from temporalio.client import Client

from kai_flow.runtime.metrics import Metrics
from kai_flow.settings import Settings
from kai_flow.stream.signing import SigningKeys
from kai_flow.stream.signing_keys import read_keys
from kai_flow.web import client_gate
from kai_flow.web.server import running_bridge
from tests.integration.stage import Play, token
from tests.integration.subscriber import subscribed
from tests.integration.test_signed_callbacks import KEY

GREEDY = {"X-Forwarded-For": "198.51.100.7"}
NOTE = {"type": "note"}
OTHER = {"X-Forwarded-For": "203.0.113.9"}


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """No time passes for the limits, however slow the machine is."""
    monkeypatch.setattr(client_gate, "now", lambda: 1_000.0)


@pytest.fixture
async def limited(client: Client, still: None) -> AsyncIterator[str]:
    """The base URL of a bridge behind a proxy, whose clients may use little."""
    settings = Settings(
        bridge_port=0, trusted_proxies=("127.0.0.0/8",), client_streams=2, client_requests=5
    )
    async with running_bridge(settings, client) as url:
        yield url


async def test_streams_beyond_the_limit_are_told_to_come_again(
    limited: str, play: Play, http: httpx.AsyncClient
) -> None:
    """With 200 and a time: after a 429 an EventSource would never come again."""
    url = f"{limited}/stream/{play.id}"
    place = Play(play.client, play.handle, limited)
    await place.post(http, [1])
    async with AsyncExitStack() as readers:
        first = [
            await readers.enter_async_context(subscribed(url, headers=GREEDY)) for _ in range(2)
        ]
        async with http.stream("GET", url, headers=GREEDY) as answer:
            assert answer.status_code == 200
            told = await anext(answer.aiter_text())
        assert told == "retry: 5000\n: too many streams are open; come again in 5 s\n"
        third = await readers.enter_async_context(subscribed(url, headers=GREEDY))
        other = await readers.enter_async_context(subscribed(url, headers=OTHER))
        local = await readers.enter_async_context(subscribed(url))
        for reader in (*first, other, local):
            await reader.saw("started")
        assert third.seen == []
    async with subscribed(url, headers=GREEDY) as again:
        await again.saw("started")


async def test_requests_beyond_the_rate_are_told_to_come_again(
    limited: str, http: httpx.AsyncClient
) -> None:
    """Those of one client alone; nothing of the others, or of this machine, is refused."""
    url = f"{limited}/stream/nobody?wait=false"

    async def ask(headers: dict[str, str]) -> int:
        return (await http.get(url, headers=headers)).status_code

    greedy = await asyncio.gather(*(ask(GREEDY) for _ in range(40)))
    assert (greedy.count(404), greedy.count(200)) == (20, 20)
    refused = await http.get(url, headers=GREEDY)
    assert refused.text.startswith("retry: ")
    assert await ask(OTHER) == 404
    assert set(await asyncio.gather(*(ask({}) for _ in range(60)))) == {404}


async def test_events_by_hand_beyond_the_rate_are_refused(
    limited: str, http: httpx.AsyncClient, session_id: str
) -> None:
    """With 429 and `Retry-After`, in both ways in which a POST is read."""
    body = {"session_id": session_id, "event": token(2)}
    url = f"{limited}/events/{session_id}"
    statuses = [(await http.post(url, json=body, headers=GREEDY)).status_code for _ in range(40)]
    assert statuses[0] == 200
    assert statuses[-1] == 429
    unverified = {"webhook-signature": "v1,any"}  # this bridge has no keys
    for more in ({}, {"Origin": limited}, unverified):
        refused = await http.post(url, json=body, headers=GREEDY | more)
        assert (refused.status_code, refused.json()["code"]) == (429, "client_limit")
        assert int(refused.headers["Retry-After"]) >= 1
    assert (await http.post(url, json=body, headers=OTHER)).status_code == 200


async def test_rooms_of_nobody_are_few(
    client: Client, http: httpx.AsyncClient, session_id: str, still: None
) -> None:
    """Streams that wait for sessions which do not exist cannot fill the bridge."""
    settings = Settings(bridge_port=0, trusted_proxies=("127.0.0.0/8",), client_requests=1_000)
    async with running_bridge(settings, client) as url:

        async def wait_for(number: int) -> str:
            path = f"{url}/stream/{session_id}-{number}"
            async with http.stream("GET", path, headers=GREEDY) as answer:
                assert answer.status_code == 200
                async for chunk in answer.aiter_text():
                    return chunk
            return ""

        first = [await wait_for(number) for number in range(70)]
        assert first[0] == "retry: 1000\n\n"
        assert "too many streams for sessions that do not exist" in first[-1]


async def test_signed_posts_have_no_limit(
    client: Client, http: httpx.AsyncClient, session_id: str, still: None
) -> None:
    """A worker is not held back by its neighbours at one address: it has a key, and they do not."""
    settings = Settings(
        bridge_port=0,
        trusted_proxies=("127.0.0.0/8",),
        client_requests=1,
        signing_keys=read_keys(KEY),
    )
    keys, body = SigningKeys(read_keys(KEY)), json.dumps({"session_id": session_id, "event": NOTE})
    async with running_bridge(settings, client) as url:

        async def send(number: int, key: bool) -> int:
            fields = keys.sign_post(f"msg_{number:016}", time.time(), body.encode())
            if not key:
                fields["webhook-signature"] = "v1,wrong"
            head = GREEDY | {"Content-Type": "application/json"} | fields
            answer = await http.post(f"{url}/events/{session_id}", content=body, headers=head)
            return answer.status_code

        assert [await send(n, key=False) for n in range(20)] == [401] * 4 + [429] * 16
        assert {await send(n, key=True) for n in range(20)} == {200}


async def test_a_forwarded_loopback_address_is_that_of_a_client(
    limited: str, http: httpx.AsyncClient, session_id: str
) -> None:
    """Whoever may write the address that a proxy forwards writes himself out of no limit."""
    for forwarded in ("127.0.0.1", "::1", "::ffff:127.9.9.9", "127.0.0.1, 127.0.0.2"):
        async with httpx.AsyncClient(trust_env=False) as one:
            for more in ({}, {"Origin": limited}):  # in both ways in which a POST is read
                statuses = [
                    (
                        await one.post(
                            f"{limited}/events/{session_id}",
                            json={"session_id": session_id, "event": NOTE},
                            headers={"X-Forwarded-For": forwarded} | more,
                        )
                    ).status_code
                    for _ in range(25)
                ]
                assert statuses[-1] == 429, forwarded
    body = {"session_id": session_id, "event": NOTE}
    local = [
        (await http.post(f"{limited}/events/{session_id}", json=body)).status_code
        for _ in range(25)
    ]
    assert set(local) == {200}


async def test_what_a_limit_refuses_is_counted(
    client: Client, play: Play, http: httpx.AsyncClient, still: None
) -> None:
    """By the limit, and without any name of a client; what is within the limits is not."""
    settings = Settings(
        bridge_port=0, trusted_proxies=("127.0.0.0/8",), client_streams=1, client_requests=5
    )
    metrics = Metrics()
    async with running_bridge(settings, client, metrics) as url:
        [limits] = [one for one in metrics if one.name == "kai_bridge_client_limits_total"]

        async with subscribed(f"{url}/stream/{play.id}", headers=GREEDY):
            await play.post(http, [1])
            assert not any(limits.samples().values())
            async with http.stream("GET", f"{url}/stream/{play.id}", headers=GREEDY) as answer:
                assert (await anext(answer.aiter_text())).startswith("retry: 5000")
        assert limits.samples()["streams",] == 1
        for _ in range(30):
            await http.get(f"{url}/stream/nobody?wait=false", headers=GREEDY)
        assert limits.samples()["requests",] == 12
        assert limits.samples()["rooms",] == 0
