"""Tokens at a real bridge: who gets a stream, what others are told, and when a stream ends."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator

import httpx
import pytest
from temporalio.client import Client

from kai_flow.access import checker, tokens
from kai_flow.access.key_ring import Secret
from kai_flow.bridge import hub
from kai_flow.settings import Settings
from kai_flow.stream import follow
from kai_flow.web.server import running_bridge
from tests.integration.stage import Play
from tests.integration.subscriber import read_all, subscribed
from tests.issuing import KEY, KEYS, OLD_KEY, assembled, claims, issued, token

ORIGIN = "https://app.example.com"
SETTINGS = Settings(bridge_port=0, token_keys=KEYS, cors_origins=(ORIGIN,))


@pytest.fixture(scope="module")
async def guarded(client: Client) -> AsyncIterator[str]:
    """The base URL of a bridge that asks for tokens."""
    async with running_bridge(SETTINGS, client) as url:
        yield url


def stream(bridge: str, session_id: str) -> str:
    """Its URL."""
    return f"{bridge}/stream/{session_id}"


def bearing(given: str) -> dict[str, str]:
    """The header with this token."""
    return {"Authorization": f"Bearer {given}"}


async def status(http: httpx.AsyncClient, url: str, **options: object) -> int:
    """The status of a request for a stream, of which nothing is read."""
    async with http.stream("GET", url, **options) as answer:  # type: ignore[arg-type]
        return answer.status_code


async def test_a_stream_needs_a_token(guarded: str, play: Play, http: httpx.AsyncClient) -> None:
    """§8.6: without one 401; with one in the header, in the query or in a cookie, the stream."""
    url, good = stream(guarded, play.id), token(play.id)
    answer = await http.get(url)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert answer.headers["Content-Type"] == "application/problem+json"
    await play.signal([1, 2])
    await play.end(result=1)
    for options in (
        {"headers": bearing(good)},
        {"params": {"token": good}},
        {"headers": {"Cookie": f"kai_token={good}"}},
    ):
        reader = await read_all(url, **options)
        assert (reader.statuses, reader.types[-1]) == ([200], "done")
        assert reader.ids[:2] == ["1.1.1", "1.1.2"]


def bad_tokens(session_id: str) -> list[str]:
    """Everything that is wrong with a token."""
    at = time.time()
    good = token(session_id)
    head, says, signature = good.split(".")
    return [
        "x",
        "",
        token(session_id, key=OLD_KEY),
        f"{head}.{says}.{signature[:-5]}",
        f"{head}.{says}.",
        tokens.sign(Secret("unknown", OLD_KEY), claims(at, sessions=[session_id])),
        issued("RS256", claims(at, sessions=[session_id]), "r"),
        assembled({"alg": "none"}, claims(at, sessions=[session_id])),
        token(session_id, aud="another"),
        token(session_id, exp=None),
        token(session_id, sub=None),
        token(session_id, nbf=at + 600),
        token(session_id, iat=at + 600),
        token(session_id, key=OLD_KEY, seconds=-600),
        token(session_id, org="../x"),
        "x" * 9_000,
    ]


async def test_whatever_is_wrong_gets_the_same_answer(
    guarded: str,
    play: Play,
    http: httpx.AsyncClient,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """§8.6: byte for byte, in header, query and cookie; no answer and no log line has a token."""
    caplog.set_level(logging.DEBUG)
    url, answers = stream(guarded, play.id), set()
    given = bad_tokens(play.id)
    for bad in given:
        requests = [
            http.build_request("GET", url, params={"token": bad}),
            http.build_request("GET", url, headers={"Cookie": f"kai_token={bad}"}),
        ]
        if bad:  # httpx sends no header that ends with a space
            requests.append(http.build_request("GET", url, headers=bearing(bad)))
        for request in requests:
            answer = await http.send(request)
            headers = {name: text for name, text in answer.headers.items() if name != "date"}
            answers.add((answer.status_code, answer.content, tuple(sorted(headers.items()))))
    [(code, body, headers_)] = answers
    assert code == 401
    assert b'"code":"invalid_token"' in body
    assert dict(headers_)["www-authenticate"] == 'Bearer error="invalid_token"'
    assert dict(headers_)["cache-control"] == "no-store"
    refusals = [r for r in caplog.records if r.name == "kai_flow.web.token_access"]
    said = " ".join(record.getMessage() for record in refusals)
    for why in (
        "signature",
        "no such key",
        "algorithm",
        "audience",
        "exp",
        "not valid yet",
        "no JWT",
    ):
        assert why in said
    assert all(f"session {play.id}" in record.getMessage() for record in refusals)
    written = [r for r in caplog.records if not r.name.startswith(("httpx", "httpcore"))]
    for record in written:
        assert not [bad for bad in given if len(bad) > 9 and bad in record.getMessage()]


async def test_an_expired_token_is_told_apart(
    guarded: str, play: Play, http: httpx.AsyncClient
) -> None:
    """§8.6: 401 in the header; in the query a stream that says so, with its own cursor."""
    url, over = stream(guarded, play.id), token(play.id, seconds=-60)
    for headers in (bearing(over), {"Cookie": f"kai_token={over}"}):
        answer = await http.get(url, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "token_expired")
    cursor = f"1.1.1@{play.incarnation}"
    params = {"token": over, "wait": "false", "last_event_id": cursor}
    answer = await http.get(url, params=params)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert answer.text == (
        f'retry: 1000\n\nid: {cursor}\n\nevent: token_expired\ndata: {{"type":"token_expired"}}\n\n'
    )


@pytest.mark.parametrize(
    "more",
    [
        {"seconds": 301.0},
        {"iat": None},
        {"prefixes": ["s"]},
        {"conversations": ["s"]},
        {"sessions": ["{id}", "another"]},
        {"sessions": None, "org": "acme"},
        {"sessions": None, "prefixes": ["{id}"]},
    ],
)
async def test_a_token_for_more_may_not_stand_in_a_url(
    guarded: str, play: Play, http: httpx.AsyncClient, more: dict[str, object]
) -> None:
    """§8.6: a long life or more than one session in the query is refused; the header takes it."""
    filled = json.loads(json.dumps(more).replace("{id}", play.id))
    given = token(play.id, **filled)
    url = stream(guarded, play.id)
    answer = await http.get(url, params={"token": given})
    assert answer.status_code == 403
    assert "in the header" in answer.json()["detail"]
    assert given not in answer.text
    if "org" not in more:
        assert await status(http, url, headers=bearing(given)) == 200


async def test_what_a_token_does_not_grant_is_not_there(
    guarded: str, play: Play, http: httpx.AsyncClient
) -> None:
    """§8.6: the same 404 whether or not there is such a session, and whether or not it waits."""
    missing = f"x{play.id[1:]}"
    for given in (
        token("another"),
        token(prefixes=["another"]),
        token(),
        token(play.id, missing, rights=["publish"]),
    ):
        for params in ({}, {"wait": "false"}, {"last_event_id": f"1.1.1@{play.incarnation}"}):
            answers = [
                await http.get(stream(guarded, name), headers=bearing(given), params=params)
                for name in (play.id, missing)
            ]
            assert [one.status_code for one in answers] == [404, 404]
            there, not_there = (
                one.text.replace(name, "?")
                for one, name in zip(answers, (play.id, missing), strict=True)
            )
            assert there == not_there


async def test_a_prefix_grants_what_begins_with_it(
    guarded: str, play: Play, http: httpx.AsyncClient
) -> None:
    """§8.6: sessions of a conversation have ids that begin with the conversation's."""
    given = token(prefixes=[play.id[:-3]])
    assert await status(http, stream(guarded, play.id), headers=bearing(given)) == 200
    assert await status(http, stream(guarded, play.id[:-4]), headers=bearing(given)) == 404


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a leeway, and deadlines are looked at often."""
    for module in (tokens, checker):
        monkeypatch.setattr(module, "LEEWAY_SECONDS", 0.0)
    monkeypatch.setattr(hub, "TICK_SECONDS", 0.05)


async def test_a_stream_ends_with_its_token(
    hasty: None, client: Client, play: Play, http: httpx.AsyncClient
) -> None:
    """§8.6: `token_expired`, and the end; a new token goes on at the cursor, with nothing lost."""
    async with running_bridge(SETTINGS, client) as bridge:
        url = stream(bridge, play.id)
        play.events_url = f"{bridge}/events/{play.id}"
        await play.act()
        await play.post(http, [1, 2])
        short = bearing(token(play.id, seconds=1.5))
        async with subscribed(url, headers=short, reconnect=False) as reader:
            await reader.saw("token")
            await reader.saw("token_expired")
            await reader.until(lambda: reader.ended_at)
        assert reader.types == ["started", "token", "token_expired"]
        assert reader.seen[-1].id is None
        await play.post(http, [3])
        async with subscribed(
            url, headers=bearing(token(play.id)), cursor=reader.cursor, reconnect=False
        ) as again:
            await again.until(lambda: again.ids == ["1.1.3"])


async def test_event_source_is_told_again_until_it_has_a_new_url(
    hasty: None, client: Client, play: Play, http: httpx.AsyncClient
) -> None:
    """§8.6: whoever comes again with the expired token in the query gets 200 each time."""
    async with running_bridge(SETTINGS, client) as bridge:
        params = {"token": token(play.id, seconds=0.5)}
        async with subscribed(stream(bridge, play.id), params=params) as reader:
            await reader.until(lambda: reader.types.count("token_expired") > 3)
        assert set(reader.statuses) == {200}
        assert set(reader.types) == {"token_expired"}


async def test_follow_goes_on_with_one_token_after_another(
    hasty: None, client: Client, play: Play, http: httpx.AsyncClient
) -> None:
    """§7.11: it asks for a token for each connection, and each event comes once."""
    given: list[str] = []

    async def get_token() -> str:
        # the second one has expired on its way
        given.append(token(play.id, seconds=-60 if len(given) == 1 else 0.7))
        return given[-1]

    async with running_bridge(SETTINGS, client) as bridge:
        play.events_url = f"{bridge}/events/{play.id}"
        await play.act()
        events = follow(bridge, play.id, token=get_token)
        seen: list[str] = []
        number = 0
        while len(given) < 4:
            number += 1
            await play.post(http, [number])
            while (event := await anext(events))[0] is None:
                seen.append(event[1]["type"])
            seen.append(str(event[0]).partition("@")[0])
            await asyncio.sleep(0.1)
        await events.aclose()
    assert [one for one in seen if one != "token_expired"] == [
        f"1.1.{n}" for n in range(1, number + 1)
    ]
    assert seen.count("token_expired") == 2


async def test_health_needs_no_token(guarded: str, http: httpx.AsyncClient) -> None:
    """§8.6: a supervisor has none."""
    for path in ("healthz", "readyz"):
        assert (await http.get(f"{guarded}/{path}")).status_code == 200


async def test_a_page_of_a_named_origin_may_send_its_token(
    guarded: str, http: httpx.AsyncClient
) -> None:
    """§8.6, §8.1: the preflight allows `Authorization` and cookies; refusals can be read."""
    url = stream(guarded, "s1")
    asking = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization,last-event-id",
    }
    answer = await http.options(url, headers=asking)
    assert answer.is_success
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    allowed = answer.headers["Access-Control-Allow-Headers"].lower().replace(" ", "").split(",")
    assert {"authorization", "last-event-id"} <= set(allowed)
    refused = await http.get(url, headers={"Origin": ORIGIN})
    assert refused.status_code == 401
    assert refused.headers["Access-Control-Allow-Origin"] == ORIGIN
    foreign = await http.get(url, headers={"Origin": "https://evil.example"})
    assert foreign.status_code == 403
    assert "Access-Control-Allow-Origin" not in foreign.headers


async def test_a_bridge_without_keys_ignores_tokens(
    bridge: str, play: Play, http: httpx.AsyncClient
) -> None:
    """§8.6: on loopback everything stays as easy as it was."""
    assert await status(http, stream(bridge, play.id), headers=bearing("x")) == 200
    assert await status(http, stream(bridge, play.id), params={"token": "x"}) == 200


async def test_an_issuer_that_does_not_answer_is_no_reason_for_a_401(
    client: Client, http: httpx.AsyncClient
) -> None:
    """§8.6: a reader is told to come again, as nobody knows whether the token is good."""
    settings = Settings(bridge_port=0, token_jwks_url="http://127.0.0.1:9/keys")
    async with running_bridge(settings, client) as bridge:
        says = claims(time.time())
        answer = await http.get(stream(bridge, "s1"), headers=bearing(issued("ES256", says)))
        assert answer.status_code == 200
        assert answer.text.startswith("retry: 1000\n: no token can be checked")
        confused = tokens.sign(Secret(None, KEY), says)
        answer = await http.get(stream(bridge, "s1"), headers=bearing(confused))
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


async def test_a_hundred_bad_tokens_at_once_break_nothing(
    guarded: str, play: Play, http: httpx.AsyncClient
) -> None:
    """§8.6: any bytes that HTTP carries, and the bridge goes on serving."""
    url = stream(guarded, play.id)

    async def ask(number: int) -> int:
        noise = bytes((number * 7 + place * 31) % 223 + 33 for place in range(number % 90 + 1))
        head = {b"Authorization": b"Bearer " + noise.replace(b"\x7f", b"x")}
        return (await http.get(url, headers=head)).status_code

    assert set(await asyncio.gather(*map(ask, range(100)))) == {401}
    assert await status(http, url, headers=bearing(token(play.id))) == 200
