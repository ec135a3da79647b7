"""Sessions that an operator resets: the new run is a stream of its own under the old session id.

What the real server says of such runs is what these tests rest on (protocol, §1.3 and §3.5).
"""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

import httpx
import pytest
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError, RPCStatusCode

from kai_flow.bridge import lookup
from kai_flow.bridge.errors import Unreachable
from kai_flow.bridge.hub import Hub, running_hub
from kai_flow.settings import Settings
from kai_flow.stream import Followed, follow
from kai_flow.stream.attempt_window import Stale, Taken
from kai_flow.stream.callback import ProducerPost, decode_post
from kai_flow.web.server import running_bridge
from tests.agents import scripted
from tests.integration import reporting
from tests.integration.conftest import Ask
from tests.integration.reporting import Report, library_worker
from tests.integration.resetting import reset, reset_by_command, workflow_tasks
from tests.integration.stage import Play, token
from tests.integration.subscriber import Subscriber, read_all, subscribed
from tests.integration.waiting import eventually, until

ENDED = None
"""The cursor of the notice that a producer has ended: it has none."""
RESET = (None, {"type": "reset", "reason": "new_run"})


class Follower:
    """One `follow`, and what it has yielded."""

    def __init__(self, source: str | Client, session_id: str, after: str | None = None) -> None:
        self.seen: list[Followed] = []
        self._events = follow(source, session_id, after=after)

    async def run(self) -> None:
        """To the end."""
        async with aclosing(self._events) as events:
            async for event in events:
                self.seen.append(event)


@asynccontextmanager
async def followers(*followers: Follower) -> AsyncIterator[None]:
    """They run while the block does, which they have to outlast by little."""
    async with asyncio.TaskGroup() as group, asyncio.timeout(100):
        for follower in followers:
            group.create_task(follower.run())
        yield


def shown(reader: Subscriber) -> list[tuple[str | None, dict[str, Any]]]:
    """What a subscriber was shown, as `follow` yields it."""
    return [(seen.id, seen.event) for seen in reader.seen]


def stream(run_id: str, first: int, last: int, producer: int = 1) -> list[str]:
    """The cursors of these events of the run's own stream."""
    return [f"{producer}.1.{n}@{run_id[-8:]}" for n in range(first, last + 1)]


async def has(seen: Sequence[object], count: int) -> None:
    """Wait until that many events have come."""
    await until(lambda: len(seen) == count)


async def newest_run(client: Client, session_id: str) -> str:
    """As the server says."""
    return (await client.get_workflow_handle(session_id).describe()).run_id


async def test_readers_live_through_a_reset(
    ask: Ask, client: Client, bridge: str, session_id: str
) -> None:
    """Whoever reads while a session is reset gets `reset`, the new run's events and its `done`."""
    gate = f"{session_id}/a"
    by_bridge, by_temporal = Follower(bridge, session_id), Follower(client, session_id)
    async with (
        subscribed(f"{bridge}/stream/{session_id}") as reader,
        followers(by_bridge, by_temporal),
    ):
        handle = await ask({"tokens": 5}, {"gate": "a"}, {"tokens": 3})
        old = handle.first_execution_run_id or ""
        for seen in (reader.seen, by_bridge.seen, by_temporal.seen):
            await has(seen, 6)
        scripted.reached[gate].clear()
        await reset_by_command(client, session_id)
        await until(lambda: session_id in scripted.stopped)  # the agent of the old run
        await scripted.reached[gate].wait()
        new = await newest_run(client, session_id)
        scripted.opened[gate].set()
        done = await reader.saw("done")
    assert new != old
    assert [seen.id for seen in reader.seen] == [
        *stream(old, 1, 6), None, *stream(new, 1, 9), ENDED, f"end@{new[-8:]}"
    ]  # fmt: skip
    assert shown(reader)[6] == RESET
    again = client.get_workflow_handle(session_id)
    assert done.event == {"type": "done", "result": await again.result()}
    assert done.event["result"]["last_event_id"] == "1.1.9"
    assert by_bridge.seen == by_temporal.seen == shown(reader)


