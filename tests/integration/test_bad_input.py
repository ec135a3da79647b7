"""What cannot be is refused with a sentence, by all programs, and changes nothing."""

import secrets
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
from temporalio.client import Client, WorkflowHandle, WorkflowQueryFailedError
from temporalio.service import RPCError
from temporalio.worker import Worker

from kai_flow.stream import InvalidId, StreamPlugin, follow
from tests.integration.clumsy import NOTE, Clumsy, misuse
from tests.integration.subscriber import read_all
from tests.integration.waiting import eventually

Handle = WorkflowHandle[Any, Any]


@pytest.fixture(scope="module")
async def clumsy(client: Client, bridge: str) -> AsyncIterator[Handle]:
    """A session that has ended, with the events 1.1.1 to 1.1.3, and 0.1.1."""
    session_id = f"clumsy-{secrets.token_hex(4)}"
    async with Worker(
        client,
        task_queue=session_id,
        workflows=[Clumsy],
        activities=[misuse],
        plugins=[StreamPlugin(bridge=bridge)],
    ):
        yield await client.start_workflow(Clumsy.run, id=session_id, task_queue=session_id)
        with suppress(RPCError):  # it has ended
            await client.get_workflow_handle(session_id).terminate()


async def test_misuse_is_told_and_changes_nothing(clumsy: Handle, bridge: str) -> None:
    """A second producer, another number, a list that cannot be, and a call that is too large."""
    twice, renumbered, itself, later, half, large = await clumsy.result()
    assert twice == (
        "NoProducerNumber: this attempt has had an EventProducer with the number 1 already: send "
        "all events of an activity with one"
    )
    assert renumbered == (
        "NoProducerNumber: the workflow has given this activity the producer number 1 already: "
        "leave out `producer=` and `beside=`"
    )
    assert itself == (
        "the activities beside producer 7 were scheduled before it and have lower numbers, from 1: "
        "not 7"
    )
    assert later == itself.replace("not 7", "not 8")
    assert half.startswith("`producer` and `beside` are given together")
    assert large.startswith("one call publishes at most 1,048,576 bytes of events")
    reader = await read_all(f"{bridge}/stream/{clumsy.id}")
    assert sorted(reader.ids) == ["0.1.1", "1.1.1", "1.1.2", "1.1.3", "end"]


CURSORS = [
    ("1.1.1,3.1.1,2.1.1", "and those after the first one are in rising order"),
    ("0.1.1,1.1.2,1.1.3", "each producer of a cursor is there once"),
    (",".join(f"{n}.1.1" for n in range(1, 1_026)), "has at most 1,024 parts, not 1,025"),
    ("1-5000.0.0", "a cursor lists at most 4,096 producers"),
    ("1.1.1,9.1.1", "the cursor names producer 9, but the newest of this session is 1"),
    ("0.1.4,1.1.1", "the cursor names event 0.1.4; the workflow has published 1"),
]


@pytest.mark.parametrize(
    ("cursor", "why"), CURSORS, ids=["disordered", "twice", "parts", "many", "producer", "voice"]
)
async def test_a_cursor_that_cannot_be_is_refused_everywhere(
    client: Client, clumsy: Handle, bridge: str, http: httpx.AsyncClient, cursor: str, why: str
) -> None:
    """By a bridge with 400, by `follow` with InvalidId, and by the query `events`."""
    await clumsy.result()
    answer = await http.get(f"{bridge}/stream/{clumsy.id}", headers={"Last-Event-ID": cursor})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert why in answer.json()["detail"]
    with pytest.raises(InvalidId) as refused:
        async for _ in follow(client, clumsy.id, after=cursor):
            pass  # what can be known only from the whole history is refused at its end
    assert why in str(refused.value)
    with pytest.raises(WorkflowQueryFailedError) as failed:
        await clumsy.query("events", {"after": cursor})
    assert why in str(failed.value)


async def test_nothing_reaches_a_closed_session(
    clumsy: Handle, bridge: str, http: httpx.AsyncClient
) -> None:
    """A POST gets 410 and a signal is refused by Temporal, each with the reason."""
    await clumsy.result()
    body = {
        "session_id": clumsy.id, "workflow_id": clumsy.id, "run_id": clumsy.first_execution_run_id,
        "base": "1.1.4", "events": [{"id": "1.1.4", "event": NOTE}],
    }  # fmt: skip
    answers: list[httpx.Response] = []

    async def is_refused() -> bool:  # as soon as the bridge has seen the end of the session
        answers.append(await http.post(f"{bridge}/events/{clumsy.id}", json=body))
        return answers[-1].status_code == 410

    await eventually(is_refused)
    assert "the run has ended; stop sending" in answers[-1].json()["detail"]
    with pytest.raises(RPCError, match="workflow execution already completed"):
        await clumsy.signal("message")
    reader = await read_all(f"{bridge}/stream/{clumsy.id}")
    assert "1.1.4" not in reader.ids
