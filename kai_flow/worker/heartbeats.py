"""Heartbeats for an activity that reports nothing else while it works."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from temporalio import activity

INTERVAL_SECONDS: Final = 1.0  # a cancellation arrives with the answer to a heartbeat


@asynccontextmanager
async def heartbeats() -> AsyncIterator[None]:
    """Send heartbeats while the block runs."""

    async def beat() -> None:
        while True:
            activity.heartbeat()
            await asyncio.sleep(INTERVAL_SECONDS)

    task = asyncio.create_task(beat())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
