"""An agent that yields tokens at a steady rate, each with the time at which it was yielded.

The prompt is JSON: `{"tokens": 1000, "rate": 100}`. A `rate` of 0 is as fast as it goes. It first
waits until the test, in the same process, opens the gate `session id/go` of
`tests.agents.scripted`.
"""

import json
import time
from collections.abc import AsyncIterator
from typing import Any

from kai_flow.agents import Task
from tests.agents import scripted
from tests.bench.words import words

took: dict[str, float] = {}  # session → seconds from its first token to its last


class Paced:
    """One for all sessions."""

    async def execute(self, task: Task) -> dict[str, Any]:
        return {"final_answer": ""}

    async def stream_execute(self, task: Task) -> AsyncIterator[dict[str, Any]]:
        asked = json.loads(task.prompt)
        gate = f"{task.session_id}/go"
        scripted.reached[gate].set()
        await scripted.opened[gate].wait()
        began = time.monotonic()
        async for word in words(asked["tokens"], asked.get("rate", 0)):
            yield {"type": "token", "content": word}
        took[task.session_id] = time.monotonic() - began
        yield {"type": "done", "result": {"final_answer": "all said"}}


def create() -> Paced:
    """The factory for KAI_AGENT."""
    return Paced()
