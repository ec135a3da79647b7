"""What a running session is doing, judged by the server's description of it, without a worker."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.enums.v1 import (
    PendingActivityState,
    PendingWorkflowTaskState,
    WorkflowExecutionStatus,
)
from temporalio.api.workflow.v1 import PendingActivityInfo, PendingWorkflowTaskInfo
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionResponse

from kai_flow.stream.liveness import TASK_PICKUP_TIMEOUT, longest_silence

FAILING: Final = "its workflow's code fails, or does not fit the history: see the worker's log"
"""What is known of a workflow that fails, before its history has been read."""

STUCK: Final = ("no worker", "failing", "silent", "retrying")
"""The states of a session that does not go on by itself, or not soon; the worst first."""

_ORDER: Final = (*STUCK, "paused", "running", "waiting")


class Doing(NamedTuple):
    """What a session is doing."""

    state: str
    """`no worker` takes its work; the code of the workflow is `failing`; the worker is `silent`;
    an attempt has failed and it is `retrying`; `paused`; `running`; or `waiting` for a timer, a
    signal or another workflow."""
    seconds: float
    """Since when, as far as the server tells."""
    attempt: int
    """Of the activity, or of the workflow task that fails; 0: there is none."""
    detail: str
    """What is meant, and the last failure."""

    @property
    def stuck(self) -> bool:
        """Whether somebody should look."""
        return self.state in STUCK


def doing(
    session: DescribeWorkflowExecutionResponse, moment: datetime, silent_for: timedelta | None
) -> Doing | None:
    """What a session is doing at `moment`, the worst first; None: it has ended.

    A worker whose last heartbeat is older than `silent_for` is silent. None: older than it may be
    for readers (§5.7 of the protocol), who are told at the same time that no worker runs the
    session. The clocks of this machine and of the server have to agree to within a few seconds.
    """
    info = session.workflow_execution_info
    if info.status != WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING:
        return None
    found = [_of_activity(one, moment, silent_for) for one in session.pending_activities]
    found += _of_task(session.pending_workflow_task, moment)
    if not found:
        return Doing("waiting", _age(info.start_time, moment), 0, "no activity is under way")
    return min(found, key=lambda one: _ORDER.index(one.state))


def _of_task(task: PendingWorkflowTaskInfo, moment: datetime) -> Iterator[Doing]:
    """A workflow task is only of interest if it does not end: normally it takes milliseconds."""
    state = task.state
    if state == PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_UNSPECIFIED:
        return
    seconds = _age(task.original_scheduled_time, moment)
    if seconds <= TASK_PICKUP_TIMEOUT.total_seconds():
        yield Doing("running", seconds, 0, "its workflow begins or goes on")
    elif task.attempt > 1:
        yield Doing("failing", seconds, task.attempt, FAILING)
    elif state == PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_SCHEDULED:
        yield Doing("no worker", seconds, 0, "no worker takes its workflow")
    else:
        yield Doing("running", seconds, 0, "a worker has its workflow")


def _of_activity(
    activity: PendingActivityInfo, moment: datetime, silent_for: timedelta | None
) -> Doing:
    name, attempt = activity.activity_type.name, activity.attempt
    match activity.state:
        case PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED:
            return _of_scheduled(activity, moment)
        case PendingActivityState.PENDING_ACTIVITY_STATE_PAUSED:
            return Doing(
                "paused", _age(activity.scheduled_time, moment), attempt, f"{name} is paused"
            )
        case _:
            pass
    started = _age(activity.last_started_time, moment)
    last_seen = started
    if activity.HasField("last_heartbeat_time"):
        last_seen = min(started, _age(activity.last_heartbeat_time, moment))
    elif not activity.activity_options.heartbeat_timeout.ToTimedelta():
        return Doing("running", started, attempt, f"{name}, without heartbeats")
    allowed = longest_silence(activity) if silent_for is None else silent_for
    if last_seen > allowed.total_seconds():
        detail = f"{name}: no heartbeat of its worker, {activity.last_worker_identity}"
        return Doing("silent", last_seen, attempt, detail)
    return Doing("running", started, attempt, name)


def _of_scheduled(activity: PendingActivityInfo, moment: datetime) -> Doing:
    name, attempt = activity.activity_type.name, activity.attempt
    due = max(activity.scheduled_time.ToDatetime(UTC), _next_attempt(activity))
    overdue = (moment - due).total_seconds()
    if overdue > TASK_PICKUP_TIMEOUT.total_seconds():
        return Doing("no worker", overdue, attempt, f"no worker takes {name}")
    if attempt > 1:
        failure = activity.last_failure.message or "its attempt failed"
        failed = _age(activity.last_attempt_complete_time, moment)
        return Doing("retrying", failed, attempt, f"{name}: {failure}")
    return Doing("running", max(0.0, overdue), attempt, f"{name} begins")


def _next_attempt(activity: PendingActivityInfo) -> datetime:
    return activity.next_attempt_schedule_time.ToDatetime(UTC)  # the epoch if there is none


def _age(time: Timestamp, moment: datetime) -> float:
    """Seconds from a time to `moment`; 0 if the time is not set, or later."""
    if not time.seconds:
        return 0.0
    return max(0.0, (moment - time.ToDatetime(UTC)).total_seconds())