async def test_a_closed_session_that_is_reset_is_streamed_anew(
    ask: Ask, client: Client, bridge: str, session_id: str, http: httpx.AsyncClient
) -> None:
    """Cursors of a session that had ended, its end among them, lead to the new run by `reset`."""
    url = f"{bridge}/stream/{session_id}"
    handle = await ask({"tokens": 3}, {"gate": "a"})
    scripted.opened[f"{session_id}/a"].set()
    await handle.result()
    old = handle.first_execution_run_id or ""
    before = await read_all(url)
    end = before.seen[-1].id
    assert end == f"end@{old[-8:]}"
    scripted.opened[f"{session_id}/a"].clear()
    new = await reset(client, session_id, old)
    expected = [None, *stream(new, 1, 4), ENDED, f"end@{new[-8:]}"]
    async with subscribed(url, cursor=end) as live:
        await live.until(lambda: len(live.seen) == 5)
        scripted.opened[f"{session_id}/a"].set()
        await live.saw("done")
    assert [seen.id for seen in live.seen] == expected
    assert shown(live)[0] == RESET
    async with running_bridge(Settings(bridge_port=0), client) as fresh:
        for cursor in (before.seen[2].id, end):
            for base in (bridge, fresh):
                reader = await read_all(f"{base}/stream/{session_id}", cursor=cursor)
                assert shown(reader) == shown(live)
            follower = Follower(client, session_id, after=cursor)
            await follower.run()
            assert follower.seen == shown(live)
        headers = {"Last-Event-ID": f"end@{new[-8:]}"}
        answer = await http.get(f"{fresh}/stream/{session_id}", headers=headers)
        assert answer.status_code == 204


async def test_every_reset_begins_the_stream_anew(
    play: Play, client: Client, http: httpx.AsyncClient
) -> None:
    """A reset of a reset, and another one of the first run, are told like the first reset.

    The last leaves no mark on the run that it terminates: its base is another one.
    """
    first = play.run_id
    runs, base = [first], first
    direct = Follower(client, play.id)
    async with subscribed(play.stream_url) as reader, followers(direct):
        for _ in range(3):
            await play.post(http, [1, 2])
            for seen in (reader.seen, direct.seen):
                await has(seen, 3 * len(runs) - 1)
            base = play.run_id if len(runs) < 3 else first
            play.run_id = await reset(client, play.id, base)
            runs.append(play.run_id)
        await play.post(http, [1])
        await play.until_durable(http, "1.1.1")
        await play.end(result="at last")
        await reader.saw("done")
    parts = [[*stream(run, 1, 2), None] for run in runs[:-1]]
    assert [seen.id for seen in reader.seen] == [
        *(cursor for part in parts for cursor in part), *stream(runs[-1], 1, 1),
        f"end@{runs[-1][-8:]}",
    ]  # fmt: skip
    assert direct.seen == shown(reader)
    assert reader.seen[-1].event == {"type": "done", "result": "at last"}


async def test_a_producer_of_the_old_run_is_told_to_stop(
    play: Play, client: Client, http: httpx.AsyncClient
) -> None:
    """After a reset the old run's POSTs are 410, before and after the new run's have come.

    And a producer that believes that the chain has not changed does not bring its incarnation back.
    """
    old = play.run_id
    await play.post(http, [1, 2])
    new = await reset(client, play.id, old)
    async with running_bridge(Settings(bridge_port=0), client) as fresh:
        for base in (fresh, play.bridge):
            events_url = f"{base}/events/{play.id}"

            async def refused(url: str = events_url) -> bool:
                play.run_id = old
                answer = await http.post(url, json=play.body([3]))
                return answer.status_code == 410 and bool(answer.json()["bridge"])

            await eventually(refused)  # a bridge that knew the old run has to hear of it
            play.run_id = new
            body = play.body([1, 2], first_run_id=old)
            answer = await http.post(events_url, json=body)
            assert answer.json()["received"] == "1.1.2"
            assert await refused()
            async with subscribed(f"{base}/stream/{play.id}") as reader:
                await reader.until(lambda: len(reader.seen) == 2)
                assert [seen.id for seen in reader.seen] == stream(new, 1, 2)
                assert [seen.event for seen in reader.seen] == [token(1), token(2)]
    await finish(play)


async def test_a_session_terminated_by_hand_has_ended(play: Play, http: httpx.AsyncClient) -> None:
    """Only a reset makes of a termination no end; and one that comes later does not undo it."""
    await play.post(http, [1])
    await eventually(lambda: workflow_tasks(play.handle))
    await play.handle.terminate(reason="enough")
    ended = await read_all(play.stream_url)
    assert ended.seen[-1].event["error"] == "the session was terminated: enough"
    new = await reset(play.client, play.id, play.run_id)
    async with subscribed(play.stream_url, cursor=ended.seen[-1].id) as reader:
        await play.post(http, [], run_id=new)
        await play.client.get_workflow_handle(play.id).terminate(reason="again")
        done = await reader.saw("done")
    assert [seen.id for seen in reader.seen] == [None, f"end@{new[-8:]}"]
    assert done.event["error"] == "the session was terminated: again"


