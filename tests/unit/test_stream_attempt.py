"""What an attempt learns from the server: its stream, its room, its age, and why it ended."""

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.converter import DataConverter

from kai_flow.stream.attempt import (
    ASK_PAUSES,
    AttemptStart,
    GivenUp,
    Unexplained,
    given_number,
    history_size,
    start_of,
    started_event,
    why_superseded,
)
from kai_flow.stream.callback import Origin
from kai_flow.stream.errors import InvalidId, SessionEnded, Superseded
from kai_flow.stream.header import ProducerHeader
from kai_flow.stream.ids import EventId
from kai_flow.stream.storage import MAX_STORED_BYTES
from kai_flow.temporal.codec import EncryptionCodec
from tests.unit.virtual import RUN_ID, SESSION, Stage, in_virtual_time

LATER = "0190b6a2-7e1c-7000-8000-0000deadbeef"
ORIGIN = Origin(SESSION, RUN_ID, RUN_ID)
SCHEDULED = datetime(2026, 1, 1, tzinfo=UTC)


def numbered(first_run_id: str, age: float = 0.0, history_bytes: int = 0) -> ProducerHeader:
    """The header of the first activity of a session."""
    return ProducerHeader(1, frozenset(), first_run_id, age, history_bytes)


async def start(
    stage: Stage,
    number: ProducerHeader,
    *,
    attempt: int = 1,
    run_id: str = RUN_ID,
    waited: float = 0.0,
) -> AttemptStart:
    """The start of an attempt that the server began so many seconds after it was scheduled."""
    info: Any = SimpleNamespace(
        workflow_id=SESSION,
        workflow_run_id=run_id,
        attempt=attempt,
        scheduled_time=SCHEDULED,
        started_time=SCHEDULED + timedelta(seconds=waited),
    )
    return await start_of(stage.client, info, number)


@in_virtual_time
async def test_a_first_attempt_asks_nobody() -> None:
    """Its header has everything; that it waited for a worker is not part of its age."""
    stage = Stage()
    begun = await start(stage, numbered(RUN_ID, 7.0, 1_000), waited=60.0)
    assert begun == AttemptStart(Origin(SESSION, RUN_ID, RUN_ID), MAX_STORED_BYTES - 1_000, 7.0)
    assert stage.counted.calls == 0


@in_virtual_time
async def test_a_codec_of_the_client_is_part_of_the_origin() -> None:
    """A bridge has to know that what this producer signals is encoded (§8.8)."""
    stage = Stage()
    codec = EncryptionCodec([b"k" * 32])
    stage.counted.data_converter = DataConverter(payload_codec=codec)
    assert (await start(stage, numbered(RUN_ID, 7.0, 1_000), waited=60.0)).origin.codec


@in_virtual_time
async def test_a_later_attempt_asks_how_much_is_stored() -> None:
    """Only the server knows what earlier attempts have stored; their time counts for the age."""
    stage = Stage()
    begun = await start(stage, numbered(RUN_ID, 7.0), attempt=2, waited=60.0)
    size = stage.server.find(SESSION, RUN_ID).describe().workflow_execution_info.history_size_bytes
    assert begun.storable == MAX_STORED_BYTES - size
    assert begun.age == 67.0


@in_virtual_time
async def test_a_run_of_a_chain_asks_whether_a_reset_made_it() -> None:
    """A run that a reset made is the first of its own stream, whatever its header names."""
    stage = Stage()
    stage.reset(LATER)
    begun = await start(stage, numbered(RUN_ID), run_id=LATER)
    assert begun.origin == Origin(SESSION, LATER, LATER)


@in_virtual_time
async def test_a_silent_server_leaves_a_quarter_of_the_room() -> None:
    """So that three attempts together stay below the limit of the server."""
    stage = Stage()
    stage.outage()
    begun = await start(stage, numbered("another run"), attempt=3)
    assert begun.origin.first_run_id == "another run"
    assert 3 * begun.storable < 50 * 1024 * 1024


@in_virtual_time
async def test_the_size_of_the_history_is_the_servers() -> None:
    """While the attempt runs it may be read at any time; a silent server leaves it unknown."""
    stage = Stage()
    origin = Origin(SESSION, RUN_ID, RUN_ID)
    size = stage.server.find(SESSION, RUN_ID).describe().workflow_execution_info.history_size_bytes
    assert await history_size(stage.client, origin) == size
    stage.outage()
    assert await history_size(stage.client, origin) is None


@in_virtual_time
async def test_a_full_history_leaves_no_room() -> None:
    """Never a negative one."""
    begun = await start(Stage(), numbered(RUN_ID, 0.0, 2 * MAX_STORED_BYTES))
    assert begun.storable == 0


