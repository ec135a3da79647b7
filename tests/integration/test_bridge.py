"""The bridge's wire contract over real sockets, with a real workflow behind it.

The numbers of sections are those of docs/reference/protocol.md.
"""

import asyncio
import json
import shutil
import time
from datetime import timedelta
from typing import Any

import httpx
import pytest
from temporalio.client import Client

from kai_flow.runtime.serving import GRACE_SECONDS
from kai_flow.settings import Settings
from kai_flow.stream import Followed, follow
from kai_flow.temporal.client import connect
from kai_flow.temporal.dev_server import dev_server
from kai_flow.web.server import running_bridge
from tests.integration.conftest import Ask
from tests.integration.log_records import records_of
from tests.integration.stage import Play, token
from tests.integration.subscriber import Subscriber, read_all, subscribed
from tests.integration.waiting import eventually


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The problem document of a refusal, which every refusal has."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["status"] == status
    assert document["detail"], "a refusal says what is wrong"
    assert "title" not in document, "it would only repeat the status"
    assert "Traceback" not in answer.text
    return document


# Taking in


async def test_events_are_acknowledged_shown_and_made_durable(
    play: Play, http: httpx.AsyncClient
) -> None:
    """A batch is answered with `received`, shown at once, and `durable` follows by itself."""
    async with subscribed(play.stream_url) as reader:
        answer = await play.post(http, [1, 2, 3])
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
        acknowledged = answer.json()
        boot_id = acknowledged.pop("bridge")
        assert acknowledged.pop("durable") in ("1.1.0", "1.1.3")
        assert acknowledged == {"received": "1.1.3", "accepts": "batch", "lists": True}
        await reader.until(lambda: len(reader.seen) == 3)
        assert [seen.event for seen in reader.seen] == [token(1), token(2), token(3)]
        assert [seen.id for seen in reader.seen] == [
            f"1.1.{n}@{play.incarnation}" for n in (1, 2, 3)
        ]
        assert reader.types == ["started", "token", "token"]
    await play.until_durable(http, "1.1.3")
    assert (await play.post(http, [])).json()["bridge"] == boot_id
    assert (await play.handle.query("progress"))["last_event_id"] == "1.1.3"


async def test_the_single_form_is_taken_like_a_batch_of_one(
    play: Play, http: httpx.AsyncClient
) -> None:
    """A POST with one `event` and its `id` counts like the batch form."""
    body = play.body([])
    del body["events"]
    for n in (1, 2):
        single = body | {"id": f"1.1.{n}", "event": token(n)}
        answer = await http.post(play.events_url, json=single)
        assert answer.json()["received"] == f"1.1.{n}"
    await play.until_durable(http, "1.1.2")


async def test_a_final_post_is_answered_once_all_is_durable(
    play: Play, http: httpx.AsyncClient
) -> None:
    """A producer's `done` flushes: its answer says that everything before it is durable."""
    await play.post(http, [1, 2])
    last = {"id": "1.1.3", "event": {"type": "done", "result": {}}}
    answer = await play.post(http, [], events=[last])
    assert answer.json() | {"bridge": ""} == {
        "received": "1.1.2", "durable": "1.1.2", "bridge": "", "accepts": "batch", "lists": True
    }  # fmt: skip
    page = await play.handle.query("events")
    assert [item["id"] for item in page["events"]] == ["1.1.1", "1.1.2"]


async def test_what_was_sent_before_changes_nothing(play: Play, http: httpx.AsyncClient) -> None:
    """The same events again, late or overlapping, are acknowledged and shown once."""
    async with subscribed(play.stream_url) as reader:
        for numbers in ([1, 2, 3], [2, 3], [1], [2, 3, 4]):
            assert (await play.post(http, numbers)).status_code == 200
        await reader.until(lambda: len(reader.seen) == 4)
        assert reader.ids == ["1.1.1", "1.1.2", "1.1.3", "1.1.4"]


async def test_a_gap_is_refused_with_the_id_to_resend_from(
    play: Play, http: httpx.AsyncClient
) -> None:
    """Events that do not follow are 409 with `expected`, and resending from there goes on."""
    await play.post(http, [1, 2])
    refusal = problem(await play.post(http, [5, 6]), 409)
    assert refusal["expected"] == "1.1.3"
    assert (await play.post(http, [3, 4, 5, 6])).json()["received"] == "1.1.6"


async def test_a_bridge_without_the_past_jumps_to_base(play: Play, http: httpx.AsyncClient) -> None:
    """What lies before `base` is read back from the workflow, and then the stream goes on live."""
    await play.signal([1, 2, 3, 4])
    async with subscribed(play.stream_url) as reader:
        answer = await play.post(http, [5, 6], base=5)
        assert answer.json()["received"] == "1.1.6"
        await reader.until(lambda: len(reader.seen) == 6)
        assert reader.ids == [f"1.1.{n}" for n in range(1, 7)]
        refusal = problem(await play.post(http, [9], base=8), 409)
        assert refusal["expected"] == "1.1.8", "never below base"


