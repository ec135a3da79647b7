"""How a session ended, read from Temporal: the only source of the stream's `done`."""

from typing import Any, Final, NamedTuple

import msgspec
from temporalio.api.common.v1 import Payloads
from temporalio.api.enums.v1 import EventType
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowHistoryEventFilterType
from temporalio.common import RawValue

from kai_flow.stream.run import find_run
from kai_flow.stream.signals import LONG_POLL_TIMEOUT
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


async def wait_for_outcome(client: Client, session_id: str, run_id: str) -> Outcome | None:
    """Wait until the run and every run that continues it have closed. Raises RPCError.

    None when a reset has closed the run: the session goes on in a newer run, with a stream of its
    own. It is a long poll that needs no worker and adds nothing to the history.
    """
    while True:
        event = await _close_event(client, session_id, run_id)
        following = _next_run(event)
        if following:
            run_id = following
        elif await _was_reset(client, session_id, run_id, event):
            return None
        else:
            return Outcome(run_id, await _done(client, event))


async def _close_event(client: Client, session_id: str, run_id: str) -> HistoryEvent:
    handle = client.get_workflow_handle(session_id, run_id=run_id)
    events = handle.fetch_history_events(
        wait_new_event=True,
        event_filter_type=WorkflowHistoryEventFilterType.CLOSE_EVENT,
        rpc_timeout=LONG_POLL_TIMEOUT,
    )
    async for event in events:
        return event
    raise RuntimeError(f"the history of {session_id} run {run_id} has no close event")


async def _was_reset(client: Client, session_id: str, run_id: str, event: HistoryEvent) -> bool:
    """Whether a reset terminated this run.

    The newest run tells it. The `reset_run_id` of this run does not: a reset to a point in an
    earlier run terminates the current one as well, and leaves no such mark on it. A run that had
    closed before the reset has an outcome of its own.
    """
    if event.event_type != EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED:
        return False
    newest = await find_run(client, session_id)
    return newest.made_by_reset and newest.run_id != run_id


def _next_run(event: HistoryEvent) -> str:
    """The run that continues this one, by continue-as-new, a retry or a schedule; else empty."""
    return (
        event.workflow_execution_continued_as_new_event_attributes.new_execution_run_id
        or event.workflow_execution_failed_event_attributes.new_execution_run_id
        or event.workflow_execution_timed_out_event_attributes.new_execution_run_id
        or event.workflow_execution_completed_event_attributes.new_execution_run_id
    )


async def _done(client: Client, event: HistoryEvent) -> bytes:
    completed = event.workflow_execution_completed_event_attributes
    if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
        result = msgspec.Raw(await _json(client, completed.result))
        return msgspec.json.encode({"type": DONE, "result": result})
    status, sentence = _WITHOUT_RESULT.get(event.event_type, ("failed", "the session ended"))
    failure = event.workflow_execution_failed_event_attributes.failure
    reason = event.workflow_execution_terminated_event_attributes.reason
    error = _root_cause(failure) or (f"{sentence}: {reason}" if reason else sentence)
    return msgspec.json.encode({"type": DONE, "status": status, "error": error})


async def _json(client: Client, payloads: Payloads) -> bytes:
    """The result as one line of JSON; null if there is none, or if it is not JSON."""
    if not payloads.payloads:
        return b"null"
    values: list[Any] = await client.data_converter.decode(payloads.payloads, [RawValue])
    try:
        return msgspec.json.encode(msgspec.json.decode(values[0].payload.data))
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return b"null"


def _root_cause(failure: Failure) -> str:
    """The innermost message. The outer ones only report that an activity failed."""
    while failure.HasField("cause"):
        failure = failure.cause
    return failure.message
