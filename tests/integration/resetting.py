"""Resetting a session, as an operator does."""

import asyncio
import secrets
from typing import Any

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client, WorkflowHandle

from kai_flow.temporal.dev_server import find_binary
from tests.integration.waiting import eventually


async def workflow_tasks(handle: WorkflowHandle[Any, Any]) -> list[int]:
    """The places in a run's history that it can be reset to."""
    return [
        event.event_id
        async for event in handle.fetch_history_events()
        if event.HasField("workflow_task_completed_event_attributes")
    ]


async def reset(client: Client, session_id: str, run_id: str, place: int | None = None) -> str:
    """Reset that run to a place in its history, else to its first task; the new run's id."""
    if place is None:
        handle = client.get_workflow_handle(session_id, run_id=run_id)
        place = (await eventually(lambda: workflow_tasks(handle)))[0]
    answer = await client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=session_id, run_id=run_id),
            reason="a test",
            request_id=secrets.token_hex(16),
            workflow_task_finish_event_id=place,
        )
    )
    return answer.run_id


async def reset_by_command(client: Client, session_id: str) -> None:
    """`temporal workflow reset` of the newest run, to its first task."""
    command = ("workflow", "reset", "--type", "FirstWorkflowTask", "--reason", "a test")
    process = await asyncio.create_subprocess_exec(
        find_binary(), *command,
        "--workflow-id", session_id,
        "--namespace", client.namespace,
        "--address", client.service_client.config.target_host,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
