"""The built-in analyst, slowed down, so that there is time to watch and to pull plugs.

KAI_AGENT=slow_analyst:create PYTHONPATH=docs/cookbook python -m kai_flow.worker
"""

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Any

from kai_flow.agents import Task
from kai_flow.analyst.agent import Analyst
from kai_flow.connections.store import ConnectionStore
from kai_flow.settings import load_settings

PAUSE_SECONDS = 0.2  # after each event


class SlowAnalyst(Analyst):
    """Answers as the analyst does, a fifth of a second an event."""

    async def stream_execute(self, task: Task) -> AsyncIterator[dict[str, Any]]:
        """The analyst's events, one by one."""
        async for event in super().stream_execute(task):
            yield event
            await asyncio.sleep(PAUSE_SECONDS)


def create() -> SlowAnalyst:
    """What KAI_AGENT names."""
    return SlowAnalyst(ConnectionStore.of(load_settings(os.environ)))
