"""The hub: which session a POST and a reader get, what is let in, and what is forgotten."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

import pytest

from kai_flow.bridge import hub as hub_module
from kai_flow.bridge.channel import FORGET_SECONDS, UNREAD_SECONDS
from kai_flow.bridge.errors import (
    HubError,
    RealSession,
    Stopping,
    TooManySessions,
    TooMuchHeld,
    UnknownPlace,
    UnknownRun,
    Unreachable,
)
from kai_flow.bridge.hub import FIND_SECONDS, TICK_SECONDS, Hub, running_hub
from kai_flow.bridge.lookup import LAST_LOOKUP_SECONDS
from kai_flow.bridge.session import State
from kai_flow.stream.attempt_window import Full, Stale, Taken
from kai_flow.stream.callback import HandMade
from kai_flow.stream.clock import now
from kai_flow.stream.errors import InvalidId
from kai_flow.stream.ids import EventId, incarnation_of
from kai_flow.stream.place import Cursor, Place
from kai_flow.stream.run import Run
from tests.property.strategies import run_of
from tests.unit.virtual import RUN_ID, SESSION, Stage, in_virtual_time, post_of

FIRST = EventId(1, 1, 1)
NEWER = "0190b6a2-7e1c-7000-8000-0000deadbeef"
INVENTED = "0190b6a2-7e1c-7000-8000-00000badc0de"
BY_HAND = HandMade(SESSION, "note", b'{"type":"note"}')


@asynccontextmanager
async def hub_on(stage: Stage) -> AsyncIterator[Hub]:
    """A hub in front of the stage."""
    async with running_hub(
        stage.client, signal_interval=0.25, signals_per_second=50, idle_timeout=600.0
    ) as hub:
        yield hub


@in_virtual_time
async def test_posts_go_to_the_newest_run() -> None:
    """A POST of the newest run is taken; one of a former run is stale, and the session goes on."""
    stage = Stage()
    async with hub_on(stage) as hub:
        assert isinstance(await hub.receive(post_of(run_of(FIRST, 1))), Taken)
        stage.reset(NEWER)
        assert isinstance(await hub.receive(post_of(run_of(FIRST, 1), run_id=NEWER)), Taken)
        assert await hub.receive(post_of(run_of(FIRST, 2))) == Stale()
        session = hub._channels[SESSION].session
        assert session is not None
        assert session.run.run_id == NEWER


@in_virtual_time
async def test_a_run_that_temporal_does_not_know_is_not_let_in() -> None:
    """An invented run takes no place and no subscriber."""
    stage = Stage()
    async with hub_on(stage) as hub:
        stage.server.runs.clear()
        with pytest.raises(UnknownRun, match="start it in the namespace"):
            await hub.receive(post_of(run_of(FIRST, 1), run_id=INVENTED))
        with pytest.raises(InvalidId):
            await hub.receive(post_of(run_of(FIRST, 1), run_id="not a run id"))
        assert not hub._channels


@in_virtual_time
async def test_while_temporal_is_away_no_new_run_is_let_in() -> None:
    """POSTs of a run that it has shown go on; those of any other are put off."""
    stage = Stage()
    stage.schedule("a", header=1)
    async with hub_on(stage) as hub:
        assert isinstance(await hub.receive(post_of(run_of(FIRST, 1))), Taken)
        stage.outage()
        assert isinstance(await hub.receive(post_of(run_of(FIRST, 2))), Taken)
        began = now()
        with pytest.raises(Unreachable):
            await hub.receive(post_of(run_of(FIRST, 1), run_id=NEWER))
        assert now() - began < FIND_SECONDS + 0.1
        stage.outage(over=True)
        await asyncio.sleep(30)
        assert stage.stored == [*run_of(FIRST, 2)]


@in_virtual_time
async def test_a_session_goes_through_the_runs_that_continue_it() -> None:
    """A continue-as-new is the same session; a POST of the former run is stale from then on."""
    stage = Stage()
    stage.schedule("a", header=1)
    async with hub_on(stage) as hub:
        await hub.receive(post_of(run_of(FIRST, 1)))
        session = hub._channels[SESSION].session
        stage.continue_as_new(NEWER, producer=1)
        stage.schedule("b", header=2)
        answer = await hub.receive(post_of(run_of(EventId(2, 1, 1), 1), run_id=NEWER))
        assert isinstance(answer, Taken)
        assert answer.received == EventId(2, 1, 1)
        assert hub._channels[SESSION].session is session
        assert await hub.receive(post_of(run_of(FIRST, 2))) == Stale()


@in_virtual_time
async def test_a_cursor_of_what_never_was_is_refused() -> None:
    """With a sentence, once Temporal has shown it, and only for the incarnation that is meant."""
    stage = Stage()
    stage.schedule("a", header=1)
    async with hub_on(stage) as hub:
        run = await hub.find(SESSION)
        assert run is not None
        await hub.check(SESSION, run, Cursor.parse("1.1.9"))
        await hub.check(SESSION, run, Cursor.parse("7.1.1@deadbeef"))
        await hub.check(SESSION, run, Cursor.parse("end"))
        with pytest.raises(UnknownPlace, match="producer 7"):
            await hub.check(SESSION, run, Cursor.parse(f"7.1.1@{run.incarnation}"))
        stage.outage()
        await hub.check(SESSION, run, Cursor.parse("7.1.1"))


@in_virtual_time
async def test_readers_of_a_run_that_was_deleted_wait_for_another() -> None:
    """A session whose run is gone ends its streams, and those who come back wait."""
    stage = Stage()
    async with hub_on(stage) as hub:
        with hub.reading(SESSION, await hub.find(SESSION)) as (channel, _):
            session = channel.session
            assert session is not None
            session.attend()
            await asyncio.sleep(1)
            stage.server.runs.clear()
            stage.outage()
            stage.outage(over=True)
            async with asyncio.timeout(300):
                while not session.ends_without_done:
                    await session.notifier.next.wait()
            session.leave()
        assert await hub.find(SESSION) is None
        with hub.reading(SESSION, None) as (channel, _):
            assert channel.session is None
            stage.begin(NEWER)
            await asyncio.sleep(LAST_LOOKUP_SECONDS)
            assert channel.session is not None


@pytest.mark.parametrize(
    "knows_more",
    [Cursor(None, incarnation_of(RUN_ID)), Cursor(Place.parse("1.1.1"), incarnation_of(NEWER))],
)
@in_virtual_time
async def test_a_reader_that_knows_more_makes_the_hub_look(knows_more: Cursor) -> None:
    """A bridge may not have learnt of an end or a newer run that its reader has seen elsewhere."""
    stage = Stage()
    async with hub_on(stage) as hub:
        await hub.receive(post_of(run_of(FIRST, 1)))
        stage.reset(NEWER)
        place = Place.parse("1.1.1")
        seen = Cursor(place, incarnation_of(RUN_ID))
        for cursor in (None, Cursor(place, None), seen):  # the tail has had no turn to see it
            found = await hub.find(SESSION, cursor)
            assert found is not None
            assert found.run_id == RUN_ID
        newest = await hub.find(SESSION, knows_more)
        assert newest is not None
        assert newest.run_id == NEWER


@in_virtual_time
async def test_an_event_sent_by_hand_is_not_let_into_a_real_session() -> None:
    """It is refused where there is a workflow, and where Temporal does not say."""
    stage = Stage()
    async with hub_on(stage) as hub:
        with pytest.raises(RealSession):
            await hub.receive_by_hand(BY_HAND)
        stage.outage()
        with pytest.raises(Unreachable):
            await hub.receive_by_hand(BY_HAND)
        stage.outage(over=True)
        stage.server.runs.clear()
        await asyncio.sleep(10)
        assert await hub.receive_by_hand(BY_HAND) == 1


@in_virtual_time
async def test_what_is_idle_is_forgotten() -> None:
    """A session without readers and POSTs leaves with its tasks, and is found again later."""
    stage = Stage()
    async with hub_on(stage) as hub:
        await hub.receive(post_of(run_of(FIRST, 1)))
        session = hub._channels[SESSION].session
        assert session is not None
        await asyncio.sleep(FORGET_SECONDS - 1)
        assert SESSION in hub._channels
        await asyncio.sleep(2 + TICK_SECONDS)
        assert SESSION not in hub._channels
        assert session.state is State.STOPPED
        again = await hub.receive(post_of(run_of(FIRST.offset(1), 1), base=FIRST.offset(1)))
        assert isinstance(again, Taken)


@in_virtual_time
async def test_a_reader_keeps_its_session() -> None:
    """What is read is not forgotten, however quiet it is; an empty channel leaves at once."""
    stage = Stage()
    async with hub_on(stage) as hub:
        with hub.reading(SESSION, await hub.find(SESSION)) as (channel, _):
            session = channel.session
            assert session is not None
            session.attend()
            await asyncio.sleep(10 * FORGET_SECONDS)
            assert hub._channels[SESSION].session is session
            session.leave()
        with hub.reading("unknown", None) as (waiting, _):
            assert "unknown" in hub._channels
            await asyncio.sleep(1.5)
        assert "unknown" not in hub._channels
        assert waiting.waiter is not None
        await asyncio.wait([waiting.waiter], timeout=0.1)
        assert waiting.waiter.done(), "nothing is left behind"


@in_virtual_time
async def test_readers_who_wait_get_the_workflow_that_comes() -> None:
    """A reader of a session id without a workflow gets its session soon after it begins."""
    stage = Stage()
    stage.server.runs.clear()
    async with hub_on(stage) as hub:
        with hub.reading(SESSION, None) as (channel, _):
            await asyncio.sleep(30)
            assert channel.session is None
            stage.begin(NEWER)
            await asyncio.sleep(LAST_LOOKUP_SECONDS + 0.1)
            assert channel.session is not None
            assert channel.session.run.run_id == NEWER


@in_virtual_time
async def test_a_hub_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many channels, fewer that anybody may have invented, and so many bytes in all."""
    monkeypatch.setattr(hub_module, "MAX_CHANNELS", 3)
    monkeypatch.setattr(hub_module, "MAX_STRAY_CHANNELS", 2)
    stage = Stage()
    async with hub_on(stage) as hub:
        for name in ("a", "b"):
            await hub.receive_by_hand(BY_HAND._replace(session_id=name))
        with pytest.raises(TooManySessions, match="nobody reads"):
            await hub.receive_by_hand(BY_HAND._replace(session_id="c"))
        assert isinstance(await hub.receive(post_of(run_of(FIRST, 1))), Taken)
        with pytest.raises(TooManySessions):
            hub.admit("d")
        hub.admit(SESSION)
        monkeypatch.setattr("kai_flow.bridge.memory_budget.MAX_BYTES", 0)
        await asyncio.sleep(1)
        assert await hub.receive(post_of(run_of(FIRST.offset(1), 1))) == Full()
        assert isinstance(await hub.receive(post_of((), base=FIRST.offset(1))), Taken)
        with pytest.raises(TooMuchHeld):
            await hub.receive_by_hand(BY_HAND._replace(session_id="a"))
        await asyncio.sleep(UNREAD_SECONDS + TICK_SECONDS)
        assert set(hub._channels) == {SESSION}


