"""Which run is meant: the newest of a session id, and the incarnation that it belongs to."""

import pytest
from temporalio.service import RPCError, RPCStatusCode

from kai_flow.stream.header import Carried
from kai_flow.stream.run import Run, describe, find_run
from tests.unit.temporal_stage import LATER, RUN_ID, SESSION, TemporalStage, in_virtual_time


@in_virtual_time
async def test_a_run_is_found_with_the_size_of_its_history() -> None:
    """The first run of a chain is the first of its stream: its description tells all of it."""
    stage = TemporalStage()
    run = await find_run(stage.client, SESSION)
    assert run == Run(RUN_ID, RUN_ID, history_bytes=run.history_bytes)
    assert run.history_bytes > 0
    assert run.incarnation == "4f3a9c1e"
    assert stage.counted.calls == stage.counted.descriptions == 1


@in_virtual_time
async def test_a_run_made_by_a_reset_begins_its_own_incarnation() -> None:
    """Although the server names the first run of the chain that was reset."""
    stage = TemporalStage()
    stage.begin(LATER, first_run_id=RUN_ID, made_by_reset=True)
    run = await find_run(stage.client, SESSION)
    assert (run.run_id, run.first_run_id, run.made_by_reset) == (LATER, LATER, True)
    assert run.incarnation == "deadbeef"


@in_virtual_time
async def test_a_continued_run_keeps_the_incarnation_of_its_stream() -> None:
    """Only its first event tells whether it goes on with the stream of the run before."""
    stage = TemporalStage()
    stage.continue_as_new(LATER, producer=3)
    run = await find_run(stage.client, SESSION)
    assert (run.run_id, run.first_run_id) == (LATER, RUN_ID)


@in_virtual_time
async def test_a_retry_of_the_workflow_is_a_new_incarnation() -> None:
    """The server names the same first run, but nobody has handed the stream over."""
    stage = TemporalStage()
    stage.begin(LATER, Carried(RUN_ID, "before", 3, 0), continued=RUN_ID, first_run_id=RUN_ID)
    run = await find_run(stage.client, SESSION)
    assert (run.run_id, run.first_run_id, run.made_by_reset) == (LATER, LATER, False)


@in_virtual_time
async def test_an_older_run_is_described_by_its_id() -> None:
    """Without a run id the newest is described, with one that very run."""
    stage = TemporalStage()
    stage.begin(LATER)
    newest = await describe(stage.client, SESSION)
    older = await describe(stage.client, SESSION, RUN_ID)
    ids = [one.workflow_execution_info.execution.run_id for one in (newest, older)]
    assert ids == [LATER, RUN_ID]


@in_virtual_time
async def test_a_session_without_a_run_is_not_found() -> None:
    """The error tells the difference from a server that does not answer."""
    stage = TemporalStage()
    with pytest.raises(RPCError) as missing:
        await find_run(stage.client, "another session")
    stage.outage()
    with pytest.raises(RPCError) as away:
        await find_run(stage.client, SESSION)
    assert missing.value.status == RPCStatusCode.NOT_FOUND
    assert away.value.status != RPCStatusCode.NOT_FOUND
