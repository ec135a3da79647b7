"""A channel: its readers, the sessions of its id, and what was sent to it by hand."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from kai_flow.bridge.channel import (
    FORGET_SECONDS,
    KEPT_HAND_MADE,
    KEPT_HAND_MADE_BYTES,
    MAX_FORMER,
    UNREAD_SECONDS,
    Channel,
)
from kai_flow.bridge.lookup import FIRST_LOOKUP_SECONDS, LAST_LOOKUP_SECONDS
from kai_flow.bridge.session import Session
from kai_flow.stream.callback import HandMade
from kai_flow.stream.clock import now
from kai_flow.stream.run import Run
from tests.unit.virtual import SESSION, Stage, in_virtual_time


def sent(size: int = 10) -> HandMade:
    """An event sent by hand."""
    return HandMade(SESSION, "note", b'{"type":"note","x":"%b"}' % (b"x" * size))


def session_of(stage: Stage, number: int) -> Session:
    """The session of a run with this number."""
    run_id = f"{number:032x}"
    return stage.session(Run(run_id, run_id))


@given(st.lists(st.integers(0, KEPT_HAND_MADE_BYTES // 3), max_size=12))
@in_virtual_time
async def test_what_was_sent_by_hand_is_bounded_and_counted(sizes: list[int]) -> None:
    """The newest are kept, within both limits, and `held` is their size."""
    channel = Channel(SESSION)
    for number, size in enumerate(sizes, 1):
        assert channel.show(sent(size)) == number
    kept = channel.hand_made(0)
    assert channel.held == sum(map(len, kept)) <= KEPT_HAND_MADE_BYTES
    assert len(kept) <= KEPT_HAND_MADE
    for seen in range(len(sizes) + 1):
        new = channel.hand_made(seen)
        assert new == kept[len(kept) - min(len(kept), len(sizes) - seen) :]
    channel.forget()
    assert (channel.held, channel.hand_made(0)) == (0, [])


@in_virtual_time
async def test_only_the_first_reader_gets_what_was_sent_before_it_came() -> None:
    """Events sent by hand wait for the first reader; later readers get what comes from then on."""
    channel = Channel(SESSION)
    channel.show(sent())
    assert channel.hand_made(channel.enter()) != []
    assert channel.hand_made(channel.enter()) == []
    channel.leave()
    channel.leave()
    assert channel.hand_made(channel.enter()) == [], "it is not the first, though it is alone"


@in_virtual_time
async def test_a_channel_without_readers_is_idle_after_its_time() -> None:
    """It is forgotten UNREAD_SECONDS after the last event sent by hand, and never while read."""
    channel = Channel(SESSION)
    channel.show(sent())
    assert not channel.idle(now() + UNREAD_SECONDS - 0.1)
    assert channel.idle(now() + UNREAD_SECONDS)
    channel.enter()
    assert not channel.idle(now() + 1_000)


@in_virtual_time
async def test_a_session_that_gets_posts_keeps_its_channel() -> None:
    """A channel is idle only when every session in it has been quiet for FORGET_SECONDS."""
    stage = Stage()
    channel = Channel(SESSION)
    first, second = session_of(stage, 1), session_of(stage, 2)
    channel.take_over(first)
    channel.take_over(second)
    await asyncio.sleep(FORGET_SECONDS + 1)
    assert channel.idle(now())
    first.touched = now()
    assert not channel.idle(now())


@in_virtual_time
async def test_a_channel_is_stray_without_session_and_reader() -> None:
    """Anybody may have invented it until Temporal has shown a run, or somebody reads."""
    channel = Channel(SESSION)
    assert channel.stray
    channel.enter()
    assert not channel.stray
    channel.leave()
    assert channel.stray
    channel.take_over(session_of(Stage(), 1))
    assert not channel.stray


@in_virtual_time
async def test_a_session_that_was_replaced_is_found_no_more() -> None:
    """After a reset the channel has no newest session until a lookup finds the new run."""
    stage = Stage()
    channel = Channel(SESSION)
    session = session_of(stage, 1)
    channel.take_over(session)
    assert channel.session_of(session.run.incarnation) is session
    session._closed(None)
    assert channel.session is None
    assert channel.session_of(session.run.incarnation) is None
    assert channel.sessions == [session]
    another = session_of(stage, 2)
    channel.take_over(another)
    assert channel.sessions == [session, another]
    assert channel.session_of(another.run.incarnation) is another


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=30))
@in_virtual_time
async def test_sessions_of_former_runs_are_few_and_none_is_lost(
    steps: list[tuple[int, bool]],
) -> None:
    """Each session stays or is handed out to be stopped, and unread ones go before the others."""
    stage = Stage()
    channel = Channel(SESSION)
    everyone = [session_of(stage, number) for number in range(10)]
    inside: set[Session] = set()
    for number, read in steps:
        session = everyone[number]
        session.readers = int(read)
        others = {one for one in inside if one is not session}
        gone = channel.take_over(session)
        assert channel.session is session
        inside = (inside | {session}) - set(gone)
        assert set(channel.sessions) == inside
        assert len(channel.sessions) == len(inside) <= MAX_FORMER + 1
        if any(one.readers for one in gone):
            assert all(one.readers for one in others), "an unread one would have gone first"
    unread = channel.remove_unread()
    assert not any(one.readers for one in unread)
    assert all(one.readers for one in channel.former)
    assert set(unread) | set(channel.sessions) == inside


@in_virtual_time
async def test_a_workflow_ends_what_is_sent_by_hand() -> None:
    """When a session takes over, nothing that was sent by hand before is shown any more."""
    channel = Channel(SESSION)
    channel.show(sent())
    channel.take_over(session_of(Stage(), 1))
    assert channel.hand_made(0) == []


@in_virtual_time
async def test_one_task_looks_for_the_workflow_of_all_readers() -> None:
    """It begins after a second, slows down, and ends with the session or with the last reader."""
    channel = Channel(SESSION)
    looked_at: list[float] = []

    async def look_up() -> None:
        looked_at.append(now())

    for _ in range(3):
        channel.enter()
        channel.await_workflow(look_up)
    began = now()
    await asyncio.sleep(60)
    pauses = [after - before for before, after in zip([began, *looked_at], looked_at, strict=False)]
    assert abs(pauses[0] - FIRST_LOOKUP_SECONDS) < 0.01
    assert pauses == sorted(pauses)
    assert abs(pauses[-1] - LAST_LOOKUP_SECONDS) < 0.01
    for _ in range(3):
        channel.leave()
    assert channel.waiter is not None
    await channel.waiter
    assert len(looked_at) == len(pauses), "nobody waits for the result any more"
