"""Payloads that are bound to their workflow: all of its own fit, and none of another one."""

import json
import secrets
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, NoReturn

import pytest
from google.protobuf.message import Message
from temporalio import activity, workflow
from temporalio.api.common.v1 import Payload
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleSpec,
    WorkflowFailureError,
)
from temporalio.common import RawValue, RetryPolicy
from temporalio.exceptions import ApplicationError, ChildWorkflowError
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner, Worker

from kai_flow.stream import follow
from kai_flow.temporal.codec import ENCODING, MOVED, PLACE, encrypting
from tests.agents import scripted
from tests.integration.conftest import worker_on
from tests.integration.hubs import bridging
from tests.integration.sealing import CANARY, KEY, SAYS, Handle, ask, read, shown, with_converter
from tests.integration.waiting import eventually

BOUND = encrypting([KEY], bind=True)
LIMITS: dict[str, Any] = {
    "start_to_close_timeout": timedelta(seconds=30),
    "retry_policy": RetryPolicy(initial_interval=timedelta(milliseconds=10), maximum_attempts=2),
}


@activity.defn
async def shout(text: str) -> str:
    """Fails once after a heartbeat with details, which the second attempt finds."""
    if activity.info().attempt == 1:
        activity.heartbeat(text)
        raise ApplicationError("again, please", text)
    return f"{text} {list(activity.info().heartbeat_details)}"


@activity.defn
async def refuse(text: str) -> None:
    """Fails for good."""
    raise ApplicationError("no", text, non_retryable=True)


@workflow.defn(name="BoundChild")
class Child:
    """Waits for its parent's signal, or fails with details of its activity."""

    def __init__(self) -> None:
        self.told = ""

    @workflow.run
    async def run(self, fails: bool) -> str:
        """What it was told."""
        if fails:
            await workflow.execute_activity(refuse, "child", **LIMITS)
        await workflow.wait_condition(lambda: bool(self.told))
        return f"child of {self.told}"

    @workflow.signal
    def tell(self, name: str) -> None:
        """Take a name."""
        self.told = name


