"""The pulse: what a description of a session says about who works at it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.enums.v1 import PendingActivityState, PendingWorkflowTaskState
from temporalio.api.workflow.v1 import PendingActivityInfo, PendingWorkflowTaskInfo
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionResponse

from kai_flow.bridge.pulse import Pulse, pulse_of

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
SCHEDULED = PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED
STARTED = PendingActivityState.PENDING_ACTIVITY_STATE_STARTED


def ago(seconds: float) -> Timestamp:
    """A moment before NOW."""
    stamp = Timestamp()
    stamp.FromDatetime(NOW - timedelta(seconds=seconds))
    return stamp


@pytest.mark.parametrize(
    ("activity", "pulse"),
    [
        (PendingActivityInfo(state=SCHEDULED, attempt=1), Pulse("waiting", 1)),
        (PendingActivityInfo(state=SCHEDULED, attempt=2), Pulse("retrying", 2)),
        (
            PendingActivityInfo(state=STARTED, attempt=1, last_started_time=ago(5)),
            Pulse("running", 1),
        ),
        (
            PendingActivityInfo(
                state=STARTED, attempt=1, last_started_time=ago(90), last_heartbeat_time=ago(3)
            ),
            Pulse("running", 1),
        ),
        (
            PendingActivityInfo(
                state=STARTED, attempt=1, last_started_time=ago(90), last_heartbeat_time=ago(30)
            ),
            Pulse("waiting", 1),
        ),
    ],
)
def test_a_pending_activity_tells(activity: PendingActivityInfo, pulse: Pulse) -> None:
    """Nobody took it, another attempt is due, somebody is at it, or nobody is heard of."""
    assert pulse_of(DescribeWorkflowExecutionResponse(pending_activities=[activity]), NOW) == pulse


@pytest.mark.parametrize(("seconds", "pulse"), [(1, None), (10, Pulse("waiting", 1))])
def test_a_workflow_task_that_nobody_takes_means_waiting(
    seconds: float, pulse: Pulse | None
) -> None:
    """Where no worker polls at all there is no activity yet: the workflow's own task waits."""
    task = PendingWorkflowTaskInfo(
        state=PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_SCHEDULED,
        scheduled_time=ago(seconds),
    )
    assert pulse_of(DescribeWorkflowExecutionResponse(pending_workflow_task=task), NOW) == pulse
    assert pulse_of(DescribeWorkflowExecutionResponse(), NOW) is None


def test_one_activity_at_work_is_enough() -> None:
    """Of several pending activities the liveliest speaks: which of them streams is not told."""
    others = [
        PendingActivityInfo(state=SCHEDULED, attempt=1),
        PendingActivityInfo(state=SCHEDULED, attempt=2),
        PendingActivityInfo(state=STARTED, attempt=1, last_started_time=ago(90)),
    ]
    session = DescribeWorkflowExecutionResponse(pending_activities=others)
    assert pulse_of(session, NOW) == Pulse("retrying", 2)
    session.pending_activities.insert(
        1, PendingActivityInfo(state=STARTED, attempt=3, last_started_time=ago(1))
    )
    assert pulse_of(session, NOW) == Pulse("running", 3)


@pytest.mark.parametrize(("patience", "status"), [(29, "waiting"), (31, "running")])
def test_a_worker_is_given_the_time_it_needs(patience: int, status: Any) -> None:
    """One that passes heartbeats on seldom is unheard of only after the patience asked for."""
    activity = PendingActivityInfo(state=STARTED, attempt=1, last_heartbeat_time=ago(30))
    session = DescribeWorkflowExecutionResponse(pending_activities=[activity])
    assert pulse_of(session, NOW, timedelta(seconds=patience)) == Pulse(status, 1)
