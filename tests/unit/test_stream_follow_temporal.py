"""`follow` from Temporal: all that is durable, in virtual time, beside a simulated server."""

import asyncio
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kai_flow.stream import Followed, follow
from kai_flow.stream.errors import InvalidId
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.ids import EventId
from tests.property.strategies import run_of
from tests.unit.temporal_stage import LAST, LATER, RUN_ID, SESSION, TemporalStage, in_virtual_time

FIRST = EventId(1, 1, 1)
INCARNATION = "4f3a9c1e"


async def follow_stage(stage: TemporalStage, after: str | None = None) -> list[Followed]:
    """All that `follow` yields from Temporal, to the end."""
    return [one async for one in follow(stage.client, SESSION, after=after)]


def ids_of(followed: list[Followed]) -> list[str | None]:
    """The cursors."""
    return [one.id for one in followed]


def controls_of(followed: list[Followed]) -> list[tuple[str | None, dict[str, object]]]:
    """The control events, each with the cursor of the event before it."""
    before: str | None = None
    found: list[tuple[str | None, dict[str, object]]] = []
    for one in followed:
        if one.id is None:
            found.append((before, one.event))
        before = one.id or before
    return found


def ended(producer: int, status: str = "completed") -> dict[str, object]:
    """The notice that a producer has ended."""
    return {"type": "ended", "producer": producer, "status": status}


def under_way(stage: TemporalStage, producer: int = 1, beside: Iterable[int] = ()) -> None:
    """An activity with this number has been scheduled."""
    stage.schedule(str(producer), header=producer, beside=beside)


@given(count=st.integers(0, 8), seen=st.integers(0, 8), page_size=st.integers(1, 4))
@in_virtual_time
async def test_temporal_has_all_that_a_bridge_shows(count: int, seen: int, page_size: int) -> None:
    """Every event after the cursor, once and in order, then `done` with the result."""
    stage = TemporalStage(page_size=page_size)
    under_way(stage)
    for number in range(count):
        stage.store(run_of(FIRST.offset(number), 1))
    stage.finish("1")
    stage.close(b'{"answer":42}')
    seen = min(seen, count)
    cursor = f"1.1.{seen}@{INCARNATION}" if seen else None
    followed = await follow_stage(stage, cursor)
    expected = [f"1.1.{number + 1}@{INCARNATION}" for number in range(seen, count)]
    notice = [None] if count else []
    assert ids_of(followed) == [*expected, *notice, f"end@{INCARNATION}"]
    assert followed[-1].event == {"type": "done", "result": {"answer": 42}}


@in_virtual_time
async def test_who_has_seen_the_end_gets_nothing() -> None:
    """The cursor behind `done` is the end, in its own incarnation only."""
    stage = TemporalStage()
    stage.close()
    assert await follow_stage(stage, f"end@{INCARNATION}") == []
    other = await follow_stage(stage, "end@deadbeef")
    assert [one.event["type"] for one in other] == ["reset", "done"]


@in_virtual_time
async def test_a_session_is_waited_for_through_an_outage() -> None:
    """Before it begins and while Temporal is away nothing is lost, and nothing comes twice."""
    stage = TemporalStage()
    stage.server.runs.clear()
    following = asyncio.create_task(follow_stage(stage))
    await asyncio.sleep(30.0)
    stage.begin(RUN_ID)
    under_way(stage)
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
    stage = TemporalStage()
    under_way(stage)
    stage.store(run_of(FIRST, 2))
    following = asyncio.create_task(follow_stage(stage))
    await asyncio.sleep(1.0)
    stage.reset(LATER)
    stage.store(run_of(FIRST, 1))
    stage.close()
    followed = await following
    old = [f"1.1.1@{INCARNATION}", f"1.1.2@{INCARNATION}"]
    assert [one for one in ids_of(followed) if one] == [*old, "1.1.1@deadbeef", "end@deadbeef"]
    assert [event for _, event in controls_of(followed)] == [{"type": "reset", "reason": "new_run"}]


