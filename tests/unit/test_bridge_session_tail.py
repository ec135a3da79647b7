"""The standing tail: what Temporal has comes into the log, through outages and from run to run."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from kai_flow.bridge import session_tail
from kai_flow.bridge.poll_budget import PollBudget
from kai_flow.bridge.session_tail import NEWS_PAUSE_SECONDS, UNBUDGETED_PAUSE_SECONDS
from kai_flow.stream.clock import now
from kai_flow.stream.ids import EventId
from kai_flow.stream.log_reader import Chunk
from kai_flow.stream.outcome import Outcome
from kai_flow.stream.place import NOWHERE, Place
from kai_flow.stream.sse import Decoder
from tests.unit.virtual import LATER, RUN_ID, Parts, Stage, events_of, in_virtual_time


@asynccontextmanager
async def tailing(parts: Parts) -> AsyncIterator[None]:
    """The tail runs while the block does."""
    task = asyncio.create_task(parts.tail.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def until(parts: Parts, place: str) -> None:
    """Wait until the log has come to this place."""
    async with asyncio.timeout(60):
        while str(parts.log.place) != place:
            await parts.tail.moved.next.wait()


def shown(parts: Parts) -> list[str]:
    """What a reader of the log is shown from its base on: ids, and types of control events."""
    reader = parts.log.reader(parts.log.base)
    decoder = Decoder()
    seen = []
    while isinstance(part := reader.read(10_000), Chunk):
        for message in decoder.feed(b"".join(part.frames).decode()):
            kind = message.data.partition('"type":"')[2].partition('"')[0]
            own = (message.id or "").partition("@")[0].partition(",")[0]
            seen.append(own or kind)
    return seen


@in_virtual_time
async def test_everything_recorded_comes_into_the_log_in_order() -> None:
    """Marks, batches, ends and the workflow's own events, those of the past and those to come."""
    stage = Stage()
    stage.speak(events_of("0.1.1"))
    stage.schedule("a", header=1)
    stage.store(events_of("1.1.1", 2))
    parts = Parts(stage)
    async with tailing(parts):
        await until(parts, "0.1.1,1.1.2")
        assert parts.log.begun
        stage.finish("a", producer=1)
        stage.schedule("b", header=2)
        stage.speak(events_of("0.1.2"))
        stage.store(events_of("2.1.1"))
        await until(parts, "0.1.2,2.1.1")
    assert shown(parts) == ["0.1.1", "1.1.1", "1.1.2", "ended", "0.1.2", "2.1.1"]


@in_virtual_time
async def test_a_long_history_is_only_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long pages before the end of the history leave no entry; the log begins behind them."""
    monkeypatch.setattr(session_tail, "KEPT_PAGE_BYTES", 600)
    stage = Stage(page_size=5)
    for n in range(20):
        stage.store(events_of(f"1.1.{n + 1}", kind="e"))
    parts = Parts(stage)
    async with tailing(parts):
        await until(parts, "1.1.20")
    assert parts.log.base != NOWHERE
    assert parts.log.base.position(1).seq + len(shown(parts)) == 20


@in_virtual_time
async def test_a_signal_costs_few_polls() -> None:
    """After news the tail pauses for a moment, so that what follows at once comes with it."""
    stage = Stage(page_size=100)
    parts = Parts(stage)
    async with tailing(parts):
        await until(parts, str(NOWHERE))
        await asyncio.sleep(1)
        for n in range(10):
            calls = stage.counted.calls
            stage.store(events_of(f"1.1.{3 * n + 1}"))
            for k in (2, 3):
                await asyncio.sleep(NEWS_PAUSE_SECONDS / 4)
                stage.store(events_of(f"1.1.{3 * n + k}"))
            await until(parts, f"1.1.{3 * n + 3}")
            await asyncio.sleep(NEWS_PAUSE_SECONDS * 2)
            assert stage.counted.calls - calls <= 3


@in_virtual_time
async def test_refresh_cuts_every_pause_short() -> None:
    """Beyond the budget of long polls the tail polls each second, and at once when asked."""
    stage = Stage()
    stage.shared = stage.shared._replace(polls=PollBudget(0))
    parts = Parts(stage)
    async with tailing(parts):
        await parts.tail.refresh()
        stage.schedule("a", header=1)
        began = now()
        await asyncio.gather(parts.tail.refresh(), parts.tail.refresh())
        assert parts.log.knows(1)
        assert now() - began < UNBUDGETED_PAUSE_SECONDS
        stage.store(events_of("1.1.1"))
        began = now()
        await until(parts, "1.1.1")
        assert now() - began <= UNBUDGETED_PAUSE_SECONDS + 0.5


@in_virtual_time
async def test_an_outage_is_waited_out(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is lost by it, and it leaves one line in the log."""
    stage = Stage()
    parts = Parts(stage)
    with caplog.at_level("INFO"):
        async with tailing(parts):
            stage.store(events_of("1.1.1"))
            await until(parts, "1.1.1")
            stage.outage()
            await asyncio.sleep(8)
            stage.store(events_of("1.1.2"))
            stage.outage(over=True)
            await until(parts, "1.1.2")
    assert caplog.text.count("waiting for Temporal") == 1


