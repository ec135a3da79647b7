"""Waits until an embedded server serves its namespace, and lets it keep sessions for long."""

import asyncio
import contextlib
import subprocess
import time
from datetime import timedelta
from typing import Final

from google.protobuf.duration_pb2 import Duration
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.workflowservice.v1 import UpdateNamespaceRequest
from temporalio.client import Client

from kai_flow.temporal.client import connect
from kai_flow.temporal.target import NoTemporal

RETENTION: Final = timedelta(days=30)  # the dev server's own is one day
READY_SECONDS: Final = 20.0  # 0.3 s on an idle machine
POLL_SECONDS: Final = 0.03


async def comes_up(address: str, process: "subprocess.Popen[bytes]") -> bool:
    """Wait until the server serves its namespace; False when it ended or took too long."""
    deadline = time.monotonic() + READY_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(NoTemporal):
            client = await connect(address, timeout=0)
            await _keep_history(client)
            # when another server has taken the port, this one dies a moment later
            return process.poll() is None
        await asyncio.sleep(POLL_SECONDS)
    return False


async def _keep_history(client: Client) -> None:
    ttl = Duration()
    ttl.FromTimedelta(RETENTION)
    await client.workflow_service.update_namespace(
        UpdateNamespaceRequest(
            namespace=client.namespace, config=NamespaceConfig(workflow_execution_retention_ttl=ttl)
        )
    )
