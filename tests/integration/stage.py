"""A workflow that only holds a stream open, so that a test can play the producer by hand."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

with workflow.unsafe.imports_passed_through():
    import httpx

    from kai_flow.stream.batches import Batch
    from kai_flow.stream.events import NumberedEvent, encode_event
    from kai_flow.stream.ids import EventId
    from kai_flow.stream.interceptor import StreamInterceptor
    from kai_flow.stream.signals import publish
    from tests.integration.waiting import eventually


over: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)  # by session


@activity.defn
async def perform(attempt: int) -> None:
    """Fails up to `attempt`, which is under way until the stage is cleared; 0 returns at once."""
    if attempt == 0:
        return
    if activity.info().attempt < attempt:
        raise ApplicationError("the next attempt, please")
    await over[activity.info().workflow_id or ""].wait()


@workflow.defn
class Stage:
    """Open until it is told how to end."""

    @workflow.init
    def __init__(self) -> None:
        self.ending: dict[str, Any] | None = None
        self.acts: list[int] = []  # what `perform` is to do, in order

    @workflow.run
    async def run(self) -> Any:
        """The result that `end` named, or the failure."""
        acting = asyncio.create_task(self._act())
        await workflow.wait_condition(lambda: self.ending is not None)
        acting.cancel()
        ending = self.ending or {}
        if "fail" in ending:
            raise ApplicationError(ending["fail"])
        if ending.get("again"):
            workflow.continue_as_new()
        return ending.get("result")

    async def _act(self) -> None:
        while True:
            await workflow.wait_condition(lambda: bool(self.acts))
            await workflow.execute_activity(
                perform,
                args=[self.acts.pop(0)],
                start_to_close_timeout=timedelta(minutes=1),
                retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=10)),
            )

    @workflow.signal
    def act(self, attempt: int) -> None:
        """Begin a streaming activity and bring it to this attempt; 0: it is over at once."""
        self.acts.append(attempt)

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
    async with Worker(
        client,
        task_queue=queue,
        workflows=[Stage],
        activities=[perform],
        workflow_runner=sandbox,
        interceptors=[StreamInterceptor()],
    ):
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
    def incarnation(self) -> str:
        """What stands after `@`."""
        return self.run_id[-8:]

    def body(
        self,
        numbers: Sequence[int],
        *,
        producer: int = 1,
        attempt: int = 1,
        base: int = 1,
        **fields: Any,
    ) -> dict[str, Any]:
        """A POST in batch form of the events with these numbers."""
        origin = f"{producer}.{attempt}"
        events = [{"id": f"{origin}.{n}", "event": token(n)} for n in numbers]
        return {
            "session_id": self.id,
            "workflow_id": self.id,
            "run_id": self.run_id,
            "first_run_id": self.run_id,
            "base": f"{origin}.{base}",
            "events": events,
            **fields,
        }

    async def post(
        self, http: httpx.AsyncClient, numbers: Sequence[int], **fields: Any
    ) -> httpx.Response:
        """POST them."""
        return await http.post(self.events_url, json=self.body(numbers, **fields))

    async def until_durable(self, http: httpx.AsyncClient, event_id: str, **fields: Any) -> None:
        """POST probes, as a producer does, until the bridge says that the event is durable."""

        async def look() -> bool:
            return bool((await self.post(http, [], **fields)).json()["durable"] == event_id)

        await eventually(look)

    async def signal(self, numbers: Sequence[int], *, attempt: int = 1) -> None:
        """Make them durable without the bridge."""
        events = tuple(
            NumberedEvent(EventId(1, attempt, n), *encode_event(token(n))) for n in numbers
        )
        await publish(self.client, self.id, self.run_id, [Batch(events)])

    async def act(self, attempt: int = 1) -> None:
        """Let the workflow begin its next activity and bring it to `attempt`; 0: it just ends."""
        await self.handle.signal("act", attempt)
        if attempt == 0:
            return

        async def look() -> bool:
            pending = (await self.handle.describe()).raw_description.pending_activities
            return [activity.attempt for activity in pending] == [attempt]

        await eventually(look)

    async def end(self, **how: Any) -> None:
        """Let the workflow end."""
        await self.handle.signal("end", how)

    async def clear(self) -> None:
        """Leave nothing behind: no activity that times out under a later test, no open workflow."""
        over[self.id].set()
        with suppress(RPCError):  # it has ended
            await self.client.get_workflow_handle(self.id).terminate()
