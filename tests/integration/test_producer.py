"""The producer in real activities: told to stop, told to wait, told nonsense."""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from temporalio.client import Client, WorkflowFailureError
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import ActivityEnvironment
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from kai_flow.stream.ids import START
from kai_flow.stream.interceptor import StreamInterceptor
from kai_flow.stream.names import UNSTORED
from kai_flow.stream.producer import EventProducer
from kai_flow.stream.reader import read_history
from tests.agents import scripted
from tests.integration.conftest import Ask
from tests.integration.heard import heard
from tests.integration.leaving import Laden, Leaving, leave, speak
from tests.integration.receivers import answer, receiving
from tests.integration.waiting import eventually, until

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
        activities=[leave, speak],
        interceptors=[StreamInterceptor()],
        workflow_runner=SandboxedWorkflowRunner(restrictions=sandbox),
    ):
        yield queue


def about(caplog: pytest.LogCaptureFixture, session_id: str) -> list[logging.LogRecord]:
    """What the producer's logger said of a session."""
    named = f"session {session_id},"
    return [record for record in caplog.records if named in record.getMessage()]


# Told to stop


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
    assert said.startswith("Superseded: 1.1.2: a newer attempt") or how == "breaks", said
    assert said.startswith("Superseded: 1.1."), said
    assert said.endswith("cancelled 0 times")
    assert len(receiver.posts) == 1
    (line,) = about(caplog, session_id)
    assert "superseded" in line.getMessage()
    assert [record for record in heard(caplog, session_id) if record.exc_info] == []


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
    assert "superseded: the agent is stopped" in line.getMessage()
    assert [record for record in heard(caplog, session_id) if record.exc_info] == []


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


async def test_a_surprise_in_an_answer_is_a_failed_post(
    ask: Ask,
    session_id: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Even a mistake of ours in reading an answer ends no attempt: the POST counts as failed."""
    caplog.set_level(logging.WARNING)

    def broken(document: bytes) -> Any:
        raise ZeroDivisionError("a surprise")

    monkeypatch.setattr("kai_flow.stream.producer.read_answer", broken)
    async with receiving() as receiver:
        result = await (await ask({"tokens": 2}, callback_url=receiver.url)).result()
    assert (result["status"], result["events_sent"], result["events_failed"]) == ("completed", 0, 3)
    (line,) = about(caplog, session_id)
    assert "callback failed: ZeroDivisionError a surprise (session" in line.getMessage()


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
    monkeypatch.setattr("kai_flow.stream.producer.MAX_STORED_BYTES", 300_000)
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
    events = history.read(START, 2**40).events
    assert events[-1].type == UNSTORED
    assert 30 <= len(events) <= 52
    info = (await handle.describe()).raw_description.workflow_execution_info
    assert info.history_size_bytes < 320_000


def test_a_producer_that_cannot_begin_leaves_nothing_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """When the server does not answer its first question, its HTTP client is closed again."""
    made: list[httpx.AsyncClient] = []
    real = httpx.AsyncClient

    def client(**options: Any) -> httpx.AsyncClient:
        made.append(real(**options))
        return made[-1]

    class Silent:
        namespace = "default"

        @property
        def workflow_service(self) -> Any:
            raise RPCError("nobody is there", RPCStatusCode.UNAVAILABLE, b"")

    async def begin() -> None:
        silent: Any = Silent()
        async with EventProducer(callback_url="http://127.0.0.1:1/", client=silent):
            raise AssertionError("it began")

    monkeypatch.setattr("kai_flow.stream.producer.httpx.AsyncClient", client)

    async def alone() -> list[asyncio.Task[Any]]:
        with pytest.raises(RPCError, match="nobody"):
            await ActivityEnvironment().run(begin)
        return [task for task in asyncio.all_tasks() if "EventProducer" in repr(task)]

    assert asyncio.run(alone()) == []  # in a loop that no other session shares
    assert [client.is_closed for client in made] == [True]
