"""Who may send events by hand to a bridge that asks for signatures, for tokens, or for both."""

import time
from collections.abc import AsyncIterator

import httpx
import pytest
from temporalio.client import Client

from kai_flow.settings import Settings
from kai_flow.stream.signing import SigningKeys
from kai_flow.stream.signing_keys import read_keys
from kai_flow.web.server import running_bridge
from tests.integration.stage import Play
from tests.issuing import KEYS, OLD_KEY, token

SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


@pytest.fixture(scope="module", params=["tokens", "both"])
async def guarded(client: Client, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """A bridge that asks for tokens, and one that asks for signatures as well."""
    both = request.param == "both"
    settings = Settings(
        bridge_port=0, token_keys=KEYS, signing_keys=read_keys(SECRET if both else "")
    )
    async with running_bridge(settings, client) as url:
        yield url


async def post(
    http: httpx.AsyncClient, bridge: str, session_id: str, given: str | None, **headers: str
) -> httpx.Response:
    """Send an event by hand, with this token."""
    return await http.post(
        f"{bridge}/events/{session_id}",
        json={"session_id": session_id, "event": {"type": "note"}},
        headers={**headers, **({} if given is None else {"Authorization": f"Bearer {given}"})},
    )


async def test_only_the_right_to_publish_allows_it(
    guarded: str, session_id: str, http: httpx.AsyncClient
) -> None:
    """§6.6, §8.6: by session or prefix; neither a token to read nor a cookie is enough."""
    rights = ["publish"]
    for good in (
        token(session_id, rights=rights),
        token(rights=["read", "publish", "start"], prefixes=[session_id[:5]]),
    ):
        answer = await post(http, guarded, session_id, good)
        assert (answer.status_code, answer.json()["received"][:4]) == (200, "0.0.")
    for given, status, code in (
        (token(session_id), 403, None),
        (token("another", rights=rights), 403, None),
        (token(session_id, rights=rights, key=OLD_KEY), 401, "invalid_token"),
        (token(session_id, rights=rights, seconds=-60), 401, "token_expired"),
        ("x", 401, "invalid_token"),
    ):
        answer = await post(http, guarded, session_id, given)
        assert (answer.status_code, answer.json().get("code")) == (status, code)
        assert given == "x" or given not in answer.text
    cookie = {"Cookie": f"kai_token={token(session_id, rights=rights)}"}
    assert (await post(http, guarded, session_id, None, **cookie)).status_code == 401
    assert (await post(http, guarded, session_id, None)).status_code == 401


async def test_a_list_asks_for_each_of_its_events(
    guarded: str, session_id: str, http: httpx.AsyncClient
) -> None:
    """§6.16, §8.6: one that the token does not grant is refused; one that it does goes alone."""
    documents = [
        {"session_id": name, "event": {"type": "note"}} for name in (session_id, "another")
    ]
    answer = await http.post(
        f"{guarded}/events/{session_id}",
        json=documents,
        headers={"Authorization": f"Bearer {token(session_id, rights=['publish'])}"},
    )
    assert [one["status"] for one in answer.json()] == [425, 403]


async def test_a_token_is_no_signature(client: Client, play: Play, http: httpx.AsyncClient) -> None:
    """§8.5: with keys for signatures, no token lets anybody speak as a producer."""
    settings = Settings(bridge_port=0, token_keys=KEYS, signing_keys=read_keys(SECRET))
    bearing = {"Authorization": f"Bearer {token(play.id, rights=['publish', 'read'])}"}
    async with running_bridge(settings, client) as bridge:
        url = f"{bridge}/events/{play.id}"
        await play.act()
        body = play.body([1])
        for headers in (bearing, {**bearing, "webhook-id": "msg_0123456789abcdef"}):
            answer = await http.post(url, json=body, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (401, "unsigned")
        answer = await http.post(url, json=[body], headers=bearing)
        assert [one["status"] for one in answer.json()] == [401]
        request = http.build_request("POST", url, json=body)
        fields = SigningKeys([SECRET]).sign_post(
            "msg_0123456789abcdef", time.time(), request.content
        )
        request.headers.update(fields)
        assert (await http.send(request)).status_code == 200


async def test_a_signature_needs_no_token(
    client: Client, session_id: str, http: httpx.AsyncClient
) -> None:
    """§6.6: whoever has the key of producers may send events by hand."""
    settings = Settings(bridge_port=0, token_keys=KEYS, signing_keys=read_keys(SECRET))
    async with running_bridge(settings, client) as bridge:
        request = http.build_request(
            "POST",
            f"{bridge}/events/{session_id}",
            json={"session_id": session_id, "event": {"type": "note"}},
        )
        fields = SigningKeys([SECRET]).sign_post(
            "msg_0123456789abcdef", time.time(), request.content
        )
        request.headers.update(fields)
        assert (await http.send(request)).status_code == 200
