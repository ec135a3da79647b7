"""What is forged, or cannot be read, costs little and leaves no trace."""

import asyncio
from datetime import timedelta

import httpx
from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client
from temporalio.common import RawValue
from temporalio.worker import Worker

from kai_flow.connect import connect
from kai_flow.embedded import DevServer
from tests.integration.hubs import bridging
from tests.integration.stage import Play
from tests.integration.subscriber import read_all
from tests.integration.test_counters import Books


async def signals(play: Play) -> int:
    """How many signals are in the session's history."""
    history = await play.handle.fetch_history()
    kinds = [event.event_type for event in history.events]
    return kinds.count(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED)


async def test_after_a_forged_last_word_the_pace_is_kept(
    play: Play, http: httpx.AsyncClient
) -> None:
    """An attempt that goes on after its last word is signalled no faster than any other."""
    async with bridging(play.client, signal_interval=30) as bridge:
        place = Play(play.client, play.handle, bridge.url)
        last = {"id": "1.1.2", "event": {"type": "done", "result": {}}}
        await place.post(http, [1])
        assert (await place.post(http, [], events=[last])).json()["durable"] == "1.1.1"
        before = await signals(play)
        for n in range(2, 10):
            assert (await place.post(http, [n])).json()["received"] == f"1.1.{n}"
            await asyncio.sleep(0.05)
        assert await signals(play) == before
    assert (await play.handle.query("progress"))["last_event_id"] == "1.1.9"


async def test_a_forged_producer_does_not_have_the_history_read_again_and_again(
    play: Play, http: httpx.AsyncClient, temporal: DevServer
) -> None:
    """It is read for an activity that is new, not for each claim."""
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
        assert calls["describe_workflow_execution"] >= 3, "it was looked up"
        assert calls["get_workflow_execution_history"] == 1


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
