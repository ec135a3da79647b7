"""What an attempt learns from the server: where its stream begins, and why it had to end."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from temporalio import activity
from temporalio.api.enums.v1 import WorkflowExecutionStatus
from temporalio.client import Client
from temporalio.service import RPCError

from kai_flow.stream.callback import Origin
from kai_flow.stream.errors import InvalidId, SessionEnded, Superseded
from kai_flow.stream.header import ProducerHeader
from kai_flow.stream.ids import MAX_NUMBER, EventId
from kai_flow.stream.log_fields import about
from kai_flow.stream.numbering import MAX_BESIDE, MAX_RANGES, is_long
from kai_flow.stream.place import to_ranges
from kai_flow.stream.run import describe
from kai_flow.stream.storage import storable_beside
from kai_flow.stream.tail import QUIET_PAGES, SHORT_POLL_TIMEOUT, RunHistory
from kai_flow.stream.wire_names import STARTED

_ENDS: Final[Mapping[int, str]] = {
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_CANCELED: "the session was cancelled",
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TERMINATED: (
        "the session was terminated, or reset"
    ),
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TIMED_OUT: "the session timed out",
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW: (
        "the session has continued as new"
    ),
}


class AttemptStart(NamedTuple):
    """What is known when an attempt begins to stream."""

    origin: Origin
    storable: int
    """How many bytes of events it may store."""
    age: float
    """For how many seconds the session has been streaming."""


class GivenUp(Superseded):
    """The workflow no longer waits for this activity, and its producer is closed.

    The interceptor completes the activity then, because a failure could break the workflow for
    good: the SDK's workflow tasks fail at the failure of an activity that was cancelled with
    ABANDON. A completion is ignored.
    """


class Unexplained(Superseded):
    """The server did not answer why the attempt was refused.

    The attempt may be retried, and its retry learns the reason. A failure for good could break the
    workflow (see `GivenUp`). If another attempt has taken over or the run has ended, the server
    ignores the failure.
    """


ASK_PAUSES: Final = (0.5, 1.0, 2.0, 4.0)  # seconds between two questions why
OWN_FIELDS: Final = frozenset({"type", "producer", "attempt", "activity", "activity_id", "beside"})
"""The fields of `started` that are the stream's own."""


def given_number(producer: int | None, beside: Iterable[int] | None) -> ProducerHeader | None:
    """The number that the code of an activity gives to its producer. Raises InvalidId."""
    if producer is None and beside is None:
        return None
    if producer is None or beside is None:
        raise InvalidId(
            "`producer` and `beside` are given together: the activity's number, and the numbers of "
            "the activities that were under way when it was scheduled; () if there were none"
        )
    if not 1 <= producer <= MAX_NUMBER:
        raise InvalidId(f"producers are numbered from 1 to 2^53 - 1, not {producer}")
    listed = frozenset(beside)
    wrong = sorted(number for number in listed if not 1 <= number < producer)
    if wrong:
        raise InvalidId(
            f"the activities beside producer {producer} were scheduled before it and have lower "
            f"numbers, from 1: not {wrong[0]}"
        )
    if len(listed) > MAX_BESIDE or is_long(listed):
        raise InvalidId(
            f"at most {MAX_BESIDE:,} activities can be beside a producer, in at most {MAX_RANGES} "
            "ranges of consecutive numbers"
        )
    return ProducerHeader(producer, listed, first_run_id="")


def started_event(
    info: activity.Info, number: ProducerHeader, fields: Mapping[str, Any]
) -> dict[str, Any]:
    """The first event of an attempt, with the fields that its code adds."""
    return {
        "type": STARTED,
        "producer": number.producer,
        "attempt": info.attempt,
        "activity": info.activity_type,
        "activity_id": info.activity_id,
        "beside": to_ranges(number.beside),
        **fields,
    }


