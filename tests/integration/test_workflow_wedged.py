"""Nothing that anybody sends to a session holds its workflow up for ever."""

import json
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import WorkflowTaskFailedCause
from temporalio.common import RawValue

from tests.integration.stage import Play
from tests.integration.waiting import eventually

# the cause that a worker gives whose workflow code raised or took too long
BROKEN = WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE

TINY = {"event": {"type": "a"}}
NO_TOKENS = {"tokens": {"type": "token", "content": ""}, "cuts": [0] * 900_000}


def signal_of(run_id: str, *items: dict[str, Any]) -> RawValue:
    """A batch that nobody's sender would make."""
    wire = {"v": 1, "run_id": run_id, "producer": 1, "attempt": 1, "first": 1, "items": items}
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
    for _ in range(6):
        await play.handle.signal("publish_events", signal_of(play.run_id, *items))
    await play.signal([1, 2])

    async def stored() -> bool:
        return bool((await play.handle.query("progress"))["last_event_id"] == "1.1.2")

    await eventually(stored)
    history = await play.handle.fetch_history()
    failed = [event.workflow_task_failed_event_attributes.cause for event in history.events]
    assert BROKEN not in failed
