"""What a bridge holds at present, and for how long it has been waiting."""

import asyncio
from contextlib import ExitStack

from kai_flow.bridge.hub import Hub
from kai_flow.bridge.load import Load
from kai_flow.stream.ids import EventId
from tests.property.strategies import run_of
from tests.unit.test_bridge_hub import hub_on
from tests.unit.virtual import SESSION, Stage, in_virtual_time, post_of

FIRST = EventId(1, 1, 1)


async def waiting(hub: Hub) -> tuple[int, float]:
    """How many events wait to become durable now, and for how long the oldest has."""
    await hub.load.look()
    return hub.load.seen.waiting, hub.load.seen.lag


@in_virtual_time
async def test_what_is_not_durable_ages_while_temporal_is_away() -> None:
    """The lag grows with an outage, and both it and what waits are gone once all is durable."""
    stage = Stage()
    stage.schedule("a", header=1)
    async with hub_on(stage) as hub:
        await hub.receive(post_of(run_of(FIRST, 1)))
        await asyncio.sleep(1)
        assert await waiting(hub) == (0, 0.0)
        stage.outage()
        await hub.receive(post_of(run_of(FIRST, 3)))
        await asyncio.sleep(20)
        count, lag = await waiting(hub)
        assert count == 2
        assert 20 <= lag < 21
        assert hub.counts.signals["failed"] >= 1
        assert hub.counts.failures["tail"] >= 1
        stage.outage(over=True)
        await asyncio.sleep(30)
        assert await waiting(hub) == (0, 0.0)
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
        assert (await waiting(hub))[1] == 0.0


@in_virtual_time
async def test_readers_and_sessions_are_counted_by_state() -> None:
    """A session without a workflow is one too, and a reader without a broadcast is behind."""
    stage = Stage()
    stage.schedule("a", header=1)
    async with hub_on(stage) as hub:
        with hub.reading(SESSION, await hub.find(SESSION)), hub.reading("nobody", None):
            await hub.load.look()
            seen = hub.load.seen
            assert (seen.readers, seen.live) == (2, 0)
            assert seen.sessions == {"open": 1, "without_workflow": 1}
        await hub.load.look()
        assert hub.load.seen.readers == 0
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


@in_virtual_time
async def test_a_look_at_many_sessions_holds_up_nobody() -> None:
    """Other work runs between the slices, and the last look stands until this one has ended."""
    async with hub_on(Stage()) as hub:
        with ExitStack() as readers:
            for number in range(1_000):
                readers.enter_context(hub.reading(f"nobody-{number}", None))
            looking = asyncio.create_task(hub.load.look())
            turns = 0
            while not looking.done():
                assert hub.load.seen.readers == 0
                await asyncio.sleep(0)
                turns += 1
            assert turns >= 10
            assert hub.load.seen.readers == 1_000