@in_virtual_time
async def test_a_stopping_hub_takes_nothing_in_and_makes_durable_what_it_has() -> None:
    """POSTs and readers are sent to another bridge; what was acknowledged is stored."""
    stage = Stage()
    async with hub_on(stage) as hub:
        await hub.receive(post_of(run_of(FIRST, 2), age=3_600))
        hub.end_streams()
        with pytest.raises(Stopping):
            await hub.receive(post_of(run_of(FIRST.offset(2), 1)))
        with pytest.raises(Stopping):
            hub.admit(SESSION)
    assert stage.stored == [*run_of(FIRST, 2)]


@in_virtual_time
async def test_a_former_run_that_is_found_late_takes_over_nothing() -> None:
    """Who looked before a reset and comes after it gets the newest run, and the old one stays."""
    stage = Stage()
    async with hub_on(stage) as hub:
        old = await hub.find(SESSION)
        assert old == Run(RUN_ID, RUN_ID, history_bytes=old.history_bytes if old else 0)
        stage.reset(NEWER)
        await hub.receive(post_of(run_of(FIRST, 1), run_id=NEWER))
        with hub.reading(SESSION, old) as (channel, _):
            assert channel.session is not None
            assert channel.session.run.run_id == NEWER


def _running() -> set[str]:
    """What runs now, by the names of the coroutines."""
    return {getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks()}


@in_virtual_time
async def test_nothing_goes_on_behind_a_hub_that_has_stopped() -> None:
    """Not even a lookup that Temporal does not answer, for a reader that waits for its workflow."""
    stage = Stage()
    stage.outage()
    before = _running()
    async with hub_on(stage) as hub:
        with hub.reading(SESSION, None):
            await asyncio.sleep(1.5)
            assert "Lookups._look_up" in _running()
    assert _running() - before == {"TemporalClient._carry"}, "the server still has the call"


@in_virtual_time
async def test_a_post_that_waits_while_the_hub_stops_begins_nothing() -> None:
    """It is refused, although somebody waits for that session and Temporal cannot deny its run."""
    stage = Stage()
    stage.outage()
    before = _running()
    with ExitStack() as reader:
        async with hub_on(stage) as hub:
            reader.enter_context(hub.reading(SESSION, None))
            posting = asyncio.create_task(hub.receive(post_of(run_of(FIRST, 1))))
            await asyncio.sleep(FIND_SECONDS / 2)
        with pytest.raises(HubError, match="shutting down"):
            await posting
    await asyncio.sleep(FIND_SECONDS)
    assert _running() - before <= {"TemporalClient._carry"}
