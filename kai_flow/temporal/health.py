"""Whether Temporal answers."""

import asyncio
from datetime import timedelta
from typing import Final

from temporalio.client import Client
from temporalio.service import RPCError

from kai_flow.runtime.readiness import Reason

READY_TIMEOUT: Final = timedelta(seconds=2)  # supervisors do not wait long


async def outage(client: Client) -> Reason | None:
    """Why Temporal cannot be used now; None: it answers. Takes READY_TIMEOUT at most."""
    try:
        async with asyncio.timeout(READY_TIMEOUT.total_seconds()):
            await client.service_client.check_health(timeout=READY_TIMEOUT)
    except RPCError as error:
        why = error.message
    except TimeoutError:
        why = f"nothing came within {READY_TIMEOUT.total_seconds():.0f} s"
    else:
        return None
    return Reason("temporal_unreachable", f"Temporal does not answer: {why}")
