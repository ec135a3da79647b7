"""What a reader of one organisation learns of the sessions of others: nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import inf

import pytest

from kai_flow.bridge.admission import ANYBODY, Admission
from kai_flow.bridge.admission import EVEN_SECONDS as EVEN
from kai_flow.bridge.errors import Unreachable
from kai_flow.bridge.hub import FIND_SECONDS, Hub, running_hub
from kai_flow.stream.clock import now
from kai_flow.stream.ids import EventId
from kai_flow.stream.run import Run
from tests.property.strategies import run_of
from tests.unit.temporal_stage import LATER
from tests.unit.virtual import RUN_ID, SESSION, Stage, in_virtual_time, post_of

FIRST = EventId(1, 1, 1)
OURS = Admission(queue="kai-acme-queue")
MISSING = "no-such-session"


@asynccontextmanager
async def hub_on(stage: Stage) -> AsyncIterator[Hub]:
    """A hub in front of the stage."""
    async with running_hub(
        stage.client, signal_interval=0.25, signals_per_second=50, idle_timeout=600.0
    ) as hub:
        yield hub


async def found(hub: Hub, session_id: str, admission: Admission = OURS) -> tuple[bool, float]:
    """Whether there is such a session for this reader, and the seconds until it learns that."""
    began = now()
    run = await admission.find(hub, session_id, None)
    return run is not None, round(now() - began, 3)


@in_virtual_time
async def test_only_sessions_on_its_queue_are_found() -> None:
    """§8.6: one of another organisation and one that does not exist take equally long."""
    stage = Stage()
    async with hub_on(stage) as hub:
        for queue in ("kai-other-queue", "", "kai-acme-queue2"):
            stage.run_on(queue)
            for name in (SESSION, MISSING):
                assert await found(hub, name) == (False, EVEN)
            assert (await found(hub, SESSION, ANYBODY))[0]
        stage.run_on("kai-acme-queue")
        assert (await found(hub, SESSION))[0]


@in_virtual_time
async def test_a_session_that_is_being_read_is_hidden_as_well() -> None:
    """§8.6: what the bridge holds of a session of others makes no answer faster."""
    stage = Stage()
    stage.run_on("kai-other-queue")
    async with hub_on(stage) as hub:
        await hub.receive(post_of(run_of(FIRST, 1)))
        held = hub._channels[SESSION].session
        assert held is not None
        assert held.watched
        for name in (SESSION, MISSING):
            assert await found(hub, name) == (False, EVEN)
        assert ANYBODY.shows(held) is held
        assert OURS.shows(held) is None
        assert Admission(queue="kai-other-queue").shows(held) is held


@in_virtual_time
async def test_temporal_is_asked_as_often_for_what_is_hidden_as_for_what_is_missing() -> None:
    """§8.6: a second question would tell them apart wherever Temporal is far away."""
    stage = Stage()
    stage.run_on("kai-other-queue")
    async with hub_on(stage) as hub:
        for continued in (False, True):
            if continued:  # only its history tells where its stream began, and is not read for this
                stage.continue_as_new(LATER, producer=3)
            asked = []
            for name in (SESSION, MISSING):
                before = stage.counted.calls
                await found(hub, name)
                asked.append(stage.counted.calls - before)
            assert asked == [1, 1]


@in_virtual_time
async def test_an_outage_hides_sessions_as_well() -> None:
    """§8.6: while Temporal does not answer, nobody is told that a session of others is missing."""
    stage = Stage()
    stage.run_on("kai-other-queue")
    async with hub_on(stage) as hub:
        await hub.receive(post_of(run_of(FIRST, 1)))
        stage.outage()
        for name in (SESSION, MISSING):
            began = now()
            with pytest.raises(Unreachable):
                await OURS.find(hub, name, None)
            assert round(now() - began, 3) == FIND_SECONDS + EVEN


@in_virtual_time
async def test_the_queue_stays_known_in_the_runs_that_follow() -> None:
    """A session that continues as new is of the same organisation."""
    stage = Stage()
    stage.run_on("kai-acme-queue")
    async with hub_on(stage) as hub:
        await hub.receive(post_of(run_of(FIRST, 1)))
        session = hub._channels[SESSION].session
        assert session is not None
        session._continued("0190b6a2-7e1c-7000-8000-0000deadbeef")
        assert session.run.run_id != RUN_ID
        assert OURS.shows(session) is session


@in_virtual_time
async def test_an_admission_ends_by_the_clock_of_the_loop() -> None:
    """Without an end it is never over."""
    assert not ANYBODY.over
    assert ANYBODY.until == inf
    assert Admission(until=now()).over
    assert not Admission(until=now() + 0.1).over
    assert Admission(until=-inf).over


def test_a_run_that_was_not_looked_up_is_of_nobody() -> None:
    """Whatever does not tell its queue is hidden from a reader that is bound to one."""
    assert OURS._hides(Run(RUN_ID, RUN_ID))