async def test_acknowledged_does_not_mean_visible_yet(play: Play, http: httpx.AsyncClient) -> None:
    """A bridge that jumped shows nothing past the hole before the history has filled it."""
    async with subscribed(play.stream_url) as reader:
        await play.post(http, [1])
        await reader.until(lambda: reader.seen)
        elsewhere = {"signaller": "another-bridge"}
        assert (await play.post(http, [5], base=5, **elsewhere)).json()["received"] == "1.1.5"
        await asyncio.sleep(0.3)
        assert reader.ids == ["1.1.1"]
        await play.signal([2, 3, 4])
        await reader.until(lambda: len(reader.seen) == 5)
        assert reader.ids == [f"1.1.{n}" for n in range(1, 6)]


async def test_a_bridge_that_is_not_the_signaller_shows_and_holds(
    play: Play, http: httpx.AsyncClient
) -> None:
    """Events that another bridge is to signal are shown at once and signalled by nobody here."""
    await play.act()
    async with subscribed(play.stream_url) as reader:
        await play.post(http, [1, 2], signaller="another-bridge")
        await reader.until(lambda: len(reader.seen) == 2)
        await asyncio.sleep(0.4)
        answer = (await play.post(http, [], signaller="another-bridge")).json()
        assert answer["durable"] == "1.1.0"
        assert (await play.handle.query("progress"))["events"] == 0
        await play.post(http, [], signaller=answer["bridge"])
        await play.until_durable(http, "1.1.2", signaller=answer["bridge"])


async def test_a_bridge_that_begins_late_keeps_the_pace_of_the_session(
    play: Play, http: httpx.AsyncClient
) -> None:
    """A bridge that never saw a session before signals as seldom as its age asks (§4.5)."""
    await play.post(http, [1], age=1_200)
    await play.until_durable(http, "1.1.1", age=1_200)
    await play.post(http, [2], base=2, age=1_200)
    await asyncio.sleep(1)  # a young session would be signalled after 0.25 s
    assert (await play.post(http, [], base=2, age=1_201)).json()["durable"] == "1.1.1"
    last = {"id": "1.1.3", "event": {"type": "done", "result": {}}}
    assert (await play.post(http, [], base=2, events=[last])).json()["durable"] == "1.1.2"


async def test_a_claim_is_held_back_until_the_workflow_accepts_it(
    play: Play, http: httpx.AsyncClient
) -> None:
    """A newer attempt is shown, and the older one refused, only once it is in the workflow."""
    await play.act(attempt=2)
    async with subscribed(play.stream_url) as reader:
        await play.post(http, [1, 2])
        claim = {"attempt": 2, "signaller": "another-bridge"}
        assert (await play.post(http, [1, 2], **claim)).json()["received"] == "1.2.2"
        assert (await play.post(http, [3])).json()["received"] == "1.1.3"
        await reader.until(lambda: len(reader.seen) == 3)
        await play.post(http, [], attempt=2)  # now this bridge is to signal
        await play.until_durable(http, "1.2.2", attempt=2)
        await reader.until(lambda: len(reader.seen) == 5)
        assert reader.ids == ["1.1.1", "1.1.2", "1.1.3", "1.2.1", "1.2.2"]
        problem(await play.post(http, [4]), 410)
        problem(await play.post(http, []), 410)


@pytest.mark.parametrize("forged", [{"attempt": 9}, {"producer": 2}, {"producer": 7, "attempt": 3}])
async def test_a_forged_newer_attempt_changes_nothing(
    play: Play, http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture, forged: dict[str, int]
) -> None:
    """Events of an attempt that Temporal has not begun are taken by nobody, and logged once."""
    await play.act()
    async with subscribed(play.stream_url) as reader:
        await play.post(http, [1, 2])
        for numbers in ([1, 2], [3], []):
            answer = await play.post(http, numbers, base=numbers[0] if numbers else 4, **forged)
            assert answer.status_code == 200
            received = answer.json()["received"]
            assert received == answer.json()["durable"]
            assert received.endswith(f".{(numbers or [4])[0] - 1}"), "nothing of it was taken"
        assert (await play.post(http, [3])).json()["received"] == "1.1.3"
        await play.until_durable(http, "1.1.3")
        await play.end(result="untouched")
        await reader.saw("done")
        assert reader.ids == ["1.1.1", "1.1.2", "1.1.3", "end"]
    origin = f"{forged.get('producer', 1)}.{forged.get('attempt', 1)}"
    said = [
        r.getMessage() for r in records_of(caplog, play.id) if r.name == "kai_flow.bridge.intake"
    ]
    assert said == [
        (
            f"session {play.id}: events of {origin} are held back until Temporal shows that this "
            "attempt has begun"
        )
    ]


