"""Sessions that live through many runs: read, resumed, followed, and deleted in part."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterable
from typing import Any, NamedTuple

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from kai_flow.runtime.ports import free_port
from kai_flow.stream import EventReader, EventsMissing, Followed, follow, read_history
from kai_flow.stream.place import NOWHERE, Cursor
from kai_flow.stream.run import find_run
from kai_flow.stream.run_start import read_start
from kai_flow.temporal.client import connect
from kai_flow.temporal.dev_server import DevServer
from tests.integration.diary import Calls, Chat, Talk, begin, diary_worker, expected_ids
from tests.integration.hubs import bridging
from tests.integration.subscriber import Seen, read_all, subscribed
from tests.integration.waiting import eventually

DAYS = 50
EVERY = 7  # of the cursors that the first reader got


class Whole(NamedTuple):
    """A diary that has ended, as it was read while it went on."""

    session_id: str
    handle: WorkflowHandle[Any, Any]
    live: list[Seen]
    """By a subscriber, whose bridge was restarted meanwhile."""
    followed: list[Followed]
    """In Temporal."""


@pytest.fixture(scope="module")
async def whole(client: Client) -> AsyncIterator[Whole]:
    """A diary of 50 runs."""
    session_id = f"diary-{secrets.token_hex(4)}"
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    stream = f"{url}/stream/{session_id}"
    async with diary_worker(client, session_id, url):
        following = asyncio.create_task(followed(client, session_id))
        async with bridging(client, port=port):
            handle = await begin(client, session_id, session_id, DAYS)
            async with subscribed(stream, reconnect=False) as first:
                await first.until(lambda: f"{DAYS // 3}.1.2" in first.ids)
        async with (
            bridging(client, port=port),
            subscribed(stream, cursor=first.cursor) as second,
        ):
            await second.until(lambda: f"{DAYS}.1.2" in second.ids)
            await handle.signal("close")
            await second.saw("done")
        live = [*first.seen, *second.seen]
        yield Whole(session_id, handle, live, await following)


@pytest.fixture(scope="module")
async def signalling(client: Client) -> AsyncIterator[str]:
    """The task queue of a worker whose producers signal by themselves, for want of a bridge."""
    queue = f"signalling-{secrets.token_hex(4)}"
    async with diary_worker(client, queue, None):
        yield queue


async def followed(client: Client, session_id: str, after: str | None = None) -> list[Followed]:
    """What `follow` gets from Temporal, without `status`."""
    events = follow(client, session_id, after=after)
    return [one async for one in events if one.event["type"] != "status"]


def own_id(one: Followed) -> str:
    """The id of the event itself; "" if it has none."""
    return (one.id or "").partition("@")[0].partition(",")[0]


def ids_of(events: Iterable[Followed]) -> list[str]:
    """The own ids of the events that have one."""
    return [own_id(one) for one in events if one.id]


def ended_in(events: Iterable[dict[str, Any]]) -> list[int]:
    """The producers of which the events tell that they have ended."""
    return [event["producer"] for event in events if event["type"] == "ended"]


async def test_a_session_of_fifty_runs_is_followed_across_all_seams(whole: Whole) -> None:
    """By a subscriber whose bridge is restarted, and in Temporal: once, whole, with one end."""
    assert [one.own_id for one in whole.live if one.id] == [*expected_ids(DAYS), "end"]
    assert ids_of(whole.followed) == [*expected_ids(DAYS), "end"]
    assert set(ended_in(one.event for one in whole.live)) == set(range(1, DAYS + 1))
    assert ended_in(one.event for one in whole.followed) == list(range(1, DAYS + 1))
    incarnation = (whole.handle.first_execution_run_id or "")[-8:]
    for text in [one.id for one in whole.live] + [one.id for one in whole.followed]:
        if text:
            cursor = Cursor.parse(text)
            assert cursor.incarnation == incarnation
            assert cursor.place is None or len(cursor.place.positions) <= 2
    for events in ([one.event for one in whole.live], [one.event for one in whole.followed]):
        assert not {event["type"] for event in events} & {"gap", "superseded", "reset"}
        assert events[-1] == {"type": "done", "result": "over"}


async def test_a_late_reader_gets_fifty_runs_from_the_beginning(
    temporal: DevServer, whole: Whole
) -> None:
    """For each run the bridge asks the server once how it begins, and once for its page."""
    own = await connect(temporal.address)
    calls = Calls(own)
    async with bridging(own) as bridge:
        late = await read_all(f"{bridge.url}/stream/{whole.session_id}")
    assert late.ids == [*expected_ids(DAYS), "end"]
    assert ended_in(one.event for one in late.seen) == list(range(1, DAYS + 1))
    assert not {"gap", "superseded", "reset"} & set(late.types)
    assert calls.made["get_workflow_execution_history"] <= 2 * DAYS + 10


async def test_each_cursor_is_a_place_to_resume(whole: Whole, client: Client) -> None:
    """In whatever run it is: a subscriber gets what comes after it, and `follow` gets the same."""
    said = [one for one in whole.live if one.id][:-1]
    async with bridging(client) as bridge:
        url = f"{bridge.url}/stream/{whole.session_id}"
        chosen = said[::EVERY]
        resumed = await asyncio.gather(*(read_all(url, cursor=one.id) for one in chosen))
    for one, reader in zip(chosen, resumed, strict=True):
        rest = [each.own_id for each in said[said.index(one) + 1 :]]
        assert reader.ids == [*rest, "end"], one
        assert "gap" not in reader.types
    for cursor, reader in list(zip(chosen, resumed, strict=True))[3::9]:
        events = await followed(client, whole.session_id, cursor.id)
        assert [Followed(one.id, one.event) for one in reader.seen] == events


async def test_the_history_of_fifty_runs_is_one_stream(temporal: DevServer, whole: Whole) -> None:
    """`read_history` has every event, and makes as many calls as a bridge."""
    own = await connect(temporal.address)
    calls = Calls(own)
    stream = await read_history(own, whole.session_id)
    assert stream.complete
    place, ids, more = NOWHERE, list[str](), True
    while more:
        part = stream.read(place, 1024 * 1024)
        assert part.gap is None
        ids += [str(event.id) for event in part.events]
        place, more = part.next, part.has_more
    assert ids == expected_ids(DAYS)
    assert calls.made["get_workflow_execution_history"] <= 2 * DAYS + 10


async def test_the_present_run_answers_for_itself_only(whole: Whole, client: Client) -> None:
    """A query from a place in an earlier run is told what the buffer does not have."""
    reader = EventReader(client, whole.session_id)
    last = [one for one in whole.live if one.id][:-1]
    place = next(str(one.id) for one in last if one.own_id == "7.1.1")
    with pytest.raises(EventsMissing) as missing:
        await anext(reader.events(place))
    assert str(missing.value).startswith("these events are not in the workflow's buffer any more")
    gap = missing.value.gap.to_json()
    assert gap == [
        {"after": "0.1.7", "before": f"0.1.{DAYS}"},
        {"after": "7.1.1", "before": f"{DAYS}.0.0"},
    ]
    rest = [str(e.id) async for e in reader.events(missing.value.go_on_after)]
    assert rest == expected_ids(DAYS, DAYS - 1)
    assert [str(e.id) async for e in reader.events(str(last[-3].id))] == rest[1:]


async def runs_of(client: Client, session_id: str) -> list[str]:
    """The runs of a diary, the oldest first."""
    run_id: str | None = (await find_run(client, session_id)).run_id
    runs: list[str] = []
    while run_id:
        runs.append(run_id)
        run_id = (await read_start(client, session_id, run_id)).continued_from
    return runs[::-1]


async def delete(client: Client, session_id: str, run_id: str) -> None:
    """Delete a run, as retention does."""
    await client.workflow_service.delete_workflow_execution(
        DeleteWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=session_id, run_id=run_id),
        )
    )

    async def gone() -> bool:
        try:
            await read_start(client, session_id, run_id)
        except RPCError as error:
            return error.status == RPCStatusCode.NOT_FOUND
        return False

    await eventually(gone)


async def test_deleted_runs_are_one_gap(client: Client, signalling: str, session_id: str) -> None:
    """A reader from the beginning, and one whose cursor is in a deleted run, get what is left."""
    await begin(client, signalling, session_id, 12, waits=False)
    first = await followed(client, session_id)
    assert ids_of(first) == [*expected_ids(12), "end"]
    runs = await runs_of(client, session_id)
    await asyncio.gather(*(delete(client, session_id, run_id) for run_id in runs[:10]))
    cursor = next(one.id for one in first if own_id(one) == "4.1.1")
    rest = [*expected_ids(12, 10), "end"]
    cases: dict[str | None, list[dict[str, Any]]] = {
        None: [{"after": None, "before": "0.1.11"}, {"after": "1.0.0", "before": "11.0.0"}],
        cursor: [{"after": "0.1.4", "before": "0.1.11"}, {"after": "4.1.1", "before": "11.0.0"}],
    }
    async with bridging(client) as bridge:
        for after, missing in cases.items():
            gap = {"type": "gap", "missing": missing}
            events = await followed(client, session_id, after)
            reader = await read_all(f"{bridge.url}/stream/{session_id}", cursor=after)
            for told in ([one.event for one in events], [one.event for one in reader.seen]):
                assert [event for event in told if event["type"] == "gap"] == [gap]
                assert told[0] == gap
                assert set(ended_in(told)) >= {11, 12}
            assert ids_of(events) == rest
            assert reader.ids == rest
    stream = await read_history(client, session_id)
    part = stream.read(NOWHERE, 1024 * 1024)
    assert part.gap is not None
    assert part.gap.to_json() == cases[None]
    assert [str(event.id) for event in part.events] == expected_ids(11, 10)


async def test_no_message_is_lost_where_a_chat_continues_as_new(
    client: Client, signalling: str, session_id: str
) -> None:
    """Each of many questions that come while runs end is shown once, and answered once, later."""
    questions = [f"question {n}" for n in range(20)]
    await client.start_workflow(
        Chat.run, Talk(expected=len(questions)), id=session_id, task_queue=signalling
    )
    newest: WorkflowHandle[Any, Any] = client.get_workflow_handle(session_id)
    for question in questions:
        await newest.signal("ask", question)
    events = await followed(client, session_id)
    assert events[-1].event["type"] == "done"
    assert sorted(events[-1].event["result"]) == sorted(questions)
    assert len(await runs_of(client, session_id)) == len(questions)
    said = [one.event for one in events if one.id]
    asked = [event["text"] for event in said if event["type"] == "question"]
    answers = [event["text"] for event in said if event["type"] == "note"]
    assert asked == questions
    assert answers == questions
    texts = [(event["type"], event["text"]) for event in said if "text" in event]
    for question in questions:
        assert texts.index(("question", question)) < texts.index(("note", question))
