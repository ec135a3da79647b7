"""What a session is doing, judged by the server's description."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.enums.v1 import (
    PendingActivityState,
    PendingWorkflowTaskState,
    WorkflowExecutionStatus,
)
from temporalio.api.failure.v1 import Failure
from temporalio.api.workflow.v1 import PendingActivityInfo, PendingWorkflowTaskInfo
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionResponse

from kai_flow.cli.sessions import _shown
from kai_flow.cli.stuck import STUCK, Doing, doing
from kai_flow.stream.liveness import liveness_of

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
SILENT = timedelta(seconds=60)
RUNNING = WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING
SCHEDULED = PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED
STARTED = PendingActivityState.PENDING_ACTIVITY_STATE_STARTED
PAUSED = PendingActivityState.PENDING_ACTIVITY_STATE_PAUSED
TASK_SCHEDULED = PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_SCHEDULED
TASK_STARTED = PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_STARTED


def ago(seconds: float) -> Timestamp:
    """So many seconds before NOW; negative: after it."""
    time = Timestamp()
    time.FromDatetime(NOW - timedelta(seconds=seconds))
    return time


def activity(state: Any, attempt: int = 1, **fields: Any) -> PendingActivityInfo:
    """A pending activity that has to send heartbeats."""
    one = PendingActivityInfo(state=state, attempt=attempt, **fields)
    one.activity_type.name = "chat"
    one.activity_options.heartbeat_timeout.FromSeconds(60)
    return one


def task(state: Any, seconds: float, attempt: int = 1) -> PendingWorkflowTaskInfo:
    """A pending workflow task."""
    return PendingWorkflowTaskInfo(
        state=state, attempt=attempt, original_scheduled_time=ago(seconds)
    )


def session(
    *activities: PendingActivityInfo,
    pending: PendingWorkflowTaskInfo | None = None,
    status: Any = RUNNING,
) -> Doing | None:
    """What a session with these is doing."""
    description = DescribeWorkflowExecutionResponse(
        pending_activities=activities, pending_workflow_task=pending
    )
    description.workflow_execution_info.status = status
    description.workflow_execution_info.start_time.CopyFrom(ago(90))
    return doing(description, NOW, SILENT)


def of(*activities: PendingActivityInfo, **options: Any) -> tuple[str, float, int]:
    """State, seconds and attempt."""
    found = session(*activities, **options)
    assert found is not None
    return found[:3]


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (activity(SCHEDULED, scheduled_time=ago(1)), ("running", 1, 1)),
        (activity(SCHEDULED, scheduled_time=ago(9)), ("no worker", 9, 1)),
        (
            activity(
                SCHEDULED, 2,
                scheduled_time=ago(50), next_attempt_schedule_time=ago(-2),
                last_attempt_complete_time=ago(6),
            ),
            ("retrying", 6, 2),
        ),
        (
            activity(SCHEDULED, 2, scheduled_time=ago(50), next_attempt_schedule_time=ago(9)),
            ("no worker", 9, 2),
        ),
        (activity(STARTED, last_started_time=ago(30)), ("running", 30, 1)),
        (activity(STARTED, last_started_time=ago(61)), ("silent", 61, 1)),
        (
            activity(STARTED, last_started_time=ago(99), last_heartbeat_time=ago(59)),
            ("running", 99, 1),
        ),
        (
            activity(STARTED, 2, last_started_time=ago(99), last_heartbeat_time=ago(61)),
            ("silent", 61, 2),
        ),
        # a heartbeat of the attempt before does not count for this one
        (
            activity(STARTED, 2, last_started_time=ago(1), last_heartbeat_time=ago(80)),
            ("running", 1, 2),
        ),
        (activity(PAUSED, scheduled_time=ago(9)), ("paused", 9, 1)),
    ],
)  # fmt: skip
def test_an_activity_tells_what_its_session_does(
    one: PendingActivityInfo, expected: tuple[str, float, int]
) -> None:
    """The state, since when, and the attempt."""
    assert of(one) == expected


@pytest.mark.parametrize(
    ("every", "allowed"),
    [(None, 53), (2, 20), (30, 35)],  # seconds: 0.8 of 60 and 5 more; the least; 5 more
)
def test_without_a_wish_a_worker_is_silent_when_readers_are_told(
    every: int | None, allowed: int
) -> None:
    """§5.7: the time depends on how long its worker holds heartbeats back."""
    one = activity(STARTED, last_started_time=ago(99), last_heartbeat_time=ago(allowed + 1))
    if every is not None:
        detail = f'{{"kai_flow_producer":"event 1.1.1","every":{every}}}'
        one.heartbeat_details.payloads.add(data=detail.encode())
    description = DescribeWorkflowExecutionResponse(pending_activities=[one])
    description.workflow_execution_info.status = RUNNING

    def state(seconds: float) -> str:
        now = doing(description, NOW + timedelta(seconds=seconds), None)
        assert now is not None
        return now.state

    assert [state(-2), state(0)] == ["running", "silent"]
    shown = liveness_of(description, NOW)
    assert shown is not None
    assert shown.session.status == "waiting"


def test_an_activity_that_sends_no_heartbeats_is_never_silent() -> None:
    """It need not send any, so nothing follows."""
    quiet = activity(STARTED, last_started_time=ago(9_999))
    quiet.ClearField("activity_options")
    assert of(quiet) == ("running", 9_999, 1)


@pytest.mark.parametrize(
    ("pending", "expected"),
    [
        (task(TASK_SCHEDULED, 1), ("running", 1, 0)),
        (task(TASK_SCHEDULED, 9), ("no worker", 9, 0)),
        (task(TASK_STARTED, 9), ("running", 9, 0)),
        (task(TASK_SCHEDULED, 9, attempt=3), ("failing", 9, 3)),
        (task(TASK_STARTED, 9, attempt=3), ("failing", 9, 3)),
        (task(TASK_STARTED, 1, attempt=2), ("running", 1, 0)),
        (None, ("waiting", 90, 0)),
    ],
)
def test_a_workflow_task_tells_it_where_no_activity_is(
    pending: PendingWorkflowTaskInfo | None, expected: tuple[str, float, int]
) -> None:
    """A task that nobody takes, one that fails again and again, and none at all."""
    assert of(pending=pending) == expected


def test_the_worst_counts() -> None:
    """Of several activities, and beside a workflow task."""
    fine = activity(STARTED, last_started_time=ago(1))
    lost = activity(SCHEDULED, scheduled_time=ago(9))
    silent = activity(STARTED, last_started_time=ago(99))
    assert of(fine, silent)[0] == "silent"
    assert of(fine, silent, lost)[0] == "no worker"
    assert of(fine, pending=task(TASK_STARTED, 9, attempt=2))[0] == "failing"


def test_the_reason_of_a_retry_is_told() -> None:
    """The last failure stands in the detail, and only four states are stuck."""
    failed = activity(
        SCHEDULED, 2, scheduled_time=ago(-1), last_failure=Failure(message="the database is away")
    )
    found = session(failed)
    assert found is not None
    assert found.detail == "chat: the database is away"
    assert found.stuck
    assert [Doing(one, 0, 0, "").stuck for one in (*STUCK, "paused", "running", "waiting")] == [
        *[True] * 4,
        *[False] * 3,
    ]


def test_a_session_that_has_ended_does_nothing() -> None:
    """A list may be a second older than a description."""
    assert session(status=WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_COMPLETED) is None


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.4, "0 s"), (59.9, "59 s"), (61, "1 m 1 s"), (3_661, "1 h 1 m"), (90_000, "1 d 1 h")],
)
def test_a_duration_has_its_two_largest_units(seconds: float, shown: str) -> None:
    """Nobody has to divide."""
    assert _shown(seconds) == shown