async def test_a_later_producer_is_known_by_its_activity(
    play: Play, http: httpx.AsyncClient
) -> None:
    """The second streaming activity of a workflow is let in once it has begun, not before."""
    await play.act(attempt=0)
    await play.post(http, [1, 2])
    assert (await play.post(http, [1], producer=2)).json()["received"] == "2.1.0"
    await play.act(attempt=2)

    async def look() -> bool:
        answer = await play.post(http, [1], producer=2, attempt=2)
        return bool(answer.json()["received"] == "2.2.1")

    await eventually(look)
    await play.until_durable(http, "2.2.1", producer=2, attempt=2)
    problem(await play.post(http, [3]), 410)


async def test_a_closed_session_takes_nothing_more(play: Play, http: httpx.AsyncClient) -> None:
    """After the workflow's end a producer is told to stop: 410."""
    await play.post(http, [1])
    await play.until_durable(http, "1.1.1")
    await play.end(result="over")
    await play.handle.result()
    await play.post(http, [2])

    async def look() -> bool:
        return (await play.post(http, [2])).status_code == 410

    await eventually(look)
    problem(await play.post(http, [2]), 410)
    await read_all(play.stream_url)  # until the bridge has read the end, as well as been told of it
    reader = await read_all(play.stream_url)
    numbered = [seen.event for seen in reader.seen if seen.id is not None]
    assert numbered == [token(1), {"type": "done", "result": "over"}]


@pytest.mark.parametrize("claims", [{"number": 3}, {"number": 1, "attempt": 2}])
async def test_a_post_for_another_run_harms_nobody(
    play: Play, http: httpx.AsyncClient, claims: dict[str, int]
) -> None:
    """Events that name a run this session has not are refused, and the real ones go on."""
    await play.post(http, [1, 2])
    await play.until_durable(http, "1.1.2")
    other = play.run_id[:-1] + ("0" if play.run_id[-1] != "0" else "1")
    number, attempt = claims["number"], claims.get("attempt", 1)
    for run in ({"run_id": other}, {"run_id": other, "first_run_id": other}):
        problem(await play.post(http, [number], attempt=attempt, **run), 410)
    assert (await play.post(http, [3])).json()["received"] == "1.1.3"
    await play.until_durable(http, "1.1.3")


# Refusing


BAD_BODIES: list[tuple[Any, str]] = [
    ("{nope", "not a callback"),
    ("", "not a callback"),
    ("[]", "not a list of callbacks"),
    ("null", "not a callback"),
    (b'{"session_id":"\xff","event":{}}', "not a callback"),
    ("[" * 50_000, "not a list of callbacks"),
    ("{}", "session_id"),
    ('{"event":{"type":"token"}}', "session_id"),
    ({"session_id": 5, "event": {"type": "token"}}, "session_id"),
    ({"session_id": "ID"}, "'event'"),
    ({"session_id": "ID", "event": None}, "object"),
    ({"session_id": "ID", "event": []}, "object"),
    ({"session_id": "ID", "event": {}}, "'type'"),
    ({"session_id": "ID", "event": {"type": ""}}, "'type'"),
    ({"session_id": "ID", "event": {"type": 5}}, "'type'"),
    ({"session_id": "ID", "event": {"type": "a\nid: 1.1.9"}}, "control characters"),
    ({"session_id": "ID", "event": {"type": "x" * 200}}, "'type'"),
    ({"session_id": "ID", "event": {"type": "token", "content": "x" * 300_000}}, "at most"),
    ({"session_id": "ID", "event": {"type": "token"}, "id": "1.1.4"}, "workflow_id"),
    ({"events": {}}, "events"),
    ({"events": [{"id": "1.1.4"}]}, "event"),
    ({"events": [{"event": {"type": "token"}}]}, "id"),
    ({"events": [{"id": "1.1", "event": {"type": "token"}}]}, "not an event id"),
    ({"events": [{"id": "1.1.04", "event": {"type": "token"}}]}, "not an event id"),
    ({"events": [{"id": "1.1.-4", "event": {"type": "token"}}]}, "not an event id"),
    ({"events": [{"id": "1.1.9007199254740993", "event": {"type": "x"}}]}, "2^53"),
    ({"events": [{"id": f"1.1.{n}", "event": {"type": "x"}} for n in (5, 4)]}, "out of order"),
    ({"events": [{"id": f"1.1.{n}", "event": {"type": "x"}} for n in (4, 6)]}, "out of order"),
    ({"events": [{"id": "1.2.4", "event": {"type": "x"}}]}, "out of order"),
    ({"base": "0.0.1", "events": []}, "base"),
    ({"base": "1.1.0"}, "base"),
    ({"base": "1.1.5"}, "base"),
    ({"base": "1.2.1"}, "out of order"),
    ({"base": "somewhere"}, "not an event id"),
    ({"base": None}, "base"),
    ({"age": -1}, "age"),
    ({"age": 10**400}, "not a callback"),
    ({"run_id": None}, "run_id"),
    ({"run_id": ""}, "not a run id"),
    ({"run_id": "no-run"}, "not a run id"),
    ({"first_run_id": "no-run"}, "not a run id"),
    ({"run_id": "no-run", "first_run_id": None}, "not a run id"),
    ({"workflow_id": "another"}, "/events/another"),
    ({"session_id": "another"}, "another"),
    ({"event": {"type": "token"}}, "both"),
]


