"""Which run of a session id is the newest, and to which incarnation it belongs."""

from typing import NamedTuple

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    DescribeWorkflowExecutionResponse,
)
from temporalio.client import Client

from kai_flow.stream.ids import incarnation_of
from kai_flow.stream.run_start import read_start
from kai_flow.stream.signals import RPC_TIMEOUT


class Run(NamedTuple):
    """One run, and where the stream that it belongs to began."""

    run_id: str
    """The newest known run of the chain; reads are pinned to it."""
    first_run_id: str
    """The run with which the stream began, which may be this one."""
    made_by_reset: bool = False
    """A reset made it: its history begins with a copy of another run's, its stream is its own."""
    history_bytes: int = 0
    """The size of its history when it was looked up; 0 if it was not."""
    task_queue: str = ""
    """On which it began, or the newest run of its chain that was looked up; empty if none was."""

    @property
    def incarnation(self) -> str:
        """What stands after `@` in its cursors."""
        return incarnation_of(self.first_run_id)


async def find_run(client: Client, session_id: str) -> Run:
    """The newest run of a session id. Raises RPCError: NOT_FOUND when there is none.

    A payload codec may raise anything.
    """
    return await run_in(client, await describe(client, session_id))


async def queue_of(client: Client, session_id: str) -> str:
    """The task queue of its newest run. Raises RPCError: NOT_FOUND when there is none."""
    description = await describe(client, session_id)
    return description.execution_config.task_queue.name


async def describe(
    client: Client, session_id: str, run_id: str = ""
) -> DescribeWorkflowExecutionResponse:
    """The server's description of a run, by default of the newest one. Raises RPCError.

    The answer is returned as the server sent it. The SDK's own `describe` fails on a status that is
    newer than the SDK, such as that of a paused run, and may fail in a user's data converter.
    """
    execution = WorkflowExecution(workflow_id=session_id, run_id=run_id)
    request = DescribeWorkflowExecutionRequest(namespace=client.namespace, execution=execution)
    service = client.workflow_service
    return await service.describe_workflow_execution(request, retry=True, timeout=RPC_TIMEOUT)


async def run_in(client: Client, description: DescribeWorkflowExecutionResponse) -> Run:
    """The run of a description. Raises what `find_run` raises.

    The description suffices for the first run of a chain, and for one that a reset made: the server
    still names the first run of the chain that was reset, although the event ids start again. Only
    the first event of any other run tells whether it goes on with the stream of the run before.
    """
    info = description.workflow_execution_info
    run_id, size = info.execution.run_id, info.history_size_bytes
    queue = description.execution_config.task_queue.name
    if description.workflow_extended_info.HasField("last_reset_time"):
        return Run(run_id, run_id, made_by_reset=True, history_bytes=size, task_queue=queue)
    if info.first_run_id in ("", run_id):
        return Run(run_id, run_id, history_bytes=size, task_queue=queue)
    start = await read_start(client, info.execution.workflow_id, run_id)
    return Run(run_id, start.first_run_id, start.made_by_reset, size, queue)
