"""Every refused or strange POST leaves one clear line in the log, and no sender can flood it."""

import json
import logging
from typing import Any

import httpx
import pytest
from temporalio.client import Client

from kai_flow.runtime import log_limiter
from kai_flow.stream.callback import MAX_BODY_BYTES
from kai_flow.stream.wire_names import NEVER_NUMBERED, RESERVED
from kai_flow.web.refusal_log import MAX_SHOWN_CHARS
from tests.integration.hubs import away, bridging
from tests.integration.log_records import records_of
from tests.integration.stage import Play, token
from tests.integration.subscriber import subscribed

JSON = {"Content-Type": "application/json"}


@pytest.fixture(autouse=True)
def every_level_is_captured(caplog: pytest.LogCaptureFixture) -> None:
    """INFO too."""
    caplog.set_level(logging.INFO)


def lines(
    caplog: pytest.LogCaptureFixture, session_id: str, name: str = "kai_flow.web.refusal_log"
) -> list[tuple[str, str]]:
    """Level and text of what that module said, other sessions left out."""
    return [(r.levelname, r.getMessage()) for r in records_of(caplog, session_id) if r.name == name]


def events(*pairs: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """The field `events`."""
    return {"events": [{"id": event_id, "event": event} for event_id, event in pairs]}


LARGE = {"type": "token", "content": "x" * 300_000}

STRANGE: list[tuple[str, dict[str, Any], int, str, str, str]] = [
    ("too large", events(("1.1.3", LARGE)), 400, "WARNING", "1.1.3", "at most"),
    ("out of order", events(("1.1.5", token(5)), ("1.1.4", token(4))), 400, "WARNING", "1.1.5",
     "out of order"),
    ("hostile id", events((f"1.1.{10**18}", token(3))), 400, "WARNING",
     f"1.1.{10**18}", "not an event id"),
    ("a gap", events(("1.1.9", token(9))), 409, "INFO", "1.1.9", "send again from 1.1.3"),
    ("another run", {"run_id": "0197c3a2-7b1e-7c55-9a2f-12d84f3a9c1e"}, 410, "INFO", "1.1.1",
     "stop"),
    ("a bad run id", {"run_id": "no\nrun"}, 400, "WARNING", "1.1.1", "run id"),
    ("another session", {"workflow_id": "a\nb"}, 400, "WARNING", "1.1.1", "/events/"),
    ("by hand", {"event": {"type": "note"}, "events": None, "run_id": None}, 400, "WARNING",
     "1.1.1", "no workflow has"),
    ("a control event by hand", {"event": {"type": "reset"}, "events": None, "run_id": None}, 400,
     "WARNING", "1.1.1", "only the bridge says so"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "status", "level", "about", "says"),
    [row[1:] for row in STRANGE],
    ids=[row[0] for row in STRANGE],
)
async def test_a_refused_post_leaves_a_line(
    play: Play,
    http: httpx.AsyncClient,
    caplog: pytest.LogCaptureFixture,
    wrong: dict[str, Any],
    status: int,
    level: str,
    about: str,
    says: str,
) -> None:
    """One line with session, event and reason, on one line, however often it is sent."""
    await play.post(http, [1, 2])
    body = json.dumps(play.body([]) | wrong)
    for _ in range(5):
        answer = await http.post(play.events_url, content=body, headers=JSON)
        assert answer.status_code == status, answer.text
    [(said_at, said)] = lines(caplog, play.id)
    assert said_at == level
    assert said.startswith(f"session {play.id}: the POST of {about} is refused with {status}: ")
    assert says in said
    assert said.isprintable()
    assert (await play.post(http, [3])).json()["received"] == "1.1.3"


async def test_each_reason_leaves_its_own_line(
    play: Play, http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    """What is refused for another reason is said, though it comes right after."""
    for _ in range(2):
        for _, wrong, *_ in STRANGE[:3]:
            await http.post(play.events_url, json=play.body([]) | wrong)
    told = [said for _, said in lines(caplog, play.id)]
    assert ["at most" in said or "order" in said or "id;" in said for said in told] == [True] * 3


async def test_what_cannot_be_read_leaves_a_line_too(
    play: Play, http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    """A body that is too long, no JSON, of another type or from a foreign page has no event id."""
    content: bytes | str
    for content, headers, status in (
        (b"x" * (MAX_BODY_BYTES + 1), JSON, 413),
        ("[" * 5000, JSON, 400),
        ("hello", {"Content-Type": "text/plain"}, 415),
        ("{}", {**JSON, "Origin": "http://evil.example"}, 403),
    ):
        caplog.clear()
        answer = await http.post(play.events_url, content=content, headers=headers)
        assert answer.status_code == status
        [(level, said)] = lines(caplog, play.id)
        assert level == "WARNING"
        assert said.startswith(
            f"session {play.id}: a POST without a readable event id is refused with {status}: "
        )


async def test_a_post_to_a_wrong_route_leaves_the_right_one(
    play: Play, http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    """The line about a POST to another path or to a stream names the route to use."""
    base = play.events_url.partition("/events/")[0]
    for path, says in (
        ("/", "path /: a POST without a readable event id is refused with 404: there is no such"),
        (f"/stream/{play.id}", f"session {play.id}: a POST without a readable event id is refused"),
    ):
        caplog.clear()
        await http.post(base + path, content="{}", headers=JSON)
        [said] = [r.getMessage() for r in caplog.records if r.name == "kai_flow.web.refusal_log"]
        assert said.startswith(says)
        assert "/events/{id}" in said


async def test_no_sender_floods_the_log(
    client: Client,
    http: httpx.AsyncClient,
    session_id: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same again is counted, other sessions are bounded as a whole, and a line is short."""
    moment = 1000.0
    monkeypatch.setattr(log_limiter, "now", lambda: moment)
    monkeypatch.setattr(log_limiter, "MAX_KINDS", 3)
    async with bridging(client) as bridge:

        async def send(about: str) -> None:
            content = '{"id": "' + "9" * 5000 + '"'
            url = f"{bridge.url}/events/{about}"
            answer = await http.post(url, content=content, headers=JSON)
            assert answer.status_code == 400

        for n in [0] * 7 + list(range(10)):
            await send(f"s{n}")
        said = [text for _, text in lines(caplog, session_id)]
        assert [text.partition(":")[0] for text in said] == [
            "session s0",
            "session s1",
            "session s2",
        ]
        moment += log_limiter.QUIET_SECONDS
        await send("s0")
        assert lines(caplog, session_id)[-1][1].endswith(" (14 more refusals were not logged)")
        await send("x" * 1_001)
        assert all(len(text) < 3 * MAX_SHOWN_CHARS for _, text in lines(caplog, session_id))


async def test_a_forged_base_or_stored_leaves_a_line(
    play: Play, http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    """A POST that moves the log by its mere word is taken, and said once with the event id."""
    await play.post(http, [1, 2])
    for base in (50, 60, 70):
        assert (await play.post(http, [], base=base)).status_code == 200
    for stored in (71, 72, 73):
        answer = await play.post(http, [], base=70, stored=f"1.1.{stored}")
        assert answer.status_code == 200
    said = [
        text for _, text in lines(caplog, play.id, "kai_flow.bridge.intake") if "closed" not in text
    ]
    assert said == [
        f"session {play.id}: a POST calls all before 1.1.50 durable; what is missing is read back",
        f"session {play.id}: events after 1.1.71 are live only",
    ]


async def test_an_unknown_session_leaves_a_line_with_the_event(
    bridge: str, http: httpx.AsyncClient, session_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Events of a session that Temporal does not know are 503, saying what to do, and logged."""
    run = "0197c3a2-7b1e-7c55-9a2f-12d84f3a9c1e"
    ids = {"session_id": session_id, "workflow_id": session_id, "run_id": run, "base": "1.1.1"}
    body = ids | events(("1.1.1", token(1)))
    for _ in range(3):
        answer = await http.post(f"{bridge}/events/{session_id}", json=body)
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "1"
        assert f"no workflow {session_id}: start it" in answer.json()["detail"]
    [(level, said)] = lines(caplog, session_id)
    assert level == "INFO"
    assert said.startswith(f"session {session_id}: the POST of 1.1.1 is refused with 503: ")


# What is not said by hand


@pytest.mark.parametrize("kind", ["token", *sorted(RESERVED - NEVER_NUMBERED)])
async def test_nobody_speaks_of_a_real_stream_by_hand(
    play: Play, http: httpx.AsyncClient, kind: str
) -> None:
    """No type is shown in a session with a workflow, whether or not the bridge has seen it."""
    body = {"session_id": play.id, "event": {"type": kind}}
    answer = await http.post(play.events_url, json=body)  # the bridge does not know the session yet
    assert answer.status_code == 400
    assert "no workflow has" in answer.json()["detail"]
    async with subscribed(play.stream_url) as reader:
        await play.post(http, [1])
        assert (await http.post(play.events_url, json=body)).status_code == 400
        await play.post(http, [2])
        await reader.until(lambda: len(reader.seen) == 2)
        assert reader.ids == ["1.1.1", "1.1.2"]


async def test_without_a_workflow_what_a_producer_says_may_be_tried_by_hand(
    bridge: str, http: httpx.AsyncClient, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No word of the bridge is: nobody ends or confuses a stream; without Temporal it is 503."""
    kinds = sorted(RESERVED - NEVER_NUMBERED)
    async with subscribed(f"{bridge}/stream/{session_id}") as reader:
        await reader.until(lambda: reader.statuses)
        for kind in sorted(RESERVED):
            body = {"session_id": session_id, "event": {"type": kind}}
            answer = await http.post(f"{bridge}/events/{session_id}", json=body)
            assert answer.status_code == (200 if kind in kinds else 400)
        await reader.saw(kinds[-1])
        assert reader.types == kinds
    monkeypatch.setattr("kai_flow.bridge.hub.FIND_SECONDS", 0.2)
    async with bridging(await away()) as lonely:
        for kind in ("started", "token"):
            body = {"session_id": session_id, "event": {"type": kind}}
            answer = await http.post(f"{lonely.url}/events/{session_id}", json=body)
            assert answer.status_code == 503


# What a refusal says


async def test_a_refusal_says_what_to_do(
    bridge: str, http: httpx.AsyncClient, session_id: str
) -> None:
    """Also one that the framework makes: too much, a bad parameter, another path or method."""
    stream, post = f"{bridge}/stream/{session_id}", f"{bridge}/events/{session_id}"
    large = await http.post(post, content=b"x" * (MAX_BODY_BYTES + 1), headers=JSON)
    for answer, status, says in (
        (large, 413, "fewer events"),
        (await http.get(f"{stream}?wait=perhaps"), 400, "true or false"),
        (await http.get(f"{stream}?event=token"), 400, "event"),
        (await http.get(f"{bridge}/streams/x"), 404, "/stream/"),
        (await http.delete(stream), 405, "GET"),
    ):
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert says in answer.json()["detail"]
