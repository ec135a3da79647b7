"""Whether anybody works at a session: what its pending activity says while no event comes."""

from datetime import UTC, datetime, timedelta
from typing import Final, Literal, NamedTuple

from temporalio.api.enums.v1 import PendingActivityState, PendingWorkflowTaskState
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionResponse
from temporalio.client import Client

from kai_flow.bridge.paces import Paces
from kai_flow.stream.signals import RPC_TIMEOUT

# A producer heartbeats every second, and a worker passes that on every 2 s at the latest, by our
# own setting; other people's workers do so less often, and are given what they need.
UNHEARD: Final = timedelta(seconds=20)
PACE_MARGIN: Final = timedelta(seconds=5)  # how late a heartbeat may be that is due
UNTAKEN: Final = timedelta(seconds=3)  # a workflow task waits no longer where a worker polls

_LIVELIEST: Final = ("waiting", "retrying", "running")  # the last one is


class Pulse(NamedTuple):
    """What is said of a session in which nothing happens."""

    status: Literal["waiting", "retrying", "running"]
    """`waiting`: no worker has taken it, or none is heard of. `retrying`: an attempt has ended and
    the next one has not begun. `running`: a worker is at it."""
    attempt: int


class Feeler:
    """Feels the pulse of one session."""

    def __init__(self, client: Client, session_id: str, run_id: str) -> None:
        self._handle = client.get_workflow_handle(session_id, run_id=run_id)
        self._paces = Paces()

    async def feel(self, patience: timedelta = UNHEARD) -> Pulse | None:
        """The pulse; None when nothing can be said of it. Raises RPCError.

        A worker is given up after `patience` without a heartbeat, or as late as it is known to
        pass them on.
        """
        description = await self._handle.describe(rpc_timeout=RPC_TIMEOUT)
        return pulse_of(description.raw_description, datetime.now(UTC), patience, self._paces)


def pulse_of(
    session: DescribeWorkflowExecutionResponse,
    moment: datetime,
    patience: timedelta = UNHEARD,
    paces: Paces | None = None,
) -> Pulse | None:
    """What a description says at `moment`: by its pending activities, else its workflow task."""
    if session.pending_activities:
        # Which of several streams is not told: as long as one of them is worked at, it may be that.
        paces = paces or Paces()
        paces.learn(session.pending_activities)
        found = [
            _of_activity(one, moment, max(patience, paces.of(one) + PACE_MARGIN))
            for one in session.pending_activities
        ]
        return max(found, key=lambda pulse: _LIVELIEST.index(pulse.status))
    task = session.pending_workflow_task
    untaken = task.state == PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_SCHEDULED
    if untaken and moment - task.scheduled_time.ToDatetime(UTC) > UNTAKEN:
        return Pulse("waiting", 1)
    return None


def _of_activity(activity: PendingActivityInfo, moment: datetime, patience: timedelta) -> Pulse:
    if activity.state == PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED:
        return Pulse("retrying" if activity.attempt > 1 else "waiting", activity.attempt)
    heard = max(
        stamp.ToDatetime(UTC)
        for stamp in (activity.last_heartbeat_time, activity.last_started_time)
    )
    return Pulse("waiting" if moment - heard > patience else "running", activity.attempt)
