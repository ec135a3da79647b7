"""The built-in analyst, slowed down, so that there is time to watch and to pull plugs.

An answer takes about 20 s. SLOW_ANALYST_PAUSE sets the seconds between two events.

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

PAUSE_SECONDS = float(os.environ.get("SLOW_ANALYST_PAUSE", "0.5"))  # after each event


class SlowAnalyst(Analyst):
    """Answers as the analyst does, with a pause after each event."""

    async def stream_execute(self, task: Task) -> AsyncIterator[dict[str, Any]]:
        """The analyst's events, one by one."""
        async for event in super().stream_execute(task):
            yield event
            await asyncio.sleep(PAUSE_SECONDS)


def create() -> SlowAnalyst:
    """What KAI_AGENT names."""
    return SlowAnalyst(ConnectionStore.of(load_settings(os.environ)))
