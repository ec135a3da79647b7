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
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

from temporalio.api.operatorservice.v1 import RemoveSearchAttributesRequest
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.workflow import ActivityCancellationType

from kai_flow.settings import Settings
from kai_flow.stream.batches import Batch
from kai_flow.stream.events import NumberedEvent, encode_event
from kai_flow.stream.history_event import published_in
from kai_flow.stream.ids import EventId
from kai_flow.stream.plugin import StreamPlugin
from kai_flow.stream.signals import publish
from kai_flow.temporal.client import connect
from kai_flow.temporal.dev_server import dev_server
from kai_flow.temporal.search_attributes import TYPES, register
from kai_flow.web.server import running_bridge
from tests.agents import scripted
from tests.integration import reporting, several, unstreamed
from tests.integration.conftest import worker_on
from tests.integration.receivers import receiving
from tests.integration.resetting import reset, workflow_tasks
from tests.integration.waiting import eventually, until

FOLDER: Final = Path(__file__).parents[1] / "histories"
CHECKSUMS: Final = FOLDER / "checksums.txt"
AGENT: Final = "tests.agents.scripted:create"
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
        published = await published_in(client, event, lambda _document: None)
        if published is not None:
            await publish(client, handle.id, *published)
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
    await handle.signal("publish_events", {**batches[0], "run_id": "another"})
    scripted.opened[f"{handle.id}/a"].set()


async def _publish_many(client: Client, handle: Handle) -> None:
    """The tokens that the agent is about to yield, one signal each, as fast as they go."""
    await scripted.reached[f"{handle.id}/a"].wait()
    await asyncio.sleep(1)  # until `started` is in the history
    run_id = (await handle.describe()).run_id
    for number in range(MANY):
        token = encode_event({"type": "token", "content": f"t{number} "})
        event = NumberedEvent(EventId(1, 1, 2 + number), *token)
        await publish(client, handle.id, run_id, [Batch((event,))])
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


async def _leave(client: Client, handle: Handle) -> None:
    """The workflow leaves its first activity, which goes on; the second one is over by then."""
    gate = f"{handle.id}/first!"
    await several.reached[gate].wait()
    await handle.signal("leave", True)

    async def second_has_ended() -> bool:
        return bool((await handle.query("progress"))["last_event_id"] == "2.1.3")

    await eventually(second_has_ended)
    several.opened[gate].set()
    await asyncio.sleep(1)  # until the late batch is in the history
    await handle.signal("leave", False)


async def _handle(_client: Client, handle: Handle) -> None:
    """Signals and updates whose handlers publish events and run activities."""
    await handle.signal("ask", "a")
    await handle.execute_update("tell", "b?")
    await handle.execute_update("publish", [{"type": "big", "text": "x" * 17_000}] * 2)
    await handle.signal("end")


async def _reset_continued(client: Client, handle: Handle) -> None:
    """Back to the last task of a run that continues another, while it waits."""

    async def waiting() -> bool:
        return bool((await handle.query("progress"))["last_event_id"] == "2.1.3")

    await eventually(waiting)
    run_id = (await handle.describe()).run_id
    await reset(client, handle.id, run_id, (await workflow_tasks(handle))[-1])
    await handle.signal("proceed")


async def _without_plugin(_client: Client, handle: Handle) -> None:
    """What its handlers take, while it waits."""
    await handle.signal("add", 10)
    await handle.execute_update("tell", 20)
    await handle.signal("end")


