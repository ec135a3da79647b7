"""The issuer of tokens hangs, refuses or goes away, and `/readyz` of a real bridge says so."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any, Final

import httpx
import pytest
from temporalio.client import Client

from kai_flow.access import issuer_keys
from kai_flow.runtime.ports import free_port
from kai_flow.settings import Settings
from kai_flow.temporal.health import READY_TIMEOUT
from kai_flow.web.server import running_bridge
from tests.integration.stage import Play
from tests.integration.subscriber import read_all
from tests.integration.waiting import eventually
from tests.issuing import claims, issued, key_set, published
from tests.unit.test_access_issuer_keys import Issuer, serving
from tests.unit.test_access_issuer_keys import http as answer

KEYS: Final = key_set(published("RS256", "r"))


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys are fetched again at once, and kept for as long as ever."""
    monkeypatch.setattr(issuer_keys, "FETCH_SECONDS", 0.5)
    monkeypatch.setattr(issuer_keys, "REFRESH_SECONDS", 0.0)
    monkeypatch.setattr(issuer_keys, "FRESH_SECONDS", 0.0)


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    """An issuer that answers nothing."""
    async with serving() as one:
        one.answer = None
        yield one


async def ready(http: httpx.AsyncClient, bridge: str) -> tuple[int, Any]:
    """Status and document of `/readyz`."""
    found = await http.get(f"{bridge}/readyz")
    return found.status_code, found.json()


def bearing(session_id: str) -> dict[str, str]:
    """A header with a token of the issuer."""
    says = claims(time.time(), sessions=[session_id])
    return {"Authorization": f"Bearer {issued('RS256', says, 'r')}"}


async def test_a_bridge_is_not_ready_before_it_has_keys(
    client: Client, issuer: Issuer, play: Play, http: httpx.AsyncClient
) -> None:
    """The issuer hangs, then refuses: 503 with the reason. When it answers, all is well."""
    settings = Settings(bridge_port=0, token_jwks_url=issuer.url)
    async with running_bridge(settings, client) as bridge:
        status, document = await ready(http, bridge)
        assert status == 503
        assert [one["reason"] for one in document["reasons"]] == ["token_keys_unreachable"]
        assert "KAI_TOKEN_JWKS_URL cannot be fetched: no whole answer within" in document["detail"]
        issuer.answer = answer(b"", "503 Service Unavailable")
        status, document = await ready(http, bridge)
        assert (status, document["detail"].endswith("has the status 503")) == (503, True)
        issuer.answer = answer(KEYS)
        assert await ready(http, bridge) == (200, {"status": "ok"})
        await play.signal([1, 2])
        await play.end(result=1)
        reader = await read_all(f"{bridge}/stream/{play.id}", headers=bearing(play.id))
        assert reader.types[-1] == "done"


async def test_a_bridge_that_keeps_keys_is_ready_and_warns(
    client: Client, play: Play, http: httpx.AsyncClient
) -> None:
    """The issuer has gone: tokens of a kept key count on, and the warning says for how long."""
    async with serving() as issuer:
        settings = Settings(bridge_port=0, token_jwks_url=issuer.url)
        async with running_bridge(settings, client) as bridge:
            issuer.answer = answer(KEYS)
            assert await ready(http, bridge) == (200, {"status": "ok"})
            issuer.answer = None
            status, document = await ready(http, bridge)
            assert (status, document["status"]) == (200, "ok")
            [warning] = document["warnings"]
            assert warning["reason"] == "token_keys_unreachable"
            assert warning["detail"].endswith("those kept count for 59 min")
            await play.signal([1, 2])
            await play.end(result=1)
            reader = await read_all(f"{bridge}/stream/{play.id}", headers=bearing(play.id))
            assert (reader.statuses, reader.types[-1]) == ([200], "done")


async def test_a_refused_connection_is_a_reason(client: Client, http: httpx.AsyncClient) -> None:
    """Nobody listens there; and as soon as somebody does, the bridge is ready."""
    port = free_port()
    settings = Settings(bridge_port=0, token_jwks_url=f"http://127.0.0.1:{port}/keys")
    async with running_bridge(settings, client) as bridge:
        status, document = await ready(http, bridge)
        assert status == 503
        assert "cannot be fetched: " in document["detail"]
        issuer = Issuer()
        issuer.answer = answer(KEYS)
        async with await asyncio.start_server(issuer.serve, "127.0.0.1", port):

            async def well() -> bool:
                return await ready(http, bridge) == (200, {"status": "ok"})

            await eventually(well)


async def test_supervisors_do_not_wait_for_a_silent_issuer(
    client: Client, issuer: Issuer, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer comes after the time for Temporal's, whatever a fetch may take."""
    monkeypatch.setattr(issuer_keys, "FETCH_SECONDS", 30.0)
    assert READY_TIMEOUT.total_seconds() == 2
    settings = Settings(bridge_port=0, token_jwks_url=issuer.url)
    async with running_bridge(settings, client) as bridge:
        began = time.monotonic()
        status, document = await ready(http, bridge)
        assert (status, document["detail"].endswith("no answer within 2 s")) == (503, True)
        assert time.monotonic() - began < 4
