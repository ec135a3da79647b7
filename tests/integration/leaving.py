"""Activities that are told to stop, in each of the ways an agent can be at that moment."""

import asyncio
from collections import defaultdict
from contextlib import suppress
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    import httpx

    from kai_flow.stream.errors import Finished, Superseded
    from kai_flow.stream.producer import EventProducer


_CONCLUSIONS = ("says all", "says done", "ends twice", "breaks after the final POST")


async def _conclude(producer: EventProducer, how: str) -> str:
    """Say that no more will come, and then think otherwise; what came of it."""
    await (producer.settle() if how == "says all" else producer.finish("all is well"))
    try:
        match how:
            case "breaks after the final POST":
                raise RuntimeError("or not")
            case "ends twice":
                await producer.finish("or not")
            case _:
                await producer.send({"type": "token", "content": "late"})
    except Finished as error:
        return f"{producer.last_event_id}: Finished: {error}"
    return "as if nothing were"


class CancelsWhenBrokenOff(httpx.AsyncBaseTransport):
    """A receiver that never answers; when the producer breaks off its POST, the agent is cancelled.

    So does Temporal's worker when a heartbeat finds the attempt gone while the producer closes.
    """

    def __init__(self, agent: asyncio.Task[object]) -> None:
        self.agent = agent
        self.posted = asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Wait until the POST is broken off."""
        self.posted.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.agent.cancel()
        raise AssertionError


@activity.defn
async def leave_cancelled_twice(callback_url: str) -> str:
    """Work until the stream is refused, and be cancelled once more while the producer closes."""
    task = asyncio.current_task()
    assert task is not None
    transport = CancelsWhenBrokenOff(task)
    try:
        async with (
            httpx.AsyncClient(transport=transport) as http,
            EventProducer(callback_url=callback_url, http=http) as producer,
        ):
            await transport.posted.wait()
            producer._sending.delivery.refused_as_superseded()
            producer._sending._reported()
            await asyncio.Event().wait()
    except Superseded as error:
        await asyncio.sleep(0)  # would raise if a cancellation were still to come
        return f"Superseded: {error}; cancelled {task.cancelling()} times"
    return "as if nothing were"


@activity.defn
async def leave(how: str, callback_url: str) -> str:
    """Say something, then go on working, end, or break; what came of it."""
    task = asyncio.current_task()
    assert task is not None
    try:
        async with EventProducer(callback_url=callback_url) as producer:
            await producer.send({"type": "token", "content": "a"})
            if how == "works":
                await asyncio.Event().wait()  # for ever, if it is not told to stop
            if how in _CONCLUSIONS:
                return await _conclude(producer, how)
            if how == "breaks":
                raise RuntimeError("the agent broke")
            if how == "is deaf":
                for _ in range(40):
                    with suppress(asyncio.CancelledError):
                        await asyncio.sleep(0.05)
    except Superseded as error:
        await asyncio.sleep(0)  # would raise if a cancellation were still to come
        return f"Superseded: {error}; cancelled {task.cancelling()} times"
    return "as if nothing were"


@workflow.defn
class Leaving:
    """One such activity."""

    @workflow.run
    async def run(self, how: str, callback_url: str) -> str:
        """What came of it."""
        twice = how == "is cancelled twice"
        return await workflow.execute_activity(
            leave_cancelled_twice if twice else leave,
            args=[callback_url] if twice else [how, callback_url],
            start_to_close_timeout=timedelta(seconds=60),
            retry_policy=RetryPolicy(maximum_attempts=1),
        )


@workflow.defn
class Laden:
    """A workflow whose history is large already when its streaming activity begins."""

    @workflow.init
    def __init__(self, notes: int) -> None:
        self.notes = 0
        self.for_ever = False

    @workflow.run
    async def run(self, notes: int) -> str:
        """The last event of the activity."""
        await workflow.wait_condition(lambda: self.notes == notes)
        return await workflow.execute_activity(
            speak, args=[self.for_ever], start_to_close_timeout=timedelta(seconds=60)
        )

    @workflow.signal
    def note(self, text: str) -> None:
        """Bytes of history."""
        self.notes += 1
        self.for_ever = text == "talk"


talking: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)  # by session
stopped_by: dict[str, Superseded] = {}  # by session: what an endless `speak` was stopped with


@activity.defn
async def speak(for_ever: bool) -> str:
    """Say 2 KB a hundred times, or little without an end."""
    session_id = activity.info().workflow_id or ""
    try:
        async with EventProducer() as producer:
            for _ in range(100):
                await producer.send({"type": "note", "text": "x" * 2_000})
            while for_ever:
                await producer.send({"type": "note"})
                talking[session_id].set()
                await asyncio.sleep(0.05)
    except Superseded as error:
        stopped_by[session_id] = error
        raise
    return str(producer.last_event_id)