@in_virtual_time
async def test_live_only_events_are_a_gap() -> None:
    """What an attempt sent after `unstored` is not in the history: the reader is told where."""
    stage = TemporalStage()
    mark = NumberedEvent(FIRST.offset(1), "unstored", b'{"type":"unstored"}')
    under_way(stage)
    stage.store([*run_of(FIRST, 1), mark])
    stage.finish("1")
    under_way(stage, 2)
    stage.store(run_of(EventId(2, 1, 1), 1))
    stage.finish("2")
    stage.close()
    gap = {"type": "gap", "missing": [{"after": "1.1.2", "before": None}]}
    assert [event for _, event in controls_of(await follow_stage(stage)) if event == gap] == [gap]


@in_virtual_time
async def test_concurrent_producers_have_a_cursor_with_a_part_for_each() -> None:
    """It resumes anywhere; an end is told behind its producer, and before what is not beside it."""
    stage = TemporalStage(page_size=3)
    under_way(stage, 1)
    under_way(stage, 2, [1])
    stage.store([*run_of(FIRST, 1), *run_of(EventId(2, 1, 1), 1)])
    stage.speak(run_of(EventId(0, 1, 1), 1))
    stage.finish("1", "failed")
    under_way(stage, 3, [2])
    stage.store([*run_of(EventId(2, 1, 2), 1), *run_of(EventId(3, 1, 1), 1)])
    stage.finish("2")
    stage.finish("3", "timed_out")
    stage.close()
    whole = await follow_stage(stage)
    cursors = [
        "1.1.1",
        "2.1.1,1.1.1",
        "0.1.1,1.1.1,2.1.1",
        "2.1.2,0.1.1,1.1.1",
        "3.1.1,0.1.1,2.1.2",
    ]
    assert [one for one in ids_of(whole) if one] == [f"{at}@4f3a9c1e" for at in [*cursors, "end"]]
    assert controls_of(whole) == [
        (f"{cursors[2]}@4f3a9c1e", ended(1, "failed")),
        (f"{cursors[4]}@4f3a9c1e", ended(2)),
        (f"{cursors[4]}@4f3a9c1e", ended(3, "timed_out")),
    ]
    for number, one in enumerate(whole):
        if one.id is not None:
            rest = [event for event in await follow_stage(stage, one.id) if event.id]
            assert rest == [event for event in whole[number + 1 :] if event.id]


@in_virtual_time
async def test_what_never_counted_is_taken_back() -> None:
    """A reader of a bridge has events of an activity that its workflow gave up meanwhile."""
    stage = TemporalStage()
    under_way(stage, 1)
    stage.store(run_of(FIRST, 2))
    under_way(stage, 2)
    stage.store(run_of(FIRST.offset(2), 1))
    stage.store(run_of(EventId(2, 1, 1), 1))
    stage.finish("2")
    stage.close()
    superseded = {"type": "superseded", "producer": 1, "after": "1.1.2"}
    followed = await follow_stage(stage, "1.1.3")
    assert [one.event["type"] for one in followed] == [
        "superseded", "ended", "e", "ended", "done"
    ]  # fmt: skip
    assert followed[0].event == superseded


@in_virtual_time
async def test_what_counts_instead_is_shown_again() -> None:
    """A reader that had gone on with an attempt of which nothing counts gets the earlier one."""
    stage = TemporalStage(page_size=2)
    under_way(stage, 1)
    stage.store(run_of(FIRST, 2))
    under_way(stage, 2)
    stage.close()
    followed = await follow_stage(stage, "1.2.1")
    assert [one.event["type"] for one in followed] == ["superseded", "e", "e", "ended", "done"]
    assert ids_of(followed)[1:3] == ["1.1.1@4f3a9c1e", "1.1.2@4f3a9c1e"]


