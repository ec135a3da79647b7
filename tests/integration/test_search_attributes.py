"""Sessions get KAI's search attributes where these are registered, and run as ever elsewhere."""

import logging
import os
import secrets
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any, Final, Protocol

import pytest
from temporalio.api.enums.v1 import EventType, IndexedValueType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    ListSearchAttributesRequest,
    RemoveSearchAttributesRequest,
)
from temporalio.client import Client, WorkflowFailureError
from temporalio.converter import DataConverter

from kai_flow.cli.stack import private_stack
from kai_flow.settings import Settings, load_settings
from kai_flow.temporal import search_attributes
from kai_flow.temporal.client import connect
from kai_flow.temporal.codec import encrypting
from kai_flow.temporal.dev_server import DevServer, dev_server
from kai_flow.temporal.search_attributes import TYPES, register
from kai_flow.web.server import running_bridge
from tests.agents import scripted
from tests.integration.conftest import worker_on
from tests.integration.sealing import CANARY, KEY, SAYS, Handle, ask, with_converter
from tests.integration.temporal_front import temporal_front
from tests.integration.test_temporal_permissions import table
from tests.integration.waiting import eventually

UPSERTED: Final = EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES
TASK_FAILED: Final = EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED
KEYWORD: Final = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
INT: Final = IndexedValueType.INDEXED_VALUE_TYPE_INT
TEXT: Final = IndexedValueType.INDEXED_VALUE_TYPE_TEXT


@pytest.fixture(scope="module")
async def plain_server() -> AsyncIterator[DevServer]:
    """A server of these tests alone."""
    async with dev_server(stop_seconds=0) as server:
        yield server


@pytest.fixture(scope="module")
async def own_bridge(plain_server: DevServer) -> AsyncIterator[str]:
    """The base URL of a bridge there, with and without encrypted sessions."""
    client = with_converter(await connect(plain_server.address), encrypting([KEY]))
    async with running_bridge(Settings(bridge_port=0), client) as url:
        yield url


class Begin(Protocol):
    """Starts a session of the scripted agent."""

    async def __call__(
        self, queue: str, session_id: str, *steps: dict[str, Any], client: Client | None = None
    ) -> Handle: ...


@pytest.fixture
def begin(own: Client, own_bridge: str) -> Begin:
    """Starts sessions on that server."""

    async def start(
        queue: str, session_id: str, *steps: dict[str, Any], client: Client | None = None
    ) -> Handle:
        return await ask(client or own, queue, session_id, *steps, bridge=own_bridge)

    return start


@pytest.fixture
async def own(plain_server: DevServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Client]:
    """A client of it, without attributes; what is registered is asked for each session."""
    monkeypatch.setattr(search_attributes, "FRESH_SECONDS", 0.0)
    client = await connect(plain_server.address)
    yield client
    if left := await registered(client):
        await remove(client, left)


@pytest.fixture
async def own_queue(own: Client) -> AsyncIterator[str]:
    """The task queue of a worker there."""
    name = f"own-{secrets.token_hex(4)}"
    async with worker_on(own, name):
        yield name


async def registered(client: Client) -> "dict[str, IndexedValueType.ValueType]":
    """Which of KAI's there are, with their types."""
    answer = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    return {name: kind for name, kind in answer.custom_attributes.items() if name in TYPES}


async def add(client: Client, **types: "IndexedValueType.ValueType") -> None:
    """Register attributes with these types."""
    await client.operator_service.add_search_attributes(
        AddSearchAttributesRequest(namespace=client.namespace, search_attributes=types)
    )


async def remove(client: Client, names: Iterable[str]) -> None:
    """Take them out of the namespace."""
    await client.operator_service.remove_search_attributes(
        RemoveSearchAttributesRequest(namespace=client.namespace, search_attributes=list(names))
    )


async def events_of(handle: Handle, *types: int) -> list[HistoryEvent]:
    """Those of these types in the history."""
    return [one for one in (await handle.fetch_history()).events if one.event_type in types]


async def found_by(handle: Handle) -> dict[str, Any]:
    """The attributes of KAI that a session has."""
    described = await handle.describe()
    pairs = described.typed_search_attributes.search_attributes
    return {pair.key.name: pair.value for pair in pairs if pair.key.name in TYPES}


