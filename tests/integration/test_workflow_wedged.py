"""Nothing that anybody sends to a session holds its workflow up for ever."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import WorkflowTaskFailedCause
from temporalio.client import Client, WorkflowFailureError
from temporalio.common import RawValue
from temporalio.service import RPCError

from kai_flow.settings import Settings
from kai_flow.temporal import dev_server as embedded
from kai_flow.temporal.client import connect
from kai_flow.web.server import running_bridge
from tests.agents import scripted
from tests.integration.conftest import Handle, worker_on
from tests.integration.receivers import receiving
from tests.integration.stage import Play
from tests.integration.subscriber import subscribed
from tests.integration.waiting import eventually

# the cause that a worker gives whose workflow code raised or took too long
BROKEN = WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE

FEW = 30  # signals
TINY = {"event": {"type": "a"}}
NO_TOKENS = {"tokens": {"type": "token", "content": ""}, "cuts": [0] * 900_000}


def signal_of(run_id: str, *items: dict[str, Any]) -> RawValue:
    """A batch that nobody's sender would make."""
    batch = {"producer": 1, "attempt": 1, "first": 1, "items": items}
    wire = {"v": 1, "run_id": run_id, "batches": [batch]}
    data = json.dumps(wire, separators=(",", ":")).encode()
    return RawValue(Payload(metadata={"encoding": b"json/plain"}, data=data))


@pytest.mark.parametrize(
    "items",
    [pytest.param([TINY] * 90_000, id="events"), pytest.param([NO_TOKENS], id="tokens")],
)
async def test_batches_of_far_too_many_events_hold_nothing_up(
    play: Play, items: list[dict[str, Any]]
) -> None:
    """Huge signals are refused before they are taken apart; what comes after them counts."""
    await play.handle.query("progress")  # its first task, which imports the code, is over
    before = len((await play.handle.fetch_history()).events)
    for _ in range(6):
        await play.handle.signal("publish_events", signal_of(play.run_id, *items))
    await play.signal([1, 2])

    async def stored() -> bool:
        with suppress(RPCError):  # a query is refused while a task is tried again
            return bool((await play.handle.query("progress"))["last_event_id"] == "1.1.2")
        return False

    await eventually(stored)
    events = (await play.handle.fetch_history()).events[before:]
    failed = [event.workflow_task_failed_event_attributes.cause for event in events]
    assert BROKEN not in failed


async def test_junk_is_not_logged_signal_by_signal(
    play: Play, caplog: pytest.LogCaptureFixture
) -> None:
    """Bad signals leave a line now and then: writing thousands would outlast a workflow task."""
    await asyncio.gather(*(play.handle.signal("publish_events", "junk") for _ in range(300)))
    await play.signal([1])

    async def stored() -> bool:
        return bool((await play.handle.query("progress"))["last_event_id"] == "1.1.1")

    await eventually(stored)
    lines = [line for line in caplog.messages if "signal was refused" in line]
    assert 1 <= len(lines) < 30, "a workflow task that is tried again may repeat one"


@pytest.fixture
async def narrow(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Client]:
    """A client of a server that takes few signals for a run; by default it takes 10,000."""
    few = ["--dynamic-config-value", f"history.maximumSignalsPerExecution={FEW}"]
    command = embedded._Plan.command
    monkeypatch.setattr(embedded._Plan, "command", lambda plan: [*command(plan), *few])
    async with embedded.dev_server(stop_seconds=0) as server:
        yield await connect(server.address)
        await asyncio.sleep(0.05)  # Temporal can crash at exit without this pause (sdk-python#300)


async def flood(handle: Handle) -> None:
    """Send it junk until the server takes no more."""
    for _ in range(2 * FEW):
        await handle.signal("publish_events", "junk")


@pytest.mark.parametrize("by", ["bridge", "producer"])
async def test_junk_up_to_the_servers_limit_ends_the_session(
    narrow: Client, by: str, session_id: str
) -> None:
    """When Temporal takes no more signals, the session fails and says so; nobody tries for ever."""
    steps = [{"tokens": 2}, {"gate": "a"}, {"tokens": 3}, {"gate": "b"}]
    async with (
        running_bridge(Settings(bridge_port=0), narrow) as bridge,
        receiving() as plain,
        worker_on(narrow, "narrow"),
        subscribed(f"{bridge}/stream/{session_id}") as reader,
    ):
        url = f"{bridge}/events/{session_id}" if by == "bridge" else plain.url
        question = {"prompt": json.dumps(steps), "connection_id": "none", "callback_url": url}
        handle: Handle = await narrow.start_workflow(
            "KaiChatWorkflow", question, id=session_id, task_queue="narrow"
        )
        async with asyncio.timeout(60):
            await scripted.reached[f"{session_id}/a"].wait()
        with pytest.raises(RPCError, match="limit for signal events"):
            await flood(handle)
        scripted.opened[f"{session_id}/a"].set()
        async with asyncio.timeout(60):
            with pytest.raises(WorkflowFailureError):
                await handle.result()
        await reader.saw("done")
    done = reader.seen[-1].event
    assert done["status"] == "failed"
    assert done["error"].startswith("Temporal refuses the signals of this session for good")
    assert "exceeded workflow execution limit for signal events" in done["error"]
    assert len(scripted.tasks[session_id]) == 1, "another attempt would be refused as well"
