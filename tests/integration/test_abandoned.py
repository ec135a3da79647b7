"""An activity that its workflow has abandoned, and that a bridge stops."""

import asyncio
import secrets

from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker
from temporalio.workflow import ActivityCancellationType

from kai_flow.stream import EventProducer, StreamPlugin
from tests.integration.several import Leaver
from tests.integration.subscriber import read_all
from tests.integration.waiting import eventually


async def test_an_abandoned_activity_does_not_break_its_workflow(
    client: Client, bridge: str, session_id: str
) -> None:
    """It is stopped and completes: its failure would break the workflow for good (§6.9)."""
    queue, stopped = f"abandoned-{secrets.token_hex(4)}", asyncio.Event()

    @activity.defn
    async def speak(name: str) -> None:
        try:
            async with EventProducer() as producer:
                await producer.send({"type": "note", "text": name})
                while "!" in name:
                    await asyncio.sleep(0.05)
                    await producer.send({"type": "note", "text": "more"})
        except BaseException:
            stopped.set()
            raise

    async with Worker(
        client,
        task_queue=queue,
        workflows=[Leaver],
        activities=[speak],
        plugins=[StreamPlugin(bridge=bridge)],
    ):
        abandon = int(ActivityCancellationType.ABANDON)
        handle = await client.start_workflow(Leaver.run, abandon, id=session_id, task_queue=queue)

        async def has_begun() -> bool:
            return bool((await handle.query("progress"))["last_event_id"])

        await eventually(has_begun)
        await handle.signal("leave", True)
        await stopped.wait()

        async def has_completed() -> bool:
            return not (await handle.describe()).raw_description.pending_activities

        await eventually(has_completed)
        await handle.signal("leave", False)
        await handle.result()
    reader = await read_all(f"{bridge}/stream/{session_id}")
    assert [one.own_id for one in reader.seen if one.id][-3:] == ["2.1.1", "2.1.2", "end"]
