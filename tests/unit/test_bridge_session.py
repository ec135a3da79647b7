"""One session: its state, what it answers to POSTs, and what its readers learn of its end."""

import asyncio

import msgspec

from kai_flow.bridge.publisher import FLUSH_SECONDS
from kai_flow.bridge.session import UNREADABLE, Session, State
from kai_flow.stream.attempt_window import Stale, Taken
from kai_flow.stream.clock import now
from kai_flow.stream.ids import EventId
from kai_flow.stream.place import Place
from tests.property.strategies import run_of
from tests.unit.virtual import LATER, Stage, in_virtual_time, post_of

FIRST = EventId(1, 1, 1)


async def until_it_leaves(session: Session, state: State) -> State:
    """The state after this one; the session tells its readers of it."""
    async with asyncio.timeout(60):
        while session.state is state:
            await session.notifier.next.wait()
    return session.state


@in_virtual_time
async def test_the_close_of_the_workflow_is_the_end() -> None:
    """OPEN to CLOSED: readers are told how it ended, and a producer is told to stop."""
    stage = Stage()
    session = stage.session()
    session.attend()
    assert session.watched
    await session.receive(post_of(run_of(FIRST, 2)))
    stage.close(b'{"answer":42}')
    assert await until_it_leaves(session, State.OPEN) is State.CLOSED
    assert session.outcome is not None
    assert msgspec.json.decode(session.outcome.data)["result"] == {"answer": 42}
    assert not session.ends_without_done
    assert not session.watched
    assert await session.receive(post_of(run_of(FIRST, 3))) == Stale()
    await session.stop()


@in_virtual_time
async def test_a_reset_is_no_end_of_the_session() -> None:
    """OPEN to REPLACED: streams end here without `done`, and no POST for the old run is taken."""
    stage = Stage()
    session = stage.session()
    session.attend()
    await asyncio.sleep(1)
    stage.reset(LATER)
    assert await until_it_leaves(session, State.OPEN) is State.REPLACED
    assert session.outcome is None
    assert session.ends_without_done
    assert await session.receive(post_of(run_of(FIRST, 1))) == Stale()
    await session.stop()


@in_virtual_time
async def test_a_stopped_session_stays_stopped() -> None:
    """Any state to STOPPED, and no further: it starts no task, whatever happens to its workflow."""
    stage = Stage()
    session = stage.session()
    session.attend()
    await session.stop()
    assert session.state is State.STOPPED
    assert session.ends_without_done
    stage.close()
    calls = stage.counted.calls
    session.attend()
    await asyncio.sleep(60)
    assert session.state is State.STOPPED
    assert stage.counted.calls == calls


@in_virtual_time
async def test_stopping_makes_durable_what_is_held() -> None:
    """Readers are woken at once, and what waits is signalled whatever the pace says."""
    stage = Stage()
    session = stage.session()
    await session.receive(post_of(run_of(FIRST, 1), age=3_600))
    await asyncio.sleep(1)
    await session.receive(post_of(run_of(FIRST.offset(1), 3)))
    woken = session.notifier.next
    stopping = asyncio.create_task(session.stop())
    await asyncio.sleep(0)
    assert woken.is_set()
    await stopping
    assert stage.stored == [*run_of(FIRST, 4)]


@in_virtual_time
async def test_stopping_does_not_wait_for_a_server_that_is_away() -> None:
    """What cannot be made durable within FLUSH_SECONDS is left to the producer."""
    stage = Stage()
    session = stage.session()
    session.attend()
    stage.outage()
    await session.receive(post_of(run_of(FIRST, 1)))
    began = now()
    await session.stop()
    assert now() - began < FLUSH_SECONDS + 0.1


@in_virtual_time
async def test_a_tail_that_breaks_is_restarted() -> None:
    """However often it breaks, readers are told of the end as soon as it works again."""
    stage = Stage()
    stage.break_codec(RuntimeError("keys are away"))
    session = stage.session()
    session.attend()
    stage.close()
    await asyncio.sleep(30)
    assert session.state is State.OPEN
    stage.break_codec(None)
    assert await until_it_leaves(session, State.OPEN) is State.CLOSED


@in_virtual_time
async def test_without_the_codec_readers_are_told_so() -> None:
    """A session that cannot be read is `unreadable`, and goes on where it was once it can be."""
    stage = Stage()
    stage.schedule("a", header=1)
    stage.hide_input()
    session = stage.session()
    session.attend()
    woken = session.notifier.next
    await asyncio.sleep(0.5)
    assert woken.is_set()
    assert session.liveness == UNREADABLE
    stage.close()
    await asyncio.sleep(30)
    assert (session.state, session.outcome) == (State.OPEN, None)
    stage.hide_input(hidden=False)
    assert await until_it_leaves(session, State.OPEN) is State.CLOSED
    assert session.liveness is None


@in_virtual_time
async def test_without_any_reader_the_close_is_seen() -> None:
    """The tail stands while the session exists, so a producer learns of the close by its POST."""
    stage = Stage()
    session = stage.session()
    assert isinstance(await session.receive(post_of(run_of(FIRST, 1))), Taken)
    stage.close()
    assert await until_it_leaves(session, State.OPEN) is State.CLOSED
    assert await session.receive(post_of(run_of(FIRST, 2))) == Stale()


@in_virtual_time
async def test_posts_of_the_next_run_are_taken_and_those_of_the_last_are_not() -> None:
    """A session goes on in the next run by itself, and what is meant for the last one is stale."""
    stage = Stage()
    stage.schedule("a", header=1)
    session = stage.session()
    await session.receive(post_of(run_of(FIRST, 2)))
    await asyncio.sleep(1)
    stage.continue_as_new(LATER, producer=1)
    stage.schedule("b", header=2)
    second = run_of(EventId(2, 1, 1), 3)
    began = now()
    answer = await session.receive(post_of(second, run_id=LATER))
    assert isinstance(answer, Taken)
    assert answer.received == second[-1].id
    assert now() - began < 0.1, "nothing is waited for but the answers that tell of the run"
    assert session.run.run_id == LATER
    assert session.state is State.OPEN
    await asyncio.sleep(1)
    assert stage.stored == [*second]
    assert str(session.log.place) == "2.1.3"
    await session.stop()


@in_virtual_time
async def test_a_place_that_never_was_is_known_once_temporal_answers() -> None:
    """A producer that was never scheduled makes a sentence; none is made while Temporal is away."""
    stage = Stage()
    stage.schedule("a", header=1)
    session = stage.session()
    assert await session.what_never_was(Place.parse("1.1.9"), 1.0) is None
    wrong = await session.what_never_was(Place.parse("1.1.9,2.1.1"), 1.0)
    assert wrong is not None
    assert "producer 2" in wrong
    stage.outage()
    assert await session.what_never_was(Place.parse("3.1.1"), 1.0) is None
    await session.stop()


@in_virtual_time
async def test_what_is_held_is_counted_and_can_be_dropped() -> None:
    """`held` counts every copy; durable events are dropped, and what waits is kept."""
    stage = Stage()
    stage.schedule("a", header=1)
    session = stage.session()
    await session.receive(post_of(run_of(FIRST, 50)))
    await asyncio.sleep(1)
    await session.receive(post_of(run_of(FIRST.offset(50), 1), signaller="another"))
    full = session.held
    session.forget()
    assert 0 < session.held < full / 10
    window = session.log.received.window(FIRST)
    assert window is not None
    assert window.waiting == 1
