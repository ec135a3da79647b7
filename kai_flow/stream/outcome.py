"""How a session ended, read from Temporal: the one source of the stream's `done`."""

from typing import Any, Final, NamedTuple

import msgspec
from temporalio.api.common.v1 import Payloads
from temporalio.api.enums.v1 import EventType
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowHistoryEventFilterType
from temporalio.common import RawValue

from kai_flow.stream.names import DONE
from kai_flow.stream.run import find_run
from kai_flow.stream.signals import LONG_POLL_TIMEOUT

_WITHOUT_RESULT: Final = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED: ("failed", "the session failed"),
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT: ("failed", "the session timed out"),
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED: ("cancelled", "the session was cancelled"),
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED: ("failed", "the session was terminated"),
}


class Outcome(NamedTuple):
    """The end of a chain of runs."""

    run_id: str
    """The last run of the chain."""
    data: bytes
    """The `done` event, encoded."""


async def wait_for_outcome(client: Client, session_id: str, run_id: str) -> Outcome | None:
    """Wait until the run has closed, following continue-as-new; needs no worker. Raises RPCError.

    None when it was closed by a reset: the session goes on, in a newer run with its own stream.
    A long poll: it adds nothing to the history however many wait.
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
    raise RuntimeError(f"the history of {session_id} run {run_id} has no end")


async def _was_reset(client: Client, session_id: str, run_id: str, event: HistoryEvent) -> bool:
    """Whether a reset terminated this run.

    Its own `reset_run_id` would not do: a reset to an earlier run terminates the current one too,
    and leaves no such mark on it. What had closed before the reset ended as it says.
    """
    if event.event_type != EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED:
        return False
    newest = await find_run(client, session_id)
    return newest.made_by_reset and newest.run_id != run_id


def _next_run(event: HistoryEvent) -> str:
    """The run that goes on where this one ended: by continue-as-new, a retry or a schedule."""
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
    """The result as one line of JSON; null when it is none or not JSON."""
    if not payloads.payloads:
        return b"null"
    values: list[Any] = await client.data_converter.decode(payloads.payloads, [RawValue])
    try:
        return msgspec.json.encode(msgspec.json.decode(values[0].payload.data))
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return b"null"


def _root_cause(failure: Failure) -> str:
    """The innermost message: the outer ones only say that an activity failed."""
    while failure.HasField("cause"):
        failure = failure.cause
    return failure.message
