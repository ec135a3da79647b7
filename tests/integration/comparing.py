"""What a workflow holds of its stream, and what its history records."""

from datetime import timedelta
from typing import Any

from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Replayer

from kai_flow.stream.buffer import EventBuffer, Limits
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.place import NOWHERE
from kai_flow.stream.plugin import StreamPlugin
from kai_flow.stream.tail import RunHistory
from tests.integration.several import WORKFLOWS

Handle = WorkflowHandle[Any, Any]
SHORT = timedelta(seconds=1.1)  # the server answers after 0.1 s that there is nothing new


async def in_history(client: Client, handle: Handle, run_id: str | None = None) -> EventBuffer:
    """The stream as the history of a run records it, without a worker."""
    run_id = run_id or (await handle.describe()).run_id
    history = RunHistory(client, handle.id, run_id)
    items = await history.read(SHORT)
    while not history.ended and not history.quiet:
        items += await history.read(SHORT)
    assert history.start is not None
    buffer = EventBuffer(run_id, Limits(10_000, 2**24), history.start.begins)
    for item in items:
        buffer.take(item)
    return buffer


def events_of(buffer: EventBuffer) -> tuple[NumberedEvent, ...]:
    """What a buffer holds."""
    return buffer.read(NOWHERE, 2**24).events


async def in_workflow(handle: Handle) -> list[dict[str, Any]]:
    """The events that the workflow answers, with their ids."""
    page = await handle.query("events")
    assert not page["has_more"]
    return [{"id": one["id"], **one["event"]} for one in page["events"]]


async def agree(client: Client, handle: Handle) -> None:
    """What the workflow holds is what its history records, and the history replays."""
    page = await handle.query("events")
    recorded = await in_history(client, handle)
    held = {one["id"]: one["event"] for one in page["events"]}
    assert held == {str(event.id): event.decode() for event in events_of(recorded)}
    assert (page["durable"] or "0.0.0") == str(recorded.fold.place)
    replayer = Replayer(workflows=WORKFLOWS, plugins=[StreamPlugin()])
    await replayer.replay_workflow(await handle.fetch_history())


def texts(events: list[dict[str, Any]], producer: int) -> list[str]:
    """What one producer has said."""
    return [
        event.get("text", event["type"])
        for event in events
        if event["id"].startswith(f"{producer}.")
    ]
