"""Workflows with several streaming activities at once, and with events of their own."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RawValue, RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.worker import Worker

from kai_flow.stream import EventProducer, InvalidEvent, StreamPlugin, WorkflowEventStream

TIMEOUT = timedelta(seconds=60)
SOON = RetryPolicy(initial_interval=timedelta(milliseconds=10), maximum_attempts=3)

reached: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)  # by session/name
opened: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)  # the same


async def _gate(name: str) -> None:
    """Wait until the test opens this gate, however often the activity is cancelled."""
    key = f"{activity.info().workflow_id}/{name}"
    reached[key].set()
    while not opened[key].is_set():
        with suppress(asyncio.CancelledError):
            await opened[key].wait()


@activity.defn
async def speak(name: str) -> str:
    """Stream something; wait at the gate of that name, if it has one; stream the rest.

    A name with `?` fails its first attempt. One with `!` has a gate.
    """
    async with EventProducer(callback_url=None, started={"name": name}) as producer:
        await producer.send({"type": "note", "text": f"{name} begins"})
        if "?" in name and activity.info().attempt == 1:
            raise ApplicationError("the first attempt fails")
        if "!" in name:
            await _gate(name)
        await producer.send({"type": "note", "text": f"{name} ends"})
    return name


@activity.defn
async def work(name: str) -> None:
    """Stream nothing; wait at the gate, if the name has one."""
    if "!" in name:
        await _gate(name)


def spoken(name: str, **options: Any) -> "workflow.ActivityHandle[str]":
    """Start `speak`."""
    return workflow.start_activity(
        speak, name, start_to_close_timeout=TIMEOUT, retry_policy=SOON, **options
    )


def worked(name: str) -> "workflow.ActivityHandle[None]":
    """Start `work`."""
    return workflow.start_activity(work, name, start_to_close_timeout=TIMEOUT)


@workflow.defn
class Together:
    """Runs its activities at once."""

    @workflow.run
    async def run(self, names: list[str]) -> list[str]:
        """The names."""
        return await asyncio.gather(*(spoken(name) for name in names))


@workflow.defn
class Crowd:
    """Runs silent activities at once, and beside every second one of them one that streams."""

    @workflow.run
    async def run(self, silent: int) -> str:
        """The name, or why it could not stream."""
        handles = []
        for number in range(silent):
            handles.append(worked(f"{number}!"))
            await worked("over at once")
        try:
            return await spoken("speaker")
        except ActivityError as error:
            return str(error.cause)
        finally:
            await asyncio.gather(*handles)


@workflow.defn
class Leaver:
    """No longer waits for its first activity, and runs another one."""

    def __init__(self) -> None:
        self.leaving = False

    @workflow.run
    async def run(self, kind: int) -> str:
        """The name of the second."""
        first = spoken("first!", cancellation_type=workflow.ActivityCancellationType(kind))
        await workflow.wait_condition(lambda: self.leaving)
        first.cancel()
        with suppress(ActivityError):
            await first
        second = await spoken("second")
        await workflow.wait_condition(lambda: not self.leaving)
        return second

    @workflow.signal
    def leave(self, leaving: bool) -> None:
        """Leave the first activity, or end."""
        self.leaving = leaving


@workflow.defn
class Hasty:
    """Leaves its first activity, and cancels another one before the server is told of it."""

    def __init__(self) -> None:
        self.steps = 0

    @workflow.run
    async def run(self) -> None:
        """Each step when it is told to."""
        first = spoken("first!")
        await workflow.wait_condition(lambda: self.steps >= 1)
        never = spoken("never")
        for one in (first, never):
            one.cancel()
            with suppress(ActivityError, asyncio.CancelledError):
                await one
        await workflow.wait_condition(lambda: self.steps >= 2)

    @workflow.signal
    def step(self) -> None:
        """Go on."""
        self.steps += 1


@workflow.defn
class Handlers:
    """Does everything in its handlers."""

    def __init__(self) -> None:
        self.stream = WorkflowEventStream()
        self.over = False

    @workflow.run
    async def run(self) -> str:
        """Until it is told to end."""
        try:
            await workflow.wait_condition(lambda: self.over)
            await workflow.wait_condition(workflow.all_handlers_finished)
            if workflow.patched("more"):
                self.stream.publish({"type": "note", "text": "more"})
        finally:
            self.stream.publish({"type": "note", "text": "over"})
        return "over"

    @workflow.signal
    async def ask(self, name: str) -> None:
        """Publish, and run an activity."""
        self.stream.publish({"type": "note", "text": f"asked {name}"})
        await spoken(name)

    @workflow.update
    async def tell(self, name: str) -> str:
        """The same, with an answer."""
        self.stream.publish({"type": "note", "text": f"told {name}"})
        return await spoken(name)

    @tell.validator
    def _check(self, name: str) -> None:
        if name == "publish":
            raise ValueError(self.peek())

    @workflow.query
    def peek(self) -> str:
        """What comes of publishing here."""
        try:
            self.stream.publish({"type": "note", "text": "never"})
        except workflow.ReadOnlyContextError as error:
            return str(error)
        return "published"

    @workflow.update
    def publish(self, events: list[Any]) -> str:
        """Publish these in one call; why that failed, or nothing."""
        try:
            self.stream.publish(*events)
        except InvalidEvent as error:
            return str(error)
        return ""

    @workflow.signal
    def renew(self) -> None:
        """Continue as new, in a handler."""
        self.stream.publish({"type": "note", "text": "renewed"})
        workflow.continue_as_new()

    @workflow.signal
    def end(self) -> None:
        """End."""
        self.over = True


@workflow.defn
class Long:
    """Goes on in run after run."""

    def __init__(self) -> None:
        self.go_on = False

    @workflow.run
    async def run(self, more: int, then: str) -> str:
        """`then`: `fail` in the last run if it is no retry, or `wait` for a signal there."""
        stream = WorkflowEventStream()
        stream.publish({"type": "note", "text": f"{more} more"})
        try:
            await spoken(f"{more}")
            if more:
                workflow.continue_as_new(args=[more - 1, then])
        finally:
            stream.publish({"type": "note", "text": "the run ends"})
        if then == "fail" and workflow.info().attempt == 1:
            raise ApplicationError("the run fails")
        if then == "wait":
            await workflow.wait_condition(lambda: self.go_on)
            await spoken("at last")
        return "done"

    @workflow.signal
    def proceed(self) -> None:
        """End the wait."""
        self.go_on = True


@workflow.defn
class LastWords:
    """Goes on in another run while a second task of this one has something to say."""

    def __init__(self) -> None:
        self.heard = False

    @workflow.run
    async def run(self, more: int) -> str:
        """Until it was heard in each run."""
        stream = WorkflowEventStream()
        stream.publish({"type": "note", "text": f"{more} more"})
        last = asyncio.create_task(self._last_words(stream))
        await workflow.wait_condition(lambda: self.heard)
        if more:
            workflow.continue_as_new(more - 1)
        await last
        return "done"

    async def _last_words(self, stream: WorkflowEventStream) -> None:
        await asyncio.gather(workflow.wait_condition(lambda: self.heard))
        stream.publish({"type": "note", "text": "heard"})

    @workflow.signal
    def hear(self) -> None:
        """Let all tasks go on at once."""
        self.heard = True


@workflow.defn
class OwnHandlers:
    """Has handlers of the names that the stream has, and dynamic ones."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        stream = WorkflowEventStream()
        workflow.set_query_handler("stream_progress", stream.progress)
        workflow.set_query_handler("events", lambda: ["their", "events"])
        self.over = False

    @workflow.run
    async def run(self) -> list[str]:
        """The signals that came."""
        await spoken("one")
        await workflow.wait_condition(lambda: self.over)
        return self.seen

    @workflow.query
    def progress(self) -> str:
        """Their own."""
        return "their progress"

    @workflow.query(dynamic=True)
    def any_query(self, name: str, args: Sequence[RawValue]) -> str:
        """Everything else."""
        return f"dynamic {name}"

    @workflow.signal(dynamic=True)
    def any_signal(self, name: str, args: Sequence[RawValue]) -> None:
        """Everything else."""
        self.seen.append(name)
        self.over = name == "end"


@workflow.defn
class OwnSignal:
    """Has a signal of the stream's name."""

    def __init__(self) -> None:
        self.published: list[str] = []

    @workflow.run
    async def run(self) -> list[str]:
        """What was signalled, and why its activity could not stream."""
        await workflow.wait_condition(lambda: bool(self.published))
        try:
            await spoken("one")
        except ActivityError as error:
            self.published.append(str(error.cause))
        try:
            WorkflowEventStream()
        except RuntimeError as error:
            self.published.append(str(error))
        return self.published

    @workflow.signal(name="publish_events")
    def take(self, text: str) -> None:
        """Their own."""
        self.published.append(text)


WORKFLOWS = [Together, Crowd, Leaver, Hasty, Handlers, Long, LastWords, OwnHandlers, OwnSignal]


@asynccontextmanager
async def several_worker(client: Client, queue: str, **options: Any) -> AsyncIterator[None]:
    """A worker for these workflows."""
    chosen: dict[str, Any] = {"plugins": [StreamPlugin()], **options}
    async with Worker(
        client, task_queue=queue, workflows=WORKFLOWS, activities=[speak, work], **chosen
    ):
        yield
