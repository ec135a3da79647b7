"""Records histories of every kind of session from real runs.

    python -m tests.integration.record_histories [KIND ...]     # all kinds unless some are named

A committed history stands for the sessions that run in somebody's cluster while a new version is
rolled out. Record anew only on purpose, update checksums.txt, and say so in the CHANGELOG;
test_replay.py tells how.
"""

import asyncio
import json
import secrets
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from temporalio.client import Client, WorkflowFailureError, WorkflowHandle

from kai_flow.settings import Settings
from kai_flow.stream.batches import Batch
from kai_flow.stream.events import NumberedEvent, encode_event
from kai_flow.stream.ids import EventId
from kai_flow.stream.signals import batch_in, publish
from kai_flow.temporal.client import connect
from kai_flow.temporal.dev_server import dev_server
from kai_flow.web.server import running_bridge
from kai_flow.worker.service import running_worker
from tests.agents import scripted
from tests.integration import reporting
from tests.integration.receivers import receiving
from tests.integration.resetting import reset, workflow_tasks
from tests.integration.waiting import until

FOLDER: Final = Path(__file__).parents[1] / "histories"
CHECKSUMS: Final = FOLDER / "checksums.txt"
MANY: Final = 620  # signals of the session with many

Step = dict[str, Any]
Handle = WorkflowHandle[Any, Any]
TALK: Final[list[Step]] = [
    {"say": {"type": "thinking", "content": "…"}},
    {"tokens": 60, "pause": 0.02},
    {"say": {"type": "tool_start", "tool": "sql", "input": {"sql": "select 1"}}},
    {"say": {"type": "tool_end", "tool": "sql", "output": [[1]]}},
    {"tokens": 40, "pause": 0.02},
]


async def _nothing(_client: Client, _handle: Handle) -> None:
    pass


async def _cancel(_client: Client, handle: Handle) -> None:
    await scripted.reached[f"{handle.id}/a"].wait()
    await handle.cancel()


async def _repeat(client: Client, handle: Handle) -> None:
    """Every batch once more, while the agent waits."""
    await scripted.reached[f"{handle.id}/a"].wait()
    await asyncio.sleep(1)  # until the last batch is in the history
    for event in (await handle.fetch_history()).events:
        batch = await batch_in(client, event)
        if batch is not None:
            await publish(client, handle.id, batch)
    scripted.opened[f"{handle.id}/a"].set()


async def _disturb(_client: Client, handle: Handle) -> None:
    """Every batch so far again, garbage, and a batch of another run, while the agent waits."""
    await scripted.reached[f"{handle.id}/a"].wait()
    await asyncio.sleep(1)
    batches = [
        json.loads(event.workflow_execution_signaled_event_attributes.input.payloads[0].data)
        for event in (await handle.fetch_history()).events
        if event.HasField("workflow_execution_signaled_event_attributes")
    ]
    for batch in batches:
        await handle.signal("publish_events", batch)
    await handle.signal("publish_events", {"no": "batch"})
    await handle.signal("publish_events")
    await handle.signal("publish_events", {**batches[0], "run_id": "another", "attempt": 9})
    scripted.opened[f"{handle.id}/a"].set()


async def _publish_many(client: Client, handle: Handle) -> None:
    """The tokens that the agent is about to yield, one signal each, as fast as they go."""
    await scripted.reached[f"{handle.id}/a"].wait()
    await asyncio.sleep(1)  # until `started` is in the history
    run_id = (await handle.describe()).run_id
    for number in range(MANY):
        token = encode_event({"type": "token", "content": f"t{number} "})
        event = NumberedEvent(EventId(1, 1, 2 + number), *token)
        await publish(client, handle.id, Batch(run_id, (event,)))
    scripted.opened[f"{handle.id}/a"].set()