async def start_of(client: Client, info: activity.Info, number: ProducerHeader) -> AttemptStart:
    """Where the stream of the attempt that `info` describes begins. Raises no RPCError.

    The server is asked in two cases. When the number is of another run, a reset may have made this
    run with a copy of the activity: then its stream is its own (§1.3 of the protocol). And only the
    server knows how much earlier attempts have stored.
    """
    workflow_id, run_id = info.workflow_id or "", info.workflow_run_id or ""
    # A number that the activity's code gave names no run: without our workflow's code, a stream
    # never goes on in another run.
    first_run_id = number.first_run_id or run_id
    storable = storable_beside(number.history_bytes)
    if number.first_run_id != run_id or info.attempt > 1:
        try:
            description = await describe(client, workflow_id, run_id)
        except RPCError as error:
            activity.logger.warning(
                "the size of the history is unknown: %s",
                error.message,
                extra=about("history_size_unknown"),
            )
            storable = storable_beside(None)
        else:
            if description.workflow_extended_info.HasField("last_reset_time"):
                first_run_id = run_id
            size = description.workflow_execution_info.history_size_bytes
            storable = storable_beside(size)
    codec = client.data_converter.payload_codec is not None
    origin = Origin(workflow_id, run_id, first_run_id, codec)
    return AttemptStart(origin, storable, _age(info, number))


async def history_size(client: Client, origin: Origin) -> int | None:
    """How many bytes the history of the attempt's run has now; None: the server does not answer."""
    try:
        description = await describe(client, origin.workflow_id, origin.run_id)
    except RPCError:
        return None
    return description.workflow_execution_info.history_size_bytes


def _age(info: activity.Info, number: ProducerHeader) -> float:
    """For how long the session has been streaming.

    A first attempt does not count the time for which it waited for a worker. Both times of a later
    one are the server's, and of this run: after a reset a pending activity is scheduled again.
    """
    if info.attempt == 1:
        return number.age
    return number.age + max(0.0, (info.started_time - info.scheduled_time).total_seconds())


async def why_superseded(
    client: Client, origin: Origin, activity_id: str, last: EventId
) -> Superseded:
    """The error for an attempt that was refused after its event `last`, and a line in the log.

    A 410 or a refused signal does not tell the reason, so the server is asked for it.
    """
    kind: type[Superseded] = Unexplained
    why = "a newer attempt, or the session's end, has taken over"
    for pause in (*ASK_PAUSES, None):
        try:
            kind, why = await _reason(client, origin, activity_id, last)
            break
        except RPCError:
            if pause is not None:
                await asyncio.sleep(pause)
    activity.logger.warning(
        "the agent was stopped: %s (session %s, event %s)", why, origin.workflow_id, last,
        extra=about("agent_stopped", origin.workflow_id, last),
    )  # fmt: skip
    return kind(f"{last}: {why}")


async def _reason(
    client: Client, origin: Origin, activity_id: str, last: EventId
) -> tuple[type[Superseded], str]:
    description = await describe(client, origin.workflow_id, origin.run_id)
    status = description.workflow_execution_info.status
    if status != WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING:
        return SessionEnded, _ENDS.get(status, "the session has ended")
    pending = {one.activity_id: one.attempt for one in description.pending_activities}
    if pending.get(activity_id) != last.attempt:
        return Superseded, "a newer attempt has taken over"
    if await _is_closed(client, origin, last.producer):
        return GivenUp, "the workflow no longer waits for this activity"
    return Superseded, "its events are refused, although no newer attempt has taken over"


async def _is_closed(client: Client, origin: Origin, producer: int) -> bool:
    """Whether the history shows that the producer is closed (§4.4).

    A receiver's word is not enough: the workflow could be waiting for the activity's result.
    """
    history = RunHistory(client, origin.workflow_id, origin.run_id)
    fold = None
    while not history.ended and history.quiet < QUIET_PAGES:
        items = await history.read(SHORT_POLL_TIMEOUT)
        fold = history.fold() if fold is None else fold
        for item in items:
            fold.take(item)
    return fold is not None and fold.marked and producer not in fold.open
