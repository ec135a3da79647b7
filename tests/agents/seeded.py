"""An agent that yields a seeded sequence of events and writes each down before it yields it.

The prompt is `{"seed": 1, "tail": 20}`. It goes on until the file `<session>.stop` appears in the
folder that SEEDED_LOG names, and then for `tail` more events. Its log there, `<session>.log`, one
event a line, is what a test holds every reader against.
"""

import asyncio
import json
import os
import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from kai_flow.agents import Task

WORDS = ("modal", "awal", "koperasi", "né", "データ", "🙂", "a\nb", "\u2028", '"', "", " ")


def sequence(seed: int) -> Iterator[tuple[dict[str, Any], float]]:
    """Events without end, each with the pause after it, in seconds."""
    rng = random.Random(seed)
    number = 0
    while True:
        number += 1
        kind = rng.choices(("token", "thinking", "tool", "result"), (90, 4, 3, 3))[0]
        match kind:
            case "token":
                yield {"type": "token", "content": rng.choice(WORDS) + " "}, rng.uniform(0, 0.04)
            case "thinking":
                yield {"type": "thinking", "content": f"thought {number}"}, rng.uniform(0, 0.06)
            case "tool":
                yield {"type": "tool_start", "tool": "sql", "input": {"n": number}}, 0.01
                yield {"type": "tool_end", "tool": "sql", "output": rng.random()}, 0
            case _:
                rows = [[n, rng.random(), None] for n in range(rng.randrange(40))]
                yield {"type": "sql_result", "columns": ["n", "x", "y"], "data": rows}, 0.005


class Seeded:
    """Writes down, then yields."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def execute(self, task: Task) -> dict[str, Any]:
        return {"final_answer": task.prompt}

    async def stream_execute(self, task: Task) -> AsyncIterator[dict[str, Any]]:
        asked = json.loads(task.prompt)
        stop = self._folder / f"{task.session_id}.stop"
        left: int = asked["tail"]
        with (self._folder / f"{task.session_id}.log").open("a") as log:
            for event, pause in sequence(asked["seed"]):
                log.write(json.dumps(event) + "\n")
                log.flush()
                yield event
                await asyncio.sleep(pause)
                left -= stop.exists()
                if not left:
                    return


def create() -> Seeded:
    """The factory for KAI_AGENT."""
    return Seeded(Path(os.environ["SEEDED_LOG"]))
