"""An agent that yields tokens at a steady rate, each with the time at which it was yielded.

The prompt is JSON: `{"tokens": 1000, "rate": 100}`. A `rate` of 0 is as fast as it goes. `wait` are
seconds before the first token, `linger` after the last. With `gate` it first waits until the test,
in the same process, opens the gate `session id/go` of `tests.agents.scripted`.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

from kai_flow.agents import Task
from tests.agents import scripted

took: dict[str, float] = {}  # session → seconds from its first token to its last


class Paced:
    """One for all sessions."""

    async def execute(self, task: Task) -> dict[str, Any]:
        return {"final_answer": ""}

    async def stream_execute(self, task: Task) -> AsyncIterator[dict[str, Any]]:
        asked = json.loads(task.prompt)
        rate = asked.get("rate", 0)
        if asked.get("gate"):
            scripted.reached[f"{task.session_id}/go"].set()
            await scripted.opened[f"{task.session_id}/go"].wait()
        await asyncio.sleep(asked.get("wait", 0))
        began = time.monotonic()
        for number in range(asked["tokens"]):
            if rate:
                await asyncio.sleep(max(0, began + number / rate - time.monotonic()))
            yield {"type": "token", "content": f"{time.time():.6f} "}
        took[task.session_id] = time.monotonic() - began
        await asyncio.sleep(asked.get("linger", 0))
        yield {"type": "done", "result": {"final_answer": "all said"}}


def create() -> Paced:
    """The factory for KAI_AGENT."""
    return Paced()
