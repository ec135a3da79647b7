"""The bound on what a session stores, made small, on the real server, worker and bridge."""

import asyncio
import secrets
from collections import defaultdict
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import httpx
import pytest
from temporalio.client import Client, WorkflowExecutionStatus

from kai_flow.agents import Task
from kai_flow.settings import Settings
from kai_flow.stream import Followed, follow
from kai_flow.stream.place import NOWHERE
from kai_flow.stream.reader import read_history
from kai_flow.stream.session_log import SessionLog
from kai_flow.stream.wire_names import UNSTORED
from kai_flow.web.server import running_bridge
from tests.integration.conftest import Handle, worker_on
from tests.integration.hubs import bridging
from tests.integration.reporting import Report, library_worker
from tests.integration.resetting import reset
from tests.integration.stage import Play
from tests.integration.subscriber import Subscriber, read_all, subscribed
from tests.integration.waiting import eventually

MAX_STORED = 4_000
SMALL, LARGE = 30, 20
LARGE_BYTES = 10_000

opened: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)  # by session


class Talker:
    """An agent that says some small and some large events, waits, and says a few small ones."""

    async def execute(self, task: Task) -> dict[str, Any]:
        return {}

    async def stream_execute(self, task: Task) -> AsyncIterator[dict[str, Any]]:
        for n in range(SMALL):
            yield {"type": "note", "n": n}
        if task.attempt == 1 and task.prompt == "break once":
            raise RuntimeError("once")
        for n in range(3 if task.prompt == "break once" else LARGE):
            yield {"type": "page", "n": n, "text": "x" * LARGE_BYTES}
        await opened[task.session_id].wait()
        for n in range(5):
            yield {"type": "last", "n": n}
        yield {"type": "done", "result": {"final_answer": "said"}}