@pytest.mark.parametrize("page_size", [1, 2, 50])
@in_virtual_time
async def test_a_chain_of_runs_is_one_stream(page_size: int) -> None:
    """Live across the seams, and from any cursor of it; cursors are of the first run."""
    stage = TemporalStage(page_size=page_size)
    following = asyncio.create_task(follow_stage(stage))
    for producer, next_run in ((1, LATER), (2, LAST), (3, "")):
        under_way(stage, producer)
        stage.speak(run_of(EventId(0, 1, producer), 1))
        await asyncio.sleep(5.0)
        stage.store(run_of(EventId(producer, 1, 1), 2))
        stage.finish(str(producer))
        if next_run:
            stage.continue_as_new(next_run, producer=producer, spoken=producer)
        await asyncio.sleep(5.0)
    stage.close()
    live = [one for one in await following if one.event["type"] != "status"]
    assert await follow_stage(stage) == live
    said = [one for one in live if one.id]
    assert [str(one.id).partition("@") for one in said] == [
        (at, "@", INCARNATION)
        for at in (
            *("0.1.1", "1.1.1,0.1.1", "1.1.2,0.1.1"),
            *("0.1.2,2.0.0", "2.1.1,0.1.2", "2.1.2,0.1.2"),
            *("0.1.3,3.0.0", "3.1.1,0.1.3", "3.1.2,0.1.3", "end"),
        )
    ]
    assert [event for _, event in controls_of(live)] == [ended(1), ended(2), ended(3)]
    for number, one in enumerate(said):
        rest = await follow_stage(stage, one.id)
        assert [event for event in rest if event.id] == said[number + 1 :]


@pytest.mark.parametrize("seen", [0, 1])
@in_virtual_time
async def test_a_deleted_run_is_a_gap(seen: int) -> None:
    """Also one that is deleted while a reader is in the middle of it."""
    stage = TemporalStage(page_size=1)
    under_way(stage, 1)
    for number in range(2):
        stage.store(run_of(FIRST.offset(number), 1))
    stage.continue_as_new(LATER, producer=1)
    under_way(stage, 2)
    stage.store(run_of(EventId(2, 1, 1), 1))
    stage.finish("2")
    stage.close()
    following = follow(stage.client, SESSION)
    said = [await anext(following) for _ in range(seen)]
    stage.delete(RUN_ID)
    after = "1.1.1" if said else None
    gap = {"type": "gap", "missing": [{"after": after, "before": "2.0.0"}]}
    rest = [one async for one in following]
    assert rest[0].event == gap
    assert ids_of(rest)[1:] == ["2.1.1@4f3a9c1e", None, "end@4f3a9c1e"]


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize(
    ("cursor", "why"),
    [
        ("9.1.1", "names producer 9, but the newest of this session is 1"),
        ("1.1.1,0.1.4", r"names event 0\.1\.4; the workflow has published 0"),
    ],
)
@in_virtual_time
async def test_a_cursor_of_what_never_was_is_refused(cursor: str, why: str, closed: bool) -> None:
    """The history has every producer and every event of the workflow before a bridge shows it."""
    stage = TemporalStage(page_size=1)
    under_way(stage, 1)
    stage.store(run_of(FIRST, 1))
    if closed:
        stage.close()
    with pytest.raises(InvalidId, match=why):
        await follow_stage(stage, cursor)


@in_virtual_time
async def test_a_dead_worker_is_shown_once_and_its_return_too() -> None:
    """`status` is yielded when it changes, and not with every check."""
    stage = TemporalStage()
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
    stage.finish("1")
    stage.close()
    await reading
    assert seen == ["waiting", "retrying", "e", "completed", "done"]


@in_virtual_time
async def test_a_deleted_run_is_not_waited_for_in_silence(caplog: pytest.LogCaptureFixture) -> None:
    """A session that does not exist yet is no news; one that is gone again is logged."""
    stage = TemporalStage()
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