async def test_a_session_terminated_by_a_new_one_has_ended(
    play: Play, stage_queue: str, http: httpx.AsyncClient
) -> None:
    """A new session that takes the id from a running one is told as such: `done`, then `reset`."""
    direct = Follower(play.client, play.id)
    async with subscribed(play.stream_url) as reader, followers(direct):
        await play.post(http, [1])
        await has(reader.seen, 1)
        await has(direct.seen, 1)
        await play.client.start_workflow(
            "Stage",
            id=play.id,
            task_queue=stage_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.TERMINATE_EXISTING,
        )
        done = await reader.saw("done")
    assert done.event["error"].startswith("the session was terminated")
    assert direct.seen == shown(reader)
    async with subscribed(play.stream_url, cursor=done.id) as again:
        await play.end(result=2)
        assert (await again.saw("done")).event["result"] == 2
    assert shown(again)[0] == RESET


async def test_a_workflow_is_reset_during_its_second_activity(
    client: Client, bridge: str, session_id: str
) -> None:
    """The new run decides as the old one did, and its stream is what the second activity says."""
    queue, topic = f"reset-{secrets.token_hex(4)}", f"dogs-{secrets.token_hex(4)}"
    reporting.held[topic], reached = asyncio.Event(), reporting.reached[topic]
    direct = Follower(client, session_id)
    async with (
        library_worker(client, queue),
        subscribed(f"{bridge}/stream/{session_id}") as reader,
        followers(direct),
    ):
        handle = await client.start_workflow(
            Report.run,
            args=[["cats", topic], f"{bridge}/events/{session_id}"],
            id=session_id,
            task_queue=queue,
        )
        old = handle.first_execution_run_id or ""
        for seen in (reader.seen, direct.seen):
            await has(seen, 12)
        reached.clear()
        base = client.get_workflow_handle(session_id, run_id=old)
        new = await reset(client, session_id, old, (await workflow_tasks(base))[-1])
        await reached.wait()
        for seen in (reader.seen, direct.seen):
            await has(seen, 18)  # the old activity goes on talking when it is let go
        reporting.held[topic].set()
        done = await reader.saw("done")
    assert done.event["result"] == ["cats", topic]
    assert [seen.id for seen in reader.seen] == [
        *stream(old, 1, 6), ENDED, *stream(old, 1, 5, producer=2), None,
        *stream(new, 1, 6, producer=2), ENDED, f"end@{new[-8:]}",
    ]  # fmt: skip
    assert direct.seen == shown(reader)
    history = await client.get_workflow_handle(session_id, run_id=new).fetch_history()
    failures = [
        event.workflow_task_failed_event_attributes
        for event in history.events
        if event.HasField("workflow_task_failed_event_attributes")
    ]
    assert [failure.new_run_id for failure in failures] == [new], "the reset itself, and no other"
    assert not [e for e in history.events if e.HasField("timer_started_event_attributes")]


# The hub between two runs


async def finish(play: Play) -> None:
    """Let the newest run end."""
    await play.end(result=None)
    await play.client.get_workflow_handle(play.id).result()


def posted(play: Play, numbers: list[int]) -> ProducerPost:
    """A POST of the stage's run, as a hub gets it."""
    post = decode_post(json.dumps(play.body(numbers)).encode())
    assert isinstance(post, ProducerPost)
    return post


@pytest.fixture
async def hub(client: Client) -> AsyncIterator[Hub]:
    """A hub of this test alone."""
    async with running_hub(
        client, signal_interval=0.25, signals_per_second=50, idle_timeout=60
    ) as hub:
        yield hub


async def test_who_has_looked_early_brings_no_old_run_back(play: Play, hub: Hub) -> None:
    """A reader that found the old run, and comes when the new one is here, reads the new one."""
    found = await hub.find(play.id)
    assert found is not None
    play.run_id = await reset(play.client, play.id, play.run_id)
    assert isinstance(await hub.receive(posted(play, [1])), Taken)
    with hub.reading(play.id, found) as (channel, _):
        assert channel.session is not None
        assert channel.session.run.run_id == play.run_id
        assert not channel.former
    await finish(play)


async def test_a_bridge_that_cannot_ask_does_not_choose_between_runs(
    play: Play, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While Temporal is away the session goes on, and POSTs of another run are put off."""
    old = posted(play, [1])
    play.run_id = await reset(play.client, play.id, play.run_id)
    assert isinstance(await hub.receive(posted(play, [1])), Taken)

    async def away(*_: object) -> None:
        raise RPCError("away", RPCStatusCode.UNAVAILABLE, b"")

    with monkeypatch.context() as patched:
        patched.setattr(lookup, "find_run", away)
        with pytest.raises(Unreachable):
            await hub.receive(old)
        assert isinstance(await hub.receive(posted(play, [2])), Taken)
    assert isinstance(await hub.receive(old), Stale)
    await finish(play)
