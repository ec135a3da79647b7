"""The producer in real activities: told to stop, told to wait, told nonsense."""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from typing import Any, cast
from unittest.mock import Mock

import httpx
import pytest
from temporalio import activity
from temporalio.client import Client, WorkflowFailureError
from temporalio.converter import DataConverter
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.testing import ActivityEnvironment
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from kai_flow.stream.direct_http import direct_http
from kai_flow.stream.errors import Finished, InvalidEvent, InvalidUrl, SessionEnded
from kai_flow.stream.ids import EventId
from kai_flow.stream.interceptor import StreamInterceptor
from kai_flow.stream.outbox import Outbox
from kai_flow.stream.place import NOWHERE
from kai_flow.stream.producer import EventProducer
from kai_flow.stream.reader import read_history
from kai_flow.stream.wire_names import UNSTORED
from tests.agents import scripted
from tests.integration.conftest import Ask
from tests.integration.leaving import (
    Laden,
    Leaving,
    leave,
    leave_cancelled_twice,
    speak,
    stopped_by,
    talking,
)
from tests.integration.log_records import records_of
from tests.integration.receivers import answer, receiving
from tests.integration.waiting import eventually, until
from tests.numbered import number_activity

GONE = answer("410 Gone", b'{"status":410,"bridge":"05c82dad795370b3"}')


@pytest.fixture(scope="module")
async def leaving(client: Client) -> AsyncIterator[str]:
    """The task queue of a worker for these workflows."""
    queue = f"leaving-{secrets.token_hex(4)}"
    sandbox = SandboxRestrictions.default.with_passthrough_modules("kai_flow.stream", "msgspec")
    async with Worker(
        client,
        task_queue=queue,
        workflows=[Leaving, Laden],
        activities=[leave, leave_cancelled_twice, speak],
        interceptors=[StreamInterceptor()],
        workflow_runner=SandboxedWorkflowRunner(restrictions=sandbox),
    ):
        yield queue


def about(caplog: pytest.LogCaptureFixture, session_id: str) -> list[logging.LogRecord]:
    """What the producer's logger said of a session."""
    named = f"session {session_id},"
    return [record for record in caplog.records if named in record.getMessage()]


# Told to stop

REFUSED = "its events are refused, although no newer attempt has taken over"  # as Temporal shows


