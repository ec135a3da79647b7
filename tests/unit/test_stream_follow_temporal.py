"""`follow` from Temporal: all that is durable, in virtual time, beside a simulated server."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kai_flow.stream import Followed, follow
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.ids import EventId
from tests.property.strategies import run_of
from tests.unit.virtual import RUN_ID, SESSION, Stage, in_virtual_time

FIRST = EventId(1, 1, 1)
INCARNATION = "4f3a9c1e"


async def follow_stage(stage: Stage, after: str | None = None) -> list[Followed]:
    """All that `follow` yields from Temporal, to the end."""
    return [one async for one in follow(stage.client, SESSION, after=after)]


def ids_of(followed: list[Followed]) -> list[str | None]:
    """The cursors."""
    return [one.id for one in followed]


@given(count=st.integers(0, 8), seen=st.integers(0, 8), page_size=st.integers(1, 4))
@in_virtual_time
async def test_temporal_has_all_that_a_bridge_shows(count: int, seen: int, page_size: int) -> None:
    """Every event after the cursor, once and in order, then `done` with the result."""
    stage = Stage(page_size=page_size)
    for number in range(count):
        stage.store(run_of(FIRST.offset(number), 1))
    stage.close(b'{"answer":42}')
    seen = min(seen, count)
    cursor = f"1.1.{seen}@{INCARNATION}" if seen else None
    followed = await follow_stage(stage, cursor)
    expected = [f"1.1.{number + 1}@{INCARNATION}" for number in range(seen, count)]
    assert ids_of(followed) == [*expected, f"end@{INCARNATION}"]
    assert followed[-1].event == {"type": "done", "result": {"answer": 42}}


@in_virtual_time
async def test_who_has_seen_the_end_gets_nothing() -> None:
    """The cursor behind `done` is the end, in its own incarnation only."""
    stage = Stage()
    stage.close()
    assert await follow_stage(stage, f"end@{INCARNATION}") == []
    other = await follow_stage(stage, "end@deadbeef")
    assert [one.event["type"] for one in other] == ["reset", "done"]


@in_virtual_time
async def test_a_session_is_waited_for_through_an_outage() -> None:
    """Before it begins and while Temporal is away nothing is lost, and nothing comes twice."""
    stage = Stage()
    stage.server.runs.clear()
    following = asyncio.create_task(follow_stage(stage))
    await asyncio.sleep(30.0)
    stage.begin(RUN_ID)
    stage.store(run_of(FIRST, 1))
    await asyncio.sleep(10.0)
    stage.outage()
    stage.store(run_of(FIRST.offset(1), 1))
    await asyncio.sleep(60.0)
    stage.outage(over=True)
    stage.close()
    ends = [f"1.1.1@{INCARNATION}", f"1.1.2@{INCARNATION}", f"end@{INCARNATION}"]
    assert [one for one in ids_of(await following) if one] == ends


@in_virtual_time
async def test_a_reset_continues_with_the_new_run() -> None:
    """Its events follow a `reset`, under cursors of its own incarnation."""
    stage = Stage()
    stage.store(run_of(FIRST, 2))
    following = asyncio.create_task(follow_stage(stage))
    await asyncio.sleep(1.0)
    stage.reset("0190b6a2-7e1c-7000-8000-0000deadbeef")
    stage.store(run_of(FIRST, 1), run_id="0190b6a2-7e1c-7000-8000-0000deadbeef")
    stage.close()
    followed = await following
    old = [f"1.1.1@{INCARNATION}", f"1.1.2@{INCARNATION}"]
    assert ids_of(followed) == [*old, None, "1.1.1@deadbeef", "end@deadbeef"]
    assert followed[2].event == {"type": "reset", "reason": "new_run"}


@in_virtual_time
async def test_live_only_events_are_a_gap() -> None:
    """What an attempt sent after `unstored` is not in the history: the reader is told where."""
    stage = Stage()
    mark = NumberedEvent(FIRST.offset(1), "unstored", b'{"type":"unstored"}')
    stage.store([*run_of(FIRST, 1), mark])
    stage.store(run_of(EventId(2, 1, 1), 1))
    stage.close()
    followed = await follow_stage(stage)
    gap = {"type": "gap", "after": "1.1.2", "before": "2.1.1"}
    assert [one.event for one in followed if one.id is None] == [gap]


@in_virtual_time
async def test_a_dead_worker_is_shown_once_and_its_return_too() -> None:
    """`status` is yielded when it changes, and not with every check."""
    stage = Stage()
    stage.schedule("1", 1, header=1)
    seen: list[object] = []

    async def read() -> None:
        async for one in follow(stage.client, SESSION):
            status = one.event.get("status")
            seen.append(status or one.event["type"])

    reading = asyncio.create_task(read())
    await asyncio.sleep(60.0)
    assert seen == ["waiting"]
    stage.retry("1", 2)
    await asyncio.sleep(60.0)
    assert seen == ["waiting", "retrying"]
    stage.store(run_of(EventId(1, 2, 1), 1))
    stage.close()
    await reading
    assert seen == ["waiting", "retrying", "e", "done"]


@in_virtual_time
async def test_a_deleted_run_is_not_waited_for_in_silence(caplog: pytest.LogCaptureFixture) -> None:
    """A session that does not exist yet is no news; one that is gone again is logged."""
    stage = Stage()
    runs = stage.server.runs.pop(SESSION)
    caplog.set_level("INFO")
    following = follow(stage.client, SESSION)
    reading = asyncio.ensure_future(anext(following))
    await asyncio.sleep(1)
    assert caplog.messages == []
    stage.server.runs[SESSION] = runs
    stage.store(run_of(FIRST, 1))
    await reading
    reading = asyncio.ensure_future(anext(following))
    await asyncio.sleep(1)
    del stage.server.runs[SESSION]
    stage.server.changed.change()
    await asyncio.sleep(100)
    reading.cancel()
    assert any(f"session {SESSION}: waiting for Temporal" in line for line in caplog.messages)
