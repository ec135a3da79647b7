"""Runs one command's coroutine, and returns its exit code."""

import asyncio
from collections.abc import Coroutine
from typing import Any


def run(work: Coroutine[Any, Any, int]) -> int:
    """Run the coroutine in an event loop of its own."""

    async def settled() -> int:
        try:
            return await work
        finally:
            # temporalio's core can abort the process when its last call is right before the end
            await asyncio.sleep(0.05)

    return asyncio.run(settled())
