"""Liveness: what the server's description of a session shows of its worker."""

from datetime import UTC, datetime, timedelta

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.enums.v1 import (
    PendingActivityState,
    PendingWorkflowTaskState,
    WorkflowExecutionStatus,
)
from temporalio.api.workflow.v1 import (
    PendingActivityInfo,
    PendingWorkflowTaskInfo,
    WorkflowExecutionInfo,
)
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionResponse

from kai_flow.stream.liveness import liveness_of, liveness_to_show
from kai_flow.stream.progress import Liveness, RunLiveness, Status

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
SCHEDULED = PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED
STARTED = PendingActivityState.PENDING_ACTIVITY_STATE_STARTED
OWN = b'{"kai_flow_producer":"event 1.1.5, durable to 1.1.4","every":%s}'
PAUSED = PendingActivityState.PENDING_ACTIVITY_STATE_PAUSED


def ago(seconds: float) -> Timestamp:
    """A moment before NOW."""
    stamp = Timestamp()
    stamp.FromDatetime(NOW - timedelta(seconds=seconds))
    return stamp


@pytest.mark.parametrize(
    ("activity", "liveness"),
    [
        (PendingActivityInfo(state=SCHEDULED, attempt=1), Liveness("waiting", 1)),
        (PendingActivityInfo(state=SCHEDULED, attempt=2), Liveness("retrying", 2)),
        (
            PendingActivityInfo(state=PAUSED, attempt=2, last_heartbeat_time=ago(3)),
            Liveness("retrying", 2),
        ),
        (  # it never heartbeats, nor has to
            PendingActivityInfo(state=STARTED, attempt=1, last_started_time=ago(900)),
            Liveness("running", 1),
        ),
        (
            PendingActivityInfo(state=STARTED, attempt=1, last_started_time=ago(5)),
            Liveness("running", 1),
        ),
        (
            PendingActivityInfo(
                state=STARTED, attempt=1, last_started_time=ago(90), last_heartbeat_time=ago(3)
            ),
            Liveness("running", 1),
        ),
        (
            PendingActivityInfo(
                state=STARTED, attempt=1, last_started_time=ago(90), last_heartbeat_time=ago(30)
            ),
            Liveness("waiting", 1),
        ),
    ],
)
def test_a_pending_activity_tells(activity: PendingActivityInfo, liveness: Liveness) -> None:
    """Nobody took it, another attempt is due, somebody is at it, or its worker is silent."""
    description = DescribeWorkflowExecutionResponse(pending_activities=[activity])
    assert liveness_of(description, NOW) == RunLiveness(liveness, {"": liveness})


@pytest.mark.parametrize(("seconds", "liveness"), [(1, None), (10, Liveness("waiting", 1))])
def test_a_workflow_task_that_nobody_takes_means_waiting(
    seconds: float, liveness: Liveness | None
) -> None:
    """Where no worker polls at all there is no activity yet: the workflow's own task waits."""
    task = PendingWorkflowTaskInfo(
        state=PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_SCHEDULED,
        scheduled_time=ago(seconds),
    )
    description = DescribeWorkflowExecutionResponse(pending_workflow_task=task)
    assert liveness_of(description, NOW) == (liveness and RunLiveness(liveness))
    assert liveness_of(DescribeWorkflowExecutionResponse(), NOW) is None


def test_one_activity_at_work_is_enough() -> None:
    """The liveliest of several activities is the session's liveness; each one has its own."""
    others = [
        PendingActivityInfo(activity_id="a", state=SCHEDULED, attempt=1),
        PendingActivityInfo(activity_id="b", state=SCHEDULED, attempt=2),
        PendingActivityInfo(activity_id="c", state=STARTED, attempt=1, last_heartbeat_time=ago(90)),
    ]
    session = DescribeWorkflowExecutionResponse(pending_activities=others)
    waiting, retrying = Liveness("waiting", 1), Liveness("retrying", 2)
    activities = {"a": waiting, "b": retrying, "c": waiting}
    assert liveness_of(session, NOW) == RunLiveness(retrying, activities)
    session.pending_activities.insert(
        1,
        PendingActivityInfo(activity_id="d", state=STARTED, attempt=3, last_started_time=ago(1)),
    )
    seen = liveness_of(session, NOW)
    assert seen == RunLiveness(Liveness("running", 3), activities | {"d": Liveness("running", 3)})
    assert (seen.of("b"), seen.of("gone")) == (retrying, Liveness("running", 3))


