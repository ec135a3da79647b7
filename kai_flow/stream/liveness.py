"""Liveness: whether a worker is working on a session, as the server shows it (§5.7).

A worker that was killed cannot report that, and neither can a workflow that was terminated. But the
server shows it in the description of the run.
"""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from temporalio.api.enums.v1 import (
    PendingActivityState,
    PendingWorkflowTaskState,
    WorkflowExecutionStatus,
)
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionResponse
from temporalio.client import Client

from kai_flow.stream.codec import decoded
from kai_flow.stream.progress import Liveness, RunLiveness, Status
from kai_flow.stream.run import describe

MIN_WORKER_TIMEOUT: Final = timedelta(seconds=20)  # without a heartbeat; one is sent a second
HEARTBEAT_MARGIN: Final = timedelta(seconds=5)  # how late a heartbeat may be that is due
TASK_PICKUP_TIMEOUT: Final = timedelta(seconds=3)  # a polling worker takes a workflow task sooner

# A worker holds heartbeats back before it sends them. If its heartbeats do not tell for how long,
# these defaults of the SDK are assumed:
THROTTLE_SHARE: Final = 0.8  # of the activity's heartbeat timeout
MAX_THROTTLE: Final = timedelta(seconds=60)
DEFAULT_THROTTLE: Final = timedelta(seconds=30)  # without a heartbeat timeout

_LIVELIEST: Final = ("waiting", "retrying", "running")  # in rising order
_IDLE: Final = (
    PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED,
    PendingActivityState.PENDING_ACTIVITY_STATE_PAUSED,
)
_ENDS: Final[dict[int, Status]] = {  # continuing as new is no end of the session
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_COMPLETED: "completed",
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_FAILED: "failed",
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_CANCELED: "cancelled",
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TERMINATED: "failed",
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TIMED_OUT: "failed",
}


class ProducerDetail(msgspec.Struct, frozen=True, omit_defaults=True):
    """The last detail of a producer's heartbeats (§6.14). Its first field marks it."""

    kai_flow_producer: str
    """The producer's position, for people."""
    every: float | None = None
    """The longest time in seconds for which the worker holds a heartbeat back, if it is known."""


def liveness_to_show(seen: Liveness | None, shown: Liveness | None) -> Liveness | None:
    """The liveness to show to a reader who was shown `shown` last; None: none is to be shown.

    An agent may think for as long as it likes, so `running` is shown only after something else was.
    The end of a session is shown by `done`. While the status stays the same, so does the attempt:
    of several activities, each look may find another one to be the liveliest.
    """
    if seen is None or seen.ended or (seen.status == "running" and shown is None):
        return None
    return shown if shown is not None and shown.status == seen.status else seen


async def observe(client: Client, session_id: str, run_id: str) -> RunLiveness | None:
    """The liveness of one run; None when it is unknown. Raises RPCError.

    The clocks of this machine and of the server have to agree to within a few seconds.
    """
    session = await describe(client, session_id, run_id)
    for pending in session.pending_activities:
        await decode_detail(client, pending)
    return liveness_of(session, datetime.now(UTC))


async def decode_detail(client: Client, activity: PendingActivityInfo) -> None:
    """Decode the last detail of an activity's heartbeats, where a codec has encoded it."""
    for payload in activity.heartbeat_details.payloads[-1:]:
        with suppress(Exception):  # without the codec or its key, the detail is not known
            payload.CopyFrom(await decoded(client, payload))


def liveness_of(session: DescribeWorkflowExecutionResponse, moment: datetime) -> RunLiveness | None:
    """The liveness at `moment` by a description: by end, pending activities, or workflow task."""
    end = _ENDS.get(session.workflow_execution_info.status)
    if end is not None:
        return RunLiveness(Liveness(end, 0))
    if session.pending_activities:
        found = {one.activity_id: _of_activity(one, moment) for one in session.pending_activities}
        liveliest = max(found.values(), key=lambda liveness: _LIVELIEST.index(liveness.status))
        return RunLiveness(liveliest, found)
    task = session.pending_workflow_task
    untaken = task.state == PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_SCHEDULED
    if untaken and moment - task.scheduled_time.ToDatetime(UTC) > TASK_PICKUP_TIMEOUT:
        return RunLiveness(Liveness("waiting", 1))
    return None


def _of_activity(activity: PendingActivityInfo, moment: datetime) -> Liveness:
    if activity.state in _IDLE:
        return Liveness("retrying" if activity.attempt > 1 else "waiting", activity.attempt)
    timeout = activity.activity_options.heartbeat_timeout.ToTimedelta()
    if not (timeout or activity.HasField("last_heartbeat_time")):
        # It has never sent a heartbeat and need not: nothing else can be determined.
        return Liveness("running", activity.attempt)
    last_seen = max(
        stamp.ToDatetime(UTC)
        for stamp in (activity.last_heartbeat_time, activity.last_started_time)
    )
    lost = moment - last_seen > longest_silence(activity)
    return Liveness("waiting" if lost else "running", activity.attempt)


def longest_silence(activity: PendingActivityInfo) -> timedelta:
    """How old the last heartbeat of a live worker may be: with an older one it is taken as lost.

    Where a codec has encoded the details of the heartbeats, `decode_detail` comes first.
    """
    return max(MIN_WORKER_TIMEOUT, _throttle(activity) + HEARTBEAT_MARGIN)


def _throttle(activity: PendingActivityInfo) -> timedelta:
    """The longest time between two heartbeats of a live worker; 0 when that is unknown."""
    detail = _detail_of_producer(activity)
    if detail is not None and detail.every is not None:
        return timedelta(seconds=max(0.0, min(detail.every, MAX_THROTTLE.total_seconds())))
    if not activity.HasField("activity_options"):
        return timedelta()  # an older server does not report the heartbeat timeout
    timeout = activity.activity_options.heartbeat_timeout.ToTimedelta()
    return min(THROTTLE_SHARE * timeout, MAX_THROTTLE) if timeout else DEFAULT_THROTTLE


def _detail_of_producer(activity: PendingActivityInfo) -> ProducerDetail | None:
    """The detail that a producer has added behind those of the user, if there is one."""
    for payload in activity.heartbeat_details.payloads[-1:]:
        with suppress(msgspec.MsgspecError, UnicodeError):  # the user's, or still encrypted
            return msgspec.json.decode(payload.data, type=ProducerDetail)
    return None