def create() -> Talker:
    """The factory for KAI_AGENT."""
    return Talker()


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Little may be stored, and a bridge holds little of it."""
    monkeypatch.setattr("kai_flow.stream.storage.MAX_STORED_BYTES", MAX_STORED)
    log = partial(SessionLog, max_bytes=7 * LARGE_BYTES)
    monkeypatch.setattr("kai_flow.bridge.session.SessionLog", log)


@pytest.fixture(scope="module")
async def talking(client: Client) -> AsyncIterator[str]:
    """The task queue of a worker with a talker."""
    queue = f"talking-{secrets.token_hex(4)}"
    async with worker_on(client, queue, "tests.integration.test_stored_bytes:create"):
        yield queue


async def ask(client: Client, queue: str, session_id: str, url: str | None, prompt: str) -> Handle:
    """Start a session."""
    question = {"prompt": prompt, "connection_id": "none", "callback_url": url}
    return await client.start_workflow("KaiChatWorkflow", question, id=session_id, task_queue=queue)


async def stored(client: Client, handle: Handle) -> list[dict[str, Any]]:
    """What its history holds."""
    run_id = (await handle.describe()).run_id
    history = await read_history(client, handle.id, run_id)
    return [event.decode() for event in history.read(NOWHERE, 2**40).events]


async def history_bytes(handle: Handle) -> int:
    """The size of its history, as the server counts it."""
    info = (await handle.describe()).raw_description.workflow_execution_info
    return info.history_size_bytes


LATE = {"started": 1, "note": SMALL, UNSTORED: 1, "gap": 1, "ended": 1, "done": 1}
"""What a reader sees, by type, when all that is live only is over."""


def count(reader: Subscriber) -> dict[str, int]:
    """How many events of each type it saw, in the order of their first."""
    return {kind: reader.types.count(kind) for kind in dict.fromkeys(reader.types)}


def gap_event(after: str, before: str | None) -> dict[str, Any]:
    """The control event for what is missing between two events."""
    return {"type": "gap", "missing": [{"after": after, "before": before}]}


async def test_beyond_the_limit_events_are_live_only(
    client: Client, talking: str, bridge: str, session_id: str
) -> None:
    """Who listens sees everything; who comes late the stored part, a `gap`, and then live."""
    url = f"{bridge}/stream/{session_id}"
    async with subscribed(url) as live:
        handle = await ask(client, talking, session_id, f"{bridge}/events/{session_id}", "talk")
        await live.until(lambda: live.types.count("page") == LARGE)

        async def all_is_durable() -> bool:
            progress = await handle.query("progress")
            return bool(progress["last_event_id"] == "1.1.32")

        await eventually(all_is_durable)  # only then it leaves the bridge
        async with subscribed(url) as late:
            await late.until(lambda: late.types[-1:] == ["page"] and late.seen[-1].event["n"] == 19)
            opened[session_id].set()
            await live.saw("done")
            await late.saw("done")
        result = await handle.result()
    everything = {
        "started": 1, "note": SMALL, UNSTORED: 1, "page": LARGE, "last": 5, "ended": 1, "done": 1
    }  # fmt: skip
    assert count(live) == everything
    assert result["events_sent"] == int(result["last_event_id"].rpartition(".")[2]) == 57
    assert result["events_failed"] == 0
    assert list(count(late)) == [
        "started",
        "note",
        UNSTORED,
        "gap",
        "page",
        "last",
        "ended",
        "done",
    ]
    gap = next(seen for seen in late.seen if seen.type == "gap")
    after = late.types.index("gap") + 1
    assert gap.event == gap_event("1.1.32", late.ids[after - 1])
    assert gap.id is None
    assert late.seen[:32] == live.seen[:32]
    assert late.seen[after:] == live.seen[-len(late.seen[after:]) :]
    assert count(late) == {**everything, "gap": 1, "page": count(late)["page"]}
    assert 0 < count(late)["page"] <= 7

    types = [event["type"] for event in await stored(client, handle)]
    assert types == ["started", *["note"] * SMALL, UNSTORED]
    size = await history_bytes(handle)
    assert size < MAX_STORED + LARGE_BYTES
    print(f"{size} bytes of history for {LARGE * LARGE_BYTES:,} and more said")

    async with running_bridge(Settings(bridge_port=0), client) as other:
        reader = await read_all(f"{other}/stream/{session_id}")
    assert count(reader) == LATE


async def test_who_comes_after_the_end_is_told_what_is_missing(
    client: Client, talking: str, bridge: str, session_id: str
) -> None:
    """A bridge that has shown all says no `gap`; who cannot know says it, bridge or Temporal."""
    opened[session_id].set()
    async with subscribed(f"{bridge}/stream/{session_id}") as live:
        await ask(client, talking, session_id, f"{bridge}/events/{session_id}", "talk")
        await live.saw("done")
    seen = [Followed(one.id, one.event) for one in live.seen]
    *_, last, ended, done = seen
    assert ended.event == {"type": "ended", "producer": 1, "status": "completed"}
    assert [one async for one in follow(bridge, session_id, after=last.id)] == [ended, done]
    async with running_bridge(Settings(bridge_port=0), client) as other:
        for cursor, stored, after in (
            (None, seen[:32], "1.1.32"),  # from the beginning
            (seen[39].id, [], "1.1.40"),
            (last.id, [], "1.1.57"),
        ):
            gap = Followed(None, gap_event(after, None))
            for source in (other, client):
                told = [one async for one in follow(source, session_id, after=cursor)]
                assert told == [*stored, gap, ended, done]


async def test_what_is_missing_between_two_activities_is_told(
    client: Client, bridge: str, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of what a first activity did not store, who comes after the second has begun has a gap."""
    monkeypatch.setattr("kai_flow.stream.storage.MAX_STORED_BYTES", 150)
    queue = f"library-{secrets.token_hex(4)}"
    async with library_worker(client, queue), subscribed(f"{bridge}/stream/{session_id}") as live:
        arguments = [["cats", "dogs"], f"{bridge}/events/{session_id}"]
        await client.start_workflow(Report.run, args=arguments, id=session_id, task_queue=queue)
        await live.saw("done")
    assert "gap" not in live.types
    seen = [Followed(one.id, one.event) for one in live.seen]
    first, second = (n for n, one in enumerate(seen) if one.event["type"] == UNSTORED)
    ends, begins = live.types.index("ended"), live.types.index("started", 1)
    assert first < ends - 1
    assert ends == begins - 1
    assert second < len(seen) - 3

    def gap(after: int) -> Followed:
        return Followed(None, gap_event(str(seen[after].id).partition("@")[0], None))

    wanted = [*seen[: first + 1], gap(first), *seen[ends : second + 1], gap(second), *seen[-2:]]
    async with running_bridge(Settings(bridge_port=0), client) as other:
        for source in (other, client):
            assert [one async for one in follow(source, session_id)] == wanted


