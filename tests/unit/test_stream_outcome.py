"""How a session ended: `done` for each way to close, and none while it goes on in another run."""

import asyncio
import json

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.service import RPCError

from kai_flow.stream.outcome import Outcome, wait_for_outcome
from tests.unit.virtual import RUN_ID, SESSION, Stage, in_virtual_time

LATER = "0190b6a2-7e1c-7000-8000-0000deadbeef"


def closing(kind: str) -> HistoryEvent:
    """The history event that closes a run in this way."""
    return HistoryEvent(event_type=EventType.Value(f"EVENT_TYPE_WORKFLOW_EXECUTION_{kind}"))


async def outcome_of(*events: HistoryEvent) -> Outcome | None:
    """The outcome of a session whose runs close with these events, one after the other."""
    stage = Stage()
    for number, event in enumerate(events):
        (stage.begin(LATER) if number else stage.server.find(SESSION, RUN_ID)).append(event)
    return await wait_for_outcome(stage.client, SESSION, RUN_ID)


async def done_of(*events: HistoryEvent) -> dict[str, object]:
    """The `done` of such a session."""
    outcome = await outcome_of(*events)
    assert outcome is not None
    done: dict[str, object] = json.loads(outcome.data)
    assert done.pop("type") == "done"
    return done


@pytest.mark.parametrize(
    ("result", "shown"),
    [
        (b'{"a": 1}', {"a": 1}),
        (b"null", None),
        (b"no JSON", None),
        (None, None),
        (b"[" * 9_999, None),
    ],
)
@in_virtual_time
async def test_a_completed_session_has_its_result(result: bytes | None, shown: object) -> None:
    """On one line, whatever was stored; what is no JSON is null."""
    event = closing("COMPLETED")
    if result is not None:
        payload = Payload(metadata={"encoding": b"json/plain"}, data=result)
        event.workflow_execution_completed_event_attributes.result.payloads.append(payload)
    assert await done_of(event) == {"result": shown}


@pytest.mark.parametrize(
    ("kind", "status", "error"),
    [
        ("FAILED", "failed", "the session failed"),
        ("TIMED_OUT", "failed", "the session timed out"),
        ("CANCELED", "cancelled", "the session was cancelled"),
        ("TERMINATED", "failed", "the session was terminated"),
    ],
)
@in_virtual_time
async def test_a_session_without_result_tells_why(kind: str, status: str, error: str) -> None:
    """Each way to close has a status and a sentence."""
    assert await done_of(closing(kind)) == {"status": status, "error": error}


@in_virtual_time
async def test_the_innermost_failure_and_the_reason_are_told() -> None:
    """Not that an activity failed, but why; and the reason that was given for a termination."""
    failed = closing("FAILED")
    failure = failed.workflow_execution_failed_event_attributes.failure
    failure.message = "Activity task failed"
    failure.cause.message = "the database is gone"
    assert (await done_of(failed))["error"] == "the database is gone"
    terminated = closing("TERMINATED")
    terminated.workflow_execution_terminated_event_attributes.reason = "too slow"
    assert (await done_of(terminated))["error"] == "the session was terminated: too slow"


@pytest.mark.parametrize("kind", ["CONTINUED_AS_NEW", "FAILED", "TIMED_OUT", "COMPLETED"])
@in_virtual_time
async def test_a_run_that_goes_on_is_no_end(kind: str) -> None:
    """Continued as new, retried or scheduled again: the outcome is that of the last run."""
    event = closing(kind)
    attributes = getattr(event, f"workflow_execution_{kind.lower()}_event_attributes")
    attributes.new_execution_run_id = LATER
    outcome = await outcome_of(event, closing("CANCELED"))
    assert outcome is not None
    assert outcome.run_id == LATER
    assert json.loads(outcome.data)["status"] == "cancelled"


@in_virtual_time
async def test_a_reset_is_no_end() -> None:
    """The session goes on in a run with a stream of its own; what had closed before has ended."""
    stage = Stage()
    stage.reset(LATER)
    assert await wait_for_outcome(stage.client, SESSION, RUN_ID) is None
    closed = Stage()
    closed.close()
    closed.begin(LATER, made_by_reset=True)
    assert await wait_for_outcome(closed.client, SESSION, RUN_ID) is not None


@in_virtual_time
async def test_the_end_is_waited_for() -> None:
    """By long polls, until the run closes. An outage is raised."""
    stage = Stage()
    waiting = asyncio.create_task(wait_for_outcome(stage.client, SESSION, RUN_ID))
    await asyncio.sleep(300.0)
    assert not waiting.done()
    stage.close(b'"well"')
    assert await waiting == Outcome(RUN_ID, b'{"type":"done","result":"well"}')
    stage.outage()
    with pytest.raises(RPCError):
        await wait_for_outcome(stage.client, SESSION, RUN_ID)