def bad_body(wrong: Any, play: Play) -> Any:
    """A body that is wrong as the table says: whole, or a right one with some fields replaced."""
    if not isinstance(wrong, dict):
        return wrong
    if "ID" in wrong.values() or not set(wrong) <= {"event", *play.body([])}:
        return json.dumps(wrong).replace('"ID"', json.dumps(play.id))
    return json.dumps(play.body([4]) | wrong)


async def test_a_bad_body_is_refused_and_nothing_is_lost(
    play: Play, http: httpx.AsyncClient
) -> None:
    """Each wrong body is 400 with one clear sentence, and what was accepted before stays."""
    await play.post(http, [1, 2, 3])
    for wrong, says in BAD_BODIES:
        answer = await http.post(
            play.events_url,
            content=bad_body(wrong, play),
            headers={"Content-Type": "application/json"},
        )
        detail = problem(answer, 400)["detail"]
        assert says in detail, (wrong, detail)
        assert "\n" not in detail
    assert (await play.post(http, [4])).json()["received"] == "1.1.4"
    await play.until_durable(http, "1.1.4")
    await play.end()
    assert (await read_all(play.stream_url)).ids == ["1.1.1", "1.1.2", "1.1.3", "1.1.4", "end"]


async def test_the_right_url_is_named(play: Play, http: httpx.AsyncClient) -> None:
    """A body at another session's URL is told where it belongs."""
    answer = await http.post(f"{play.bridge}/events/elsewhere", json=play.body([1]))
    assert f"/events/{play.id}" in problem(answer, 400)["detail"]
    by_hand = {"session_id": "here", "event": {"type": "token"}}
    answer = await http.post(f"{play.bridge}/events/there", json=by_hand)
    assert "/events/here" in problem(answer, 400)["detail"]


async def test_what_is_too_large_or_no_json_is_refused(play: Play, http: httpx.AsyncClient) -> None:
    """A body over 2 MiB is 413, another content type 415, and the session goes on."""
    headers = {"Content-Type": "application/json"}
    large = b'{"session_id":"' + b"x" * 2 * 1024 * 1024 + b'"}'
    problem(await http.post(play.events_url, content=large, headers=headers), 413)

    async def pieces() -> Any:
        for _ in range(40):
            yield b" " * 64 * 1024

    problem(await http.post(play.events_url, content=pieces(), headers=headers), 413)
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        answer = await http.post(
            play.events_url, content=json.dumps(play.body([1])), headers={"Content-Type": kind}
        )
        problem(answer, 415)
    assert (await play.post(http, [1])).json()["received"] == "1.1.1"