@workflow.defn(name="BoundEverything")
class Everything:
    """Sends a payload over each way that there is."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    @workflow.run
    async def run(self, told: list[str]) -> list[str]:
        """All that was heard; the first run continues as new."""
        if not told:
            await self._begin()
        return told

    async def _begin(self) -> NoReturn:
        own = workflow.info().workflow_id
        workflow.upsert_memo({"note": own})
        heard = [await workflow.execute_activity(shout, "remote", **LIMITS)]
        heard.append(await workflow.execute_local_activity(shout, "local", **LIMITS))
        child = await workflow.start_child_workflow("BoundChild", False, id=f"{own}/child")
        await child.signal("tell", own)
        heard.append(await child)
        other = await workflow.start_child_workflow("BoundChild", False, id=f"{own}/other")
        await workflow.get_external_workflow_handle(f"{own}/other").signal("tell", own)
        heard.append(await other)
        try:
            await workflow.execute_child_workflow("BoundChild", True, id=f"{own}/failing")
        except ChildWorkflowError as error:
            cause = error.__cause__.__cause__  # type: ignore[union-attr]  # of the child's activity
            heard.append(f"{cause} {list(getattr(cause, 'details', []))}")
        await workflow.wait_condition(lambda: len(self.heard) == 2)
        workflow.continue_as_new([*heard, *self.heard])

    @workflow.signal
    def hear(self, text: str) -> None:
        """Take a text."""
        self.heard.append(text)

    @workflow.update
    def answer(self, text: str) -> str:
        """Take a text, and give one."""
        self.heard.append(text)
        return f"heard {text}"

    @workflow.query
    def heard_of(self, text: str) -> str:
        """Give a text."""
        return f"{text} {len(self.heard)}"


@pytest.fixture
def bound(client: Client) -> Client:
    """A client that binds payloads."""
    return with_converter(client, BOUND)


@pytest.fixture
async def ways(bound: Client) -> AsyncIterator[str]:
    """The task queue of a worker for the workflows above."""
    name = f"bound-{secrets.token_hex(4)}"
    async with Worker(
        bound,
        task_queue=name,
        workflows=[Everything, Child],
        activities=[shout, refuse],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        yield name


async def places(handle: Handle) -> set[str]:
    """The workflow ids to which the payloads of a history are bound."""
    encrypted = [
        payload
        for event in (await handle.fetch_history()).events
        for payload in _payloads(event)
        if payload.metadata["encoding"] == ENCODING  # not the SDK's own notes on local activities
    ]
    assert len(encrypted) > 15
    return {json.loads(payload.metadata[PLACE])[1] for payload in encrypted}


def _payloads(message: Message) -> list[Payload]:
    """Every payload in a message."""
    if isinstance(message, Payload):
        return [message]
    found = []
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        items: list[Any] = [value]
        if not isinstance(value, Message):
            items = list(value.values() if field.message_type.GetOptions().map_entry else value)
        found += [one for item in items if isinstance(item, Message) for one in _payloads(item)]
    return found


async def test_every_way_of_a_payload_fits(bound: Client, ways: str, session_id: str) -> None:
    """Arguments, results, heartbeats, failures, memo, children, signals, updates, replay."""
    handle: Handle = await bound.start_workflow(
        "BoundEverything", [], id=session_id, task_queue=ways, memo={"begun": session_id}
    )
    await handle.signal("hear", "a signal")
    assert await handle.execute_update("answer", "an update") == "heard an update"
    assert (await handle.query("heard_of", "a query")).startswith("a query")
    assert await handle.result() == [
        "remote ['remote']",
        "local []",
        f"child of {session_id}",
        f"child of {session_id}",
        "no ['child']",
        "a signal",
        "an update",
    ]
    first = bound.get_workflow_handle(session_id, run_id=handle.first_execution_run_id)
    assert await (await first.describe()).memo() == {"begun": session_id, "note": session_id}
    children = {f"{session_id}/{name}" for name in ("child", "other", "failing")}
    assert await places(first) == {session_id, *children}
    replayer = Replayer(
        workflows=[Everything],
        data_converter=BOUND,
        workflow_runner=UnsandboxedWorkflowRunner(),
    )
    await replayer.replay_workflow(await first.fetch_history())


async def test_a_workflow_of_a_schedule_takes_what_was_made_for_the_schedule(
    bound: Client, ways: str, session_id: str
) -> None:
    """Temporal adds the time to its id, after the input was encrypted."""
    schedule = await bound.create_schedule(
        session_id,
        Schedule(
            action=ScheduleActionStartWorkflow(
                "BoundEverything", ["scheduled"], id=session_id, task_queue=ways
            ),
            spec=ScheduleSpec(),
        ),
        trigger_immediately=True,
    )

    async def started() -> str:
        actions = (await schedule.describe()).info.recent_actions
        return str(getattr(actions[0].action, "workflow_id", "")) if actions else ""

    try:
        found = await eventually(started)
        assert found != session_id
        assert await bound.get_workflow_handle(found).result() == ["scheduled"]
    finally:
        await schedule.delete()


async def test_a_question_of_another_session_is_refused(
    client: Client, bound: Client, session_id: str
) -> None:
    """Who has no key but may start workflows copies a question: it is answered to nobody."""
    mine, theirs = f"{session_id}-mine", f"{session_id}-theirs"
    async with worker_on(bound, session_id):
        original = await ask(bound, session_id, theirs, SAYS)
        assert (await original.result())["final_answer"] == "executed"
        [begun, *_] = (await client.get_workflow_handle(theirs).fetch_history()).events
        [copied] = begun.workflow_execution_started_event_attributes.input.payloads
        handle: Handle = await client.start_workflow(
            "KaiChatWorkflow", RawValue(copied), id=mine, task_queue=session_id
        )
        with pytest.raises(WorkflowFailureError) as failed:
            await bound.get_workflow_handle(handle.id).result()
    assert MOVED.decode() in str(failed.value.__cause__)
    assert len(scripted.tasks[mine]) == 0


async def test_a_signal_of_another_session_is_dropped(
    client: Client, bound: Client, session_id: str
) -> None:
    """It wedges no workflow, and no reader is shown it."""
    mine, theirs = f"{session_id}-mine", f"{session_id}-theirs"
    async with worker_on(bound, session_id), bridging(bound) as bridge:
        original = await ask(bound, session_id, theirs, SAYS, bridge=bridge.url)
        await original.result()
        copied = next(
            event.workflow_execution_signaled_event_attributes.input.payloads[0]
            for event in (await original.fetch_history()).events
            if event.HasField("workflow_execution_signaled_event_attributes")
        )
        handle = await ask(bound, session_id, mine, {"gate": "a"}, SAYS, bridge=bridge.url)
        await scripted.reached[f"{mine}/a"].wait()
        await client.get_workflow_handle(mine).signal("publish_events", RawValue(copied))
        scripted.opened[f"{mine}/a"].set()
        assert (await handle.result())["final_answer"] == CANARY
        assert shown(await read(follow(bound, mine))) == ["started", "token", "ended", "done"]


async def test_what_was_not_bound_can_still_be_read(
    bound: Client, sealed: Client, session_id: str
) -> None:
    """Sessions from before go on, and programs that do not bind yet read those that do."""
    async with worker_on(bound, session_id):
        handle = await ask(sealed, session_id, f"{session_id}-a", SAYS)
        assert (await sealed.get_workflow_handle(handle.id).result())["status"] == "completed"
    async with worker_on(sealed, session_id):
        handle = await ask(bound, session_id, f"{session_id}-b", SAYS)
        assert (await bound.get_workflow_handle(handle.id).result())["status"] == "completed"
