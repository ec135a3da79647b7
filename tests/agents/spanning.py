"""An agent that makes a span of its own, by OpenTelemetry's API alone."""

from collections.abc import AsyncIterator
from typing import Any

from opentelemetry import trace

from kai_flow.agents import Task


class Spanning:
    """Thinks within a span, and answers."""

    async def execute(self, task: Task) -> dict[str, Any]:
        """Not used."""
        return {"final_answer": task.prompt}

    async def stream_execute(self, task: Task) -> AsyncIterator[dict[str, Any]]:
        """One thought."""
        with trace.get_tracer("spanning").start_as_current_span("think") as span:
            span.set_attribute("gen_ai.request.model", "none")
        yield {"type": "done", "result": await self.execute(task)}


def create() -> Spanning:
    """For KAI_AGENT."""
    return Spanning()