async def _add_plugin(client: Client, handle: Handle) -> None:
    """The worker gets the plugin while the workflow waits."""

    async def waiting() -> bool:
        return bool(await handle.query("progress") == 13)

    await eventually(waiting)
    plugin_added.set()
    await _without_plugin(client, handle)


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
    "search-attributes": (TALK, "bridge", _nothing),
}
# Kinds of other workflows: what is started, and what happens meanwhile.
OTHERS: Final[dict[str, tuple[Any, list[Any], Meanwhile]]] = {
    "reset-second-activity": (reporting.Report.run, [["cats", "dogs"], None], _reset_second),
    "at-once": (several.Together.run, [["a", "b?", "c"]], _nothing),
    "abandoned": (several.Leaver.run, [int(ActivityCancellationType.ABANDON)], _leave),
    "try-cancelled": (several.Leaver.run, [int(ActivityCancellationType.TRY_CANCEL)], _leave),
    "handlers": (several.Handlers.run, [], _handle),
    "continued": (several.Long.run, [2, ""], _nothing),
    "reset-continued": (several.Long.run, [1, "wait"], _reset_continued),
    "without-plugin": (unstreamed.Unstreamed.run, [], _without_plugin),
    "plugin-added": (unstreamed.Unstreamed.run, [], _add_plugin),
}
plugin_added = asyncio.Event()


async def record(client: Client, kind: str, queue: str, bridge: str, receiver: str) -> str:
    """The history of one session of that kind, as JSON."""
    session_id = f"recorded-{kind}"
    handle: Handle = client.get_workflow_handle(session_id)  # of whichever run is the newest
    if kind in OTHERS:
        name, args, meanwhile = OTHERS[kind]
        reporting.held["dogs"] = asyncio.Event()
        queue = f"{queue}-{kind}"
    else:
        steps, callback, meanwhile = KINDS[kind]
        urls = {"bridge": f"{bridge}/events/{session_id}", "plain receiver": receiver}
        url = callback and urls.get(callback, callback)
        question = {"prompt": json.dumps(steps), "connection_id": "none", "callback_url": url}
        name, args = "KaiChatWorkflow", [question]
        queue = f"{queue}-{kind}" if kind == "search-attributes" else queue
    await client.start_workflow(name, args=args, id=session_id, task_queue=queue)
    async with _worker(client, kind, queue):
        await meanwhile(client, handle)
        with suppress(WorkflowFailureError):
            await handle.result()
    text = _text((await handle.fetch_history()).to_json())
    if kind == "search-attributes":  # now: without them, the server no longer tells their names
        await client.operator_service.remove_search_attributes(
            RemoveSearchAttributesRequest(namespace=client.namespace, search_attributes=[*TYPES])
        )
    return text


@asynccontextmanager
async def _worker(client: Client, kind: str, queue: str) -> AsyncIterator[None]:
    """The worker for a kind of another workflow."""
    match kind:
        case "reset-second-activity":
            async with reporting.library_worker(client, queue):
                yield
        case "without-plugin":
            async with unstreamed.unstreamed_worker(client, queue):
                yield
        case "plugin-added":
            replacing = asyncio.create_task(_replace_worker(client, queue))
            yield
            replacing.cancel()
        case "search-attributes":
            await register(client)
            async with worker_on(client, queue, AGENT):
                yield
        case kind if kind in OTHERS:
            async with several.several_worker(client, queue):
                yield
        case _:  # KAI's, which runs all the time
            yield


async def _replace_worker(client: Client, queue: str) -> None:
    """A worker without the plugin, then one with it."""
    async with unstreamed.unstreamed_worker(client, queue):
        await plugin_added.wait()
    async with unstreamed.unstreamed_worker(client, queue, plugins=[StreamPlugin()]):
        await asyncio.Event().wait()


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
    async with dev_server(stop_seconds=0) as server:
        client = await connect(server.address)
        async with (
            running_bridge(Settings(bridge_port=0), client) as bridge,
            worker_on(client, queue, AGENT),
            receiving() as receiver,
        ):
            FOLDER.mkdir(exist_ok=True)
            for kind in kinds:
                text = await record(client, kind, queue, bridge, receiver.url)
                (FOLDER / f"{kind}.json").write_text(text)
                print(f"{kind}: {len(text):,} bytes", flush=True)
        await asyncio.sleep(0.05)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:] or [*KINDS, *OTHERS]))