@in_virtual_time
async def test_a_session_goes_on_in_the_next_run() -> None:
    """What follows a continue-as-new comes into the same log, with the numbers going on."""
    stage = Stage()
    stage.schedule("a", header=1)
    stage.store(events_of("1.1.1"))
    parts = Parts(stage)
    async with tailing(parts):
        await until(parts, "1.1.1")
        stage.continue_as_new(LATER, producer=1)
        stage.schedule("b", header=2)
        stage.store(events_of("2.1.1"))
        await until(parts, "2.1.1")
        stage.close(b'"done"')
        while not parts.ends:
            await parts.tail.moved.next.wait()
    assert parts.runs == [LATER]
    assert parts.ends == [Outcome(LATER, b'{"type":"done","result":"done"}')]
    assert shown(parts) == ["1.1.1", "ended", "2.1.1", "ended"]


@pytest.mark.parametrize("how", ["reset", "retry", "deleted"])
@in_virtual_time
async def test_a_session_whose_id_goes_on_elsewhere_has_no_outcome(how: str) -> None:
    """After a reset, in a run that does not carry our header, and when the run is gone."""
    stage = Stage()
    parts = Parts(stage)
    async with tailing(parts):
        await parts.tail.refresh()
        if how == "reset":
            stage.reset(LATER)
        elif how == "retry":
            stage.continue_as_new(LATER)
            stage.delete(LATER)
            stage.begin(LATER, continued=RUN_ID, first_run_id=RUN_ID)
        else:
            stage.delete(RUN_ID)
            stage.outage()
            stage.outage(over=True)
        async with asyncio.timeout(300):
            while not parts.ends:
                await parts.tail.moved.next.wait()
    assert parts.ends == [None]


@in_virtual_time
async def test_a_run_that_continued_is_read_from_its_own_beginning() -> None:
    """The base of a bridge that begins in a later run is everything that the runs before had."""
    stage = Stage()
    stage.continue_as_new(LATER, producer=3, spoken=2)
    stage.schedule("d", header=4)
    stage.store(events_of("4.1.1"))
    parts = Parts(stage, LATER)
    async with tailing(parts):
        await until(parts, "0.1.2,4.1.1")
    assert parts.log.base == Place.before(4, 2)
    assert parts.log.place.covers(EventId(3, 1, 99))


@in_virtual_time
async def test_who_asks_all_the_time_delays_nobody() -> None:
    """All who call `refresh` are answered after the same few polls, however many keep calling."""
    stage = Stage()
    parts = Parts(stage)
    async with tailing(parts):
        await until(parts, str(NOWHERE))
        asking = []
        async with asyncio.timeout(20):
            for _ in range(100):
                asking.append(asyncio.create_task(asyncio.wait_for(parts.tail.refresh(), 0.5)))
                await asyncio.sleep(0.03)
            await asyncio.gather(*asking)


@in_virtual_time
async def test_no_poll_is_made_for_who_has_enough() -> None:
    """A caller of `refresh` who waits for one thing costs one call, and then a long poll."""
    stage = Stage()
    parts = Parts(stage)
    async with tailing(parts):
        await until(parts, str(NOWHERE))
        await asyncio.sleep(1)
        stage.schedule("a", header=1)
        calls = stage.counted.calls
        await parts.tail.refresh(lambda: 1 in parts.log.fold.open)
        assert 1 in parts.log.fold.open
        await asyncio.sleep(5)
        assert stage.counted.calls <= calls + 2