async def test_a_retry_may_store_what_is_left(
    client: Client, talking: str, bridge: str, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second attempt counts what the history has; its `started` is stored in any case."""
    monkeypatch.setattr("kai_flow.stream.storage.MAX_STORED_BYTES", 1_500)
    opened[session_id].set()
    async with subscribed(f"{bridge}/stream/{session_id}") as live:
        callback = f"{bridge}/events/{session_id}"
        handle = await ask(client, talking, session_id, callback, "break once")
        await live.saw("done")
    second = [seen.type for seen in live.seen if seen.id and seen.id.startswith("1.2.")]
    assert second == [
        "started", UNSTORED, *["note"] * SMALL, *["page"] * 3, *["last"] * 5
    ]  # fmt: skip
    assert [event["type"] for event in await stored(client, handle)] == ["started", UNSTORED]


async def test_a_reset_does_not_double_what_a_history_holds(
    client: Client, talking: str, bridge: str, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run that a reset has made counts what its history holds of the former one."""
    monkeypatch.setattr("kai_flow.stream.storage.MAX_STORED_BYTES", 2_500)
    opened[session_id].set()
    callback = f"{bridge}/events/{session_id}"
    handle = await ask(client, talking, session_id, callback, "talk")
    await handle.result()
    assert len(await stored(client, handle)) == 1 + SMALL + 1
    # Less than that history has, however few signals it took, and more than a new one begins with.
    monkeypatch.setattr("kai_flow.stream.storage.MAX_STORED_BYTES", 2_000)
    await reset(client, session_id, handle.first_execution_run_id or "")
    newest = client.get_workflow_handle(session_id)
    await newest.result()
    types = [event["type"] for event in await stored(client, newest)]
    assert types == ["started", UNSTORED]


async def test_a_bridge_stores_no_more_than_a_session_may(
    play: Play, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever POSTs without end gets 429 with the remedy; the run goes on, and what is live too."""
    most = 300_000
    monkeypatch.setattr("kai_flow.bridge.storage_limit.MAX_STORED_BYTES", most)
    monkeypatch.setattr("kai_flow.bridge.storage_limit.BESIDE_BYTES", 0)
    monkeypatch.setattr("kai_flow.bridge.storage_limit.ASK_BYTES", 2 * LARGE_BYTES)
    async with bridging(play.client) as bridge:
        place = Play(play.client, play.handle, bridge.url)
        number, detail = 1, ""
        while "unstored" not in detail:
            page = {"type": "page", "text": "x" * LARGE_BYTES}
            event = {"id": f"1.1.{number}", "event": page}
            answer = await place.post(http, [], events=[event])
            if answer.status_code == 200:
                number += 1
            else:
                assert answer.status_code == 429
                detail = answer.json()["detail"]
            # It learns what it has stored from the server, while further POSTs come in.
            assert number < 10 * most / LARGE_BYTES
        assert (await place.post(http, [])).status_code == 200
        live = await place.post(http, [number], stored=f"1.1.{number - 1}")
        assert live.json()["received"] == f"1.1.{number}"
        size = await history_bytes(play.handle)
        assert most / 2 < size <= most + 2 * LARGE_BYTES
        assert (await play.handle.describe()).status is WorkflowExecutionStatus.RUNNING


async def test_with_a_callback_that_is_nowhere_the_rest_is_lost(
    client: Client, talking: str, bridge: str, session_id: str
) -> None:
    """With nobody at its callback URL a session beyond its limit ends as soon as any other."""
    opened[session_id].set()
    callback = "http://127.0.0.1:1/hook"  # nobody is there
    handle = await ask(client, talking, session_id, callback, "talk")
    async with asyncio.timeout(60):
        result = await handle.result()
    assert (result["events_sent"], result["events_failed"]) == (0, 57)
    reader = await read_all(f"{bridge}/stream/{session_id}")
    assert count(reader) == LATE
    assert [event async for _, event in follow(client, session_id)] == [
        s.event for s in reader.seen
    ]
