"""What is forged, or cannot be read, costs little and leaves no trace."""

import asyncio
from datetime import timedelta

import httpx
import pytest
from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client
from temporalio.common import RawValue
from temporalio.worker import Worker

from kai_flow.stream.ids import EventId
from kai_flow.temporal.client import connect
from kai_flow.temporal.dev_server import DevServer
from tests.integration.hubs import bridging
from tests.integration.log_records import records_of
from tests.integration.stage import Play
from tests.integration.subscriber import read_all, subscribed
from tests.integration.test_counters import Books
from tests.integration.waiting import until


async def signals(play: Play) -> int:
    """How many signals are in the session's history."""
    history = await play.handle.fetch_history()
    kinds = [event.event_type for event in history.events]
    return kinds.count(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED)


async def test_a_forged_producer_does_not_have_the_history_read_again_and_again(
    play: Play, http: httpx.AsyncClient, temporal: DevServer
) -> None:
    """It is read once as it grows, and its end is looked at now and then, not for each claim."""
    books, own = Books(), await connect(temporal.address)
    books.watch(own)
    await play.act()
    async with bridging(own) as bridge:
        place = Play(play.client, play.handle, bridge.url)
        for n in range(12):
            answer = await place.post(http, [1], producer=2 + n)
            assert answer.json()["received"] == f"{2 + n}.1.0"
            await asyncio.sleep(0.1)
        calls = books.calls[play.id]
        assert calls["describe_workflow_execution"] == 1, "the run was looked up"
        assert calls["get_workflow_execution_history"] <= 4 * 12


async def test_an_invented_run_takes_no_subscriber(
    client: Client, stage_queue: str, bridge: str, http: httpx.AsyncClient, session_id: str
) -> None:
    """Who waits for a workflow is not bound to a run that Temporal does not know."""
    run_id = "0197c3a2-7b1e-7c55-9a2f-12d84f3a9c1e"
    async with subscribed(f"{bridge}/stream/{session_id}") as early:
        forged = {
            "session_id": session_id, "workflow_id": session_id, "run_id": run_id,
            "base": "1.1.1", "events": [{"id": "1.1.1", "event": {"type": "forged"}}],
        }  # fmt: skip
        answer = await http.post(f"{bridge}/events/{session_id}", json=forged)
        assert answer.status_code == 503
        handle = await client.start_workflow("Stage", id=session_id, task_queue=stage_queue)
        play = Play(client, handle, bridge)
        assert (await play.post(http, [1, 2])).status_code == 200
        await play.until_durable(http, "1.1.2")
        await play.end(result="real")
        await early.saw("done")
    assert early.types == ["started", "token", "done"]
    assert early.statuses == [200]


@pytest.mark.parametrize("signaller", [None, "another"])
@pytest.mark.parametrize("forged", [[], [50, 51]])
async def test_a_lying_base_makes_nothing_get_lost(
    play: Play, http: httpx.AsyncClient, signaller: str | None, forged: list[int]
) -> None:
    """What a bridge holds becomes durable, though a POST has called far more than that durable."""
    async with bridging(play.client, signal_interval=30) as bridge:
        place = Play(play.client, play.handle, bridge.url)
        await place.post(http, [1])  # at once; what follows waits
        await place.until_durable(http, "1.1.1")
        await place.post(http, [2, 3])
        lie = await place.post(http, forged, base=50, signaller=signaller)
        assert lie.json()["durable"] == "1.1.49"
        answer = (await place.post(http, [], base=2)).json()
        assert (answer["received"], answer["durable"]) == ("1.1.3", "1.1.1")
        assert (await place.post(http, [4], base=2)).json()["received"] == "1.1.4"
        last = {"id": "1.1.5", "event": {"type": "done", "result": {}}}
        answer = (await place.post(http, [], base=2, events=[last])).json()
        assert (answer["received"], answer["durable"]) == ("1.1.4", "1.1.4")
    progress = await play.handle.query("progress")
    assert (progress["last_event_id"], progress["events"]) == ("1.1.4", 4)


async def test_what_another_bridge_made_durable_is_let_go_of(
    play: Play, http: httpx.AsyncClient
) -> None:
    """A bridge that is not to signal frees what Temporal shows to be durable."""
    async with bridging(play.client) as bridge:
        place = Play(play.client, play.handle, bridge.url)
        await place.post(http, [1, 2, 3], signaller="another")
        session = bridge.hub._channels[play.id].session
        assert session is not None
        window = session.log.received.window(EventId(1, 1, 1))
        assert window is not None
        assert window.waiting == 3
        await play.signal([1, 2, 3])
        await place.post(http, [4], base=4, signaller="another")
        await until(lambda: window.waiting == 1)
        assert str(window.durable) == "1.1.3"
        assert await signals(play) == 1


async def test_attempts_that_nobody_began_leave_few_lines(
    play: Play, http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever is claimed, and however often, a session says it once in a while."""
    for n in range(20):
        await play.post(http, [1], attempt=2 + n % 5)
    said = [one for one in records_of(caplog, play.id) if "held back" in one.getMessage()]
    assert len(said) == 1


@workflow.defn(sandboxed=False)
class Deep:
    """Ends with JSON that is nested too deeply for any reader."""

    @workflow.run
    async def run(self) -> RawValue:
        """At once."""
        data = b"[" * 50_000 + b"]" * 50_000
        return RawValue(Payload(metadata={"encoding": b"json/plain"}, data=data))


async def test_a_result_nested_too_deeply_is_null(
    client: Client, bridge: str, session_id: str
) -> None:
    """§7.7: a result that cannot be read as JSON ends the stream with `null`."""
    async with Worker(client, task_queue=session_id, workflows=[Deep]):
        await client.start_workflow(
            Deep.run, id=session_id, task_queue=session_id, run_timeout=timedelta(seconds=20)
        )
        reader = await read_all(f"{bridge}/stream/{session_id}")
    assert [seen.event for seen in reader.seen] == [{"type": "done", "result": None}]
