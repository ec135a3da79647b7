"""An agent that does what its prompt says: a JSON list of steps, one object each.

    {"say": event}                yield the event
    {"tokens": 5, "pause": 0.01}  yield "t0 ", "t1 ", …
    {"gate": "a"}                 wait until the test opens that gate of the session
    {"raise": "boom"}             fail the attempt
    {"bad_task": "no"}            fail for good
    {"attempt": 1, "do": [...]}   only in that attempt
    {"result": {...}}             end with this result
    {"huge": 100000}              end with a result of twenty times that size, in bytes

The gates and what came of them are seen by a test that runs the worker in its own process.
"""

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any

from kai_flow.agents import BadTask, Task

opened: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)  # "session/gate"
reached: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)  # an agent waits there
stopped: dict[str, float] = {}  # session → when its agent was cancelled, monotonic
tasks: defaultdict[str, list[Task]] = defaultdict(list)  # session → every task it was given


class Scripted:
    """One for all sessions; keeps no state of its own."""

    async def execute(self, task: Task) -> dict[str, Any]:
        result: dict[str, Any] = {"final_answer": "executed"}
        async for event in self.stream_execute(task):
            result = event.get("result", result)
        return result

    async def stream_execute(self, task: Task) -> AsyncIterator[dict[str, Any]]:
        tasks[task.session_id].append(task)
        try:
            async for event in _do(json.loads(task.prompt), task):
                yield event
        except asyncio.CancelledError:
            stopped[task.session_id] = time.monotonic()
            raise


async def _do(steps: list[dict[str, Any]], task: Task) -> AsyncIterator[dict[str, Any]]:
    for step in steps:
        match step:
            case {"say": event}:
                yield event
            case {"tokens": count}:
                for number in range(count):
                    yield {"type": "token", "content": f"t{number} "}
                    await asyncio.sleep(step.get("pause", 0))
            case {"attempt": attempt, "do": inner}:
                if attempt == task.attempt:
                    async for event in _do(inner, task):
                        yield event
            case {"huge": size}:
                charts = [{"data": "x" * size} for _ in range(9)]
                yield {"type": "done", "result": {"final_answer": "ä" * size, "charts": charts}}
            case {"result": result}:
                yield {"type": "done", "result": result}
            case _:
                await _act(step, task)


async def _act(step: dict[str, Any], task: Task) -> None:
    match step:
        case {"gate": name}:
            gate = f"{task.session_id}/{name}"
            reached[gate].set()
            await opened[gate].wait()
        case {"raise": text}:
            raise RuntimeError(text)
        case {"bad_task": text}:
            raise BadTask(text)
        case _:
            raise AssertionError(f"the script has an unknown step: {step}")


def create() -> Scripted:
    """The factory for KAI_AGENT."""
    return Scripted()
