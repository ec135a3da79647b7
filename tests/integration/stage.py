"""A workflow that only holds a stream open, so that a test can play the producer by hand."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from temporalio import workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

with workflow.unsafe.imports_passed_through():
    import httpx

    from kai_flow.stream.batches import Batch
    from kai_flow.stream.events import NumberedEvent, encode_event
    from kai_flow.stream.ids import EventId
    from kai_flow.stream.signals import publish
    from kai_flow.stream.workflow import WorkflowEventStream


@workflow.defn
class Stage:
    """Open until it is told how to end."""

    @workflow.init
    def __init__(self) -> None:
        self.stream = WorkflowEventStream()
        self.ending: dict[str, Any] | None = None

    @workflow.run
    async def run(self) -> Any:
        """The result that `end` named, or the failure."""
        with self.stream.session():
            await workflow.wait_condition(lambda: self.ending is not None)
            ending = self.ending or {}
            if "fail" in ending:
                raise ApplicationError(ending["fail"])
            if ending.get("again"):
                workflow.continue_as_new()
            return ending.get("result")

    @workflow.signal
    def end(self, how: dict[str, Any]) -> None:
        """`{"result": …}`, `{"fail": "why"}` or `{"again": true}`."""
        self.ending = how


@asynccontextmanager
async def stage_worker(client: Client, queue: str) -> AsyncIterator[None]:
    """A worker for stages."""
    sandbox = SandboxedWorkflowRunner(
        restrictions=SandboxRestrictions.default.with_passthrough_modules("kai_flow.stream")
    )
    async with Worker(client, task_queue=queue, workflows=[Stage], workflow_runner=sandbox):
        yield


def token(number: int) -> dict[str, Any]:
    """What the test's producer says in event `number`."""
    if number == 1:
        return {"type": "started", "producer": 1, "attempt": 1}
    return {"type": "token", "content": f"t{number} "}


class Play:
    """One stage, with a producer played by the test."""

    def __init__(self, client: Client, handle: WorkflowHandle[Any, Any], bridge: str) -> None:
        self.client = client
        self.handle = handle
        self.id = handle.id
        self.run_id = handle.first_execution_run_id or ""
        self.bridge = bridge
        self.events_url = f"{bridge}/events/{handle.id}"
        self.stream_url = f"{bridge}/stream/{handle.id}"

    @property
    def epoch(self) -> str:
        """What stands after `@`."""
        return self.run_id[-8:]

    def body(
        self, numbers: Sequence[int], *, attempt: int = 1, base: int = 1, **fields: Any
    ) -> dict[str, Any]:
        """A POST in batch form of the events with these numbers."""
        events = [{"id": f"1.{attempt}.{n}", "event": token(n)} for n in numbers]
        return {
            "session_id": self.id,
            "workflow_id": self.id,
            "run_id": self.run_id,
            "first_run_id": self.run_id,
            "base": f"1.{attempt}.{base}",
            "events": events,
            **fields,
        }

    async def post(
        self, http: httpx.AsyncClient, numbers: Sequence[int], **fields: Any
    ) -> httpx.Response:
        """POST them."""
        return await http.post(self.events_url, json=self.body(numbers, **fields))

    async def signal(self, numbers: Sequence[int], *, attempt: int = 1) -> None:
        """Make them durable without the bridge."""
        events = tuple(
            NumberedEvent(EventId(1, attempt, n), *encode_event(token(n))) for n in numbers
        )
        await publish(self.client, self.id, Batch(self.run_id, events))

    async def end(self, **how: Any) -> None:
        """Let the workflow end."""
        await self.handle.signal("end", how)
