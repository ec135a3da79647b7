"""The observer: readers are told when nobody works, and not when an event has told them more."""

import asyncio

import pytest

from kai_flow.bridge.liveness_observer import LivenessObserver
from kai_flow.stream.batches import Batch
from kai_flow.stream.fold import Fold
from kai_flow.stream.ids import EventId
from kai_flow.stream.progress import LIVENESS_SECONDS, Liveness
from kai_flow.stream.recorded import Published
from tests.property.strategies import run_of
from tests.unit.virtual import RUN_ID, Parts, Stage, in_virtual_time

FIRST = EventId(1, 1, 1)


class Watching:
    """A session whose readers are told of its liveness."""

    def __init__(self, stage: Stage) -> None:
        self.wanted = True
        parts = Parts(stage)
        self.log, self.notifier = parts.log, parts.scope.notifier
        self.log.begin(Fold(RUN_ID))
        self.observer = LivenessObserver(
            parts.scope, run_id=lambda: RUN_ID, wanted=lambda: self.wanted
        )
        self.task = asyncio.create_task(self.observer.run())

    def event(self, seq: int) -> None:
        """An event comes, and is shown."""
        batch = Batch(run_of(FIRST._replace(seq=seq), 1))
        self.log.absorb(Published(RUN_ID, (batch,)))
        self.observer.event_shown()


@in_virtual_time
async def test_readers_are_told_once_that_no_worker_has_taken_the_session() -> None:
    """After LIVENESS_SECONDS without an event they are told; the same again is no news."""
    stage = Stage()
    stage.schedule("1", attempt=1)
    watching = Watching(stage)
    woken = watching.notifier.next
    await asyncio.sleep(LIVENESS_SECONDS - 0.1)
    assert watching.observer.liveness is None
    await asyncio.sleep(0.5)
    assert watching.observer.liveness == Liveness("waiting", 1)
    assert woken.is_set()
    again = watching.notifier.next
    await asyncio.sleep(3 * LIVENESS_SECONDS)
    assert not again.is_set()
    stage.retry("1", attempt=2)
    await asyncio.sleep(LIVENESS_SECONDS + 0.1)
    assert watching.observer.liveness == Liveness("retrying", 2)


@in_virtual_time
async def test_a_session_with_events_is_not_looked_at() -> None:
    """As long as events come, Temporal is not asked, and readers are told nothing."""
    stage = Stage()
    stage.schedule("1", attempt=1)
    watching = Watching(stage)
    for seq in range(1, 30):
        watching.event(seq)
        await asyncio.sleep(1)
    assert stage.counted.descriptions == 0
    assert watching.observer.liveness is None


@in_virtual_time
async def test_an_event_during_a_check_is_the_later_news() -> None:
    """What the server said before an event came is not told after it."""
    stage = Stage()
    stage.schedule("1", attempt=1)
    stage.outage()
    watching = Watching(stage)
    await asyncio.sleep(LIVENESS_SECONDS + 0.5)  # the check waits for the server
    watching.event(1)
    stage.outage(over=True)
    await asyncio.sleep(1)
    assert stage.counted.descriptions == 1
    assert watching.observer.liveness is None


@in_virtual_time
async def test_an_outage_changes_nothing_and_leaves_few_lines(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """While Temporal is away readers keep what they were told; the log tells it seldom."""
    stage = Stage()
    stage.schedule("1", attempt=1)
    watching = Watching(stage)
    await asyncio.sleep(LIVENESS_SECONDS + 0.5)
    stage.outage()
    with caplog.at_level("INFO"):
        await asyncio.sleep(100)
    assert watching.observer.liveness == Liveness("waiting", 1)
    assert 1 <= len(caplog.records) <= 11


@in_virtual_time
async def test_it_ends_with_the_last_reader_and_forgets() -> None:
    """Who comes later is not told what was true before."""
    stage = Stage()
    stage.schedule("1", attempt=1)
    watching = Watching(stage)
    await asyncio.sleep(LIVENESS_SECONDS + 0.5)
    watching.wanted = False
    await watching.task
    assert watching.observer.liveness is None
