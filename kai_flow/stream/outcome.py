"""How a session ended, read from Temporal: the only source of the stream's `done`."""

from typing import Final, NamedTuple

import msgspec
from temporalio.api.common.v1 import Payloads
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client

from kai_flow.stream.codec import decoded
from kai_flow.stream.failure_message import message_of, root_cause
from kai_flow.stream.history_event import next_run
from kai_flow.stream.run import describe
from kai_flow.stream.wire_names import DONE

_WITHOUT_RESULT: Final = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED: ("failed", "the session failed"),
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT: ("failed", "the session timed out"),
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED: ("cancelled", "the session was cancelled"),
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED: ("failed", "the session was terminated"),
}


class Outcome(NamedTuple):
    """How a session ended."""

    run_id: str
    """The last run of the chain."""
    data: bytes
    """The `done` event, encoded."""


async def outcome_of(
    client: Client, session_id: str, run_id: str, closed: HistoryEvent
) -> Outcome | None:
    """How a session ended whose last run `run_id` was closed by this event of its history.

    None when the session id goes on in another run, which has a stream of its own: after a reset,
    a retry of the workflow, on a schedule, or after a continue-as-new by a worker without the
    plugin. The caller has followed all runs that continue the stream. Raises RPCError,
    CodecMissing, or what the client's payload codec raises.
    """
    if next_run(closed) or await _was_reset(client, session_id, run_id, closed):
        return None
    return Outcome(run_id, await _done(client, closed))


async def _was_reset(client: Client, session_id: str, run_id: str, event: HistoryEvent) -> bool:
    """Whether a reset terminated this run.

    The newest run tells it. The `reset_run_id` of this run does not: a reset to a point in an
    earlier run terminates the current one as well, and leaves no such mark on it. A run that had
    closed before the reset has an outcome of its own.
    """
    if event.event_type != EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED:
        return False
    newest = await describe(client, session_id)
    made_by_reset = newest.workflow_extended_info.HasField("last_reset_time")
    return made_by_reset and newest.workflow_execution_info.execution.run_id != run_id


async def _done(client: Client, event: HistoryEvent) -> bytes:
    completed = event.workflow_execution_completed_event_attributes
    if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
        result = msgspec.Raw(await _json(client, completed.result))
        return msgspec.json.encode({"type": DONE, "result": result})
    status, sentence = _WITHOUT_RESULT.get(event.event_type, ("failed", "the session ended"))
    failure = event.workflow_execution_failed_event_attributes.failure
    reason = event.workflow_execution_terminated_event_attributes.reason
    error = await message_of(client, root_cause(failure)) or (
        f"{sentence}: {reason}" if reason else sentence
    )
    return msgspec.json.encode({"type": DONE, "status": status, "error": error})


async def _json(client: Client, payloads: Payloads) -> bytes:
    """The result as one line of JSON; null if there is none, or if it is not JSON."""
    if not payloads.payloads:
        return b"null"
    result = await decoded(client, payloads.payloads[0])
    try:
        return msgspec.json.encode(msgspec.json.decode(result.data))
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return b"null"
