"""The seeded agent with a log for each attempt, whose events differ from one attempt to the next.

The prompt is `{"seed": 1, "tail": 20}`. It goes on until `<session>.stop` appears in the folder
that SEEDED_LOG names, and then for `tail` more events. `<session>.<attempt>.log` there has one
event a line, written before it is yielded.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from kai_flow.agents import Task
from tests.agents.seeded import sequence


class Retried:
    """Writes down, then yields."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def execute(self, task: Task) -> dict[str, Any]:
        return {"final_answer": task.prompt}

    async def stream_execute(self, task: Task) -> AsyncIterator[dict[str, Any]]:
        asked = json.loads(task.prompt)
        stop = self._folder / f"{task.session_id}.stop"
        left: int = asked["tail"]
        with (self._folder / f"{task.session_id}.{task.attempt}.log").open("a") as log:
            for event, pause in sequence(asked["seed"] * 10 + task.attempt):
                log.write(json.dumps(event) + "\n")
                log.flush()
                yield event
                await asyncio.sleep(pause)
                left -= stop.exists()
                if not left:
                    return


def create() -> Retried:
    """The factory for KAI_AGENT."""
    return Retried(Path(os.environ["SEEDED_LOG"]))
