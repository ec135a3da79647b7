"""A workflow whose activities stream at once, which publishes itself, and continues as new."""

import asyncio
from contextlib import suppress
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from kai_flow.stream import EventProducer, WorkflowEventStream


@activity.defn
async def sing(lines: int, failures: int) -> None:
    """Send so many events; the first attempts fail after one."""
    async with EventProducer(callback_url=None, signal_interval=0.05) as producer:
        for number in range(lines):
            await producer.send({"type": "line", "number": number})
            if activity.info().attempt <= failures:
                raise RuntimeError("again, please")


@activity.defn
async def hum() -> None:
    """Send nothing, until it is cancelled."""
    while True:
        activity.heartbeat()
        await asyncio.sleep(0.1)


@workflow.defn
class Choir:
    """Each run: two that sing and one that hums at once, and then a last one."""

    @workflow.init
    def __init__(self, runs: int) -> None:
        self.given_up = False

    @workflow.signal
    def give_up(self) -> None:
        """Wait no longer for the one that hums."""
        self.given_up = True

    @workflow.run
    async def run(self, runs: int) -> str:
        """So many runs."""
        stream = WorkflowEventStream()
        stream.publish({"type": "begin", "left": runs}, {"type": "hush"})
        one, two = _sing(3, 0), _sing(2, 1)
        humming = workflow.start_activity(
            hum,
            start_to_close_timeout=timedelta(seconds=30),
            heartbeat_timeout=timedelta(seconds=10),
        )
        await asyncio.gather(one, two, workflow.wait_condition(lambda: self.given_up))
        humming.cancel()
        with suppress(ActivityError):  # by default the SDK does not wait until it has stopped
            await humming
        await _sing(1, 0)
        if runs > 1:
            workflow.continue_as_new(runs - 1)
        return "over"


def _sing(lines: int, failures: int) -> workflow.ActivityHandle[None]:
    return workflow.start_activity(
        sing,
        args=[lines, failures],
        start_to_close_timeout=timedelta(seconds=30),
        retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=10)),
    )