@pytest.mark.parametrize(
    ("close", "kind", "why"),
    [
        (None, Superseded, "a newer attempt has taken over"),
        ("CANCELED", SessionEnded, "the session was cancelled"),
        ("TERMINATED", SessionEnded, "the session was terminated, or reset"),
        ("TIMED_OUT", SessionEnded, "the session timed out"),
        ("FAILED", SessionEnded, "the session has ended"),
        ("COMPLETED", SessionEnded, "the session has ended"),
    ],
)
@in_virtual_time
async def test_the_server_tells_why_an_attempt_was_refused(
    close: str | None, kind: type[Superseded], why: str
) -> None:
    """Another attempt, or the end of the session and how it ended."""
    stage = Stage()
    if close is not None:
        closed = EventType.Value(f"EVENT_TYPE_WORKFLOW_EXECUTION_{close}")
        stage.server.find(SESSION, RUN_ID).append(HistoryEvent(event_type=closed))
    error = await why_superseded(stage.client, ORIGIN, "7", EventId(1, 1, 7))
    assert (type(error), str(error)) == (kind, f"1.1.7: {why}")


@pytest.mark.parametrize(
    ("second", "pending", "kind", "why"),
    [
        ((), 1, GivenUp, "the workflow no longer waits for this activity"),
        ((), 2, Superseded, "a newer attempt has taken over"),
        ((1,), 1, Superseded, "its events are refused, although no newer attempt has taken over"),
    ],
)
@in_virtual_time
async def test_the_history_tells_whether_a_workflow_waits_for_an_activity(
    second: tuple[int, ...], pending: int, kind: type[Superseded], why: str
) -> None:
    """It does not, when it has scheduled another activity beside which this one is not."""
    stage = Stage()
    stage.schedule("7", header=1)
    stage.schedule("8", header=2, beside=second)
    stage.retry("7", pending)
    error = await why_superseded(stage.client, ORIGIN, "7", EventId(1, 1, 7))
    assert (type(error), str(error)) == (kind, f"1.1.7: {why}")


@in_virtual_time
async def test_a_server_that_is_back_soon_tells_why() -> None:
    """It is asked again while it does not answer."""
    stage = Stage()
    stage.outage()
    asking = asyncio.create_task(why_superseded(stage.client, ORIGIN, "7", EventId(1, 1, 7)))
    await asyncio.sleep(ASK_PAUSES[0])
    stage.outage(over=True)
    assert type(await asking) is Superseded


@in_virtual_time
async def test_a_silent_server_leaves_both_reasons_open() -> None:
    """The attempt ends all the same, and may be retried to learn the reason."""
    stage = Stage()
    stage.outage()
    error = await why_superseded(stage.client, ORIGIN, "7", EventId(1, 1, 7))
    assert isinstance(error, Unexplained)
    assert str(error) == "1.1.7: a newer attempt, or the session's end, has taken over"


@in_virtual_time
async def test_a_number_that_an_activity_names_itself_belongs_to_its_own_run() -> None:
    """Without our workflow's code a stream never goes on in another run; the size is asked for."""
    stage = Stage()
    number = given_number(4, [2, 3])
    assert number is not None
    begun = await start(stage, number)
    assert begun.origin == Origin(SESSION, RUN_ID, RUN_ID)
    assert stage.counted.calls == 1


@pytest.mark.parametrize(
    ("producer", "beside", "says"),
    [
        (None, [1], "given together"),
        (3, None, "given together"),
        (0, [], "numbered from 1"),
        (2**53, [], "numbered from 1"),
        (3, [3], "have lower numbers, from 1: not 3"),
        (3, [1, 4], "not 4"),
        (3, [0], "not 0"),
        (2_000, range(1, 1_024), "at most 1,022"),
        (200, range(1, 129, 2), "at most 63 ranges"),
    ],
)
def test_numbers_that_cannot_be_are_refused(producer: Any, beside: Any, says: str) -> None:
    """An activity is numbered from 1, and beside it are only earlier ones."""
    with pytest.raises(InvalidId, match=says):
        given_number(producer, beside)


def test_started_says_who_begins_beside_whom() -> None:
    """With ranges, and with the fields of the activity's code behind its own."""
    info: Any = SimpleNamespace(attempt=2, activity_type="search", activity_id="7")
    number = ProducerHeader(6, frozenset({1, 2, 3, 5}), RUN_ID)
    assert started_event(info, number, {"topic": "cats"}) == {
        "type": "started",
        "producer": 6,
        "attempt": 2,
        "activity": "search",
        "activity_id": "7",
        "beside": [(1, 3), 5],
        "topic": "cats",
    }