async def test_foreign_pages_are_refused(bridge: str, http: httpx.AsyncClient) -> None:
    """A request with another Host, or from a page of another origin, is 403 on every route."""
    hand_made = {"session_id": "x", "event": {"type": "token"}}
    port = bridge.rpartition(":")[2]
    for headers in (
        {"Host": "evil.example"},
        {"Host": f"evil.example:{port}"},
        {"Host": "localhost.evil.example"},
        {"Host": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Origin": "http://localhost:1"},
        {"Origin": f"http://evil.example:{port}"},
        {"Sec-Fetch-Site": "cross-site"},
    ):
        for answer in (
            await http.post(f"{bridge}/events/x", json=hand_made, headers=headers),
            await http.get(f"{bridge}/stream/x?wait=false", headers=headers),
            await http.get(f"{bridge}/healthz", headers=headers),
            await http.get(f"{bridge}/readyz", headers=headers),
        ):
            assert problem(answer, 403), headers
    for headers in ({"Origin": bridge}, {"Host": f"127.0.0.1:{port}"}, {"Host": "[::1]:1"}):
        answer = await http.post(f"{bridge}/events/x", json=hand_made, headers=headers)
        assert answer.status_code == 200, headers


async def test_chosen_origins_are_allowed(client: Client, http: httpx.AsyncClient) -> None:
    """KAI_CORS_ORIGINS lets pages of those origins in, with a preflight, and no others."""
    origin = "https://app.example.com"
    async with running_bridge(Settings(bridge_port=0, cors_origins=(origin,)), client) as url:
        preflight = {
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        }
        answer = await http.options(f"{url}/events/x", headers=preflight)
        assert answer.status_code in (200, 204)
        assert answer.headers["access-control-allow-origin"] == origin
        assert "POST" in answer.headers["access-control-allow-methods"]
        hand_made = {"session_id": "x", "event": {"type": "token"}}
        answer = await http.post(f"{url}/events/x", json=hand_made, headers={"Origin": origin})
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == origin
        other = {"Origin": "https://other.example.com"}
        answer = await http.options(f"{url}/events/x", headers=preflight | other)
        assert "access-control-allow-origin" not in answer.headers
        problem(await http.post(f"{url}/events/x", json=hand_made, headers=other), 403)


async def test_wrong_paths_and_methods_are_problems_too(
    bridge: str, http: httpx.AsyncClient
) -> None:
    """§7.1, §7.9: what is no route, method, parameter value or cursor says so as problem+json."""
    problem(await http.get(f"{bridge}/nowhere"), 404)
    assert "no such route" in problem(await http.get(f"{bridge}/stream/a%2Fb"), 404)["detail"]
    problem(await http.get(f"{bridge}/events/x"), 405)
    problem(await http.delete(f"{bridge}/stream/x"), 405)
    for query in (
        "wait=perhaps",
        "event=token",
        "last_event_id=abc",
        "last_event_id=1.1",
        "last_event_id=1.1.1%40xyz",
        "last_event_id=1.1.1%404f3a9c1",
        "last_event_id=end%40",
        "last_event_id=1.1.9007199254740993",
    ):
        problem(await http.get(f"{bridge}/stream/x?{query}"), 400)
    problem(await http.get(f"{bridge}/stream/x", headers={"Last-Event-ID": "abc"}), 400)
    problem(await http.get(f"{bridge}/stream/{'x' * 1_001}"), 400)
    problem(await http.get(f"{bridge}/stream/a%0Ab"), 400)


async def test_health_and_readiness(bridge: str, http: httpx.AsyncClient) -> None:
    """`/healthz` and `/readyz` are 200 while the process lives and Temporal answers."""
    assert (await http.get(f"{bridge}/healthz")).json() == {"status": "ok"}
    assert (await http.get(f"{bridge}/readyz")).json() == {"status": "ok"}


async def test_without_temporal_a_stream_waits(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An outage of Temporal is 503 for who cannot wait, and soon a stream for who can."""
    monkeypatch.setattr("kai_flow.bridge.hub.FIND_SECONDS", 0.2)
    async with dev_server(stop_seconds=0) as server:
        away = await connect(server.address)
    async with running_bridge(Settings(bridge_port=0), away) as url:
        assert (await http.get(f"{url}/healthz")).status_code == 200
        refusal = problem(await http.get(f"{url}/readyz"), 503)
        assert [one["reason"] for one in refusal["reasons"]] == ["temporal_unreachable"]
        assert problem(await http.get(f"{url}/stream/x?wait=false"), 503)
        async with subscribed(f"{url}/stream/x", reconnect=False) as reader:
            assert reader.statuses == [200]
            hand_made = {"session_id": "x", "event": {"type": "token"}}
            problem(await http.post(f"{url}/events/x", json=hand_made), 503)
            assert not reader.ended_at


async def test_an_error_of_ours_is_a_problem_too_and_is_logged(
    bridge: str,
    http: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What nobody foresaw is a 500 that tells nothing of the inside, and a traceback in the log."""

    async def broken(*_: object) -> None:
        raise LookupError("a secret of the inside")

    monkeypatch.setattr("kai_flow.bridge.hub.Hub.find", broken)
    answer = await http.get(f"{bridge}/stream/x")
    problem(answer, 500)
    assert "secret" not in answer.text
    assert "LookupError: a secret of the inside" in caplog.text


# By hand


async def test_the_readme_lines_show_the_event(bridge: str, session_id: str) -> None:
    """The two curl lines of the README show an event sent by hand, without an id."""
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    watching = await asyncio.create_subprocess_exec(
        curl, "-sN", f"{bridge}/stream/{session_id}", stdout=asyncio.subprocess.PIPE
    )
    assert watching.stdout is not None
    async with asyncio.timeout(60):
        assert await watching.stdout.readline() == b"retry: 1000\n"
        body = json.dumps(
            {"session_id": session_id, "event": {"type": "token", "content": "hello"}}
        )
        posting = await asyncio.create_subprocess_exec(
            curl, "-s", "-X", "POST", f"{bridge}/events/{session_id}",
            "-H", "Content-Type: application/json", "-d", body,
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        answer, _ = await posting.communicate()
        assert json.loads(answer)["received"] == "0.0.1"
        assert await watching.stdout.readline() == b"\n"
        assert await watching.stdout.readline() == b"event: token\n"
        assert await watching.stdout.readline() == b'data: {"type": "token", "content": "hello"}\n'
    watching.kill()
    await watching.communicate()


async def test_hand_made_events_are_numbered_and_live(
    bridge: str, http: httpx.AsyncClient, session_id: str
) -> None:
    """Events without an id are `0.0.n`, and everybody who reads at that moment gets them."""

    async def post(event: dict[str, Any]) -> httpx.Response:
        body = {"session_id": session_id, "event": event}
        return await http.post(f"{bridge}/events/{session_id}", json=body)

    url = f"{bridge}/stream/{session_id}"
    async with subscribed(url) as first:
        assert (await post({"type": "token", "content": "ä\u2028"})).json()["received"] == "0.0.1"
        async with subscribed(url) as late:
            answer = (await post({"type": "chart", "no": 2})).json()
            assert (answer["received"], answer["durable"]) == ("0.0.2", "0.0.0")
            await late.saw("chart")
        await first.saw("chart")
    assert first.types == ["token", "chart"]
    assert late.types == ["chart"]
    assert {seen.id for seen in first.seen} == {None}
    assert first.seen[0].event["content"] == "ä\u2028"


async def test_hand_made_events_do_not_mix_into_a_real_session(
    client: Client, stage_queue: str, bridge: str, http: httpx.AsyncClient, session_id: str
) -> None:
    """Once there is a workflow they are refused, and none that was kept before is shown."""
    url = f"{bridge}/events/{session_id}"
    by_hand = {"session_id": session_id, "event": {"type": "token", "content": "by hand"}}
    assert (await http.post(url, json=by_hand)).status_code == 200  # kept for who comes first
    handle = await client.start_workflow("Stage", id=session_id, task_queue=stage_queue)
    play = Play(client, handle, bridge)
    await play.post(http, [1])
    async with subscribed(play.stream_url) as reader:
        await reader.until(lambda: reader.ids)
        for kind in ("token", "started"):
            refused = await http.post(url, json=by_hand | {"event": {"type": kind}})
            assert "no workflow has" in problem(refused, 400)["detail"]
        await play.post(http, [2])
        await play.until_durable(http, "1.1.2")
        await play.end(result="real")
        assert (await reader.saw("done")).event["result"] == "real"
    assert reader.ids == ["1.1.1", "1.1.2", "end"]
    assert all(seen.id for seen in reader.seen)


@pytest.mark.parametrize("shown", [[], [{"type": "token", "content": "by hand"}]])
async def test_a_done_by_hand_ends_no_wait_for_a_workflow(
    ask: Ask, bridge: str, http: httpx.AsyncClient, session_id: str, shown: list[dict[str, Any]]
) -> None:
    """It is refused, whether or not a reader was shown an event sent by hand; the real one ends."""
    url = f"{bridge}/events/{session_id}"
    async with subscribed(f"{bridge}/stream/{session_id}") as early:
        await early.until(lambda: early.statuses)
        for event in shown:
            made = await http.post(url, json={"session_id": session_id, "event": event})
            assert made.status_code == 200
            await early.saw(event["type"])
        done = {"session_id": session_id, "event": {"type": "done", "result": "mine"}}
        refused = problem(await http.post(url, json=done), 400)
        assert "only the session's workflow ends its stream" in refused["detail"]
        handle = await ask({"tokens": 1})
        await early.saw("done")
    made_by_hand = [event["type"] for event in shown]
    assert early.types == [*made_by_hand, "started", "token", "ended", "done"]
    assert early.statuses == [200]
    assert early.seen[-1].event["result"] == await handle.result()


async def test_a_follower_is_shown_events_made_by_hand(
    ask: Ask, bridge: str, http: httpx.AsyncClient, session_id: str
) -> None:
    """`follow` yields them without an id, and then the events of the real session to its end."""
    body = {"session_id": session_id, "event": {"type": "note"}}  # kept for the first reader
    assert (await http.post(f"{bridge}/events/{session_id}", json=body)).status_code == 200
    followed: list[Followed] = []
    async for event in follow(bridge, session_id):
        followed.append(event)
        if event.event["type"] == "note":
            await ask({"tokens": 1})
    types = [one.event["type"] for one in followed]
    assert types == ["note", "started", "token", "ended", "done"]
    assert followed[-1].event["result"]["last_event_id"] == "1.1.2"


# Reading


async def test_a_stream_begins_as_eventsource_expects(play: Play, http: httpx.AsyncClient) -> None:
    """The first frame is `retry: 1000`, with the cursor repeated when the request carried one."""
    await play.post(http, [1, 2])
    async with subscribed(play.stream_url) as reader:
        await reader.until(lambda: len(reader.seen) == 2)
        assert reader.retry == 1000
        assert reader.id_only == []
        assert reader.headers["content-type"].startswith("text/event-stream")
        assert reader.headers["cache-control"] == "no-store"
        assert reader.headers["x-accel-buffering"] == "no"
    cursor = f"1.1.1@{play.incarnation}"
    async with subscribed(play.stream_url, cursor=cursor) as reader:
        await reader.until(lambda: reader.seen)
        assert reader.id_only == [cursor]
        assert reader.ids == ["1.1.2"]


async def test_every_form_of_a_cursor_resumes(play: Play, http: httpx.AsyncClient) -> None:
    """The header goes before the parameter, and an id without `@…` is a cursor as well."""
    await play.post(http, [1, 2, 3, 4])
    parameter = {"last_event_id": f"1.1.3@{play.incarnation}"}
    for options, ids in (
        ({"cursor": "1.1.2"}, ["1.1.3", "1.1.4"]),
        ({"params": parameter}, ["1.1.4"]),
        ({"params": parameter, "cursor": "1.1.2"}, ["1.1.3", "1.1.4"]),
        ({"params": {"last_event_id": "1.1.2"}}, ["1.1.3", "1.1.4"]),
    ):
        async with subscribed(play.stream_url, reconnect=False, **options) as reader:
            await reader.until(lambda r=reader, i=ids: len(r.seen) == len(i))  # type: ignore[misc]
            assert reader.ids == ids


async def test_subscribers_do_not_share_a_queue(play: Play, http: httpx.AsyncClient) -> None:
    """Any number of readers, whenever they come and from wherever they resume, see the same."""
    await play.post(http, range(1, 6))
    async with (
        subscribed(play.stream_url) as one,
        subscribed(play.stream_url) as two,
        subscribed(play.stream_url, cursor=f"1.1.3@{play.incarnation}") as three,
    ):
        await play.post(http, range(6, 11))
        await play.until_durable(http, "1.1.10")
        await play.end()
        for reader in (one, two, three):
            await reader.saw("done")
    assert one.seen == two.seen
    assert three.seen == one.seen[3:]
    assert (await read_all(play.stream_url)).seen == one.seen


async def test_unnamed_messages_are_the_same_events(play: Play, http: httpx.AsyncClient) -> None:
    """`?event=message` leaves out the event's name and nothing else."""
    await play.post(http, [1, 2])
    await play.until_durable(http, "1.1.2")
    await play.end(result=7)
    named = await read_all(play.stream_url)
    unnamed = await read_all(play.stream_url, params={"event": "message"})
    assert unnamed.seen == [seen._replace(type="message") for seen in named.seen]


async def test_an_unknown_session_is_404_on_request(
    bridge: str, http: httpx.AsyncClient, session_id: str
) -> None:
    """With `wait=false` a session that does not exist is refused instead of waited for."""
    problem(await http.get(f"{bridge}/stream/{session_id}?wait=false"), 404)


async def test_an_id_is_percent_encoded_and_other_parameters_are_ignored(
    bridge: str, http: httpx.AsyncClient, session_id: str
) -> None:
    """§7.1: an id of any printable characters is decoded; a misspelt parameter has no effect."""
    query = "wait=false&wiat=true"
    answer = await http.get(f"{bridge}/stream/{session_id}%20%3F%25é?{query}")
    assert f"{session_id} ?%é" in problem(answer, 404)["detail"]


async def test_subscribing_before_the_workflow_starts(
    ask: Ask, bridge: str, session_id: str
) -> None:
    """A stream may be opened first: it waits, and then shows the session from its beginning."""
    url = f"{bridge}/stream/{session_id}"
    async with subscribed(url) as early:
        handle = await ask({"tokens": 2})
        await early.saw("done")
    assert early.ids == ["1.1.1", "1.1.2", "1.1.3", "end"]
    assert early.statuses == [200]
    assert early.seen[-1].event["result"] == await handle.result()


async def test_subscribing_before_a_workflow_that_calls_nobody_back(
    ask: Ask, bridge: str, session_id: str
) -> None:
    """The bridge finds a session by itself, even when its producer never POSTs."""
    async with subscribed(f"{bridge}/stream/{session_id}") as early:
        await ask(callback_url=None)
        await early.saw("done")
    assert early.types == ["started", "ended", "done"]


async def test_a_cursor_of_an_earlier_run_is_reset(
    ask: Ask, bridge: str, session_id: str, http: httpx.AsyncClient
) -> None:
    """A new run under an old id is told as `reset`, and shown from its own beginning."""
    url = f"{bridge}/stream/{session_id}"
    await (await ask({"tokens": 3})).result()
    first = await read_all(url)
    await (await ask({"tokens": 1})).result()
    for cursor in (first.seen[2].id, first.seen[-1].id):
        again = await read_all(url, cursor=cursor)
        assert again.seen[0].id is None
        assert again.seen[0].event == {"type": "reset", "reason": "new_run"}
        assert again.ids == ["1.1.1", "1.1.2", "end"]
        assert again.seen[1].id != first.seen[0].id
    end = (await read_all(url)).seen[-1].id
    assert end is not None
    answer = await http.get(url, headers={"Last-Event-ID": end})
    assert (answer.status_code, answer.content) == (204, b"")


async def test_the_end_cursor_stops_eventsource(play: Play, http: httpx.AsyncClient) -> None:
    """Who has seen `done` gets 204, in whatever way the cursor comes, on a bridge that forgot."""
    await play.end(result=1)
    end = (await read_all(play.stream_url)).seen[-1].id
    assert end == f"end@{play.incarnation}"
    async with running_bridge(Settings(bridge_port=0), play.client) as other:
        for base in (play.bridge, other):
            url = f"{base}/stream/{play.id}"
            assert (await http.get(url, headers={"Last-Event-ID": end})).status_code == 204
            assert (await http.get(url, params={"last_event_id": end})).status_code == 204
            assert (await read_all(url, cursor=end)).statuses == [204]


async def test_continue_as_new_is_no_end(play: Play, http: httpx.AsyncClient) -> None:
    """A workflow that goes on as a new run of its chain ends the stream only with the last run."""
    async with subscribed(play.stream_url) as reader:
        await play.post(http, [1])
        await play.until_durable(http, "1.1.1")
        await play.end(again=True)

        chain = play.client.get_workflow_handle(play.id)

        async def renewed() -> bool:
            return (await chain.describe()).run_id != play.run_id

        await eventually(renewed)
        await chain.signal("end", {"result": "second"})
        done = await reader.saw("done")
    assert done.event == {"type": "done", "result": "second"}
    assert done.id == f"end@{play.incarnation}"


# The end


async def test_done_of_a_completed_workflow_is_its_result(play: Play) -> None:
    """`done` carries the result of the workflow."""
    await play.end(result={"answer": [1, None, "ü"]})
    [done] = (await read_all(play.stream_url)).seen
    assert done.event == {"type": "done", "result": {"answer": [1, None, "ü"]}}


async def test_done_of_a_failed_workflow_says_why(play: Play) -> None:
    """`done` of a failed session has the status and the innermost reason."""
    await play.end(fail="the cable was cut")
    [done] = (await read_all(play.stream_url)).seen
    assert done.event == {"type": "done", "status": "failed", "error": "the cable was cut"}


async def test_done_of_a_cancelled_workflow_says_so(play: Play) -> None:
    """`done` of a cancelled session has the status `cancelled`."""
    await play.handle.cancel()
    [done] = (await read_all(play.stream_url)).seen
    assert done.event["status"] == "cancelled"
    assert done.event["error"]


async def test_done_of_a_terminated_workflow_says_so(play: Play) -> None:
    """`done` of a terminated session is failed, with the reason that was given."""
    await play.handle.terminate(reason="enough")
    [done] = (await read_all(play.stream_url)).seen
    assert done.event["status"] == "failed"
    assert "enough" in done.event["error"]


async def test_done_of_a_workflow_that_timed_out_says_so(
    client: Client, bridge: str, session_id: str, stage_queue: str
) -> None:
    """`done` of a session that ran out of time is failed and says so."""
    await client.start_workflow(
        "Stage", id=session_id, task_queue=stage_queue, run_timeout=timedelta(seconds=1)
    )
    [done] = (await read_all(f"{bridge}/stream/{session_id}")).seen
    assert done.event == {"type": "done", "status": "failed", "error": "the session timed out"}


# Quiet streams


async def test_a_quiet_stream_has_heartbeats(
    play: Play, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stream without events sends a comment now and then, which no decoder shows as an event."""
    monkeypatch.setattr("kai_flow.bridge.subscription.HEARTBEAT_SECONDS", 0.2)
    monkeypatch.setattr("kai_flow.bridge.hub.TICK_SECONDS", 0.1)
    async with (
        running_bridge(Settings(bridge_port=0), play.client) as url,
        subscribed(f"{url}/stream/{play.id}") as reader,
    ):
        await reader.until(lambda: len(reader.comments) >= 3)
        assert reader.seen == []
        assert reader.statuses == [200]


async def test_an_idle_stream_ends_and_can_be_taken_up_again(
    play: Play, http: httpx.AsyncClient
) -> None:
    """Without an event for the set time a stream says `idle_timeout` and ends; nothing is lost."""
    settings = Settings(bridge_port=0, stream_idle_timeout=0.6)
    async with running_bridge(settings, play.client) as url:
        stream = f"{url}/stream/{play.id}"
        began = time.monotonic()
        idle = await read_all(stream, reconnect=False)
        assert [(seen.id, seen.event) for seen in idle.seen] == [(None, {"type": "idle_timeout"})]
        assert time.monotonic() - began > 0.5
        async with subscribed(stream) as reader:
            other = Play(play.client, play.handle, url)
            await other.post(http, [1])
            await reader.until(lambda: reader.types.count("idle_timeout") >= 2)
            await other.post(http, [2])
            await reader.until(lambda: reader.ids == ["1.1.1", "1.1.2"])


async def test_stopping_ends_streams_at_once_and_loses_nothing(
    play: Play, http: httpx.AsyncClient
) -> None:
    """A bridge that is told to stop flushes what it holds and ends its streams at once."""
    settings = Settings(bridge_port=0, signal_interval=5)
    async with running_bridge(settings, play.client) as url:
        other = Play(play.client, play.handle, url)
        reader = Subscriber(f"{url}/stream/{play.id}", reconnect=False)
        reading = asyncio.create_task(reader.run())
        await other.post(http, [1])
        await other.until_durable(http, "1.1.1")
        await other.post(http, [2, 3])
        await reader.until(lambda: len(reader.seen) == 3)
        stopped_at = time.monotonic()
    await reading
    assert reader.ended_at - stopped_at < GRACE_SECONDS, "after that it would be cut off"
    assert time.monotonic() - stopped_at < 15
    assert (await play.handle.query("progress"))["last_event_id"] == "1.1.3"
