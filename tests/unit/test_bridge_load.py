"""What a bridge holds at present, and for how long it has been waiting."""

import asyncio

from kai_flow.bridge.load import Load
from kai_flow.stream.ids import EventId
from tests.property.strategies import run_of
from tests.unit.test_bridge_hub import hub_on
from tests.unit.virtual import SESSION, Stage, in_virtual_time, post_of

FIRST = EventId(1, 1, 1)


@in_virtual_time
async def test_what_is_not_durable_ages_while_temporal_is_away() -> None:
    """The lag grows with an outage, and both it and what waits are gone once all is durable."""
    stage = Stage()
    stage.schedule("a", header=1)
    async with hub_on(stage) as hub:
        await hub.receive(post_of(run_of(FIRST, 1)))
        await asyncio.sleep(1)
        assert (hub.load.waiting(), hub.load.lag()) == (0, 0.0)
        stage.outage()
        await hub.receive(post_of(run_of(FIRST, 3)))
        await asyncio.sleep(20)
        assert hub.load.waiting() == 2
        assert 20 <= hub.load.lag() < 21
        assert hub.counts.signals["failed"] >= 1
        assert hub.counts.failures["tail"] >= 1
        stage.outage(over=True)
        await asyncio.sleep(30)
        assert (hub.load.waiting(), hub.load.lag()) == (0, 0.0)
        assert hub.counts.durable_seconds.count >= 2
        assert hub.counts.durable_seconds.sum > 20
        assert hub.counts.signalled == 3


@in_virtual_time
async def test_what_another_bridge_signals_is_no_lag_of_this_one() -> None:
    """A bridge that only shows events waits for none of them."""
    stage = Stage()
    stage.schedule("a", header=1)
    async with hub_on(stage) as hub:
        await hub.receive(post_of(run_of(FIRST, 2), signaller="another"))
        await asyncio.sleep(9)
        assert hub.load.lag() == 0.0


@in_virtual_time
async def test_readers_and_sessions_are_counted_by_state() -> None:
    """A session without a workflow is one too, and a reader without a broadcast is behind."""
    stage = Stage()
    stage.schedule("a", header=1)
    async with hub_on(stage) as hub:
        with hub.reading(SESSION, await hub.find(SESSION)), hub.reading("nobody", None):
            assert hub.load.readers() == {"live": 0, "behind": 2}
            assert hub.load.sessions() == {"open": 1, "without_workflow": 1}
        assert hub.load.readers() == {"live": 0, "behind": 0}
        assert hub.counts.streams == 2


@in_virtual_time
async def test_memory_is_full_until_there_is_room() -> None:
    """It is full from the first event without room to the next count that finds some."""
    async with hub_on(Stage()) as hub:
        load: Load = hub.load
        assert not load.memory_full
        assert not hub._memory.admits(1, 2**30)
        assert load.memory_full
        hub._memory.make_room()
        assert not load.memory_full