async def _reset(client: Client, handle: Handle) -> None:
    """Back to the middle of what has been streamed; the new run begins its activity anew."""
    gate = f"{handle.id}/a"
    await scripted.reached[gate].wait()
    await asyncio.sleep(1)
    scripted.reached[gate].clear()
    tasks = await workflow_tasks(handle)
    run_id = (await handle.describe()).run_id
    await reset(client, handle.id, run_id, tasks[len(tasks) // 2])
    await until(lambda: handle.id in scripted.stopped)  # the agent of the old run
    await scripted.reached[gate].wait()  # the agent of the new one
    scripted.opened[gate].set()


async def _reset_second(client: Client, handle: Handle) -> None:
    """Back to a moment at which the second of two activities was under way."""
    reached = reporting.reached["dogs"]
    await reached.wait()
    await asyncio.sleep(1)  # until the batches are in the history
    reached.clear()
    run_id = (await handle.describe()).run_id
    await reset(client, handle.id, run_id, (await workflow_tasks(handle))[-1])
    await reached.wait()  # the activity of the new run
    reporting.held["dogs"].set()


Meanwhile = Callable[[Client, Handle], Awaitable[None]]

# kind → (the agent's steps, whether there is a callback that works, what happens meanwhile)
KINDS: Final[dict[str, tuple[list[Step], str | None, Meanwhile]]] = {
    "plain": (TALK, "bridge", _nothing),
    "execute": ([], None, _nothing),
    "direct-signals": (TALK, "plain receiver", _nothing),
    "retried": ([*TALK[:2], {"attempt": 1, "do": [{"raise": "once"}]}], "bridge", _nothing),
    "reported-failure": (
        [{"tokens": 3}, {"say": {"type": "error", "error": "no"}}],
        "bridge",
        _nothing,
    ),
    "failed": ([{"tokens": 3}, {"raise": "always"}], "bridge", _nothing),
    "refused": ([], "no URL", _nothing),
    "cancelled": ([*TALK[:2], {"gate": "a"}], "bridge", _cancel),
    "disturbed": ([*TALK[:2], {"gate": "a"}, {"tokens": 3}], "bridge", _disturb),
    "duplicates": ([*TALK, {"gate": "a"}], "bridge", _repeat),
    "many-signals": ([{"gate": "a"}, {"tokens": MANY}], "bridge", _publish_many),
    "reset": ([*TALK, {"gate": "a"}, {"tokens": 3}], "bridge", _reset),
    "reset-second-activity": ([], "bridge", _reset_second),
}
# Kinds of another workflow, with two streaming activities: the topics of its report.
REPORTS: Final = {"reset-second-activity": ["cats", "dogs"]}


async def record(client: Client, kind: str, queue: str, bridge: str, receiver: str) -> str:
    """The history of one session of that kind, as JSON."""
    steps, callback, meanwhile = KINDS[kind]
    session_id = f"recorded-{kind}"
    urls = {"bridge": f"{bridge}/events/{session_id}", "plain receiver": receiver}
    url = callback and urls.get(callback, callback)
    args: list[Any]
    if kind in REPORTS:
        reporting.held["dogs"] = asyncio.Event()
        name, queue, args = "Report", f"{queue}-reports", [REPORTS[kind], url]
    else:
        question = {"prompt": json.dumps(steps), "connection_id": "none", "callback_url": url}
        name, args = "KaiChatWorkflow", [question]
    await client.start_workflow(name, args=args, id=session_id, task_queue=queue)
    handle: Handle = client.get_workflow_handle(session_id)  # of whichever run is the newest
    await meanwhile(client, handle)
    with suppress(WorkflowFailureError):
        await handle.result()
    return _text((await handle.fetch_history()).to_json())


def _text(history: str) -> str:
    """One line for each event."""
    events = [
        json.dumps(_cleaned(event), separators=(",", ":"))
        for event in json.loads(history)["events"]
    ]
    return '{"events":[\n' + ",\n".join(events) + "\n]}\n"


def _cleaned(value: Any) -> Any:
    """Without the names of the machine that recorded it."""
    match value:
        case dict():
            return {
                key: "recorded" if key == "identity" else "" if key == "stackTrace" else _cleaned(v)
                for key, v in value.items()
            }
        case list():
            return [_cleaned(item) for item in value]
        case str():
            return value.replace(socket.gethostname(), "recorded")  # in the sticky queue's name
        case _:
            return value


async def main(kinds: list[str]) -> None:
    """Record these kinds."""
    queue = f"record-{secrets.token_hex(4)}"
    agent = "tests.agents.scripted:create"
    async with dev_server(stop_seconds=0) as server:
        client = await connect(server.address)
        async with (
            running_bridge(Settings(bridge_port=0), client) as bridge,
            running_worker(Settings(health_port=0, task_queue=queue, agent=agent), client),
            reporting.library_worker(client, f"{queue}-reports"),
            receiving() as receiver,
        ):
            FOLDER.mkdir(exist_ok=True)
            for kind in kinds:
                text = await record(client, kind, queue, bridge, receiver.url)
                (FOLDER / f"{kind}.json").write_text(text)
                print(f"{kind}: {len(text):,} bytes", flush=True)
        await asyncio.sleep(0.05)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:] or list(KINDS)))
