"""What a session takes in: each run has an intake and a publisher of its own."""

import asyncio

import pytest

from kai_flow.bridge.incoming import Incoming
from kai_flow.stream.attempt_window import Stale, Taken
from kai_flow.stream.ids import EventId
from kai_flow.stream.run import Run
from tests.property.strategies import run_of
from tests.unit.virtual import LATER, RUN_ID, Parts, Stage, in_virtual_time, post_of

FIRST = EventId(1, 1, 1)


@in_virtual_time
async def test_what_waits_for_a_run_that_has_ended_goes_into_no_other() -> None:
    """After a continue-as-new nothing of the former run is signalled, and its POSTs are stale."""
    stage = Stage()
    stage.schedule("a", header=1)
    parts = Parts(stage)
    tailing = asyncio.create_task(parts.tail.run())
    shown: list[int] = []
    incoming = Incoming(parts.scope, stage.run, parts.tail, shown=lambda: shown.append(1))
    assert isinstance(await incoming.receive(post_of(run_of(FIRST, 1))), Taken)
    await asyncio.sleep(1)
    await incoming.receive(post_of(run_of(FIRST.offset(1), 1), age=3_600))
    stage.continue_as_new(LATER, producer=1)
    while not parts.runs:
        await parts.tail.moved.next.wait()
    incoming.continue_in(Run(LATER, RUN_ID))
    assert await incoming.receive(post_of(run_of(FIRST, 3))) == Stale()
    stage.schedule("b", header=2)
    second = run_of(EventId(2, 1, 1), 2)
    assert isinstance(await incoming.receive(post_of(second, run_id=LATER)), Taken)
    await asyncio.sleep(1)
    assert stage.stored == [*second]
    assert shown
    tailing.cancel()
    await incoming.stop()


@pytest.mark.parametrize("header", [1, None])
@in_virtual_time
async def test_an_attempt_that_goes_on_after_its_final_post_keeps_the_pace(
    header: int | None,
) -> None:
    """Its further events are signalled no faster than any others, shown yet or not."""
    stage = Stage()
    stage.shared = stage.shared._replace(signal_interval=30)
    stage.schedule("a", header=header)
    parts = Parts(stage)
    tailing = asyncio.create_task(parts.tail.run())
    await parts.tail.refresh()
    tailing.cancel()  # so without a mark, nothing is shown: the history has no event yet
    incoming = Incoming(parts.scope, stage.run, parts.tail, shown=lambda: None)
    await incoming.receive(post_of(run_of(FIRST, 1), done=True))
    for number in range(1, 6):
        answer = await incoming.receive(post_of(run_of(FIRST.offset(number), 1)))
        assert isinstance(answer, Taken)
        assert answer.news == (header is not None)
        await asyncio.sleep(0.1)
    assert stage.stored == [*run_of(FIRST, 1)]
    await incoming.stop()
    assert stage.stored == [*run_of(FIRST, 6)]


@in_virtual_time
async def test_the_first_post_of_a_new_run_is_signalled_at_once() -> None:
    """Although the task that signals for the run before has only just been told to end."""
    stage = Stage()
    stage.shared = stage.shared._replace(signal_interval=30)
    stage.schedule("a", header=1)
    parts = Parts(stage)
    tailing = asyncio.create_task(parts.tail.run())
    incoming = Incoming(parts.scope, stage.run, parts.tail, shown=lambda: None)
    await incoming.receive(post_of(run_of(FIRST, 1)))
    await asyncio.sleep(1)
    await incoming.receive(post_of(run_of(FIRST.offset(1), 1)))
    stage.continue_as_new(LATER, producer=1)
    stage.schedule("b", header=2)
    await parts.tail.refresh(lambda: 2 in parts.log.fold.open)
    incoming.continue_in(Run(LATER, RUN_ID))
    second = run_of(EventId(2, 1, 1), 2)
    assert isinstance(await incoming.receive(post_of(second, run_id=LATER)), Taken)
    await asyncio.sleep(1)
    assert stage.stored == [*second]
    tailing.cancel()
    await incoming.stop()
