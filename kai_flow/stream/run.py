"""Which run of a session id is meant, and which stream it belongs to, as Temporal describes it."""

from typing import NamedTuple

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    DescribeWorkflowExecutionResponse,
)
from temporalio.client import Client

from kai_flow.stream.ids import incarnation_of
from kai_flow.stream.signals import RPC_TIMEOUT


class Run(NamedTuple):
    """One run, and the use of the session id that it is part of."""

    run_id: str
    """The run a read is pinned to: the newest known of the chain."""
    first_run_id: str
    """The run that its stream began with: the first of its chain, or itself after a reset."""
    made_by_reset: bool = False
    """It began with a copy of another run's history, and streams anew."""
    history_bytes: int = 0
    """The size of its history when it was looked up; 0: it was not."""

    @property
    def incarnation(self) -> str:
        """What stands after `@` in its cursors."""
        return incarnation_of(self.first_run_id)


async def find_run(client: Client, session_id: str) -> Run:
    """The newest run of a session id. Raises RPCError: NOT_FOUND when there is none."""
    return run_in(await describe(client, session_id))


async def describe(
    client: Client, session_id: str, run_id: str = ""
) -> DescribeWorkflowExecutionResponse:
    """What the server says of a run, by default of the newest. Raises RPCError.

    As the server sends it: the SDK's own `describe` cannot read a status that is newer than itself,
    such as that of a paused run, and may fail in somebody's converter.
    """
    execution = WorkflowExecution(workflow_id=session_id, run_id=run_id)
    request = DescribeWorkflowExecutionRequest(namespace=client.namespace, execution=execution)
    service = client.workflow_service
    return await service.describe_workflow_execution(request, retry=True, timeout=RPC_TIMEOUT)


def run_in(description: DescribeWorkflowExecutionResponse) -> Run:
    """The run that is described.

    After a reset the server still names the base run's chain as the first, although the ids of the
    events begin anew: such a run is the first of its own stream.
    """
    info = description.workflow_execution_info
    run_id = info.execution.run_id
    if description.workflow_extended_info.HasField("last_reset_time"):
        return Run(run_id, run_id, made_by_reset=True, history_bytes=info.history_size_bytes)
    return Run(run_id, info.first_run_id or run_id, history_bytes=info.history_size_bytes)
