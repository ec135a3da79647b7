"""Producers and bridges that know each other by signatures (§8.5), over the real stack."""

import asyncio
import base64
import json
import logging
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker

from kai_flow.settings import Settings
from kai_flow.stream import EventProducer, StreamPlugin
from kai_flow.stream.reader import read_history
from kai_flow.stream.signing import SigningKeys
from kai_flow.stream.signing_keys import read_keys
from kai_flow.web.server import running_bridge
from tests.integration.receivers import answer, receiving
from tests.integration.stage import Play
from tests.integration.subscriber import read_all

TOKENS = 30
SESSIONS = 6


def new_key() -> str:
    """A key of 32 random bytes."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


KEY = new_key()


@asynccontextmanager
async def bridge_with(client: Client, *keys: str) -> AsyncIterator[str]:
    """The base URL of a bridge with these keys."""
    settings = Settings(bridge_port=0, signing_keys=read_keys(keys))
    async with running_bridge(settings, client) as url:
        yield url


@activity.defn
async def talk(callback_url: str) -> dict[str, Any]:
    """Tokens for a moment; what was delivered."""
    async with EventProducer(callback_url=callback_url) as producer:
        for number in range(TOKENS):
            await producer.send({"type": "token", "content": f"{number} "})
            await asyncio.sleep(0.01)
        await producer.settle()
        return {"sent": producer.events_sent, "failed": producer.events_failed}


@workflow.defn(sandboxed=False)
class Talking:
    """One such activity."""

    @workflow.run
    async def run(self, callback_url: str) -> dict[str, Any]:
        """What it has delivered."""
        return await workflow.execute_activity(
            talk, callback_url, start_to_close_timeout=timedelta(seconds=30)
        )


async def talked(client: Client, url: str, ids: list[str], *keys: str) -> list[dict[str, Any]]:
    """What sessions with these ids deliver to the bridge at `url`, by a worker with these keys."""
    queue = f"signing-{secrets.token_hex(4)}"
    async with Worker(
        client,
        task_queue=queue,
        workflows=[Talking],
        activities=[talk],
        plugins=[StreamPlugin(signing_keys=keys)],
    ):
        return await asyncio.gather(
            *(
                client.execute_workflow(
                    Talking.run, f"{url}/events/{one}", id=one, task_queue=queue
                )
                for one in ids
            )
        )


async def test_signed_sessions_stream_as_others_do(client: Client, session_id: str) -> None:
    """Alone and in lists, with one key in common: shown, stored once, and believed."""
    async with bridge_with(client, new_key(), KEY) as url:
        ids = [f"{session_id}-{n}" for n in range(SESSIONS)]
        readers = [asyncio.create_task(read_all(f"{url}/stream/{one}")) for one in ids]
        delivered = await talked(client, url, ids, KEY, new_key())
        seen = await asyncio.gather(*readers)
    assert delivered == [{"sent": TOKENS + 1, "failed": 0}] * SESSIONS
    for one, events in zip(ids, seen, strict=True):
        assert [event.type for event in events.seen][:2] == ["started", "token"]
        assert len(await read_history(client, one)) == TOKENS + 1


@pytest.mark.parametrize("worker_keys", [[], [new_key()]], ids=["none", "another key"])
async def test_a_bridge_with_keys_takes_nothing_without_one(
    client: Client, session_id: str, caplog: pytest.LogCaptureFixture, worker_keys: list[str]
) -> None:
    """The producer stores its events by itself, so none is lost, and both logs tell why."""
    caplog.set_level(logging.INFO)
    async with bridge_with(client, KEY) as url:
        [delivered] = await talked(client, url, [session_id], *worker_keys)
    assert delivered["sent"] == 0
    assert len(await read_history(client, session_id)) == TOKENS + 1
    assert "callback failed, events still go to the workflow: HTTP 401" in caplog.text
    assert "is refused with 401: the POST is not signed with a key" in caplog.text


async def test_a_bridge_without_keys_is_believed_by_no_worker_with_keys(
    client: Client, bridge: str, session_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What it answers is delivery only: whoever takes the port of a bridge can say no more."""
    [delivered] = await talked(client, bridge, [session_id], KEY)
    assert delivered == {"sent": TOKENS + 1, "failed": 0}
    assert len(await read_history(client, session_id)) == TOKENS + 1
    assert "not signed with a key of this worker (KAI_SIGNING_KEYS)" in caplog.text


@pytest.mark.parametrize("status", ["200 OK", "409 Conflict", "410 Gone"])
async def test_a_fake_bridge_loses_nothing_and_stops_no_agent(
    client: Client, session_id: str, status: str
) -> None:
    """It claims that all is durable, that all is missing, or that the attempt is over."""
    claims = {"received": "1.1.31", "durable": "1.1.31", "expected": "1.1.1", "bridge": "fake"}
    reply = answer(status, json.dumps({**claims, "accepts": "batch", "lists": True}).encode())
    async with receiving(reply) as fake:
        await talked(client, fake.url.removesuffix("/hook"), [session_id], KEY)
        head = fake.heads[0]
    assert "webhook-signature: v1," in head
    assert len(await read_history(client, session_id)) == TOKENS + 1


async def test_an_answer_of_before_is_no_answer(client: Client, session_id: str) -> None:
    """A signed answer that somebody has kept is bound to the POST that it answered."""
    claims = json.dumps({"received": "1.1.31", "durable": "1.1.31", "bridge": "kept"}).encode()
    kept = SigningKeys([KEY]).sign_answer("msg_0123456789abcdef", 200, time.time(), claims)
    fields = [f"{name}: {value}" for name, value in kept.items()]
    async with receiving(answer("200 OK", claims, *fields)) as fake:
        await talked(client, fake.url.removesuffix("/hook"), [session_id], KEY)
    assert len(await read_history(client, session_id)) == TOKENS + 1


async def test_a_forged_event_replaces_no_real_one(
    client: Client, play: Play, http: httpx.AsyncClient
) -> None:
    """With the run id, but without a key, nobody can put words into a session."""
    async with bridge_with(client, KEY) as url:
        body = json.dumps(play.body([1])).encode()
        target = f"{url}/events/{play.id}"
        head = {"Content-Type": "application/json"}
        forged = await http.post(target, content=body, headers=head)
        assert (forged.status_code, forged.json()["code"]) == (401, "unsigned")
        fields = SigningKeys([KEY]).sign_post("msg_0123456789abcdef", time.time(), body)
        real = await http.post(target, content=body, headers=head | fields)
        assert (real.status_code, real.json()["received"]) == (200, "1.1.1")
        again = await http.post(target, content=body, headers=head | fields)
        assert (again.status_code, again.json()["code"]) == (401, "repeated")
        chunked = await http.post(target, content=_parts(body), headers=head)
        assert (chunked.status_code, chunked.json()["code"]) == (401, "unsigned")


async def _parts(body: bytes) -> AsyncIterator[bytes]:
    """A body of unknown length: the way of POSTs that are not plain."""
    yield body
