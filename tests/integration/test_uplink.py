"""Lists of documents: what a bridge answers to each, and producers that share their POSTs."""

import asyncio
import json
import secrets
from collections import Counter
from datetime import timedelta

import httpx
import pytest
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker

from kai_flow.stream import EventProducer, StreamPlugin
from kai_flow.stream.list_form import MAX_DOCUMENTS
from kai_flow.stream.reader import read_history
from tests.integration.stage import Play, token

SESSIONS = 12
TOKENS = 40
NOBODY = {"session_id": "nobody", "workflow_id": "nobody"}


@pytest.mark.parametrize("path", ["/events", "/events/{}"])
async def test_each_document_of_a_list_gets_its_own_answer(
    play: Play, http: httpx.AsyncClient, path: str
) -> None:
    """One that must wait for Temporal is to be sent alone, and holds up no other (§6.16)."""
    url = play.bridge + path.format(play.id)
    await play.post(http, [1])  # the bridge knows the session from here on
    other = play.body([]) | NOBODY
    documents = [play.body([2]), other, {"session_id": play.id}, play.body([2, 3]), play.body([9])]
    answer = await http.post(url, json=documents)
    assert answer.status_code == 200
    taken, sent_alone, malformed, repeated, early = answer.json()
    assert (taken["status"], taken["body"]["received"]) == (200, "1.1.2")
    assert (repeated["status"], repeated["body"]["received"]) == (200, "1.1.3")
    assert taken["body"]["lists"] is True
    assert sent_alone["status"] == 425
    assert "alone" in sent_alone["body"]["detail"]
    assert malformed["status"] == 400
    assert "needs an 'event'" in malformed["body"]["detail"]
    assert (early["status"], early["body"]["expected"]) == (409, "1.1.4")
    alone = await http.post(f"{play.bridge}/events/nobody", json=other)
    assert (alone.status_code, alone.headers["Retry-After"]) == (503, "1")


async def test_a_refusal_in_a_list_has_its_pause(
    play: Play, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`retry_after` is the `Retry-After` that the document would get alone."""
    await play.post(http, [1])
    monkeypatch.setattr("kai_flow.bridge.memory_budget.MAX_BYTES", 0)
    full, probe = (await http.post(play.events_url, json=[play.body([2]), play.body([])])).json()
    assert (full["status"], full["retry_after"]) == (429, 1)
    assert probe["status"] == 200
    assert "retry_after" not in probe


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"[" + b",".join([b"{}"] * (MAX_DOCUMENTS + 1)) + b"]", "at most 64"),
        (b'[{"session_id":"a"},{"session', "not a list of callbacks"),
        (b" [1", "not a list of callbacks"),
        (b"[]", "it is empty"),
    ],
)
async def test_a_list_that_cannot_be_read_is_refused_as_a_whole(
    play: Play, http: httpx.AsyncClient, body: bytes, why: str
) -> None:
    """Nothing of it is taken."""
    headers = {"Content-Type": "application/json"}
    for url in (play.events_url, f"{play.bridge}/events"):
        answer = await http.post(url, content=body, headers=headers)
        assert answer.status_code == 400
        assert why in answer.json()["detail"]


async def test_a_single_document_needs_the_url_of_its_session(
    play: Play, http: httpx.AsyncClient
) -> None:
    """The refusal names the URL."""
    answer = await http.post(f"{play.bridge}/events", json=play.body([1]))
    assert answer.status_code == 400
    assert "/events/{id}" in answer.json()["detail"]


async def test_a_final_post_in_a_list_is_answered_only_if_all_is_durable(
    play: Play, http: httpx.AsyncClient
) -> None:
    """Otherwise it is to be sent alone, where it waits for that (§6.5)."""
    final = {"id": "1.1.3", "event": {"type": "done", "result": None}}
    events = [{"id": f"1.1.{n}", "event": token(n)} for n in (1, 2)]
    await play.post(http, [1])
    ending = play.body([], events=[*events, final])
    [answer] = (await http.post(play.events_url, json=[ending])).json()
    assert answer["status"] == 425
    body = play.body([], base=3, id="1.1.3", event=final["event"])
    del body["events"]
    alone = await http.post(play.events_url, json=body)
    assert alone.json()["durable"] == "1.1.2"
    [answer] = (await http.post(play.events_url, json=[body])).json()
    assert (answer["status"], answer["body"]["durable"]) == (200, "1.1.2")


posts: Counter[str] = Counter()
"""POSTs of the worker below, by form."""


async def _count(request: httpx.Request) -> None:
    body = json.loads(request.content)
    posts["list" if isinstance(body, list) else "alone"] += 1
    posts["documents"] += len(body) if isinstance(body, list) else 1


class Chatter:
    """An activity that streams, with an HTTP client that it shares with all others, or has not."""

    def __init__(self, http: httpx.AsyncClient | None) -> None:
        self._http = http

    @activity.defn
    async def chatter(self, callback_url: str) -> int:
        """Many tokens; the number that was delivered."""
        async with EventProducer(callback_url=callback_url, http=self._http) as producer:
            for number in range(TOKENS):
                await producer.send({"type": "token", "content": f"{number} "})
                await asyncio.sleep(0.02)
            await producer.settle()
            return producer.events_sent


@workflow.defn(sandboxed=False)
class Chattering:
    """One such activity."""

    @workflow.run
    async def run(self, callback_url: str) -> int:
        """What it has delivered."""
        return await workflow.execute_activity_method(
            Chatter.chatter, callback_url, start_to_close_timeout=timedelta(seconds=30)
        )


@pytest.mark.parametrize("own", [False, True], ids=["client of the worker", "client of their own"])
async def test_sessions_of_a_worker_share_their_posts(
    client: Client, bridge: str, session_id: str, own: bool
) -> None:
    """Every event is delivered once and stored, in fewer POSTs than there are documents."""
    posts.clear()
    queue = f"chatter-{secrets.token_hex(4)}"
    async with httpx.AsyncClient(trust_env=False, event_hooks={"request": [_count]}) as http:
        chatter = Chatter(None if own else http)
        async with Worker(
            client,
            task_queue=queue,
            workflows=[Chattering],
            activities=[chatter.chatter],
            plugins=[StreamPlugin()],
        ):
            ids = [f"{session_id}/{n}".replace("/", "-") for n in range(SESSIONS)]
            delivered = await asyncio.gather(
                *(
                    client.execute_workflow(
                        Chattering.run, f"{bridge}/events/{one}", id=one, task_queue=queue
                    )
                    for one in ids
                )
            )
    assert delivered == [TOKENS + 1] * SESSIONS
    for one in ids:
        assert len(await read_history(client, one)) == TOKENS + 1
    if not own:
        assert posts["list"] > 0, posts
        assert posts["list"] + posts["alone"] < posts["documents"], posts
