"""Whether anybody works at a session: what the server says of its run while no event comes.

A worker that was killed cannot say so, nor can a workflow that was terminated. The server knows,
and tells it to whoever describes the run.
"""

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

from kai_flow.stream.progress import Liveness, Status
from kai_flow.stream.run import describe

MIN_WORKER_TIMEOUT: Final = timedelta(seconds=20)  # without a heartbeat; they come every second
HEARTBEAT_MARGIN: Final = timedelta(seconds=5)  # how late a heartbeat may be that is due
TASK_PICKUP_TIMEOUT: Final = timedelta(seconds=3)  # a polling worker takes a workflow task sooner

# Workers keep heartbeats back. What of a worker's that does not say for how long, by its SDK:
THROTTLE_SHARE: Final = 0.8  # of the heartbeat timeout
MAX_THROTTLE: Final = timedelta(seconds=60)
DEFAULT_THROTTLE: Final = timedelta(seconds=30)  # of an activity without heartbeat timeout

_LIVELIEST: Final = ("waiting", "retrying", "running")  # the last one is
_IDLE: Final = (
    PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED,
    PendingActivityState.PENDING_ACTIVITY_STATE_PAUSED,
)
_ENDS: Final[dict[int, Status]] = {  # sessions do not continue as new
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_COMPLETED: "completed",
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_FAILED: "failed",
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_CANCELED: "cancelled",
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TERMINATED: "failed",
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TIMED_OUT: "failed",
}


class Throttle(msgspec.Struct, frozen=True):
    """What a producer adds to its heartbeats, where its worker says it."""

    every: float
    """Seconds for which its worker keeps a heartbeat back at most."""


def details_of(throttle: timedelta) -> dict[str, float]:
    """The same, for any data converter."""
    said: dict[str, float] = msgspec.to_builtins(Throttle(throttle.total_seconds()))
    return said


def news(seen: Liveness | None, told: Liveness | None) -> Liveness | None:
    """What a reader has to be told of a liveness, who was `told` another one last.

    An agent may think as long as it likes: that it is at work is news only after bad news. The end
    is told by `done`.
    """
    if seen is None or seen.ended or (seen.status == "running" and told is None):
        return None
    return seen


async def observe(client: Client, session_id: str, run_id: str) -> Liveness | None:
    """The liveness of one run; None when it is unknown. Raises RPCError.

    The clocks of this machine and of the server have to agree to a few seconds.
    """
    return liveness_of(await describe(client, session_id, run_id), datetime.now(UTC))


def liveness_of(session: DescribeWorkflowExecutionResponse, moment: datetime) -> Liveness | None:
    """What a description says at `moment`: by its end, its activities, or its workflow task."""
    end = _ENDS.get(session.workflow_execution_info.status)
    if end is not None:
        return Liveness(end, 0)
    if session.pending_activities:
        # Which of several streams is not told: as long as one of them is worked at, it may be that.
        found = [_of_activity(one, moment) for one in session.pending_activities]
        return max(found, key=lambda liveness: _LIVELIEST.index(liveness.status))
    task = session.pending_workflow_task
    untaken = task.state == PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_SCHEDULED
    if untaken and moment - task.scheduled_time.ToDatetime(UTC) > TASK_PICKUP_TIMEOUT:
        return Liveness("waiting", 1)
    return None


def _of_activity(activity: PendingActivityInfo, moment: datetime) -> Liveness:
    if activity.state in _IDLE:
        return Liveness("retrying" if activity.attempt > 1 else "waiting", activity.attempt)
    timeout = activity.activity_options.heartbeat_timeout.ToTimedelta()
    if not (timeout or activity.HasField("last_heartbeat_time")):
        # Of an activity that never heartbeats nothing is known.
        return Liveness("running", activity.attempt)
    last_seen = max(
        stamp.ToDatetime(UTC)
        for stamp in (activity.last_heartbeat_time, activity.last_started_time)
    )
    allowed = max(MIN_WORKER_TIMEOUT, _throttle(activity) + HEARTBEAT_MARGIN)
    return Liveness("waiting" if moment - last_seen > allowed else "running", activity.attempt)


def _throttle(activity: PendingActivityInfo) -> timedelta:
    """The longest time between two heartbeats of a living worker; 0 when nothing is known."""
    for payload in activity.heartbeat_details.payloads:
        try:
            said = msgspec.json.decode(payload.data, type=Throttle)
            return timedelta(seconds=min(said.every, MAX_THROTTLE.total_seconds()))
        except (msgspec.MsgspecError, UnicodeError, OverflowError):
            continue  # for people, or of somebody else
    if not activity.HasField("activity_options"):
        return timedelta()  # of an older server
    timeout = activity.activity_options.heartbeat_timeout.ToTimedelta()
    return min(THROTTLE_SHARE * timeout, MAX_THROTTLE) if timeout else DEFAULT_THROTTLE
