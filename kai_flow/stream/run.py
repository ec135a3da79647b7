"""Which run of a session id is meant, and which stream it belongs to, as Temporal describes it."""

from typing import NamedTuple

from temporalio.client import Client, WorkflowExecutionDescription

from kai_flow.stream.ids import epoch_of
from kai_flow.stream.signals import RPC_TIMEOUT


class Run(NamedTuple):
    """One run, and the use of the session id that it is part of."""

    run_id: str
    """The run a read is pinned to: the newest known of the chain."""
    first_run_id: str
    """The run that its stream began with: the first of its chain, or itself after a reset."""
    made_by_reset: bool = False
    """It began with a copy of another run's history, and streams anew."""

    @property
    def epoch(self) -> str:
        """What stands after `@` in its cursors."""
        return epoch_of(self.first_run_id)


async def find_run(client: Client, session_id: str) -> Run:
    """The newest run of a session id. Raises RPCError: NOT_FOUND when there is none."""
    handle = client.get_workflow_handle(session_id)
    return run_in(await handle.describe(rpc_timeout=RPC_TIMEOUT))


def run_in(description: WorkflowExecutionDescription) -> Run:
    """The run that is described.

    After a reset the server still names the base run's chain as the first, although the ids of the
    events begin anew: such a run is the first of its own stream.
    """
    raw, run_id = description.raw_description, description.run_id
    if raw.workflow_extended_info.HasField("last_reset_time"):
        return Run(run_id, run_id, made_by_reset=True)
    return Run(run_id, raw.workflow_execution_info.first_run_id or run_id)