def silent(seconds: int, *details: bytes, timeout: int | None = None) -> PendingActivityInfo:
    """An activity whose last heartbeat was so long ago, and said this."""
    activity = PendingActivityInfo(
        state=STARTED,
        attempt=1,
        last_heartbeat_time=ago(seconds),
        heartbeat_details=Payloads(payloads=[Payload(data=data) for data in details]),
    )
    if timeout is not None:
        activity.activity_options.heartbeat_timeout.FromSeconds(timeout)
    return activity


@pytest.mark.parametrize(
    ("details", "timeout", "patience"),
    [
        ((), None, 20),  # an older server
        ((), 0, 35),  # no timeout: held back for 30 s
        ((), 10, 20),
        ((), 60, 53),
        ((), 600, 65),
        ((OWN % b"2.0",), None, 20),
        ((OWN % b"2.0",), 60, 20),
        ((OWN % b"40.0",), 60, 45),
        ((b'{"every":40.0}', OWN % b"2.0"), 60, 20),  # the user's, ahead of the producer's
        ((OWN % b"40.0", OWN % b"2.0"), 60, 20),  # repeated by the user
        ((b'{"every":2.0}',), 60, 53),
        ((OWN % b"2.0", b'"the user\'s"'), 60, 53),
        ((b'"2.0"', b"5", b"\xff", OWN % b'"2"'), 60, 53),
        ((b'{"kai_flow_producer":"event 1.1.5, durable to 1.1.4"}',), 60, 53),
        ((OWN % b"1e300",), 60, 65),
        ((OWN % b"-1e300",), 60, 20),
    ],
)
def test_a_worker_is_given_the_time_it_needs(
    details: tuple[bytes, ...], timeout: int | None, patience: int
) -> None:
    """A worker counts as lost some seconds after its next heartbeat was due."""
    for seconds, status in ((patience - 1, "running"), (patience + 1, "waiting")):
        activity = silent(seconds, *details, timeout=timeout)
        session = DescribeWorkflowExecutionResponse(pending_activities=[activity])
        liveness = liveness_of(session, NOW)
        assert liveness is not None
        assert liveness.session.status == status


@pytest.mark.parametrize(
    ("end", "status"),
    [("COMPLETED", "completed"), ("FAILED", "failed"), ("CANCELED", "cancelled"),
     ("TERMINATED", "failed"), ("TIMED_OUT", "failed")],
)  # fmt: skip
def test_a_run_that_has_ended_says_how(end: str, status: Status) -> None:
    """Whatever was pending when it was closed from outside; readers are told by `done` instead."""
    session = DescribeWorkflowExecutionResponse(
        pending_activities=[PendingActivityInfo(state=SCHEDULED, attempt=2)],
        workflow_execution_info=WorkflowExecutionInfo(
            status=WorkflowExecutionStatus.Value(f"WORKFLOW_EXECUTION_STATUS_{end}")
        ),
    )
    liveness = Liveness(status, 0)
    assert liveness_of(session, NOW) == RunLiveness(liveness)
    assert (
        liveness_to_show(liveness, None)
        is liveness_to_show(liveness, Liveness("waiting", 1))
        is None
    )


@pytest.mark.parametrize("status", ["waiting", "retrying"])
def test_that_somebody_works_is_news_only_after_bad_news(status: Status) -> None:
    """An agent may think as long as it likes; one that was lost is reported when it is back."""
    bad, good = Liveness(status, 1), Liveness("running", 1)
    assert liveness_to_show(bad, None) == liveness_to_show(bad, good) == bad
    assert liveness_to_show(good, bad) == liveness_to_show(good, good) == good
    assert liveness_to_show(good, None) is liveness_to_show(None, bad) is None


def test_another_attempt_is_no_news_while_the_status_is_the_same() -> None:
    """Of several activities each look may find another one: readers are told of it once."""
    shown = Liveness("retrying", 2)
    assert liveness_to_show(Liveness("retrying", 3), shown) == shown