@pytest.mark.parametrize("how", ["works", "ends", "breaks", "is deaf"])
async def test_a_zombie_is_told_so_whatever_it_is_at(
    client: Client, leaving: str, session_id: str, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A 410 ends the attempt with Superseded, while the agent runs, ends or breaks."""
    caplog.set_level(logging.WARNING)
    async with receiving(GONE, delay=0.2) as receiver:
        said = await client.execute_workflow(
            Leaving.run, args=[how, receiver.url], id=session_id, task_queue=leaving
        )
    assert said.startswith(f"Superseded: 1.1.2: {REFUSED}") or how == "breaks", said
    assert said.startswith("Superseded: 1.1."), said
    assert said.endswith("cancelled 0 times")
    assert len(receiver.posts) == 1
    (line,) = about(caplog, session_id)
    assert f"the agent was stopped: {REFUSED}" in line.getMessage()
    assert [record for record in records_of(caplog, session_id) if record.exc_info] == []


async def test_a_cancellation_while_the_producer_closes_hides_no_reason(
    client: Client, leaving: str, session_id: str
) -> None:
    """The session's end cancels the agent twice, from two sides; the block still says why."""
    said = await client.execute_workflow(
        Leaving.run,
        args=["is cancelled twice", "http://localhost:9"],
        id=session_id,
        task_queue=leaving,
    )
    assert said.startswith(f"Superseded: 1.1.1: {REFUSED}")
    assert said.endswith("cancelled 0 times")


async def test_a_zombie_of_kai_leaves_no_traceback(
    ask: Ask, session_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    """On 410 the agent is stopped at once, nothing is tried again, and the log has one line."""
    caplog.set_level(logging.INFO)
    async with receiving(GONE, delay=0.2) as receiver:
        handle = await ask({"tokens": 2}, {"gate": "a"}, callback_url=receiver.url)
        with pytest.raises(WorkflowFailureError) as failed:
            await handle.result()
    assert isinstance(failed.value.cause, ActivityError)
    assert isinstance(failed.value.cause.cause, ApplicationError)
    assert failed.value.cause.cause.type == "Superseded"
    assert session_id in scripted.stopped
    assert len(scripted.tasks[session_id]) == 1
    (line,) = about(caplog, session_id)
    assert f"the agent was stopped: {REFUSED}" in line.getMessage()
    assert [record for record in records_of(caplog, session_id) if record.exc_info] == []


async def test_a_session_that_a_user_ends_leaves_no_traceback(
    ask: Ask, client: Client, bridge: str, session_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    """When a session is terminated its agent is stopped, and the log says that and no more."""
    caplog.set_level(logging.INFO)
    steps = [{"tokens": 300, "pause": 0.05}]
    handle = await ask({"tokens": 1}, {"gate": "a"}, *steps)
    await scripted.reached[f"{session_id}/a"].wait()
    await handle.terminate("enough")
    scripted.opened[f"{session_id}/a"].set()
    await until(lambda: session_id in scripted.stopped)
    await until(lambda: bool(about(caplog, session_id)))
    (line,) = about(caplog, session_id)
    assert "the agent was stopped: the session was terminated, or reset" in line.getMessage()
    assert [record for record in records_of(caplog, session_id) if record.exc_info] == []


async def test_a_session_that_a_user_cancels_leaves_no_traceback(
    ask: Ask, session_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A cancelled session is nobody's mistake: its log has no traceback, and names no rival."""
    caplog.set_level(logging.INFO)
    handle = await ask({"tokens": 1}, {"gate": "a"})
    await scripted.reached[f"{session_id}/a"].wait()
    await handle.cancel()
    with pytest.raises(WorkflowFailureError):
        await handle.result()
    assert session_id in scripted.stopped
    assert [record for record in records_of(caplog, session_id) if record.exc_info] == []
    assert about(caplog, session_id) == []


async def test_a_library_session_that_a_user_ends_leaves_no_traceback(
    client: Client, leaving: str, session_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    """SessionEnded out of anybody's activity is a failure like any other, without a traceback."""
    caplog.set_level(logging.INFO)
    handle = await client.start_workflow(Laden.run, 1, id=session_id, task_queue=leaving)
    await handle.signal(Laden.note, "talk")
    await talking[session_id].wait()
    await handle.terminate("enough")
    await until(lambda: session_id in stopped_by)
    assert isinstance(stopped_by[session_id], SessionEnded)
    (line,) = about(caplog, session_id)
    assert "the agent was stopped: the session was terminated, or reset" in line.getMessage()
    assert [record for record in records_of(caplog, session_id) if record.exc_info] == []


# Told that it has said all


@pytest.mark.parametrize("how", ["says all", "says done", "ends twice"])
async def test_nothing_follows_the_end(
    client: Client, leaving: str, session_id: str, how: str
) -> None:
    """After `settle` or `finish` an event is refused, and so is a second result; none is sent."""
    async with receiving() as receiver:
        said = await client.execute_workflow(
            Leaving.run, args=[how, receiver.url], id=session_id, task_queue=leaving
        )
    assert said.startswith("1.1.2: Finished: ")
    assert [post["id"] for post in receiver.posts][:2] == ["1.1.1", "1.1.2"]
    assert [event["type"] for event in receiver.events[2:]] == ["done"] * (how != "says all")


class Withheld:
    """As much of a client as a producer needs: signals arrive once the test lets them."""

    data_converter = DataConverter.default

    def __init__(self) -> None:
        self.let = asyncio.Event()

    def get_workflow_handle(self, *_: object, **__: object) -> "Withheld":
        return self

    async def signal(self, *_: object, **__: object) -> None:
        await self.let.wait()


async def test_an_event_that_waits_while_all_is_said_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An event that found no room before `finish` does not get the id of `done` after it."""
    monkeypatch.setattr("kai_flow.stream.producer.Outbox", partial(Outbox, max_events=2))
    environment, client = ActivityEnvironment(), Withheld()
    environment.info = replace(environment.info, workflow_id="w", workflow_run_id="run")

    async def activity() -> EventId:
        number_activity(1, "run")
        async with EventProducer(client=cast("Any", client)) as producer:
            await producer.send({"type": "token", "content": "there is room"})
            waiting = asyncio.create_task(producer.send({"type": "token", "content": "none"}))
            await asyncio.sleep(0)  # it begins to wait
            finishing = asyncio.create_task(producer.finish("all is well"))
            await asyncio.sleep(0)
            client.let.set()
            with pytest.raises(Finished):
                await waiting
            await finishing
        return producer.last_event_id

    assert await environment.run(activity) == EventId(1, 1, 2)


async def test_an_attempt_that_breaks_after_its_final_post_reuses_no_id(
    client: Client, leaving: str, session_id: str
) -> None:
    """A receiver that has `done` under an id gets nothing else under it, nor does the history."""
    async with receiving() as receiver:
        handle = await client.start_workflow(
            Leaving.run,
            args=["breaks after the final POST", receiver.url],
            id=session_id,
            task_queue=leaving,
        )
        with pytest.raises(WorkflowFailureError):
            await handle.result()
    said = {post["id"]: post["event"]["type"] for post in receiver.posts}
    assert len(said) == len(receiver.posts)
    assert said == {"1.1.1": "started", "1.1.2": "token", "1.1.3": "done"}
    history = await read_history(client, session_id, handle.first_execution_run_id or "")
    assert [event.type for event in history.read(NOWHERE, 2**40).events] == ["started", "token"]


@pytest.mark.parametrize("field", ["type", "producer", "attempt"])
def test_the_first_event_says_truly_who_speaks(field: str) -> None:
    """`started` takes more fields, but none that would replace type, producer or attempt."""
    with pytest.raises(InvalidEvent, match="the stream's own"):
        EventProducer(started={"topic": "owls", field: 7})


@pytest.mark.parametrize("url", ["localhost:8092/events/x", "ftp://x/", "http://a..b/", ""])
def test_a_callback_url_that_is_none_is_refused(url: str) -> None:
    """A URL at which nothing can ever be reached is said to be one, and not tried."""
    with pytest.raises(InvalidUrl, match="callback_url"):
        EventProducer(callback_url=url)


# Told to wait


# "²²" is no number to HTTP, and 22 to a reader of digits of every kind.
@pytest.mark.parametrize(
    ("header", "at_least", "at_most"),
    [("1", 1.0, 15), ("\u00b2\u00b2", 0.1, 15), ("soon", 0.1, 15)],
)
async def test_a_receiver_is_left_the_time_it_asks_for(
    ask: Ask, session_id: str, header: str, at_least: float, at_most: float
) -> None:
    """`Retry-After` is heeded, and one that is no number is a failed POST like any other."""
    busy = answer("503 Service Unavailable", b"", f"Retry-After: {header}")
    async with receiving(busy) as receiver:
        handle = await ask({"tokens": 1}, {"gate": "a"}, callback_url=receiver.url)
        await until(lambda: len(receiver.at) >= 2)
        pause = receiver.at[1] - receiver.at[0]
        receiver.reply = answer("200 OK")
        scripted.opened[f"{session_id}/a"].set()
        result = await handle.result()
    assert at_least <= pause <= at_most
    assert (result["status"], result["events_sent"], result["events_failed"]) == ("completed", 2, 0)
    assert len(scripted.tasks[session_id]) == 1


# Told nonsense


async def test_a_mistake_of_ours_is_no_failed_callback(
    client: Client, leaving: str, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What raises in our own code fails the attempt under its own name, and stops the agent."""

    def broken(*_: object) -> Any:
        raise ZeroDivisionError("a mistake")

    monkeypatch.setattr("kai_flow.stream.producer.Delivery.post_succeeded", broken)
    async with receiving() as receiver:
        handle = await client.start_workflow(
            Leaving.run, args=["works", receiver.url], id=session_id, task_queue=leaving
        )
        with pytest.raises(WorkflowFailureError) as failed:
            await handle.result()
    assert isinstance(failed.value.cause, ActivityError)
    assert isinstance(failed.value.cause.cause, ApplicationError)
    assert failed.value.cause.cause.type == "ZeroDivisionError"
    assert failed.value.cause.cause.message == "a mistake"


async def test_a_bridge_that_ceases_to_be_one_is_told_of_once(
    ask: Ask, session_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    """HTML where a bridge answered before is one warning, and delivery all the same."""
    caplog.set_level(logging.INFO)
    ok = b'{"received":"1.1.1","durable":"1.1.0","bridge":"05c82dad795370b3"}'
    async with receiving(answer("200 OK", ok)) as receiver:
        handle = await ask({"gate": "a"}, {"tokens": 5}, callback_url=receiver.url)
        await scripted.reached[f"{session_id}/a"].wait()
        await until(lambda: bool(receiver.posts))
        receiver.reply = answer("200 OK", b"<html>Maintenance</html>", "Content-Type: text/html")
        scripted.opened[f"{session_id}/a"].set()
        result = await handle.result()
    assert (result["status"], result["events_sent"], result["events_failed"]) == ("completed", 6, 0)
    (line,) = about(caplog, session_id)
    assert line.levelno == logging.WARNING
    assert "not a bridge's, where a bridge answered before" in line.getMessage()
    assert "event 1.1.2" in line.getMessage()


# Begun


async def test_what_is_in_the_history_already_counts(
    client: Client, leaving: str, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """§6.15: also a first attempt may only store what its workflow's own history has left over."""
    monkeypatch.setattr("kai_flow.stream.storage.MAX_STORED_BYTES", 300_000)
    handle = await client.start_workflow(Laden.run, 5, id=session_id, task_queue=leaving)

    async def at_rest() -> bool:  # the size that a workflow is told leaves out what has just come
        raw = (await handle.describe()).raw_description
        return not raw.HasField("pending_workflow_task")

    for _ in range(4):
        await handle.signal(Laden.note, "x" * 50_000)
        await eventually(at_rest)
    await handle.signal(Laden.note, "go")
    assert await handle.result() == "1.1.102"
    history = await read_history(client, session_id, handle.first_execution_run_id or "")
    events = history.read(NOWHERE, 2**40).events
    assert events[-1].type == UNSTORED
    assert 30 <= len(events) <= 52
    info = (await handle.describe()).raw_description.workflow_execution_info
    assert info.history_size_bytes < 320_000


async def test_what_others_store_meanwhile_counts(
    client: Client, leaving: str, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """§6.15: an attempt reads the size of the history again, and stores no more when it is full."""
    monkeypatch.setattr("kai_flow.stream.storage.MAX_STORED_BYTES", 1_000_000)
    monkeypatch.setattr("kai_flow.stream.storage.READ_AGAIN_BYTES", 200)
    handle = await client.start_workflow(Laden.run, 1, id=session_id, task_queue=leaving)
    await handle.signal(Laden.note, "talk")
    await talking[session_id].wait()
    run_id = handle.first_execution_run_id or ""
    history = await read_history(client, session_id, run_id)
    assert UNSTORED not in [event.type for event in history.read(NOWHERE, 2**40).events]
    for _ in range(2):
        await handle.signal(Laden.note, "talk" + "x" * 450_000)

    async def is_told() -> bool:
        history = await read_history(client, session_id, run_id)
        return history.read(NOWHERE, 2**40).events[-1].type == UNSTORED

    await eventually(is_told)
    await handle.terminate("enough")


def test_a_producer_that_cannot_begin_leaves_nothing_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """When its beginning fails for whatever reason, its HTTP client is closed again."""
    made: list[httpx.AsyncClient] = []

    def client(timeout: float) -> httpx.AsyncClient:
        made.append(direct_http(timeout))
        return made[-1]

    async def begin() -> None:
        number_activity(1, activity.info().workflow_run_id or "")
        async with EventProducer(callback_url="http://127.0.0.1:1/", client=Mock()):
            raise AssertionError("it began")

    broken = Mock(side_effect=ZeroDivisionError("nobody is there"))
    monkeypatch.setattr("kai_flow.stream.producer.started_event", broken)
    monkeypatch.setattr("kai_flow.stream.callback_client.direct_http", client)

    async def alone() -> list[asyncio.Task[Any]]:
        with pytest.raises(ZeroDivisionError, match="nobody"):
            await ActivityEnvironment().run(begin)
        return [task for task in asyncio.all_tasks() if "EventProducer" in repr(task)]

    assert asyncio.run(alone()) == []  # in a loop that no other session shares
    assert [client.is_closed for client in made] == [True]
