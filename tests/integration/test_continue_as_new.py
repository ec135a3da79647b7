"""A stream goes on in the runs that continue its workflow as new, and in no others."""

import secrets
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import Client
from temporalio.client import Interceptor as ClientInterceptor
from temporalio.common import RetryPolicy
from temporalio.worker import (
    ExecuteWorkflowInput,
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

from kai_flow.stream import WorkflowEventStream, follow
from kai_flow.stream.run_start import read_start
from tests.integration.comparing import Handle, agree, events_of, in_history, in_workflow, texts
from tests.integration.resetting import reset, workflow_tasks
from tests.integration.several import Handlers, LastWords, Long, several_worker
from tests.integration.waiting import eventually


@pytest.fixture(scope="module")
async def several(client: Client) -> AsyncIterator[str]:
    """The task queue of a worker for such workflows."""
    queue = f"long-{secrets.token_hex(4)}"
    async with several_worker(client, queue):
        yield queue


async def chain_of(client: Client, handle: Handle) -> list[str]:
    """The runs of a workflow id, the newest first, by what each one continues."""
    runs = [(await client.get_workflow_handle(handle.id).describe()).run_id]
    while True:
        pinned = client.get_workflow_handle(handle.id, run_id=runs[-1])
        first = await anext(aiter(pinned.fetch_history_events()))
        before = first.workflow_execution_started_event_attributes.continued_execution_run_id
        if not before:
            return runs
        runs.append(before)


async def test_numbers_go_on_through_five_runs_that_continue_as_new(
    client: Client, several: str, session_id: str
) -> None:
    """Of activities and of the workflow's own events, also of one published at the very end."""
    handle = await client.start_workflow(Long.run, args=[5, ""], id=session_id, task_queue=several)
    await handle.result()
    runs = (await chain_of(client, handle))[::-1]
    assert len(runs) == 6
    ids = []
    for number, run_id in enumerate(runs):
        start = await read_start(client, session_id, run_id)
        assert start.first_run_id == runs[0]
        assert start.continued_from == (runs[number - 1] if number else None)
        recorded = events_of(await in_history(client, handle, run_id))
        ids.append([str(event.id) for event in recorded])
    assert ids == [
        [f"0.1.{2 * n - 1}", f"{n}.1.1", f"{n}.1.2", f"{n}.1.3", f"0.1.{2 * n}"]
        for n in range(1, 7)
    ]
    newest: Handle = client.get_workflow_handle(session_id, run_id=runs[-1])
    assert [event["id"] for event in await in_workflow(newest)] == ids[-1]
    await agree(client, newest)


async def test_a_signal_handler_may_continue_as_new(
    client: Client, several: str, session_id: str
) -> None:
    """The stream goes on with what the handler has published, and the run has not failed."""
    handle: Handle = await client.start_workflow(Handlers.run, id=session_id, task_queue=several)
    first: Handle = client.get_workflow_handle(session_id, run_id=handle.first_execution_run_id)
    newest: Handle = client.get_workflow_handle(session_id)
    await handle.signal("ask", "a")

    async def asked() -> bool:
        return bool((await first.query("progress"))["last_event_id"] == "1.1.3")

    await eventually(asked)
    await newest.signal("renew")

    async def renewed() -> bool:
        return bool((await newest.describe()).run_id != handle.first_execution_run_id)

    await eventually(renewed)
    progress = await first.query("progress")
    assert (progress["status"], progress["phase"]) == ("running", "continued")
    await newest.signal("ask", "b")
    await newest.signal("end")
    assert await newest.result() == "over"
    events = await in_workflow(newest)
    assert [event["id"] for event in events] == [
        "0.1.3", "2.1.1", "2.1.2", "2.1.3", "0.1.4", "0.1.5"
    ]  # fmt: skip
    await agree(client, newest)


async def test_what_another_task_publishes_while_the_run_ends_is_kept(
    client: Client, several: str, session_id: str
) -> None:
    """The next run numbers on behind it, so that no event has the number of another."""
    handle = await client.start_workflow(
        LastWords.run, 1, id=session_id, task_queue=several, start_signal="hear"
    )
    newest: Handle = client.get_workflow_handle(session_id)

    async def renewed() -> bool:
        return bool((await newest.describe()).run_id != handle.first_execution_run_id)

    await eventually(renewed)
    await newest.signal("hear")
    assert await newest.result() == "done"
    said = [one.event.get("text") async for one in follow(client, session_id)]
    assert said == ["1 more", "heard", "0 more", "heard", None]  # and `done`
    await agree(client, client.get_workflow_handle(session_id))


class Framed(WorkflowInboundInterceptor):
    """Publishes around the code of each run."""

    async def execute_workflow(self, call: ExecuteWorkflowInput) -> Any:
        """The whole run."""
        stream = WorkflowEventStream()
        stream.publish({"type": "note", "text": "before"})
        try:
            return await super().execute_workflow(call)
        finally:
            stream.publish({"type": "note", "text": "behind"})


class Frame(Interceptor, ClientInterceptor):
    """A user's own."""

    def workflow_interceptor_class(
        self, _outside: WorkflowInterceptorClassInput
    ) -> type[WorkflowInboundInterceptor]:
        """Called by the SDK."""
        return Framed


@pytest.mark.parametrize("of", ["worker", "client"])
async def test_what_an_interceptor_of_the_users_publishes_at_the_end_is_kept(
    client: Client, session_id: str, of: str
) -> None:
    """Although it does so when the workflow's code has continued as new."""
    frame = [Frame()]
    theirs = Client(**client.config() | {"interceptors": frame}) if of == "client" else client
    own = {} if of == "client" else {"interceptors": frame}
    async with several_worker(theirs, session_id, **own):
        await client.execute_workflow(
            Long.run, args=[1, "done"], id=session_id, task_queue=session_id
        )
    said = [one.event.get("text") async for one in follow(client, session_id) if one.id]
    voice = [text for text in said if text in ("before", "behind", "the run ends")]
    assert voice == ["before", "the run ends", "behind"] * 2


async def test_a_run_that_a_retry_of_the_workflow_makes_begins_a_stream(
    client: Client, several: str, session_id: str
) -> None:
    """Although the server gives it the header of the run that failed."""
    handle = await client.start_workflow(
        Long.run,
        args=[1, "fail"],
        id=session_id,
        task_queue=several,
        retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=1), maximum_attempts=2),
    )
    assert await handle.result() == "done"
    retry, continued, first = await chain_of(client, handle)
    assert (await read_start(client, session_id, continued)).first_run_id == first
    assert (await read_start(client, session_id, retry)).first_run_id == retry
    newest: Handle = client.get_workflow_handle(session_id, run_id=retry)
    assert [event["id"] for event in await in_workflow(newest)] == [
        "0.1.1", "1.1.1", "1.1.2", "1.1.3", "0.1.2"
    ]  # fmt: skip
    await agree(client, newest)


async def test_a_reset_run_goes_on_with_the_numbers_in_a_stream_of_its_own(
    client: Client, several: str, session_id: str
) -> None:
    """Its history begins with a copy, whose numbers the workflow's code has given again."""
    await client.start_workflow(Long.run, args=[1, "wait"], id=session_id, task_queue=several)
    newest: Handle = client.get_workflow_handle(session_id)

    async def waiting() -> bool:
        return bool((await newest.query("progress"))["last_event_id"] == "2.1.3")

    await eventually(waiting)
    run_id = (await newest.describe()).run_id
    pinned: Handle = client.get_workflow_handle(session_id, run_id=run_id)
    made = await reset(client, session_id, run_id, (await workflow_tasks(pinned))[-1])
    start = await read_start(client, session_id, made)
    assert (start.first_run_id, start.continued_from, start.producer) == (made, None, 1)
    await newest.signal("proceed")
    assert await newest.result() == "done"
    events = await in_workflow(newest)
    assert texts(events, 3) == ["started", "at last begins", "at last ends"]
    assert texts(events, 0) == ["0 more", "the run ends"]
    await agree(client, client.get_workflow_handle(session_id, run_id=made))
