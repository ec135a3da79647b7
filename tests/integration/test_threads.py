"""A thread of an activity streams as an `async def` activity does from the event loop."""

import asyncio
import multiprocessing
import secrets
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import pytest
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError
from temporalio.worker import SharedStateManager, Worker

from kai_flow.stream import StreamPlugin, producer, read_history, sending
from kai_flow.stream.errors import SessionEnded, Superseded
from kai_flow.stream.place import NOWHERE
from tests.integration import threaded
from tests.integration.receivers import answer, receiving
from tests.integration.subscriber import subscribed
from tests.integration.threaded import Threaded
from tests.integration.waiting import until

IN_THREADS = [
    threaded.tell,
    threaded.tell_in_a_thread,
    threaded.break_once,
    threaded.talk,
    threaded.talk_in_a_thread,
    threaded.talk_undisturbed,
    threaded.wait_for_durability,
    threaded.wait_for_room,
    threaded.use_async_with,
    threaded.use_with,
]


def thread_worker(client: Client, queue: str, threads: ThreadPoolExecutor) -> Worker:
    """A worker as a user of the library has it."""
    return Worker(
        client,
        task_queue=queue,
        workflows=[Threaded],
        activities=IN_THREADS,
        activity_executor=threads,
        plugins=[StreamPlugin()],
    )


@pytest.fixture(scope="module")
async def queue(client: Client) -> AsyncIterator[str]:
    """The task queue of such a worker."""
    name = f"threads-{secrets.token_hex(4)}"
    with ThreadPoolExecutor(8) as threads:
        async with thread_worker(client, name, threads):
            yield name


async def begun(
    client: Client, queue: str, session_id: str, *arguments: str | None
) -> WorkflowHandle[Any, Any]:
    """A session whose thread has sent its first event."""
    handle = await client.start_workflow(
        Threaded.run, args=arguments, id=session_id, task_queue=queue
    )
    await asyncio.to_thread(threaded.reached[session_id].wait)
    return handle


async def stored(client: Client, handle: WorkflowHandle[Any, Any]) -> list[dict[str, Any]]:
    """The durable events of a session."""
    run_id = (await handle.describe()).run_id
    buffer = await read_history(client, handle.id, run_id)
    return [event.decode() for event in buffer.read(NOWHERE, 1_000_000).events]


async def signalled(handle: WorkflowHandle[Any, Any]) -> bytes:
    """All that was signalled, also what a later attempt has replaced."""
    sent = b""
    async for event in handle.fetch_history_events():
        signal = event.workflow_execution_signaled_event_attributes
        sent += b"".join(payload.data for payload in signal.input.payloads)
    return sent


async def failure_of(handle: WorkflowHandle[Any, Any]) -> ApplicationError:
    """What made the activity fail."""
    with pytest.raises(WorkflowFailureError) as failed:
        await handle.result()
    assert isinstance(failed.value.cause, ActivityError)
    assert isinstance(failed.value.cause.cause, ApplicationError)
    return failed.value.cause.cause


@pytest.mark.parametrize("name", ["tell", "tell_in_a_thread"])
async def test_a_thread_streams_to_readers(
    client: Client, queue: str, bridge: str, session_id: str, name: str
) -> None:
    """Readers get all events and the result, and all is durable when the activity ends."""
    async with subscribed(f"{bridge}/stream/{session_id}") as live:
        handle = await client.start_workflow(
            Threaded.run,
            args=[name, f"{bridge}/events/{session_id}"],
            id=session_id,
            task_queue=queue,
        )
        done = await live.saw("done")
    result = {"sent": 5, "last_event_id": "1.1.5"}
    assert await handle.result() == done.event["result"] == result
    assert live.types == ["started", *["token"] * 4, "ended", "done"]
    assert [seen.event for seen in live.seen[:-2]] == await stored(client, handle)
    assert live.seen[0].event["topic"] == "cats"


async def test_a_thread_that_breaks_is_tried_again(
    client: Client, queue: str, session_id: str
) -> None:
    """The first attempt says why it failed, and its heartbeat details reach the second."""
    handle = await client.start_workflow(
        Threaded.run, args=["break_once", None], id=session_id, task_queue=queue
    )
    assert await handle.result() == [{"checkpoint": 10}]
    sent = await signalled(handle)
    assert b'{"type":"attempt_failed","error":"the agent broke"}' in sent
    assert [event["type"] for event in await stored(client, handle)] == ["started", "token"]


