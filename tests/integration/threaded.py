"""Activities that stream from a thread, and a workflow that runs one of them."""

import asyncio
import threading
import time
from collections import defaultdict
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

from kai_flow.stream import EventProducer

reached: defaultdict[str, threading.Event] = defaultdict(threading.Event)  # by session
sent: dict[str, int] = {}  # by session: how many tokens a thread has sent
stopped: dict[str, BaseException] = {}  # by session: what a thread was stopped with


def session() -> str:
    """The session of the activity that runs here."""
    return activity.info().workflow_id or ""


@activity.defn
def tell(callback_url: str | None) -> dict[str, Any]:
    """A whole stream with a result."""
    with EventProducer(callback_url=callback_url, started={"topic": "cats"}) as producer:
        for word in ("once", "upon", "a", "time"):
            producer.send({"type": "token", "content": f"{word} "})
        producer.settle()
        result = {"sent": producer.events_sent, "last_event_id": str(producer.last_event_id)}
        producer.finish(result)
    return result


@activity.defn
async def tell_in_a_thread(callback_url: str | None) -> dict[str, Any]:
    """The same from an activity that starts a thread."""
    return await asyncio.to_thread(tell, callback_url)


@activity.defn
def break_once(callback_url: str | None) -> Any:
    """Break in the first attempt; the details of its heartbeat are the result of the second."""
    with EventProducer(callback_url=callback_url) as producer:
        producer.send({"type": "token", "content": "a"})
        if activity.info().attempt == 1:
            activity.heartbeat({"checkpoint": 10})
            raise RuntimeError("the agent broke")
        return list(activity.info().heartbeat_details)


def _talk(callback_url: str | None) -> str:
    """Send events until an exception ends that; a second attempt is content with one."""
    try:
        with EventProducer(callback_url=callback_url) as producer:
            producer.send({"type": "token", "content": "a"})
            reached[session()].set()
            while activity.info().attempt == 1:
                with activity.shield_thread_cancel_exception():
                    producer.send({"type": "token", "content": "b"})
                    sent[session()] = producer.last_event_id.seq - 1
                time.sleep(0.01)
    except BaseException as error:
        stopped[session()] = error
        raise
    return "content"


@activity.defn
def talk(callback_url: str | None) -> str:
    """Talk until Temporal or the producer stops it."""
    return _talk(callback_url)


@activity.defn
async def talk_in_a_thread(callback_url: str | None) -> str:
    """Talk in a thread, which outlives the activity when that is cancelled."""
    return await asyncio.to_thread(_talk, callback_url)


@activity.defn(no_thread_cancel_exception=True)
def talk_undisturbed(callback_url: str | None) -> str:
    """Talk until the producer stops it."""
    return _talk(callback_url)


@activity.defn
def wait_for_durability(_: str | None) -> None:
    """Leave the block, and wait."""
    with EventProducer() as producer:
        producer.send({"type": "token", "content": "a"})
        reached[session()].set()


@activity.defn
def wait_for_room(_: str | None) -> None:
    """Send more than the outbox can hold, and wait."""
    try:
        with EventProducer() as producer:
            while True:
                reached[session()].set()
                producer.send({"type": "note", "text": "x" * 250_000})
    except BaseException as error:
        stopped[session()] = error
        raise


@activity.defn
def use_async_with(callback_url: str | None) -> None:
    """The form that is for coroutines."""

    async def stream() -> None:
        async with EventProducer(callback_url=callback_url):
            pass

    asyncio.run(stream())


@activity.defn
async def use_with(callback_url: str | None) -> None:
    """The form that is for threads."""
    with EventProducer(callback_url=callback_url):
        pass


@workflow.defn
class Threaded:
    """One of these activities."""

    @workflow.run
    async def run(self, name: str, callback_url: str | None, queue: str | None = None) -> Any:
        """What the activity returns; `queue` is that of another worker, which runs it."""
        return await workflow.execute_activity(
            name,
            args=[callback_url],
            task_queue=queue,
            start_to_close_timeout=timedelta(seconds=30),
            heartbeat_timeout=timedelta(seconds=10),
            retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=10)),
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        )
