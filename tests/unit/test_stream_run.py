"""Which run is meant: the newest of a session id, and the incarnation that it belongs to."""

import pytest
from temporalio.service import RPCError, RPCStatusCode

from kai_flow.stream.run import Run, describe, find_run
from tests.unit.virtual import RUN_ID, SESSION, Stage, in_virtual_time

LATER = "0190b6a2-7e1c-7000-8000-0000deadbeef"


@in_virtual_time
async def test_a_run_is_found_with_the_size_of_its_history() -> None:
    """A first run is the first of its stream; the size is that of the description."""
    stage = Stage()
    run = await find_run(stage.client, SESSION)
    assert run == Run(RUN_ID, RUN_ID, history_bytes=run.history_bytes)
    assert run.history_bytes > 0
    assert run.incarnation == "4f3a9c1e"


@in_virtual_time
async def test_a_run_made_by_a_reset_begins_its_own_incarnation() -> None:
    """Although the server names the first run of the chain that was reset."""
    stage = Stage()
    stage.reset(LATER)
    run = await find_run(stage.client, SESSION)
    assert (run.run_id, run.first_run_id, run.made_by_reset) == (LATER, LATER, True)
    assert run.incarnation == "deadbeef"


@in_virtual_time
async def test_a_continued_run_keeps_the_incarnation_of_its_chain() -> None:
    """The first run id of the description counts, not the run's own."""
    stage = Stage()
    begun = stage.begin(LATER)
    real = begun.describe

    def continued() -> object:
        description = real()
        description.workflow_execution_info.first_run_id = RUN_ID
        return description

    begun.describe = continued  # type: ignore[assignment,method-assign]  # one run of a chain
    run = await find_run(stage.client, SESSION)
    assert (run.run_id, run.first_run_id) == (LATER, RUN_ID)
    assert run.incarnation == "4f3a9c1e"


@in_virtual_time
async def test_an_older_run_is_described_by_its_id() -> None:
    """Without a run id the newest is described, with one that very run."""
    stage = Stage()
    stage.begin(LATER)
    newest = await describe(stage.client, SESSION)
    older = await describe(stage.client, SESSION, RUN_ID)
    ids = [one.workflow_execution_info.execution.run_id for one in (newest, older)]
    assert ids == [LATER, RUN_ID]


@in_virtual_time
async def test_a_session_without_a_run_is_not_found() -> None:
    """The error tells the difference from a server that does not answer."""
    stage = Stage()
    with pytest.raises(RPCError) as missing:
        await find_run(stage.client, "another session")
    stage.outage()
    with pytest.raises(RPCError) as away:
        await find_run(stage.client, SESSION)
    assert missing.value.status == RPCStatusCode.NOT_FOUND
    assert away.value.status != RPCStatusCode.NOT_FOUND