async def test_a_session_is_found_by_what_became_of_it(
    own: Client, begin: Begin, own_queue: str, session_id: str
) -> None:
    """One event sets all, the server's list finds the session, and its result is as ever."""
    await register(own)
    handle = await begin(own_queue, session_id, {"tokens": 3})
    result = await handle.result()
    assert "search_attributes" not in result
    assert await found_by(handle) == {"KaiStatus": "completed", "KaiAttempts": 1, "KaiEvents": 4}
    assert len(await events_of(handle, UPSERTED)) == 1
    assert await events_of(handle, TASK_FAILED) == []
    query = f'KaiStatus="completed" AND KaiEvents=4 AND WorkflowId="{session_id}"'

    async def listed() -> list[str]:
        return [one.id async for one in own.list_workflows(query)]

    assert await eventually(listed) == [session_id]


async def test_what_temporal_takes_for_completed_is_told_apart(
    own: Client, begin: Begin, own_queue: str, session_id: str
) -> None:
    """A failure that the agent reports, a question that it asks back, and a second attempt."""
    await register(own)
    failed = await begin(
        own_queue, f"{session_id}-a", {"say": {"type": "error", "error": "no such table"}}
    )
    back = await begin(own_queue, f"{session_id}-b", {"result": {"status": "needs_clarification"}})
    again = await begin(
        own_queue, f"{session_id}-c", {"attempt": 1, "do": [{"raise": "once"}]}, SAYS
    )
    for handle, status, attempts in (
        (failed, "failed", 1),
        (back, "needs_clarification", 1),
        (again, "completed", 2),
    ):
        assert (await handle.result())["status"] == status
        found = await found_by(handle)
        assert (found["KaiStatus"], found["KaiAttempts"]) == (status, attempts)


async def test_where_none_is_registered_the_history_is_as_before(
    own: Client, begin: Begin, own_queue: str, session_id: str
) -> None:
    """Nothing is set, and no workflow task fails."""
    handle = await begin(own_queue, session_id, {"tokens": 3})
    assert (await handle.result())["status"] == "completed"
    assert await events_of(handle, UPSERTED, TASK_FAILED) == []


