"""Records histories of every kind of session from real runs.

    python -m tests.integration.record_histories

A committed history stands for the sessions that run in somebody's cluster while a new version is
rolled out. Record anew only on purpose, and say so in the CHANGELOG.
"""

import asyncio
import json
import secrets
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from temporalio.client import Client, WorkflowFailureError, WorkflowHandle

from api.server import running_bridge
from kai_flow.connect import connect
from kai_flow.embedded import dev_server
from kai_flow.settings import Settings
from kai_flow.worker import running_worker
from tests.agents import scripted
from tests.integration.receivers import receiving

FOLDER: Final = Path(__file__).parents[1] / "histories"

Step = dict[str, Any]
Handle = WorkflowHandle[Any, Any]
TALK: Final[list[Step]] = [
    {"say": {"type": "thinking", "content": "…"}},
    {"tokens": 60, "pause": 0.02},
    {"say": {"type": "tool_start", "tool": "sql", "input": {"sql": "select 1"}}},
    {"say": {"type": "tool_end", "tool": "sql", "output": [[1]]}},
    {"tokens": 40, "pause": 0.02},
]


async def _nothing(_handle: Handle) -> None:
    pass


async def _cancel(handle: Handle) -> None:
    await scripted.reached[f"{handle.id}/a"].wait()
    await handle.cancel()


async def _disturb(handle: Handle) -> None:
    """Every batch again, garbage, and a batch of another run, while the agent waits."""
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


# kind → (the agent's steps, whether there is a callback that works, what happens meanwhile)
KINDS: Final[dict[str, tuple[list[Step], str | None, Callable[[Handle], Awaitable[None]]]]] = {
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
}


async def record(client: Client, kind: str, queue: str, bridge: str, receiver: str) -> str:
    """The history of one session of that kind, as JSON."""
    steps, callback, meanwhile = KINDS[kind]
    session_id = f"recorded-{kind}"
    urls = {"bridge": f"{bridge}/events/{session_id}", "plain receiver": receiver}
    question = {
        "prompt": json.dumps(steps),
        "connection_id": "none",
        "callback_url": callback and urls.get(callback, callback),
    }
    handle = await client.start_workflow(
        "KaiChatWorkflow", question, id=session_id, task_queue=queue
    )
    await meanwhile(handle)
    with suppress(WorkflowFailureError):
        await handle.result()
    return json.dumps(_cleaned(json.loads((await handle.fetch_history()).to_json())), indent=1)


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


async def main() -> None:
    """Record all kinds."""
    queue = f"record-{secrets.token_hex(4)}"
    agent = "tests.agents.scripted:create"
    async with dev_server(stop_seconds=0) as server:
        client = await connect(server.address)
        async with (
            running_bridge(Settings(bridge_port=0), client) as bridge,
            running_worker(Settings(health_port=0, task_queue=queue, agent=agent), client),
            receiving() as receiver,
        ):
            FOLDER.mkdir(exist_ok=True)
            for kind in KINDS:
                text = await record(client, kind, queue, bridge, receiver.url)
                (FOLDER / f"{kind}.json").write_text(text + "\n")
                print(f"{kind}: {len(text):,} bytes", flush=True)
        await asyncio.sleep(0.05)


if __name__ == "__main__":
    asyncio.run(main())
