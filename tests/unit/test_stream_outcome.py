"""How a session ended: `done` for each way to close, and none while it goes on elsewhere."""

import json

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.service import RPCError

from kai_flow.stream.codec import CodecMissing
from kai_flow.stream.outcome import Outcome, outcome_of
from tests.unit.temporal_stage import LATER, RUN_ID, SESSION, TemporalStage, in_virtual_time


def closing(kind: str) -> HistoryEvent:
    """The history event that closes a run in this way."""
    return HistoryEvent(event_type=EventType.Value(f"EVENT_TYPE_WORKFLOW_EXECUTION_{kind}"))


async def outcome_on(stage: TemporalStage, event: HistoryEvent) -> Outcome | None:
    """The outcome of the session whose first run was closed by this event."""
    return await outcome_of(stage.client, SESSION, RUN_ID, event)


async def done_of(event: HistoryEvent) -> dict[str, object]:
    """The `done` of a session that was closed by this event."""
    outcome = await outcome_on(TemporalStage(), event)
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


@in_virtual_time
async def test_a_result_that_cannot_be_read_is_not_null() -> None:
    """A program without the codec of the workers does not say that there is no result (§8.8)."""
    event = closing("COMPLETED")
    payload = Payload(metadata={"encoding": b"binary/encrypted"}, data=b"...")
    event.workflow_execution_completed_event_attributes.result.payloads.append(payload)
    with pytest.raises(CodecMissing, match="binary/encrypted"):
        await done_of(event)


@in_virtual_time
async def test_an_encoded_failure_is_decoded() -> None:
    """Where a failure converter encodes messages, readers get the real one."""
    failed = closing("FAILED")
    cause = failed.workflow_execution_failed_event_attributes.failure.cause
    cause.message = "Encoded failure"
    cause.encoded_attributes.metadata["encoding"] = b"json/plain"
    cause.encoded_attributes.data = b'{"message": "the database is gone", "stack_trace": ""}'
    assert (await done_of(failed))["error"] == "the database is gone"
    cause.encoded_attributes.data = b"[]"
    assert (await done_of(failed))["error"] == "Encoded failure"


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
async def test_a_run_that_another_one_follows_is_no_end(kind: str) -> None:
    """The session id goes on with another stream, after a retry for example."""
    event = closing(kind)
    attributes = getattr(event, f"workflow_execution_{kind.lower()}_event_attributes")
    attributes.new_execution_run_id = LATER
    assert await outcome_on(TemporalStage(), event) is None


@in_virtual_time
async def test_a_reset_is_no_end() -> None:
    """The session goes on in a run with a stream of its own; what had closed before has ended."""
    stage = TemporalStage()
    stage.reset(LATER)
    assert await outcome_on(stage, closing("TERMINATED")) is None
    assert await outcome_on(stage, closing("COMPLETED")) is not None


@in_virtual_time
async def test_only_a_termination_is_looked_into() -> None:
    """Every other close event tells all there is. An outage is raised."""
    stage = TemporalStage()
    stage.outage()
    assert await outcome_on(stage, closing("CANCELED")) is not None
    with pytest.raises(RPCError):
        await outcome_on(stage, closing("TERMINATED"))
