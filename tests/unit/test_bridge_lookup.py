"""Lookups: one call for all who ask at once, in an order that brings no old run back."""

import asyncio

import pytest

from kai_flow.bridge.counts import BridgeCounts
from kai_flow.bridge.errors import Unreachable
from kai_flow.bridge.lookup import FIRST_LOOKUP_SECONDS, Lookups, look_up_while
from kai_flow.stream.clock import now
from kai_flow.stream.run import Run
from tests.unit.virtual import RUN_ID, SESSION, Stage, in_virtual_time

NEWER = "0190b6a2-7e1c-7000-8000-0000deadbeef"


def lookups_on(stage: Stage) -> tuple[Lookups, list[str]]:
    """Lookups, and the run ids that they have found so far."""
    found: list[str] = []

    def note(session_id: str, run: Run) -> None:
        assert session_id == SESSION
        found.append(run.run_id)

    return Lookups(stage.client, note, BridgeCounts()), found


@in_virtual_time
async def test_all_who_ask_at_once_share_a_call() -> None:
    """A thousand questions at the same time cost Temporal one call; the next one asks anew."""
    stage = Stage()
    lookups, found = lookups_on(stage)
    runs = await asyncio.gather(*(lookups.newest(SESSION) for _ in range(1_000)))
    assert {run and run.run_id for run in runs} == {RUN_ID}
    assert (found, stage.counted.descriptions) == ([RUN_ID], 1)
    await lookups.newest(SESSION)
    assert stage.counted.descriptions == 2


@in_virtual_time
async def test_who_gives_up_takes_nobody_along() -> None:
    """A caller that is cancelled leaves the shared lookup to the others."""
    stage = Stage()
    lookups, _ = lookups_on(stage)
    impatient = asyncio.create_task(lookups.newest(SESSION))
    patient = asyncio.create_task(lookups.newest(SESSION))
    await asyncio.sleep(0)
    impatient.cancel()
    assert (await patient) is not None


@in_virtual_time
async def test_a_lookup_that_others_began_is_not_enough_for_a_newer_run() -> None:
    """Who comes with a run that the lookup under way cannot have seen gets another lookup."""
    stage = Stage()
    found: list[str] = []

    def note(_session_id: str, run: Run) -> None:
        found.append(run.run_id)
        if len(found) == 1:
            stage.begin(NEWER)

    lookups = Lookups(stage.client, note, BridgeCounts())
    earlier = asyncio.create_task(lookups.newest(SESSION))
    await asyncio.sleep(0)
    later = asyncio.create_task(lookups.newest_for(SESSION, NEWER))
    assert [run and run.run_id for run in (await earlier, await later)] == [RUN_ID, NEWER]
    assert found == [RUN_ID, NEWER]


@in_virtual_time
async def test_no_session_is_no_outage(caplog: pytest.LogCaptureFixture) -> None:
    """An unknown session id is None; a server that does not answer is Unreachable, and one line."""
    stage = Stage()
    lookups, found = lookups_on(stage)
    assert await lookups.newest("unknown") is None
    stage.server.up = False
    for number in range(5):
        with pytest.raises(Unreachable):
            await lookups.newest(f"unknown-{number % 2}")
    assert found == []
    assert 1 <= len(caplog.records) <= 4, "one line in ten seconds, for whichever ids"


@in_virtual_time
async def test_the_end_of_lookups_cancels_nobody_who_waits() -> None:
    """Who waits for a lookup when the bridge stops is told at once that there is no answer."""
    stage = Stage()
    lookups, _ = lookups_on(stage)
    stage.outage()
    asking = asyncio.create_task(lookups.newest(SESSION))
    await asyncio.sleep(1)
    await lookups.stop()
    with pytest.raises(Unreachable, match="shutting down"):
        await asking


@in_virtual_time
async def test_a_repeated_lookup_outlives_an_outage() -> None:
    """It goes on after each Unreachable, and ends as soon as it is not wanted any more."""
    tries: list[float] = []

    async def look_up() -> None:
        tries.append(now())
        raise Unreachable("away")

    began = now()
    await look_up_while(lambda: len(tries) < 4, look_up, asyncio.sleep)
    assert len(tries) == 4
    assert tries[0] - began >= FIRST_LOOKUP_SECONDS