async def test_only_those_that_are_registered_with_their_type_are_set(
    own: Client, begin: Begin, own_queue: str, session_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Each for itself; for one of another type there is one line."""
    await add(own, KaiEvents=INT, KaiStatus=TEXT)
    for number in range(2):
        handle = await begin(own_queue, f"{session_id}-{number}", {"tokens": 3})
        await handle.result()
        assert await found_by(handle) == {"KaiEvents": 4}
        assert await events_of(handle, TASK_FAILED) == []
    [line] = [
        one for one in caplog.records if getattr(one, "kind", "") == "search_attributes_unfit"
    ]
    assert line.getMessage().startswith("KaiStatus: registered with another type than Keyword")


async def test_attributes_that_are_removed_stop_no_session(
    own: Client, begin: Begin, own_queue: str, session_id: str
) -> None:
    """Neither the one that runs meanwhile, nor the next run of the same id, nor one after it."""
    await register(own)
    before = await begin(own_queue, f"{session_id}-a", {"tokens": 3})
    await before.result()
    meanwhile = await begin(own_queue, f"{session_id}-b", {"gate": "a"})
    await scripted.reached[f"{session_id}-b/a"].wait()
    await remove(own, TYPES)
    scripted.opened[f"{session_id}-b/a"].set()
    after = await begin(own_queue, f"{session_id}-a", {"tokens": 3})
    for handle in (meanwhile, after):
        assert (await handle.result())["status"] == "completed"
        assert await events_of(handle, UPSERTED, TASK_FAILED) == []


async def test_the_next_run_of_a_chain_does_without(
    own: Client, own_queue: str, session_id: str
) -> None:
    """A session that continues as a new run, when they have been removed between the two."""
    await register(own)
    question = {"prompt": '[{"tokens": 3}, {"gate": "a"}]', "connection_id": "none"}
    options: dict[str, Any] = {"id": session_id, "task_queue": own_queue}
    handle: Handle = await own.start_workflow(
        "KaiChatWorkflow", {**question, "callback_url": None}, cron_schedule="@every 1s", **options
    )
    first = own.get_workflow_handle(session_id, run_id=handle.first_execution_run_id)
    scripted.opened[f"{session_id}/a"].set()

    async def gone_on() -> str | None:
        end = await events_of(first, EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)
        return (
            end[0].workflow_execution_completed_event_attributes.new_execution_run_id
            if end
            else None
        )

    try:
        second = own.get_workflow_handle(session_id, run_id=await eventually(gone_on))
        await remove(own, TYPES)
        third = await eventually(lambda: _next_run(second))
        assert third
        assert len(await events_of(first, UPSERTED)) == 1
        assert await events_of(second, UPSERTED, TASK_FAILED) == []
    finally:
        await own.get_workflow_handle(session_id).terminate()


async def _next_run(handle: Handle) -> str | None:
    end = await events_of(handle, EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)
    return (
        end[0].workflow_execution_completed_event_attributes.new_execution_run_id if end else None
    )


async def test_a_session_without_a_result_has_none(
    own: Client, begin: Begin, own_queue: str, session_id: str
) -> None:
    """Temporal's own status says what there is to say."""
    await register(own)
    handle = await begin(own_queue, session_id, {"bad_task": "no"})
    with pytest.raises(WorkflowFailureError):
        await handle.result()
    assert await found_by(handle) == {}


async def test_nothing_of_a_question_or_an_answer_is_in_them(
    own: Client, begin: Begin, session_id: str
) -> None:
    """With a codec they are the only values in clear: a word of ours, and two numbers."""
    await register(own)
    sealed = with_converter(own, encrypting([KEY]))
    async with worker_on(sealed, session_id):
        handle = await begin(session_id, session_id, SAYS, client=sealed)
        assert (await handle.result())["final_answer"] == CANARY
    [event] = await events_of(handle, UPSERTED)
    fields = (
        event.upsert_workflow_search_attributes_event_attributes.search_attributes.indexed_fields
    )
    values = await DataConverter.default.decode(list(fields.values()))
    assert dict(zip(fields, values, strict=True)) == {
        "KaiStatus": "completed",
        "KaiAttempts": 1,
        "KaiEvents": 2,
    }


async def test_a_worker_that_may_not_ask_sets_none_and_says_so_once(
    own: Client,
    begin: Begin,
    plain_server: DevServer,
    session_id: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The right to list them is optional: the sessions run, and the log has one line."""
    await register(own)
    caplog.set_level(logging.INFO, logger="kai_flow.temporal.search_attributes")
    allowed = [call for call in table()["worker"] if call != "ListSearchAttributes"]
    async with (
        temporal_front(tmp_path / "nginx", plain_server.address, allowed=allowed) as front,
        worker_on(await connect(front.address), session_id),
    ):
        for number in range(2):
            handle = await begin(session_id, f"{session_id}-{number}", {"tokens": 3})
            await handle.result()
            assert await events_of(handle, UPSERTED, TASK_FAILED) == []
    lines = [
        one for one in caplog.records if getattr(one, "kind", "") == "search_attributes_unknown"
    ]
    assert len(lines) == 1
    assert "ListSearchAttributes" in lines[0].getMessage()
    assert set(front.refused) == {"ListSearchAttributes"}


async def test_an_embedded_server_has_them_from_its_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that somebody has registered with another type stays so, and the stack starts."""
    monkeypatch.setenv("KAI_HOME", str(tmp_path))
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:0")
    settings = load_settings(os.environ)
    async with private_stack(settings, lambda _: None, "a test") as stack:
        assert await registered(stack.client) == TYPES
        await remove(stack.client, ["KaiEvents"])
        await add(stack.client, KaiEvents=KEYWORD)
    for _ in range(2):
        async with private_stack(settings, lambda _: None, "a test") as stack:
            assert await registered(stack.client) == {**TYPES, "KaiEvents": KEYWORD}


async def test_a_worker_asks_seldom(
    own: Client,
    begin: Begin,
    session_id: str,
    monkeypatch: pytest.MonkeyPatch,
    plain_server: DevServer,
    tmp_path: Path,
) -> None:
    """However many sessions end: once in ten seconds, and once at its start."""
    monkeypatch.setattr(search_attributes, "FRESH_SECONDS", 3_600.0)
    async with temporal_front(tmp_path / "nginx", plain_server.address) as front:
        async with worker_on(await connect(front.address), session_id):
            for number in range(3):
                handle = await begin(session_id, f"{session_id}-{number}", {"tokens": 1})
                await handle.result()
        assert front.calls.count("ListSearchAttributes") == 1