@pytest.mark.parametrize("name", ["talk", "talk_in_a_thread"])
async def test_a_cancelled_thread_leaves_its_block_in_order(
    client: Client, queue: str, session_id: str, name: str
) -> None:
    """Temporal or `send` raises CancelledError in it, and all it has sent is durable afterwards."""
    handle = await begun(client, queue, session_id, name, None)
    await handle.cancel()
    with pytest.raises(WorkflowFailureError) as failed:
        await handle.result()
    assert isinstance(failed.value.cause, CancelledError)
    await until(lambda: session_id in threaded.stopped)  # nobody waits for a thread in a thread
    assert isinstance(threaded.stopped[session_id], CancelledError)
    assert [event["type"] for event in await stored(client, handle)] == [
        "started", *["token"] * threaded.sent[session_id]
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["wait_for_durability", "wait_for_room"])
async def test_a_thread_that_waits_can_be_cancelled(
    client: Client, queue: str, session_id: str, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Whether it waits in `send` or at the end of its block, while Temporal takes no signal."""

    async def hang(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(sending, "publish", hang)
    monkeypatch.setattr(producer, "LEAVE_SECONDS", 0.1)
    handle = await begun(client, queue, session_id, name, None)
    await handle.cancel()
    with pytest.raises(WorkflowFailureError) as failed:
        await handle.result()
    assert isinstance(failed.value.cause, CancelledError)
    if name == "wait_for_room":
        assert isinstance(threaded.stopped[session_id], CancelledError)


async def test_a_thread_learns_that_its_session_has_ended(
    client: Client, queue: str, session_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    """In a thread in which Temporal raises nothing, `send` raises SessionEnded, logged once."""
    handle = await begun(client, queue, session_id, "talk_undisturbed", None)
    await handle.terminate()
    await until(lambda: session_id in threaded.stopped)
    assert isinstance(threaded.stopped[session_id], SessionEnded)
    lines = [one for one in caplog.records if f"session {session_id}," in one.getMessage()]
    assert ["the session was terminated" in line.getMessage() for line in lines] == [True]


async def test_a_superseded_thread_fails_for_good(
    client: Client, queue: str, session_id: str
) -> None:
    """A receiver's 410 makes `send` raise Superseded, and the activity is not tried again."""
    gone = answer("410 Gone", b'{"status":410,"bridge":"05c82dad795370b3"}')
    async with receiving(gone) as receiver:
        handle = await client.start_workflow(
            Threaded.run, args=["talk", receiver.url], id=session_id, task_queue=queue
        )
        error = await failure_of(handle)
    assert (error.type, error.non_retryable) == ("Superseded", True)
    assert type(threaded.stopped[session_id]) is Superseded


async def test_a_worker_that_stops_hands_its_thread_over(
    client: Client, queue: str, session_id: str
) -> None:
    """The attempt of a worker that shuts down fails with the reason, and another worker goes on.

    The workflow has a worker of its own: a workflow task that goes to a worker which is stopping is
    lost for 10 s.
    """
    other = f"stopping-{secrets.token_hex(4)}"
    with ThreadPoolExecutor(2) as threads:
        async with thread_worker(client, other, threads):
            handle = await begun(client, queue, session_id, "talk", None, other)
        assert isinstance(threaded.stopped[session_id], CancelledError)
        async with thread_worker(client, other, threads):
            assert await handle.result() == "content"
    assert b'"error":"the worker is shutting down"' in await signalled(handle)


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("use_async_with", "in a `def` activity, write `with EventProducer"),
        ("use_with", "in an `async def` activity, write `async with EventProducer"),
    ],
)
async def test_the_other_form_is_refused(
    client: Client, queue: str, session_id: str, name: str, remedy: str
) -> None:
    """The error names the right form, and is not retried."""
    handle = await client.start_workflow(
        Threaded.run, args=[name, None], id=session_id, task_queue=queue
    )
    error = await failure_of(handle)
    assert (error.type, error.non_retryable) == ("WrongProducerForm", True)
    assert remedy in error.message


async def test_a_process_pool_is_refused(client: Client, session_id: str) -> None:
    """The error says what to give the worker instead."""
    queue = f"processes-{secrets.token_hex(4)}"
    spawning = multiprocessing.get_context("spawn")
    with spawning.Manager() as manager, ProcessPoolExecutor(1, spawning) as processes:
        async with Worker(
            client,
            task_queue=queue,
            workflows=[Threaded],
            activities=[threaded.tell],
            activity_executor=processes,
            shared_state_manager=SharedStateManager.create_from_multiprocessing(manager),
            plugins=[StreamPlugin()],
        ):
            handle = await client.start_workflow(
                Threaded.run, args=["tell", None], id=session_id, task_queue=queue
            )
            error = await failure_of(handle)
    assert (error.type, error.non_retryable) == ("WrongProducerForm", True)
    assert "ThreadPoolExecutor as its `activity_executor`" in error.message
