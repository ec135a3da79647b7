"""Somebody's workflow that streams nothing, as it ran before its workers had the plugin."""

import asyncio
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.worker import Worker

SHORT = timedelta(seconds=10)
ONCE: dict[str, Any] = {"start_to_close_timeout": SHORT}


@activity.defn
async def double(number: int) -> int:
    """Twice the number; none for a negative one; a long time for none."""
    if number < 0:
        raise ApplicationError("negative", non_retryable=True)
    if number == 0:
        while True:
            activity.heartbeat()
            await asyncio.sleep(0.1)
    return 2 * number


@workflow.defn
class Doubled:
    """A child workflow."""

    @workflow.run
    async def run(self, number: int) -> int:
        """By an activity."""
        return await workflow.execute_activity(double, number, **ONCE)


@workflow.defn
class Unstreamed:
    """Does what a workflow can do, and has handlers that schedule activities."""

    def __init__(self) -> None:
        self.sum = 0
        self.over = False

    @workflow.run
    async def run(self) -> int:
        """The sum of all that was doubled."""
        self.sum += sum(
            await asyncio.gather(
                *(workflow.execute_activity(double, number, **ONCE) for number in (1, 2, 3))
            )
        )
        await workflow.sleep(timedelta(milliseconds=10))
        try:
            await workflow.execute_activity(double, -1, **ONCE)
        except ActivityError:
            self.sum += 1
        long = workflow.start_activity(double, 0, heartbeat_timeout=SHORT, **ONCE)
        unawaited = workflow.start_activity(double, -1, **ONCE)
        await workflow.wait_condition(lambda: self.over)
        long.cancel()
        unawaited.cancel()
        self.sum += await workflow.execute_local_activity(double, 4, **ONCE)
        child = f"{workflow.info().workflow_id}-child"
        self.sum += await workflow.execute_child_workflow(Doubled.run, 5, id=child)
        workflow.upsert_memo({"sum": self.sum})
        if workflow.patched("more"):
            self.sum += await workflow.execute_activity(double, 6, activity_id="named", **ONCE)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self.sum

    @workflow.signal
    async def add(self, number: int) -> None:
        """Double another one."""
        self.sum += await workflow.execute_activity(double, number, **ONCE)

    @workflow.update
    async def tell(self, number: int) -> int:
        """The same, with an answer."""
        await self.add(number)
        return self.sum

    @workflow.signal
    def end(self) -> None:
        """No more will come."""
        self.over = True

    @workflow.query
    def progress(self) -> int:
        """A query of their own."""
        return self.sum


def unstreamed_worker(client: Client, queue: str, **options: Any) -> Worker:
    """A worker for it."""
    workflows = [Unstreamed, Doubled]
    return Worker(client, task_queue=queue, workflows=workflows, activities=[double], **options)
